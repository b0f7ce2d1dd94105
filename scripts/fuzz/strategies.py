"""Generate cases with Hypothesis: documented responses with a few changes, as outcomes and as bytes on a connection."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from fuzz.cases import ORDER_ID, Bytes, Outcomes
from fuzz.documents import MOVING, NAMING, SETTING, Base, mutate, orders, refusals, set_everywhere, tree, written
from fuzz.oracle import LETTER, TOKEN
from fuzz.parse import Pairs
from thanksio._verdict import READ_HEADERS, NoResponse, Response
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = (ORDER_ID, 42708, 1)
_CANCELLED = ("cancelled", "Cancelled", "CANCELLED", " cancelled\n", "\u2003canCelled\x1f")
_OTHERS = ("reviewing", "fulfilled", "Printing", "canceled", "not cancelled", "cancelled!", "", "c\u0430ncelled", TOKEN)
_VALUES: tuple[object, ...] = (
    *(*_IDS, 0, -1, 37295, 2**63, 10**400, True, False, 37294.0, 1.0, 1.5, "37294", " 1", None, b"37294E0", b"-0"),
    *(*_CANCELLED, "reviewing", ["cancelled"], {"status": "cancelled"}, "cancelled\x00", "", "x" * 5000, "<title>"),
    *("\ud800", "\U0001f4ee", [], {}, [[]], [{"a": 1}], TOKEN, {"order": {"id": 37294, "status": "cancelled"}}),
    *(float("nan"), float("-inf"), b"1e999", b"9" * 5000, b"[" * 98 + b"]" * 98, b"[" * 99 + b"]" * 99),
    b"[" * 3000 + b"]" * 3000,
)
_NAMES = ("", "unlisted", "Order", "ID", "status ", "\ud800", "a/b~c", "x" * 300, TOKEN, "__class__", "d")
_QUOTED = f'{{"message": "{LETTER}", "token": "{TOKEN}"}}'  # unquoted, it would be the server's own explanation
_PAGE = f"<!DOCTYPE html>\n<title>502 {TOKEN}</title><script>order = {_QUOTED}</script>".encode()
_TEXT = f"error code: 1015 {TOKEN}\n".encode()
_STATUSES = (
    *(200, 201, 202, 203, 204, 206, 299, 300, 302, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410, 419, 422, 425),
    *(429, 499, 500, 502, 503, 520, 599, 600, 999),
)
_KINDS = ("application/json", "text/html", "TEXT/HTML;x", "text/plain", "text/plain; charset=utf-16", "", "a/b, c/d")
_WAITS = (
    *("0", "1", "1.5", "5", "90", "121", "3600", "-1", "soon", "", "2, 5", "1e3", "nan", "inf", "9" * 400, "\xb2"),
    ".5",
)
_DATES = ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 04 Oct 2023 02:46:14 GMT", "Fri, 31 Dec 9999 23:59:59 -2359")
_DATE_PARTS = (
    *("Wed,", "Wed", "21", "Oct", "2015", "07:28:00", "GMT", "+0000", "-9999", "99999999999", "Feb", "30", "am", "EST"),
    *("24:60:61", "7:28", "0", "9999", "31", "12-Jan-99", "-", ":", ",", "1.2.3", "\xb2", "2023", "+", "+24:00"),
)
_ENCODINGS = ("gzip", "gzip", "x-gzip", "deflate", "br", "identity", " GZIP", "gzip, gzip", "gzip\x0b", TOKEN)
_PIECES = (
    *(b"", b"\0", b"\r", b"\n", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x1f\x8b", b'"', b"{", b"}"),
    *(b"[", b"]", b",", b":", b"\\", b"0", b"<", b" ", b'"id": 1,', b"NaN", b"HTTP/1.1 ", TOKEN.encode(), b";", b"\t"),
)


@frozen
class Sent:
    """A well-formed response; a header can occur more than once."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)


_COMPRESSIONS: list[Callable[[bytes], bytes]] = [
    _gzip,
    zlib.compress,
    bytes,
    lambda body: zlib.compress(body)[2:-4],
    lambda body: _gzip(body)[:-5],
    lambda body: _gzip(_gzip(body)),
    lambda body: _gzip(body) + b"x",
    lambda body: _gzip(body[:9]) + _gzip(body[9:]),
    lambda body: zlib.compress(body) * 2,
    lambda body: _gzip(body + b" " * 2**21),
]


def _edit(how: str, place: int, piece: bytes, data: bytes) -> bytes:
    """Change a few bytes at a place, which is taken modulo their number."""
    place %= len(data) + 1
    start, rest = data[:place], data[place:]
    changed = {"insert": start + piece + rest, "replace": start + piece + rest[1:], "cut": start}
    return changed.get(how, data + rest[:9])


def _with_header(name: str, value: str, sent: Sent) -> Sent:
    return evolve(sent, headers=(*sent.headers, (name, value)))


def _compress(compression: Callable[[bytes], bytes], encoding: str, sent: Sent) -> Sent:
    return _with_header("Content-Encoding", encoding, evolve(sent, body=compression(sent.body)))


def _replace(value: object, root: list[Any]) -> None:
    root[:] = [tree(value)]


_texts = st.text(st.characters(codec="latin-1"), max_size=9)
_dates = st.sampled_from(_DATES) | st.lists(st.sampled_from(_DATE_PARTS), max_size=8).map(" ".join)
_json = st.recursive(
    st.sampled_from(_VALUES) | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["order", "id", "status", "size", *_NAMES]), inner, max_size=3)
    ),
    max_leaves=5,
)


def _partial(
    function: Callable[..., Any], *arguments: st.SearchStrategy[Any]
) -> st.SearchStrategy[Callable[[Any], Any]]:
    """Generate `function` with all arguments but the last, which is what it changes."""
    return st.tuples(*arguments).map(lambda drawn: partial(function, *drawn))


_edits = _partial(
    _edit,
    st.sampled_from(["insert", "insert", "replace", "cut", "repeat"]),
    st.just(0) | st.integers(0, 3000),
    st.sampled_from(_PIECES) | st.binary(max_size=3),
)
_places, _values = st.integers(0, 300), st.sampled_from(_VALUES)
_document_changes = st.one_of(
    _partial(mutate, st.sampled_from(MOVING), _places, st.none(), st.none()),
    _partial(mutate, st.sampled_from(SETTING), _places, _values, st.none()),
    _partial(set_everywhere, st.sampled_from(["id", "status"]), _values),
    _partial(mutate, st.sampled_from(NAMING), _places, st.none(), st.sampled_from(_NAMES)),
    _partial(_replace, _json | st.binary(max_size=64)),
)
_response_changes = st.one_of(
    _partial(_with_header, st.just("Content-Type"), st.sampled_from(_KINDS)),
    _partial(_with_header, st.just("Retry-After"), st.sampled_from(_WAITS) | _dates | _texts),
    _partial(_with_header, st.just("Date"), _dates | _texts),
    _partial(_with_header, st.sampled_from(["X-Order", _QUOTED]), st.sampled_from([_QUOTED, TOKEN]) | _texts),
    _partial(lambda edit, sent: evolve(sent, body=edit(sent.body)), _edits),
    _partial(lambda status, sent: evolve(sent, status=status), st.sampled_from(_STATUSES) | st.integers(100, 999)),
    _partial(_compress, st.sampled_from(_COMPRESSIONS), st.sampled_from(_ENCODINGS)),
)


def _bases(order_id: int) -> st.SearchStrategy[Base]:
    """Generate a documented response: a third show the order cancelled, a third show it otherwise."""
    bases = [base for word in _CANCELLED for base in orders(order_id, word)] * 8
    bases += [base for word in _OTHERS for base in orders(order_id, word)] * 5
    bases += [*refusals(), *[(502, _PAGE), (429, _TEXT)] * 5]
    bases += [(status, body) for _, body in refusals()[:6] for status in (408, 425, 499)]  # never refusals
    bases += orders(True, "cancelled") * 6 if order_id == 1 else []  # noqa: FBT003 - True equals 1 in Python
    return st.integers(0, len(bases) - 1).map(bases.__getitem__)  # sampled_from would have a repr of megabytes


def _sent(base: Base, document_changes: list[Callable[..., None]], changes: list[Callable[[Sent], Sent]]) -> Sent:
    status, body = base
    root = [json.loads(body, object_pairs_hook=Pairs) if isinstance(body, str) else body]
    for change in document_changes:
        if root:  # an empty one has no place to change
            change(root)
    sent = Sent(status, b"".join(part if isinstance(part, bytes) else _encoded(part) for part in root[:1]))
    for change_response in changes:
        sent = change_response(sent)
    return sent


def _encoded(document: object) -> bytes:
    return written(document).encode("latin-1")


def _responses(order_id: int) -> st.SearchStrategy[Sent]:
    """Generate responses about an order, most of them with two or three changes."""
    changes = st.lists(_document_changes, max_size=2), st.lists(_response_changes, max_size=2)
    return st.builds(_sent, _bases(order_id), *changes)


def _received(sent: Sent) -> Response:
    """Return the response as the transport passes it on."""
    headers: dict[str, str] = {}
    for name, value in sent.headers:
        key = name.lower()
        if key in READ_HEADERS:
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Response(sent.status, sent.body, headers)


_no_response = st.builds(
    NoResponse,
    st.booleans(),
    st.sampled_from(["connection refused", "the connection was closed", "the server sent nothing within 1 s"]),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
)


def _outcomes(order_id: int) -> st.SearchStrategy[Outcomes]:
    last = _responses(order_id).map(_received)
    earlier = _no_response | last
    attempts = st.tuples(last) | st.tuples(earlier, last) | st.tuples(last, earlier, last) | st.tuples(_no_response)
    return st.builds(Outcomes, st.just(order_id), attempts)


outcomes = st.one_of(*map(_outcomes, _IDS))

_cancelled_body = _encoded(tree(json.loads(orders(ORDER_ID, "cancelled")[0][1])))
_refused_body = b'{"status": "failed", "errors": ["Order is already cancelled."]}'
_WIRE: dict[str, st.SearchStrategy[Any]] = {  # what can be wrong on the connection; see _on_the_wire
    "interim": st.sampled_from(
        [
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            b"\r\n",
        ]
    ),
    "version": st.sampled_from(["HTTP/1.0", "HTTP/2", "HTTP/1.10", "http/1.1", "HTTP/1.1\t", "ICY"]),
    "reason": st.sampled_from(["", "No", LETTER, TOKEN, "\xe9", "a\tb"]),
    "lengths": st.sampled_from([(), (0, 0), (0, 1), (-1,), (-20,), (3,)]),
    "chunk": st.integers(1, 999),
    "head_edit": _edits,
    "body_edit": _edits,
    "unrequested": st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_cancelled_body), _cancelled_body),
            b"HTTP/1.1 422 No\r\nContent-Length: %d\r\n\r\n%s" % (len(_refused_body), _refused_body),
            b"\r\n",
            b"x",
        ]
    ),
    "cut": st.integers(1, 3000),
    "end": st.sampled_from([End.RESET, None]),
    "raw": st.binary(max_size=64),
}


def _on_the_wire(sent: Sent, wrong: dict[str, Any]) -> Bytes:
    """Return the bytes of a response with these things wrong on the connection."""
    lengths = [f"Content-Length: {max(0, len(sent.body) + error)}" for error in wrong.get("lengths", (0,))]
    lines = [f"{name}: {value}" for name, value in sent.headers]
    start = f"{wrong.get('version', 'HTTP/1.1')} {sent.status} {wrong.get('reason', 'OK')}"
    chunked = ["Transfer-Encoding: chunked"] if "chunk" in wrong else []
    head = "\r\n".join([start, *lines, *chunked, *lengths, "", ""]).encode("latin-1", "replace")
    body = _chunked(sent.body, wrong["chunk"]) if chunked else sent.body
    head, body = wrong.get("head_edit", bytes)(head), wrong.get("body_edit", bytes)(body)
    whole, end = wrong.get("interim", b"") + wrong.get("raw", head + body), wrong.get("end", End.CLOSE)
    if "unrequested" in wrong:  # in one piece: if it came later, no client could distinguish it from the next response
        return Bytes((whole + wrong["unrequested"],), end)
    cut = wrong.get("cut", 0)
    return Bytes(tuple(filter(None, (whole[:cut], whole[cut:]))), end)


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


_wrong = st.one_of(*(st.tuples(st.just(name), values) for name, values in _WIRE.items()))
wire = st.builds(_on_the_wire, _responses(ORDER_ID), st.lists(_wrong, max_size=3).map(dict))
