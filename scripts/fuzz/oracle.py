"""What must hold for every call, whatever a server sent: a second reading of the bytes, and a search for secrets.

The reading here shares nothing with the package's own. It is slow, and it is simple.
"""

from __future__ import annotations

import copy
import io
import json
import math
import pickle
import re
import traceback
import zlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml
from attrs import frozen

import thanksio
from thanksio import APIResponseValidationError, Order, OrderNotCancelledError, ThanksIOError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

TOKEN = "tk-0123456789-secret"  # noqa: S105 - it opens nothing
LETTER = "Dear Jane, nobody else may read this"
LONGEST_TEXT = 1000  # characters of an error's text
SLACK = 0.5  # seconds that a call may outlive its deadline
_MOST_BYTES = 1024 * 1024
_MOST_LEVELS = 100
_NO_JSON = object()
_CONTRACT = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text("utf-8"))
_STATUS = _CONTRACT["components"]["schemas"]["Order"]["properties"]["status"]
LISTED = frozenset(word.lower() for word in (*_STATUS["anyOf"][0]["enum"], *_STATUS["x-display-words"]))
_NO_REFUSALS = frozenset({408, 425, 499})  # rule 7
_REFUSAL_KEYS = frozenset({"message", "errors", "status", "code"})  # those of the documented refusals


class Pairs(list[tuple[str, object]]):
    """A JSON object with all of its pairs, those of the same name, too."""


@frozen
class Ended:
    """What a call ended in: what it returned or raised, how long it took, and what was logged meanwhile."""

    result: object
    seconds: float = 0.0
    logs: str = ""


def shown_status(body: bytes, encoding: str, order_id: int) -> str | None:
    """Return the status in which a response shows order `order_id`, None if it does not show it.

    It is a JSON object in UTF-8, of at most 1 MiB, with no key twice and no infinite number; the order
    in it has exactly this integer as its id.
    """
    order = _value(_document(body, encoding), "order")
    number, status = _value(order, "id"), _value(order, "status")
    if type(number) is not int or number != order_id:
        return None
    return status if isinstance(status, str) else None


def is_refusal(status: int, body: bytes, encoding: str) -> bool:
    """Return whether a response is the API's own refusal: rule 7."""
    document = _document(body, encoding)
    if status // 100 != 4 or status in _NO_REFUSALS or not isinstance(document, Pairs):  # noqa: PLR2004
        return False
    keys = dict(document).keys()
    says = "message" in keys or "errors" in keys or isinstance(_value(document, "status"), str)
    return says and "type" not in keys


def may_show_order(body: bytes) -> bool:
    """Return whether a refusal holds more than the documented ones do, such as an order, and so proves less."""
    document = _document(body, "")
    return not isinstance(document, Pairs) or not dict(document).keys() <= _REFUSAL_KEYS


def _document(body: bytes, encoding: str) -> object:
    """Parse a body strictly; None if it cannot be parsed."""
    try:
        plain = _unpacked(body, encoding)
        document = json.loads(plain.decode("utf-8-sig"), object_pairs_hook=Pairs, parse_constant=lambda _: _NO_JSON)
    except (ValueError, RecursionError, zlib.error):
        return None
    return document if _is_sound(document, _MOST_LEVELS) else None


def says_cancelled(status: str | None) -> bool:
    """Return whether a status is the word, in any case and with any space around it."""
    return status is not None and _is_word("cancelled", status)


def is_listed(status: str) -> bool:
    """Return whether the contract lists a status."""
    return any(_is_word(word, status) for word in LISTED)


def _is_word(word: str, status: str) -> bool:
    return re.fullmatch(rf"\s*{word}\s*", status, re.IGNORECASE) is not None


def _unpacked(body: bytes, encoding: str) -> bytes:
    label = encoding.strip().lower()
    if label in {"", "identity"}:
        return body
    if label not in {"gzip", "x-gzip", "deflate"}:
        raise ValueError(label)
    inflater = zlib.decompressobj(31 if body.startswith(b"\x1f\x8b") else 15)
    plain = inflater.decompress(body)
    if not inflater.eof or inflater.unused_data or len(plain) > _MOST_BYTES:
        raise ValueError("it is cut, has more after its end, or is too large")
    return plain


def _value(document: object, name: str) -> object:
    return dict(document).get(name) if isinstance(document, Pairs) else None


def _is_sound(value: object, levels: int) -> bool:
    if isinstance(value, Pairs):
        inner = [item for _, item in value]
        return len(dict(value)) == len(value) and levels > 0 and all(_is_sound(item, levels - 1) for item in inner)
    if isinstance(value, list):
        return levels > 0 and all(_is_sound(item, levels - 1) for item in value)
    return value is not _NO_JSON and not (isinstance(value, float) and math.isinf(value))


def first_answer(raw: bytes) -> tuple[int, str, bytes]:
    """Read the first answer out of a server's bytes: its status, content encoding and body; (0, ...) if none is there.

    It is read by the standard library, which allows more than h11 does; so this tells what may be true at most.
    """
    stream, read = io.BytesIO(raw), []
    try:
        while True:
            response = HTTPResponse(cast("socket.socket", _Deaf(stream)), method="PUT")
            read.append(response)  # one that is thrown away closes the stream
            response.begin()
            if not 100 < response.status < 200:  # noqa: PLR2004 - RFC 9110, section 15.2
                return response.status, response.getheader("content-encoding") or "", response.read()
    except (HTTPException, ValueError, OSError):
        return 0, "", b""


class _Deaf:
    """All that http.client wants of a socket."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._stream


def problems(ended: Ended, shown: str | None, order_id: int, deadline: float) -> list[str]:
    """List what is wrong with how a call ended; `shown` is the status in which the bytes show the order."""
    wrong = [*_untrue(ended.result, shown, order_id), *_late(ended.seconds, deadline), *_leaks(ended)]
    return [*wrong, *_forgotten(ended.result)] if isinstance(ended.result, ThanksIOError) else wrong


def _untrue(result: object, shown: str | None, order_id: int) -> Iterator[str]:
    if isinstance(result, Order):
        if not says_cancelled(shown) or (type(result.id), result.id) != (int, order_id):
            yield f"the caller was told that order {order_id} is cancelled, and the bytes do not say so"
    elif isinstance(result, OrderNotCancelledError):
        if shown is None or says_cancelled(shown) or not is_listed(shown):
            yield "the caller was told that it is not cancelled, and the bytes do not say so"
        if result.may_have_cancelled:
            yield "may_have_cancelled is True although the order was shown"
    elif isinstance(result, APIResponseValidationError):
        if result.order is not None and (shown is None or is_listed(shown)):
            yield "the caller was told that the status is not listed, and the bytes do not say so"
        if not result.may_have_cancelled:
            yield "may_have_cancelled is False although nothing is known"
    elif not isinstance(result, ThanksIOError):
        yield f"the call ended in {result!r}"


def _late(seconds: float, deadline: float) -> Iterator[str]:
    if seconds > deadline + SLACK:
        yield f"the call took {seconds:.2f} s, and its deadline was {deadline} s"


def _forgotten(error: ThanksIOError) -> Iterator[str]:
    """Check rule 12: an error that is pickled, copied or made again from its arguments says the same."""
    twins = {
        "pickle": pickle.loads(pickle.dumps(error)),  # noqa: S301 - it was pickled here
        "copy": copy.copy(error),
        "error made from its args": type(error)(*json.loads(json.dumps(error.args))),
    }
    for name, twin in twins.items():
        if (str(twin), twin.may_have_cancelled) != (str(error), error.may_have_cancelled):
            yield f"the {name} says {twin!r} and may_have_cancelled={twin.may_have_cancelled}"


def _leaks(ended: Ended) -> Iterator[str]:
    shown = {"str": str(ended.result), "repr": repr(ended.result), "logs": ended.logs}
    if isinstance(ended.result, Exception):
        if len(shown["str"]) >= LONGEST_TEXT:
            yield f"the text of the error has {len(shown['str'])} characters"
        shown |= _insides(ended.result)
    for place, text in shown.items():
        yield from secrets_in(text, place)


def secrets_in(text: str, place: str) -> Iterator[str]:
    """Yield each secret that a text contains."""
    for secret, word in ((TOKEN, "token"), (LETTER, "letter")):
        if secret in text:
            yield f"the {word} is in the {place}"


def _insides(error: Exception) -> dict[str, str]:
    pickled = pickle.dumps(error)
    twin = pickle.loads(pickled)  # noqa: S301 - it was pickled here
    chain = [error, *(other for other in (error.__cause__, error.__context__) if other)]
    return {
        "pickle": pickled.decode("latin-1"),
        "copy": repr(twin) + str(twin),
        "cause": repr(chain[1:]),
        "traceback": "\n".join(text for one in chain for text in _locals(one)),
    }


def _locals(error: BaseException) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).is_relative_to(Path(thanksio.__file__).parent):
            yield repr(frame.f_locals)
