"""Hand out the account's budget to all threads of a client, and to other processes through a storage they share.

`_pace.py` decides; here is the lock, and the storage, which is that of the `limits` library (extra `redis`). Its moving
window goes by the wall clock of each machine: those that share a budget must agree on the time to a second.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio._pace import ASK_AGAIN, Budget, Pace, Rate
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from limits.storage import RedisStorage

    from thanksio._verdict import Answer, NoAnswer

_logger = logging.getLogger("thanksio")
_AWAY = 5.0  # seconds after which a storage that could not be reached is tried again
_STRANGERS = 10  # how many are taken to share a budget whose storage was never reached
_STEP = 2.0  # seconds that a step of the storage may take


@define
class Shared:
    """A count of requests that is common to all who share a storage."""

    storage: RedisStorage
    key: str
    span: int  # seconds
    members: int = _STRANGERS  # how many have taken from it of late, this process included
    _bucket: int = field(default=0, init=False)
    _before: int = field(default=0, init=False)  # how many were seen in the span before
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    @classmethod
    def at(cls, address: str, key: str, per: float) -> Shared:
        """Reach for a storage. Raises ConfigurationError without the libraries, or for an address that is none."""
        try:
            from limits.storage import RedisStorage  # noqa: PLC0415 - an extra
            from redis import ConnectionPool  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError:
            raise ConfigurationError(
                "A shared budget needs the libraries limits and redis. Install them: pip install 'thanksio[redis]'."
            ) from None
        try:
            pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - its options have no types
                address, socket_timeout=_STEP, socket_connect_timeout=_STEP, retry=Retry(NoBackoff(), 0)
            )
        except ValueError:  # its words can quote a password
            raise ConfigurationError("The address of the shared budget cannot be read.") from None
        # A second more than the window: a request is counted when it leaves, the server may count it later.
        return cls(RedisStorage("redis://", connection_pool=pool, wrap_exceptions=True), key, math.ceil(per) + 1)

    def take(self, amount: int, limit: int) -> float:
        """Count `amount` requests if the limit has room for them: gives 0, or the seconds after which to ask again.

        Raises limits.errors.StorageError if the storage cannot be reached.
        """
        self._be_seen()
        if self.storage.acquire_entry(self.key, limit, self.span, amount):
            return 0.0
        began, _ = self.storage.get_moving_window(self.key, limit, self.span)
        return max(ASK_AGAIN, began + self.span - time.time())

    def _be_seen(self) -> None:
        """Count this process once in each span, so that all know among how many the limit is divided."""
        bucket = int(time.time() // self.span)
        with self._lock:
            is_new, self._bucket = bucket != self._bucket, bucket
        if is_new:
            self._before = self.storage.get(f"{self.key}:{bucket - 1}")
            self.storage.incr(f"{self.key}:{bucket}", 2 * self.span)
        self.members = max(self._before, self.storage.get(f"{self.key}:{bucket}"))


@define
class Pacer:
    """The budget of a client. Every request that it lets go has to be reported back, by `answered` or `stay`."""

    pace: Pace
    _shared: Shared | None
    _budget: Budget = field(init=False)
    _alone: bool = field(default=False, init=False)  # the storage could not be reached
    _away: float = field(default=-math.inf, init=False)  # and until then it is not asked
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._budget = Budget(self.pace)

    @classmethod
    def of(cls, pace: Pace, key: str) -> Pacer:
        """Make the budget that a pace describes; `key` names the account to those who share one."""
        shared = None if pace.storage == "memory://" else Shared.at(pace.storage, key, pace.per)
        return cls(pace, shared)

    @property
    def can_block(self) -> bool:
        """Whether `ask` may wait for a network."""
        return self._shared is not None

    def ask(self, now: float) -> float:
        """Let a request go, and give 0; or give the seconds after which to ask again."""
        with self._lock:
            wait = self._budget.wait(now)
            if wait:
                return wait
            self._budget.leave(now)
        wait = self._ask_others(now)
        if wait:
            self.stay()
        return wait

    def _ask_others(self, now: float) -> float:
        if self._shared is None or now < self._away:
            return 0.0
        from limits.errors import StorageError  # noqa: PLC0415 - an extra

        # While the storage was away, what left was not counted there: it is now, or we stay alone a while longer.
        amount = self._budget.rate(now).used if self._alone else 1
        try:
            wait = self._shared.take(amount, self._budget.whole)
        except StorageError as error:
            self._go_alone(now, self._shared.members, type(error.storage_error).__name__)
            return ASK_AGAIN
        return self._return(now, wait) if self._alone else wait

    def _go_alone(self, now: float, members: int, what: str) -> None:
        """Go on with the part of the limit that leaves the others theirs."""
        with self._lock:
            was_alone, self._alone = self._alone, True
            self._away, self._budget.share = now + _AWAY, members
        if not was_alone:
            told = "the shared budget cannot be reached (%s): until it can, this process makes %d requests in %g s"
            _logger.warning(told, what, self._budget.allowed, self.pace.per)

    def _return(self, now: float, wait: float) -> float:
        with self._lock:
            if wait:
                self._away = now + _AWAY
                return ASK_AGAIN
            self._alone, self._budget.share = False, 1
        _logger.warning("the shared budget can be reached again")
        return 0.0

    def stay(self) -> None:
        """Take back a request that did not leave."""
        with self._lock:
            self._budget.stay()

    def answered(self, left: float, now: float, outcome: Answer | NoAnswer) -> None:
        """Learn from what came of a request that left at `left`."""
        with self._lock:
            self._budget.answered(left, now, outcome)

    def rate(self, now: float) -> Rate:
        """Describe the budget for a person."""
        with self._lock:
            return self._budget.rate(now)
