"""Measure contenders in rounds, each in turn, so that a slow second of the machine slows all of them.

pyperf measures one contender to its end before the next: a ratio would compare two different minutes of a busy machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import Factory, define

from bench.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class FailedError(Exception):
    """A contender could not be measured; the message says why."""


def quartiles(figures: Iterable[float]) -> list[float]:
    """Return the quartiles; of one figure, three times that one."""
    values = list(figures)
    return statistics.quantiles(values if len(values) > 1 else values * 2, n=4, method="inclusive")


@define
class Table:
    """The times of each contender by round, in seconds; why those that failed did, and notes."""

    title: str
    unit: str = "us"
    rounds: dict[str, list[float]] = Factory(dict[str, list[float]])
    failed: dict[str, str] = Factory(dict[str, str])
    notes: dict[str, str] = Factory(dict[str, str])

    def compare(self, name: str, base: str, how: Callable[[float, float], float]) -> list[float] | None:
        """Return the quartiles of one contender beside another in the same rounds; None if one was not measured."""
        mine, theirs = self.rounds.get(name), self.rounds.get(base)
        if not mine or not theirs:
            return None
        return quartiles(map(how, mine, theirs))

    def run(self, contenders: Mapping[str, Callable[[], float]], rounds: int) -> Table:
        """Measure each in each round, starting with another one each time; the first round does not count."""
        times: dict[str, list[float]] = {name: [] for name in contenders}
        names = list(contenders)
        for _ in range(rounds + 1):
            for name in names:
                try:
                    times[name] += [] if name in self.failed else [contenders[name]()]
                except FailedError as error:
                    self.failed[name] = str(error)
            names = names[1:] + names[:1]
        self.rounds |= {name: values[1:] for name, values in times.items() if name not in self.failed}
        return self


@contextmanager
def worker(command: list[str], count: int, in_flight: int, *, peer: bool) -> Iterator[Callable[[], float]]:
    """Start a worker, and return a function that returns the time of one of `count` calls. It raises FailedError."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment(peer=peer)
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin and stdout  # noqa: S101, PT018 - both are pipes

        def seconds() -> float:
            try:
                print(count, in_flight, file=stdin, flush=True)
                return float(stdout.readline()) / count
            except (BrokenPipeError, ValueError):  # it ended
                raise FailedError(_last_line(process.communicate()[1])) from None

        yield seconds


def run(command: list[str], *, peer: bool = False) -> tuple[float, str]:
    """Return the time of a process from its start to its end, and what it printed. Raises FailedError."""
    began = time.perf_counter()
    done = subprocess.run(command, env=environment(peer=peer), capture_output=True, text=True, check=False, timeout=600)
    took = time.perf_counter() - began
    if done.returncode:
        raise FailedError(_last_line(done.stderr))
    return took, done.stdout


def _last_line(stderr: str) -> str:
    return (stderr.strip().splitlines() or ["it ended"])[-1]


def environment(*, peer: bool = False) -> dict[str, str]:
    """Return the environment of a process: the peers' gets no path to our packages; bytecode is kept, as pip does."""
    paths = [ROOT / "scripts"] if peer else [ROOT / "scripts", ROOT / "src", ROOT / "generated"]
    changes = {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": ""}
    return os.environ | changes
