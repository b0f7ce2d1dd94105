"""Ask the client itself what it makes of the vendor's example, and whether it should. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from thanksio._verdict import Answer, Reading, Unreadable, clean, next_step, read_order
from watching.values import Difference, node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORDS = ("status", "display_status")


def verdict(example: object) -> str:
    """Give the client's verdict on an answer of 200 with this body: cancelled, not cancelled, or why it is none."""
    reading = _reading(example)
    if isinstance(reading, Unreadable):
        return f"none, for it {reading.why}"
    return "cancelled" if reading.is_cancelled else "not cancelled"


def _reading(example: object) -> Reading | Unreadable:
    number = node(node(example).get("order")).get("id")
    return read_order(Answer(200, json.dumps(example).encode()), number if type(number) is int else 0)


def wanted(example: object) -> str:
    """Give the verdict that a person would take from it, who also reads `canceled`, and the form for people.

    It is looser than the client's rule on purpose: what the two read differently, somebody has to look at.
    """
    order = node(node(example).get("order"))
    said = [str(order.get(name, "")).strip().casefold() for name in _WORDS]
    return "cancelled" if any(word.startswith("cancel") for word in said) else "not cancelled"


def verdicts(examples: Iterable[object]) -> Iterator[Difference]:
    """Name each example whose verdict is not the one that it should get."""
    for example in examples:
        is_, should = verdict(example), wanted(example)
        if is_ != should:
            yield Difference("verdict", "/order/status", is_, should)


def told(example: object) -> str:
    """Say in a line what becomes of an example."""
    order = node(node(example).get("order"))
    is_, should = verdict(example), wanted(example)
    judged = "as it should be" if is_ == should else f"BUT IT SHOULD BE {should.upper()}"
    return f"order {order.get('id')}, status {clean(str(order.get('status')), str, 40)!r}: {is_}, {judged}"


def is_known(status: str) -> bool:
    """Whether the client's own table has this status: it is cancelled, or there is advice for it."""
    reading = Reading({}, status)
    return reading.is_cancelled or next_step(reading) != next_step(Reading({}, ""))
