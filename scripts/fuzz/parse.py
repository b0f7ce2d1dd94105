"""Parse what a server sent a second time, simply and slowly, and without code of the package."""

from __future__ import annotations

import io
import json
import math
import re
import zlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

if TYPE_CHECKING:
    import socket

_MOST_BYTES = 1024 * 1024
_MOST_LEVELS = 100
_NOT_JSON = object()
_CONTRACT = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text("utf-8"))
_STATUS = _CONTRACT["components"]["schemas"]["Order"]["properties"]["status"]
LISTED = (*_STATUS["anyOf"][0]["enum"], *_STATUS["x-display-words"])
_NEVER_REFUSALS = (408, 425, 499)  # rule 7
_REFUSAL_KEYS = {"message", "errors", "status", "code"}  # those of the documented refusals


class Pairs(list[tuple[str, object]]):
    """A JSON object with all of its pairs, including those with the same name."""


def shown_status(body: bytes, encoding: str, order_id: int) -> str | None:
    """Return the status in which a response shows order `order_id`, or None if it does not show it.

    It is a JSON object in UTF-8, of at most 1 MiB, without duplicate keys and infinite numbers. The order in it has
    exactly this integer as its id.
    """
    order = _value(_document(body, encoding), "order")
    number, status = _value(order, "id"), _value(order, "status")
    is_shown = type(number) is int and number == order_id and isinstance(status, str)
    return str(status) if is_shown else None


def is_refusal(status: int, body: bytes, encoding: str) -> bool:
    """Return whether a response is a refusal by the API itself: rule 7."""
    document = _document(body, encoding)
    if status // 100 != 4 or status in _NEVER_REFUSALS or not isinstance(document, Pairs):  # noqa: PLR2004
        return False
    keys = dict(document).keys()
    return bool({"message", "errors"} & keys or isinstance(_value(document, "status"), str)) and "type" not in keys


def may_show_order(body: bytes) -> bool:
    """Return whether a refusal has more keys than the documented ones, such as an order, and so proves less."""
    document = _document(body, "")
    return not isinstance(document, Pairs) or not dict(document).keys() <= _REFUSAL_KEYS


def is_cancelled(status: str | None) -> bool:
    """Return whether a status is `cancelled`, without regard to case and surrounding space."""
    return status is not None and _is_word("cancelled", status)


def is_listed(status: str) -> bool:
    """Return whether the contract lists a status."""
    return any(_is_word(word, status) for word in LISTED)


def first_response(raw: bytes) -> tuple[int, str, bytes]:
    """Return status, content encoding and body of the first response in a server's bytes, or (0, "", b"") without one.

    The standard library parses it, which accepts more than h11 does. So this is the most that can be true.
    """
    stream, parsed = io.BytesIO(raw), []
    try:
        while True:
            response = HTTPResponse(cast("socket.socket", _ReadOnlySocket(stream)), method="PUT")
            parsed.append(response)  # a response that is garbage-collected closes the stream
            response.begin()
            if not 100 < response.status < 200:  # noqa: PLR2004 - RFC 9110, section 15.2
                return response.status, response.getheader("content-encoding") or "", response.read()
    except (HTTPException, ValueError, OSError):
        return 0, "", b""


class _ReadOnlySocket:
    """The part of a socket that http.client uses."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._stream


def _is_word(word: str, status: str) -> bool:
    return re.fullmatch(rf"\s*{word}\s*", status, re.IGNORECASE) is not None


def _value(document: object, name: str) -> object:
    return dict(document).get(name) if isinstance(document, Pairs) else None


def _document(body: bytes, encoding: str) -> object:
    """Parse a body strictly; return None if it cannot be parsed."""
    try:
        plain = _decompressed(body, encoding)
        document = json.loads(plain.decode("utf-8-sig"), object_pairs_hook=Pairs, parse_constant=lambda _: _NOT_JSON)
    except (ValueError, RecursionError, zlib.error):
        return None
    return document if _is_valid(document, _MOST_LEVELS) else None


def _decompressed(body: bytes, encoding: str) -> bytes:
    label = encoding.strip().lower()
    if label in {"", "identity"}:
        return body
    if label not in {"gzip", "x-gzip", "deflate"}:
        raise ValueError(label)
    inflater = zlib.decompressobj(31 if body.startswith(b"\x1f\x8b") else 15)
    plain = inflater.decompress(body)
    if not inflater.eof or inflater.unused_data or len(plain) > _MOST_BYTES:
        raise ValueError("It is truncated, has trailing data, or is too large.")
    return plain


def _is_valid(value: object, levels: int) -> bool:
    if isinstance(value, Pairs):
        inner = [item for _, item in value]
        return len(dict(value)) == len(value) and levels > 0 and all(_is_valid(item, levels - 1) for item in inner)
    if isinstance(value, list):
        return levels > 0 and all(_is_valid(item, levels - 1) for item in value)
    return value is not _NOT_JSON and not (isinstance(value, float) and math.isinf(value))
