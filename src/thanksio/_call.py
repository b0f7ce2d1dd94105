"""The course of one call, decided without doing any of it.

`course` is a generator of values: it yields the next `Attempt`, is sent what came of it, and returns the order as
the server showed it or raises the one error that tells the caller what is true. The sync and the async client carry
out the same steps; all that a call decides is decided here.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from attrs import define, field, frozen

from thanksio._retry import RetryPolicy, may_retry, retry_after
from thanksio._verdict import Answer, NoAnswer, Reading, clean, explain, is_json, leaves_doubt, read_order, status_error
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    ConfigurationError,
    InvalidOrderIdError,
    ThanksIOError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from thanksio._pacer import Pacer

Spelling: TypeAlias = Literal["order", "orders"]
CancelPath: TypeAlias = Literal["auto", "order", "orders"]
Outcome: TypeAlias = Answer | NoAnswer

_DIGITS = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST_ID = 2**63 - 1  # a limit of our own: ids seen have five digits, and 300 are a mistake
_NOT_SERVED = frozenset({404, 405})


def order_number(order_id: object) -> int:
    """Give the order's number, or raise InvalidOrderIdError: `..`, for one, would call another path."""
    number = order_id if isinstance(order_id, int) and not isinstance(order_id, bool) else 0
    if isinstance(order_id, str) and _DIGITS.fullmatch(order_id):
        number = int(order_id)
    if 1 <= number <= _LARGEST_ID:
        return int(number)
    raise InvalidOrderIdError(
        f"This {type(order_id).__name__} is no order id: that is an integer from 1 to 2**63 - 1, or a string "
        f"of its digits without sign, space or leading zero. Nothing was sent. {InvalidOrderIdError.advice}"
    )


@define
class Spellings:
    """Which spelling of the path a client uses, and what it has learned of it."""

    path: CancelPath
    served: Spelling | None = None

    def __attrs_post_init__(self) -> None:
        if self.path not in get_args(CancelPath):
            raise ConfigurationError('cancel_path must be "auto", "order" or "orders".')
        if self.path != "auto":
            self.served = self.path

    def first(self) -> Spelling:
        """Give the spelling that a call begins with."""
        return self.served or "order"

    def keep(self, spelling: Spelling) -> None:
        """Stay with a spelling from now on."""
        self.served = self.served or spelling

    def learn(self, spelling: Spelling, answer: Answer) -> None:
        """Stay with a spelling under which the operation itself has refused.

        Redirects, 408, 425, 429, 5xx, and refusals that are pages and not JSON come from anything that stands in
        front of it, so they prove nothing; nor does a 2xx without an order.
        """
        refused = 400 <= answer.status < 500 and answer.status not in _NOT_SERVED and not may_retry(answer)  # noqa: PLR2004
        if refused and is_json(answer):
            self.keep(spelling)

    def other(self, spelling: Spelling, answer: Answer) -> Spelling | None:
        """Give the spelling to try instead, if `answer` may only mean that this one is not served."""
        if self.served or answer.status not in _NOT_SERVED:
            return None
        return "orders" if spelling == "order" else "order"


@frozen
class Attempt:
    """Let `wait` seconds pass, send the request, and report what came within `left` seconds of sending."""

    spelling: Spelling
    left: float
    wait: float = 0.0


NO_ROOM = NoAnswer(
    sent=False, timed_out=True, cause=TimeoutError("the account's limit left no room in time"), final=True
)

_LOST = NoAnswer(sent=True, timed_out=False, cause=ConnectionError("the call was cancelled"))


@define
class Leaving:
    """A request that leaves, and what came of it; until that is known, anything can have."""

    outcome: Outcome = _LOST


def _never() -> bool:
    return False


@define
class Call:
    """What is known so far of one call."""

    order_id: int
    hide: Callable[[str], str] = field(repr=False)
    attempts: int = 0
    doubt: bool = False
    pacer: Pacer | None = None
    admitted: bool = False  # the pacer has let the next request go
    is_stopped: Callable[[], bool] = _never  # whether nothing more may be sent
    longest_wait: float = math.inf  # seconds after which that is asked again
    began: float | None = None

    def describe(self, what: str, advice: str) -> str:
        """Say what happened, what is true now and what to do next."""
        truth = "It may have been cancelled: nobody can say yet." if self.doubt else "This call did not cancel it."
        return f"Order {self.order_id}: {what} {truth} {advice}"


def course(  # noqa: PLR0913 - what a call depends on, each thing once
    call: Call,
    spellings: Spellings,
    policy: RetryPolicy,
    deadline: float,
    *,
    now: Callable[[], float],
    random: Callable[[], float],
) -> Generator[Attempt, Outcome, Reading]:
    """Lead `call` to the order as the server shows it, or to the error that says why it could not be shown."""
    end, retries, wait = now() + deadline, 0, 0.0
    spelling, unserved = spellings.first(), None
    while True:
        call.attempts += 1
        outcome = yield Attempt(spelling, end - now() - wait, wait)
        wait = 0.0
        call.attempts -= isinstance(outcome, NoAnswer) and outcome.final
        if isinstance(outcome, Answer):
            if outcome.is_success:
                reading = _settle(outcome, call)
                spellings.keep(spelling)
                return reading
            spellings.learn(spelling, outcome)
            other = spellings.other(spelling, outcome) if unserved is None else None
            if other and now() < end:
                spelling, unserved = other, outcome
                continue
        call.doubt |= leaves_doubt(outcome)
        retries += 1
        wait = policy.wait(retries, retry_after(outcome), random)
        if not may_retry(outcome) or retries >= policy.max_attempts or now() + wait >= end:
            raise _failure(_telling(outcome, unserved), call, timed_out=now() >= end)


def _settle(answer: Answer, call: Call) -> Reading:
    reading = read_order(answer, call.order_id)
    if isinstance(reading, Reading):
        call.doubt = False
        return reading
    call.doubt = True
    kind = APIResponseValidationError
    what = f"the server answered {answer.status}, but the answer {reading.why}."
    raise kind(call.describe(what, kind.advice), may_have_cancelled=True, attempts=call.attempts)


def _telling(outcome: Outcome, unserved: Answer | None) -> Outcome:
    """Of a 404 and a 405 under the two spellings, the 404 is about the order."""
    told_less = isinstance(outcome, Answer) and outcome.status == 405  # noqa: PLR2004
    return unserved if told_less and unserved else outcome


def _failure(outcome: Outcome, call: Call, *, timed_out: bool) -> ThanksIOError:
    if isinstance(outcome, NoAnswer):
        return _connection_error(outcome, call, timed_out=timed_out)
    kind = status_error(outcome)
    message, excerpt = explain(outcome, call.hide)
    said = f', saying "{clean(message, call.hide, 200)}"' if message else ""
    return kind(
        call.describe(f"the server answered {outcome.status}{said}.", kind.advice),
        status_code=outcome.status,
        message=message,
        retry_after=retry_after(outcome),
        body=excerpt,
        may_have_cancelled=call.doubt,
        attempts=call.attempts,
    )


def _connection_error(outcome: NoAnswer, call: Call, *, timed_out: bool) -> APIConnectionError:
    kind = APITimeoutError if outcome.timed_out or timed_out else APIConnectionError
    more = " more" if call.attempts else ""
    when = " before the deadline of the call" if timed_out else ""
    attempts = f"{call.attempts} attempt{'s' if call.attempts > 1 else ''}"
    last = f"{type(outcome.cause).__name__} ({outcome.cause})"
    what = f"no answer came{when} in {attempts}; the last ended in {last}."
    what = f"nothing{more} was sent: {outcome.cause}." if outcome.final else what
    error = kind(call.describe(what, kind.advice), may_have_cancelled=call.doubt, attempts=call.attempts)
    error.__cause__ = outcome.cause
    return error
