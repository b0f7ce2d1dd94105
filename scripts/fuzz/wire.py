"""What a hostile server says, as Hypothesis strategies: bytes on a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from hypothesis import strategies as st

from fuzz.cases import ORDER_ID, Bytes
from fuzz.documents import orders, written
from fuzz.oracle import LETTER, TOKEN
from fuzz.responses import edits, said
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from fuzz.changes import Edit, Said

_VERSIONS = ("HTTP/1.0", "HTTP/2", "HTTP/1.10", "http/1.1", "HTTP/1.1\t", "ICY")
_REASONS = ("", "No", LETTER, TOKEN, "\xe9", "a\tb")
_INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"\r\n",
)
_YES = written(orders(ORDER_ID, "cancelled")[0][1]).encode()
_NO = b'{"status": "failed", "errors": ["Order is already cancelled."]}'
_UNASKED = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_YES), _YES),
    b"HTTP/1.1 422 No\r\nContent-Length: %d\r\n\r\n%s" % (len(_NO), _NO),
    b"\r\n",
    b"x",
)


@frozen
class Spoken:
    """An answer as it is sent. Of each thing that may be wrong with that, the usual is what is right."""

    said: Said
    raw: bytes | None = None
    interim: bytes = b""
    version: str = "HTTP/1.1"
    reason: str = "OK"
    lengths: tuple[int, ...] = (0,)
    chunk: int = 0
    head_edit: Edit | None = None
    body_edit: Edit | None = None
    unasked: bytes = b""
    cut: int = 0
    end: End | None = End.CLOSE

    def on_the_wire(self) -> Bytes:
        """Return what is said on the connection, and how it ends."""
        head, body = self._head(), _chunked(self.said.body, self.chunk) if self.chunk else self.said.body
        head = self.head_edit.edit(head) if self.head_edit else head
        body = self.body_edit.edit(body) if self.body_edit else body
        said = self.interim + (head + body if self.raw is None else self.raw)
        if self.unasked:  # in one piece: what comes late may be taken for the next answer, and no client can tell
            return Bytes((said + self.unasked,), self.end)
        return Bytes(tuple(filter(None, (said[: self.cut], said[self.cut :]))), self.end)

    def _head(self) -> bytes:
        lengths = [f"Content-Length: {max(0, len(self.said.body) + error)}" for error in self.lengths]
        chunks = ["Transfer-Encoding: chunked"] if self.chunk else []
        lines = [f"{name}: {value}" for name, value in self.said.headers]
        start = f"{self.version} {self.said.status} {self.reason}"
        return "\r\n".join([start, *lines, *chunks, *lengths, "", ""]).encode("latin-1", "replace")


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


_CHANGES = {
    "interim": st.sampled_from(_INTERIM),
    "version": st.sampled_from(_VERSIONS),
    "reason": st.sampled_from(_REASONS),
    "lengths": st.sampled_from([(), (0, 0), (0, 1), (-1,), (-20,), (3,)]),
    "chunk": st.integers(1, 999),
    "head_edit": edits,
    "body_edit": edits,
    "unasked": st.sampled_from(_UNASKED),
    "cut": st.integers(1, 3000),
    "end": st.sampled_from([End.RESET, None]),
    "raw": st.binary(max_size=64),
}
_changes = st.one_of(*(st.tuples(st.just(name), values) for name, values in _CHANGES.items()))
wire = st.builds(
    lambda what, changes: Spoken(what, **dict(changes)).on_the_wire(), said(ORDER_ID), st.lists(_changes, max_size=3)
)
