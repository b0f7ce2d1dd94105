"""End a run when somebody asks for it: first as soon as all answers are there, then at once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import FrameType, TracebackType

_T = TypeVar("_T")
# Seconds within which signals are one wish: GNU timeout, for one, sends to its child and then to the whole group.
_ONE_WISH = 0.5


class Stop:
    """Hears Ctrl-C and SIGTERM between entering and leaving.

    The first ends what is followed with a KeyboardInterrupt and calls `announce`; a later one calls `leave`.
    """

    def __init__(
        self,
        announce: Callable[[], object],
        leave: Callable[[], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._announce, self._leave, self._now = announce, leave, now
        self._first = 0.0
        self._waiting = self._owed = False
        self._before: dict[int, Any] = {}
        self.heard = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.heard:
            if self._now() >= self._first + _ONE_WISH:
                self._leave()
            return
        self.heard, self._first = True, self._now()
        self._announce()
        if self._waiting:
            raise KeyboardInterrupt
        self._owed = True  # what is being written is written first

    def follow(self, results: Generator[_T, None, None]) -> Iterator[_T]:
        """Give what comes, and after a signal what is still under way; then end without an error."""
        throw = False
        while True:
            try:
                if throw or self._owed:
                    throw, self._owed = True, False
                    result = results.throw(KeyboardInterrupt())
                else:
                    result = self._wait(results)
            except StopIteration:
                return
            except KeyboardInterrupt:
                # It came from the end of what is followed, or in the instant before that was asked: throwing tells.
                if throw or not self.heard:
                    return
                throw = True
                continue
            throw = False
            yield result

    def _wait(self, results: Iterator[_T]) -> _T:
        self._waiting = True
        try:
            return next(results)
        finally:
            self._waiting = False
