"""Decide what a response says about an order: cancelled, not cancelled, refused, or unknown.

Pure functions of values: no I/O and no clock. Any bytes that a server sends become the order's fields or a reason here;
text of the server leaves this module sanitized, bounded and without the token.
"""

from __future__ import annotations

import codecs
import json
import math
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import field, frozen

from thanksio._models import STATUS_WORDS
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

    Redact: TypeAlias = Callable[[str], str]

_Object: TypeAlias = dict[str, object]  # keys of JSON are strings
_List: TypeAlias = list[object]

SUCCESS = range(200, 300)  # RFC 9110, section 15.3; these alone do not say that anything was cancelled
MAX_BODY = 1024 * 1024  # bytes; the largest documented response has under 2,000
MAX_EXPLANATION = 64 * 1024  # bytes of an error response; parsing a longer one would outlast a deadline
MAX_DEPTH = 100  # of objects and arrays within each other; the documented responses have 3
READ_HEADERS = frozenset(  # other headers are ignored
    {
        *("cf-ray", "content-encoding", "content-type", "date"),
        *("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"),
    }
)
EXCERPT = 500  # characters of a server's text that an error may show
_UTF_8 = "utf-8-sig"  # RFC 8259, section 8.1; json.loads guesses at bytes, and lets half a surrogate pair pass
codecs.lookup(_UTF_8)  # looked up now, because a fork during the import of a codec would hang the child

# A document with one of these at its top is an order, or part of one.
_ORDER_KEYS = frozenset({"order_id", "user_id", "size", "style", "front_image", "display_status"})
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_RAY = re.compile(
    r"[0-9a-f]{16}(-[A-Z]{3})?"
)  # https://developers.cloudflare.com/fundamentals/reference/cloudflare-ray-id/
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)  # RFC 9110, 5.6.7
_JSON_START = re.compile(r'[{["]')
# The fields of an order that hold nothing of what was written or to whom; only these are stored or pickled.
_SAFE_FIELDS = (
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
# 408 and 499 are a gateway that stopped waiting, 425 is a server that did not want the request yet (RFC 8470).
_NO_REFUSALS = frozenset({408, 425, 499})


@frozen
class Response:
    """A response of the server. `received` is Unix time; `truncated` is True if the body was longer than MAX_BODY."""

    status: int
    body: bytes = field(repr=False, default=b"")
    headers: Mapping[str, str] = field(repr=False, factory=dict[str, str])  # names in lower case
    received: float = 0.0
    truncated: bool = False

    def header(self, name: str) -> str:
        """Return a header without the space around it, empty if the server sent none."""
        return self.headers.get(name, "").strip()


@frozen
class NoResponse:
    """Why an attempt has no response; `reason` completes "it failed because ...".

    `may_have_sent` is False only if our own connection began the attempt and wrote no byte of the request.
    `is_permanent` is True if a retry cannot help.
    """

    may_have_sent: bool
    reason: str
    timed_out: bool = False
    is_permanent: bool = False
    advice: str = ""


Outcome: TypeAlias = Response | NoResponse


def normalize(word: str) -> str:
    """Return a status word in the form in which words are compared: case and surrounding whitespace do not matter."""
    return word.strip().lower()


_LISTED = frozenset(map(normalize, STATUS_WORDS))


@frozen
class Reading:
    """An order as a response showed it, in the server's own fields.

    `is_cancelled` says that the order's own status is `cancelled`, `is_listed` that the contract lists the status. Any
    other word, such as `canceled`, can mean anything.
    """

    fields: Mapping[str, object] = field(repr=False)
    status: str = field(repr=False)
    is_cancelled: bool
    is_listed: bool


@frozen
class Unreadable:
    """Why a response does not show the order; `why` completes "the response ...".

    `is_json` is False for a page, which comes from a proxy or a wrong base URL.
    """

    why: str
    is_json: bool = True


def read_order(response: Response, order_id: int) -> Reading | Unreadable:
    """Read order `order_id` from a 2xx response."""
    document = _document(response)
    if isinstance(document, Unreadable):
        return document
    order: object = document.get("order")
    if not isinstance(order, dict):
        return Unreadable("contains no order")
    order = cast(_Object, order)
    number, status = order.get("id"), order.get("status")
    if type(number) is not int or number != order_id:
        return Unreadable("does not contain this order's id")
    if not isinstance(status, str):
        return Unreadable("does not contain the order's status")
    word = normalize(status)
    return Reading(order, status, word == "cancelled", word in _LISTED)


def is_refusal(response: Response) -> bool:
    """Return whether the API itself refused, before it did anything.

    A proxy, a firewall or a login page sends 4xx, too, and can do so after the API acted. The body tells them apart:
    the API's is a JSON object with `message`, `errors` or a textual `status`, and Cloudflare's (RFC 9457) has a `type`.
    A refusal that shows an order is not documented and proves nothing.
    """
    if not 400 <= response.status < 500 or response.status in _NO_REFUSALS:  # noqa: PLR2004 - RFC 9110, section 15.5
        return False
    document = _document(response)
    if isinstance(document, Unreadable) or {"type", "order"} & document.keys() or _is_order(document):
        return False
    return "message" in document or "errors" in document or isinstance(document.get("status"), str)


def may_have_cancelled(outcome: Outcome) -> bool:
    """Return whether the server may have acted although this outcome does not show the order."""
    return outcome.may_have_sent if isinstance(outcome, NoResponse) else not is_refusal(outcome)


def next_step(reading: Reading) -> str:
    """Return what to do about an order that is not cancelled."""
    status = normalize(reading.status)
    if status == "reviewing":
        return "Orders in this status can be cancelled: call again. If that fails, check it in the thanks.io dashboard."
    if status in {"processing", "printing", "printed", "fulfilled", "shipped", "delivered"}:
        return "It is too late: orders can be cancelled in status reviewing, for about an hour after they were placed."
    return "Check the order in the thanks.io dashboard."


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast(_Object, value).values()
    return cast(_List, value) if isinstance(value, list) else ()


def _is_order(document: dict[str, object]) -> bool:
    """Return whether a document is an order, or part of one: its `message` is the letter."""
    return bool(document.keys() & _ORDER_KEYS) or isinstance(document.get("id"), int)


def _document(response: Response) -> dict[str, object] | Unreadable:
    """Parse the body as a JSON object, or return why it cannot be parsed."""
    is_plain = not response.truncated and "content-encoding" not in response.headers
    body = response.body if is_plain else _payload(response)
    if isinstance(body, Unreadable):
        return body
    is_read = len(body) <= MAX_EXPLANATION or response.status in SUCCESS
    with suppress(ValueError, RecursionError):  # a decoding error is a ValueError; a number of 5,000 digits too
        document: object = _JSON.decode(body.decode(_UTF_8)) if is_read else None
        if isinstance(document, dict):
            document = cast(_Object, document)
            may_nest = body.count(b"{") + body.count(b"[") > MAX_DEPTH  # fewer brackets cannot nest deeper
            return Unreadable("is nested too deeply") if may_nest and _nests_deeper(document, MAX_DEPTH) else document
    return Unreadable("is not a JSON object", is_json=False)


def _nests_deeper(value: object, limit: int) -> bool:
    """Return whether more than `limit` objects and arrays are nested: a copy or a pickle of them would fail."""
    if limit == 0:
        return isinstance(value, dict | list)
    return any(_nests_deeper(inner, limit - 1) for inner in _children(value))


def _payload(response: Response) -> bytes | Unreadable:
    """Decompress the body, never past MAX_BODY: a kilobyte of gzip can hold a megabyte of zeros."""
    encoding = response.header("content-encoding").lower()
    if response.truncated:
        return Unreadable("is longer than 1 MiB")
    if encoding in {"", "identity"}:
        return response.body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return Unreadable("is compressed in a way that was not requested")
    inflater = zlib.decompressobj(wbits=47)  # 47: gzip or zlib, whichever the first bytes show
    with suppress(zlib.error):
        body = inflater.decompress(response.body, MAX_BODY)
        if inflater.eof and not inflater.unused_data:  # another parser may accept trailing data
            return body
    return Unreadable("cannot be decompressed to at most 1 MiB")


def _refuse(_constant: str) -> object:
    raise ValueError  # NaN and Infinity are Python's, not JSON's


def _finite(number: str) -> float:
    """Reject what overflows: 1e999 is a number in JSON, and infinity in Python."""
    if math.isinf(float(number)):
        raise ValueError
    return float(number)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Reject a duplicate key: parsers differ in which value they keep."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError
    return document


_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)


def trace_of(response: Response, redact: Redact) -> dict[str, object]:
    """Return what identifies a response to the vendor's support: Cloudflare's `CF-RAY`, and the server's `Date`.

    The recorded response of 2023-10-04 has both. A header of another form is left out, because any text could be in it.
    """
    headers = {
        "request_id": _RAY.fullmatch(response.header("cf-ray")),
        "server_date": _DATE.fullmatch(response.header("date")),
    }
    return {name: sanitize(match[0], redact) for name, match in headers.items() if match}


def safe_fields(fields: Mapping[str, object], redact: Redact) -> dict[str, object]:
    """Reduce an order to JSON values without personal data."""
    plain = {name: fields[name] for name in _SAFE_FIELDS if isinstance(fields.get(name), int | float | str)}
    return {name: sanitize(value, redact, 80) if isinstance(value, str) else value for name, value in plain.items()}


def status_error(response: Response) -> type[APIStatusError]:
    """Choose the error for a status that is not 2xx."""
    server_failed = 500 <= response.status < 600  # noqa: PLR2004 - RFC 9110, section 15.6
    return _STATUS_ERRORS.get(response.status, ServerError if server_failed else APIStatusError)


# Keys of an error response that explain it, the best first: documented ones, RFC 9457's, and an `error` object.
_EXPLANATIONS = ("message", "errors", "detail", "error", "title", "status")


def explain(response: Response, redact: Redact) -> tuple[str, str]:
    """Return the server's explanation and an excerpt of an error response, without anything of an order."""
    document = _document(response)
    if isinstance(document, Unreadable):
        text = sanitize(_page_text(response), redact)
        return text, text
    said = _said(document, redact)
    message = next((said[name] for name in _EXPLANATIONS if name in said), "")
    excerpt = json.dumps(said, ensure_ascii=False) if said else ""
    return message, sanitize(excerpt, str)


def _said(document: dict[str, object], redact: Redact) -> dict[str, str]:
    """Keep the keys of the documented error responses, of RFC 9457 (title, detail) and of `{"error": {...}}`."""
    names = () if _is_order(document) else ("message", "errors", "status", "code", *_EXPLANATIONS[2:5])
    said = {name: sanitize("; ".join(_sentences(document.get(name))), redact) for name in names}
    return {name: text for name, text in said.items() if text}


def _sentences(value: object, depth: int = 2) -> list[str]:
    """Flatten the three known shapes: a sentence, a list of them, lists of them by field."""
    if isinstance(value, str):
        return [value]
    return [text for part in _children(value) for text in _sentences(part, depth - 1)] if depth else []


def _page_text(response: Response) -> str:
    """Return an HTML page's title or a plain text, up to where JSON may begin; anything else may hold a letter."""
    kind = response.header("content-type").partition(";")[0].strip().lower()
    body = _payload(response)
    text = "" if isinstance(body, Unreadable) else body[:MAX_EXPLANATION].decode(_UTF_8, "replace")
    if kind == "text/html":
        title = _TITLE.search(text.partition("{")[0])
        return title[1] if title else ""
    return _JSON_START.split(text)[0] if kind == "text/plain" else ""


def sanitize(text: str, redact: Redact, limit: int = EXCERPT) -> str:
    """Return text from outside for a message: one printable line without secrets, at most `limit` characters."""
    line = " ".join(redact(text[: 8 * limit]).split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)
