"""Summarize a run: in lines for people, in one JSON object for programs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from thanksio.cli._finding import VERDICTS, WORDS
from thanksio.cli._format import money, pluralize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from thanksio.cli._finding import Finding
    from thanksio.cli._format import Skipped
    from thanksio.cli._tally import Tally
    from thanksio.drift import Drift

_DRIFTS = 3  # that are listed
_SKIPPED = 3  # rows that are listed; all were listed before the run
_MORE = "For saved responses: thanksio drift --help"


def summary(tally: Tally, journal: str | None, rest: str = "thanksio journal {}") -> Iterator[str]:
    """Yield the verdicts, the amount, what needs attention, and the journal; `rest` is a command that shows more."""
    counts = tally.counts
    shown = [f"{counts[verdict]:,} {WORDS[verdict]}" for verdict in VERDICTS if counts[verdict]]
    yield f"{pluralize(tally.total)}: {', '.join(shown) or 'nothing to do'}."
    if counts["cancelled"]:
        yield f"Authorized for the cancelled orders: {money(tally.cents)}."
    yield from needs(tally, journal, rest)
    yield from _drift(tally.drifts)
    if journal:
        yield f"Journal: {journal}"


def needs(tally: Tally, journal: str | None, rest: str = "thanksio journal {}") -> Iterator[str]:
    """Yield what needs attention: orders that are unknown, not cancelled, refused or not tried, and skipped rows.

    Orders with the same kind of error are grouped under the error of the first.
    """
    listed, more = tally.attention
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in listed:
        groups.setdefault((WORDS[finding.verdict], finding.kind, finding.status), []).append(finding)
    if groups:
        yield "Needs attention:"
    for (word, *_), group in groups.items():
        yield f"  {word}: {', '.join(str(finding.order_id) for finding in group)}"
        yield f"    {group[0].line}"
    if more:
        yield f"  and {more:,} more" + (f": {rest.format(journal)}" if journal else "")
    yield from _skipped(tally.skipped)
    yield from _next_step(tally, journal)


def _skipped(skipped: Skipped) -> Iterator[str]:
    """Yield the rows of the input that could not be read. Their orders are not counted."""
    if not skipped.count:
        return
    yield f"Skipped, and nothing sent: {pluralize(skipped.count, 'row')} that cannot be read."
    for place, why in skipped.rows[:_SKIPPED]:
        yield f"  {place}: {why}"
    if skipped.count > _SKIPPED:
        yield f"  and {skipped.count - _SKIPPED:,} more"


def _next_step(tally: Tally, journal: str | None) -> Iterator[str]:
    """Yield what settles orders that are unknown or were not tried."""
    untried, undecided = tally.counts["not_tried"], tally.counts["not_tried"] + tally.counts["unknown"]
    if tally.fatal or not undecided:
        return
    if untried and tally.why_not_tried:
        yield f"Not tried: {pluralize(untried)}. {tally.why_not_tried}"
        return
    stopped = "You stopped the run. " if tally.is_stopped else ""
    kept = "; settled orders are not sent again" if journal else ""
    yield f"{stopped}Not settled: {pluralize(undecided)}. Run the same command again{kept}."


def _drift(drifts: Collection[Drift]) -> Iterator[str]:
    """Yield where responses did not match the contract. No verdict depends on it."""
    if not drifts:
        return
    named = [f"{drift.kind} {drift.pointer} ({drift.json_type})" for drift in sorted(drifts)]
    more = len(named) - _DRIFTS
    told = ", ".join(named[:_DRIFTS]) + (f" and {more:,} more" if more > 0 else "")
    yield f"Responses did not match the contract in {pluralize(len(named), 'way')}: {told}. Report it. {_MORE}"


def as_json(tally: Tally, journal: str | None) -> dict[str, object]:
    """Return the summary as a JSON object."""
    totals: dict[str, object] = {"orders": tally.total, "authorized_cents": tally.cents, "journal": journal}
    drift = [asdict(found) for found in sorted(tally.drifts)]
    rows = [{"row": place, "error": why} for place, why in tally.skipped.rows]
    rest = {"skipped": tally.skipped.count, "skipped_rows": rows, "drift": drift, "exit": int(tally.exit)}
    return {"summary": totals | dict(tally.counts.items()) | rest}
