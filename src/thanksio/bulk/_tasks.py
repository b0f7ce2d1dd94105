"""Carry out a run in tasks: one hands out orders and writes the journal, one more cancels each order in flight.

The caller receives results from a stream. So a cancellation of the caller interrupts neither a step of the journal nor
a call; leaving the `async with` block ends the tasks.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import define, field, frozen

from thanksio._rate_limit import Permit
from thanksio.bulk._results import CancelResult
from thanksio.bulk._run import JobAttempt, JobResult, Run
from thanksio.bulk._threads import GRACE, log_unawaited
from thanksio.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractContextManager

    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectSendStream

    from thanksio._models import Order
    from thanksio._rate_limit_storage import RateLimiter
    from thanksio.bulk._sources import Source
    from thanksio.errors import ThanksIOError

_T = TypeVar("_T")


@frozen
class AsyncRuntime:
    """The part of an async client that a run uses; see Runtime."""

    cancel: Callable[[JobAttempt, Run], Awaitable[Order | ThanksIOError]]
    ask: Callable[[RateLimiter, Permit], Awaitable[float]]
    idle: Callable[[float], Awaitable[None]]
    now: Callable[[], float]
    report: Callable[[CancelResult], None]


class AsyncRun:
    """The results of an async run, inside of `async with`, which ends the run however the block is left.

    An async generator alone could not: when its consumer is cancelled or leaves the loop, nothing ends it in time
    (https://peps.python.org/pep-0789/).
    """

    def __init__(self, runtime: AsyncRuntime, run: Run, opened: Callable[[], AbstractContextManager[Source]]) -> None:
        self._runtime, self._run, self._opened = runtime, run, opened

    async def __aenter__(self) -> AsyncGenerator[CancelResult, None]:
        send, self._receive = anyio.create_memory_object_stream[CancelResult]()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._tasks = _TaskPool(self._runtime, self._run, send)
        self._results = self._iterate()
        return self._results

    async def _iterate(self) -> AsyncGenerator[CancelResult, None]:
        self._group.start_soon(self._tasks.conduct, self._opened)
        async for result in self._receive:
            yield result
        self._run.raise_failure()

    async def __aexit__(self, *_: object) -> None:
        try:
            with anyio.CancelScope(shield=True):
                self._receive.close()
                await self._results.aclose()
                await self._tasks.stop()
        finally:  # asyncio can cancel a shielded scope, too
            self._tasks.scope.cancel()
            # Without the exception of the block: the block raises it as it is, and not in a group.
            await self._group.__aexit__(None, None, None)

    def __aiter__(self) -> NoReturn:
        raise TypeError(
            "use `async with client.cancel_orders(...) as results:` and iterate over `results` inside of it"
        )


@define
class _TaskPool:
    """The task that hands out orders and writes the journal, and the tasks that cancel one order each."""

    runtime: AsyncRuntime
    run: Run
    _results: MemoryObjectSendStream[CancelResult]
    _done: deque[JobResult | BaseException] = field(factory=deque["JobResult | BaseException"], init=False)
    _wakeup: anyio.Event = field(factory=anyio.Event, init=False)
    _ended: anyio.Event = field(factory=anyio.Event, init=False)
    _idling: anyio.CancelScope = field(factory=anyio.CancelScope, init=False)
    _disk: anyio.CapacityLimiter = field(factory=lambda: anyio.CapacityLimiter(1), init=False)
    _is_started: bool = field(default=False, init=False)
    scope: anyio.CancelScope = field(factory=lambda: anyio.CancelScope(shield=True), init=False)
    _group: TaskGroup = field(factory=anyio.create_task_group, init=False)

    async def conduct(self, opened: Callable[[], AbstractContextManager[Source]]) -> None:
        """Execute the run until `scope` is cancelled. An error is stored as its failure."""
        self._is_started = True
        try:
            with self.scope:
                async with self._group:
                    await self._guarded(opened)
        finally:
            self._results.close()
            self._ended.set()

    async def _guarded(self, opened: Callable[[], AbstractContextManager[Source]]) -> None:
        try:
            with opened() as source:
                await self._conduct(source)
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
            self.run.fail(error)

    async def _conduct(self, source: Source) -> None:
        try:
            for known in source.load():
                await anyio.lowlevel.checkpoint()
                for result in known:
                    await self._emit(result)
                if self.run.is_stopped:
                    return
            await self._cancel_all(source)
            for job in source.rest() if self.run.fatal else ():
                await self._emit(self.run.not_sent(job))
        finally:
            with anyio.CancelScope(shield=True):
                while self._done:  # a known result is written even if the tasks were cancelled
                    log_unawaited(await self._settle(source, self._done.popleft()))
                with suppress(JournalError):
                    await self._run_blocking(source, source.end)

    async def _cancel_all(self, source: Source) -> None:
        while True:
            wait = await self._submit_ready(source)
            if self.run.in_flight:
                with anyio.move_on_after(wait or math.inf):
                    await self._wait_done()
                result = await self._settle(source, self._done.popleft()) if self._done else None
                if result:
                    await self._submit_ready(source)
                    if not await self._emit(result):
                        log_unawaited(result)
            elif wait:
                with anyio.CancelScope() as self._idling:
                    await self.runtime.idle(wait)
            else:
                return

    async def _emit(self, result: CancelResult) -> bool:
        """Wait until the caller receives a result; False if the caller has left."""
        try:
            await self._results.send(result)
        except anyio.BrokenResourceError:
            return False
        return True

    async def _submit_ready(self, source: Source) -> float:
        """Start the orders that may be sent; return the seconds until the next try, 0 if an order must end first."""
        while self.run.can_start:
            permit, attempt = Permit(), None
            try:
                wait = await self.runtime.ask(self.run.limiter, permit) if self.run.limiter else 0.0
                if wait:
                    return wait
                attempt = self.run.begin(await self._run_blocking(source, source.next), permit)
            except Exception as error:  # noqa: BLE001 - of a journal, or of the caller's own iterator
                self.run.fail(error)
                break
            finally:
                if attempt is None and self.run.limiter:
                    self.run.limiter.close(permit, self.runtime.now())
            if attempt:
                self._group.start_soon(self._work, attempt)
        return 0.0

    async def _work(self, attempt: JobAttempt) -> None:
        done: JobResult | BaseException
        try:
            done = JobResult(attempt, await self.runtime.cancel(attempt, self.run))
        except anyio.get_cancelled_exc_class() as error:
            self._note(error)
            raise
        except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
            done = error
        self._note(done)

    def _note(self, done: JobResult | BaseException) -> None:
        self._done.append(done)
        self._wakeup.set()

    async def _wait_done(self) -> None:
        """Wait until an order has ended."""
        if not self._done:
            self._wakeup = anyio.Event()
            await self._wakeup.wait()

    async def _settle(self, source: Source, done: JobResult | BaseException) -> CancelResult | None:
        result = self.run.end(done)
        if result:
            try:
                await self._run_blocking(source, source.settle, result, self.run.allowed(self.runtime.now()))
            except JournalError as error:
                self.run.fail(error)
            self.runtime.report(result)
        return result

    async def _run_blocking(self, source: Source, step: Callable[..., _T], *arguments: object) -> _T:
        """Complete a step that may wait for a disk, even if cancelled: the journal must not be closed during a step."""
        if not source.can_block:
            return step(*arguments)
        results: list[_T] = []
        with anyio.CancelScope(shield=True):  # in its own thread: the host program may use all worker threads
            results.append(await anyio.to_thread.run_sync(step, *arguments, limiter=self._disk))
        return results[0]

    async def stop(self) -> None:
        """Send nothing more, and wait for the calls in flight, `GRACE` seconds at most."""
        self.run.is_stopped = True
        self._idling.cancel()
        if not self._is_started:
            self._results.close()
            return
        with anyio.move_on_after(GRACE):
            await self._ended.wait()
        self.scope.cancel()
        await self._ended.wait()
