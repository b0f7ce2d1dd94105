"""What must hold for every call, whatever a server sent: a true result, within the deadline, without secrets.

The bytes are parsed a second time, simply and slowly, and without code of the package.
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
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import yaml
from attrs import frozen

import thanksio
from thanksio import APIResponseValidationError, Order, OrderNotCancelledError, ThanksIOError
from thanksio._retry import retry_after
from thanksio._verdict import EXCERPT, NoResponse, explain, read_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thanksio._verdict import Outcome

TOKEN = "tk-0123456789-secret"  # noqa: S105 - only the fake accepts it
LETTER = "Dear Jane, nobody else may read this"
LONGEST_TEXT = 1000  # characters of an error's text
SLACK = 0.5  # seconds that a call may outlive its deadline
_MOST_ATTEMPTS = 5  # four of a call, and one under the other path after a 404 or 405
_LONGEST_WAIT = 120.0  # seconds; rule 3
_RETRIED = (404, 405, 408, 425, 429)  # and 5xx; rules 2 and 3
_MOST_BYTES = 1024 * 1024
_MOST_LEVELS = 100
_NOT_JSON = object()
_CONTRACT = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text("utf-8"))
_STATUS = _CONTRACT["components"]["schemas"]["Order"]["properties"]["status"]
LISTED = (*_STATUS["anyOf"][0]["enum"], *_STATUS["x-display-words"])
_NEVER_REFUSALS = (408, 425, 499)  # rule 7
_REFUSAL_KEYS = {"message", "errors", "status", "code"}  # those of the documented refusals


@frozen
class Ended:
    """The end of a call: what it returned or raised, after how many seconds, and what was logged meanwhile."""

    result: object
    seconds: float = 0.0
    logs: str = ""


def problems(ended: Ended, shown: str | None, order_id: int, deadline: float) -> list[str]:
    """List what is wrong with the end of a call; `shown` is the status in which the bytes show the order."""
    wrong = [*_untrue(ended.result, shown, order_id), *_leaks(ended)]
    if ended.seconds > deadline + SLACK:
        wrong.append(f"the call took {ended.seconds:.2f} s, and its deadline was {deadline} s")
    return [*wrong, *_changed_copies(ended.result)] if isinstance(ended.result, ThanksIOError) else wrong


def _untrue(result: object, shown: str | None, order_id: int) -> Iterator[str]:
    if isinstance(result, Order):
        if not is_cancelled(shown) or (type(result.id), result.id) != (int, order_id):
            yield f"order {order_id} was returned as cancelled, and the bytes do not show that"
    elif isinstance(result, OrderNotCancelledError):
        if shown is None or is_cancelled(shown) or not is_listed(shown):
            yield "the error is OrderNotCancelledError, and the bytes do not show that"
        if result.may_have_cancelled:
            yield "may_have_cancelled is True although the order was shown"
    elif isinstance(result, APIResponseValidationError):
        if result.order is not None and (shown is None or is_listed(shown)):
            yield "the error has an order in an unlisted status, and the bytes do not show that"
        if not result.may_have_cancelled:
            yield "may_have_cancelled is False although nothing is known"
    elif not isinstance(result, ThanksIOError):
        yield f"the call ended in {result!r}"


def _changed_copies(error: ThanksIOError) -> Iterator[str]:
    """Check rule 12: an error that is pickled, copied or created from its args is equal."""
    copies = {
        "pickle": pickle.loads(pickle.dumps(error)),  # noqa: S301 - it was pickled here
        "copy": copy.copy(error),
        "error created from its args": type(error)(*json.loads(json.dumps(error.args))),
    }
    for name, other in copies.items():
        if (str(other), other.may_have_cancelled) != (str(error), error.may_have_cancelled):
            yield f"the {name} is {other!r} with may_have_cancelled={other.may_have_cancelled}"


def _leaks(ended: Ended) -> Iterator[str]:
    texts = {"str": str(ended.result), "repr": repr(ended.result), "logs": ended.logs}
    if isinstance(error := ended.result, Exception):
        if len(texts["str"]) >= LONGEST_TEXT:
            yield f"the text of the error has {len(texts['str'])} characters"
        chained = [other for other in (error.__cause__, error.__context__) if other]
        texts |= {
            "pickle": pickle.dumps(error).decode("latin-1"),
            "cause": repr(chained),
            "traceback": "\n".join(text for one in (error, *chained) for text in _locals(one)),
        }
    for place, text in texts.items():
        yield from secrets_in(text, place)


def _locals(error: BaseException) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).is_relative_to(Path(thanksio.__file__).parent):
            yield repr(frame.f_locals)


def secrets_in(text: str, place: str) -> Iterator[str]:
    """Yield each secret that a text contains."""
    for secret, name in ((TOKEN, "token"), (LETTER, "letter")):
        if secret in text:
            yield f"the {name} is in the {place}"


def unread(result: object, shown: str | None) -> Iterator[str]:
    """Check rule 1: if the last response shows the order, its status decides the result."""
    allowed = Order | OrderNotCancelledError if is_listed(shown or "") else APIResponseValidationError
    if shown is not None and not isinstance(result, allowed):
        yield f"the bytes show the order, and the call ended in {result!r}"


def misjudged(result: object, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Check `may_have_cancelled` by rules 1, 5 and 7. It may be True after a refusal that shows a part of an order."""
    if not isinstance(result, ThanksIOError) or isinstance(result, OrderNotCancelledError):
        return
    must = isinstance(result, APIResponseValidationError) or not all(map(_proves_nothing_cancelled, outcomes))
    may = must or any(may_show_order(outcome.body) for outcome in outcomes if not isinstance(outcome, NoResponse))
    if (must and not result.may_have_cancelled) or (result.may_have_cancelled and not may):
        yield f"may_have_cancelled is {result.may_have_cancelled}"


def _proves_nothing_cancelled(outcome: Outcome) -> bool:
    if isinstance(outcome, NoResponse):
        return not outcome.may_have_sent
    return is_refusal(outcome.status, outcome.body, outcome.headers.get("content-encoding", ""))


def wrong_retries(outcomes: Sequence[Outcome], longest_wait: float) -> Iterator[str]:
    """Check rule 3: after which outcomes, how often and after which waits a call makes another attempt."""
    for outcome in outcomes[:-1]:
        if isinstance(outcome, NoResponse):
            may_retry = not outcome.is_permanent
        else:
            may_retry = outcome.status in _RETRIED or outcome.status // 100 == 5  # noqa: PLR2004 - RFC 9110, 15.6
        if not may_retry:
            yield f"there was another attempt after {outcome!r}"
    if len(outcomes) > _MOST_ATTEMPTS:
        yield f"there were {len(outcomes)} attempts"
    if longest_wait > _LONGEST_WAIT:
        yield f"the call waited {longest_wait} s"


def misread(outcome: Outcome, order_id: int) -> Iterator[str]:
    """Call the pure functions alone, because a call does not pass each outcome to each of them."""
    seconds = retry_after(outcome)
    if seconds is not None and not 0 <= seconds < math.inf:
        yield f"the server's wait was read as {seconds} s"
    if not isinstance(outcome, NoResponse):
        read_order(outcome, order_id)
        for text in explain(outcome, lambda text: text.replace(TOKEN, "[redacted]")):
            yield from secrets_in(text, "explanation")
            if len(text) > EXCERPT or not text.isprintable():
                yield f"an explanation is not a short line: {text!r}"


class _Pairs(list[tuple[str, object]]):
    """A JSON object with all of its pairs, including those with the same name."""


def shown_status(status: int, body: bytes, encoding: str, order_id: int) -> str | None:
    """Return the status in which a response shows order `order_id`, or None if it does not show it.

    It is a JSON object in UTF-8, of at most 1 MiB, without duplicate keys and infinite numbers. The order in it has
    exactly this integer as its id.
    """
    order = _value(_document(body, encoding), "order")
    number, word = _value(order, "id"), _value(order, "status")
    is_shown = status // 100 == 2 and type(number) is int and number == order_id  # noqa: PLR2004 - RFC 9110, 15.3
    return word if is_shown and isinstance(word, str) else None


def is_refusal(status: int, body: bytes, encoding: str) -> bool:
    """Return whether a response is a refusal by the API itself: rule 7."""
    document = _document(body, encoding)
    if status // 100 != 4 or status in _NEVER_REFUSALS or not isinstance(document, _Pairs):  # noqa: PLR2004
        return False
    keys = dict(document).keys()
    return bool({"message", "errors"} & keys or isinstance(_value(document, "status"), str)) and "type" not in keys


def may_show_order(body: bytes) -> bool:
    """Return whether a refusal has more keys than the documented ones, such as an order, and so proves less."""
    document = _document(body, "")
    return not isinstance(document, _Pairs) or not dict(document).keys() <= _REFUSAL_KEYS


def is_cancelled(status: str | None) -> bool:
    """Return whether a status is `cancelled`, without regard to case and surrounding space."""
    return status is not None and _is_word("cancelled", status)


def is_listed(status: str) -> bool:
    """Return whether the contract lists a status."""
    return any(_is_word(word, status) for word in LISTED)


class _Shared(io.BytesIO):
    """A stream that stays open when a response that was read from it is closed."""

    def close(self) -> None:
        """Do nothing."""


def first_response(raw: bytes) -> tuple[int, bytes, str]:
    """Return status, body and content encoding of the first response in a server's bytes, or (0, b"", "") without one.

    The standard library parses it, which accepts more than h11 does. So this is the most that can be true.
    """
    stream = _Shared(raw)
    try:
        while True:
            response = HTTPResponse(cast("Any", SimpleNamespace(makefile=lambda _mode: stream)), method="PUT")
            response.begin()
            if not 100 < response.status < 200:  # noqa: PLR2004 - RFC 9110, section 15.2
                return response.status, response.read(), response.getheader("content-encoding") or ""
    except (HTTPException, ValueError, OSError):
        return 0, b"", ""


def _is_word(word: str, status: str) -> bool:
    return re.fullmatch(rf"\s*{word}\s*", status, re.IGNORECASE) is not None


def _value(document: object, name: str) -> object:
    return dict(document).get(name) if isinstance(document, _Pairs) else None


def _document(body: bytes, encoding: str) -> object:
    """Parse a body strictly; return None if it cannot be parsed."""
    try:
        plain = _decompressed(body, encoding)
        document = json.loads(plain.decode("utf-8-sig"), object_pairs_hook=_Pairs, parse_constant=lambda _: _NOT_JSON)
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
    if isinstance(value, _Pairs):
        inner = [item for _, item in value]
        return len(dict(value)) == len(value) and levels > 0 and all(_is_valid(item, levels - 1) for item in inner)
    if isinstance(value, list):
        return levels > 0 and all(_is_valid(item, levels - 1) for item in value)
    return value is not _NOT_JSON and not (isinstance(value, float) and math.isinf(value))
