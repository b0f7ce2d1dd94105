"""Read from a journal, once and in constant memory, what a page tells of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio.cli._wording import NONE_SKIPPED, Skipped
from thanksio.cli.report._timeline import Timeline

if TYPE_CHECKING:
    from thanksio.bulk import Verdict
    from thanksio.bulk._journal import Journal
    from thanksio.bulk._results import JournalRow, State

ROWS = 1000  # orders that a page lists
NAMES: dict[Verdict, str] = {  # in the order in which they are always shown
    "cancelled": "cancelled",
    "not_cancelled": "not cancelled",
    "refused": "refused",
    "unknown": "unknown",
    "not_tried": "not tried",
}
FIRST: tuple[Verdict, ...] = (
    "unknown",
    "not_cancelled",
    "refused",
    "not_tried",
)  # what needs a person, the worst first
_VERDICTS: dict[State, Verdict] = {
    "cancelled": "cancelled",
    "not_cancelled": "not_cancelled",
    "refused": "refused",
    "unknown": "unknown",
    "not_tried": "not_tried",
    "waiting": "not_tried",
    "in_flight": "unknown",  # it may have been sent, and no answer was written down
}


@define
class Run:
    """When a run began and ended, and how many of the verdicts that stand are its own, the last of them at `last`."""

    began: float
    ended: float | None
    verdicts: int = 0
    last: float | None = None


@define
class Group:
    """The orders of one verdict: how many, and the most urgent of them."""

    count: int = 0
    rows: list[JournalRow] = field(factory=list["JournalRow"])

    def add(self, entry: JournalRow, now: float) -> None:
        """Take an order, and let go of the least urgent ones."""
        self.count += 1
        self.rows.append(entry)
        if len(self.rows) >= 2 * ROWS:
            self.cut(ROWS, now)

    def cut(self, most: int, now: float) -> None:
        """Keep the most urgent rows: the hour that ends first, then the hours not known, then those that are over."""
        self.rows.sort(key=lambda entry: _urgency(entry, now))
        del self.rows[most:]


@define
class Hours:
    """Of the orders not known to be cancelled: how many are within their hour, past it, and of unknown hour."""

    within: int = 0
    over: int = 0
    untold: int = 0
    next_end: float | None = None

    def add(self, closes: float | None, now: float) -> None:
        """Count one order."""
        if closes is None:
            self.untold += 1
        elif closes <= now:
            self.over += 1
        else:
            self.within += 1
            self.next_end = closes if self.next_end is None else min(self.next_end, closes)


@define
class Summary:
    """All that a page says of a journal. Times are Unix times, money is US cents."""

    path: str
    base_url: str
    made: float
    runs: list[Run]
    counts: Counter[Verdict] = field(factory=Counter["Verdict"])
    cents: int = 0  # authorized for the cancelled ones
    without_total: int = 0  # cancelled ones of which the server did not say what was authorized
    contracts: set[str] = field(factory=set[str])
    hours: Hours = field(factory=Hours)
    groups: dict[Verdict, Group] = field(factory=lambda: {verdict: Group() for verdict in FIRST})
    timeline: Timeline = field(factory=Timeline)
    skipped: Skipped = NONE_SKIPPED  # rows of the input that could not be read

    @property
    def total(self) -> int:
        """How many orders the journal holds."""
        return self.counts.total()


def summarize(journal: Journal, now: float, skipped: Skipped = NONE_SKIPPED) -> Summary:
    """Read all orders of a journal. `now` tells whose hour is over."""
    runs = [Run(began, ended) for began, ended in journal.runs()]
    summary = Summary(journal.path, journal.base_url, now, runs, skipped=skipped)
    for entry in journal.entries():
        _add(summary, entry, _VERDICTS[entry.state])
    left = ROWS
    for group in summary.groups.values():
        group.cut(left, now)
        left -= len(group.rows)
    return summary


def _add(summary: Summary, entry: JournalRow, verdict: Verdict) -> None:
    summary.counts[verdict] += 1
    summary.contracts.update([entry.contract] if entry.contract else [])
    if verdict == "cancelled":
        summary.cents += entry.cents or 0
        summary.without_total += entry.cents is None
    else:
        summary.hours.add(entry.closes, summary.made)
        summary.groups[verdict].add(entry, summary.made)
    # An order in flight keeps the time of an earlier verdict, which no longer stands.
    if entry.decided is not None and entry.state != "in_flight":
        summary.timeline.add(verdict, entry.decided, entry.allowed)
        _credit(summary.runs, entry.decided)


def _credit(runs: list[Run], decided: float) -> None:
    """Find the run that a verdict is of; a clock that was set back may put it before the first."""
    run = runs[max(0, bisect_right(runs, decided, key=lambda run: run.began) - 1)]
    run.verdicts += 1
    run.last = decided if run.last is None else max(run.last, decided)


def _urgency(entry: JournalRow, now: float) -> tuple[int, float]:
    if entry.closes is None:
        return 1, 0.0
    return (0 if entry.closes > now else 2), entry.closes
