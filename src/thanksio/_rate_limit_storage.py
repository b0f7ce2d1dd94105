"""Share the account's budget between the threads of a client, and between processes through a common storage.

`_rate_limit` decides; here are the lock, and the storage, which is that of the `limits` library (extra `redis`). Its
moving window uses the wall clock of each machine: those that share a budget must agree on the time to a second.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from concurrent import futures
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field

from thanksio._config import renew_after_fork
from thanksio._rate_limit import ASK_AGAIN, Budget, Pace, Permit, Rate
from thanksio._verdict import NoResponse
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits.storage import RedisStorage
    from redis import ConnectionPool, Redis

    from thanksio._verdict import Outcome

_T = TypeVar("_T")
_logger = logging.getLogger("thanksio")
_AWAY = 5.0  # seconds after which a storage that could not be reached is tried again
_ASSUMED = 10  # how many processes are assumed to share a budget whose storage was never reached
_LONGEST = 2.0  # seconds of an operation of the storage,
_SHORTEST = 0.1  # and its minimum if the call has less left: one slow response is not an outage
_NO_THREAD = "RuntimeError"  # of this process, not a failure of the storage
_LOST = NoResponse(may_have_sent=True, reason="the call ended before its response was received")


@define(eq=False)
class SharedBudget:
    """A count of requests in a shared storage."""

    storage: RedisStorage
    client: Redis
    pool: ConnectionPool
    key: str
    span: int  # seconds
    members: int = _ASSUMED  # recently active processes, with this one
    _bucket: int = field(default=0, init=False)
    _before: int = field(default=0, init=False)  # those of the previous span
    _mark: object = field(default=None, init=False)  # a value that is missing if the storage has lost its data

    @classmethod
    def at(cls, address: str, key: str, per: float) -> SharedBudget:
        """Prepare a storage. Raises ConfigurationError without the libraries, or for an address that is unusable."""
        try:
            from limits.storage import RedisStorage  # noqa: PLC0415 - an extra
            from redis import ConnectionPool, Redis  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.exceptions import RedisError  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError:
            raise ConfigurationError(
                "A shared budget needs the libraries limits and redis. Install them: pip install 'thanksio[redis]'."
            ) from None
        try:
            pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - its options have no types
                address, socket_timeout=_LONGEST, socket_connect_timeout=_LONGEST, retry=Retry(NoBackoff(), 0)
            )
            pool.make_connection()  # does not connect yet, but parses the options of the address
        except (RedisError, TypeError, ValueError):  # the messages can quote a password
            raise ConfigurationError("The address of the shared budget, or an option in it, is unusable.") from None
        # A second more than the window: a request is counted when it is sent, and the server may count it later.
        storage = RedisStorage("redis://", connection_pool=pool, wrap_exceptions=True)
        return cls(storage, Redis(connection_pool=pool), pool, key, math.ceil(per) + 1)

    def take(self, amount: int, limit: int) -> float:
        """Count `amount` requests and return 0 if the limit has room, else the seconds after which to ask again.

        Raises LookupError if the storage has lost what was counted there, by FLUSHALL or a restart.
        """
        is_granted = self.storage.acquire_entry(self.key, limit, self.span, amount)
        self._check_mark()  # checked last, so that nothing is granted by a count that began after a loss
        self._announce()
        if is_granted:
            return 0.0
        began, _ = self.storage.get_moving_window(self.key, limit, self.span)
        return max(ASK_AGAIN, began + self.span - time.time())

    @property
    def is_known(self) -> bool:
        """Whether the storage was reached before."""
        return self._mark is not None

    def trust_again(self) -> None:
        """Use the counts of the storage from now on."""
        self._mark = None

    def _check_mark(self) -> None:
        name = f"{self.key}:mark"
        self.client.set(name, secrets.token_hex(8), nx=True)
        before, self._mark = self._mark, self.client.get(name)
        if before is not None and before != self._mark:
            raise LookupError("the storage has lost its data")

    def _announce(self) -> None:
        """Count this process once per span, so that each knows by how many processes the limit is divided."""
        bucket = int(time.time() // self.span)
        is_new, self._bucket = bucket != self._bucket, bucket
        if is_new:
            self._before = self.storage.get(f"{self.key}:{bucket - 1}")
            self.storage.incr(f"{self.key}:{bucket}", 2 * self.span)
        self.members = max(1, self._before, self.storage.get(f"{self.key}:{bucket}"))


def _within(seconds: float, work: Callable[[], _T]) -> _T | BaseException:
    """Return what `work` returns or raises, or a TimeoutError: a slow drip of bytes outlasts a socket's timeout.

    Only exceptions of the host program's signal handlers are raised here.
    """
    ended: futures.Future[_T | BaseException] = futures.Future()

    def run() -> None:
        try:
            ended.set_result(work())
        except BaseException as error:  # noqa: BLE001 - returned to the thread that waits for it
            ended.set_result(error)

    try:
        threading.Thread(target=run, name="thanksio rate limit", daemon=True).start()
    except RuntimeError as error:  # there are too many threads
        return error
    return ended.result() if futures.wait([ended], seconds).done else TimeoutError()


@define(eq=False)
class RateLimiter:
    """The budget of a client, for all of its threads. Every permit that it grants ends in `observe` or `close`."""

    pace: Pace
    _shared: SharedBudget | None
    _budget: Budget = field(init=False)
    _isolated: bool = field(default=False, init=False)  # the storage could not be reached
    _retry_at: float = field(default=-math.inf, init=False)  # not tried again until then
    _apart_until: float = field(default=-math.inf, init=False)  # other processes may not have reconnected until then
    _lock: threading.Lock = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._budget = Budget(self.pace)
        self._lock = threading.Lock()
        renew_after_fork(self)

    def renew(self) -> None:
        """Start with a new lock, and without the permits of another process."""
        self._lock = threading.Lock()
        self._budget.in_flight.clear()

    @classmethod
    def of(cls, pace: Pace, key: str) -> RateLimiter:
        """Create the budget that a pace describes; `key` identifies the account in a shared storage."""
        shared = None if pace.storage == "memory://" else SharedBudget.at(pace.storage, key, pace.per)
        return cls(pace, shared)

    @property
    def can_block(self) -> bool:
        """Whether `acquire` may wait for a network."""
        return self._shared is not None

    @property
    def shortage(self) -> str:
        """Why there may be no permit in time, in words that follow "because"."""
        if self._isolated:
            return "the shared rate limit storage (Redis) cannot be reached, and this process alone may not send more"
        shared = ", shared through Redis," if self._shared else ""
        return f"the account's rate limit{shared} leaves no room before the deadline"

    def acquire(self, permit: Permit, now: float, left: float = math.inf) -> float:
        """Grant a permit and return 0, or return the seconds after which to ask again, within `left` seconds."""
        with self._lock:
            if permit.is_closed:  # the call ended while a thread requested the permit
                return ASK_AGAIN
            if not self._isolated and now >= self._apart_until:
                self._budget.share = 1
            wait = self._budget.acquire(permit, now)
        if wait or self._shared is None:
            return wait
        try:
            wait = self._ask_storage(self._shared, now, max(_SHORTEST, min(_LONGEST, left / 2)))
        except BaseException:
            self._take_back(permit)
            raise
        if wait or permit.is_closed:
            self._take_back(permit)
        return wait

    def _ask_storage(self, shared: SharedBudget, now: float, seconds: float) -> float:
        if now < self._retry_at:
            return 0.0
        # Requests that were sent while the storage was away are counted there now, or this process stays alone.
        amount = self._budget.used if self._isolated else 1
        if self._isolated:
            shared.trust_again()
        answer = _within(seconds, lambda: shared.take(amount, self._budget.whole))
        if isinstance(answer, BaseException):
            self._isolate(shared, now, type(getattr(answer, "storage_error", answer)).__name__)
            return ASK_AGAIN
        return self._rejoin(shared, now, answer) if self._isolated else answer

    def _isolate(self, shared: SharedBudget, now: float, what: str) -> None:
        """Continue with this process's part of the limit."""
        with self._lock:
            was_isolated, self._isolated = self._isolated, True
            self._retry_at, self._budget.share = now + _AWAY, shared.members
            if shared.is_known and not was_isolated and what != _NO_THREAD:
                self._budget.hold(now + shared.span)  # earlier requests of other processes count until then
        shared.pool.disconnect()  # ends a thread that still waits for it
        if not was_isolated:
            told = (
                "the shared rate limit storage (Redis) cannot be reached (%s): until it can, this process is limited "
                "to %d of %d requests in %g s"
            )
            _logger.warning(told, what, self._budget.allowed, self._budget.whole, self.pace.per)

    def _rejoin(self, shared: SharedBudget, now: float, wait: float) -> float:
        with self._lock:
            if wait:
                self._retry_at = now + _AWAY
                return ASK_AGAIN
            # Its part is still the most that this process may send, until all others count there, too.
            self._isolated, self._apart_until = False, now + _AWAY + shared.span
        _logger.warning("the shared rate limit storage (Redis) can be reached again")
        return 0.0

    def _take_back(self, permit: Permit) -> None:
        with self._lock:
            self._budget.release(permit)

    def observe(self, permit: Permit, now: float, outcome: Outcome) -> None:
        """Update the limit from the outcome of a request."""
        with self._lock:
            self._budget.observe(permit, now, outcome)

    def close(self, permit: Permit, now: float) -> None:
        """End a permit with its call: an unused one is returned, and a request without a response still counts."""
        with self._lock:
            permit.is_closed = True
            if permit.is_held and permit.sent is not None:
                self._budget.observe(permit, now, _LOST)
            elif permit.is_held:
                self._budget.release(permit)

    def rate(self, now: float) -> Rate:
        """Return the state of the budget, for displays."""
        with self._lock:
            return self._budget.rate(now)
