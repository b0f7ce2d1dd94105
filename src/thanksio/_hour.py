"""The hour in which an order can be cancelled, and the forms in which the vendor writes when an order was placed."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

_YEAR_10000 = 253402300800.0  # Unix time; no calendar of Python's goes on after it
HOUR = 3600.0  # seconds; "about one hour" by the vendor's pages on test mode and on cancelling

# `2025-08-14 16:42:44` (no zone, UTC by inference), `2025-08-14T16:42:44.000000Z`, and RFC 3339 beside them.
# `+00` is how a database's shell shortens an offset.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_UTC = ("UTC", "Z", "+00:00")  # a tuple, for a set cannot be asked about a list


def placed_time(value: object) -> float | None:
    """Give the Unix time at which an order was placed, from any form in which the vendor writes it.

    These are a text without a zone, which is UTC; a text with one; and PHP's object of `date` and `timezone`. A
    `datetime` is taken, too. None and an empty text give None. Raises ValueError for anything else, whose text goes on
    where the value was named: "is no time such as ...".
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, datetime):
        return _unix(value)
    if _is_object(value):
        if value.get("timezone", "UTC") not in _UTC:
            raise ValueError("has a timezone that is not UTC")
        value = value.get("date")
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        with suppress(ValueError):  # a month 13
            return _unix(datetime.fromisoformat(value.strip().upper()))
    raise ValueError("is no time such as 2026-11-24 09:30:00 (UTC) or 2026-11-24T09:30:00Z")


def is_time(value: object) -> TypeGuard[float]:
    """Whether a value is a Unix time in seconds, up to the year 9999."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _YEAR_10000


def closes(placed: float | None) -> float | None:
    """Give the Unix time at which the hour of an order ends; None if nobody said when it was placed."""
    return None if placed is None else placed + HOUR


def _unix(moment: datetime) -> float:
    # A tzinfo may say None, which is naive, too: https://docs.python.org/3/library/datetime.html#aware-and-naive-objects
    return (moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment).timestamp()


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)
