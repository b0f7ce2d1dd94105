"""Say what will happen before anything is sent: how long it takes, and whose hour runs out before its turn. Pure."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio.bulk._window import window_end
from thanksio.cli._wording import clock, duration, many

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from thanksio.cli.input import Orders

_PER = 60.0  # seconds; the vendor's limit is one of a minute
_NAMED = 10  # orders that are named before "and 31 more"


@frozen
class Row:
    """An order, and the Unix time at which it was placed, if anybody said so."""

    order_id: int
    placed: float | None = None


@frozen
class Plan:
    """What is known before a run. Times are Unix times; `rows` are all orders as their turns come, the settled too."""

    now: float
    rows: tuple[Row, ...]
    settled: int  # by an earlier run: these are not sent
    rate: int  # requests a minute, as far as is known
    lasts: float  # seconds
    late: tuple[Row, ...]  # their hour ends before their turn
    over: tuple[Row, ...]  # their hour is over already
    untimed: int  # nobody said when they were placed

    @property
    def sending(self) -> int:
        """How many orders will be sent."""
        return len(self.rows) - self.settled

    @property
    def ends(self) -> float:
        """When the last order has been sent."""
        return self.now + self.lasts


def make_plan(
    placed: Mapping[int, float | None], now: float, rate: int, *, settled: Collection[int] = frozenset()
) -> Plan:
    """Plan a run at `rate` requests a minute, of orders and when they were placed, without those that are `settled`.

    The hour that ends first goes first, then those of which nobody knows; those whose hour is over go last. The
    budget of a minute is used at once, so that the k-th order goes in minute k // rate.
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
    """Sort as the journal gives the orders out; what compares equal stays as it was given."""
    end = _end(row)
    return (2 if end <= now else 1 if end == math.inf else 0), end


def _late(queue: list[Row], now: float, rate: int) -> Iterator[Row]:
    """Give those whose hour ends before their turn. They take nobody's turn: they go last, with those over already."""
    sent = 0
    for row in queue:
        if _end(row) <= now:
            continue
        if _end(row) <= now + time_for(sent + 1, rate):
            yield row
        else:
            sent += 1


def time_for(orders: int, rate: int) -> float:
    """Give the seconds after which the last of so many orders is sent, if `rate` can leave in each minute."""
    return max(0, orders - 1) // rate * _PER


def told(plan: Plan, *, cap: int | None, known: int, journal: str | None, is_checked: bool = False) -> Iterator[str]:
    """Yield the plan line by line. `known` is the documented limit, `cap` the operator's own."""
    sending = plan.sending
    yield many(len(plan.rows)) + (f", of which {plan.settled:,} settled already" if plan.settled else "") + "."
    if journal:
        yield f"Journal: {journal}"
    if not sending:
        yield "Nothing is left to send."
        return
    source = "as documented; the first response shows your limit"
    if cap is not None and cap < known:
        source = "as --rate says"
    elif is_checked:
        source = "as checked"
    yield f"Rate: {plan.rate:,} a minute, {source}."
    until = f", until {clock(plan.ends, plan.now)}" if plan.lasts else ""
    lasts = f"about {duration(plan.lasts)}" if plan.lasts else "less than a minute"
    yield f"Duration: {lasts} for {many(sending)}{until}."
    yield from _hours(plan)


def _hours(plan: Plan) -> Iterator[str]:
    if plan.late:
        named = [f"{row.order_id} ({clock(_end(row), plan.now)})" for row in plan.late]
        yield f"Their hour will run out before their turn: {many(len(named))}. {_some(named)}"
    if plan.over:
        named = [str(row.order_id) for row in plan.over]
        yield f"Their hour is over already, they go last: {many(len(named))}. {_some(named)}"
    if not plan.late and not plan.over and plan.untimed < len(plan.rows):
        yield "No hour that is known ends before its turn."
    if plan.untimed == len(plan.rows):
        yield "Nobody said when they were placed: they go in the order given."
    elif plan.untimed:
        yield f"Nobody said when they were placed, they go after those with a time: {many(plan.untimed)}."


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def as_json(plan: Plan) -> dict[str, object]:
    """Give the plan as one JSON object."""
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
    """Say which rows of the input are not sent as they are."""
    if orders.bad:
        yield f"{many(orders.bad, 'bad row')} skipped."
    if orders.unselected:
        yield f"{many(orders.unselected, 'row')} not selected by --where."
    if orders.unread:
        yield f"{many(orders.unread, 'time')} that cannot be read: sent as orders of unknown time."
    if orders.repeated:
        yield f"{many(orders.repeated, 'number')} given more than once, sent once."


def columns(orders: Orders, timezone: str) -> Iterator[str]:
    """Say which columns were read."""
    if orders.ids:
        yield f"Order numbers: column {_some(list(orders.ids))}."
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
