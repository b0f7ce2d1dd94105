"""Follow a run: count its results, print them for programs, and return its state for the display."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio._rate_limit import Rate
from thanksio.cli._finding import found, remembered
from thanksio.cli._format import NO_SKIPPED, Skipped
from thanksio.cli._output import echo
from thanksio.cli._tally import Tally, Windows
from thanksio.cli._view import View

if TYPE_CHECKING:
    from collections.abc import Container

    from thanksio import ThanksIO
    from thanksio.bulk import CancelResult
    from thanksio.bulk._journal import Journal
    from thanksio.cli._finding import Finding
    from thanksio.cli._plan import Plan
    from thanksio.drift import Drift


@define
class RunTracker:
    """A run, what is counted of it, and its state."""

    plan: Plan
    client: ThanksIO
    as_json: bool
    in_flight: int = 8  # orders at a time
    drifts: list[Drift] = field(factory=list["Drift"])  # where responses did not match the contract
    skipped: Skipped = NO_SKIPPED  # rows of the input that could not be read
    began: float = field(factory=time.monotonic)
    tally: Tally = field(init=False)
    windows: Windows = field(init=False)
    answered: deque[float] = field(factory=deque[float])  # when the latest orders ended
    busy: float = 0.0  # seconds that all calls took
    is_stopping: bool = False
    pause: tuple[int, float] | None = None  # orders that are asked for again, and when

    @property
    def order_ids(self) -> Container[int]:
        """The orders of this run."""
        return {row.order_id for row in self.plan.rows}

    def __attrs_post_init__(self) -> None:
        self.tally = Tally(len(self.plan.rows), drifts=self.drifts, skipped=self.skipped)
        self.windows = Windows.of(self.plan.rows, self.tally.seen)

    def take(self, result: CancelResult) -> None:
        """Count a result, and print it for programs."""
        self._count(found(result))
        if self.tally.done > self.plan.settled:
            self.answered.append(time.monotonic())
            self.busy += result.seconds

    def note(self, journal: Journal) -> None:
        """Write to the journal where responses did not match the contract, and read the same of earlier runs."""
        journal.note(self.drifts)
        self.drifts[:] = journal.drifts()

    def stopped(self, journal: Journal | None) -> None:
        """Count orders without a result: those in the journal, after a signal, and the rest as not tried."""
        numbers = {row.order_id for row in self.plan.rows if row.order_id not in self.tally.seen}
        for entry in journal.entries() if journal and numbers else ():
            if entry.order_id in numbers and entry.state != "waiting":
                self._count(remembered(entry))
        self.tally.stop()
        self.tally.is_stopped = self.is_stopping

    def _count(self, finding: Finding) -> None:
        self.tally.add(finding)
        if self.as_json:
            echo(json.dumps(finding.as_json()))

    def view(self) -> View:
        """Return the state now."""
        now = time.monotonic()
        rate = self.client._rate() or Rate(self.plan.rate, 0, 60.0, 0, 0.0)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this package
        return View(
            now=time.time(),
            total=self.tally.total,
            counts=self.tally.counts,
            rate=rate,
            speed=self._speed(rate.per, now),
            window=self.windows.next(time.time()),
            is_stopping=self.is_stopping,
            pause=self.pause and (self.pause[0], self.pause[1] - now),
        )

    def _speed(self, per: float, now: float) -> float:
        """Return orders per second over the last two windows; before that, what the threads can do."""
        span = min(now - self.began, 2 * per)
        while self.answered and self.answered[0] <= now - 2 * per:
            self.answered.popleft()
        if span >= per:
            return len(self.answered) / span
        return self.in_flight * len(self.answered) / self.busy if self.busy else 0.0
