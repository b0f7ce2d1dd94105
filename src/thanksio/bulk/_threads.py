"""Carry out a run in threads: hand out orders, and yield their results one after another.

While the run can start another order and the budget grants a permit, the next order is handed out; then a result is
awaited, no longer than until the budget is to be asked again. A failure, and Ctrl-C, let the calls in flight end first;
their results are yielded before it is raised.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

from thanksio._rate_limit import Permit
from thanksio.bulk._run import JobAttempt, JobResult, Run
from thanksio.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from thanksio._models import Order
    from thanksio._rate_limit_storage import RateLimiter
    from thanksio.bulk._results import CancelResult
    from thanksio.bulk._sources import Source
    from thanksio.errors import ThanksIOError

    HandedOut: TypeAlias = tuple[contextvars.Context, JobAttempt]

_logger = logging.getLogger("thanksio")
_NOTICE = 0.5  # seconds after which Ctrl-C is noticed if it arrived just before a wait began
_GLANCE = 0.1  # seconds after which the end of a thread is noticed
GRACE = 10.0  # seconds for which calls in flight may end when their results are no longer awaited


@frozen
class Runtime:
    """The part of a client that a run uses: cancel an order, use the budget, wait, the time, and a hook."""

    cancel: Callable[[JobAttempt, Run], Order | ThanksIOError]
    ask: Callable[[RateLimiter, Permit], float]
    idle: Callable[[float], None]
    now: Callable[[], float]
    report: Callable[[CancelResult], None]


def in_threads(
    runtime: Runtime, run: Run, opened: Callable[[], AbstractContextManager[Source]]
) -> Generator[CancelResult, None, None]:
    """Cancel the orders of a run in threads, and yield their results."""
    with opened() as source:
        for known in source.load():
            yield from known
        pool = _ThreadPool(runtime, run, source)
        try:
            yield from pool.results()
        finally:
            pool.finish()
        if run.fatal:
            yield from map(run.not_sent, source.rest())


@define
class _ThreadPool:
    """Threads that take orders from a queue, and the one thread that asks for the results.

    Ctrl-C can be raised anywhere in the latter. So it counts nothing on the way out: what was handed out has ended when
    the threads have, and a result is removed from `_done` only when it is yielded.
    """

    runtime: Runtime
    run: Run
    source: Source
    _todo: queue.SimpleQueue[HandedOut | None] = field(factory=queue.SimpleQueue["HandedOut | None"], init=False)
    _done: deque[JobResult | BaseException] = field(factory=deque["JobResult | BaseException"], init=False)
    _wakeup: queue.SimpleQueue[None] = field(factory=queue.SimpleQueue["None"], init=False)
    _threads: list[threading.Thread] = field(factory=list[threading.Thread], init=False)
    _is_dismissed: bool = field(default=False, init=False)
    _is_abandoned: bool = field(default=False, init=False)

    def results(self) -> Generator[CancelResult, None, None]:
        """Yield results until there are no more. Ctrl-C lets the calls in flight end first; a second one does not."""
        while True:
            try:
                result = self._next()
                if self._done:
                    del self._done[0]
                if result is None:
                    break
                yield result  # a signal handler can raise Ctrl-C here, while the caller uses the result
            except KeyboardInterrupt as error:
                self._is_abandoned = self.run.is_stopped
                self.run.fail(error)
                if self._is_abandoned:
                    raise
        self.run.raise_failure()

    def _next(self) -> CancelResult | None:
        """Return the result of the first order in `_done`, or None if no more orders will end."""
        while True:
            wait = 0.0 if self._done else self._submit_ready()
            if self._done:
                result = self._settle(self._done[0])
                self._submit_ready()
                if result:
                    return result
                del self._done[0]
            elif self.run.is_stopped or self.run.in_flight:
                if not self._wait_done(wait):
                    return None
            elif wait:
                self.runtime.idle(min(wait, _NOTICE))
            else:
                return None

    def _wait_done(self, wait: float) -> bool:
        """Wait until an order has ended, but no longer than `wait` seconds, if any; False if none is in flight."""
        if self.run.is_stopped:
            self._dismiss()
            if not any(thread.is_alive() for thread in self._threads):
                return bool(self._done)
            wait = _GLANCE
        with suppress(queue.Empty):
            self._wakeup.get(timeout=min(wait or _NOTICE, _NOTICE))
        return True

    def _submit_ready(self) -> float:
        """Submit the orders that may be sent; return the seconds until the next try, 0 if an order must end first."""
        while self.run.can_start:
            permit, attempt = Permit(), None
            try:
                wait = self.runtime.ask(self.run.limiter, permit) if self.run.limiter else 0.0
                if wait:
                    return wait
                self._start_thread()
                attempt = self.run.begin(self.source.next(), permit)
            except Exception as error:  # noqa: BLE001 - of a journal, or of the caller's own iterator
                self.run.fail(error)
                break
            finally:
                if attempt is None and self.run.limiter:
                    self.run.limiter.close(permit, self.runtime.now())
            if attempt:  # a copy of the caller's context: trace spans and log context are the caller's
                self._todo.put((contextvars.copy_context(), attempt))
        return 0.0

    def _start_thread(self) -> None:
        """Start threads until there is one more than orders in flight, if the system allows."""
        if len(self._threads) > self.run.in_flight:
            return
        thread = threading.Thread(target=self._work, name="thanksio", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread": the existing threads do the work
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while (handed_out := self._todo.get()) is not None:
            context, attempt = handed_out
            try:
                self._done.append(JobResult(attempt, context.run(self.runtime.cancel, attempt, self.run)))
            except BaseException as error:  # noqa: BLE001 - raised where the results are awaited
                self._done.append(error)
            self._wakeup.put(None)
        self._wakeup.put(None)

    def _settle(self, done: JobResult | BaseException) -> CancelResult | None:
        result = self.run.end(done)
        if result:
            try:
                self.source.settle(result, self.run.allowed(self.runtime.now()))
            except JournalError as error:
                self.run.fail(error)
            self.runtime.report(result)
        return result

    def _dismiss(self) -> None:
        """End each thread after its last order."""
        if not self._is_dismissed:
            self._is_dismissed = True
            for _ in self._threads:
                self._todo.put(None)

    def finish(self) -> None:
        """Send nothing more, and wait for the calls in flight, `GRACE` seconds at most."""
        self.run.is_stopped = True
        end = time.monotonic() + GRACE
        self._dismiss()
        while not self._is_abandoned and self._wait_done(0.0) and time.monotonic() < end:
            while self._done:
                log_unawaited(self._settle(self._done.popleft()))
        with suppress(JournalError):
            self.source.end()


def log_unawaited(result: CancelResult | None) -> None:
    """Log a result that the caller no longer awaits."""
    if result:
        _logger.warning("order %s: %s, after its run was left", result.order_id, result.verdict)
