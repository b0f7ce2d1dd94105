"""Read saved responses from one JSON document, a list or JSON lines. Pure."""

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
    """The file does not contain saved responses; the message says why and where, and quotes nothing."""


def orders_of(data: bytes) -> list[Order]:
    """Return the orders of all responses. Raises UnusableError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableError("it is not UTF-8") from None
    orders = [order for line, value in _values(text) for order in _orders(value, line)]
    if not orders:
        raise UnusableError("it contains no response")
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
            raise UnusableError(f"the value that begins on line {line} is not JSON") from None
        yield line, value
        line += text.count("\n", end, start)


def _end_of_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _orders(value: object, line: int) -> Iterator[Order]:
    for item in value if _is_list(value) else [value]:
        is_bare = _is_object(item) and {"id", "status"} <= item.keys()
        order = item if is_bare or not _is_object(item) else item.get("order")
        if not _is_object(order):
            raise UnusableError(f"the value that begins on line {line} contains neither a response nor an order")
        yield order


def _is_object(value: object) -> TypeGuard[Order]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
