"""Decide what an answer says about an order: cancelled, not cancelled, or nobody can say yet.

Pure functions of values: no I/O, no clock, no generated code. Whatever bytes a server sends, they end here as the
order's fields or as a reason; text of the server leaves this module cleaned, bounded and without the token.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import field, frozen

from thanksio.errors import (
    APIStatusError,
    AuthenticationError,
    CancellationRefusedError,
    OrderNotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeGuard

MAX_BODY = 1024 * 1024  # bytes; the largest documented answer has under 2,000
MAX_EXPLANATION = 64 * 1024  # bytes of an error answer; parsing a longer one would outlast a deadline
MAX_DEPTH = 100  # of objects and arrays within each other; the documented answers have 3
READ_HEADERS = frozenset(  # nothing else is looked at
    {"content-encoding", "content-type", "date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}
)
EXCERPT = 500  # characters of a server's text that an error may show
_UTF_8 = "utf-8-sig"  # RFC 8259, section 8.1; json.loads guesses at bytes, and lets half a surrogate pair pass

# A document with one of these at its top is an order, or part of one.
_ORDER_KEYS = frozenset({"order_id", "user_id", "size", "style", "front_image", "display_status"})
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_JSON_START = re.compile(r'[{["]')
# The fields of an order that say nothing of what was written or to whom; only these go into a pickle.
_FACTS = (
    *("id", "status", "display_status", "type", "size", "method", "created_at", "updated_at"),
    *("total_estimated_recipients", "total_recipients", "authorization_total", "grand_total"),
)

_STATUS_ERRORS: dict[int, type[APIStatusError]] = {
    400: CancellationRefusedError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: OrderNotFoundError,
    409: CancellationRefusedError,
    422: CancellationRefusedError,
    429: RateLimitError,
}


@frozen
class Answer:
    """What a server answered. `received` is Unix time; `cut` says that the body went on past MAX_BODY."""

    status: int
    body: bytes = field(repr=False, default=b"")
    headers: Mapping[str, str] = field(repr=False, factory=dict[str, str])  # names in lower case
    received: float = 0.0
    cut: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx. This alone does not say that anything was cancelled."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3

    def header(self, name: str) -> str:
        """Give a header without the space around it, empty if the server sent none."""
        return self.headers.get(name, "").strip()


@frozen
class NoAnswer:
    """Why no answer came. `sent` says that the request may have reached the server."""

    sent: bool
    timed_out: bool
    cause: Exception
    final: bool = False  # no request was made, and none will be


def fold(word: str) -> str:
    """Give a word as it is compared: case and outer white space do not matter."""
    return word.strip().casefold()


@frozen
class Reading:
    """An order as an answer showed it, in the server's own fields."""

    fields: Mapping[str, object] = field(repr=False)
    status: str = field(repr=False)

    @property
    def is_cancelled(self) -> bool:
        """Whether the order's own status says so. A word that nobody knows says no."""
        return fold(self.status) == "cancelled"


@frozen
class Unreadable:
    """Why an answer cannot be read as the order, to follow the words "the answer"."""

    why: str


def read_order(answer: Answer, order_id: int) -> Reading | Unreadable:
    """Read order `order_id` out of a 2xx answer."""
    document = _document(answer)
    if isinstance(document, Unreadable):
        return document
    order = document.get("order")
    if not _is_object(order):
        return Unreadable("holds no order")
    number, status = order.get("id"), order.get("status")
    if type(number) is not int or number != order_id:
        return Unreadable("does not carry the number of this order")
    if not isinstance(status, str):
        return Unreadable("does not say in which status the order is")
    return Reading(order, status)


def is_json(answer: Answer) -> bool:
    """Whether the body is a JSON object, as every answer of the operation is."""
    return not isinstance(_document(answer), Unreadable)


def next_step(reading: Reading) -> str:
    """Say what to do about an order that is not cancelled."""
    status = fold(reading.status)
    if status == "reviewing":
        return "In this status it can be cancelled: call again, and look at it in the thanks.io dashboard if it stays."
    if status in {"processing", "printing", "printed", "fulfilled", "shipped", "delivered"}:
        return "It is too late: orders can be cancelled in status reviewing, for about an hour after they were placed."
    return "Look at the order in the thanks.io dashboard."


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)  # JSON's keys are strings


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _children(value: object) -> Iterable[object]:
    if _is_object(value):
        return value.values()
    return value if _is_list(value) else ()


def _document(answer: Answer) -> dict[str, object] | Unreadable:
    """Parse the body as a JSON object, or say why that cannot be done."""
    body = _payload(answer)
    if isinstance(body, Unreadable):
        return body
    is_read = answer.is_success or len(body) <= MAX_EXPLANATION
    with suppress(ValueError, RecursionError):  # a decoding error is a ValueError; a number of 5,000 digits too
        document: object = _JSON.decode(body.decode(_UTF_8)) if is_read else None
        if _is_object(document):
            may_nest = body.count(b"{") + body.count(b"[") > MAX_DEPTH  # few that open cannot nest deep
            return Unreadable("nests too deep") if may_nest and _nests_deeper(document, MAX_DEPTH) else document
    return Unreadable("is not a JSON object")


def _nests_deeper(value: object, limit: int) -> bool:
    """Whether more than `limit` objects and arrays are within each other: a copy or a pickle of them would fail."""
    if limit == 0:
        return isinstance(value, dict | list)
    return any(_nests_deeper(inner, limit - 1) for inner in _children(value))


def _payload(answer: Answer) -> bytes | Unreadable:
    """Undo a compression, never past MAX_BODY: a kilobyte of gzip can hold a megabyte of zeros."""
    encoding = answer.header("content-encoding").lower()
    if answer.cut:
        return Unreadable("is longer than 1 MiB")
    if encoding in {"", "identity"}:
        return answer.body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return Unreadable("is compressed in a way that was not asked for")
    inflater = zlib.decompressobj(wbits=47)  # 47: gzip or zlib, whichever the first bytes show
    with suppress(zlib.error):
        body = inflater.decompress(answer.body, MAX_BODY)
        if inflater.eof and not inflater.unused_data:  # what comes after its end, another reader may read, too
            return body
    return Unreadable("cannot be decompressed to at most 1 MiB")


def _refuse(_constant: str) -> object:
    raise ValueError  # NaN and Infinity are Python's, not JSON's


def _finite(number: str) -> float:
    """Refuse what overflows: 1e999 is a number in JSON, and infinity in Python."""
    if math.isinf(float(number)):
        raise ValueError
    return float(number)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that stands twice: two readers would take two different verdicts from it."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError
    return document


_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)


def facts(fields: Mapping[str, object], hide: Callable[[str], str]) -> dict[str, object]:
    """Reduce an order to plain values that name nobody and quote nothing."""
    plain = {name: fields[name] for name in _FACTS if isinstance(fields.get(name), int | float | str)}
    return {name: clean(value, hide, 80) if isinstance(value, str) else value for name, value in plain.items()}


def status_error(answer: Answer) -> type[APIStatusError]:
    """Choose the error for a status that is not 2xx."""
    server_failed = 500 <= answer.status < 600  # noqa: PLR2004 - RFC 9110, section 15.6
    return _STATUS_ERRORS.get(answer.status, ServerError if server_failed else APIStatusError)


def leaves_doubt(outcome: Answer | NoAnswer) -> bool:
    """Tell whether the server may have acted though this outcome does not show the order.

    Only a 4xx says that it refused before it acted; 408 and 499 may be a gateway that lost patience while it did. A
    3xx says nothing: web applications redirect after success.
    """
    if isinstance(outcome, NoAnswer):
        return outcome.sent
    return not 400 <= outcome.status < 500 or outcome.status in {408, 499}  # noqa: PLR2004 - RFC 9110, section 15.5


def explain(answer: Answer, hide: Callable[[str], str]) -> tuple[str, str]:
    """Take the server's explanation and an excerpt out of an error answer, without anything of an order."""
    document = _document(answer)
    if isinstance(document, Unreadable):
        text = clean(_page_text(answer), hide)
        return text, text
    said = _said(document, hide)
    message = said.get("message") or said.get("errors") or said.get("status") or ""
    excerpt = json.dumps(said, ensure_ascii=False) if said else ""
    return message, clean(excerpt, str)


def _said(document: Mapping[str, object], hide: Callable[[str], str]) -> dict[str, str]:
    """Keep the keys of the documented error answers; in an order, `message` is the letter."""
    is_order = bool(document.keys() & _ORDER_KEYS) or isinstance(document.get("id"), int)
    names = () if is_order else ("message", "errors", "status", "code")
    said = {name: clean("; ".join(_sentences(document.get(name))), hide) for name in names}
    return {name: text for name, text in said.items() if text}


def _sentences(value: object, depth: int = 2) -> list[str]:
    """Flatten the three known shapes: a sentence, a list of them, lists of them by field."""
    if isinstance(value, str):
        return [value]
    return [text for part in _children(value) for text in _sentences(part, depth - 1)] if depth else []


def _page_text(answer: Answer) -> str:
    """Take an HTML page's title or a plain text, up to where JSON may begin; anything else may hold a letter."""
    kind = answer.header("content-type").partition(";")[0].strip().lower()
    body = _payload(answer)
    text = "" if isinstance(body, Unreadable) else body[:MAX_EXPLANATION].decode(_UTF_8, "replace")
    if kind == "text/html":
        title = _TITLE.search(text.partition("{")[0])
        return title[1] if title else ""
    return _JSON_START.split(text)[0] if kind == "text/plain" else ""


def clean(text: str, hide: Callable[[str], str], limit: int = EXCERPT) -> str:
    """Make text of a server fit for a message: no token, one line, printable, at most `limit` characters."""
    line = " ".join(hide(text).split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
