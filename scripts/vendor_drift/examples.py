"""Check that the client reads the document's examples as a person would. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from thanksio._models import STATUS_WORDS
from thanksio._verdict import Reading, Response, Unreadable, explain, is_refusal, normalize, read_order, sanitize
from vendor_drift.values import Difference, node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def verdict(example: object) -> str:
    """Return the client's verdict on a 200 response with this body: cancelled, not cancelled, unknown, or why none."""
    reading = _reading(example)
    if isinstance(reading, Unreadable):
        return f"none: {reading.why}"
    if not reading.is_listed:
        return "unknown"
    return "cancelled" if reading.is_cancelled else "not cancelled"


def _reading(example: object) -> Reading | Unreadable:
    number = node(node(example).get("order")).get("id")
    return read_order(Response(200, json.dumps(example).encode()), number if type(number) is int else 0)


def expected_verdict(example: object) -> str:
    """Return the verdict of a person, who also understands `canceled` and the display form.

    It is less strict than the client's on purpose: where the two differ, somebody has to look. For any other status
    that is not listed, a person does not know more than the client.
    """
    order = node(node(example).get("order"))
    words = [str(order.get(name, "")).strip().casefold() for name in ("status", "display_status")]
    if any(word.startswith("cancel") for word in words):
        return "cancelled"
    status = order.get("status")
    return "unknown" if isinstance(status, str) and not is_listed(status) else "not cancelled"


def wrong_verdicts(examples: Iterable[object]) -> Iterator[Difference]:
    """Yield a difference for each example that the client and a person read differently."""
    for example in examples:
        actual, expected = verdict(example), expected_verdict(example)
        if actual != expected:
            yield Difference("verdict", "/order/status", actual, expected)


def unexplained_errors(errors: Iterable[tuple[str, object]]) -> Iterator[Difference]:
    """Yield a difference for each documented 4xx whose body the client finds no message in, or takes for no refusal."""
    for status, example in errors:
        response = Response(int(status), json.dumps(example).encode(), {"content-type": "application/json"})
        message, _ = explain(response, str)
        if not message:
            yield Difference("error body", status, "a message", "the client finds none")
        elif status not in ("408", "425", "499") and not is_refusal(response):
            yield Difference("error body", status, "a refusal", "a proxy's, to the client")


def describe_verdict(example: object) -> str:
    """Return the line of the report about an example."""
    order = node(node(example).get("order"))
    actual, expected = verdict(example), expected_verdict(example)
    judged = "as expected" if actual == expected else f"EXPECTED {expected.upper()}"
    return f"order {order.get('id')}, status {sanitize(str(order.get('status')), str, 40)!r}: {actual}, {judged}"


def is_listed(status: str) -> bool:
    """Return whether the client knows this status."""
    return normalize(status) in map(normalize, STATUS_WORDS)
