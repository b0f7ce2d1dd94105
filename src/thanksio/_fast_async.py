"""The async transport of `transport="fast"`: httpx's seam with aiohttp behind it, held to the rules of this package.

Two private names of aiohttp (3.14) are used, and one of httpcore, the look at a socket. `_retry_connection`: it would
send a request again by itself. `TCPConnector._get`: it would take bytes that came unasked for the next answer.
tests/test_fast.py fails where they no longer do what they should.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import yarl
from httpcore._utils import is_socket_readable

from thanksio._deadline import Seen
from thanksio._fast import IDLE, MOST_CONNECTIONS, text, told
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

_LONGEST_HEADER, _MOST_HEADERS = 100_000, 10_000  # about what httpx takes
_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # unless they are kept from it


class FastAsyncTransport(Seen, httpx.AsyncBaseTransport):
    """Sends async requests under asyncio; each step lasts as long as the request's own timeouts say.

    The whole is bounded from outside: aiohttp ends a cancelled exchange at once.
    """

    def __init__(self) -> None:
        self._context = httpx.create_ssl_context()
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        if self._session is None:
            self._session = _session(self._context)
        limits: dict[str, float] = request.extensions["timeout"]
        with _told():
            response = await self._session.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=text(request.headers.raw),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=limits["pool"], sock_connect=limits["connect"], sock_read=limits["read"]
                ),
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._response.release()  # one that was not read to its end closes its connection


class _Connector(aiohttp.TCPConnector):
    """Drops an idle connection that was closed, or on which bytes came that nobody had asked for.

    aiohttp looks at what the event loop has read so far, which may be less than has come.
    """

    async def _get(self, key: Any, traces: Any) -> Any:  # noqa: ANN401 - aiohttp's own
        while True:
            connection: Any = await super()._get(key, traces)
            if connection is None or not _is_spent(connection):
                return connection
            connection.close()


def _is_spent(connection: Any) -> bool:  # noqa: ANN401 - aiohttp's own
    socket = connection.transport and connection.transport.get_extra_info("socket")
    return connection.protocol.should_close or socket is None or is_socket_readable(socket)


def _session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        other = "trio" if "trio" in sys.modules else "another event loop"
        raise ConfigurationError(
            f'transport="fast" runs on asyncio, and this is {other}. Nothing was sent. Leave it out here.'
        ) from None
    session = aiohttp.ClientSession(
        connector=_Connector(ssl=context, limit=MOST_CONNECTIONS, keepalive_timeout=IDLE.total_seconds()),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
        max_headers=_MOST_HEADERS,
        skip_auto_headers=_ADDED,
    )
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def _told() -> AbstractContextManager[None]:
    return told((aiohttp.ClientError, TimeoutError, ValueError, RuntimeError), _is_before_sending)


def _is_before_sending(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
