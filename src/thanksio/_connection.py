"""The connection of one attempt: how it is opened, when it must end, and whether the request was sent.

httpcore asks a network backend for connections. Ours belong to one attempt: every step ends at the attempt's deadline,
and the first byte of the request that is written is noted.
"""

from __future__ import annotations

import codecs
import math
import os
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import httpcore
from attrs import define

from thanksio._tunnel import ProxyRefusedError, handshake

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from thanksio._config import Proxy

_T = TypeVar("_T")

BROKEN = "the connection broke before the response was complete"
DEADLINE = "the deadline of the call was reached"
_SILENT = "the server sent nothing"
_UNSENT = "the request could not be sent"
_TRUST = "Trust its authority with SSL_CERT_FILE or ssl_context=."
# A fork while another thread is within OpenSSL would leave OpenSSL's own locks locked in the child.
OPENSSL = threading.RLock()  # a signal handler can fork, or call, in the thread that holds it
if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows does not fork
    os.register_at_fork(before=OPENSSL.acquire, after_in_parent=OPENSSL.release, after_in_child=OPENSSL.release)

codecs.lookup("idna")  # for host names in ssl; imported now, because a fork during the import would hang the child
_CHUNK = 65536  # bytes
_TOLERANCE = 0.02  # seconds by which a socket's own timeout may come early
_NO_SUCH_HOST = frozenset(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))


@define(eq=False)
class Attempt:
    """The state of one attempt on our own connection.

    `end` is a time of `time.monotonic`. `began` says that our connection, and nothing in its place, was asked to
    connect; `ready` that it can carry the request, through a proxy's tunnel if there is one; `sent` that a byte of the
    request may have left.
    """

    end: float
    began: bool = False
    ready: bool = False
    sent: bool = False
    is_permanent: bool = False
    advice: str = ""
    stream: Any = None  # sockets to close

    def connect_error(self, what: str, error: BaseException) -> httpcore.ConnectError:
        """Return why no connection was made, and record whether a retry can help."""
        root = _root(error)
        if isinstance(root, ssl.SSLCertVerificationError):
            self.is_permanent, self.advice = True, _TRUST
            file = os.environ.get("SSL_CERT_FILE")
            used = f" (SSL_CERT_FILE is {file})" if file else ""
            return httpcore.ConnectError(f"{what}: its certificate is not trusted: {root.verify_message}{used}")
        if isinstance(root, socket.gaierror | UnicodeError):
            self.is_permanent = isinstance(root, UnicodeError) or root.errno in _NO_SUCH_HOST
            return httpcore.ConnectError(f"{what}: its name could not be resolved")
        return httpcore.ConnectError(f"{what}: {_words(root)}")

    def tunnel_error(self, proxy: Proxy, error: Exception) -> Exception:
        """Return why the proxy opened no tunnel, and record whether a retry can help."""
        what = f"the proxy {proxy} opened no tunnel"
        if isinstance(error, ProxyRefusedError):
            self.is_permanent, self.advice = error.is_permanent, error.advice
            return httpcore.ProxyError(f"{what}: {error}")
        if isinstance(error, httpcore.TimeoutException):
            return httpcore.ConnectTimeout(f"{what} in time")
        return httpcore.ProxyError(f"{what}: the connection broke")


def _root(error: BaseException) -> BaseException:
    """Return the operating system's error that a library's error was raised from."""
    found = error
    while True:
        group: object = found
        if isinstance(group, BaseExceptionGroup):  # of the addresses that anyio tried
            found = cast("BaseExceptionGroup[BaseException]", group).exceptions[0]
        elif found.__cause__:  # not its context, which can be an error that the caller is handling
            found = found.__cause__
        else:
            return found


def _words(root: BaseException) -> str:
    if isinstance(root, ssl.SSLError) and "EOF" not in (root.reason or ""):
        return (root.reason or "TLS failed").replace("_", " ").lower()
    if isinstance(root, OSError) and root.errno and not isinstance(root, ssl.SSLError):
        return os.strerror(root.errno).lower()
    return "the connection was closed"


class _Socket(Protocol):
    """The methods of a socket that a stream uses."""

    def settimeout(self, value: float | None, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...


class _TLS:
    """TLS over a socket, or over TLS to a proxy, which ssl.SSLSocket cannot wrap.

    A fork waits for the lock around OpenSSL; the lock is never held while waiting for the network.
    """

    def __init__(self, sock: _Socket, context: ssl.SSLContext, hostname: str | None) -> None:
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with OPENSSL:
            self.object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._timeout: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        self._timeout = value

    def do_handshake(self) -> None:
        self._run(self.object.do_handshake)

    def recv(self, size: int, /) -> bytes:
        with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return self._run(lambda: self.object.read(size))
        return b""

    def sendall(self, data: bytes, /) -> None:
        self._run(lambda: self.object.write(data))

    def close(self) -> None:
        self._socket.close()

    def _run(self, step: Callable[[], _T]) -> _T:
        """Carry out one step of TLS within one timeout, with all that it sends and receives."""
        end = math.inf if self._timeout is None else time.monotonic() + self._timeout
        while True:
            try:
                with OPENSSL:
                    result = step()
            except ssl.SSLWantReadError:
                self._flush(end)
                self._wait(end)
                received = self._socket.recv(16384)
                self._incoming.write(received) if received else self._incoming.write_eof()
            else:
                self._flush(end)
                return result

    def _flush(self, end: float) -> None:
        if self._outgoing.pending:
            self._wait(end)
            self._socket.sendall(self._outgoing.read())

    def _wait(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(None if end == math.inf else left)


class _Stream(httpcore.NetworkStream):
    """A socket whose steps all end at the attempt's deadline."""

    def __init__(self, sock: _Socket, attempt: Attempt) -> None:
        self._socket = attempt.stream = sock
        self._attempt = attempt

    @contextmanager
    def step(
        self, timeout: float | None, late: type[Exception], what: str, failed: Callable[[Exception], Exception]
    ) -> Generator[float]:
        """Turn the timeout of a socket into `late` and its other errors into what `failed` returns.

        What a signal handler of the host program raises, such as a job queue's time limit, passes through: an error of
        the system has a number, and a timeout of the socket, which has none, does not come before its time.
        """
        began = time.monotonic()
        limit = min(math.inf if timeout is None else timeout, self._attempt.end - began)
        if limit <= 0:  # data that is ready would never time out
            raise late(DEADLINE)
        self._socket.settimeout(limit)
        try:
            yield limit
        except OSError as error:
            if error.errno is not None:
                raise failed(error) from error
            if not isinstance(error, TimeoutError) or time.monotonic() < began + limit - _TOLERANCE:
                raise
            raise late(DEADLINE if limit != timeout else f"{what} within {limit:.3g} s") from error
        except UnicodeError as error:  # a host name that cannot be encoded
            raise failed(error) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self.step(timeout, httpcore.ReadTimeout, _SILENT, lambda _: httpcore.ReadError(BROKEN)):
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            with self.step(timeout, httpcore.WriteTimeout, _UNSENT, lambda _: httpcore.WriteError(BROKEN)):
                self._attempt.sent |= self._attempt.ready
                self._socket.sendall(buffer)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        what = f"no TLS connection to {server_hostname} was made"
        with self.step(timeout, httpcore.ConnectTimeout, what, partial(self._attempt.connect_error, what)) as limit:
            sock = _TLS(self._socket, ssl_context, server_hostname)
            stream = _Stream(sock, self._attempt)
            sock.settimeout(limit)
            sock.do_handshake()
            return stream

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        return self._socket.object if info == "ssl_object" and isinstance(self._socket, _TLS) else None


class Backend(httpcore.NetworkBackend):
    """Connects for one attempt, through the proxy if there is one."""

    def __init__(self, attempt: Attempt, proxy: Proxy | None, context: ssl.SSLContext | None) -> None:
        self._attempt, self._proxy, self._context = attempt, proxy, context

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: object, **__: object
    ) -> httpcore.NetworkStream:
        self._attempt.began = True
        proxy = self._proxy
        stream = self._open(host, port, timeout) if proxy is None else self._tunnel(proxy, host, port, timeout)
        self._attempt.ready = True
        return stream

    def _open(self, host: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        what = f"no connection to {host}:{port} was made"
        failure: Exception | None = None
        try:  # the operating system limits its duration; bytes, because a str would import a codec
            found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if isinstance(error, OSError) and error.errno is None:
                raise  # raised by a signal handler of the host program
            raise self._attempt.connect_error(what, error) from error
        end = math.inf if timeout is None else time.monotonic() + timeout  # one timeout for all addresses
        for family, kind, protocol, _, address in found:
            left = timeout if failure is None else end - time.monotonic()
            if failure and left is not None and left <= 0:
                break
            sock = socket.socket(family, kind, protocol)
            stream = _Stream(sock, self._attempt)
            try:
                with stream.step(left, httpcore.ConnectTimeout, what, partial(self._attempt.connect_error, what)):
                    sock.connect(address)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                sock.close()
                failure = error
            else:
                return stream
        raise failure or httpcore.ConnectError(f"{what}: its name has no address")

    def _tunnel(self, proxy: Proxy, host: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        stream = self._open(proxy.host, proxy.port, timeout)
        if proxy.scheme == "https" and self._context:
            stream = stream.start_tls(self._context, proxy.host, timeout)
        steps = handshake(proxy, host, port)
        try:
            data = next(steps)
            while True:
                stream.write(data, timeout)
                data = steps.send(stream.read(_CHUNK, timeout))
        except StopIteration:
            return stream
        except (ProxyRefusedError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise self._attempt.tunnel_error(proxy, error) from error


class _AsyncStream(httpcore.AsyncNetworkStream):
    """A stream that reports failures in words. A cancel scope around the attempt enforces the deadline."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, attempt: Attempt) -> None:
        self._stream = attempt.stream = stream
        self._attempt = attempt

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._stream.read(max_bytes, timeout)
        except httpcore.ReadTimeout as error:
            raise httpcore.ReadTimeout(f"{_SILENT} within {timeout:.3g} s") from error
        except (httpcore.ReadError, OSError) as error:  # anyio does not convert TLS errors
            raise httpcore.ReadError(BROKEN) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        self._attempt.sent |= self._attempt.ready
        try:
            await self._stream.write(buffer, timeout)
        except httpcore.WriteTimeout as error:
            raise httpcore.WriteTimeout(f"{_UNSENT} within {timeout:.3g} s") from error
        except (httpcore.WriteError, OSError) as error:
            raise httpcore.WriteError(BROKEN) from error

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        what = f"no TLS connection to {server_hostname} was made"
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._attempt)
        except httpcore.ConnectTimeout as error:
            raise httpcore.ConnectTimeout(f"{what} within {timeout:.3g} s") from error
        except (httpcore.ConnectError, OSError, UnicodeError) as error:
            raise self._attempt.connect_error(what, error) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        return self._stream.get_extra_info(info)


def _anyio_backend() -> httpcore.AsyncNetworkBackend:
    return cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())  # type checkers see a stand-in without anyio


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Connects for one attempt, through the proxy if there is one."""

    def __init__(self, attempt: Attempt, proxy: Proxy | None, context: ssl.SSLContext | None) -> None:
        self._attempt, self._proxy, self._context = attempt, proxy, context

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: object, **__: object
    ) -> httpcore.AsyncNetworkStream:
        self._attempt.began = True
        proxy = self._proxy
        opened = self._open(host, port, timeout) if proxy is None else self._tunnel(proxy, host, port, timeout)
        stream = await opened
        self._attempt.ready = True
        return stream

    async def _open(self, host: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        what = f"no connection to {host}:{port} was made"
        try:
            return _AsyncStream(await _anyio_backend().connect_tcp(host, port, timeout), self._attempt)
        except httpcore.ConnectTimeout as error:
            raise httpcore.ConnectTimeout(f"{what} within {timeout:.3g} s") from error
        except (httpcore.ConnectError, UnicodeError) as error:
            raise self._attempt.connect_error(what, error) from error

    async def _tunnel(self, proxy: Proxy, host: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        stream = await self._open(proxy.host, proxy.port, timeout)
        if proxy.scheme == "https" and self._context:
            stream = await stream.start_tls(self._context, proxy.host, timeout)
        steps = handshake(proxy, host, port)
        try:
            data = next(steps)
            while True:
                await stream.write(data, timeout)
                data = steps.send(await stream.read(_CHUNK, timeout))
        except StopIteration:
            return stream
        except (ProxyRefusedError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise self._attempt.tunnel_error(proxy, error) from error
