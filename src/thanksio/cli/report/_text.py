"""Write the headline, times and durations of a report. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thanksio.cli._finding import WORDS
from thanksio.cli._format import money, pluralize

if TYPE_CHECKING:
    from thanksio.cli.report._summary import Summary

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def headline(summary: Summary) -> str:
    """Return in one or two sentences what happened, and what to look at first."""
    total, done = summary.total, summary.counts["cancelled"]
    least = "at least " if summary.without_total else ""
    amount = f" ({least}{money(summary.cents)} authorized)" if done else ""
    others = [f"{group.count:,} {WORDS[verdict]}" for verdict, group, _ in summary.attention]
    if not total:
        text = "The journal contains no orders."
    elif others:
        text = f"{done:,} of {pluralize(total)} cancelled{amount}; {', '.join(others)}."
    else:
        text = f"{'All ' if total > 1 else ''}{pluralize(total)} cancelled{amount}."
    if summary.skipped:
        text += f" {pluralize(summary.skipped, 'row')} of the input skipped."
    return text


def stamp(moment: float | None) -> str:
    """Write a time in UTC to the second, a time outside of the calendar as a number, and None as a dash."""
    if moment is None:
        return "–"  # noqa: RUF001 - a dash is meant
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # an input file can have an order of the year 1 or 9999
        return f"{moment:.0f} s after 1970"


def duration(seconds: int) -> str:
    """Write a duration in its two largest units, such as 2 h 5 min."""
    parts: list[str] = []
    for unit, name in _UNITS:
        count, seconds = divmod(seconds, unit)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts[:2])
