"""A server on loopback that sends any bytes.

Existing servers correct or refuse what a fault has to send: werkzeug, which pytest-httpserver uses, closes each
connection after the response and does one TLS handshake at a time. This one parses requests with h11, and sends a
script.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

import h11
from attrs import field, frozen

from thanksio.testing._script import End, FakeResponse, Script, Step, Wait

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from thanksio.testing._tls import Certificates

_HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds that a client may take for one step, so that no thread waits forever
_BAD_REQUEST = FakeResponse(400, {"message": "Bad Request"}, (("Connection", "close"),)).encode()


@frozen
class Request:
    """A request; header names are in lower case, and repeated headers are repeated."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    is_last: bool = False


class Decider(Protocol):
    """The object that decides what the server sends."""

    @abstractmethod
    def greet(self) -> list[Step] | None:
        """Return what replaces the TLS handshake, or None for a normal one."""

    @abstractmethod
    def script_for(self, request: Request) -> Script:
        """Return the response to a request."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Keep an exception that was raised in `respond` or `handshake`."""


class Server:
    """A server on loopback with one thread for each connection."""

    def __init__(self, decider: Decider, port: int, certificates: Certificates | None) -> None:
        self._decider = decider
        self._certificates = certificates
        self._lock = threading.Lock()
        self._switch = threading.RLock()  # one start or stop at a time
        self._open: dict[threading.Thread, socket.socket] = {}
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._fillers: list[socket.socket] = []
        self.port = port

    @property
    def is_accepting(self) -> bool:
        """Whether connections are accepted."""
        return self._accepting is not None

    def listen(self) -> None:
        """Start to accept connections, also after refuse() or stall()."""
        with self._switch:
            listener = self._bound_anew()
            listener.listen(128)
            self._accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            self._accepting.start()

    def refuse(self) -> None:
        """Keep the port and refuse connections: a socket that is bound and does not listen does that."""
        with self._switch:
            self._bound_anew()

    def stall(self) -> None:
        """Complete no connection: with the listener's queue full, Linux drops SYNs."""
        with self._switch:
            self._bound_anew().listen(0)
            for _ in range(2):
                filler = socket.socket()
                filler.setblocking(False)  # noqa: FBT003 - the socket module's own signature
                filler.connect_ex((_HOST, self.port))
                self._fillers.append(filler)

    def stop(self) -> None:
        """Stop listening and end every connection."""
        with self._switch:
            accepting, self._accepting = self._accepting, None
            if accepting:
                with contextlib.suppress(OSError), socket.create_connection((_HOST, self.port), 1):
                    accepting.join()  # the connection woke it up
            for closing in [self._listener, *self._fillers]:
                if closing:
                    closing.close()
            self._listener, self._fillers = None, []
            self.hang_up()

    def hang_up(self) -> None:
        """End every connection, and wait until that is done."""
        with self._lock:
            connections = list(self._open.items())
        for thread, connection in connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    connection, socket.SHUT_RDWR
                )  # SSLSocket.shutdown would drop the TLS state as well
            if thread is not threading.current_thread():  # the fault of a user may stop the fake
                thread.join()

    def _bound_anew(self) -> socket.socket:
        """Keep the port with a socket that does not listen yet."""
        self.stop()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self.port))
        except (OSError, OverflowError):  # in use, or invalid
            listener.close()
            raise
        self.port, self._listener = listener.getsockname()[1], listener
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:  # for example, out of file descriptors
                self._decider.failed(error)
                return
            if self._accepting is not threading.current_thread():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:  # stop() joins what is in the list, so it must be started
                self._open[thread] = connection
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(self._secured(connection))
        except OSError:  # the client closed, or the script ended the connection
            pass
        except Exception as error:  # noqa: BLE001 - it is raised where the user can see it
            self._decider.failed(error)
        finally:
            with self._lock:
                self._open.pop(threading.current_thread()).close()

    def _converse(self, connection: socket.socket) -> None:
        for request in _requests(connection):
            _play(connection, self._decider.script_for(request))
            if request.is_last:
                return

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Do the TLS handshake, or what a fault does instead."""
        if self._certificates is None:
            return connection
        script = self._decider.greet()
        if script is None:
            return self._handshake(connection, self._certificates.server)
        if End.UNTRUSTED in script:
            self._handshake(connection, self._certificates.stranger)
        else:
            connection.recv(65536)  # the client speaks first
            _play(connection, script)
        raise ConnectionAbortedError

    def _handshake(self, connection: socket.socket, context: ssl.SSLContext) -> socket.socket:
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open[threading.current_thread()] = secured
        secured.do_handshake()
        return secured


def _requests(connection: socket.socket) -> Iterator[Request]:
    """Handle one request after another; one that is not HTTP gets a 400 and ends the connection."""
    rest = b""
    while True:
        parser = h11.Connection(h11.SERVER)
        if rest:  # h11 treats empty bytes as the end
            parser.receive_data(rest)
        try:
            request = _read(parser, connection)
        except h11.RemoteProtocolError:
            connection.sendall(_BAD_REQUEST)
            return
        if request is None:
            return
        rest = parser.trailing_data[0]
        yield request


def _read(parser: h11.Connection, connection: socket.socket) -> Request | None:
    start: h11.Request | None = None
    body = b""
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            if parser.they_are_waiting_for_100_continue:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            parser.receive_data(connection.recv(65536))
        elif isinstance(event, h11.Request):
            start = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and start:
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start.headers]
            is_last = parser.their_state is h11.MUST_CLOSE
            return Request(start.method.decode(), start.target.decode("latin-1"), headers, body, is_last)
        else:
            return None


def _play(connection: socket.socket, script: Iterable[object]) -> None:
    """Send a script. Raises ConnectionAbortedError at the end of the connection."""
    for step in script:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Wait):
            _wait(connection, step.seconds)
        elif not isinstance(step, End):
            raise TypeError(f"a script consists of bytes, Wait and End, not {type(step).__name__}")
        else:
            if step is End.RESET:  # closing a socket with SO_LINGER 0 sends a reset (socket(7))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionAbortedError


def _wait(connection: socket.socket, seconds: float) -> None:
    """Wait, or until the client closes or sends more."""
    with selectors.DefaultSelector() as selector:  # select.select is limited to 1,024 file descriptors
        selector.register(connection, selectors.EVENT_READ)
        if selector.select(seconds):
            raise ConnectionAbortedError
