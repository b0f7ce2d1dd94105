"""The cancellation window of an order, and the forms in which the time of an order is written. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, SupportsIndex, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

_YEAR_10000 = 253402300800.0  # Unix time; Python's calendar ends there
CANCELLATION_WINDOW = 3600.0  # seconds; "about one hour" by the vendor's pages on test mode and on cancelling

# `2025-08-14 16:42:44` (no zone, UTC by inference), `2025-08-14T16:42:44.000000Z`, and RFC 3339 beside them.
# `+00` is how a database's shell shortens an offset; ` UTC` is how Ruby and BigQuery end a time.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[ Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:(?P<utc>[Zz]| ?(?:UTC|GMT))|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_DIGITS = re.compile(r"\d{10,19}(?:\.\d{1,9})?", re.ASCII)
_UTC = ("UTC", "Z", "+00:00")  # a tuple, because a list cannot be looked up in a set
# How programs export "no value": pandas, R, Python, SQL, `COPY` and `SELECT INTO OUTFILE`, spreadsheets.
MISSING = frozenset({"", "null", "\\n", "nat", "nan", "none", "na", "<na>", "n/a", "#n/a", "nil"})
# Unix times of the years 2001 to 2286 have 10 digits in seconds, so the number of digits tells the unit.
_UNITS = {10: 1, 13: 1_000, 16: 1_000_000, 19: 1_000_000_000}


def is_missing(value: object) -> bool:
    """Return whether a value stands for "no value": None, NaN, NaT, `NULL` and the like."""
    if isinstance(value, str):
        return value.strip().casefold() in MISSING
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - NaN and NaT differ from themselves
    except TypeError:  # pandas.NA is neither true nor false
        return str(value).casefold() in MISSING


def read_time(value: object, zone: tzinfo = UTC) -> float | None:
    """Return the Unix time of an order as `placed_time` does, and read more of what programs export.

    A value that stands for "no value" returns None. A number, or its digits, is a Unix time in seconds, milliseconds,
    microseconds or nanoseconds.
    """
    if is_missing(value):
        return None
    number = _number(value)
    return placed_time(value, zone) if number is None else number


def placed_time(value: object, zone: tzinfo = UTC) -> float | None:
    """Return the Unix time at which an order was placed, from any form in which the vendor writes it.

    These are a text without a zone, which is in `zone`; a text with one; and PHP's object of `date` and `timezone`. A
    `datetime` is accepted, too, and an integer of numpy. None, an empty text and NaT return None. Raises ValueError for
    anything else; its text continues a sentence: "is not a time such as ...".
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, datetime):
        return None if is_missing(value) else _unix(value, zone)
    if _is_object(value):
        if value.get("timezone", "UTC") not in _UTC:
            raise ValueError("has a timezone that is not UTC")
        value, zone = value.get("date"), UTC
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    number = None if isinstance(value, str | int | float) else _number(value)
    if number is not None:
        return number
    moment = None
    if match:
        with suppress(ValueError):  # a month 13
            moment = datetime.fromisoformat((f"{match[1]}Z" if match["utc"] else match[0]).upper())
    if moment is None:
        raise ValueError("is not a time such as 2026-11-24 09:30:00 (UTC) or 2026-11-24T09:30:00Z")
    return _unix(moment, zone)


def is_time(value: object) -> TypeGuard[float]:
    """Whether a value is a Unix time in seconds, up to the year 9999."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _YEAR_10000


def window_end(placed: float | None) -> float | None:
    """Return the Unix time at which an order can no longer be cancelled; None if the time of the order is unknown."""
    return None if placed is None else placed + CANCELLATION_WINDOW


def _number(value: object) -> float | None:
    """Return the Unix time in seconds that a number or its digits mean, or None."""
    if isinstance(value, bool) or not isinstance(value, str | float | SupportsIndex):
        return None
    text = value.strip() if isinstance(value, str) else f"{value:.6f}" if isinstance(value, float) else str(value)
    unit = _UNITS.get(len(text.partition(".")[0])) if _DIGITS.fullmatch(text) else None
    return None if unit is None else float(text) / unit


def _unix(moment: datetime, zone: tzinfo) -> float:
    # A tzinfo may return None, which is naive as well: https://docs.python.org/3/library/datetime.html#aware-and-naive-objects
    if moment.utcoffset() is not None:
        return moment.timestamp()
    first, second = (moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first != second:
        raise ValueError("is skipped or repeated by a change of the clocks in this time zone")
    return first


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)
