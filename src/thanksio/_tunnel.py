"""Open a tunnel through a proxy: what to send, and how to parse the reply. No I/O.

A handshake is a generator: it yields bytes to send, possibly none, and is sent the bytes that were received, none of
them at the end of the connection. The proxy's text is never quoted, because it may contain the credentials.
"""

from __future__ import annotations

import base64
import ipaddress
from typing import TYPE_CHECKING, TypeAlias

import h11

if TYPE_CHECKING:
    from collections.abc import Generator

    from thanksio._config import Proxy

    Handshake: TypeAlias = Generator[bytes, bytes, None]
    Received: TypeAlias = Generator[bytes, bytes, bytes]

_RETRIED = frozenset({408, 429})  # of the refusals of a proxy, besides 5xx
# RFC 1928, section 6: the reply, and whether the same request can succeed later.
_SOCKS_REPLIES = {
    1: ("general failure", True),
    2: ("the connection is not allowed", False),
    3: ("the network is unreachable", True),
    4: ("the host is unreachable", True),
    5: ("the server refused the connection", True),
    6: ("time to live expired", True),
    7: ("the command is not supported", False),
    8: ("the address type is not supported", False),
}
_ADDRESS_LENGTHS = {1: 4, 4: 16}


class ProxyRefusedError(Exception):
    """The proxy did not open a tunnel. `is_permanent` is True if a retry cannot help."""

    def __init__(self, reason: str, *, is_permanent: bool = False, advice: str = "") -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent
        self.advice = advice


_CLOSED = "it closed the connection"
_NOT_SOCKS = "its response is not SOCKS 5"
_CREDENTIALS = "Check the user name and the password in the proxy's URL."


def handshake(proxy: Proxy, host: str, port: int) -> Handshake:
    """Return the steps that open a tunnel through `proxy`. They raise ProxyRefusedError if it refuses."""
    steps = _socks5 if proxy.scheme == "socks5" else _connect
    return steps(proxy.credentials, host, port)


def _connect(credentials: tuple[str, str] | None, host: str, port: int) -> Handshake:
    """Open a tunnel through an HTTP proxy (RFC 9110, section 9.3.6)."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", target)]
    if credentials:
        headers.append(("Proxy-Authorization", f"Basic {base64.b64encode(':'.join(credentials).encode()).decode()}"))
    parser = h11.Connection(h11.CLIENT)
    request = h11.Request(method="CONNECT", target=target, headers=headers)
    received = yield (parser.send(request) or b"") + (parser.send(h11.EndOfMessage()) or b"")
    status = yield from _status(parser, received)
    if status == 407:  # noqa: PLR2004 - RFC 9110, section 15.5.8
        raise ProxyRefusedError("407, it requires other credentials", is_permanent=True, advice=_CREDENTIALS)
    if not 200 <= status < 300:  # noqa: PLR2004
        is_permanent = status < 500 and status not in _RETRIED  # noqa: PLR2004
        raise ProxyRefusedError(f"it refused with status {status}", is_permanent=is_permanent)


def _status(parser: h11.Connection, received: bytes) -> Generator[bytes, bytes, int]:
    while True:
        try:
            parser.receive_data(received)
            event = parser.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = parser.next_event()
        except h11.RemoteProtocolError:
            raise ProxyRefusedError("its response is not HTTP" if received else _CLOSED) from None
        if isinstance(event, h11.Response):
            return event.status_code
        received = yield b""


def _socks5(credentials: tuple[str, str] | None, host: str, port: int) -> Handshake:
    """Open a tunnel through a SOCKS proxy (RFC 1928), with user name and password as in RFC 1929."""
    reader = _Reader()
    yield from reader.send(b"\5\2\0\2" if credentials else b"\5\1\0")
    method = (yield from reader.take(2, version=5))[1]
    if method not in {0, 2, 0xFF}:  # no acceptable method
        raise ProxyRefusedError(_NOT_SOCKS)
    if method == 2 and credentials:  # noqa: PLR2004
        user, password = (text.encode() for text in credentials)
        yield from reader.send(b"\1%c%b%c%b" % (len(user), user, len(password), password))
        if (yield from reader.take(2, version=1))[1]:
            raise ProxyRefusedError("it rejected the credentials", is_permanent=True, advice=_CREDENTIALS)
    elif method:
        raise ProxyRefusedError("it requires other credentials", is_permanent=True, advice=_CREDENTIALS)
    yield from reader.send(b"\5\1\0" + _socks_address(host) + port.to_bytes(2, "big"))
    _, reply, _, kind = yield from reader.take(4, version=5)
    if reply:
        why, may_pass = _SOCKS_REPLIES.get(reply, (f"reply {reply}", False))
        raise ProxyRefusedError(f"it refused: {why}", is_permanent=not may_pass)
    length = _ADDRESS_LENGTHS.get(kind) or (yield from reader.take(1))[0]
    yield from reader.take(length + 2)  # the address and port that the proxy uses; nothing depends on them


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if len(host) > 255:  # noqa: PLR2004 - the length is one byte
            raise ProxyRefusedError("the host name is too long for SOCKS", is_permanent=True) from None
        return b"\3%c%b" % (len(host), host.encode("ascii"))  # the proxy resolves the name
    return (b"\1" if address.version == 4 else b"\4") + address.packed  # noqa: PLR2004


class _Reader:
    """The bytes of a SOCKS handshake, read one message at a time."""

    def __init__(self) -> None:
        self._buffer = b""

    def send(self, data: bytes) -> Handshake:
        self._buffer += self._some((yield data))

    def take(self, count: int, version: int | None = None) -> Received:
        """Return the next bytes; the first must be `version`, if given."""
        while len(self._buffer) < count:
            self._buffer += self._some((yield b""))
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        if version is not None and taken[0] != version:
            raise ProxyRefusedError(_NOT_SOCKS)
        return taken

    @staticmethod
    def _some(received: bytes) -> bytes:
        if not received:
            raise ProxyRefusedError(_CLOSED)
        return received
