"""An async run with a journal that asyncio cancels: its steps on the disk end before the journal is closed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT

from thanksio.bulk._journal import Journal
from thanksio.testing import Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from pathlib import Path

    from thanksio.testing import FakeThanksIO

WAIT = 10

MANY_RUNS = """
import asyncio, random, sys
from thanksio.testing import FakeThanksIO

async def consume(fake, path):
    async with fake.async_client() as client:
        async with client.cancel_orders(range(100000, 100040), journal=path, pace=False) as results:
            async for _ in results:
                pass

async def limited(fake, path, seconds):
    async with asyncio.timeout(seconds):
        await consume(fake, path)

async def main(fake, folder, rounds):
    for nth in range(rounds):
        seconds = 0.01 + random.random() * 0.02
        if nth % 3 == 0:
            task = asyncio.create_task(limited(fake, f"{folder}/{nth}", seconds))
        else:
            task = asyncio.create_task(consume(fake, f"{folder}/{nth}"))
            await asyncio.sleep(seconds)
            task.cancel()
            if nth % 3 == 1:
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() and not isinstance(task.exception(), TimeoutError):
            raise task.exception()

with FakeThanksIO() as fake:
    for number in range(100000, 100040):
        fake.place(number)
    asyncio.run(main(fake, sys.argv[1], int(sys.argv[2])))
"""


def test_cancelled_runs_do_not_crash_the_process(tmp_path: Path) -> None:
    """1,000 rounds: `python -c "$MANY_RUNS" FOLDER 1000`."""
    command = [sys.executable, "-X", "faulthandler", "-c", MANY_RUNS, str(tmp_path), "60"]

    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)

    unexpected = [line for line in done.stderr.splitlines() if "after its run was left" not in line]
    assert (done.returncode, unexpected) == (0, [])
    states = set[str]()
    for path in tmp_path.iterdir():
        if path.suffix != ".lock":
            with Journal(path) as journal:
                states |= journal.totals().keys()
    assert states <= {"waiting", "not_tried", "cancelled", "in_flight", "unknown"}


@pytest.mark.parametrize("times", [1, 3])
def test_a_step_on_the_disk_ends_before_the_journal_is_closed(
    fake: FakeThanksIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The order that the step took is not sent any more, and the journal knows that."""
    begun, may_go, events = threading.Event(), threading.Event(), list[str]()
    take, close = Journal.next, Journal.close

    def slow(journal: Journal) -> Any:
        begun.set()
        assert may_go.wait(WAIT)
        taken = take(journal)
        events.append("taken")
        return taken

    def noted(journal: Journal) -> None:
        events.append("closed")
        close(journal)

    monkeypatch.setattr(Journal, "next", slow)
    monkeypatch.setattr(Journal, "close", noted)

    async def consume() -> None:
        async with (
            fake.async_client() as client,
            client.cancel_orders([37294, 42708], journal=tmp_path / "journal") as results,
        ):
            async for _ in results:
                raise AssertionError

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.to_thread(begun.wait, WAIT)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        may_go.set()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())

    assert events == ["taken", "closed"]
    with Journal(tmp_path / "journal") as journal:
        assert journal.totals() == {"not_tried": (1, 0), "waiting": (1, 0)}


def test_a_cancelled_run_that_is_cancelled_again_leaves_what_is_in_flight(fake: FakeThanksIO, tmp_path: Path) -> None:
    """The next run knows that the order may have been cancelled."""
    came, may_go = hold(fake)

    async def consume() -> None:
        async with (
            fake.async_client() as client,
            client.cancel_orders([37294], journal=tmp_path / "journal") as results,
        ):
            async for _ in results:
                raise AssertionError

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.to_thread(came.wait, WAIT)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.05)
        assert task.done()

    try:
        asyncio.run(main())
    finally:
        may_go.set()

    with Journal(tmp_path / "journal") as journal:
        assert journal.totals() == {"in_flight": (1, 0)}
        assert journal.runs()[0][1]


def hold(fake: FakeThanksIO) -> tuple[threading.Event, threading.Event]:
    """Send no response before the second event; the first is set when a request was received."""
    came, may_go = threading.Event(), threading.Event()

    def respond(answer: Any) -> list[bytes]:
        came.set()
        may_go.wait(WAIT)
        return [answer.encode()]

    fake.faults(Fault("held", "waits", Truth.ACTED, respond))
    return came, may_go
