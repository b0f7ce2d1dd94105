"""Clients for the fake whose waits take no time and are always the longest that the retry policy allows."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from thanksio import AsyncThanksIO, ThanksIO

if TYPE_CHECKING:
    from thanksio._call import Call


class Clock(Protocol):
    """A clock that can be advanced."""

    @abstractmethod
    def seconds(self) -> float:
        """Return a clock in seconds: real time plus the time by which it was advanced."""

    @abstractmethod
    def wait_until(self, moment: float) -> None:
        """Advance it to a point of `seconds`, unless that is past."""


# The offset of the running call's clock from real time. Calls that wait at the same time wait for the same seconds, so
# each has an offset of its own, which starts at that of the common clock.
_ahead: ContextVar[float] = ContextVar("thanksio_ahead")


def _begin(clock: Clock) -> None:
    _ahead.set(clock.seconds() - time.monotonic())


def _now() -> float:
    return time.monotonic() + _ahead.get()


def _wait(clock: Clock, seconds: float) -> None:
    _ahead.set(_ahead.get() + seconds)
    clock.wait_until(_now())


class WaitlessThanksIO(ThanksIO):
    """A client that advances a clock instead of waiting."""

    def __init__(self, clock: Clock, **settings: Any) -> None:  # noqa: ANN401 - they are those of ThanksIO
        self._clock = clock
        super().__init__(**settings)

    def _new_call(self, order_id: int | str) -> Call:
        _begin(self._clock)
        return super()._new_call(order_id)

    def _rate_now(self) -> float:
        return self._clock.seconds()

    def _idle(self, seconds: float) -> None:
        self._clock.wait_until(self._clock.seconds() + seconds)

    def _now(self) -> float:
        return _now()

    def _random(self) -> float:
        return 1.0

    def _sleep(self, seconds: float) -> None:
        _wait(self._clock, seconds)


class WaitlessAsyncThanksIO(AsyncThanksIO):
    """An async client that advances a clock instead of waiting."""

    def __init__(self, clock: Clock, **settings: Any) -> None:  # noqa: ANN401 - they are those of AsyncThanksIO
        self._clock = clock
        super().__init__(**settings)

    def _new_call(self, order_id: int | str) -> Call:
        _begin(self._clock)
        return super()._new_call(order_id)

    def _rate_now(self) -> float:
        return self._clock.seconds()

    async def _idle(self, seconds: float) -> None:
        self._clock.wait_until(self._clock.seconds() + seconds)

    def _now(self) -> float:
        return _now()

    def _random(self) -> float:
        return 1.0

    async def _sleep(self, seconds: float) -> None:
        _wait(self._clock, seconds)
