"""The sections of a run: what each measures, in which sizes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import Factory, evolve, frozen

from benching import names, starts
from benching.crew import crew, environment, race
from benching.figures import Bulk, Results, Table, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from benching.crew import Crew

LEVELS = {1: 100, 10: 10, 50: 5, 200: 2}  # in flight, and how many calls each task makes in a round
SIZES = (1000, 10_000, 100_000, 1_000_000)  # ids
_MOST_ASYNC, _MOST_JOURNAL = 100_000, 10_000  # ids; more take minutes and show the same
_REPEATS = {1000: 5, 10_000: 3}  # of a bulk run without a journal, as short ones differ most
_PATIENCE = 3600.0

_Value = TypeVar("_Value")


@frozen
class Setting:
    """The settings of a run. `tell` is called with each step, to show progress."""

    url: str
    tell: Callable[[str], None]
    peers: Path | None = None
    rounds: int = 15
    starts: int = 11
    calls: int = 100  # of each contender in a round
    largest: int = SIZES[-1]  # orders
    repeats: int = 5  # of a bulk run, at most
    levels: Mapping[int, int] = Factory(lambda: LEVELS)


class SectionError(Exception):
    """A process of a section failed."""


def calls(setting: Setting) -> Results:
    """Make one call after another."""
    wanted = [*names.CALLS, *(names.PEERS if setting.peers else ())]
    with _crew("calls", wanted, setting) as team:
        plain = Table("calls", "One call after another", "us", {}, ("httpx", "raw socket"))
        return Results([_raced(plain, team, setting, setting.calls)])


def in_flight(setting: Setting) -> Results:
    """Make many calls at a time with one client: in tasks, and in threads where it is sync."""
    bases = ("httpx async", "httpx in threads", "raw asyncio")
    with _crew("in-flight", names.IN_FLIGHT, setting) as team:
        tables = []
        for level, share in setting.levels.items():
            plain = Table("in-flight", f"{level} in flight", "us", {}, bases, in_flight=level)
            many = level * max(1, setting.calls * share // 100)
            tables.append(_raced(plain, team, evolve(setting, rounds=max(1, setting.rounds * 3 // 5)), many))
        return Results([_told_apart(table) for table in tables])


def _told_apart(table: Table) -> Table:
    """Rename the sync clients, which were called from threads."""

    def named(found: Mapping[str, _Value]) -> dict[str, _Value]:
        return {names.in_threads(name) if name in names.IN_THREADS else name: value for name, value in found.items()}

    more = {column: named(values) for column, values in table.more.items()}
    return evolve(table, samples=named(table.samples), more=more, absent=named(table.absent))


def parse(setting: Setting) -> Results:
    """Measure what a call does beside I/O."""
    with _crew("parse", names.PARSE, setting) as team:
        plain = Table("parse", "Parse and verdict alone, without a wire", "us", {}, ("json.loads",))
        return Results([_raced(plain, team, setting, 5 * setting.calls)])


def _crew(section: str, wanted: Iterable[str], setting: Setting) -> AbstractContextManager[Crew]:
    setting.tell(f"{section}: starting the contenders")
    return crew(wanted, setting.url, setting.peers)


def _raced(plain: Table, team: Crew, setting: Setting, many: int) -> Table:
    """Fill a table: each contender makes `many` calls in each round."""
    level = plain.in_flight or 1

    def tell(number: int) -> None:
        setting.tell(f"{plain.section}: {level} in flight, round {number} of {setting.rounds}")

    seconds, cpu = race(team, setting.rounds, many, level, tell)
    used = {name: found.median * 1e6 for name, took in cpu.items() if (found := spread(took))}
    return evolve(plain, samples=seconds, more={"cpu us": used}, absent=dict(team.absent))


def first(setting: Setting) -> Results:
    """Make the first call of a new process."""
    return Results([starts.first(setting)])


def imports(setting: Setting) -> Results:
    """Import only."""
    return Results([starts.imports(setting)])


def command(setting: Setting) -> Results:
    """Start the command line."""
    return Results([starts.commands(setting)])


def bulk(setting: Setting) -> Results:
    """Cancel a thousand to a million orders on an instant transport: time, and memory at most."""
    sizes = [size for size in SIZES if size <= setting.largest] or [setting.largest]
    wanted = [(size, "sync") for size in sizes] + [(size, "async") for size in sizes if size <= _MOST_ASYNC]
    return Results(bulks=[_many("bulk", setting, ids, kind) for ids, kind in wanted])


def journal(setting: Setting) -> Results:
    """Do the same with a journal, which is on the disk before and after each order."""
    sizes = [size for size in SIZES if size <= min(setting.largest, _MOST_JOURNAL)] or [setting.largest]
    return Results(bulks=[_many("journal", setting, ids, "sync", journal=True) for ids in sizes])


def _many(section: str, setting: Setting, ids: int, kind: str, *, journal: bool = False) -> Bulk:
    runs, repeats = [], 1 if journal else min(setting.repeats, _REPEATS.get(ids, 1))
    for number in range(repeats):
        setting.tell(f"{section}: {ids:,} {kind}, run {number + 1} of {repeats}")
        with tempfile.TemporaryDirectory(prefix="thanksio-bench-") as folder:
            rest = ["--journal", str(Path(folder) / "run.journal")] if journal else []
            line = [sys.executable, "-m", "benching.many", "--ids", str(ids), "--kind", kind, *rest]
            done = subprocess.run(
                line, env=environment(), capture_output=True, text=True, check=False, timeout=_PATIENCE
            )
        if done.returncode:
            raise SectionError(f"{section}: {done.stderr.strip().splitlines()[-1:]}")
        runs.append(json.loads(done.stdout))
    middle = {key: statistics.median(run[key] for run in runs) for key in ("total", "single", "own", "peak")}
    return Bulk(ids, kind, journal, **middle)


def sections() -> Iterator[tuple[str, Callable[[Setting], Results]]]:
    """Return what can be run, the longest last."""
    yield "calls", calls
    yield "in-flight", in_flight
    yield "parse", parse
    yield "first", first
    yield "import", imports
    yield "command", command
    yield "journal", journal
    yield "bulk", bulk
