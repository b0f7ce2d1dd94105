"""The account's limit of requests, kept as Laravel does: in a fixed window that the first request opens."""

from __future__ import annotations

import math

from attrs import define


@define
class Limiter:
    """Lets `requests` through in each window of `per` seconds; seconds are those that the caller passes in.

    Source: Laravel's RateLimiter and ThrottleRequests (13.x). Whether thanks.io changes them is unknown.
    """

    requests: int
    per: float
    says_when: bool = True
    _used: int = 0
    _end: float = -math.inf

    def admit(self, now: float) -> bool:
        """Count a request, if it is let through."""
        if now >= self._end:
            self._used, self._end = 0, now + self.per
        if self._used >= self.requests:
            return False
        self._used += 1
        return True

    def headers(self) -> list[tuple[str, str]]:
        """Give what every answer says of the limit."""
        return [("X-RateLimit-Limit", str(self.requests)), ("X-RateLimit-Remaining", str(self.requests - self._used))]

    def refusal_headers(self, now: float, unix_time: float) -> list[tuple[str, str]]:
        """Give what a 429 says of the end of the window, beside that."""
        if not self.says_when:
            return []
        left = math.ceil(self._end - now)
        return [("Retry-After", str(left)), ("X-RateLimit-Reset", str(int(unix_time) + left))]
