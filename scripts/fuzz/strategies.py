"""Generate cases with Hypothesis: documented responses with a few changes, as outcomes and as bytes on a connection."""

from __future__ import annotations

import copy
import gzip
import json
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from attrs import frozen
from hypothesis import strategies as st

from fuzz.oracle import LETTER, TOKEN
from thanksio._verdict import READ_HEADERS, NoResponse, Outcome, Response
from thanksio.testing.faults import End, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import DrawFn

ORDER_ID = 37294
# In a string of a document: the string is not quoted, and it is left out, so that two keys become equal.
_LITERAL, _DUPLICATE = "\ue000", "\ue001"
_IDS = (ORDER_ID, 42708, 1)
_CANCELLED = ("cancelled", "Cancelled", "CANCELLED", " cancelled\n", "\u2003canCelled\x1f")
_OTHERS = ("reviewing", "fulfilled", "Printing", "canceled", "not cancelled", "cancelled!", "", "c\u0430ncelled", TOKEN)
_LITERALS = (
    *(f"{_LITERAL}{text}" for text in ("37294E0", "-0", "NaN", "-Infinity", "1e999", "9" * 5000)),
    *(f"{_LITERAL}{'[' * depth}{']' * depth}" for depth in (98, 99, 3000)),
)
_VALUES: tuple[Any, ...] = (
    *_LITERALS,
    *(*_IDS, 0, -1, 37295, 2**63, 10**400, True, False, 37294.0, 1.0, 1.5, "37294", " 1", None),
    *(*_CANCELLED, "reviewing", ["cancelled"], {"status": "cancelled"}, "cancelled\x00", "", "x" * 5000, "<title>"),
    *("\ud800", "\U0001f4ee", [], {}, [[]], [{"a": 1}], TOKEN, {"order": {"id": 37294, "status": "cancelled"}}),
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


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 1, mtime=0)


_COMPRESSIONS: tuple[Callable[[bytes], bytes], ...] = (
    *(_gzip, zlib.compress, bytes, lambda body: zlib.compress(body)[2:-4], lambda body: _gzip(body)[:-5]),
    *(lambda body: _gzip(_gzip(body)), lambda body: _gzip(body) + b"x", lambda body: zlib.compress(body) * 2),
    *(lambda body: _gzip(body[:9]) + _gzip(body[9:]), lambda body: _gzip(body + b" " * 2**21)),
)


@frozen
class Outcomes:
    """The outcomes of the attempts of a call, in this order; the last is repeated."""

    order_id: int
    outcomes: tuple[Outcome, ...]

    def paste(self) -> str:
        """Return the case as Python, for tests/test_call.py."""
        written = "".join(
            f"    Response({one.status}, {one.body!r}, {one.headers!r}),\n"  # its repr hides the body and the headers
            if isinstance(one, Response)
            else f"    {one!r},\n"
            for one in self.outcomes
        )
        return f"order_id = {self.order_id}\noutcomes = [\n{written}]"


@frozen
class Bytes:
    """What a server sends in response to each request, in pieces, and how it ends the connection."""

    steps: tuple[Step, ...]

    def paste(self) -> str:
        """Return the case as Python, for `fail_next` of a FakeThanksIO."""
        steps = ", ".join(repr(step) if isinstance(step, bytes) else str(step) for step in self.steps)
        return f'fault = Fault("found", "sends what the fuzzer found", Truth.IDLE, lambda _: [{steps}])'


Case: TypeAlias = Outcomes | Bytes
_Sent: TypeAlias = tuple[int, bytes, list[tuple[str, str]]]  # status, body and headers, which can occur twice


def _documented(kind: str) -> list[tuple[int, dict[str, Any]]]:
    folder = Path(__file__).resolve().parents[2] / "tests" / "responses" / kind
    paths = sorted(path for path in folder.rglob("*.json") if "headers" not in path.name)
    return [(int(path.name[:3]), json.loads(path.read_text("utf-8"))) for path in paths]


# The letter is only within an order: elsewhere it would be the server's explanation. The token can be anywhere.
_SECRETS = {"message": LETTER, "return_address": LETTER, "image_type": TOKEN}
_ORDERS = [document["order"] | _SECRETS for _, document in _documented("cancel")]
_REFUSALS = [
    (status, document | change)
    for change in (
        *({}, {"type": "about:blank"}, {"message": f"no {TOKEN}"}, {"order": _ORDERS[0]}),
        _ORDERS[1] | {"errors": [TOKEN]},
    )
    for status, document in _documented("errors")
]


def _bases(order_id: int) -> list[tuple[int, Any]]:
    """Return documented responses: a third show the order cancelled, a third show it otherwise."""

    def orders(number: int, words: tuple[str, ...]) -> list[tuple[int, Any]]:
        return [(200, {"order": order | {"id": number, "status": word}}) for word in words for order in _ORDERS]

    bases = [*orders(order_id, _CANCELLED) * 8, *orders(order_id, _OTHERS) * 5]
    bases += orders(order_id, ("reviewing", "printed")) * 15
    bases += [*_REFUSALS, *[(502, _PAGE), (429, _TEXT)] * 5]
    bases += [(status, body) for _, body in _REFUSALS[:6] for status in (408, 409, 425, 499)]
    return bases + (orders(True, ("cancelled",)) * 6 if order_id == 1 else [])  # noqa: FBT003 - True equals 1


def _written(document: Any) -> bytes:  # noqa: ANN401 - bytes, or a value for json.dumps
    """Return the bytes of a document, which may be no valid JSON."""
    if isinstance(document, bytes):
        return document
    text = re.sub(r'"\\ue000([^"]*)"', r"\1", json.dumps(document, default=lambda raw: raw.decode("latin-1")))
    return text.replace(r"\ue001", "").encode("latin-1")


def _places(container: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - a parsed document
    """Yield every place of a document, as a container and an index or key."""
    keys = list(container) if isinstance(container, dict) else range(len(container))
    for key in keys:
        yield container, key
        if isinstance(container[key], dict | list):
            yield from _places(container[key])


_texts = st.text(st.characters(codec="latin-1"), max_size=9)
_dates = st.sampled_from(_DATES) | st.lists(st.sampled_from(_DATE_PARTS), max_size=8).map(" ".join)
# sampled_from would have a repr of many kilobytes.
_values = st.integers(0, len(_VALUES) - 1).map(lambda index: copy.deepcopy(_VALUES[index]))
_json = st.recursive(
    _values | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["order", "id", "status", "size", *_NAMES]), inner, max_size=3)
    ),
    max_leaves=5,
)
_edits = st.tuples(
    st.sampled_from(["insert", "insert", "replace", "cut", "repeat"]),
    st.just(0) | st.integers(0, 3000),
    st.sampled_from(_PIECES) | st.binary(max_size=3),
)
_documents = _json | st.binary(max_size=64)
_headers = st.one_of(
    st.tuples(st.just("Content-Type"), st.sampled_from(_KINDS)),
    st.tuples(st.just("Retry-After"), st.sampled_from(_WAITS) | _dates | _texts),
    st.tuples(st.just("Date"), _dates | _texts),
    st.tuples(st.sampled_from(["X-Order", _QUOTED]), st.sampled_from([_QUOTED, TOKEN]) | _texts),
)
_CHANGES = ("delete", "hoist", "document", "rename", "double", "double before", "replace", "replace", "id", "status")
_changes = st.lists(st.sampled_from(_CHANGES), max_size=2)
_response_changes = st.lists(st.sampled_from(["status", "edit", "compress", *["header"] * 4]), max_size=2)


def _change(draw: DrawFn, how: str, root: list[Any]) -> None:
    """Change the document in `root` at one of its places; no change moves the letter to a key for explanations."""
    places = list(_places(root))
    container, key = places[draw(st.integers(0, 300)) % len(places)]
    inner, value, name = container[key], draw(_values), draw(st.sampled_from(_NAMES))
    if how == "document":
        root[:] = [draw(_documents)]
    elif how in ("id", "status"):
        for other, found in places:
            if found == how:
                other[found] = value
    elif how == "rename" and isinstance(container, dict):
        container[name] = container.pop(key)
    elif how.startswith("double") and isinstance(container, dict):
        two = (inner, value) if how == "double" else (value, inner)
        container[key], container[f"{key}{_DUPLICATE}"] = two
    elif how == "hoist" and isinstance(inner, dict | list):
        root[:] = [inner]
    elif how == "delete" and container is not root:
        del container[key]
    else:
        is_exact = type(inner) is int and abs(inner) < 2**53
        retyped = float(inner) if is_exact else _written(inner).decode("latin-1")
        choices = (value, _LITERALS[draw(st.integers(0, len(_LITERALS) - 1))], {name: inner}, [inner], retyped)
        container[key] = choices[draw(st.integers(0, 4))]


def _edit(data: bytes, how: str, place: int, piece: bytes) -> bytes:
    """Change a few bytes at a place, which is taken modulo their number."""
    place %= len(data) + 1
    start, rest = data[:place], data[place:]
    changed = {"insert": start + piece + rest, "replace": start + piece + rest[1:], "cut": start}
    return changed.get(how, data + rest[:9])


@st.composite
def _responses(draw: DrawFn, order_id: int) -> _Sent:
    """Generate responses about an order, most of them with two or three changes."""
    bases = _BASES[order_id]
    status, document = bases[draw(st.integers(0, len(bases) - 1))]
    root = [copy.deepcopy(document)]
    for how in draw(_changes):
        _change(draw, how, root)
    body, headers = _written(root[0]), list[tuple[str, str]]()
    for how in draw(_response_changes):
        if how == "status":
            status = draw(st.sampled_from(_STATUSES) | st.integers(100, 999))
        elif how == "edit":
            body = _edit(body, *draw(_edits))
        elif how == "compress":
            body = draw(st.sampled_from(_COMPRESSIONS))(body)
            headers.append(("Content-Encoding", draw(st.sampled_from(_ENCODINGS))))
        else:
            headers.append(draw(_headers))
    return status, body, headers


def _received(sent: _Sent) -> Response:
    """Return the response as the transport passes it on."""
    status, body, sent_headers = sent
    headers = httpx.Headers(sent_headers, encoding="latin-1")  # in lower case, and joined if a header is repeated
    return Response(status, body, {name: value for name, value in headers.items() if name in READ_HEADERS})


_reasons = st.sampled_from(["connection refused", "the connection was closed", "the server sent nothing within 1 s"])
_no_response = st.builds(
    NoResponse, st.booleans(), _reasons, st.booleans(), st.sampled_from([False, False, False, True])
)


def _outcomes(order_id: int) -> st.SearchStrategy[Outcomes]:
    last = _responses(order_id).map(_received)
    earlier = _no_response | last
    attempts = st.tuples(last) | st.tuples(earlier, last) | st.tuples(last, earlier, last) | st.tuples(_no_response)
    return st.builds(Outcomes, st.just(order_id), attempts)


_BASES = {order_id: _bases(order_id) for order_id in _IDS}
outcomes = st.one_of(*map(_outcomes, _IDS))

_UNREQUESTED = [b"\r\n", b"x"] + [
    b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    for status, body in ((b"200 OK", _written(_BASES[ORDER_ID][0][1])), (b"422 No", _written(_REFUSALS[0][1])))
]
_INTERIM = [b"\r\n", *map(b"HTTP/1.1 %s\r\n\r\n".__mod__, (b"100 Continue", b"103 Hints\r\nLink: </x>", b"101 Switch"))]
_WIRE: dict[str, st.SearchStrategy[Any]] = {  # what can be wrong on the connection; see wire
    "interim": st.sampled_from(_INTERIM),
    "version": st.sampled_from(["HTTP/1.0", "HTTP/2", "HTTP/1.10", "http/1.1", "HTTP/1.1\t", "ICY"]),
    "reason": st.sampled_from(["", "No", LETTER, TOKEN, "\xe9", "a\tb"]),
    "lengths": st.sampled_from([(), (0, 0), (0, 1), (-1,), (-20,), (3,)]),
    "chunk": st.integers(1, 999),
    "head_edit": _edits,
    "body_edit": _edits,
    "unrequested": st.sampled_from(_UNREQUESTED),
    "cut": st.integers(1, 3000),
    "end": st.sampled_from([(End.RESET,), ()]),
    "raw": st.binary(max_size=64),
}


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


@st.composite
def wire(draw: DrawFn) -> Bytes:
    """Generate the bytes of a response with up to three things wrong on the connection."""
    status, body, headers = draw(_responses(ORDER_ID))
    wrong = {name: draw(_WIRE[name]) for name in draw(st.lists(st.sampled_from(list(_WIRE)), max_size=3, unique=True))}
    lines = [f"{wrong.get('version', 'HTTP/1.1')} {status} {wrong.get('reason', 'OK')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Transfer-Encoding: chunked"] * ("chunk" in wrong)
    lines += [f"Content-Length: {max(0, len(body) + error)}" for error in wrong.get("lengths", (0,))]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    body = _chunked(body, wrong["chunk"]) if "chunk" in wrong else body
    head, body = (
        _edit(part, *wrong.get(key, ("cut", -1, b""))) for key, part in (("head_edit", head), ("body_edit", body))
    )
    whole, end = wrong.get("interim", b"") + wrong.get("raw", head + body), wrong.get("end", (End.CLOSE,))
    if "unrequested" in wrong:  # in one piece: if it came later, no client could distinguish it from the next response
        return Bytes((whole + wrong["unrequested"], *end))
    cut = wrong.get("cut", 0)
    return Bytes((*filter(None, (whole[:cut], whole[cut:])), *end))
