"""Carry a run out: hand orders to threads or tasks, and bring back what came of them, one after another.

`bulk.py` decides. Both crews do the same: while the run is hungry and the budget lets a request go, the next order is
taken and handed out; then a result is awaited, no longer than until the budget is to be asked again. What fails here,
and Ctrl-C, lets the calls in flight end first; their results are given before it is raised.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import define, field, frozen

from thanksio.bulk import CancelResult, Done, Run, Turn
from thanksio.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextlib import AbstractContextManager

    from thanksio._pacer import Pacer
    from thanksio._source import Source

    Opened: TypeAlias = Callable[[], AbstractContextManager[Source]]


@frozen
class Means:
    """What a client gives to a run: how to cancel an order, ask the budget, wait between calls, and tell the time."""

    cancel: Callable[[Turn, Run], Done]
    ask: Callable[[Pacer], float]
    idle: Callable[[float], None]
    now: Callable[[], float]


@frozen
class AsyncMeans:
    """The same of an async client."""

    cancel: Callable[[Turn, Run], Awaitable[Done]]
    ask: Callable[[Pacer], Awaitable[float]]
    idle: Callable[[float], Awaitable[None]]
    now: Callable[[], float]


_logger = logging.getLogger("thanksio")
_T = TypeVar("_T")
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
            yield from map(run.not_tried, source.rest())


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
            for order_id in source.rest():
                await anyio.lowlevel.checkpoint()
                yield run.not_tried(order_id)


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

    def begun(self, work: Any) -> Turn | None:  # noqa: ANN401 - work or nothing, as a source gives it
        """Take note that an order is handed out, or that there is none and the request that was let go stays."""
        self.run.begun(work)
        if work is not None:
            return Turn(work, admitted=self.run.pacer is not None)
        self._stay()
        return None

    def not_begun(self, error: BaseException) -> None:
        """Give the request back that was let go for an order that could not be taken."""
        self._stay()
        if not isinstance(error, Exception):
            raise error
        self.fail(error)

    def _stay(self) -> None:
        if self.run.pacer:
            self.run.pacer.stay()

    def ended(self, done: Done | BaseException) -> CancelResult | None:
        if isinstance(done, Done):
            return self.run.ended(done)
        self.run.in_flight -= 1
        self.fail(done)
        return None

    def allowed(self, now: float) -> int | None:
        """Give the requests that may be made in a minute, as far as is known."""
        rate = self.run.pacer.rate(now) if self.run.pacer else None
        return round(rate.allowed * 60 / rate.per) if rate else None


@define
class _Threads(_Crew):
    means: Means
    _todo: queue.SimpleQueue[Turn | None] = field(factory=queue.SimpleQueue["Turn | None"], init=False)
    _done: queue.SimpleQueue[Done | BaseException] = field(
        factory=queue.SimpleQueue["Done | BaseException"], init=False
    )
    _started: int = field(default=0, init=False)
    _abandoned: bool = field(default=False, init=False)

    def results(self) -> Generator[CancelResult, None, None]:
        """Give results until there are no more. Ctrl-C lets what is in flight end first; a second one does not."""
        pressed = False
        while True:
            try:
                result = self._next()
            except KeyboardInterrupt as error:
                self.fail(error)
                if pressed:
                    self._abandoned = True
                    raise
                pressed = True
                continue
            if result is None:
                break
            yield result
        self.raise_failure()

    def _next(self) -> CancelResult | None:
        while True:
            wait = self._feed()
            if self.run.in_flight:
                with suppress(queue.Empty):
                    result = self._settle(self._done.get(timeout=wait or None))
                    if result:
                        return result
            elif wait:
                self.means.idle(wait)
            else:
                return None

    def _feed(self) -> float:
        """Hand out what may be sent; give the seconds after which there may be more, 0 if a result comes first."""
        while self.run.is_hungry:
            wait = self.means.ask(self.run.pacer) if self.run.pacer else 0.0
            if wait:
                return wait
            try:
                turn = self.begun(self.source.next())
            except BaseException as error:  # noqa: BLE001 - of a journal, of the caller's own iterator, or Ctrl-C
                self.not_begun(error)
                break
            if turn:
                self._hand_out(turn)
        return 0.0

    def _hand_out(self, turn: Turn) -> None:
        self._todo.put(turn)
        if self._started < self.run.in_flight:
            self._started += 1
            threading.Thread(target=self._work, name="thanksio", daemon=True).start()

    def _work(self) -> None:
        while (turn := self._todo.get()) is not None:
            try:
                self._done.put(self.means.cancel(turn, self.run))
            except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
                self._done.put(error)

    def _settle(self, done: Done | BaseException) -> CancelResult | None:
        result = self.ended(done)
        if result:
            try:
                self.source.settle(result, self.allowed(self.means.now()))
            except JournalError as error:
                self.fail(error)
        return result

    def finish(self) -> None:
        """Send nothing more, wait a while for what is in flight, and let the threads end."""
        self.run.stopped = True
        end = time.monotonic() + (0 if self._abandoned else _GRACE)
        while self.run.in_flight and (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                _log(self._settle(self._done.get(timeout=left)))
        for _ in range(self._started):
            self._todo.put(None)
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
    _tasks: set[object] = field(factory=set[object], init=False)  # the event loop holds them weakly
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
            wait = await self.means.ask(self.run.pacer) if self.run.pacer else 0.0
            if wait:
                return wait
            try:
                turn = self.begun(await self._aside(self.source.next))
            except BaseException as error:  # noqa: BLE001 - of a journal, of the caller's own iterator, or a cancellation
                self.not_begun(error)
                break
            if turn:
                self._tasks.add(_detached(self._work, turn))
        return 0.0

    async def _aside(self, step: Callable[..., _T], *arguments: object) -> _T:
        """Take a step that may wait for a disk."""
        if self.source.can_block:
            return await anyio.to_thread.run_sync(step, *arguments)
        return step(*arguments)

    async def _work(self, turn: Turn) -> None:
        done: Done | BaseException = ConnectionError("nobody waits for it any more")
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        try:
            with scope:
                done = await self.means.cancel(turn, self.run)
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
        with anyio.move_on_after(_GRACE):
            while self.run.in_flight:
                await self._hear()
                _log(await self._settle(self._done.popleft()))
        for scope in list(self._scopes):
            scope.cancel()
        with suppress(JournalError):
            await self._aside(self.source.end)


def _detached(work: Callable[[Turn], Awaitable[None]], turn: Turn) -> object:
    """Start a task that no scope of the caller's holds: an async generator must not keep one open while it yields."""
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.spawn_system_task(work, turn)

    async def run() -> None:
        await work(turn)

    return asyncio.get_running_loop().create_task(run())
