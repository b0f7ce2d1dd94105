"""Decide whether and how long to wait before a request is repeated. Pure: randomness is passed in."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio._verdict import NoResponse, Outcome
from thanksio.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

# A cancel is a PUT and idempotent (RFC 9110, section 9.2.2), so these may be tried again; every 5xx may, too.
_RETRIED = frozenset({408, 425, 429})
LONGEST_RETRY_AFTER = 120.0  # seconds; a longer wait is not worth a cancellation window of an hour
_LONGEST = 1_000_000  # seconds, eleven days; sockets and clocks refuse numbers that are much larger
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9})?")  # nine digits are 31 years; more is garbage


@frozen
class RetryPolicy:
    """How often a call is tried, and how long it waits in between.

    `max_attempts` counts the first; 1 means no retry. The wait before retry n is random between 0 and
    `backoff * 2 ** (n - 1)` seconds, at most `cap` (full jitter), and never shorter than the server's `Retry-After`.
    A wait that would end after the call's deadline is not started, nor one of more than 120 seconds. Raises
    ConfigurationError for unusable numbers.
    """

    max_attempts: int = 4
    backoff: float = 0.5
    cap: float = 8.0

    def __attrs_post_init__(self) -> None:
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise ConfigurationError("max_attempts counts the first attempt: it must be an integer of at least 1.")
        positive_seconds(self.backoff, "backoff")
        positive_seconds(self.cap, "cap")

    def wait(self, retry: int, asked: float | None, random: Callable[[], float]) -> float:
        """Return the seconds to wait before retry number `retry`, which counts from 1."""
        doubled = self.backoff * 2.0 ** min(retry - 1, 1023)  # 2.0 ** 1024 is more than a float holds
        return max(asked or 0.0, random() * min(self.cap, doubled))  # the cap comes first, then the jitter


def checked_policy(policy: object) -> RetryPolicy:
    """Return `policy` if it is one, or raise ConfigurationError before anything is sent."""
    if not isinstance(policy, RetryPolicy):
        raise ConfigurationError("retry must be a RetryPolicy; RetryPolicy(max_attempts=1) turns retries off.")
    return policy


def positive_seconds(value: object, name: str) -> float:
    """Return `value` if it is a usable number of seconds, or raise ConfigurationError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST:
        raise ConfigurationError(f"{name} must be a number of seconds, more than 0 and at most {_LONGEST}.")
    return float(value)


def may_retry(outcome: Outcome) -> bool:
    """Return whether repeating the request can change this outcome."""
    if isinstance(outcome, NoResponse):
        return not outcome.is_permanent
    return outcome.status in _RETRIED or 500 <= outcome.status < 600  # noqa: PLR2004


def retry_after(outcome: Outcome) -> float | None:
    """Return the seconds that the server asked to wait; None if it did not, or not in a readable way.

    Forms: RFC 9110, section 10.2.3; fractions are common beside it. A date counts from the server's own `Date`, or from
    when the response was received if there is none. Of two numbers the longer wait is used.
    """
    if isinstance(outcome, NoResponse):
        return None
    value = outcome.header("retry-after")
    numbers = [part.strip() for part in value.split(",")]
    if all(_SECONDS.fullmatch(number) for number in numbers):
        return max(float(number) for number in numbers)
    then = _unix_time(value)
    if then is None:
        return None
    now = _unix_time(outcome.header("date"))
    return max(0.0, then - (outcome.received if now is None else now))


def _unix_time(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # the parser is for mail and raises on invalid dates
        return None
