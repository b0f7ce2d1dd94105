"""Measure the client, print the figures, and keep those of a whole run in docs/benchmarks.

Contenders are measured in rounds, each in turn, so that a slow second of the machine slows all of them. pyperf and
hyperfine measure one to its end before the next: a ratio would compare two different minutes of a busy machine.
A goal that is not met is reported and fails nothing: speed depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from attrs import frozen

from bench.contenders import PEERS
from bench.report import Table, as_json, as_text, chart
from bench.server import ROOT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bench.report import Tables

# Of every process that is measured. It keeps its bytecode, as after an installation with pip.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PYTHONDONTWRITEBYTECODE": ""}
_SYNC = ("httpx", "httpx, new connections", "generated", "thanksio")
_ASYNC = ("httpx async", "httpx async, new connections", "thanksio async")
_PARSE = ("json.loads", "generated model", "whole call")
# httpx imports click and Rich for a command of its own where they are installed; an application often has neither.
_PLAIN = "import sys; sys.modules['click'] = None\n"
_FIRST = "from bench.contenders import CONTENDERS, RIGHT\nassert CONTENDERS[{!r}]({!r})() in RIGHT"


@contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a process that is spoken to in lines, and end it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, text=True) as running:
        try:
            yield running
        finally:
            running.terminate()


def ask(running: subprocess.Popen[str]) -> str:
    """Send a line to a process, and return its line."""
    assert running.stdin and running.stdout  # noqa: S101, PT018 - both are pipes
    print(file=running.stdin, flush=True)
    return running.stdout.readline().strip()


def output(command: list[str]) -> str:
    """Return what a process prints."""
    return subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True).stdout


def seconds(command: list[str]) -> float:
    """Return the time of a process from its start to its end."""
    began = time.perf_counter()
    output(command)
    return time.perf_counter() - began


@frozen
class Bench:
    """What is measured, where, and how much of it."""

    url: str
    peers: str = ""  # their interpreter, if they are measured
    rounds: int = 20
    calls: int = 200  # of each client in a round
    orders: tuple[int, ...] = (10_000, 100_000)  # of each run

    def clients(self, title: str, names: Iterable[str], in_flight: int = 1, calls: int = 0) -> Table:
        """Measure clients, each in a process of its own."""
        with ExitStack() as stack:
            workers = {}
            for name in names:
                python = self.peers if name in PEERS else sys.executable
                command = [python, "-m", "bench.worker", name, self.url, str(calls or self.calls), str(in_flight)]
                workers[name] = stack.enter_context(process(command))
            contenders = {name: lambda worker=worker: float(ask(worker)) for name, worker in workers.items()}
            return Table(title).run(contenders, self.rounds)

    def start(self) -> Table:
        """Start processes: imports, the command line, the first call."""
        code = {
            "bare interpreter": "pass",
            # httpx loads httpcore, and that trio if it is installed, with its first client.
            "import httpx, httpcore, attrs": "import httpx, httpcore, attrs",
            "import thanksio": "import thanksio",
            "client ready": f"from thanksio import ThanksIO; ThanksIO({TOKEN!r}, base_url={self.url!r})",
            **{f"first call, {name}": _FIRST.format(name, self.url) for name in ("httpx", "generated", "thanksio")},
        }
        commands = {name: [sys.executable, "-c", _PLAIN + text] for name, text in code.items()}
        commands["thanksio --version"] = [sys.executable, "-m", "thanksio.cli", "--version"]
        for name in PEERS if self.peers else ():
            commands[f"first call, {name}"] = [self.peers, "-c", _FIRST.format(name, self.url)]
        contenders = {name: partial(seconds, command) for name, command in commands.items()}
        return Table("A process, from its start to its end", "ms").run(contenders, self.rounds)

    def bulk(self) -> Table:
        """Cancel many orders with one client, on a transport that responds at once."""
        table = Table("An order of many, without a connection")
        for kind in ("threads", "tasks"):
            for orders in self.orders:
                found = json.loads(output([sys.executable, "-m", "bench.bulk", str(orders), kind]))
                name = f"{orders:,} in {kind}"
                table.rounds |= {name: [found["order"]], f"{name}, single call": [found["single call"]]}
                table.notes[name] = f"at most {found['megabytes']:.1f} MB of memory"
        return table


SECTIONS = {
    "calls": lambda bench: bench.clients("One call after another", _SYNC + (tuple(PEERS) if bench.peers else ())),
    "threads": lambda bench: bench.clients("50 calls at a time in threads", _SYNC, 50),
    "tasks": lambda bench: bench.clients("50 calls at a time in tasks", _ASYNC, 50),
    "parse": lambda bench: bench.clients("Parsing, without a connection", _PARSE, calls=10 * bench.calls),
    "start": Bench.start,
    "bulk": Bench.bulk,
}


def about(peers: str) -> dict[str, str]:
    """Return the date, machine, versions and commit."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    code = f"from importlib.metadata import version\nprint(*(f'{{name}} {{version(name)}}' for name in {list(PEERS)}))"
    ours = ("thanksio", "httpx", "httpcore", "anyio", "attrs")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
        "commit": commit or "unknown",
        "versions": ", ".join(f"{name} {version(name)}" for name in ours),
        "peers": output([peers, "-c", code]).strip() if peers else "not measured",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def publish(folder: Path, known: dict[str, str], tables: Tables) -> None:
    """Write the table, every round and the chart."""
    (folder / "results.txt").write_text(as_text(known, tables), "utf-8")
    (folder / "results.json").write_text(as_json(known, tables), "utf-8")
    (folder / "calls.svg").write_text(chart(tables), "utf-8")


def main() -> None:
    """Measure all sections and keep the figures, or measure one section."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, help="one section; nothing is kept")
    parser.add_argument("--peers", default="", help="the Python with the peers")
    options = parser.parse_args()
    known = about(options.peers)
    tables: Tables = {}
    with process([sys.executable, "-m", "bench.server"]) as server:
        bench = Bench(ask(server), options.peers)
        for name in [options.only] if options.only else SECTIONS:
            print(f"measuring {name} ...", file=sys.stderr)
            tables[name] = SECTIONS[name](bench)
    print(as_text(known, tables), end="")
    if not options.only:
        publish(ROOT / "docs" / "benchmarks", known, tables)


if __name__ == "__main__":
    main()
