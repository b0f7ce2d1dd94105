"""Write numbers, times and foreign text as a page shows them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from thanksio._verdict import sanitize

_LONGEST = 4096  # characters of a foreign text; a path can be so long
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def safe(text: str) -> str:
    """Make foreign text part of a page: one line, nothing invisible, nothing that is markup."""
    return escape(sanitize(text, str, _LONGEST))


def stamp(moment: float | None) -> str:
    """Write a time in UTC to the second; a time outside of the calendar as it is, and none as a dash."""
    if moment is None:
        return "–"  # noqa: RUF001 - a dash is meant
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # a file may say that an order was placed in the year 1 or 9999
        return f"{moment:.0f} s after 1970"


def stamp_on(moment: float | None, today: float) -> str:
    """Write a time as `stamp` does, without its day if that is the day of `today`."""
    return stamp(moment).removeprefix(stamp(today)[:11])


def clock(moment: float) -> str:
    """Write the time of day, with seconds if there are any."""
    return stamp(moment)[11:].removesuffix(":00")


def day(moment: float) -> str:
    """Write the day, such as 24 Nov."""
    date = datetime.fromtimestamp(moment, UTC)
    return f"{date.day} {date:%b}"


def duration(seconds: int) -> str:
    """Write a duration in its two largest units, such as 2 h 5 min."""
    parts: list[str] = []
    for unit, name in _UNITS:
        count, seconds = divmod(seconds, unit)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts[:2])


def are(count: int) -> str:
    """Give the verb that fits a number."""
    return "is" if count == 1 else "are"
