"""Read answers that somebody has saved, whatever they stand in: one document, a list, JSON lines. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

Order: TypeAlias = "dict[str, object]"

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class UnusableError(Exception):
    """What was saved cannot be read as answers; the words say why and where, and quote nothing."""


def orders_of(data: bytes) -> list[Order]:
    """Yield the orders of all responses. Raises UnusableError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableError("it is not UTF-8") from None
    orders = [order for line, value in _values(text) for order in _orders(value, line)]
    if not orders:
        raise UnusableError("it holds no answer")
    return orders


def _values(text: str) -> Iterator[tuple[int, object]]:
    """Yield one JSON value after another, each with the line on which it begins."""
    start, line = 0, 1
    while True:
        end = _end_of_space(text, start)
        line += text.count("\n", start, end)
        if end == len(text):
            return
        try:
            value, start = _DECODER.raw_decode(text, end)
        except (ValueError, RecursionError):  # a number of 5,000 digits is a ValueError, too
            raise UnusableError(f"what begins on line {line} is not JSON") from None
        yield line, value
        line += text.count("\n", end, start)


def _end_of_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _orders(value: object, line: int) -> Iterator[Order]:
    for answer in value if _is_list(value) else [value]:
        is_bare = _is_object(answer) and {"id", "status"} <= answer.keys()
        order = answer if is_bare or not _is_object(answer) else answer.get("order")
        if not _is_object(order):
            raise UnusableError(f"what begins on line {line} holds something that is neither an answer nor an order")
        yield order


def _is_object(value: object) -> TypeGuard[Order]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
