"""Format numbers, money, durations and times for people, and define the exit codes. Pure."""

from __future__ import annotations

import time
from enum import IntEnum

from attrs import frozen

MINUTE, HOUR = 60, 3600
_ABBREVIATION = 5  # characters, such as AEST


class Exit(IntEnum):
    """The exit codes, which the help lists."""

    CANCELLED = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_CANCELLED = 3
    UNKNOWN = 4
    CONFIGURATION = 5


@frozen
class Skipped:
    """The rows of the input that could not be read: their number, and the places and reasons of the first."""

    count: int = 0
    rows: tuple[tuple[str, str], ...] = ()  # places and reasons


NO_SKIPPED = Skipped()


def pluralize(number: int, noun: str = "order") -> str:
    """Write `1 order` or `3,000 orders`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def money(cents: int) -> str:
    """Write US cents as dollars."""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${dollars:,}.{rest:02}"


def duration(seconds: float) -> str:
    """Write a duration in seconds, minutes or hours."""
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    minutes = round(whole / MINUTE)
    if minutes < HOUR // MINUTE:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, HOUR // MINUTE)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def clock(moment: float, now: float) -> str:
    """Write a Unix time as local time with its zone, and with the date if it is not today."""
    then = time.localtime(moment)
    other_day = then[:3] != time.localtime(now)[:3]
    return f"{time.strftime('%Y-%m-%d %H:%M' if other_day else '%H:%M', then)} {zone(then)}"


def zone(then: time.struct_time) -> str:
    """Write the zone of a local time: its abbreviation, or its offset where the system has only a long name."""
    name = time.strftime("%Z", then)
    return name if name.isalpha() and len(name) <= _ABBREVIATION else time.strftime("%z", then)


def minute(per: float) -> str:
    """Write the time that a rate is for."""
    return "a minute" if per == MINUTE else f"in {per:g} s"
