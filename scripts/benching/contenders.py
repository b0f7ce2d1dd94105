"""What is measured: each cancels order 37294 in its own way.

A process imports one of them and nothing else, so imports stand where they are needed; outside of them the standard
library must do, for a peer's environment holds the peer alone.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benching.answers import ORDER_ID, TOKEN, bodies, order

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = f"/order/{ORDER_ID}/cancel"
_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Contender:
    """A call, which returns something to await if the contender is async, and a check of what it returned."""

    call: Callable[[], Any]
    is_right: Callable[[Any], bool]


def is_answer(answer: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether this is the documented response."""
    return bool(answer == order())


def is_order(given: Any) -> bool:  # noqa: ANN401 - whatever a client gave
    """Return whether a client returned the order as cancelled."""
    return bool(given.id == ORDER_ID and given.status == "cancelled")


def _request(url: str) -> tuple[tuple[str, int], bytes]:
    where = urlsplit(url)
    lines = [f"PUT {PATH} HTTP/1.1", f"Host: {where.netloc}", *(": ".join(pair) for pair in _HEADERS.items())]
    return (str(where.hostname), where.port or 80), "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()


def _end(received: bytes | bytearray) -> int | None:
    """Return where a response ends, None if its headers are not complete."""
    head = received.find(b"\r\n\r\n")
    length = _LENGTH.search(received, 0, head + 2) if head >= 0 else None
    return head + 4 + int(length[1]) if length else None


def _is_raw_answer(received: bytes) -> bool:
    return received.startswith(b"HTTP/1.1 200 ") and is_answer(json.loads(received.partition(b"\r\n\r\n")[2]))


def raw_socket(url: str) -> Contender:
    """Write the bytes of a request, and read until the response is complete: nothing can be faster."""
    address, request = _request(url)
    connection = socket.create_connection(address, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call() -> bytes:
        connection.sendall(request)
        received = b""
        while (end := _end(received)) is None or len(received) < end:
            if not (part := connection.recv(65536)):
                raise ConnectionError("the server closed the connection")
            received += part
        return received

    return Contender(call, _is_raw_answer)


def raw_socket_parsed(url: str) -> Contender:
    """Do the same, and parse the body."""
    raw = raw_socket(url).call
    return Contender(lambda: json.loads(raw().partition(b"\r\n\r\n")[2]), is_answer)


def httpx_sync(url: str, **settings: Any) -> Contender:  # noqa: ANN401 - of a client
    """Make the call with httpx alone."""
    import httpx

    client = httpx.Client(base_url=url, headers=_HEADERS, **settings)
    return Contender(lambda: client.put(PATH).json(), is_answer)


def httpx_sync_unkept(url: str) -> Contender:
    """Make the call with httpx alone, and close the connection after it, as this package does."""
    import httpx

    return httpx_sync(url, limits=httpx.Limits(max_keepalive_connections=0))


def generated(url: str) -> Contender:
    """Call what the generator wrote, without the facade."""
    from thanksio_generated import AuthenticatedClient
    from thanksio_generated.api.orders import cancel_order

    client = AuthenticatedClient(base_url=url, token=TOKEN)
    return Contender(lambda: cancel_order.sync(str(ORDER_ID), client=client), lambda given: is_order(given.order))


def thanksio(url: str, **settings: Any) -> Contender:  # noqa: ANN401 - of a client
    """Call this package's own client."""
    from thanksio import ThanksIO

    client = ThanksIO(TOKEN, base_url=url, **settings)
    return Contender(lambda: client.cancel_order(ORDER_ID), is_order)


class _Connection(asyncio.Protocol):
    """A connection that knows when the response is complete."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.answer: asyncio.Future[bytes]
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - of a stream socket it is
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if (end := _end(self.received)) is not None and len(self.received) >= end:
            self.answer.set_result(bytes(self.received))
            self.received.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("the server closed the connection"))


def raw_asyncio(url: str) -> Contender:
    """Do what the raw socket does, on as many connections as are needed."""
    address, request = _request(url)
    idle: list[_Connection] = []

    async def call() -> bytes:
        loop = asyncio.get_running_loop()
        connection = idle.pop() if idle else (await loop.create_connection(_Connection, *address))[1]
        connection.answer = loop.create_future()
        connection.transport.write(request)
        received = await connection.answer
        idle.append(connection)
        return received

    return Contender(call, _is_raw_answer)


def httpx_async(url: str, **settings: Any) -> Contender:  # noqa: ANN401 - of a client
    """Make the call with httpx alone."""
    import httpx

    client = httpx.AsyncClient(base_url=url, headers=_HEADERS, **settings)

    async def call() -> object:
        return (await client.put(PATH)).json()

    return Contender(call, is_answer)


def httpx_async_unkept(url: str) -> Contender:
    """Make the call with httpx alone, and close the connection after it, as this package does."""
    import httpx

    return httpx_async(url, limits=httpx.Limits(max_keepalive_connections=0))


def generated_async(url: str) -> Contender:
    """Call what the generator wrote, without the facade."""
    from thanksio_generated import AuthenticatedClient
    from thanksio_generated.api.orders import cancel_order

    client = AuthenticatedClient(base_url=url, token=TOKEN)
    return Contender(lambda: cancel_order.asyncio(str(ORDER_ID), client=client), lambda given: is_order(given.order))


def thanksio_async(url: str) -> Contender:
    """Call this package's own client."""
    from thanksio import AsyncThanksIO

    client = AsyncThanksIO(TOKEN, base_url=url)
    return Contender(lambda: client.cancel_order(ORDER_ID), is_order)


def json_alone(_url: str) -> Contender:
    """Parse the response."""
    body = bodies()[PATH]
    return Contender(lambda: json.loads(body), is_answer)


def model_alone(_url: str) -> Contender:
    """Parse the response into the generated classes."""
    from thanksio_generated.models import OrderAnswer

    body = bodies()[PATH]
    return Contender(lambda: OrderAnswer.from_dict(json.loads(body)), lambda given: is_order(given.order))


def verdict_alone(_url: str) -> Contender:
    """Lead a call from a response to its verdict: the fields of the order, checked."""
    from thanksio import RetryPolicy
    from thanksio._call import Call, PathVariants, call_steps
    from thanksio._verdict import Response

    response = Response(200, bodies()[PATH], {"content-type": "application/json"})
    paths, policy = PathVariants("auto"), RetryPolicy()

    def call() -> Any:  # noqa: ANN401 - what the steps end in
        steps = call_steps(Call(ORDER_ID, str), paths, policy, 90.0, now=float, random=float)
        next(steps)
        try:
            return steps.send(response)
        except StopIteration as end:
            return end.value

    return Contender(call, lambda reading: bool(reading.is_cancelled))


def call_alone(url: str) -> Contender:
    """Make a whole call on a transport that responds at once."""
    from benching.instant import Instant

    return thanksio(url, transport=Instant())


SYNC: dict[str, Callable[[str], Contender]] = {
    "raw socket": raw_socket,
    "raw socket, json.loads": raw_socket_parsed,
    "httpx": httpx_sync,
    "httpx, a connection for each request": httpx_sync_unkept,
    "generated": generated,
    "thanksio": thanksio,
}
ASYNC: dict[str, Callable[[str], Contender]] = {
    "raw asyncio": raw_asyncio,
    "httpx async": httpx_async,
    "httpx async, a connection for each request": httpx_async_unkept,
    "generated async": generated_async,
    "thanksio async": thanksio_async,
}
ALONE: dict[str, Callable[[str], Contender]] = {
    "json.loads": json_alone,
    "generated model": model_alone,
    "verdict": verdict_alone,
    "whole call": call_alone,
}
