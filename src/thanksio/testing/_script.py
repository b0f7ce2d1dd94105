"""What a server sends on one connection, as values: bytes, pauses and the end."""

from __future__ import annotations

import enum
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers: TypeAlias = "tuple[tuple[str, str], ...]"


@frozen
class Wait:
    """Send nothing for `seconds`, or until the client closes."""

    seconds: float = 3600.0


class End(enum.Enum):
    """How a connection ends."""

    CLOSE = "close"
    RESET = "reset"
    UNTRUSTED = "a TLS handshake with a certificate of an untrusted authority"


Step: TypeAlias = bytes | Wait | End
Script: TypeAlias = "Iterable[Step]"


@frozen
class FakeResponse:
    """The normal response of the fake. `token` is that of the request, for faults that echo it."""

    status: int
    document: object
    headers: Headers = ()
    token: str = field(default="", repr=False)

    def body(self) -> bytes:
        """Return the document as JSON."""
        return json.dumps(self.document).encode()

    def encode(self) -> bytes:
        """Return all bytes."""
        return self.encode_with(self.body())

    def encode_with(self, body: bytes, *, status: int | None = None, extra: Headers = ()) -> bytes:
        """Return the bytes with another body; `extra` headers replace the usual ones."""
        lines = (*self.headers, *extra)
        usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        missing = usual.keys() - {name for name, _ in lines}
        return head(status or self.status, *((name, usual[name]) for name in sorted(missing)), *lines) + body

    def showing(self, document: object, status: int | None = None, *extra: tuple[str, str]) -> FakeResponse:
        """Return the same response with another document, and optionally another status and more headers."""
        return evolve(self, document=document, status=status or self.status, headers=(*self.headers, *extra))

    def header(self, name: str) -> str:
        """Return the value of a header that the fake set."""
        return dict(self.headers)[name]


def head(status: int, *headers: tuple[str, str], version: str = "HTTP/1.1") -> bytes:
    """Return a status line and headers as bytes."""
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    lines = [f"{version} {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
