"""Count the results of a run, and find the cancellation window that ends next. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import Factory, define, field

from thanksio.bulk._window import window_end
from thanksio.cli._finding import VERDICTS, Finding
from thanksio.cli._format import NO_SKIPPED, Exit, Skipped

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from thanksio.bulk import Verdict
    from thanksio.cli._plan import Row
    from thanksio.drift import Drift

_URGENT: tuple[Verdict, ...] = ("unknown", "refused", "not_cancelled", "not_tried")  # the most urgent first
SHOWN = 20  # the journal has the rest


def _none_listed() -> dict[Verdict, list[Finding]]:
    return {verdict: [] for verdict in _URGENT}


@define
class Tally:
    """How many orders have which verdict, what was authorized for the cancelled ones, and what needs attention."""

    total: int
    shown: int = SHOWN  # orders that are listed
    drifts: list[Drift] = field(factory=list["Drift"])  # where responses did not match the contract
    seen: dict[int | str, Verdict] = field(factory=dict[int | str, "Verdict"])
    counts: dict[Verdict, int] = field(factory=lambda: dict.fromkeys(VERDICTS, 0))
    cents: int = 0
    fatal: Finding | None = None
    is_stopped: bool = False  # by the operator
    skipped: Skipped = NO_SKIPPED  # rows of the input that could not be read
    _listed: dict[Verdict, list[Finding]] = Factory(_none_listed)

    def add(self, finding: Finding) -> None:
        """Count an order; its newest result counts."""
        before = self.seen.get(finding.order_id)
        if before:
            self.counts[before] -= 1
            listed = self._listed.get(before, [])
            listed[:] = [other for other in listed if other.order_id != finding.order_id]
        self.seen[finding.order_id] = finding.verdict
        self.counts[finding.verdict] += 1
        if finding.verdict == "cancelled":
            self.cents += finding.authorized_cents or 0
        elif len(self._listed[finding.verdict]) < self.shown:
            self._listed[finding.verdict].append(finding)
        if finding.is_fatal:
            self.fatal = self.fatal or finding

    def stop(self) -> None:
        """Count orders without a verdict as not tried, at the end of the run."""
        self.counts["not_tried"] += self.total - self.done

    @property
    def done(self) -> int:
        """The number of orders with a verdict."""
        return sum(self.counts.values())

    @property
    def attention(self) -> tuple[list[Finding], int]:
        """The orders that need attention, the most urgent first, and how many more there are.

        Orders that were not tried are only counted: they need nothing but the same command again.
        """
        tried = [finding for verdict in _URGENT[:-1] for finding in self._listed[verdict]][: self.shown]
        return tried, sum(self.counts[verdict] for verdict in _URGENT[:-1]) - len(tried)

    @property
    def why_not_tried(self) -> str:
        """The first reason why an order was not tried, if there is one."""
        return next((finding.error for finding in self._listed["not_tried"] if finding.error), "")

    @property
    def exit(self) -> Exit:
        """The exit code of the most urgent problem."""
        if self.fatal:
            return Exit.CONFIGURATION
        if self.counts["unknown"]:
            return Exit.UNKNOWN
        is_done = self.counts["cancelled"] == self.done and not self.skipped.count
        return Exit.CANCELLED if is_done else Exit.NOT_CANCELLED


@define
class Windows:
    """The cancellation windows that have not ended, of orders without a verdict."""

    _ends: deque[tuple[float, int]]
    _settled: Container[object]

    @classmethod
    def of(cls, rows: Iterable[Row], settled: Container[object]) -> Windows:
        """Return the windows of the orders of a run; `settled` grows during the run."""
        timed = [(end, row.order_id) for row in rows if (end := window_end(row.placed)) is not None]
        return cls(deque(sorted(timed)), settled)

    def next(self, now: float) -> tuple[float, int] | None:
        """Return the end of the window that ends next, and its order."""
        while self._ends and (self._ends[0][0] <= now or self._ends[0][1] in self._settled):
            self._ends.popleft()
        return self._ends[0] if self._ends else None
