"""Decide which orders `--until-settled` asks for again, and when. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio._verdict import normalize
from thanksio.bulk._window import window_end

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from thanksio.bulk._results import JournalRow

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 60.0  # seconds


def pause(asked: int) -> float:
    """Return the seconds to wait before orders are asked for again, after `asked` times."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(asked, 10))


def to_ask_again(rows: Iterable[JournalRow], order_ids: Container[int], now: float) -> list[tuple[int, float | None]]:
    """Return the orders of a run that are unknown or still reviewing and can be cancelled, with their times.

    The cancellation window of an order of unknown time is counted from its first request.
    """
    return [(row.order_id, row.placed) for row in rows if row.order_id in order_ids and _can_change(row, now)]


def _can_change(row: JournalRow, now: float) -> bool:
    is_reviewing = row.state == "not_cancelled" and normalize(row.status) == "reviewing"
    if row.state not in {"unknown", "in_flight"} and not is_reviewing:
        return False
    end = row.closes if row.closes is not None else window_end(row.first_sent)
    return end is None or now < end
