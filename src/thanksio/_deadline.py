"""Know of the running attempt when it must end, wherever one of its steps is taken.

httpx's timeouts are per step: a server that sends one byte now and then never meets them. `_sockets.py` cuts each step
of a connection to what is left.
"""

from __future__ import annotations

import time
from contextvars import ContextVar, Token
from typing import Self

from attrs import define, field


@define
class Watch:
    """One attempt as its socket sees it: when it must end, and whether any of the request has been sent."""

    end: float
    sent: bool = False
    _before: Token[Watch | None] = field(init=False, repr=False)

    def left(self) -> float:
        """Give the seconds until it must end, below 0 if it should have ended."""
        return self.end - time.monotonic()

    def is_over(self) -> bool:
        """Whether the attempt's time has run out."""
        return self.left() <= 0

    def __enter__(self) -> Self:
        self._before = _watch.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _watch.reset(self._before)


# The running attempt of this thread or task; connections are shared, attempts are not.
_watch: ContextVar[Watch | None] = ContextVar("thanksio_attempt", default=None)


def within(seconds: float) -> Watch:
    """Let no socket step in this block, of this thread or task, last longer than `seconds` from now."""
    return Watch(time.monotonic() + seconds)


def running() -> Watch | None:
    """Give the attempt of this thread or task, if it is within one."""
    return _watch.get()


def cut(timeout: float | None, error: type[Exception]) -> float | None:
    """Give what is left, at most `timeout`; raise `error` if nothing is, for ready data would never time out."""
    watch = _watch.get()
    if watch is None:
        return timeout
    left = watch.left()
    if left <= 0:
        raise error("the deadline of the call")
    return left if timeout is None else min(timeout, left)
