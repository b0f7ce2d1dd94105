"""Keep count of a run while it goes on, and of the hours that are still to end. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from attrs import Factory, define, field

from thanksio.bulk._window import window_end
from thanksio.cli._finding import VERDICTS, Finding, Told
from thanksio.cli._wording import NONE_SKIPPED, Exit, Skipped

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from thanksio.cli._plan import Row
    from thanksio.drift import Drift

_PERSON: tuple[Told, ...] = ("unknown", "refused", "not_cancelled", "not_tried")  # the most urgent first
SHOWN = 20  # the journal has the rest


def _no_findings() -> dict[Told, list[Finding]]:
    return {verdict: [] for verdict in _PERSON}


@define
class Tally:
    """How many orders have which verdict, what was authorized for the cancelled ones, and what needs a person."""

    total: int
    shown: int = SHOWN  # orders that are listed for a person
    drifts: list[Drift] = field(factory=list["Drift"])  # where the answers left the contract
    seen: dict[int | str, Told] = field(factory=dict[int | str, "Told"])
    counts: dict[Told, int] = field(factory=lambda: dict.fromkeys(VERDICTS, 0))
    cents: int = 0
    doomed: Finding | None = None
    skipped: Skipped = NONE_SKIPPED  # rows of the input that could not be read
    _person: dict[Told, list[Finding]] = Factory(_no_findings)

    def add(self, finding: Finding) -> None:
        """Count an order; its newest result counts."""
        before = self.seen.get(finding.order_id)
        if before:
            self.counts[before] -= 1
            listed = self._person.get(before, [])
            listed[:] = [other for other in listed if other.order_id != finding.order_id]
        self.seen[finding.order_id] = finding.verdict
        self.counts[finding.verdict] += 1
        if finding.verdict == "cancelled":
            self.cents += finding.authorized_cents or 0
        elif len(self._person[finding.verdict]) < self.shown:
            self._person[finding.verdict].append(finding)
        if finding.dooms:
            self.doomed = self.doomed or finding

    def stop(self) -> None:
        """Count as not tried what has no verdict when the run ends."""
        self.counts["not_tried"] += self.total - self.done

    @property
    def done(self) -> int:
        """How many orders have a verdict."""
        return sum(self.counts.values())

    @property
    def person(self) -> tuple[list[Finding], int]:
        """Give those that need a person, the most urgent first, and how many more there are.

        Those that were not tried are counted alone, for they need nothing but the same command again.
        """
        tried = [finding for verdict in _PERSON[:-1] for finding in self._person[verdict]][: self.shown]
        return tried, sum(self.counts[verdict] for verdict in _PERSON[:-1]) - len(tried)

    @property
    def why_not_tried(self) -> str:
        """Give the first reason for which an order was not tried, if there is one."""
        return next((finding.error for finding in self._person["not_tried"] if finding.error), "")

    @property
    def exit(self) -> Exit:
        """Give the exit code: what a person must see to first wins."""
        if self.doomed:
            return Exit.CONFIGURATION
        if self.counts["unknown"]:
            return Exit.UNKNOWN
        is_done = self.counts["cancelled"] == self.done and not self.skipped.count
        return Exit.CANCELLED if is_done else Exit.NOT_CANCELLED


@define
class Hours:
    """The hours that are still to end, as long as their orders have no verdict."""

    _ends: deque[tuple[float, int]]
    _settled: Container[object]

    @classmethod
    def of(cls, rows: Iterable[Row], settled: Container[object]) -> Hours:
        """Take the orders of a run; `settled` grows while it goes on."""
        timed = [(end, row.order_id) for row in rows if (end := window_end(row.placed)) is not None]
        return cls(deque(sorted(timed)), settled)

    def next(self, now: float) -> tuple[float, int] | None:
        """Give the end of the hour that ends next, and its order."""
        while self._ends and (self._ends[0][0] <= now or self._ends[0][1] in self._settled):
            self._ends.popleft()
        return self._ends[0] if self._ends else None
