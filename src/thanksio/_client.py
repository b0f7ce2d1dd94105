"""The clients, sync and async: they send what `_call` decides and hand back what it concludes.

The only module that imports generated code.
"""

from __future__ import annotations

import copyreg
import logging
import math
import random
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast

import anyio
import httpx

from thanksio import _settings, drift
from thanksio._call import NO_ROOM, Attempt, Call, CancelPath, Leaving, Spellings, course, order_number
from thanksio._exchange import aexchange, below, exchange
from thanksio._quiet import keep_quiet
from thanksio._retry import RetryPolicy, checked_policy, positive_seconds
from thanksio._verdict import Answer, NoAnswer, Reading, clean, facts, next_step
from thanksio.errors import ConfigurationError, OrderNotCancelledError, ThanksIOError
from thanksio_generated import contract, models
from thanksio_generated.api.orders import cancel_order, cancel_order_plural
from thanksio_generated.models import Order
from thanksio_generated.types import Unset

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from thanksio._pace import Pace, Rate
    from thanksio._pacer import Pacer
    from thanksio._source import Given, JournalPath, Source
    from thanksio.bulk import CancelResult, Run, Turn

__all__ = ["AsyncThanksIO", "Order", "ThanksIO"]

CONTRACT_VERSION = contract.VERSION  # of openapi.yaml, from which all of this is made
_logger = logging.getLogger("thanksio")
_Transport = TypeVar("_Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

_MOST_IN_FLIGHT = 1000  # each is a thread
_LONGEST_WAIT = 0.5  # seconds for which a call of a run does not notice that the run was stopped
_STEPS = ("connect", "read", "write", "pool")  # as httpx calls them
_LONGEST_WORD = 20  # letters of a status that an order's repr shows; what is longer is no status


def _order_repr(order: Order) -> str:
    word = str(order.status).strip()
    return f"<Order {order.id} {word if word.isalpha() and len(word) <= _LONGEST_WORD else '...'}>"


# A letter and an address must not reach a log because somebody printed an order.
Order.__repr__ = _order_repr  # type: ignore[assignment,method-assign]
# The generated code compares with `is UNSET`: a copy or a pickle must come back as the one and only.
copyreg.pickle(Unset, lambda _unset: "UNSET")


def base_url_for(base_url: str | None) -> str:
    """Give the base URL of a client that is given this one. Raises ConfigurationError if it cannot be used."""
    return _settings.read_base_url(base_url, contract.SERVER)


@cache
def _user_agent() -> bytes:
    from importlib.metadata import version  # noqa: PLC0415 - it reads archives and mail, and takes its time to load

    return f"thanksio-python/{version('thanksio')}".encode()


@cache
def order_contract() -> drift.Contract:
    """Give what the contract says of an order: the types of its fields as parsed JSON, and the words of some."""
    return drift.contract_of(Order, vars(models), absent=Unset, displayed=contract.DISPLAY_WORDS)


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
        pace: Pace | bool = False,
    ) -> None:
        self._token = _settings.Token.given(token)
        token = None  # a traceback can show locals
        self._token.check()
        self._base_url = base_url_for(base_url)
        self._timeout = positive_seconds(timeout, "timeout")
        self._deadline = positive_seconds(deadline, "deadline")
        self._retry = checked_policy(retry)
        self._spellings = Spellings(cancel_path)
        self._budget = self._paced(pace, None)
        self._paces_single = self._budget is not None
        self._drift = drift.Reporter(order_contract, self._token.hide, on_drift)
        self._opened: _Transport | None = self._checked(transport)
        self._opening = threading.Lock()
        keep_quiet()
        self._closed = False

    @abstractmethod
    def _own_transport(self) -> _Transport: ...

    def _checked(self, transport: object) -> _Transport | None:
        if transport is None:
            return None
        if not isinstance(transport, self._kind):
            raise ConfigurationError(f"transport must be an httpx.{self._kind.__name__}.")
        return self._watched(cast("_Transport", transport))

    @staticmethod
    def _watched(transport: _Transport) -> _Transport:
        from thanksio._sockets import keep_deadline  # noqa: PLC0415 - it loads httpcore, as httpx does for a transport

        keep_deadline(transport)
        return transport

    def _open(self) -> _Transport:
        """Give the transport; httpx's own is made for the first call, since loading certificates takes its time."""
        if self._opened is not None:
            return self._opened
        with self._opening:  # the first calls of many threads make one
            self._opened = self._opened or self._made()
            return self._opened

    def _made(self) -> _Transport:
        try:
            return self._watched(self._own_transport())
        except OSError as error:
            what = f"The TLS certificates of this machine cannot be loaded: {error}. Nothing was sent."
            raise ConfigurationError(what) from None

    @cached_property
    def _base(self) -> httpx.URL:
        return httpx.URL(self._base_url)

    def _get_ready(self) -> None:
        """Raise ConfigurationError if nothing can be sent."""
        if self._closed:
            raise ConfigurationError("This client is closed. Nothing was sent. Make a new one.")
        self._open()

    @cached_property
    def _headers(self) -> httpx.Headers:
        """All headers of all requests; httpx adds the host, and that there is no body."""
        ours = [
            (b"Accept", b"application/json"),  # without it Laravel answers errors as HTML pages and redirects
            (b"Accept-Encoding", b"identity"),  # an answer has 2 kB; a compressed one can hide a gigabyte
            (b"User-Agent", _user_agent()),
            self._token.header(),
        ]
        return httpx.Request("PUT", self._base_url, headers=ours).headers

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={getattr(self, '_base_url', None)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds connections and a token and is never pickled; make one in each process")

    def _paced(self, pace: object, known: Pacer | None) -> Pacer | None:
        """Give the budget for a pace: the known one if it is of that pace, or if any will do."""
        if pace is False:
            return None
        from thanksio._pace import Pace  # noqa: PLC0415 - who cancels one order does not wait for it to load
        from thanksio._pacer import Pacer  # noqa: PLC0415

        wanted = Pace() if pace is True else pace
        if not isinstance(wanted, Pace):
            raise ConfigurationError("pace must be True, False or a Pace.")
        if known and (pace is True or wanted == known.pace):
            return known
        return Pacer.of(wanted, self._token.fingerprint(self._base_url))

    def _new_call(self, order_id: int | str) -> Call:
        """Begin to speak of an order, in the thread or task in which all of its call will happen."""
        return Call(order_number(order_id), self._token.hide)

    def _single(self, order_id: int | str) -> Call:
        call = self._new_call(order_id)
        call.pacer = self._budget if self._paces_single else None
        return call

    @contextmanager
    def _one_of_many(self, turn: Turn, run: Run) -> Generator[Call]:
        """Give a call for an order of a run, and take back a request that was let go for it and did not leave."""
        call: Call | None = None
        admitted, turn.admitted = turn.admitted, False
        try:
            call = self._new_call(turn.work.order_id)
            call.doubt, call.pacer, call.admitted = turn.work.doubt, run.pacer, admitted
            call.is_stopped, call.longest_wait = run.is_stopped, _LONGEST_WAIT
            yield call
        finally:
            turn.add(call.attempts if call else 0, self._now() - call.began if call and call.began else 0.0)
            if run.pacer and (call.admitted if call else admitted):
                run.pacer.stay()

    def _begin(self, call: Call, deadline: float | None) -> Generator[Attempt, Any, Reading]:
        limit = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        self._get_ready()
        call.began = self._now()
        return course(call, self._spellings, self._retry, limit, now=self._now, random=self._random)

    def _run(
        self, ids: Iterable[Given], most: int, pace: object, journal: JournalPath | None, deadline: float | None
    ) -> tuple[Run, Callable[[], AbstractContextManager[Source]]]:
        """Check what a run is made of. Its journal is opened when the first result is asked for."""
        if isinstance(ids, str | bytes):
            raise ConfigurationError("Give the numbers of orders in a list: cancel_orders([37294]).")
        if type(most) is not int or not 1 <= most <= _MOST_IN_FLIGHT:
            raise ConfigurationError(f"max_in_flight must be an integer from 1 to {_MOST_IN_FLIGHT}.")
        from thanksio._source import opened  # noqa: PLC0415 - it loads sqlite
        from thanksio.bulk import Run  # noqa: PLC0415

        self._get_ready()  # before the first request is let go, for it counts from then on
        pacer = self._paced(pace, self._budget)
        self._budget = pacer or self._budget
        limit = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        run, orders = Run(most, limit, pacer), iter(ids)
        return run, lambda: opened(orders, journal, self._base_url, Order.from_dict, CONTRACT_VERSION)

    def _pace_now(self) -> float:
        """Give the time by which requests are paced, common to all calls."""
        return time.monotonic()

    def _rate(self) -> Rate | None:
        """Give what the budget looks like now, for whoever shows it."""
        return self._budget.rate(self._pace_now()) if self._budget else None

    def _now(self) -> float:
        return time.monotonic()

    def _random(self) -> float:
        return random.random()  # noqa: S311 - it spreads retries, and guards nothing

    @contextmanager
    def _leaving(self, call: Call) -> Generator[Leaving]:
        """Report to the budget what comes of a request that leaves now, also if the caller is cancelled meanwhile."""
        leaves, left = Leaving(), self._pace_now()
        call.admitted = False
        try:
            yield leaves
        finally:
            if call.pacer:
                call.pacer.answered(left, self._pace_now(), leaves.outcome)

    def _request(self, call: Call, attempt: Attempt, left: float) -> httpx.Request:
        operation = cancel_order if attempt.spelling == "order" else cancel_order_plural
        # The one private name of the generated code that is used; its public functions read bodies without a
        # limit, raise ValueError for statuses like 520, and return errors instead of raising them.
        target = operation._get_kwargs(str(call.order_id))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return httpx.Request(
            target["method"],
            below(self._base, target["url"]),
            headers=self._headers,
            stream=httpx.ByteStream(b""),  # with a stream, nothing is added to the headers
            extensions={"timeout": dict.fromkeys(_STEPS, min(self._timeout, left))},
        )

    def _hindered(self, call: Call) -> NoAnswer | None:
        """Say why nothing more may be sent, if so."""
        why = "the client was closed" if self._closed else "the run was stopped" if call.is_stopped() else ""
        return NoAnswer(sent=False, timed_out=False, cause=ConnectionError(why), final=True) if why else None

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
    once for each way in which answers leave the contract. Raises ConfigurationError for what cannot be used;
    certificates are loaded for the first call, and raise it there.
    """

    _kind = httpx.BaseTransport

    def _own_transport(self) -> httpx.BaseTransport:
        return httpx.HTTPTransport()

    def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled.

        Repeating is harmless: an order that is cancelled already is returned as such. Raises OrderNotCancelledError
        if the server shows it in another status, and another ThanksIOError if the server did not show it; then
        `may_have_cancelled` says whether anybody can know. The call, with its retries and waits, ends within
        `deadline` seconds (the client's, unless given here) on httpx's own transports. Two things are not cut: looking
        up the host's name, which is the operating system's, and the steps of TLS within TLS, behind an https proxy.
        """
        return self._carry_out(self._single(order_id), deadline)

    def cancel_orders(
        self,
        ids: Iterable[Given],
        *,
        max_in_flight: int = 8,
        pace: Pace | bool = True,
        journal: JournalPath | None = None,
        deadline: float | None = None,
    ) -> Generator[CancelResult, None, None]:
        """Cancel many orders, and give one result for each as it is decided; a failure of one stops no other.

        `ids` are numbers, or pairs of a number and the time at which the order was placed (a datetime, Unix time or
        one of the vendor's texts; None if unknown). Only those in flight are held, at most `max_in_flight`, each in a
        thread. `pace` keeps to the account's limit: True is the client's own budget, a `Pace` sets one, and False
        sends as fast as it can. `deadline` bounds each call, in seconds from its turn.

        With the path of a `journal` all orders are written down first, each once, and go by the end of their hour.
        Those that an earlier run has settled come first, as the journal knows them, and are not sent again.

        What dooms all (401, 402, configuration) ends it: the rest is "not_tried". Ctrl-C while it waits lets the calls
        in flight end and gives their results before it is raised; closing the iterator lets them end, too. Raises
        ConfigurationError before anything is sent, and JournalError when the journal can no longer be written.
        """
        from thanksio._workers import Means, in_threads  # noqa: PLC0415 - who cancels one order does not wait for it

        run, source = self._run(ids, max_in_flight, pace, journal, deadline)
        return in_threads(Means(self._cancel_one, self._ask, self._idle, self._pace_now), run, source)

    def _cancel_one(self, turn: Turn, run: Run) -> Order | ThanksIOError:
        while True:
            try:
                with self._one_of_many(turn, run) as call:
                    call.admitted = call.admitted or self._admit(call, math.inf)
                    return self._carry_out(call, run.deadline)
            except ThanksIOError as error:
                if not turn.again(error):
                    return error

    def _carry_out(self, call: Call, deadline: float | None) -> Order:
        steps = self._begin(call, deadline)
        outcome: Answer | NoAnswer | None = None
        try:
            while True:
                attempt = steps.send(outcome)
                self._announce(call, attempt)
                self._wait(call, attempt.wait)
                outcome = self._attempt(call, attempt)
        except StopIteration as end:
            reading: Reading = end.value
        return self._conclude(call, reading)

    def _wait(self, call: Call, seconds: float) -> None:
        self._sleep(min(seconds, call.longest_wait))
        while seconds > call.longest_wait and not call.is_stopped():
            seconds -= call.longest_wait
            self._sleep(min(seconds, call.longest_wait))

    def _sleep(self, seconds: float) -> None:
        if seconds:
            time.sleep(seconds)

    def _idle(self, seconds: float) -> None:
        """Wait between calls."""
        time.sleep(seconds)

    def _ask(self, pacer: Pacer) -> float:
        return pacer.ask(self._pace_now())

    def _admit(self, call: Call, left: float) -> bool:
        """Wait until the next request of a call may leave; False if it may not within `left` seconds."""
        end = self._now() + left
        while call.pacer and (wait := self._ask(call.pacer)):
            if self._hindered(call) or self._now() + wait >= end:
                return False
            self._wait(call, wait)
        return call.pacer is not None

    def _attempt(self, call: Call, attempt: Attempt) -> Answer | NoAnswer:
        end = self._now() + attempt.left
        hindrance = self._hindered(call)
        if hindrance:
            return hindrance
        if call.pacer and not call.admitted and not self._admit(call, attempt.left):
            return self._hindered(call) or NO_ROOM
        with self._leaving(call) as leaves:
            left = min(attempt.left, end - self._now())
            leaves.outcome = exchange(self._open(), self._request(call, attempt, left), left, call.hide)
        return leaves.outcome

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        if self._opened is not None:
            self._opened.close()

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

    def _own_transport(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport()

    async def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled; see ThanksIO.cancel_order.

        The deadline holds on every transport, for the call is cancelled from outside a quarter of a second after it.
        """
        return await self._carry_out(self._single(order_id), deadline)

    def cancel_orders(
        self,
        ids: Iterable[Given],
        *,
        max_in_flight: int = 8,
        pace: Pace | bool = True,
        journal: JournalPath | None = None,
        deadline: float | None = None,
    ) -> AsyncGenerator[CancelResult, None]:
        """Cancel many orders, each in a task, and give a result for each as it is decided; see ThanksIO.cancel_orders.

        A task that is cancelled while it waits for a result lets the calls in flight end first, ten seconds at most.
        """
        from thanksio._workers import AsyncMeans, in_tasks  # noqa: PLC0415 - who cancels one order does not wait for it

        run, source = self._run(ids, max_in_flight, pace, journal, deadline)
        return in_tasks(AsyncMeans(self._cancel_one, self._ask, self._idle, self._pace_now), run, source)

    async def _cancel_one(self, turn: Turn, run: Run) -> Order | ThanksIOError:
        while True:
            try:
                with self._one_of_many(turn, run) as call:
                    call.admitted = call.admitted or await self._admit(call, math.inf)
                    return await self._carry_out(call, run.deadline)
            except ThanksIOError as error:
                if not turn.again(error):
                    return error

    async def _carry_out(self, call: Call, deadline: float | None) -> Order:
        steps = self._begin(call, deadline)
        outcome: Answer | NoAnswer | None = None
        try:
            while True:
                attempt = steps.send(outcome)
                self._announce(call, attempt)
                await self._wait(call, attempt.wait)
                outcome = await self._attempt(call, attempt)
        except StopIteration as end:
            reading: Reading = end.value
        return self._conclude(call, reading)

    async def _wait(self, call: Call, seconds: float) -> None:
        await self._sleep(min(seconds, call.longest_wait))
        while seconds > call.longest_wait and not call.is_stopped():
            seconds -= call.longest_wait
            await self._sleep(min(seconds, call.longest_wait))

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await anyio.sleep(seconds)

    async def _idle(self, seconds: float) -> None:
        """Wait between calls."""
        await anyio.sleep(seconds)

    async def _ask(self, pacer: Pacer) -> float:
        now = self._pace_now()
        if not pacer.can_block:
            return pacer.ask(now)
        from anyio.to_thread import run_sync  # noqa: PLC0415 - few need it

        return await run_sync(pacer.ask, now)

    async def _admit(self, call: Call, left: float) -> bool:
        """Wait until the next request of a call may leave; False if it may not within `left` seconds."""
        end = self._now() + left
        while call.pacer and (wait := await self._ask(call.pacer)):
            if self._hindered(call) or self._now() + wait >= end:
                return False
            await self._wait(call, wait)
        return call.pacer is not None

    async def _attempt(self, call: Call, attempt: Attempt) -> Answer | NoAnswer:
        end = self._now() + attempt.left
        hindrance = self._hindered(call)
        if hindrance:
            return hindrance
        if call.pacer and not call.admitted and not await self._admit(call, attempt.left):
            return self._hindered(call) or NO_ROOM
        with self._leaving(call) as leaves:
            left = min(attempt.left, end - self._now())
            leaves.outcome = await aexchange(self._open(), self._request(call, attempt, left), left, call.hide)
        return leaves.outcome

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._closed = True
        if self._opened is not None:
            await self._opened.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
