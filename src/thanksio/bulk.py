"""Decide how many orders are cancelled: which goes next, what its verdict is, and when to stop. Pure.

`_workers.py` carries it out, in threads or tasks; `_rate_limit.py` says when a request may be sent; `_journal.py` keeps
the results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, evolve, frozen

from thanksio._verdict import safe_fields
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    CancellationRefusedError,
    ConfigurationError,
    OrderNotCancelledError,
    PaymentRequiredError,
    RateLimitError,
    ThanksIOError,
)

if TYPE_CHECKING:
    from thanksio._call import Call
    from thanksio._models import Order
    from thanksio._rate_limit import Permit
    from thanksio._rate_limit_storage import RateLimiter

__all__ = ["CancelResult", "Verdict"]

Verdict: TypeAlias = Literal["cancelled", "not_cancelled", "refused", "unknown", "not_tried"]

# How the vendor's newer documents answer for an order of another account; a bad token can look the same.
_ANOTHER_ACCOUNT = "Unauthorized"
_TURNS = 3  # calls that an order gets, each with a deadline of its own, if all that the server says is 429


@frozen
class CancelResult:
    """What came of one order of many.

    `verdict` is "cancelled" or "not_cancelled" if the server showed the order, which is then `order`; "refused" if it
    refused; "unknown" if nobody can say yet; "not_tried" if the order was not looked at: nothing was sent, or the
    server turned every request away before it came to the order. `error` says why in all cases but the first, and is
    None for what was not tried because the run was stopped. `attempts` counts the requests; `seconds` is how long they
    took, with the waits between them. A pickle or a copy keeps of the order the facts alone: number, status, kind,
    totals and times.
    """

    order_id: int | str
    verdict: Verdict
    order: Order | None = None
    error: ThanksIOError | None = None
    attempts: int = 0
    seconds: float = 0.0

    def __reduce__(self) -> tuple[object, ...]:
        plain = self.order and type(self.order).from_dict(safe_fields(self.order.to_dict(), str))
        return CancelResult, (self.order_id, self.verdict, plain, self.error, self.attempts, self.seconds)


@frozen
class Work:
    """An order to be sent. `doubt` says that an earlier run may have sent it, and never learned what came of it."""

    order_id: int | str
    doubt: bool = False


def verdict_of(error: ThanksIOError, *, proven: bool) -> Verdict:
    """Say what is true of an order after this error. `proven` says that the server has taken this token before."""
    if isinstance(error, OrderNotCancelledError):
        return "not_cancelled"
    if error.may_have_cancelled:
        return "unknown"
    turned_away = isinstance(error, RateLimitError) or dooms(error, proven=proven)
    return "refused" if isinstance(error, APIStatusError) and not turned_away else "not_tried"


def dooms(error: ThanksIOError, *, proven: bool) -> bool:
    """Return whether the error affects every order: token, billing, settings, proxy or certificate are at fault."""
    if isinstance(error, APIConnectionError):
        return error.is_permanent and not proven
    another = proven and isinstance(error, AuthenticationError) and error.message == _ANOTHER_ACCOUNT
    return isinstance(error, AuthenticationError | PaymentRequiredError | ConfigurationError) and not another


def is_settled(result: CancelResult) -> bool:
    """Whether sending the order again could teach nothing: the server showed it, or refused this very order.

    Other refusals may be about the token or the address, and those can be mended.
    """
    return result.verdict in {"cancelled", "not_cancelled"} or (
        result.verdict == "refused" and isinstance(result.error, CancellationRefusedError)
    )


@define
class Turn:
    """An order whose turn it is, and the calls that are made for it. `permit` is for its first request."""

    work: Work
    permit: Permit | None = None
    attempts: int = 0
    seconds: float = 0.0
    _calls: int = 0

    def add(self, call: Call | None, now: float) -> None:
        """Count a call that ended, None if its order id was invalid."""
        self._calls += 1
        if call:
            self.attempts += call.attempts
            self.seconds += 0.0 if call.began is None else now - call.began

    def again(self, error: ThanksIOError) -> bool:
        """Whether to call once more, after an error. A 429 says nothing of the order: it waits for the next window."""
        self.work = evolve(self.work, doubt=error.may_have_cancelled)
        return isinstance(error, RateLimitError) and self._calls < _TURNS


@frozen
class Done:
    """What the calls for an order ended in: the cancelled order, or an error."""

    turn: Turn
    end: Order | ThanksIOError

    def result(self, *, proven: bool) -> CancelResult:
        """Say what is true of the order now."""
        turn, end = self.turn, self.end
        if not isinstance(end, ThanksIOError):
            return CancelResult(turn.work.order_id, "cancelled", end, None, turn.attempts, turn.seconds)
        order = end.order if isinstance(end, OrderNotCancelledError) else None
        verdict = verdict_of(end, proven=proven)
        return CancelResult(turn.work.order_id, verdict, order, end, turn.attempts, turn.seconds)


@define
class Run:
    """What is decided over the orders of a run as a whole."""

    most: int  # orders in flight
    deadline: float  # seconds, of each call
    limiter: RateLimiter | None = None
    in_flight: int = 0
    proven: bool = False
    doom: ThanksIOError | None = None
    stopped: bool = False
    exhausted: bool = False

    def is_stopped(self) -> bool:
        """Whether nothing more may be sent, not even a second attempt."""
        return self.stopped

    @property
    def is_hungry(self) -> bool:
        """Whether another order may be sent, as far as this run is concerned."""
        return self.in_flight < self.most and not (self.doom or self.stopped or self.exhausted)

    def begun(self, work: Work | None) -> None:
        """Take note of the order that is sent, None if there is none left."""
        self.in_flight += work is not None
        self.exhausted = work is None

    def ended(self, done: Done) -> CancelResult:
        """Take note of what came of an order, and give its result."""
        self.in_flight -= 1
        result = done.result(proven=self.proven)
        if result.error is not None and dooms(result.error, proven=self.proven):
            self.doom = self.doom or result.error
        self.proven |= result.order is not None or isinstance(
            result.error, CancellationRefusedError | APIResponseValidationError
        )
        return result

    def not_tried(self, order_id: int | str) -> CancelResult:
        """Give the result of an order that was not sent, for the run was doomed or stopped before."""
        return CancelResult(order_id, "not_tried", error=self.doom)
