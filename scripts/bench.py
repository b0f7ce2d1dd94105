"""Measure this client beside httpx, a raw socket and other vendors' clients, all in one run on this machine.

A whole run writes docs/benchmarks/; a partial one prints, and writes to the folder of `--output`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from benching import pictures, report
from benching.about import about
from benching.answers import ROOT
from benching.figures import Results, judged
from benching.goals import GOALS
from benching.sections import SIZES, Setting, sections
from benching.server import serving

FOLDER = ROOT / "docs" / "benchmarks"


class Teller:
    """Shows each step in place of the one before; without a terminal, only the first round of each."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, what: str) -> None:
        """Show a step."""
        stem = what.partition(", round ")[0].partition(", run ")[0]
        if sys.stderr.isatty():
            print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)
        elif stem != self.last:
            print(f"{what} ...", file=sys.stderr, flush=True)
        self.last = stem


def shown(text: str) -> None:
    """Print on a line of its own."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)  # the step that was shown
    print(text, flush=True)


def measure(setting: Setting, only: str | None) -> Results:
    """Run the sections, and print each as it ends."""
    whole = Results()
    for name, run in sections():
        if only in {None, name}:
            began = time.monotonic()
            found = run(setting)
            shown("\n\n".join(["", *report.results_text(found)]) + f"\n  (took {time.monotonic() - began:.0f} s)")
            whole = Results([*whole.tables, *found.tables], [*whole.bulks, *found.bulks])
    return whole


def write(folder: Path, facts: dict[str, str], results: Results) -> None:
    """Write text, JSON and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    goals = judged(GOALS, results)
    (folder / "results.txt").write_text(report.text(facts, results, goals), "utf-8")
    (folder / "results.json").write_text(report.machine_text(facts, results, goals), "utf-8")
    for name, picture in pictures.pictures(results).items():
        (folder / name).write_text(picture, "utf-8")
    shown(f"{folder} has the results.")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[name for name, _ in sections()], help="run one section")
    parser.add_argument("--rounds", type=int, help="of calls (default: 15; starts of processes: 11)")
    parser.add_argument("--peers", type=Path, help="the interpreter of an environment with the other vendors' clients")
    parser.add_argument("--quick", action="store_true", help="few rounds and orders, to see whether all of it runs")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="orders of the largest bulk run")
    parser.add_argument("--server", choices=["nginx", "asyncio"], help="by default nginx, if it is installed")
    parser.add_argument("--output", type=Path, help="folder for the results of a run that is not whole")
    return parser.parse_args(given)


def setting_of(options: argparse.Namespace, url: str) -> Setting:
    """Return the sizes of a run."""
    rounds, starts = options.rounds or (3 if options.quick else 15), options.rounds or (3 if options.quick else 11)
    calls, largest, repeats = (20, 1000, 2) if options.quick else (100, options.largest, 5)
    return Setting(url, Teller(), options.peers, rounds, starts, calls, min(largest, options.largest), repeats)


def main(given: list[str] | None = None) -> int:
    """Run all sections, or one. Goals that are not met are reported, and do not fail the run."""
    options = arguments(given)
    with serving(options.server) as server:
        facts = about(server.name, options.peers)
        shown(f"The server is {server.name}, at {server.url}.")
        results = measure(setting_of(options, server.url), options.only)
        facts |= {"load after": " ".join(f"{figure:.1f}" for figure in os.getloadavg())}
    shown(f"\n{report.goals_text(judged(GOALS, results))}")
    whole = not (options.only or options.quick or options.largest < SIZES[-1])
    if folder := options.output or (FOLDER if whole else None):
        write(folder, facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
