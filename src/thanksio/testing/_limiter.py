"""The account's rate limit, in three common forms."""

from __future__ import annotations

import math
from collections import deque
from typing import Literal, TypeAlias

from attrs import define, field

LimitKind: TypeAlias = Literal["fixed", "sliding", "bucket"]


@define
class Limiter:
    """Admit `requests` in each fixed window of `per` seconds, which the first request opens.

    The caller passes in the time. Source: Laravel's RateLimiter and ThrottleRequests (13.x); whether
    thanks.io changes them is unknown.
    """

    requests: int
    per: float
    states_when: bool = True  # a 429 states when to ask again
    _used: int = field(default=0, init=False)
    _end: float = field(default=-math.inf, init=False)

    def admit(self, now: float) -> bool:
        """Count a request and return True, or return False if it is above the limit."""
        if self.remaining(now) < 1:
            return False
        self._count(now)
        return True

    def remaining(self, now: float) -> int:
        """Return the number of requests that are admitted now."""
        return self.requests - (self._used if now < self._end else 0)

    def _count(self, now: float) -> None:
        if now >= self._end:
            self._used, self._end = 0, now + self.per
        self._used += 1

    def wait(self, now: float) -> float:
        """Return the seconds until a request is admitted again."""
        return self._end - now if now < self._end else self.per

    def headers(self, now: float) -> list[tuple[str, str]]:
        """Return the rate limit headers of every response."""
        return [("X-RateLimit-Limit", str(self.requests)), ("X-RateLimit-Remaining", str(self.remaining(now)))]

    def refusal_headers(self, now: float, unix_time: float) -> list[tuple[str, str]]:
        """Return the additional headers of a 429."""
        if not self.states_when:
            return []
        left = math.ceil(self.wait(now))
        return [("Retry-After", str(left)), ("X-RateLimit-Reset", str(int(unix_time) + left))]


@define
class SlidingWindow(Limiter):
    """Admit `requests` in any `per` seconds."""

    _times: deque[float] = field(factory=deque[float], init=False)

    def remaining(self, now: float) -> int:
        """Return the number of requests that are admitted now."""
        while self._times and self._times[0] <= now - self.per:
            self._times.popleft()
        return self.requests - len(self._times)

    def _count(self, now: float) -> None:
        self._times.append(now)

    def wait(self, now: float) -> float:
        """Return the seconds until the oldest request leaves the window."""
        return self._times[0] + self.per - now if self._times else self.per


@define
class TokenBucket(Limiter):
    """Admit a request for each token of a bucket of `requests`, which is refilled evenly in `per` seconds."""

    _spent: float = field(default=0.0, init=False)
    _at: float = field(default=-math.inf, init=False)

    def remaining(self, now: float) -> int:
        """Return the number of whole tokens."""
        return math.floor(self.requests - self._spent_at(now) + 1e-9)

    def _spent_at(self, now: float) -> float:
        return max(0.0, self._spent - (now - self._at) * self.requests / self.per) if self._spent else 0.0

    def _count(self, now: float) -> None:
        self._spent, self._at = self._spent_at(now) + 1, now

    def wait(self, now: float) -> float:
        """Return the seconds until the next token."""
        missing = 1 - (self.requests - self._spent_at(now))
        return missing * self.per / self.requests if self.requests else self.per


LIMITERS: dict[LimitKind, type[Limiter]] = {"fixed": Limiter, "sliding": SlidingWindow, "bucket": TokenBucket}
