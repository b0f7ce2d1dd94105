"""Stop a run on Ctrl-C or SIGTERM: first after the calls in flight have ended, then at once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import FrameType, TracebackType

_T = TypeVar("_T")
# Seconds within which signals count as one: GNU timeout, for example, signals its child and then the whole group.
_SAME_SIGNAL = 0.5


class Stop:
    """Handle Ctrl-C and SIGTERM inside of a `with` block.

    The first signal calls `announce` and ends the run that is followed; a later one calls `leave`.
    """

    def __init__(
        self,
        announce: Callable[[], object],
        leave: Callable[[], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._announce, self._leave, self._now = announce, leave, now
        self._first = 0.0
        self._is_waiting = self._is_pending = False
        self._before: dict[int, Any] = {}
        self.is_requested = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_requested:
            if self._now() >= self._first + _SAME_SIGNAL:
                self._leave()
            return
        self.is_requested, self._first = True, self._now()
        self._announce()
        if self._is_waiting:
            raise KeyboardInterrupt
        self._is_pending = True  # a result that is being written is finished first

    def follow(self, results: Generator[_T, None, None]) -> Iterator[_T]:
        """Yield results, after a signal those of the calls in flight; then end without an error."""
        throw = False
        while True:
            try:
                if throw or self._is_pending:
                    throw, self._is_pending = True, False
                    result = results.throw(KeyboardInterrupt())
                else:
                    result = self._wait(results)
            except StopIteration:
                return
            except KeyboardInterrupt:
                # Raised at the end of the run, or just before the run was resumed: throwing it in shows which.
                if throw or not self.is_requested:
                    return
                throw = True
                continue
            throw = False
            yield result

    def _wait(self, results: Iterator[_T]) -> _T:
        self._is_waiting = True
        try:
            return next(results)
        finally:
            self._is_waiting = False
