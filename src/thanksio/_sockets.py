"""Cut every step of a socket to what is left of the call.

httpcore's network backend is where each connect, handshake, read and write names its timeout, so that is where the
call's deadline is kept, and where it is seen whether any of the request was sent.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, TypeAlias, cast

import anyio
import httpcore
from httpcore._utils import is_socket_readable

from thanksio import _pool
from thanksio._deadline import cut, running
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


def keep_deadline(transport: object) -> None:
    """Seat the deadline in a transport of httpx's own, its proxies included; leave another's as it is.

    Raises ConfigurationError for one that holds connections already, which nothing could watch.
    """
    backend = _backend(transport)
    pool = getattr(transport, "_pool", None)
    if is_watched(transport) or not isinstance(backend, httpcore.NetworkBackend | httpcore.AsyncNetworkBackend):
        return
    if getattr(pool, "connections", None):
        raise ConfigurationError("The transport has open connections already. Give one that has not been used.")
    ours = _Backend(backend, pool) if isinstance(backend, httpcore.NetworkBackend) else _AsyncBackend(backend, pool)
    pool._network_backend = ours  # type: ignore[union-attr]  # noqa: SLF001 - httpx takes no backend, httpcore does


def is_watched(transport: object) -> bool:
    """Whether the deadline is seated in a transport, so that what it sends is known."""
    return isinstance(_backend(transport), _Backend | _AsyncBackend)


def _backend(transport: object) -> object:
    return getattr(getattr(transport, "_pool", None), "_network_backend", None)


def _pause(seconds: float) -> None:
    """End the attempt instead of a pause between httpx's own connection retries that would outlast it."""
    watch = running()
    if watch is not None and time.monotonic() + seconds >= watch.end:
        raise httpcore.ConnectTimeout("the deadline of the call")


class _Kept:
    """What a stream knows of the connection that holds it."""

    def __init__(self, look: Callable[[str], object], pool: object) -> None:
        self._look = look  # at what the stream itself knows
        self._pool = pool
        self._connection: object = None
        self._socket: object = None
        self._has_sent = False

    def _holder(self) -> object:
        """Find it once: a pool lets go of a connection that another thread has begun to use."""
        self._connection = self._connection or _pool.holder(self._pool, self)
        return self._connection

    def _leave(self, buffer: bytes) -> None:
        """Note that the request is on its way; a CONNECT speaks to a proxy, and goes before it.

        Before it leaves on a connection that has served another, what lies there unasked is looked for: httpcore has
        looked, too, but a thread may have given the connection back since. It takes another connection then.
        """
        watch = running()
        if watch is None or not buffer or buffer.startswith(b"CONNECT "):
            return
        holder = self._holder()
        if self._has_sent and not watch.sent and _pool.has_unasked(holder, readable=self._is_readable()):
            raise httpcore.ConnectionNotAvailable
        watch.sent = self._has_sent = True

    def _is_readable(self) -> bool:
        """Ask the socket itself: a pool asks for each idle connection at each call, and anyio is slow to find it."""
        self._socket = self._socket or self._look("socket")
        return is_socket_readable(cast("socket.socket", self._socket))  # whatever it is, it has a fileno

    def get_extra_info(self, info: str) -> object:
        if info != "is_readable":
            return self._look(info)
        return _pool.is_spent(self._holder(), readable=self._is_readable())


class _Stream(_Kept, httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, pool: object) -> None:
        super().__init__(stream.get_extra_info, pool)
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, cut(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = cut(timeout, httpcore.WriteTimeout)
        self._leave(buffer)
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = cut(timeout, httpcore.ConnectTimeout)
        try:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._pool)
        except Exception:
            # httpcore (1.0.9) forgets the tunnel whose handshake failed, and its place in the pool stays taken
            _pool.close(self._holder())
            raise


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, pool: object = None) -> None:
        self._backend = backend
        self._pool = pool

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port):  # one by one, for the standard library times each of them anew
            left = cut(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._pool)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore.NetworkStream:
        left = cut(timeout, httpcore.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, left, socket_options), self._pool)

    def sleep(self, seconds: float) -> None:
        _pause(seconds)
        self._backend.sleep(seconds)


def _addresses(host: str, port: int) -> list[str]:
    """Look a name up. The time this takes is the operating system's; nothing can cut it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # a ValueError is a name that cannot be encoded
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class _AsyncStream(_Kept, httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, pool: object) -> None:
        super().__init__(stream.get_extra_info, pool)
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, cut(timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = cut(timeout, httpcore.WriteTimeout)
        self._leave(buffer)
        await self._stream.write(buffer, left)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        left = cut(timeout, httpcore.ConnectTimeout)
        try:
            return _AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, left), self._pool)
        except BaseException:  # a cancelled call, too
            with anyio.CancelScope(shield=True):
                await _pool.aclose(self._holder())
            raise


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend, pool: object) -> None:
        self._backend = backend
        self._pool = pool

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        left = cut(timeout, httpcore.ConnectTimeout)
        stream = await self._backend.connect_tcp(host, port, left, local_address, socket_options)
        return _AsyncStream(stream, self._pool)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore.AsyncNetworkStream:
        left = cut(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._backend.connect_unix_socket(path, left, socket_options), self._pool)

    async def sleep(self, seconds: float) -> None:
        _pause(seconds)
        await self._backend.sleep(seconds)
