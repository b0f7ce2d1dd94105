"""Read from a journal, once and in constant memory, what a report shows of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio.cli._finding import Finding, remembered

if TYPE_CHECKING:
    from thanksio.bulk import Verdict
    from thanksio.bulk._journal import Journal
    from thanksio.bulk._results import JournalRow

ROWS = 1000  # orders that a report lists
# What needs attention, the most urgent first, and what to do.
ADVICE: dict[Verdict, str] = {
    "unknown": "Run the same command again: repeating a cancel is harmless, and the response should show the order.",
    "not_cancelled": "Usually it is too late. An order in status reviewing can still be cancelled: run it again.",
    "refused": "Read the reason, and check the order in the dashboard.",
    "not_tried": "Nothing was sent for these orders, or no request was accepted. Run the same command again.",
}


@define
class Listed:
    """An order that is listed: its row in the journal, and the result that it stands for."""

    row: JournalRow
    finding: Finding


@define
class Group:
    """Orders that are listed together: their number, and the most urgent of them."""

    count: int = 0
    orders: list[Listed] = field(factory=list[Listed])

    def add(self, listed: Listed, now: float) -> None:
        """Count an order, and drop the least urgent ones."""
        self.count += 1
        self.orders.append(listed)
        if len(self.orders) >= 2 * ROWS:
            self.cut(ROWS, now)

    def cut(self, most: int, now: float) -> None:
        """Keep the most urgent orders: open windows by their end, then unknown times, then closed windows."""
        self.orders.sort(key=lambda listed: _urgency(listed.row, now))
        del self.orders[most:]


@define
class Summary:
    """What a report shows of a journal. Times are Unix times, money is US cents."""

    path: str
    base_url: str
    made: float
    runs: list[tuple[float, float | None]]
    skipped: int  # rows of the input
    skipped_rows: list[tuple[str, str]]  # the first of them: where they are, and why
    counts: Counter[Verdict] = field(factory=Counter["Verdict"])
    cents: int = 0  # authorized for the cancelled orders
    without_total: int = 0  # cancelled orders without a stated amount
    allowed: set[int] = field(factory=set[int])  # requests a minute
    contracts: set[str] = field(factory=set[str])
    groups: dict[Verdict, Group] = field(factory=lambda: {verdict: Group() for verdict in ADVICE})
    settled: Group = field(factory=Group)  # orders that were unknown after an earlier run
    minutes: dict[int, Counter[Verdict]] = field(factory=dict[int, "Counter[Verdict]"])
    open_windows: int = 0  # of orders without a final result
    next_end: float | None = None

    @property
    def total(self) -> int:
        """The number of orders in the journal."""
        return self.counts.total()

    @property
    def attention(self) -> list[tuple[Verdict, Group, str]]:
        """The groups that need attention, each with what to do."""
        return [(verdict, group, ADVICE[verdict]) for verdict, group in self.groups.items() if group.count]


def summarize(journal: Journal, now: float) -> Summary:
    """Read all orders of a journal. `now` decides which cancellation windows are closed."""
    summary = Summary(journal.path, journal.base_url, now, journal.runs(), *journal.skipped())
    for row in journal.entries():
        _add(summary, Listed(row, remembered(row)))
    left = ROWS
    for group in (*summary.groups.values(), summary.settled):
        group.cut(left, now)
        left -= len(group.orders)
    return summary


def _add(summary: Summary, listed: Listed) -> None:
    row, verdict = listed.row, listed.finding.verdict
    summary.counts[verdict] += 1
    summary.contracts |= {row.contract} - {""}
    summary.allowed |= set[int]() if row.allowed is None else {row.allowed}
    if verdict == "cancelled":
        summary.cents += row.cents or 0
        summary.without_total += row.cents is None
    else:
        summary.groups[verdict].add(listed, summary.made)
        if not row.settled and row.closes is not None and row.closes > summary.made:
            summary.open_windows += 1
            summary.next_end = row.closes if summary.next_end is None else min(summary.next_end, row.closes)
    if row.was_unknown and verdict not in {"unknown", "not_tried"}:
        summary.settled.add(listed, summary.made)
    if row.decided is not None and row.state != "in_flight":  # this order keeps the time of an earlier verdict
        summary.minutes.setdefault(int(row.decided // 60) * 60, Counter())[verdict] += 1


def _urgency(row: JournalRow, now: float) -> tuple[int, float]:
    if row.closes is None:
        return 1, 0.0
    return (2 if row.closes <= now else 0), row.closes
