"""A server on loopback that says whatever bytes it is told to.

Ready-made servers mend, close or refuse what a fault has to say: werkzeug, for one, below pytest-httpserver, closes
its connection after every answer, and does TLS handshakes one at a time. So this one leaves the reading of requests
to h11, and the saying to a script.
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

from thanksio.testing._script import End, Response, Script, Step, Wait

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    from thanksio.testing._tls import Certificates

_HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds that a client may take for one step, so that no thread waits for ever
_BAD_REQUEST = Response(400, {"message": "Bad Request"}, (("Connection", "close"),)).encode()


@frozen
class Request:
    """A request as it arrived; names of headers are in lower case, and each stands as often as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    is_last: bool = False


class Answering(Protocol):
    """Whoever decides what the server says."""

    @abstractmethod
    def greet(self) -> list[Step] | None:
        """Return what replaces the TLS handshake, or None for a normal one."""

    @abstractmethod
    def answer(self, request: Request) -> Script:
        """Return the response to a request."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Keep an exception that was raised while deciding."""


class Server:
    """Listens on loopback while it is started, with one thread for each connection."""

    def __init__(self, answering: Answering, port: int, certificates: Certificates | None) -> None:
        self._answering = answering
        self._certificates = certificates
        self._lock = threading.Lock()
        self._switch = threading.RLock()  # one change of what is listened to at a time
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
        """Begin to accept connections, or do so again."""
        with self._switch:
            listener = self._bound_anew()
            listener.listen(128)
            self._accepting = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            self._accepting.start()

    def refuse(self) -> None:
        """Keep the port, but let nobody connect to it: what is bound and does not listen refuses."""
        with self._switch:
            self._bound_anew()

    def stall(self) -> None:
        """Complete no connection: the queue of the listener is full, so Linux drops SYNs."""
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
                    accepting.join()  # it was woken by the connection
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
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # an SSLSocket's own would drop its state, too
            if thread is not threading.current_thread():  # a fault of somebody's may stop the fake
                thread.join()

    def _bound_anew(self) -> socket.socket:
        """Keep the port with a socket that does not listen yet."""
        self.stop()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self.port))
        except (OSError, OverflowError):  # taken, or no port at all
            listener.close()
            raise
        self.port, self._listener = listener.getsockname()[1], listener
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError as error:  # out of file descriptors, for one
                self._answering.failed(error)
                return
            if self._accepting is not threading.current_thread():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:  # whoever sees it there may wait for it, so it must have been started
                self._open[thread] = connection
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(_PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(self._secured(connection))
        except OSError:  # the client went, or the script ended the connection
            pass
        except Exception as error:  # noqa: BLE001 - it is raised where the user can see it
            self._answering.failed(error)
        finally:
            with self._lock:
                self._open.pop(threading.current_thread()).close()

    def _converse(self, connection: socket.socket) -> None:
        for request in _requests(connection):
            _play(connection, self._answering.answer(request))
            if request.is_last:
                return

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Do the TLS handshake, or what a fault does in its place."""
        if self._certificates is None:
            return connection
        script = self._answering.greet()
        if script is None:
            return self._handshake(connection, self._certificates.server)
        if End.STRANGER in script:
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
    """Read one request after another; a client that speaks no HTTP is told so, and is the last."""
    rest = b""
    while True:
        parser = h11.Connection(h11.SERVER)
        if rest:  # to h11 nothing means the end
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
    """Act a script out; an end of the connection is a ConnectionAbortedError."""
    for step in script:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Wait):
            _wait(connection, step.seconds)
        elif not isinstance(step, End):
            raise TypeError(f"a script says bytes, Wait or End, and not {type(step).__name__}")
        else:
            if step is End.RESET:  # closing with unsent data thrown away is how a socket says it (socket(7), SO_LINGER)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionAbortedError


def _wait(connection: socket.socket, seconds: float) -> None:
    """Wait, unless the client closes or sends anything more."""
    with selectors.DefaultSelector() as selector:  # select.select takes no file beyond the 1,024th
        selector.register(connection, selectors.EVENT_READ)
        if selector.select(seconds):
            raise ConnectionAbortedError
