"""The clients, sync and async: they send what `_call` decides and hand back what it concludes.

The only module that imports generated code.
"""

from __future__ import annotations

import copyreg
import logging
import random
import time
from abc import ABC, abstractmethod
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast

import anyio
import httpx

from thanksio import _deadline, _settings, drift
from thanksio._call import Attempt, Call, CancelPath, Spellings, course, order_number
from thanksio._exchange import aexchange, exchange
from thanksio._quiet import keep_quiet
from thanksio._retry import RetryPolicy, checked_policy, positive_seconds
from thanksio._verdict import Answer, NoAnswer, Reading, clean, facts, next_step
from thanksio.errors import ConfigurationError, OrderNotCancelledError
from thanksio_generated import models
from thanksio_generated.api.orders import cancel_order, cancel_order_plural
from thanksio_generated.models import Order
from thanksio_generated.types import Unset

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

__all__ = ["AsyncThanksIO", "Order", "ThanksIO"]

_logger = logging.getLogger("thanksio")
_Transport = TypeVar("_Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

_LONGEST_WORD = 20  # letters of a status that an order's repr shows; what is longer is no status


def _order_repr(order: Order) -> str:
    word = str(order.status).strip()
    return f"<Order {order.id} {word if word.isalpha() and len(word) <= _LONGEST_WORD else '...'}>"


# A letter and an address must not reach a log because somebody printed an order.
Order.__repr__ = _order_repr  # type: ignore[assignment,method-assign]
# The generated code compares with `is UNSET`: a copy or a pickle must come back as the one and only.
copyreg.pickle(Unset, lambda _unset: "UNSET")


@cache
def _user_agent() -> bytes:
    return f"thanksio-python/{version('thanksio')}".encode()


@cache
def order_types() -> drift.Types:
    """Give the types that the contract allows each field of an order, as parsed JSON."""
    return drift.types_of(Order, vars(models), absent=Unset)


class _Facade(ABC, Generic[_Transport]):
    """What both clients are made of and decide alike."""

    _kind: ClassVar[type]

    def __init__(  # noqa: PLR0913 - the settings of a client, all but the token by keyword
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 10.0,
        deadline: float = 90.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        cancel_path: CancelPath = "auto",
        transport: _Transport | None = None,
        on_drift: drift.Hook | None = None,
    ) -> None:
        self._token = _settings.Token.given(token)
        token = None  # a traceback can show locals
        self._token.check()
        self._base_url = _settings.read_base_url(base_url)
        self._timeout = positive_seconds(timeout, "timeout")
        self._deadline = positive_seconds(deadline, "deadline")
        self._retry = checked_policy(retry)
        self._spellings = Spellings(cancel_path)
        self._headers = httpx.Headers(
            [
                (b"Accept", b"application/json"),  # without it Laravel answers errors as HTML pages and redirects
                (b"Accept-Encoding", b"identity"),  # an answer has 2 kB; a compressed one can hide a gigabyte
                (b"User-Agent", _user_agent()),
                self._token.header(),
            ]
        )
        self._drift = drift.Reporter(order_types(), self._token.hide, on_drift)
        self._transport: _Transport = self._checked(transport)
        _deadline.keep_deadline(self._transport)
        keep_quiet()
        self._closed = False

    @staticmethod
    @abstractmethod
    def _own_transport() -> _Transport: ...

    @classmethod
    def _checked(cls, transport: object) -> _Transport:
        try:
            own = cls._own_transport() if transport is None else None
        except OSError as error:
            raise ConfigurationError(f"The TLS certificates of this machine cannot be loaded: {error}") from None
        chosen = own or transport
        if not isinstance(chosen, cls._kind):
            raise ConfigurationError(f"transport must be an httpx.{cls._kind.__name__}.")
        return cast("_Transport", chosen)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={getattr(self, '_base_url', None)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds connections and a token and is never pickled; make one in each process")

    def _begin(self, order_id: int | str, deadline: float | None) -> tuple[Call, Generator[Attempt, Any, Reading]]:
        if self._closed:
            raise ConfigurationError("This client is closed. Nothing was sent. Make a new one.")
        call = Call(order_number(order_id), self._token.hide)
        limit = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        return call, course(call, self._spellings, self._retry, limit, now=self._now, random=self._random)

    def _now(self) -> float:
        return time.monotonic()

    def _random(self) -> float:
        return random.random()  # noqa: S311 - it spreads retries, and guards nothing

    def _request(self, call: Call, attempt: Attempt) -> httpx.Request:
        operation = cancel_order if attempt.spelling == "order" else cancel_order_plural
        # The one private name of the generated code that is used; its public functions read bodies without a
        # limit, raise ValueError for statuses like 520, and return errors instead of raising them.
        target = operation._get_kwargs(str(call.order_id))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        step = min(self._timeout, attempt.left)
        return httpx.Request(
            target["method"],
            self._base_url + target["url"],
            headers=self._headers,
            extensions={"timeout": httpx.Timeout(step).as_dict()},
        )

    def _closed_meanwhile(self) -> NoAnswer:
        cause = ConnectionError("the client was closed")
        return NoAnswer(sent=False, timed_out=False, cause=cause, final=True)

    def _announce(self, call: Call, attempt: Attempt) -> None:
        if attempt.wait:
            what = "order %d: attempt %d did not settle it, waiting %.2f s"
            _logger.info(what, call.order_id, call.attempts - 1, attempt.wait)
        what = "order %d: attempt %d under /%s/, %.2f s left"
        _logger.debug(what, call.order_id, call.attempts, attempt.spelling, attempt.left)

    def _conclude(self, call: Call, reading: Reading) -> Order:
        """Give the order if it is cancelled, and raise it as an error if it is not."""
        self._drift.look(reading.fields)
        order = Order.from_dict(reading.fields)
        if reading.is_cancelled:
            return order
        what = f'the server shows it in status "{clean(reading.status, self._token.hide, 40)}".'
        advice = next_step(reading)
        plain = Order.from_dict(facts(reading.fields, self._token.hide))
        raise OrderNotCancelledError(
            call.describe(what, advice), order=order, facts=plain, advice=advice, attempts=call.attempts
        )


class ThanksIO(_Facade[httpx.BaseTransport]):
    """Cancels orders at thanks.io. One client serves many threads and holds one pool of connections.

    The token comes from the argument or THANKSIO_TOKEN; the base URL from the argument, THANKSIO_BASE_URL or the
    contract. `timeout` bounds one step of a connection and `deadline` a whole call with its retries, both in
    seconds. `cancel_path` fixes the spelling of the path, "order" or "orders"; "auto" finds out. `transport` is an
    httpx transport, for proxies, mutual TLS or tests; proxies of the environment are not used. `on_drift` is called
    once for each way in which answers leave the contract. Raises ConfigurationError for what cannot be used.
    """

    _kind = httpx.BaseTransport

    @staticmethod
    def _own_transport() -> httpx.BaseTransport:
        return httpx.HTTPTransport()

    def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled.

        Repeating is harmless: an order that is cancelled already is returned as such. Raises OrderNotCancelledError
        if the server shows it in another status, and another ThanksIOError if the server did not show it; then
        `may_have_cancelled` says whether anybody can know. The call, with its retries and waits, ends within
        `deadline` seconds (the client's, unless given here) on httpx's own transports. Two things are not cut: looking
        up the host's name, which is the operating system's, and the steps of TLS within TLS, behind an https proxy.
        """
        call, steps = self._begin(order_id, deadline)
        outcome: Answer | NoAnswer | None = None
        try:
            while True:
                attempt = steps.send(outcome)
                self._announce(call, attempt)
                self._sleep(attempt.wait)
                outcome = self._attempt(call, attempt)
        except StopIteration as end:
            reading: Reading = end.value
        return self._conclude(call, reading)

    def _sleep(self, seconds: float) -> None:
        if seconds:
            time.sleep(seconds)

    def _attempt(self, call: Call, attempt: Attempt) -> Answer | NoAnswer:
        if self._closed:
            return self._closed_meanwhile()
        return exchange(self._transport, self._request(call, attempt), attempt.left, call.hide)

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncThanksIO(_Facade[httpx.AsyncBaseTransport]):
    """Cancels orders at thanks.io, under asyncio or trio. One client serves many tasks of one event loop.

    The settings are those of ThanksIO; `transport` is an async httpx transport.
    """

    _kind = httpx.AsyncBaseTransport

    @staticmethod
    def _own_transport() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport()

    async def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled; see ThanksIO.cancel_order.

        The deadline holds on every transport, for the call is cancelled from outside a quarter of a second after it.
        """
        call, steps = self._begin(order_id, deadline)
        outcome: Answer | NoAnswer | None = None
        try:
            while True:
                attempt = steps.send(outcome)
                self._announce(call, attempt)
                await self._sleep(attempt.wait)
                outcome = await self._attempt(call, attempt)
        except StopIteration as end:
            reading: Reading = end.value
        return self._conclude(call, reading)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await anyio.sleep(seconds)

    async def _attempt(self, call: Call, attempt: Attempt) -> Answer | NoAnswer:
        if self._closed:
            return self._closed_meanwhile()
        return await aexchange(self._transport, self._request(call, attempt), attempt.left, call.hide)

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
