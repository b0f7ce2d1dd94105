"""Run each contender in a process of its own, and let them take turns in rounds."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from attrs import define, field

from benching.names import PEERS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

HERE = Path(__file__).resolve()
_PATIENCE = 60.0  # seconds for one line of a worker


class WorkerError(Exception):
    """A worker reported an error, was silent for too long, or ended."""


def environment(*, peer: bool = False) -> dict[str, str]:
    """Return the environment of a worker, with the scripts and without a proxy; a peer sees no package of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    given = "" if peer else kept.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [str(HERE.parent.parent), given]))
    return kept | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


@define
class Worker:
    """A contender's process."""

    name: str
    process: subprocess.Popen[bytes]
    errors: IO[bytes] = field(repr=False)

    def hear(self, seconds: float = _PATIENCE) -> dict[str, Any]:
        """Return the next line. Raises WorkerError if there is none in time, or if it says why there is none."""
        assert self.process.stdout  # noqa: S101 - it is a pipe
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.errors.seek(0)
            last = self.errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise WorkerError(f"no answer within {seconds:g} s" if not ready else "".join(last) or "it ended")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise WorkerError(said["error"])
        return said

    def ask(self, calls: int, in_flight: int) -> dict[str, Any]:
        """Make calls, and return how long they took."""
        assert self.process.stdin  # noqa: S101 - it is a pipe
        try:
            self.process.stdin.write(json.dumps({"calls": calls, "in_flight": in_flight}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise WorkerError(f"it ended: {error}") from None
        return self.hear()

    def end(self) -> None:
        """Close its input, which ends it; kill it if it does not end."""
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        self.errors.close()


@define
class Crew:
    """The workers that are ready, and why the others are not."""

    workers: list[Worker] = field(factory=list)
    absent: dict[str, str] = field(factory=dict)


@contextmanager
def crew(names: Iterable[str], url: str, peers: Path | None = None) -> Generator[Crew]:
    """Start a process for each contender, one after another; peers only where their interpreter is given."""
    found = Crew()
    with ExitStack() as stack:
        for name in names:
            worker = _started(name, url, peers)
            stack.callback(worker.end)
            try:
                worker.hear()
                found.workers.append(worker)
            except WorkerError as error:
                found.absent[name] = str(error)
        yield found


def _started(name: str, url: str, peers: Path | None) -> Worker:
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - the worker closes it
    python = str(peers) if name in PEERS else sys.executable
    process = subprocess.Popen(
        [python, "-m", "benching.worker", name, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment(peer=name in PEERS),
    )
    return Worker(name, process, errors)


def race(
    team: Crew, rounds: int, calls: int, in_flight: int, tell: Callable[[int], None]
) -> tuple[dict[str, list[float | None]], dict[str, list[float | None]]]:
    """Run the calls of each worker in every round, in turn, starting with another one each time.

    So what slows the machine for a while slows all of them. Returns the seconds by the clock and of the processor.
    """
    seconds: dict[str, list[float | None]] = {worker.name: [] for worker in team.workers}
    cpu: dict[str, list[float | None]] = {worker.name: [] for worker in team.workers}
    for number in range(rounds):
        tell(number + 1)
        for worker in _rotated(team.workers, number):
            try:
                took = worker.ask(calls, in_flight)
            except WorkerError as error:
                team.absent[worker.name] = f"{in_flight} in flight, round {number + 1}: {error}"
                took = {}
            seconds[worker.name].append(took.get("seconds"))
            cpu[worker.name].append(took.get("cpu"))
    return seconds, cpu


def _rotated(workers: Sequence[Worker], number: int) -> list[Worker]:
    start = number % len(workers) if workers else 0
    return [*workers[start:], *workers[:start]]
