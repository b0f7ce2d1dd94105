"""Decide when the next request may be sent so that the account's rate limit is not exceeded. Pure: time is passed in.

Two rules. In any `per` seconds there are never more requests than the limit: a request counts from when it is sent
until `per` seconds after its response, because the server counted it at some moment in between. So a fixed window, as
Laravel's, and a sliding one are both respected. And what the server says remains of its window (X-RateLimit-Remaining)
is never exceeded, which leaves their share to other clients of the same account.
"""

from __future__ import annotations

import math
import re
from collections import deque

from attrs import define, field, frozen

from thanksio._retry import LONGEST_RETRY_AFTER, positive_seconds, retry_after
from thanksio._verdict import NoResponse, Outcome, Response
from thanksio.errors import ConfigurationError

DOCUMENTED = 60  # requests a minute, by the vendor's page on rate limits; no recorded header says so
ASK_AGAIN = 0.01  # seconds before asking again while a response that will decide is awaited
_COUNT = re.compile(r"[0-9]{1,9}")
_STORAGE = re.compile(r"memory://|(redis|rediss|unix)://.+")
_PATIENCE = 2.0  # seconds for which other requests wait for the response to a request that was sent alone
_TOO_MANY = 429  # RFC 6585, section 4
_FATAL = frozenset(
    {401, 402}
)  # after these, every other request would fail, too; the one sent alone is awaited a little longer
_SHARED = 4  # only this fraction of the remaining requests may be in flight, because others use the window, too
_LEARNING, _FREED = 2, 3  # windows whose first request waits until this many of our requests no longer count
_QUIET = 5  # windows without a 429 after which a limit that was learned from 429s is forgotten


@frozen
class Pace:
    """The rate at which requests are sent.

    By default the account's own limit is followed: 60 requests in `per` seconds until a response says otherwise.
    `requests` is a lower limit of your own. With `storage="redis://..."` all processes and machines that use one token
    there share one budget (extra `redis`). Raises ConfigurationError for unusable values.
    """

    requests: int | None = None
    per: float = 60.0
    storage: str = field(default="memory://", repr=False)  # it can contain a password

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
    """The state of a budget: `used` of `allowed` requests in `per` seconds. A 429 closes it for `closed` seconds.

    `is_stated` says that a response has stated the account's limit.
    """

    allowed: int
    used: int
    per: float
    in_flight: int
    closed: float
    is_stated: bool = False


@define(eq=False)
class Permit:
    """The right to send one request. A budget holds it while the request is in flight.

    `sent` is when the request was sent, None before. A closed permit is not granted any more: its call has ended.
    """

    sent: float | None = None
    is_held: bool = False
    is_closed: bool = False


@define
class Budget:
    """The known limit of the account, and the requests that count against it. All times are of one clock."""

    pace: Pace
    limit: int = DOCUMENTED  # that of the account
    share: int = 1  # the number of processes that divide it while the shared storage cannot be reached
    in_flight: set[Permit] = field(factory=set[Permit], init=False)
    _counted: deque[tuple[float, bool]] = field(
        factory=deque[tuple[float, bool]], init=False
    )  # until when no permit is granted
    # The server's window: what remained by the newest response, when that was received, when the window ends at most.
    _remaining: int | None = field(default=None, init=False)
    _heard: float = field(default=-math.inf, init=False)
    _asked: float = field(default=-math.inf, init=False)  # when the request of that response was sent
    _rose: float = field(default=-math.inf, init=False)  # when nothing remained for the last time
    _is_sliding: bool = field(default=False, init=False)  # a sliding window or a token bucket
    _windows: int = field(default=0, init=False)  # that have ended
    _freed: int = field(default=0, init=False)  # our requests that no longer count, since the newest response
    _ends: float = field(default=-math.inf, init=False)
    _turned: float = field(default=-math.inf, init=False)  # requests sent before belong to older windows
    _closed: float = field(default=-math.inf, init=False)  # closed until then by a 429
    _is_stated: bool = field(default=False, init=False)  # a response has stated the limit
    _refused: float = field(default=-math.inf, init=False)  # when the last 429 without a limit was received
    _alone: bool = field(default=True, init=False)  # the next request is sent alone, to detect the kind of window
    _patience: float = field(default=-math.inf, init=False)  # the others wait until then

    @property
    def whole(self) -> int:
        """How many requests may be sent in `per` seconds by all who share this budget."""
        return min(self.limit, self.pace.requests or self.limit)

    @property
    def allowed(self) -> int:
        """How many requests may be sent in `per` seconds by this process."""
        return max(1, self.whole // self.share)

    @property
    def used(self) -> int:
        """The number of requests that count against the limit now."""
        return len(self.in_flight) + len(self._counted)

    def wait(self, now: float) -> float:
        """Return the seconds after which to ask again; 0 if a request may be sent now."""
        self._turn(now)
        if now < self._closed:
            return self._closed - now
        if self._alone and now < self._patience:
            return ASK_AGAIN
        if self.used >= self.allowed:
            return self._counted[0][0] - now if self._counted else ASK_AGAIN
        return self._wait_for_others(now)

    def _wait_for_others(self, now: float) -> float:
        """Allow fewer requests in flight the less remains, because the use by other clients is not visible."""
        left, flying = self._remaining, len(self.in_flight)
        if left is not None and self._is_sliding:
            left += self._freed
        if left is None or flying < min(left, max(1, left // _SHARED)):
            return 0.0
        if flying:
            return ASK_AGAIN
        is_next = self._is_sliding or now >= self._ends
        return (self._counted[0][0] if is_next and self._counted else self._ends) - now

    def _turn(self, now: float) -> None:
        while self._counted and self._counted[0][0] <= now:
            self._counted.popleft()
            self._freed += 1
        if self._remaining is not None and now >= self._ends and self._can_learn():
            self._windows += 1
            self._forget(now)

    def _can_learn(self) -> bool:
        """Whether the first request of a new window can show which kind of window it is.

        If a few own requests no longer count, more remains in a sliding window with each response, and it is known by
        that. Had only one been freed, the request would use it, and nothing would remain until another window's end.
        """
        return self._freed >= _FREED or not self._counted or self._is_sliding or self._windows >= _LEARNING

    def _forget(self, now: float) -> None:
        self._remaining, self._alone, self._turned, self._patience = None, True, now, -math.inf

    def acquire(self, permit: Permit, now: float) -> float:
        """Grant a permit and return 0, or return the seconds after which to ask again."""
        wait = self.wait(now)
        if not wait:
            permit.is_held = True
            self.in_flight.add(permit)
            if self._alone:
                self._patience = now + _PATIENCE
        return wait

    def hold(self, until: float) -> None:
        """Grant no permit before a time."""
        self._closed = max(self._closed, until)

    def release(self, permit: Permit) -> None:
        """Return a permit that was not used."""
        permit.is_held = False
        self.in_flight.discard(permit)
        self._patience = -math.inf

    def observe(self, permit: Permit, now: float, outcome: Outcome) -> None:
        """Update the limit from the outcome of a request, whose permit ends."""
        sent = now if permit.sent is None else permit.sent
        permit.is_held, permit.sent = False, None
        self.in_flight.discard(permit)
        refused = isinstance(outcome, Response) and outcome.status == _TOO_MANY
        self._counted.append((now + self.pace.per, not refused))
        if isinstance(outcome, NoResponse):
            self._hear(sent, now, None)
            return
        self._learn_limit(sent, now, _count(outcome, "x-ratelimit-limit"), refused=refused)
        if refused:
            self._is_sliding = False
            self._close(now, retry_after(outcome))
        elif outcome.status not in _FATAL:
            self._hear(sent, now, _count(outcome, "x-ratelimit-remaining"))
            self._alone &= sent < self._turned

    def _learn_limit(self, sent: float, now: float, stated: int | None, *, refused: bool) -> None:
        """Set the limit from the header, or from the requests served before the second of two consecutive 429s."""
        if stated:
            self.limit, self._is_stated = stated, True
        elif refused and sent > self._refused:  # not a response to a request that was sent before the last 429
            if now - self._refused <= _QUIET * self.pace.per:
                served = sum(served for until, served in self._counted if until > now)
                self.limit = max(1, min(self.limit, served))
            self._refused = now
        elif self._refused > -math.inf and now - self._refused > _QUIET * self.pace.per:
            self.limit, self._refused = DOCUMENTED, -math.inf

    def _close(self, now: float, asked: float | None) -> None:
        """Send nothing until the window ends, at most `per` seconds if its end is unknown."""
        if asked is None and now < self._closed:
            return  # the request was sent before the first 429 was received
        end = self._ends if self._remaining is not None else now + self.pace.per
        if asked is not None:
            end = now + min(asked, LONGEST_RETRY_AFTER)
        self._closed = max(self._closed, end, now + self.pace.per / 60)
        self._forget(self._closed)

    def _hear(self, sent: float, now: float, remaining: int | None) -> None:
        """Read the remaining requests from a response, unless it may be older than the newest one.

        Of responses that crossed each other the smallest number counts. More than before, in a response to what was
        sent after that, is a new window: it ends `per` seconds from now at the latest.
        """
        before = self._remaining
        if sent < self._turned:
            return
        self._patience = -math.inf
        if remaining is None:
            self._remaining = max(0, before - 1) if before is not None else None
        elif before is None or remaining <= before or sent >= self._heard:
            if before is not None and remaining > before:
                self._rise(now)
            elif before is None:
                self._is_sliding |= self._is_explained(remaining)
            self._ends = now + self.pace.per if before is None or remaining > before else self._ends
            self._remaining, self._heard, self._asked, self._freed = remaining, now, sent, 0

    def _is_explained(self, remaining: int) -> bool:
        """Whether own requests alone explain why little remains, although the window must have ended."""
        is_little = self._windows > 0 and remaining < self.limit // 4
        return is_little and abs(self.limit - self.used - remaining) <= 1

    def _rise(self, now: float) -> None:
        """Note that more remains than before. Two fixed windows do not begin within `per` seconds, a sliding one may.

        The one before began after its predecessor's request was sent, and this one has begun by now.
        """
        self._is_sliding |= now - self._rose < self.pace.per
        self._rose = self._asked

    def rate(self, now: float) -> Rate:
        """Return the state of the budget, for displays."""
        wait = self.wait(now)
        closed = wait if wait > ASK_AGAIN else 0.0
        return Rate(self.allowed, self.used, self.pace.per, len(self.in_flight), closed, self._is_stated)


def _count(response: Response, name: str) -> int | None:
    """Return the number in a header, the smallest if there are several."""
    numbers = [part.strip() for part in response.header(name).split(",")]
    return min(map(int, numbers)) if all(map(_COUNT.fullmatch, numbers)) else None
