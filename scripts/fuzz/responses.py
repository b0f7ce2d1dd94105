"""What a hostile server sends, as Hypothesis strategies: responses, and the outcomes of the attempts of a call.

A case is a documented response with a few changes, because each thing that is drawn takes time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fuzz.cases import ORDER_ID, Values
from fuzz.changes import PACKINGS, Edit, Header, Other, Packing, Said, Status, made
from fuzz.documents import MOVING, NAMING, SETTING, Spoiling, orders, refusals
from fuzz.oracle import LETTER, TOKEN
from thanksio._verdict import READ_HEADERS, NoResponse, Response

if TYPE_CHECKING:
    from fuzz.documents import Tree

_IDS = (ORDER_ID, 42708, 1)
_CANCELLED = ("cancelled", "Cancelled", "CANCELLED", " cancelled\n", "\u2003canCelled\x1f")
_WORDS = ("reviewing", "fulfilled", "Printing", "canceled", "not cancelled", "cancelled!", "", "c\u0430ncelled", TOKEN)
_VALUES: tuple[object, ...] = (
    *(*_IDS, 0, -1, 37295, 2**63, 10**400, True, False, 37294.0, 1.0, 1.5, "37294", " 1", None, b"37294E0", b"-0"),
    *(*_CANCELLED, "reviewing", ["cancelled"], {"status": "cancelled"}, "cancelled\x00", "", "x" * 5000, "<title>"),
    *("\ud800", "\U0001f4ee", [], {}, [[]], [{"a": 1}], TOKEN, {"order": {"id": 37294, "status": "cancelled"}}),
    *(float("nan"), float("-inf"), b"1e999", b"9" * 5000, b"[" * 98 + b"]" * 98, b"[" * 99 + b"]" * 99),
    b"[" * 3000 + b"]" * 3000,
)
_NAMES = ("", "unlisted", "Order", "ID", "status ", "\ud800", "a/b~c", "x" * 300, TOKEN, "__class__", "d")
_QUOTED = f'{{"message": "{LETTER}", "token": "{TOKEN}"}}'  # bare, it would be a server's own explanation
_PAGE = f"<!DOCTYPE html>\n<title>502 {TOKEN}</title><script>order = {_QUOTED}</script>".encode()
_TEXT = f"error code: 1015 {TOKEN}\n".encode()


_NEVER_REFUSALS = (408, 425, 499)  # whatever their body is


def _bases(order_id: int) -> st.SearchStrategy[tuple[int, Tree]]:
    """Begin with a documented answer: a third shows the order cancelled, a third shows it otherwise."""
    cancelled = [base for word in _CANCELLED for base in orders(order_id, word)] * 8
    shown = [base for word in _WORDS for base in orders(order_id, word)] * 5
    bases = [*cancelled, *shown, *refusals(), *[(502, _PAGE), (429, _TEXT)] * 5]
    bases += [(status, body) for _, body in refusals()[:6] for status in _NEVER_REFUSALS]
    bases += orders(order_id == 1, "cancelled") * 6 if order_id == 1 else []  # Python takes True for 1
    return st.integers(0, len(bases) - 1).map(bases.__getitem__)  # sampled_from would have a repr of megabytes


_STATUSES = (
    *(200, 201, 202, 203, 204, 206, 299, 300, 302, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410, 419, 422, 425),
    *(429, 499, 500, 502, 503, 520, 599, 600, 999),
)
_KINDS = ("application/json", "text/html", "TEXT/HTML;x", "text/plain", "text/plain; charset=utf-16", "", "a/b, c/d")
_SECONDS = ("0", "1", "1.5", "5", "90", "121", "3600")
_WAITS = (*_SECONDS, "-1", "soon", "", "2, 5", "1e3", "nan", "inf", "9" * 400, "\xb2", ".5")
_DATES = ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 04 Oct 2023 02:46:14 GMT", "Fri, 31 Dec 9999 23:59:59 -2359")
_DATE_PARTS = (
    *("Wed,", "Wed", "21", "Oct", "2015", "07:28:00", "GMT", "+0000", "-9999", "99999999999", "Feb", "30", "am", "EST"),
    *("24:60:61", "7:28", "0", "9999", "31", "12-Jan-99", "-", ":", ",", "1.2.3", "\xb2", "2023", "+", "+24:00"),
)
_LABELS = ("gzip", "gzip", "x-gzip", "deflate", "br", "identity", " GZIP", "gzip, gzip", "gzip\x0b", TOKEN)
_PIECES = (
    *(b"", b"\0", b"\r", b"\n", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x1f\x8b", b'"', b"{", b"}"),
    *(b"[", b"]", b",", b":", b"\\", b"0", b"<", b" ", b'"id": 1,', b"NaN", b"HTTP/1.1 ", TOKEN.encode(), b";", b"\t"),
)

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
edits = st.builds(
    Edit,
    st.sampled_from(["insert", "insert", "replace", "cut", "repeat"]),
    st.just(0) | st.integers(0, 3000),
    st.sampled_from(_PIECES) | st.binary(max_size=3),
)
_places = st.integers(0, 300)
_spoilings = [
    st.builds(Spoiling, st.sampled_from(MOVING), _places),
    st.builds(Spoiling, st.sampled_from(SETTING), _places, st.sampled_from(_VALUES)),
    st.builds(Spoiling, st.sampled_from(NAMING), _places, name=st.sampled_from(_NAMES)),
]
_headers = [
    st.builds(Header, st.just("Content-Type"), st.sampled_from(_KINDS)),
    st.builds(Header, st.just("Retry-After"), st.sampled_from(_WAITS) | _dates | _texts),
    st.builds(Header, st.just("Date"), _dates | _texts),
    st.builds(Header, st.sampled_from(["X-Order", "Location", _QUOTED]), st.sampled_from([_QUOTED, TOKEN]) | _texts),
]
_changes = st.one_of(
    *_spoilings,
    *_headers,
    edits,
    st.builds(Status, st.sampled_from(_STATUSES) | st.integers(100, 999)),
    st.builds(Packing, st.sampled_from(list(PACKINGS)), st.sampled_from(_LABELS)),
    st.builds(Other, _json | st.binary(max_size=64)),
)


def said(order_id: int) -> st.SearchStrategy[Said]:
    """Return a strategy of what a server says about the order."""
    return st.builds(made, _bases(order_id), st.lists(_changes, max_size=4))


_REASONS = ("connection refused", "the connection broke", "the server sent nothing within 1 s")
_permanent = st.sampled_from([False, False, False, True])
_lost = st.builds(NoResponse, st.booleans(), st.sampled_from(_REASONS), st.booleans(), _permanent)


def _response(what: Said) -> Response:
    """Return the response that the client makes of it."""
    headers: dict[str, str] = {}
    for name, value in what.headers:
        key = name.lower()
        if key in READ_HEADERS:
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Response(what.status, what.body, headers)


def _calls(order_id: int) -> st.SearchStrategy[Values]:
    answers = said(order_id).map(_response)
    outcomes = st.tuples(answers) | st.tuples(_lost | answers, answers) | st.tuples(answers, _lost | answers, answers)
    return st.builds(Values, st.just(order_id), outcomes | st.tuples(_lost))


values = st.one_of(*map(_calls, _IDS))
