"""A failure has the same message in the sync client, under asyncio and under trio."""

from __future__ import annotations

import re
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from calls import failure, looked_up, without_times
from conftest import KINDS
from servers import Listener, dripping, hold, read_head, saying

if TYPE_CHECKING:
    from servers import Serve

_ALERT = bytes([21, 3, 3, 0, 2, 2, 40])  # RFC 8446, section 6: handshake_failure
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"


def _then(data: bytes, *, reset: bool = False) -> Serve:
    """Respond to a request with this, and close or reset the connection."""

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(data)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return serve


def _to_a_hello(data: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return serve


ENDS: dict[str, tuple[str, Serve]] = {
    "reset before headers": ("http", _then(b"", reset=True)),
    "reset within headers": ("http", _then(_HEAD[:20], reset=True)),
    "reset after headers": ("http", _then(_HEAD, reset=True)),
    "reset in the body": ("http", _then(_HEAD + b"{", reset=True)),
    "closed before the response": ("http", _then(b"")),
    "closed within headers": ("http", _then(_HEAD[:20])),
    "closed in the body": ("http", _then(_HEAD + b"{")),
    "garbage": ("http", saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
    "silent": ("http", hold),
    "silent in the body": ("http", saying(_HEAD)),
    "dripping": ("http", dripping(_HEAD)),
    "TLS alert": ("https", _to_a_hello(_ALERT)),
    "no TLS": ("https", _to_a_hello(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "closed in the handshake": ("https", _to_a_hello(b"")),
    "silent in the handshake": ("https", hold),
}


def assert_same_sentence(**settings: Any) -> None:
    texts = [without_times(str(failure(kind, **settings))) for kind in KINDS]

    assert texts == texts[:1] * len(KINDS)
    assert texts[0].startswith("Order 37294: ")
    assert texts[0].endswith(".")
    assert not re.search(r"\(\)|[a-z](Error|Timeout)\b|\bErrno\b|0x|[<>{}]|\b_\w|\w+\.c:\d|\bNone\b|b'", texts[0])


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_connection_has_one_sentence(end: str) -> None:
    scheme, serve = ENDS[end]
    deadline = 0.6 if end == "dripping" else 5.0  # a busy machine loads the certificates slowly
    with Listener(serve) as server:
        assert_same_sentence(base_url=f"{scheme}://127.0.0.1:{server.port}", timeout=0.15, deadline=deadline)


def test_a_refused_connection_has_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert_same_sentence(base_url=f"http://127.0.0.1:{port}")


def test_an_unknown_host_has_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))

    assert_same_sentence(base_url="https://api.example.test")
