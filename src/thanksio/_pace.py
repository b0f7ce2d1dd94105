"""Decide when the next request may leave, so that the account's limit is never run into. Pure: the time is passed in.

Two things bound it. Of the requests of any `per` seconds there are never more than the limit: a request counts from the
moment it leaves until `per` seconds after its answer, for the server counted it somewhere in between. So whichever
window the server has, fixed as Laravel's or moving, it never meets more. And what the server says remains of its window
(X-RateLimit-Remaining) is never overdrawn: that is how the share of others with the same token is left to them.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from thanksio._retry import positive_seconds, retry_after
from thanksio._verdict import Answer
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from thanksio._verdict import NoAnswer

DOCUMENTED = 60  # requests a minute, by the vendor's page on rate limits; its headers have never said so
_COUNT = re.compile(r"[0-9]{1,9}")
_STORAGE = re.compile(r"memory://|(redis|rediss|unix)://.+")
ASK_AGAIN = 0.01  # seconds after which to ask again, while an answer is awaited that will tell
_PATIENCE = 2.0  # seconds for which all wait for the answer of the request that went alone
_TOO_MANY = 429  # RFC 6585, section 4
_DOOMED = frozenset({401, 402})  # the next would fare no better: who went alone is waited for a little longer
_CAREFUL = 4  # of what remains in the server's window, one request in so many may be under way: others use it, too


@frozen
class Pace:
    """How fast requests leave: as fast as the account may, and no faster.

    By default the account's own limit is followed: 60 requests in `per` seconds until an answer says otherwise.
    `requests` is a limit of your own, below that of the account. With `storage="redis://..."` all processes and
    machines that use one token there share one budget (extra `redis`). Raises ConfigurationError for unusable values.
    """

    requests: int | None = None
    per: float = 60.0
    storage: str = field(default="memory://", repr=False)  # it can hold a password

    def __attrs_post_init__(self) -> None:
        if self.requests is not None and (type(self.requests) is not int or self.requests < 1):
            raise ConfigurationError(
                "requests must be an integer of at least 1, or None to follow the account's limit."
            )
        positive_seconds(self.per, "per")
        if not _STORAGE.fullmatch(self.storage):
            raise ConfigurationError('storage must be "memory://" or an address such as "redis://localhost:6379".')


@frozen
class Rate:
    """What a budget looks like: `used` of `allowed` requests in `per` seconds. A 429 closes it for `closed` seconds."""

    allowed: int
    used: int
    per: float
    in_flight: int
    closed: float


@define
class Budget:
    """What is known of the account's limit, and which requests count against it. Times are those of one clock."""

    pace: Pace
    limit: int = DOCUMENTED  # that of the account
    share: int = 1  # among how many it is divided, while nobody can be asked
    in_flight: int = 0
    _counted: deque[float] = field(factory=deque[float], init=False)  # when each answered request stops counting
    # Of the server's window: what remained by the answer heard last, and when that was; when it ends, at the latest.
    _remaining: int | None = field(default=None, init=False)
    _heard: float = field(default=-math.inf, init=False)
    _ends: float = field(default=-math.inf, init=False)
    _turned: float = field(default=-math.inf, init=False)  # answers to what left before are of older windows
    _closed: float = field(default=-math.inf, init=False)  # until then, by a 429
    _alone: bool = field(default=True, init=False)  # the next request goes alone, to learn about the window
    _patience: float = field(default=-math.inf, init=False)  # until then all wait for it

    @property
    def whole(self) -> int:
        """How many requests may be made in `per` seconds by all who share this budget."""
        return min(self.limit, self.pace.requests or self.limit)

    @property
    def allowed(self) -> int:
        """How many requests may be made in `per` seconds by this process."""
        return max(1, self.whole // self.share)

    def wait(self, now: float) -> float:
        """Give the seconds after which to ask again; 0 says that a request may leave now."""
        self._turn(now)
        if now < self._closed:
            return self._closed - now
        if self._alone and now < self._patience:
            return ASK_AGAIN
        if self.in_flight + len(self._counted) >= self.allowed:
            return self._counted[0] - now if self._counted else ASK_AGAIN
        return self._wait_for_others(now)

    def _wait_for_others(self, now: float) -> float:
        """Let fewer leave at a time the less remains, for what others take meanwhile is not seen."""
        left = self._remaining
        if left is None or self.in_flight < min(left, max(1, left // _CAREFUL)):
            return 0.0
        return ASK_AGAIN if self.in_flight else self._ends - now

    def _turn(self, now: float) -> None:
        while self._counted and self._counted[0] <= now:
            self._counted.popleft()
        if self._remaining is not None and now >= self._ends:
            self._forget(now)

    def _forget(self, now: float) -> None:
        self._remaining, self._alone, self._turned, self._patience = None, True, now, -math.inf

    def leave(self, now: float) -> None:
        """Count a request that leaves."""
        self.in_flight += 1
        if self._alone:
            self._patience = now + _PATIENCE

    def stay(self) -> None:
        """Take back a request that was let go and did not leave."""
        self.in_flight -= 1
        self._patience = -math.inf

    def answered(self, left: float, now: float, outcome: Answer | NoAnswer) -> None:
        """Learn from what came of a request that left at `left`."""
        self.in_flight -= 1
        self._counted.append(now + self.pace.per)
        if isinstance(outcome, Answer):
            self.limit = _count(outcome, "x-ratelimit-limit") or self.limit
            if outcome.status == _TOO_MANY:
                self._refused(now, retry_after(outcome))
            elif outcome.status not in _DOOMED:
                self._heard_of(left, now, _count(outcome, "x-ratelimit-remaining"))
                self._alone &= left < self._turned
        else:
            self._heard_of(left, now, None)

    def _refused(self, now: float, asked: float | None) -> None:
        """Close the window for all. If nothing says for how long, it is open again `per` seconds from now at most."""
        if asked is None and now < self._closed:
            return  # it left before all knew
        end = now + asked if asked is not None else self._ends if self._remaining is not None else now + self.pace.per
        self._closed = max(self._closed, end, now + self.pace.per / 60)
        self._forget(self._closed)

    def _heard_of(self, left: float, now: float, remaining: int | None) -> None:
        """Take what remains from an answer, unless it may be older than what was heard last.

        Of answers that crossed each other the smallest number counts. More than before, in an answer to what left
        after that was heard, is a new window: it ends `per` seconds from now at the latest.
        """
        before = self._remaining
        if left < self._turned:
            return
        self._patience = -math.inf
        if remaining is None:
            self._remaining = max(0, before - 1) if before is not None else None
        elif before is None or remaining <= before or left >= self._heard:
            self._ends = now + self.pace.per if before is None or remaining > before else self._ends
            self._remaining, self._heard = remaining, now

    def rate(self, now: float) -> Rate:
        """Describe it for a person."""
        wait = self.wait(now)
        used = self.in_flight + len(self._counted)
        return Rate(self.allowed, used, self.pace.per, self.in_flight, wait if wait > ASK_AGAIN else 0.0)


def _count(answer: Answer, name: str) -> int | None:
    text = answer.header(name)
    return int(text) if _COUNT.fullmatch(text) else None
