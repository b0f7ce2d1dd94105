"""Send one request over a connection of its own, and return the outcome as a value.

HTTP/1.1 does not number its responses: on a connection that is kept, a late or unsolicited response would be taken for
the next order's. So each attempt opens a connection and closes it. Nothing here follows redirects, keeps cookies or
reads a body without a limit, because requests go to an httpx transport and not through `httpx.Client`.
"""

from __future__ import annotations

import os
import ssl
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio
import httpcore
import httpx
from attrs import define, field

from thanksio._connection import DEADLINE, OPENSSL, AsyncBackend, Attempt, Backend
from thanksio._verdict import MAX_BODY, READ_HEADERS, NoResponse, Outcome, Response, sanitize
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from thanksio._config import Proxy
    from thanksio._redact import Redactor

_Foreign = TypeVar("_Foreign", httpx.BaseTransport, httpx.AsyncBaseTransport)

_PORTS = {"http": 80, "https": 443}
_CLOSED = "the connection was closed before the response was complete"
# Modules whose local variables hold what is sent: the token, and the password of a proxy.
_SENDING = frozenset({"anyio", "h11", "httpcore", "httpx", "ssl", "trio", "thanksio._connection", "thanksio._tunnel"})


class _NoBody(tuple[bytes, ...], httpx.SyncByteStream, httpx.AsyncByteStream):
    """An empty request body that is not a generator, which would have to be closed."""

    __slots__ = ()

    def __aiter__(self) -> _NoBody:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


NO_BODY = _NoBody()


class _OneRequest(httpx.HTTPTransport):
    """Sends one request over one connection.

    It inherits `handle_request`, which tools such as OpenTelemetry, pytest-httpx and vcrpy replace, and sets the one
    private name that this package uses of another library, `_pool`; tests/transport/test_private_name.py guards it.
    """

    def __init__(self, connection: httpcore.HTTPConnection) -> None:
        self._pool = connection  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


class _AsyncOneRequest(httpx.AsyncHTTPTransport):
    """Sends one async request over one connection."""

    def __init__(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._pool = connection  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]


@define
class _Body:
    """A response's body while it is received: at most about MAX_BODY, and no chunk after the first late one.

    So a response that was complete counts although it came late: it shows what is true.
    """

    end: float
    data: bytearray = field(factory=bytearray, repr=False)
    is_late: bool = False

    def add(self, chunk: bytes) -> bool:
        """Add a chunk; return whether the body is complete. Raises ReadTimeout if the previous chunk was late."""
        if self.is_late:
            raise httpx.ReadTimeout(DEADLINE)
        self.is_late = time.monotonic() >= self.end
        self.data += chunk[: MAX_BODY + 1]
        return len(self.data) > MAX_BODY

    def response(self, response: httpx.Response) -> Response:
        """Return the whole response as a value."""
        headers: dict[str, str] = {}
        for raw, value in response.headers.raw:  # in one pass: each lookup in httpx.Headers is linear
            name = raw.lower().decode("latin-1")
            if name in READ_HEADERS:
                text = value.decode("latin-1")
                headers[name] = f"{headers[name]}, {text}" if name in headers else text
        if response.is_stream_consumed:  # already read and decoded by a mock or a recorder
            self.data[:] = response.content[: MAX_BODY + 1]
            headers.pop("content-encoding", None)
        return Response(response.status_code, bytes(self.data), headers, time.time(), len(self.data) > MAX_BODY)


class _Sender(Generic[_Foreign]):
    """The shared part of both senders: connection settings, and the reasons of failures."""

    def __init__(
        self,
        base_url: httpx.URL,
        foreign: _Foreign | None,
        proxy: Proxy | None,
        ssl_context: ssl.SSLContext | None,
        redactor: Redactor,
    ) -> None:
        self._origin = httpcore.Origin(base_url.raw_scheme, base_url.raw_host, base_url.port or _PORTS[base_url.scheme])
        self._foreign: _Foreign | None = foreign
        self._proxy, self._redact = proxy, redactor
        self._ssl_context = ssl_context
        self._needs_certificates = foreign is None and ssl_context is None and base_url.scheme == "https"

    def prepare(self) -> None:
        """Load certificates, once. Raises ConfigurationError if they cannot be loaded."""
        if self._needs_certificates:
            with OPENSSL:
                self._ssl_context = self._ssl_context or _default_ssl_context()
                self._needs_certificates = False

    def _begin(self, left: float) -> tuple[Attempt, NoResponse | None]:
        """Start an attempt of `left` seconds. If loading the certificates takes as long, nothing is sent."""
        attempt = Attempt(time.monotonic() + left)
        if self._needs_certificates:
            self.prepare()
        is_late = time.monotonic() >= attempt.end
        return attempt, NoResponse(may_have_sent=False, reason=DEADLINE, timed_out=True) if is_late else None

    def _failure(self, error: Exception, attempt: Attempt) -> NoResponse | None:
        """Return why there is no response; None if the exception is the host program's and passes through."""
        is_own = self._foreign is None
        converted = httpx.HTTPError if is_own else (httpx.HTTPError, OSError)  # an ssl.SSLError is an OSError
        if not isinstance(error, converted):
            return None
        is_witnessed = is_own and attempt.began
        said = (
            str(error) if is_witnessed else f"{type(error).__name__} {sanitize(str(error), self._redact, 200)}".strip()
        )
        return NoResponse(
            may_have_sent=attempt.sent or not is_witnessed,
            reason=_reason(error, said) if is_witnessed else f"the transport raised {said}",
            timed_out=isinstance(error, httpx.TimeoutException | TimeoutError),
            is_permanent=attempt.is_permanent,
            advice=attempt.advice,
        )


def _reason(error: Exception, said: str) -> str:
    """Return why our own request failed. Messages of h11 can quote the response, so they are not used."""
    if not isinstance(error, httpx.ProtocolError):
        return said
    return _CLOSED if "without" in said else "the response is not valid HTTP"


def _default_ssl_context() -> ssl.SSLContext:
    file = os.environ.get("SSL_CERT_FILE")
    try:  # versions of httpx before 0.28 ignore a file that does not exist
        return ssl.create_default_context(cafile=file) if file else httpx.create_ssl_context()
    except OSError as error:
        file = file or os.environ.get("SSL_CERT_DIR")
        named = f" SSL_CERT_FILE or SSL_CERT_DIR is {file}." if file else ""
        raise ConfigurationError(f"The TLS certificates cannot be loaded: {error}.{named} Nothing was sent.") from None


class Sender(_Sender[httpx.BaseTransport]):
    """Sends requests, each over a connection of its own unless the caller brought a transport."""

    def send(self, request: httpx.Request, left: float) -> Outcome:
        """Send a request and return its response within `left` seconds, or why there is none.

        What the host program raises meanwhile, from a signal handler for one, passes through.
        """
        handled = sys.exception()
        attempt, late = self._begin(left)
        if late:
            return late
        try:
            return self._exchange(request, attempt)
        except BaseException as error:
            outcome = self._failure(error, attempt) if isinstance(error, Exception) else None
            if outcome is None:
                _hide_secret_frames(error, handled)
                raise
            return outcome
        finally:
            if attempt.stream is not None:  # close the socket itself: an interrupted frame may hold a lock of httpcore
                attempt.stream.close()

    def _exchange(self, request: httpx.Request, attempt: Attempt) -> Response:
        body = _Body(attempt.end)
        transport: httpx.BaseTransport | None = self._foreign
        if transport is None:
            backend = Backend(attempt, self._proxy, self._ssl_context)
            transport = _OneRequest(httpcore.HTTPConnection(self._origin, self._ssl_context, network_backend=backend))
        response = transport.handle_request(request)
        try:
            if not response.is_stream_consumed:
                for chunk in cast("httpx.SyncByteStream", response.stream):
                    if body.add(chunk):
                        break
        finally:
            if self._foreign:
                with suppress(httpx.HTTPError, OSError):  # the received response counts even if closing fails
                    response.close()
        return body.response(response)


class AsyncSender(_Sender[httpx.AsyncBaseTransport]):
    """Sends requests under asyncio and trio; nothing here belongs to an event loop."""

    async def send(self, request: httpx.Request, left: float) -> Outcome:
        """Send a request and return its response within `left` seconds, or why there is none."""
        handled = sys.exception()
        attempt, late = self._begin(left)
        if late:
            return late
        try:
            with anyio.move_on_after(attempt.end - time.monotonic()):
                return await self._exchange(request, attempt)
            raise httpx.ReadTimeout(DEADLINE)  # noqa: TRY301 - what a socket step would raise
        except BaseException as error:
            outcome = self._failure(error, attempt) if isinstance(error, Exception) else None
            if outcome is None:
                _hide_secret_frames(error, handled)
                raise
            return outcome
        finally:
            if attempt.stream is not None:
                with anyio.CancelScope(shield=True):
                    await attempt.stream.aclose()

    async def _exchange(self, request: httpx.Request, attempt: Attempt) -> Response:
        body = _Body(attempt.end)
        transport: httpx.AsyncBaseTransport | None = self._foreign
        if transport is None:
            backend = AsyncBackend(attempt, self._proxy, self._ssl_context)
            connection = httpcore.AsyncHTTPConnection(self._origin, self._ssl_context, network_backend=backend)
            transport = _AsyncOneRequest(connection)
        response = await transport.handle_async_request(request)
        try:
            if not response.is_stream_consumed:
                await _receive(cast("httpx.AsyncByteStream", response.stream), body)
        finally:
            if self._foreign:
                with anyio.CancelScope(shield=True), suppress(httpx.HTTPError, OSError):
                    await response.aclose()
        return body.response(response)


async def _receive(stream: httpx.AsyncByteStream, body: _Body) -> None:
    chunks: AsyncIterator[bytes] = aiter(stream)
    try:
        async for chunk in chunks:
            if body.add(chunk):
                break
    finally:
        if isinstance(chunks, AsyncGenerator):  # otherwise the event loop closes it later
            with anyio.CancelScope(shield=True):
                await chunks.aclose()


def _hide_secret_frames(error: BaseException, handled: BaseException | None) -> None:
    """Remove the frames that hold secrets from a traceback, and from those of its causes.

    `handled` is what the caller was handling when it called; it is left as it is.
    """
    found, seen = [error], {id(error), id(handled)}  # causes can be circular
    for chained in found:
        chained.__traceback__ = _without_secrets(chained.__traceback__)
        for each in (chained.__cause__, chained.__context__):
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                found.append(each)


def _without_secrets(trace: TracebackType | None) -> TracebackType | None:
    entries: list[TracebackType] = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    kept: TracebackType | None = None
    for entry in reversed(entries):
        name = str(entry.tb_frame.f_globals.get("__name__"))
        if name not in _SENDING and name.partition(".")[0] not in _SENDING:
            line: int | None = entry.tb_lineno  # some instructions, which a signal can interrupt, have none
            kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, line or entry.tb_frame.f_code.co_firstlineno)
    return kept
