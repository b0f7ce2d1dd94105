"""Tell a person what came of a run, line by line, and a program as one JSON object. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from thanksio.cli._finding import VERDICTS, WORDS
from thanksio.cli._wording import many, money

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from thanksio.cli._finding import Finding
    from thanksio.cli._tally import Tally
    from thanksio.cli._wording import Skipped
    from thanksio.drift import Drift

_DRIFTS = 3  # that are named
_SKIPPED = 3  # rows that are named: all were before the run
_MORE = "For answers that you have saved: thanksio drift --help"


def summary(tally: Tally, journal: str | None, rest: str = "thanksio journal {}") -> Iterator[str]:
    """Give the verdicts, what was authorized, what needs a person, and where it is kept; `rest` shows more of it.

    After what needs a person comes where the answers left the contract, if they did.
    """
    counts = tally.counts
    shown = [f"{counts[verdict]:,} {WORDS[verdict]}" for verdict in VERDICTS if counts[verdict]]
    yield f"{many(tally.total)}: {', '.join(shown) or 'nothing to do'}."
    if counts["cancelled"]:
        yield f"Authorized for the cancelled: {money(tally.cents)}."
    yield from needs(tally, journal, rest)
    yield from _drift(tally.drifts)
    if journal:
        yield f"Journal: {journal}"


def needs(tally: Tally, journal: str | None, rest: str = "thanksio journal {}") -> Iterator[str]:
    """Give what needs a person: orders that nobody knows about, that are not cancelled, or that were not tried.

    Those of one kind share the words of the first, for most of the words are what to do next.
    """
    listed, more = tally.person
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in listed:
        groups.setdefault((WORDS[finding.verdict], finding.kind, finding.status), []).append(finding)
    if groups:
        yield "These need a person:"
    for (word, *_), group in groups.items():
        yield f"  {word}: {', '.join(str(finding.order_id) for finding in group)}"
        yield f"    {group[0].line}"
    if more:
        yield f"  and {more:,} more" + (f": {rest.format(journal)}" if journal else "")
    yield from _skipped(tally.skipped)
    yield from _next_step(tally, journal)


def _skipped(skipped: Skipped) -> Iterator[str]:
    """Name the rows of the input that could not be read: their orders are in no count."""
    if not skipped.count:
        return
    yield f"Skipped: {many(skipped.count, 'row')} that cannot be read. Nothing was sent for {_it(skipped.count)}:"
    for place, why in skipped.rows[:_SKIPPED]:
        yield f"  {place}: {why}"
    if skipped.count > _SKIPPED:
        yield f"  and {skipped.count - _SKIPPED:,} more"


def _it(count: int) -> str:
    return "it" if count == 1 else "them"


def _next_step(tally: Tally, journal: str | None) -> Iterator[str]:
    """Say what settles those of which nobody knows, and those that were not tried."""
    untried, undecided = tally.counts["not_tried"], tally.counts["not_tried"] + tally.counts["unknown"]
    if tally.doomed or not undecided:
        return
    if untried and tally.why_not_tried:
        yield f"Not tried: {many(untried)}. {tally.why_not_tried}"
        return
    kept = ": what is settled is not sent again" if journal else ""
    yield f"Not settled: {many(undecided)}. Run the same command again{kept}."


def _drift(drifts: Collection[Drift]) -> Iterator[str]:
    """Say where the answers left the contract: no verdict is at stake, but those who look after it must know."""
    if not drifts:
        return
    named = [f"{drift.kind} {drift.pointer} ({drift.json_type})" for drift in sorted(drifts)]
    more = len(named) - _DRIFTS
    told = ", ".join(named[:_DRIFTS]) + (f" and {more:,} more" if more > 0 else "")
    yield f"The answers left the contract in {many(len(named), 'way')}: {told}. Tell the maintainers. {_MORE}"


def as_json(tally: Tally, journal: str | None) -> dict[str, object]:
    """Give it as a JSON object."""
    totals: dict[str, object] = {"orders": tally.total, "authorized_cents": tally.cents, "journal": journal}
    drift = [asdict(found) for found in sorted(tally.drifts)]
    rows = [{"row": place, "error": why} for place, why in tally.skipped.rows]
    rest = {"skipped": tally.skipped.count, "skipped_rows": rows, "drift": drift, "exit": int(tally.exit)}
    return {"summary": totals | dict(tally.counts.items()) | rest}
