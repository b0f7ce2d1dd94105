"""Tell a person what came of a run, line by line, and a program as one JSON object. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio.cli._finding import VERDICTS, WORDS
from thanksio.cli._wording import many, money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thanksio.cli._tally import Tally


def summary(tally: Tally, journal: str | None) -> Iterator[str]:
    """Give the verdicts, what was authorized, what needs a person, and where it is kept."""
    counts = tally.counts
    shown = [f"{counts[verdict]:,} {WORDS[verdict]}" for verdict in VERDICTS if counts[verdict]]
    yield f"{many(tally.total)}: {', '.join(shown) or 'nothing to do'}."
    if counts["cancelled"]:
        yield f"Authorized for the cancelled: {money(tally.cents)}."
    yield from needs(tally, journal)
    if journal:
        yield f"Journal: {journal}"


def needs(tally: Tally, journal: str | None) -> Iterator[str]:
    """Give what needs a person: orders that nobody knows about, that are not cancelled, or that were not tried."""
    listed, more = tally.person
    if listed:
        yield "These need a person:"
        yield from (f"  {WORDS[finding.verdict]}: {finding.line}" for finding in listed)
    if more:
        yield f"  and {more:,} more" + (f": thanksio journal {journal}" if journal else "")
    if tally.counts["not_tried"] and not tally.doomed:
        why = tally.why_not_tried
        again = "Run the same command again" + (": what is settled is not sent again." if journal else ".")
        yield f"Not tried: {many(tally.counts['not_tried'])}. {why or again}"


def as_json(tally: Tally, journal: str | None) -> dict[str, object]:
    """Give it as a JSON object."""
    totals: dict[str, object] = {"orders": tally.total, **dict(tally.counts.items()), "authorized_cents": tally.cents}
    return {"summary": totals | {"journal": journal, "exit": int(tally.exit)}}
