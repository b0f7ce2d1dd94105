"""Send one request over an httpx transport, and bring back what came of it as a value.

The layer between what a call decides and what a socket does. It speaks to a transport and not to `httpx.Client`: no
cookie is kept, no redirect followed, no proxy of the environment used and no body read without a limit, because
nothing is here that would.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias, cast

import anyio
import httpx
from attrs import define, field

from thanksio import _deadline
from thanksio._verdict import MAX_BODY, READ_HEADERS, Answer, NoAnswer, clean

if TYPE_CHECKING:
    from collections.abc import Callable

    Hide: TypeAlias = Callable[[str], str]

# Seconds past the deadline after which an async exchange is cancelled from outside, if its transport let it go on.
_GRACE = 0.25
# Where the text of an error begins to quote the server's bytes.
_QUOTED = re.compile(r"""bytearray\(|b['"]|additional_data""")
# With these, a foreign transport has not reached the server; httpx's own are watched as they send.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@define
class _Body:
    """An answer's body while it arrives: never much more than MAX_BODY, and no chunk after the first late one.

    So an answer that came whole counts, though it came late; the server has said what is true.
    """

    watch: _deadline.Watch
    data: bytearray = field(factory=bytearray, repr=False)
    is_late: bool = False

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; True says that no more may come. Raises TimeoutError if the chunk before came too late."""
        if self.is_late:
            raise TimeoutError("the deadline of the call")
        self.is_late = self.watch.is_over()
        self.data += chunk[: MAX_BODY + 1]
        return len(self.data) > MAX_BODY

    def answer(self, response: httpx.Response) -> Answer:
        """Give the whole answer as a value."""
        cut = len(self.data) > MAX_BODY
        return Answer(int(response.status_code), bytes(self.data), _headers(response), time.time(), cut)


def below(base: httpx.URL, path: str) -> httpx.URL:
    """Give the URL of a path below another; a path of letters, digits and slashes, in which nothing has to be escaped.

    httpx parses a URL whole, and that takes as long as parsing an order does; a client needs it once. There is no
    public way to change a part without it, so `_uri_reference` is set. tests/test_client.py compares the two.
    """
    url = httpx.URL(base)
    whole = url._uri_reference  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    url._uri_reference = whole._replace(path=whole.path.rstrip("/") + path)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return url


def _headers(response: httpx.Response) -> dict[str, str]:
    """Give the headers that are read, in one pass: httpx looks each of 10,000 names up among all of them."""
    found: dict[str, str] = {}
    for raw, value in response.headers.raw:
        name = raw.lower().decode("latin-1")
        if name in READ_HEADERS:
            text = value.decode("latin-1")
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _no_answer(error: Exception, watch: _deadline.Watch, transport: object, hide: Hide) -> NoAnswer:
    """Turn whatever a transport raised into a value, without its frames: their locals hold the token."""
    sent = watch.sent if _is_seen(transport) else not isinstance(error, _NOT_SENT)
    timed_out = isinstance(error, httpx.TimeoutException | TimeoutError)
    if isinstance(error, httpx.TransportError) and type(error).__module__ == "httpx":
        text = _QUOTED.split(str(error))[0]
        return NoAnswer(sent, timed_out, type(error)(clean(text, hide, 200)))
    return NoAnswer(sent, timed_out, ConnectionError(f"the transport raised {type(error).__name__}"))


def _is_seen(transport: object) -> bool:
    from thanksio._sockets import is_watched  # noqa: PLC0415 - it loads httpcore, which may not be there yet

    return is_watched(transport)


def exchange(transport: httpx.BaseTransport, request: httpx.Request, left: float, hide: Hide) -> Answer | NoAnswer:
    """Send `request` and read its answer within `left` seconds. Raises nothing of a transport's."""
    with _deadline.within(left) as watch:
        body = _Body(watch)
        try:
            response = transport.handle_request(request)
            try:
                for chunk in cast("httpx.SyncByteStream", response.stream):
                    if body.add(chunk):
                        break
            finally:
                response.close()
            return body.answer(response)
        except Exception as error:  # noqa: BLE001 - whatever a transport raises, the caller gets the verdict
            return _no_answer(error, watch, transport, hide)


async def aexchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, left: float, hide: Hide
) -> Answer | NoAnswer:
    """Do the same, and cancel it from outside if its transport outlasts the deadline."""
    with _deadline.within(left) as watch:
        end = anyio.current_time() + left + _GRACE
        exchanging = _exchange(transport, request, watch, hide)
        outcome = await _in_a_task(exchanging, end)
        return outcome or _no_answer(TimeoutError("the deadline of the call"), watch, transport, hide)


async def _in_a_task(exchanging: Awaitable[Answer | NoAnswer], end: float) -> Answer | NoAnswer | None:
    """Await an exchange until a moment of the event loop's clock, in a task of its own; None if that was too short.

    httpcore closes connections in scopes that anyio shields, but asyncio's own cancellation (`wait_for`) knows no
    shield: one that arrives while a connection is closed would leave it busy for ever.
    """
    outcome: Answer | NoAnswer | None = NoAnswer(
        sent=True, timed_out=False, cause=ConnectionError("the transport cancelled itself")
    )

    async def work() -> None:
        nonlocal outcome
        outcome = await exchanging

    async with anyio.create_task_group() as tasks:
        tasks.cancel_scope.deadline = end
        tasks.start_soon(work)
    return None if tasks.cancel_scope.cancelled_caught else outcome


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, watch: _deadline.Watch, hide: Hide
) -> Answer | NoAnswer:
    body = _Body(watch)
    try:
        response = await transport.handle_async_request(request)
        await _receive(response, body)
        return body.answer(response)
    except Exception as error:  # noqa: BLE001 - whatever a transport raises, the caller gets the verdict
        return _no_answer(error, watch, transport, hide)


async def _receive(response: httpx.Response, body: _Body) -> None:
    """Read an answer's body, and give its connection back whatever happens."""
    chunks: AsyncIterator[bytes] | None = None
    is_whole = False
    try:
        chunks = aiter(cast("httpx.AsyncByteStream", response.stream))
        async for chunk in chunks:
            if body.add(chunk):
                break
        else:
            is_whole = True
    finally:
        with nullcontext() if is_whole else anyio.CancelScope(shield=True):
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()  # one that is left in the middle is ended by the event loop, some time
            await response.aclose()
