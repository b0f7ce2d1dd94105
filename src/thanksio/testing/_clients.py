"""Clients for the fake, whose waits pass at once, and are always the longest that their policy allows."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from thanksio import AsyncThanksIO, ThanksIO

if TYPE_CHECKING:
    from thanksio.testing._tls import Certificates


class Clock(Protocol):
    """A clock that can be moved on."""

    @abstractmethod
    def advance(self, *, seconds: float) -> None:
        """Move it on."""

    @abstractmethod
    def seconds(self) -> float:
        """Give a count of seconds, in which those of real life and those of `advance` pass."""


class WaitlessThanksIO(ThanksIO):
    """A client that moves a clock on where others wait."""

    def __init__(self, clock: Clock, **settings: Any) -> None:  # noqa: ANN401 - they are those of ThanksIO
        self._clock = clock
        super().__init__(**settings)

    def _now(self) -> float:
        return self._clock.seconds()

    def _random(self) -> float:
        return 1.0

    def _sleep(self, seconds: float) -> None:
        self._clock.advance(seconds=seconds)


class WaitlessAsyncThanksIO(AsyncThanksIO):
    """The same for async code."""

    def __init__(self, clock: Clock, **settings: Any) -> None:  # noqa: ANN401 - they are those of AsyncThanksIO
        self._clock = clock
        super().__init__(**settings)

    def _now(self) -> float:
        return self._clock.seconds()

    def _random(self) -> float:
        return 1.0

    async def _sleep(self, seconds: float) -> None:
        self._clock.advance(seconds=seconds)


def trust(certificates: Certificates | None) -> ssl.SSLContext:
    """Give what a client verifies a fake with; without TLS, what trusts nobody, for that is made at once."""
    return certificates.trust() if certificates else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
