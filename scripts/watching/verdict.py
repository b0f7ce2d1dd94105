"""Ask the client itself what it makes of the vendor's example, and whether it should. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from thanksio._models import STATUS_WORDS
from thanksio._verdict import Reading, Response, Unreadable, explain, is_refusal, normalize, read_order, sanitize
from watching.values import Difference, node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NEVER_REFUSALS = frozenset({"408", "425", "499"})
_WORDS = ("status", "display_status")


def verdict(example: object) -> str:
    """Return the client's verdict on a 200 response with this body: cancelled, not cancelled, unknown, or why none."""
    reading = _reading(example)
    if isinstance(reading, Unreadable):
        return f"none, for it {reading.why}"
    if not reading.is_listed:
        return "unknown"
    return "cancelled" if reading.is_cancelled else "not cancelled"


def _reading(example: object) -> Reading | Unreadable:
    number = node(node(example).get("order")).get("id")
    return read_order(Response(200, json.dumps(example).encode()), number if type(number) is int else 0)


def wanted(example: object) -> str:
    """Return the verdict of a person, who also reads `canceled` and the display form.

    It is less strict than the client's rule on purpose: somebody has to look at an example that the two read
    differently. About any other status that is not listed a person does not know more than the client.
    """
    order = node(node(example).get("order"))
    said = [str(order.get(name, "")).strip().casefold() for name in _WORDS]
    if any(word.startswith("cancel") for word in said):
        return "cancelled"
    status = order.get("status")
    return "unknown" if isinstance(status, str) and not is_listed(status) else "not cancelled"


def verdicts(examples: Iterable[object]) -> Iterator[Difference]:
    """Yield a difference for each example whose verdict is not the one that it should get."""
    for example in examples:
        is_, should = verdict(example), wanted(example)
        if is_ != should:
            yield Difference("verdict", "/order/status", is_, should)


def error_bodies(errors: Iterable[tuple[str, object]]) -> Iterator[Difference]:
    """Yield a difference for each documented 4xx whose body the client does not explain, or not as a refusal."""
    for status, example in errors:
        response = Response(int(status), json.dumps(example).encode(), {"content-type": "application/json"})
        message, _ = explain(response, str)
        if not message:
            yield Difference("error body", status, "a body with an explanation", "the client finds none")
        elif status not in _NEVER_REFUSALS and not is_refusal(response):
            yield Difference("error body", status, "a refusal", "the client does not take it for the API's own")


def told(example: object) -> str:
    """Return a line that says which verdict an example gets."""
    order = node(node(example).get("order"))
    is_, should = verdict(example), wanted(example)
    judged = "as it should be" if is_ == should else f"BUT IT SHOULD BE {should.upper()}"
    return f"order {order.get('id')}, status {sanitize(str(order.get('status')), str, 40)!r}: {is_}, {judged}"


def is_listed(status: str) -> bool:
    """Return whether the client's verdict knows this status."""
    return normalize(status) in map(normalize, STATUS_WORDS)
