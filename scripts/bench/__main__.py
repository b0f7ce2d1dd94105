"""Measure the client, print the figures, and keep those of a whole run in docs/benchmarks.

A goal that is not met is reported and fails nothing: speed depends on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from bench.contenders import PEERS
from bench.measure import FailedError, Table, environment, run, worker
from bench.report import Tables, as_json, as_text, chart
from bench.server import ROOT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SYNC = ("httpx", "httpx, new connections", "generated", "thanksio")
_ASYNC = ("httpx async", "httpx async, new connections", "thanksio async")
# httpx imports click and Rich for a command of its own where they are installed; an application often has neither.
_PLAIN = "import sys; sys.modules['click'] = None\n"
_FIRST = "from bench.contenders import CONTENDERS\ncall, is_right = CONTENDERS[{!r}]({!r})\nassert is_right(call())"
_ABSENT = "not installed: make bench PEERS=1"


@frozen
class Setting:
    """The server, the peers' interpreter, and how much is measured."""

    url: str
    peers: Path | None
    rounds: int
    calls: int  # of each client in a round
    orders: tuple[int, ...]  # of each run

    def clients(self, title: str, names: Iterable[str], in_flight: int = 1, *, count: int = 0) -> Table:
        """Measure clients, each in a process of its own."""
        table, python = Table(title), dict.fromkeys(PEERS, self.peers)
        with ExitStack() as stack:
            workers = {}
            for name in names:
                if interpreter := python.get(name, Path(sys.executable)):
                    command = [str(interpreter), "-m", "bench.worker", name, self.url]
                    process = worker(command, count or self.calls, in_flight, peer=name in PEERS)
                    workers[name] = stack.enter_context(process)
                else:
                    table.failed[name] = _ABSENT
            return table.run(workers, self.rounds)

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
        table = Table("A process, from its start to its end", "ms")
        first = {f"first call, {name}": _FIRST.format(name, self.url) for name in PEERS}
        if self.peers:
            commands |= {name: [str(self.peers), "-c", text] for name, text in first.items()}
        else:
            table.failed |= dict.fromkeys(first, _ABSENT)
        starts = {name: lambda name=name: run(commands[name], peer=name in first)[0] for name in commands}
        return table.run(starts, self.rounds)

    def bulk(self) -> Table:
        """Cancel many orders with one client, in a process of its own, on a transport that responds at once."""
        table = Table("An order of many, without a connection")
        for kind in ("threads", "tasks"):
            for orders in self.orders:
                name = f"{orders:,} in {kind}"
                try:
                    _, text = run([sys.executable, "-m", "bench.bulk", str(orders), kind])
                except FailedError as error:
                    table.failed[name] = str(error)
                    continue
                found = json.loads(text)
                table.rounds |= {name: [found["order"]], f"{name}, single call": [found["single call"]]}
                table.notes[name] = f"at most {found['megabytes']:.1f} MB of memory"
        return table


SECTIONS = {
    "calls": lambda setting: setting.clients("One call after another", (*_SYNC, *PEERS)),
    "threads": lambda setting: setting.clients("50 calls at a time in threads", _SYNC, 50),
    "tasks": lambda setting: setting.clients("50 calls at a time in tasks", _ASYNC, 50),
    "parse": lambda setting: setting.clients(
        "Parsing, without a connection", ("json.loads", "generated model", "whole call"), count=10 * setting.calls
    ),
    "start": Setting.start,
    "bulk": Setting.bulk,
}


@contextmanager
def serving() -> Iterator[str]:
    """Run the server in a process of its own, and return its URL."""
    command = [sys.executable, "-m", "bench.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


def about(peers: Path | None) -> dict[str, str]:
    """Return the date, machine, versions and commit."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    ask = f"from importlib.metadata import version\nprint(*(f'{{name}} {{version(name)}}' for name in {list(PEERS)}))"
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}",
        "commit": commit or "unknown",
        "versions": ", ".join(
            f"{name} {version(name)}" for name in ("thanksio", "httpx", "httpcore", "anyio", "attrs")
        ),
        "peers": run([str(peers), "-c", ask], peer=True)[1].strip() if peers else "not measured",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, help="one section; nothing is kept")
    parser.add_argument("--quick", action="store_true", help="few calls: whether all of it runs; nothing is kept")
    parser.add_argument("--peers", type=Path, help="the Python with the peers")
    parser.add_argument("--output", type=Path, help="where to keep the figures")
    options = parser.parse_args(arguments)
    size = (2, 20, (500,)) if options.quick else (20, 200, (10_000, 100_000))
    tables: Tables = {}
    known = about(options.peers)
    with serving() as url:
        for name in [options.only] if options.only else SECTIONS:
            print(f"measuring {name} ...", file=sys.stderr)
            tables[name] = SECTIONS[name](Setting(url, options.peers, *size))
    text = as_text(known, tables)
    print(text, end="")
    is_whole = not options.only and not options.quick
    if output := options.output or (ROOT / "docs" / "benchmarks" if is_whole else None):
        output.mkdir(parents=True, exist_ok=True)
        (output / "results.txt").write_text(text, "utf-8")
        (output / "results.json").write_text(as_json(known, tables), "utf-8")
        (output / "calls.svg").write_text(chart(tables), "utf-8")


if __name__ == "__main__":
    main()
