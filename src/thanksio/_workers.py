"""Carry a run out: hand orders to threads or tasks, and bring back what came of them, one after another.

`bulk.py` decides. Both crews do the same: while the run is hungry and the budget lets a request go, the next order is
taken and handed out; then a result is awaited, no longer than until the budget is to be asked again. What fails here,
and Ctrl-C, lets the calls in flight end first; their results are given before it is raised.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import queue
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import define, field, frozen

from thanksio._rate_limit import Permit
from thanksio.bulk import CancelResult, Done, Run, Turn
from thanksio.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextlib import AbstractContextManager

    from thanksio._models import Order
    from thanksio._rate_limit_storage import RateLimiter
    from thanksio._source import Source
    from thanksio.errors import ThanksIOError

    HandedOut: TypeAlias = tuple[contextvars.Context, Turn]
    Opened: TypeAlias = Callable[[], AbstractContextManager[Source]]


@frozen
class Means:
    """What a client gives to a run: how to cancel an order, ask the budget, wait between calls, and tell the time."""

    cancel: Callable[[Turn, Run], Order | ThanksIOError]
    ask: Callable[[RateLimiter, Permit], float]
    idle: Callable[[float], None]
    now: Callable[[], float]


@frozen
class AsyncMeans:
    """The same of an async client."""

    cancel: Callable[[Turn, Run], Awaitable[Order | ThanksIOError]]
    ask: Callable[[RateLimiter, Permit], Awaitable[float]]
    idle: Callable[[float], Awaitable[None]]
    now: Callable[[], float]


_logger = logging.getLogger("thanksio")
_T = TypeVar("_T")
_NOTICE = 0.5  # seconds after which Ctrl-C is seen that came in the instant before a wait began, and did not end it
_GLANCE = 0.1  # seconds after which it is seen that a thread has ended
_GRACE = 10.0  # seconds for which calls in flight may end when nobody waits for their results any more


def in_threads(means: Means, run: Run, opened: Opened) -> Generator[CancelResult, None, None]:
    """Cancel the orders of a run in threads."""
    with opened() as source:
        for known in source.load():
            yield from known
        crew = _Threads(run, source, means)
        try:
            yield from crew.results()
        finally:
            crew.finish()
        if run.doom:
            yield from map(run.not_sent, source.rest())


async def in_tasks(means: AsyncMeans, run: Run, opened: Opened) -> AsyncGenerator[CancelResult, None]:
    """Cancel the orders of a run in tasks."""
    with opened() as source:
        for known in source.load():
            await anyio.lowlevel.checkpoint()
            for result in known:
                yield result
        crew = _Tasks(run, source, means)
        try:
            while (found := await crew.next_result()) is not None:
                yield found
        finally:
            with anyio.CancelScope(shield=True):
                await crew.finish()
        crew.raise_failure()
        if run.doom:
            for work in source.rest():
                await anyio.lowlevel.checkpoint()
                yield run.not_sent(work)


class AsyncRun:
    """The results of an async run, inside of `async with`, which ends the run however the block is left.

    An async generator alone could not: when its consumer is cancelled or leaves the loop, nothing ends it in time
    (https://peps.python.org/pep-0789/).
    """

    def __init__(self, results: AsyncGenerator[CancelResult, None]) -> None:
        self._results = results

    async def __aenter__(self) -> AsyncGenerator[CancelResult, None]:
        return self._results

    async def __aexit__(self, *_: object) -> None:
        await self._results.aclose()

    def __aiter__(self) -> NoReturn:
        raise TypeError(
            "use `async with client.cancel_orders(...) as results:` and iterate over `results` inside of it"
        )


@define
class _Crew:
    """What threads and tasks have in common."""

    run: Run
    source: Source
    _failure: BaseException | None = field(default=None, init=False)

    def fail(self, error: BaseException) -> None:
        """Send nothing more; the first failure is raised when all that is in flight has ended."""
        self.run.stopped = True
        self._failure = self._failure or error

    def raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def begun(self, work: Any, permit: Permit) -> Turn | None:  # noqa: ANN401 - work or nothing, as a source gives it
        """Note that an order is handed out, or that none is left."""
        self.run.begun(work)
        return None if work is None else Turn(work, permit)

    def not_begun(self, error: BaseException) -> None:
        """Note that no order could be taken."""
        if not isinstance(error, Exception):
            raise error
        self.fail(error)

    def put_back(self, permit: Permit, now: float) -> None:
        """Return a permit for which there was no order."""
        if self.run.limiter:
            self.run.limiter.close(permit, now)

    def ended(self, done: Done | BaseException) -> CancelResult | None:
        if isinstance(done, Done):
            return self.run.ended(done)
        self.run.in_flight -= 1
        self.fail(done)
        return None

    def allowed(self, now: float) -> int | None:
        """Give the requests that may be made in a minute, as far as is known."""
        rate = self.run.limiter.rate(now) if self.run.limiter else None
        return round(rate.allowed * 60 / rate.per) if rate else None


@define
class _Threads(_Crew):
    """Threads that take turns from a queue, and the one thread that asks for the results.

    Ctrl-C is raised anywhere in the latter, so it counts nothing on the way out: what was handed out has ended when the
    threads have, and a result is taken from `_done` only when it can be given.
    """

    means: Means
    _todo: queue.SimpleQueue[HandedOut | None] = field(factory=queue.SimpleQueue["HandedOut | None"], init=False)
    _done: deque[Done | BaseException] = field(factory=deque["Done | BaseException"], init=False)
    _bell: queue.SimpleQueue[None] = field(factory=queue.SimpleQueue["None"], init=False)
    _threads: list[threading.Thread] = field(factory=list[threading.Thread], init=False)
    _dismissed: bool = field(default=False, init=False)
    _abandoned: bool = field(default=False, init=False)

    def results(self) -> Generator[CancelResult, None, None]:
        """Give results until there are no more. Ctrl-C lets what is in flight end first; a second one does not."""
        while True:
            try:
                result = self._next()
                if self._done:
                    del self._done[0]
                if result is None:
                    break
                yield result  # a signal handler can throw Ctrl-C in here, if it came while the result was looked at
            except KeyboardInterrupt as error:
                self._abandoned = self.run.stopped
                self.fail(error)
                if self._abandoned:
                    raise
        self.raise_failure()

    def _next(self) -> CancelResult | None:
        """Give the result that lies at the front of what is done, or None if nothing more will be done."""
        while True:
            wait = 0.0 if self._done else self._feed()
            if self._done:
                result = self._settle(self._done[0])
                self._feed()
                if result:
                    return result
                del self._done[0]
            elif self.run.stopped or self.run.in_flight:
                if not self._await(wait):
                    return None
            elif wait:
                self.means.idle(min(wait, _NOTICE))
            else:
                return None

    def _await(self, wait: float) -> bool:
        """Wait for the next that is done, but no longer than `wait` seconds, if any; False if none can come."""
        if self.run.stopped:
            self._dismiss()
            if not any(thread.is_alive() for thread in self._threads):
                return bool(self._done)
            wait = _GLANCE
        with suppress(queue.Empty):
            self._bell.get(timeout=min(wait or _NOTICE, _NOTICE))
        return True

    def _feed(self) -> float:
        """Hand out what may be sent; give the seconds after which there may be more, 0 if a result comes first."""
        while self.run.is_hungry:
            permit, turn = Permit(), None
            try:
                wait = self.means.ask(self.run.limiter, permit) if self.run.limiter else 0.0
                if wait:
                    return wait
                self._start_thread()
                turn = self.begun(self.source.next(), permit)
            except BaseException as error:  # noqa: BLE001 - of a journal, of the caller's own iterator, or Ctrl-C
                self.not_begun(error)
                break
            finally:
                if turn is None:
                    self.put_back(permit, self.means.now())
            if turn:  # a copy of the caller's context: trace spans and log context are the caller's
                self._todo.put((contextvars.copy_context(), turn))
        return 0.0

    def _start_thread(self) -> None:
        """Have one thread more than orders in flight, as far as the system allows."""
        if len(self._threads) > self.run.in_flight:
            return
        thread = threading.Thread(target=self._work, name="thanksio", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread": those that exist take turns
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while (handed_out := self._todo.get()) is not None:
            context, turn = handed_out
            try:
                self._done.append(Done(turn, context.run(self.means.cancel, turn, self.run)))
            except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
                self._done.append(error)
            self._bell.put(None)
        self._bell.put(None)

    def _settle(self, done: Done | BaseException) -> CancelResult | None:
        result = self.ended(done)
        if result:
            try:
                self.source.settle(result, self.allowed(self.means.now()))
            except JournalError as error:
                self.fail(error)
        return result

    def _dismiss(self) -> None:
        """Let each thread end when it has done what was handed out."""
        if not self._dismissed:
            self._dismissed = True
            for _ in self._threads:
                self._todo.put(None)

    def finish(self) -> None:
        """Send nothing more, and wait a while for what is in flight."""
        self.run.stopped = True
        end = time.monotonic() + _GRACE
        self._dismiss()
        while not self._abandoned and self._await(0.0) and time.monotonic() < end:
            while self._done:
                _log(self._settle(self._done.popleft()))
        with suppress(JournalError):
            self.source.end()


def _log(result: CancelResult | None) -> None:
    if result:
        _logger.warning("order %s is %s; nobody waited for it any more", result.order_id, result.verdict)


@define
class _Tasks(_Crew):
    means: AsyncMeans
    _done: deque[Done | BaseException] = field(factory=deque["Done | BaseException"], init=False)
    _news: anyio.Event = field(factory=anyio.Event, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)  # asyncio holds them weakly
    _scopes: set[anyio.CancelScope] = field(factory=set[anyio.CancelScope], init=False)

    async def next_result(self) -> CancelResult | None:
        """Give a result, or None if there are no more."""
        while True:
            wait = await self._feed()
            if self.run.in_flight:
                with anyio.move_on_after(wait or math.inf):
                    await self._hear()
                result = await self._settle(self._done.popleft()) if self._done else None
                if result:
                    await self._feed()
                    return result
            elif wait:
                await self.means.idle(wait)
            else:
                return None

    async def _hear(self) -> None:
        """Wait until something is done. Nothing is lost if this is cancelled."""
        if not self._done:
            self._news = anyio.Event()
            await self._news.wait()

    async def _feed(self) -> float:
        while self.run.is_hungry:
            if self.source.can_block:
                await anyio.lowlevel.checkpoint()  # a step on a disk is not interrupted by a cancellation
            permit, turn = Permit(), None
            try:
                wait = await self.means.ask(self.run.limiter, permit) if self.run.limiter else 0.0
                if wait:
                    return wait
                turn = self.begun(await self._aside(self.source.next), permit)
            except BaseException as error:  # noqa: BLE001 - of a journal, of the caller's own iterator, or a cancellation
                self.not_begun(error)
                break
            finally:
                if turn is None:
                    self.put_back(permit, self.means.now())
            if turn:
                _detach(self._work, turn, self._tasks)
        return 0.0

    async def _aside(self, step: Callable[..., _T], *arguments: object) -> _T:
        """Take a step that may wait for a disk, to its end: the journal is never closed under a step."""
        if not self.source.can_block:
            return step(*arguments)
        results: list[_T] = []
        with anyio.CancelScope(shield=True):
            if _is_trio():
                results.append(await anyio.to_thread.run_sync(step, *arguments))
            else:
                results.append(await _finished(asyncio.get_running_loop().run_in_executor(None, step, *arguments)))
        return results[0]

    async def _work(self, turn: Turn) -> None:
        done: Done | BaseException = ConnectionError("nobody waits for it any more")
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        try:
            with scope:
                done = Done(turn, await self.means.cancel(turn, self.run))
        except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
            done = error
        self._scopes.discard(scope)
        self._done.append(done)
        self._news.set()

    async def _settle(self, done: Done | BaseException) -> CancelResult | None:
        result = self.ended(done)
        if result:
            try:
                await self._aside(self.source.settle, result, self.allowed(self.means.now()))
            except JournalError as error:
                self.fail(error)
        return result

    async def finish(self) -> None:
        """Send nothing more, wait a while for what is in flight, and end the tasks."""
        self.run.stopped = True
        try:
            with anyio.move_on_after(_GRACE):
                while self.run.in_flight:
                    await self._hear()
                    _log(await self._settle(self._done.popleft()))
        finally:  # also if it is cancelled once more
            for scope in list(self._scopes):
                scope.cancel()
            with suppress(JournalError):
                await self._aside(self.source.end)


async def _finished(future: asyncio.Future[_T]) -> _T:
    """Wait for a future whatever is cancelled meanwhile, and deliver the cancellation at the next wait.

    A shielded scope does not hold off `asyncio.Task.cancel`.
    """
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    task = asyncio.current_task()
    if cancelled and task:
        task.uncancel()  # the request is counted once
        task.cancel(*cancelled.args)
    return future.result()


def _is_trio() -> bool:
    trio: Any = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def _detach(work: Callable[[Turn], Awaitable[None]], turn: Turn, held: set[asyncio.Task[None]]) -> None:
    """Start a task that no scope of the caller's holds: an async generator must not keep one open while it yields."""
    if _is_trio():
        trio: Any = sys.modules["trio"]
        trio.lowlevel.spawn_system_task(work, turn, context=contextvars.copy_context())
        return

    async def run() -> None:
        await work(turn)

    task = asyncio.get_running_loop().create_task(run())
    held.add(task)
    task.add_done_callback(held.discard)
