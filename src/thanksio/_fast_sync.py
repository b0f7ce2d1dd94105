"""The sync transport of `transport="fast"`: httpx's seam with pyreqwest behind it, held to the rules of this package.

What follows the environment, a redirect or a compressed body is turned off, as it is for httpx's own transport.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import httpx
from pyreqwest.client import SyncClientBuilder
from pyreqwest.exceptions import BuilderError, DetailedPyreqwestError, PoolTimeoutError, PyreqwestError

from thanksio._deadline import Seen, running
from thanksio._fast import IDLE, MOST_CONNECTIONS, MOST_IDLE, text, told
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pyreqwest.bytes import Bytes
    from pyreqwest.client import SyncClient
    from pyreqwest.request import SyncStreamRequest

_CONNECTING = "client error (Connect)"  # hyper's words for what failed before a request was written
_SHORTEST = timedelta(milliseconds=1)  # no time at all would be no limit
_FORKED = (
    'With transport="fast" nothing can be sent after a fork if a client was used before it. Nothing was sent. '
    "Make clients in the processes that use them, or start those by spawn."
)


class FastTransport(Seen, httpx.BaseTransport):
    """Sends sync requests; a step lasts `timeout` seconds at most, and a whole exchange no longer than its deadline."""

    def __init__(self, timeout: float) -> None:
        try:
            self._client = _client(timedelta(seconds=timeout))
        except RuntimeError:  # its threads do not survive a fork, and it knows
            raise ConfigurationError(_FORKED) from None
        self._process = os.getpid()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; what is left of the attempt bounds it as a whole, its body included."""
        if os.getpid() != self._process:
            raise ConfigurationError(_FORKED)
        watch = running()
        with _told():
            builder = self._client.request(request.method, str(request.url)).headers(text(request.headers.raw))
            if watch is not None:
                builder = builder.timeout(max(_SHORTEST, timedelta(seconds=watch.left())))
            sending = builder.build_streamed()
            response = sending.__enter__()
        body = _Body(sending, response.body_reader.read)
        return httpx.Response(response.status, headers=list(response.headers.items()), stream=body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, sending: SyncStreamRequest, read: Callable[[], Bytes | None]) -> None:
        self._sending = sending
        self._read = read

    def __iter__(self) -> Iterator[bytes]:
        with _told():
            while (chunk := self._read()) is not None:
                yield bytes(chunk)

    def close(self) -> None:
        self._sending.__exit__(None, None, None)


def _client(step: timedelta) -> SyncClient:
    builder = SyncClientBuilder().no_proxy().follow_redirects(enable=False).referer(enable=False)
    builder = builder.gzip(enable=False).brotli(enable=False).zstd(enable=False).deflate(enable=False)
    builder = builder.default_cookie_store(enable=False).http2(enable=False)
    # The limit of a read begins before the connection is made: the shorter one tells that nothing was sent.
    builder = builder.connect_timeout(0.8 * step).read_timeout(step).pool_timeout(step)
    builder = builder.max_connections(MOST_CONNECTIONS).pool_max_idle_per_host(MOST_IDLE).pool_idle_timeout(IDLE)
    # It trusts what the system trusts (or SSL_CERT_FILE); an image without any store has at least httpx's.
    return builder.add_root_certificate_pem(Path(certifi.where()).read_bytes()).build()


def _told() -> AbstractContextManager[None]:
    return told(PyreqwestError, _is_before_sending)


def _is_before_sending(error: Exception) -> bool:
    details = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    causes = [cause["message"] for cause in details or ()]
    return isinstance(error, PoolTimeoutError | BuilderError) or _CONNECTING in causes
