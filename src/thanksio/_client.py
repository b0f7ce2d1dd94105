"""The clients: they carry out the steps that `_call` decides, and return its result.

`ThanksIO` and `AsyncThanksIO` are two short drivers over one base class.
"""

from __future__ import annotations

import logging
import math
import os
import random
import time
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn, Self, TypeVar, cast

import anyio
import httpx
from attrs import define

from thanksio import _config, drift
from thanksio._call import (
    Acquire,
    Call,
    CancelPath,
    PathVariants,
    Send,
    Sleep,
    Step,
    call_steps,
    parse_order_id,
    to_order,
)
from thanksio._models import CONTRACT_VERSION, STATUS_WORDS, Order, cancel_operation
from thanksio._redact import Redactor
from thanksio._retry import RetryPolicy, checked_policy, positive_seconds
from thanksio._transport import NO_BODY, AsyncSender, Sender
from thanksio._version import __version__
from thanksio.errors import ConfigurationError, ThanksIOError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from thanksio._call import Steps
    from thanksio._rate_limit import Pace, Permit, Rate
    from thanksio._rate_limit_storage import RateLimiter
    from thanksio._verdict import Outcome, Reading
    from thanksio.bulk import CancelResult
    from thanksio.bulk._run import JobAttempt, Run
    from thanksio.bulk._sources import Given, JournalPath, Source
    from thanksio.bulk._tasks import AsyncRun

__all__ = ["AsyncThanksIO", "ThanksIO"]

_logger = logging.getLogger("thanksio")
_Foreign = TypeVar("_Foreign", httpx.BaseTransport, httpx.AsyncBaseTransport)
_Sender = TypeVar("_Sender", Sender, AsyncSender)

_MOST_IN_FLIGHT = 1000  # each takes a thread
_CLOSED = "This client is closed. Nothing was sent. Make a new one."
_SLICE = 0.5  # seconds of sleep after which a call of a run notices that the run was stopped
_STEPS = ("connect", "read", "write", "pool")  # the types that httpx accepts


@define(eq=False)
class _Shared:
    """The state that a client shares with those made by its `with_options`."""

    paths: PathVariants
    redactor: Redactor
    drift: drift.Reporter
    limiter: RateLimiter | None = None


class BaseClient(Generic[_Sender, _Foreign]):
    """The part of both clients that needs no I/O."""

    _now = staticmethod(time.monotonic)
    _rate_now = staticmethod(time.monotonic)  # the clock of the rate limit, common to all calls
    _random = staticmethod(random.random)  # only for the jitter of retries, not for security

    _transport_kind: ClassVar[type]
    _sender_kind: ClassVar[type]
    _sender: _Sender

    def __init__(  # noqa: PLR0913 - the settings of a client, all but the token by keyword
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 10.0,
        deadline: float = 90.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        cancel_path: CancelPath = "auto",
        proxy: str | Literal[False] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: _Foreign | None = None,
        pace: Pace | bool = False,
        on_drift: drift.Hook | None = None,
        on_result: Callable[[CancelResult], None] | None = None,
    ) -> None:
        secret, token = _config.Token(token), None  # a traceback can show locals,
        hidden, proxy = _config.Hidden(proxy), None  # and a proxy's URL can contain a password
        secret.check()
        self._base_url = _config.read_base_url(base_url)
        _config.check_ssl_context(ssl_context)
        if transport is not None and (hidden.value is not None or ssl_context is not None):
            raise ConfigurationError("transport cannot be combined with proxy or ssl_context.")
        found, problem = (None, "") if transport is not None else _config.read_proxy(hidden, self._base_url)
        if problem:
            raise ConfigurationError(problem)
        self._timeout = positive_seconds(timeout, "timeout")
        self._deadline = positive_seconds(deadline, "deadline")
        self._retry = checked_policy(retry)
        redactor = Redactor(STATUS_WORDS)
        redactor.add(found.credentials[1] if found and found.credentials else "")
        self._shared = _Shared(PathVariants(cancel_path), redactor, drift.Reporter(redactor, on_drift))
        self._on_result = on_result
        self._use(secret)
        self._limits_single_calls = self._limiter(pace) is not None
        base = httpx.URL(self._base_url)
        self._sender = self._sender_kind(base, self._checked(transport), found, ssl_context, redactor)
        self._closed = False

    def _checked(self, transport: object) -> _Foreign | None:
        if transport is not None and not isinstance(transport, self._transport_kind):
            raise ConfigurationError(f"transport must be an httpx.{self._transport_kind.__name__}.")
        return cast("_Foreign | None", transport)

    def _make_headers(self) -> httpx.Headers:
        """Return the headers of every request; httpx adds Host and Content-Length."""
        ours = [
            (b"Accept", b"application/json"),  # without it Laravel responds to errors with HTML pages and redirects
            (b"Accept-Encoding", b"identity"),  # a response has 2 kB; a compressed one can expand to a gigabyte
            (b"Connection", b"close"),  # RFC 9112, section 9.6: a client that keeps no connections must send it
            (b"User-Agent", f"thanksio-python/{__version__}".encode()),
            self._token.header(),
        ]
        return httpx.Request("PUT", self._base_url, headers=ours).headers

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={getattr(self, '_base_url', None)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client contains a token and cannot be pickled or copied; create one in each process")

    def with_options(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        retry: RetryPolicy | None = None,
        token: str | None = None,
    ) -> Self:
        """Return a client with other settings that shares the rate limit budget and the learned path with this one.

        `token` is a rotated token of the same account. Raises ConfigurationError for unusable values, also if this
        client is closed; closing one of the two does not close the other.
        """
        rotated, token = (None if token is None else _config.Token(token)), None  # a traceback can show locals
        if self._closed:
            raise ConfigurationError(_CLOSED)
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._timeout = self._timeout if timeout is None else positive_seconds(timeout, "timeout")
        other._deadline = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        other._retry = self._retry if retry is None else checked_policy(retry)
        if rotated:
            other._use(rotated)
        return other

    def _use(self, token: _config.Token) -> None:
        token.check()
        token.hide_in(self._shared.redactor)
        self._token = token
        self._headers = self._make_headers()

    def _limiter(self, pace: object) -> RateLimiter | None:
        """Return the budget for a pace: the current one if it has that pace, or if `pace` is True."""
        if pace is False:
            return None
        from thanksio._rate_limit import Pace  # noqa: PLC0415 - not needed to cancel one order
        from thanksio._rate_limit_storage import RateLimiter  # noqa: PLC0415

        wanted = Pace() if pace is True else pace
        if not isinstance(wanted, Pace):
            raise ConfigurationError("pace must be True, False or a Pace.")
        known = self._shared.limiter
        if known is None or (pace is not True and wanted != known.pace):
            known = self._shared.limiter = RateLimiter.of(wanted, self._token.fingerprint(self._base_url))
        return known

    def _new_call(self, order_id: int | str) -> Call:
        """Start a call, in the thread or task that makes it."""
        call = Call(parse_order_id(order_id), self._shared.redactor, stop_reason=self._stop_reason)
        if self._limits_single_calls:
            self._limit(call, self._shared.limiter, None)
        return call

    def _queued(self, attempt: JobAttempt, run: Run) -> Call:
        """Start the call for an order of a run, with the permit that was acquired for it, if any."""
        permit, attempt.permit = attempt.permit, None
        try:
            call = self._new_call(attempt.job.order_id)
        except ThanksIOError:
            if permit and run.limiter:
                run.limiter.close(permit, self._rate_now())
            raise
        call.may_have_cancelled, call.is_queued, call.slice = attempt.job.is_unknown, True, _SLICE
        call.stop_reason = lambda: self._stop_reason() or ("the run was stopped" if run.is_stopped else "")
        self._limit(call, run.limiter, permit)
        return call

    @staticmethod
    def _limit(call: Call, limiter: RateLimiter | None, permit: Permit | None) -> None:
        if limiter:
            from thanksio._rate_limit import Permit  # noqa: PLC0415 - not needed to cancel one order

            call.limiter, call.permit = limiter, permit or Permit()

    def _stop_reason(self) -> str:
        return "the client was closed" if self._closed else ""

    def _start(self, call: Call, deadline: float | None) -> Steps:
        """Raise ConfigurationError if nothing can be sent, or return the steps of the call."""
        limit = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        if self._closed:
            raise ConfigurationError(_CLOSED)
        return call_steps(call, self._shared.paths, self._retry, limit, now=self._now, random=self._random)

    def _request(self, call: Call, step: Send) -> httpx.Request:
        """Return the request, and count it against the rate limit."""
        _logger.debug(
            "order %d: attempt %d, path /%s/, %.2f s left", call.order_id, call.attempts, step.path, step.left
        )
        if call.permit:
            call.permit.sent = self._rate_now()
        method, path = cancel_operation(step.path, call.order_id)
        return httpx.Request(
            method,
            self._base_url + path,
            headers=self._headers,
            stream=NO_BODY,  # with a stream, nothing is added to the headers
            extensions={"timeout": dict.fromkeys(_STEPS, min(self._timeout, step.left))},
        )

    def _result_of(self, order_id: int | str, end: Order | ThanksIOError, call: Call | None) -> CancelResult:
        from thanksio.bulk._run import Job, JobAttempt, JobResult  # noqa: PLC0415 - only a hook needs it

        attempt = JobAttempt(Job(order_id))
        attempt.add(call, self._now())
        return JobResult(attempt, end).result(token_accepted=False)

    def _report(self, result: CancelResult) -> None:
        """Pass a result to the hook. An error of the hook is logged and changes nothing."""
        if self._on_result is None:
            return
        try:
            self._on_result(result)
        except Exception as error:  # noqa: BLE001 - as for on_drift
            _logger.warning("the on_result hook raised %s; the call continues", type(error).__name__)

    def _observe(self, call: Call, outcome: Outcome) -> None:
        limiter, permit = cast("RateLimiter", call.limiter), cast("Permit", call.permit)
        limiter.observe(permit, self._rate_now(), outcome)

    def _finish(self, call: Call) -> None:
        limiter, permit = cast("RateLimiter", call.limiter), cast("Permit", call.permit)
        limiter.close(permit, self._rate_now())

    def _run(
        self, ids: Iterable[Given], most: int, pace: object, journal: JournalPath | None, deadline: float | None
    ) -> tuple[Run, Callable[[], AbstractContextManager[Source]]]:
        """Validate the arguments of a run. Its journal is opened when the first result is requested."""
        if isinstance(ids, str | bytes):
            raise ConfigurationError("Pass the order ids in a list: cancel_orders([37294]).")
        if type(most) is not int or not 1 <= most <= _MOST_IN_FLIGHT:
            raise ConfigurationError(f"max_in_flight must be an integer from 1 to {_MOST_IN_FLIGHT}.")
        from thanksio.bulk._run import Run  # noqa: PLC0415 - not needed to cancel one order
        from thanksio.bulk._sources import opened  # noqa: PLC0415 - it loads sqlite

        if self._closed:
            raise ConfigurationError(_CLOSED)
        self._sender.prepare()
        limit = self._deadline if deadline is None else positive_seconds(deadline, "deadline")
        run, orders = Run(most, limit, self._limiter(pace)), iter(ids)
        return run, lambda: opened(orders, journal, self._base_url, Order.from_dict, CONTRACT_VERSION)

    def _rate(self) -> Rate | None:
        """Return the current state of the budget, for displays."""
        limiter = self._shared.limiter
        return limiter.rate(self._rate_now()) if limiter else None

    def _log(self, call: Call, step: Sleep) -> None:
        if step.backoff:
            _logger.info("order %d: waiting %.2f s after attempt %d", call.order_id, step.backoff, call.attempts)


class ThanksIO(BaseClient[Sender, httpx.BaseTransport]):
    """Cancels orders at thanks.io. One client can be used by many threads; it keeps no connection between calls.

    The token comes from the argument or THANKSIO_TOKEN; the base URL from the argument, THANKSIO_BASE_URL or the
    contract. `timeout` bounds one step of a connection and `deadline` a whole call with its retries, both in seconds.
    `cancel_path` fixes the path, "order" or "orders"; "auto" finds out. `proxy` is an http, https or socks5 URL; None
    reads HTTPS_PROXY, ALL_PROXY and NO_PROXY, never for loopback, and False disables proxies. `ssl_context` is for
    private authorities and client certificates. `transport` is an httpx transport, for mocks and unusual networks; a
    failure of one leaves the outcome unknown, whatever it raises. `on_drift` is called once for each way in which
    responses do not match the contract, and `on_result` with the CancelResult of every order that was sent; an
    exception of either is logged and does not reach the caller. Raises ConfigurationError for unusable values;
    certificates are loaded for the first call, and raise it there.
    """

    _transport_kind = httpx.BaseTransport
    _sender_kind = Sender

    def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled.

        Repeating is harmless: an order that is cancelled already should be returned as such (inferred). Raises
        OrderNotCancelledError if the server shows it in another status, and another ThanksIOError if the server did not
        show it; then `may_have_cancelled` says whether the outcome is unknown. The call, with its retries and waits,
        ends within `deadline` seconds (the client's, unless given here). Two things are not bounded: resolving the
        host's name, which is up to the operating system, and a transport that the caller brought.
        """
        if self._on_result:
            return self._cancel_and_report(order_id, deadline)
        return self._carry_out(self._new_call(order_id), deadline)

    def _cancel_and_report(self, order_id: int | str, deadline: float | None) -> Order:
        call: Call | None = None
        try:
            call = self._new_call(order_id)
            order = self._carry_out(call, deadline)
        except ThanksIOError as error:
            self._report(self._result_of(order_id, error, call))
            raise
        self._report(self._result_of(order_id, order, call))
        return order

    def cancel_orders(
        self,
        ids: Iterable[Given],
        *,
        max_in_flight: int = 8,
        pace: Pace | bool = True,
        journal: JournalPath | None = None,
        deadline: float | None = None,
    ) -> Generator[CancelResult, None, None]:
        """Cancel many orders, and yield one result for each as it is decided; a failure of one stops no other.

        `ids` are numbers, or pairs of a number and the time at which the order was placed (a datetime, Unix time or
        one of the vendor's texts; None if unknown). Only those in flight are held, at most `max_in_flight`, each in a
        thread with a copy of the caller's context. `pace` follows the account's rate limit: True uses the client's own
        budget, a `Pace` sets one, and False sends as fast as it can. `deadline` bounds each call, in seconds from its
        turn. Nothing is sent until the first result is asked for.

        With the path of a `journal` all orders are written down first, each once, and are sent by the end of their
        cancellation window. Those that an earlier run has settled come first, as the journal knows them, and are not
        sent again.

        What affects every order (401, 402, configuration) stops the run: the rest is "not_tried". Ctrl-C while it waits
        lets the calls in flight end and yields their results before it is raised; closing the iterator lets them end,
        too. Raises ConfigurationError before anything is sent, and JournalError when the journal can no longer be
        written.
        """
        from thanksio.bulk._threads import Runtime, in_threads  # noqa: PLC0415 - not needed to cancel one order

        run, source = self._run(ids, max_in_flight, pace, journal, deadline)
        return in_threads(Runtime(self._cancel_one, self._ask, self._idle, self._rate_now, self._report), run, source)

    def _cancel_one(self, attempt: JobAttempt, run: Run) -> Order | ThanksIOError:
        while True:
            call: Call | None = None
            end: Order | ThanksIOError
            try:
                call = self._queued(attempt, run)
                end = self._carry_out(call, run.deadline)
            except ThanksIOError as error:
                end = error
            if (ended := attempt.ended(call, end, self._now())) is not None:
                return ended

    def _carry_out(self, call: Call, deadline: float | None) -> Order:
        try:
            steps, outcome = self._start(call, deadline), None
            while True:
                outcome = self._step(call, steps.send(outcome))
        except StopIteration as end:
            reading: Reading = end.value
        finally:
            if call.permit:
                self._finish(call)
        self._shared.drift.look(reading.fields)
        return to_order(reading, call)

    def _step(self, call: Call, step: Step) -> Any:  # noqa: ANN401 - what each step reports
        if isinstance(step, Send):
            outcome = self._sender.send(self._request(call, step), step.left)
            if call.permit:
                self._observe(call, outcome)
            return outcome
        if isinstance(step, Acquire):
            return self._ask(cast("RateLimiter", call.limiter), cast("Permit", call.permit), step.left)
        self._log(call, step)
        return self._sleep(step.seconds)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _idle(self, seconds: float) -> None:
        """Wait between calls."""
        time.sleep(seconds)

    def _ask(self, limiter: RateLimiter, permit: Permit, left: float = math.inf) -> float:
        return limiter.acquire(permit, self._rate_now(), left)

    def close(self) -> None:
        """Refuse further calls. There are no resources to release."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncThanksIO(BaseClient[AsyncSender, httpx.AsyncBaseTransport]):
    """Cancels orders at thanks.io, under asyncio or trio. One client serves many tasks, and event loops.

    The settings are those of ThanksIO; `transport` is an async httpx transport.
    """

    _transport_kind = httpx.AsyncBaseTransport
    _sender_kind = AsyncSender

    async def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        """Cancel an order, and return it only if the server shows it as cancelled; see ThanksIO.cancel_order.

        Everything is bounded by the deadline, because the attempt is cancelled when it is reached.
        """
        if self._on_result:
            return await self._cancel_and_report(order_id, deadline)
        return await self._carry_out(self._new_call(order_id), deadline)

    async def _cancel_and_report(self, order_id: int | str, deadline: float | None) -> Order:
        call: Call | None = None
        try:
            call = self._new_call(order_id)
            order = await self._carry_out(call, deadline)
        except ThanksIOError as error:
            self._report(self._result_of(order_id, error, call))
            raise
        self._report(self._result_of(order_id, order, call))
        return order

    def cancel_orders(
        self,
        ids: Iterable[Given],
        *,
        max_in_flight: int = 8,
        pace: Pace | bool = True,
        journal: JournalPath | None = None,
        deadline: float | None = None,
    ) -> AsyncRun:
        """Cancel many orders, each in a task, and yield a result for each as it is decided; see ThanksIO.cancel_orders.

        Use it as `async with client.cancel_orders(...) as results:` and iterate over `results` inside; TypeError
        otherwise. Leaving the block, also by an exception or a cancellation, lets the calls in flight end first, ten
        seconds at most.
        """
        from thanksio.bulk._tasks import AsyncRun, AsyncRuntime  # noqa: PLC0415 - not needed to cancel one order

        run, source = self._run(ids, max_in_flight, pace, journal, deadline)
        runtime = AsyncRuntime(self._cancel_one, self._ask, self._idle, self._rate_now, self._report)
        return AsyncRun(runtime, run, source)

    async def _cancel_one(self, attempt: JobAttempt, run: Run) -> Order | ThanksIOError:
        while True:
            call: Call | None = None
            end: Order | ThanksIOError
            try:
                call = self._queued(attempt, run)
                end = await self._carry_out(call, run.deadline)
            except ThanksIOError as error:
                end = error
            if (ended := attempt.ended(call, end, self._now())) is not None:
                return ended

    async def _carry_out(self, call: Call, deadline: float | None) -> Order:
        try:
            steps, outcome = self._start(call, deadline), None
            while True:
                outcome = await self._step(call, steps.send(outcome))
        except StopIteration as end:
            reading: Reading = end.value
        finally:
            if call.permit:
                self._finish(call)
        self._shared.drift.look(reading.fields)
        return to_order(reading, call)

    async def _step(self, call: Call, step: Step) -> Any:  # noqa: ANN401 - what each step reports
        if isinstance(step, Send):
            outcome = await self._sender.send(self._request(call, step), step.left)
            if call.permit:
                self._observe(call, outcome)
            return outcome
        if isinstance(step, Acquire):
            return await self._ask(cast("RateLimiter", call.limiter), cast("Permit", call.permit), step.left)
        self._log(call, step)
        return await self._sleep(step.seconds)

    async def _ask(self, limiter: RateLimiter, permit: Permit, left: float = math.inf) -> float:
        if not limiter.can_block:
            return limiter.acquire(permit, self._rate_now(), left)
        from anyio.to_thread import run_sync  # noqa: PLC0415 - few need it

        from thanksio._rate_limit import ASK_AGAIN  # noqa: PLC0415 - not needed to cancel one order

        with anyio.move_on_after(left):  # the host program may use all worker threads
            return await run_sync(limiter.acquire, permit, self._rate_now(), left, abandon_on_cancel=True)
        return ASK_AGAIN

    async def _sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def _idle(self, seconds: float) -> None:
        """Wait between calls."""
        await anyio.sleep(seconds)

    async def aclose(self) -> None:
        """Refuse further calls. There are no resources to release, and this works in any event loop."""
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


_config.log_to_stderr(os.environ.get("THANKSIO_LOG", ""))
