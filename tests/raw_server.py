"""A server that sends exactly the given bytes, for responses that no correct server sends."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self, TypeAlias

Action: TypeAlias = Callable[[socket.socket], None]
LONGEST = 5.0  # seconds after which an action gives up, so that no thread outlives its test by much


class RawServer:
    """Takes one request after another on each connection and plays the next action; the last plays for ever."""

    def __init__(self, *actions: Action, path: str = "") -> None:
        self._actions = actions
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen()
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.requests: list[bytes] = []
        self.connections = 0
        port = 80 if path else self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
        with connection, contextlib.suppress(OSError):
            connection.settimeout(LONGEST)
            while request := _request(connection):
                with self._lock:
                    self.requests.append(request)
                    action = self._actions[min(len(self.requests), len(self._actions)) - 1]
                action(connection)


def _request(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    return data


def answer(document: object, status: str = "200 OK", **headers: str) -> Action:
    """Answer as a server should."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return raw(_head(status, len(body), **headers) + body)


def _head(status: str, length: int, **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {length}", *lines, "", ""]).encode()


def raw(data: bytes) -> Action:
    """Send these bytes and keep the connection."""
    return lambda connection: connection.sendall(data)


def raw_then_close(data: bytes) -> Action:
    """Send these bytes and close."""

    def act(connection: socket.socket) -> None:
        connection.sendall(data)
        raise OSError

    return act


def reset(connection: socket.socket) -> None:
    """Reset the connection without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise OSError


def silence(_connection: socket.socket) -> None:
    """Send nothing."""
    time.sleep(LONGEST)


def drip(start: bytes, piece: bytes, every: float) -> Action:
    """Send `start` at once and then `piece` again and again."""

    def act(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in _beats(every):
            connection.sendall(piece)

    return act


def _beats(every: float) -> Iterator[None]:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        time.sleep(every)
        yield


DRIP_HEADERS = drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.05)
DRIP_BODY = drip(_head("200 OK", 4000), b" ", 0.05)
FLOOD_CHUNKS = drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.0001)
FLOOD_100 = drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.001)
