"""Follow a run while it goes on: count what comes, hand it to whoever reads stdout, and say what it looks like."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio._rate_limit import Rate
from thanksio.cli._finding import found, remembered
from thanksio.cli._output import echo
from thanksio.cli._tally import Hours, Tally
from thanksio.cli._view import View
from thanksio.cli._wording import NONE_SKIPPED, Skipped

if TYPE_CHECKING:
    from collections.abc import Container

    from thanksio import ThanksIO
    from thanksio.bulk import CancelResult
    from thanksio.bulk._journal import Journal
    from thanksio.cli._finding import Finding
    from thanksio.cli._plan import Plan
    from thanksio.drift import Drift


@define
class Run:
    """A run that goes on: what is counted of it, and what it looks like."""

    plan: Plan
    client: ThanksIO
    as_json: bool
    in_flight: int = 8  # orders at a time
    drifts: list[Drift] = field(factory=list["Drift"])  # where the client sees the answers leave the contract
    skipped: Skipped = NONE_SKIPPED  # rows of the input that could not be read
    began: float = field(factory=time.monotonic)
    tally: Tally = field(init=False)
    hours: Hours = field(init=False)
    answered: deque[float] = field(factory=deque[float])  # when the latest orders got their verdict
    busy: float = 0.0  # seconds that all their calls took
    is_stopping: bool = False
    pause: tuple[int, float] | None = None  # orders that are asked for again, and when

    @property
    def order_ids(self) -> Container[int]:
        """The orders of this run."""
        return {row.order_id for row in self.plan.rows}

    def __attrs_post_init__(self) -> None:
        self.tally = Tally(len(self.plan.rows), drifts=self.drifts, skipped=self.skipped)
        self.hours = Hours.of(self.plan.rows, self.tally.seen)

    def take(self, result: CancelResult) -> None:
        """Count an order, and give it to whoever reads stdout."""
        self._count(found(result))
        if self.tally.done > self.plan.settled:
            self.answered.append(time.monotonic())
            self.busy += result.seconds

    def note(self, journal: Journal) -> None:
        """Let the journal keep where the answers left the contract, and take from it where those of other runs did."""
        journal.note(self.drifts)
        self.drifts[:] = journal.drifts()

    def stopped(self, journal: Journal | None) -> None:
        """Count what has no verdict: what a signal came too early for is in the journal, and the rest was not tried."""
        numbers = {row.order_id for row in self.plan.rows if row.order_id not in self.tally.seen}
        for entry in journal.entries() if journal and numbers else ():
            if entry.order_id in numbers and entry.state != "waiting":
                self._count(remembered(entry))
        self.tally.stop()

    def _count(self, finding: Finding) -> None:
        self.tally.add(finding)
        if self.as_json:
            echo(json.dumps(finding.as_json()))

    def view(self) -> View:
        """Look at it."""
        now = time.monotonic()
        rate = self.client._rate() or Rate(self.plan.rate, 0, 60.0, 0, 0.0)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this package
        return View(
            now=time.time(),
            total=self.tally.total,
            counts=self.tally.counts,
            rate=rate,
            speed=self._speed(rate.per, now),
            hour=self.hours.next(time.time()),
            is_stopping=self.is_stopping,
            pause=self.pause and (self.pause[0], self.pause[1] - now),
        )

    def _speed(self, per: float, now: float) -> float:
        """Give the orders a second in the last two windows, with their pauses; before that, what the threads can do."""
        span = min(now - self.began, 2 * per)
        while self.answered and self.answered[0] <= now - 2 * per:
            self.answered.popleft()
        if span >= per:
            return len(self.answered) / span
        return self.in_flight * len(self.answered) / self.busy if self.busy else 0.0
