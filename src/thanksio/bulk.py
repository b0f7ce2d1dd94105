"""Decide how many orders are cancelled: which goes next, what its verdict is, and when to stop. Pure.

`_workers.py` carries it out, in threads or tasks; `_rate_limit.py` says when a request may be sent; `_journal.py` keeps
the results.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, evolve, frozen

from thanksio._verdict import normalize, safe_fields
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    CancellationRefusedError,
    ConfigurationError,
    InvalidOrderIdError,
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
_ALIKE = 20  # orders after which a run stops, if all of them ended in the same failure of the address, proxy or access
# 4xx that are about an order, the rate or the connection; 401 and 402 stop a run at once.
_OF_ONE_ORDER = frozenset({400, 401, 402, 408, 409, 422, 425, 429, 499})
_NUMBER = re.compile(r"Order \d+: ")
_UNKNOWN = "It is unknown whether it was cancelled."


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
    """Return whether sending the order again could teach nothing: the server showed it, or refused this very order.

    In status reviewing it can still be cancelled. Other refusals may be about the token or the address, which can be
    corrected; what a proxy sent is `unknown`.
    """
    if isinstance(result.error, OrderNotCancelledError):
        return normalize(result.error.status) != "reviewing"
    return result.verdict == "cancelled" or (
        result.verdict == "refused" and isinstance(result.error, CancellationRefusedError)
    )


def _common_cause(error: ThanksIOError | None) -> str:
    """Return what may be wrong for every order after this error, empty if the error is about one order."""
    if isinstance(error, APIStatusError):
        is_common = 300 <= error.status_code < 500 and error.status_code not in _OF_ONE_ORDER  # noqa: PLR2004
        return str(error.status_code) if is_common else ""
    is_page = isinstance(error, APIResponseValidationError) and error.args[1].get("is_json") is False
    return "page" if is_page else ""


def _reason(error: ThanksIOError) -> str:
    """Return what an error says happened, without the order, what is true of it, and the advice."""
    what = _NUMBER.sub("", str(error), count=1)
    for ending in (error.advice, _UNKNOWN, "This call did not cancel it."):
        what = what.removesuffix(ending).rstrip()
    return what


def _restated(error: ThanksIOError, work: Work, what: str, **facts: object) -> ThanksIOError:
    """Return an error for an order with what is known of it."""
    unknown = f" {_UNKNOWN}" if work.doubt else ""
    message = f"Order {work.order_id}: {what}{unknown} {error.advice}".rstrip()
    known: dict[str, object] = error.args[1]
    return type(error)(message, known | facts | {"may_have_cancelled": work.doubt})


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
        """Return whether to call once more after an error, in the next window: after a 429, or for lack of room.

        Doubt stays: no error shows the order.
        """
        self.work = evolve(self.work, doubt=self.work.doubt or error.may_have_cancelled)
        waits = isinstance(error, RateLimitError) or error.args[1].get("has_no_permit", False)
        return waits and self._calls < _TURNS


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
        if turn.work.doubt and order is None and not end.may_have_cancelled:
            end = _restated(end, turn.work, _reason(end))
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
    _cause: str | None = None  # what all orders so far ended in, if it may be wrong for every order
    _alike: int = 0

    def is_stopped(self) -> bool:
        """Whether nothing more may be sent, not even a second attempt."""
        return self.stopped

    @property
    def is_hungry(self) -> bool:
        """Whether another order may be sent, as far as this run is concerned."""
        enough = bool(self._cause) and self._alike + self.in_flight >= _ALIKE
        return self.in_flight < self.most and not (self.doom or self.stopped or self.exhausted or enough)

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
        if not isinstance(result.error, InvalidOrderIdError):
            self._compare(result.error)
        return result

    def _compare(self, error: ThanksIOError | None) -> None:
        """Stop the run if nothing but one failure has been seen, which has nothing to do with the orders."""
        cause = _common_cause(error)
        self._cause = cause if self._cause in {None, cause} else ""
        self._alike += 1
        if error and self._cause and self._alike >= _ALIKE:
            self.doom = self.doom or ConfigurationError(
                f"The first {_ALIKE} orders ended alike, and none was shown: {_reason(error)} The run was stopped, and "
                "the other orders were not sent. Check the base URL, the proxy and the token, then run the same again."
            )

    def not_sent(self, work: Work) -> CancelResult:
        """Return the result of an order that was not sent, because the run was stopped before by what affects all."""
        error = self.doom
        if error and (work.doubt or not isinstance(error, ConfigurationError)):
            error = _restated(
                error, work, f"it was not sent, because the run was stopped: {_reason(error)}", attempts=0
            )
        return CancelResult(work.order_id, "unknown" if work.doubt else "not_tried", error=error)
