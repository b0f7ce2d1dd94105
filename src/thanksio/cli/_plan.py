"""Plan a run: how long it takes, and which cancellation windows close before their orders' turn. Pure."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio.bulk._window import window_end
from thanksio.cli._format import clock, duration, pluralize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from thanksio.cli.input import Orders

_PER = 60.0  # seconds; the vendor's limit is one of a minute
AS_DOCUMENTED = "as documented; the first response shows your limit"
_NAMED = 10  # orders that are listed before "and 31 more"


@frozen
class Row:
    """An order, and the Unix time at which it was placed, if that is known."""

    order_id: int
    placed: float | None = None


@frozen
class Plan:
    """What is known before a run. Times are Unix times; `rows` are all orders in their sequence, the settled too."""

    now: float
    rows: tuple[Row, ...]
    settled: int  # by an earlier run: these are not sent
    rate: int  # requests a minute, as far as is known
    lasts: float  # seconds
    late: tuple[Row, ...]  # their window closes before their turn
    over: tuple[Row, ...]  # their window is closed already
    untimed: int  # when they were placed is not known

    @property
    def sending(self) -> int:
        """The number of orders to be sent."""
        return len(self.rows) - self.settled

    @property
    def ends(self) -> float:
        """The time at which the last order has been sent."""
        return self.now + self.lasts


def make_plan(
    placed: Mapping[int, float | None], now: float, rate: int, *, settled: Collection[int] = frozenset()
) -> Plan:
    """Return the plan of a run at `rate` requests a minute, for orders and when they were placed.

    The window that ends first goes first, then orders of unknown time, then those whose window is closed. The budget of
    a minute is used at once, so the k-th order goes in minute k // rate.
    """
    rows = sorted(itertools.starmap(Row, placed.items()), key=lambda row: _turn(row, now))
    queue = [row for row in rows if row.order_id not in settled]
    over = [row for row in queue if _end(row) <= now]
    return Plan(
        now=now,
        rows=tuple(rows),
        settled=len(rows) - len(queue),
        rate=rate,
        lasts=time_for(len(queue), rate),
        late=tuple(_late(queue, now, rate)),
        over=tuple(over),
        untimed=sum(row.placed is None for row in queue),
    )


def _end(row: Row) -> float:
    end = window_end(row.placed)
    return math.inf if end is None else end


def _turn(row: Row, now: float) -> tuple[int, float]:
    """Return the sort key, which is that of the journal."""
    end = _end(row)
    return (2 if end <= now else 1 if end == math.inf else 0), end


def _late(queue: list[Row], now: float, rate: int) -> Iterator[Row]:
    """Yield the orders whose window closes before their turn. They go last, so they delay no other order."""
    sent = 0
    for row in queue:
        if _end(row) <= now:
            continue
        if _end(row) <= now + time_for(sent + 1, rate):
            yield row
        else:
            sent += 1


def time_for(orders: int, rate: int) -> float:
    """Return the seconds after which the last of these orders is sent, at `rate` requests a minute."""
    return max(0, orders - 1) // rate * _PER


def lines(plan: Plan, *, cap: int | None, limit: int, basis: str = AS_DOCUMENTED, journal: str | None) -> Iterator[str]:
    """Yield the plan line by line. `limit` is the account's, known from `basis`; `cap` is the operator's own."""
    sending = plan.sending
    yield pluralize(len(plan.rows)) + (f", of which {plan.settled:,} settled already" if plan.settled else "") + "."
    if journal:
        yield f"Journal: {journal}"
    if not sending:
        yield "Nothing is left to send."
        return
    if cap is not None:
        basis = "as --rate says" if cap < limit else f"{basis}; --rate {cap:,} is not below it"
    yield f"Rate: {plan.rate:,} a minute, {basis}."
    until = f", until {clock(plan.ends, plan.now)}" if plan.lasts else ""
    lasts = f"about {duration(plan.lasts)}" if plan.lasts else "less than a minute"
    yield f"Duration: {lasts} for {pluralize(sending)}{until}."
    yield from _windows(plan)


def _windows(plan: Plan) -> Iterator[str]:
    if plan.late:
        named = [f"{row.order_id} ({clock(_end(row), plan.now)})" for row in plan.late]
        yield f"Cancellation window closes before their turn: {pluralize(len(named))}. {_some(named)}"
    if plan.over:
        named = [str(row.order_id) for row in plan.over]
        yield f"Cancellation window already closed, sent last: {pluralize(len(named))}. {_some(named)}"
    if not plan.late and not plan.over and plan.untimed < len(plan.rows):
        yield "Every order with a known time is sent in time, by this plan."
    if plan.untimed == len(plan.rows):
        yield "No order has a time: they are sent in the order of the input."
    elif plan.untimed:
        yield f"Placed at an unknown time, sent after those with an open window: {pluralize(plan.untimed)}."


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def as_json(plan: Plan) -> dict[str, object]:
    """Return the plan as a JSON object."""
    return {
        "orders": len(plan.rows),
        "settled": plan.settled,
        "to_send": plan.sending,
        "rate": plan.rate,
        "seconds": plan.lasts,
        "late": [row.order_id for row in plan.late],
        "over": [row.order_id for row in plan.over],
        "untimed": plan.untimed,
    }


def left_out(orders: Orders) -> Iterator[str]:
    """Yield which rows of the input are skipped or changed."""
    if orders.bad:
        yield f"{pluralize(orders.bad, 'bad row')} skipped."
    if orders.unselected:
        yield f"{pluralize(orders.unselected, 'row')} not selected by --where."
    if orders.unread:
        yield f"{pluralize(orders.unread, 'time')} ignored: the times of these orders count as unknown."
    if orders.repeated:
        yield f"{pluralize(orders.repeated, 'id')} listed more than once, sent once."


def columns(orders: Orders, timezone: str) -> Iterator[str]:
    """Yield which columns were read."""
    if orders.ids:
        yield f"Order ids: column {_some(list(orders.ids))}."
    if orders.times:
        yield f"Times: column {_some(list(orders.times))}; those without a zone are {timezone}."


def of_input(orders: Orders) -> dict[str, object]:
    """Return what a plan says of its input as part of a JSON object."""
    rows = [{"row": problem.place, "error": problem.why} for problem in orders.problems]
    return {
        "skipped": orders.bad,
        "skipped_rows": rows,
        "unread_times": orders.unread,
        "unselected": orders.unselected,
        "repeated": orders.repeated,
        "id_columns": list(orders.ids),
        "time_columns": list(orders.times),
    }
