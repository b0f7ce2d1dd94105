"""Decide how many orders are cancelled: which results they have, whether one is sent again, and when to stop. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, evolve, frozen

from thanksio.bulk._results import CancelResult, is_fatal, verdict_of
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    CancellationRefusedError,
    ConfigurationError,
    InvalidOrderIdError,
    OrderNotCancelledError,
    RateLimitError,
    ThanksIOError,
)

if TYPE_CHECKING:
    from thanksio._call import Call
    from thanksio._models import Order
    from thanksio._rate_limit import Permit
    from thanksio._rate_limit_storage import RateLimiter

_CALLS = 3  # calls for an order, each with its own deadline, if the server responds only with 429
_ALIKE = (
    20  # a run stops if its first orders, as many as this, all failed for the same reason of address, proxy or access
)
# 4xx that are about an order, the rate or the connection; 401 and 402 stop a run at once.
_OF_ONE_ORDER = frozenset({400, 401, 402, 408, 409, 422, 425, 429, 499})
_NUMBER = re.compile(r"Order \d+: ")
_UNKNOWN = "It is unknown whether it was cancelled."


@frozen
class Job:
    """An order to be sent. `is_unknown`: an earlier run may have cancelled it, and no response settled that."""

    order_id: int | str
    is_unknown: bool = False


@define
class JobAttempt:
    """The next job, and the calls that are made for it. `permit` is for its first request."""

    job: Job
    permit: Permit | None = None
    attempts: int = 0
    seconds: float = 0.0
    _calls: int = 0
    _error: ThanksIOError | None = None  # of the latest call that sent a request

    def add(self, call: Call | None, now: float) -> None:
        """Count a call that ended, None if its order id was invalid."""
        self._calls += 1
        if call:
            self.attempts += call.attempts
            self.seconds += 0.0 if call.began is None else now - call.began

    def ended(self, call: Call | None, end: Order | ThanksIOError, now: float) -> Order | ThanksIOError | None:
        """Count a call, and return how the order ended, or None to call once more: after a 429, or without a permit.

        An unknown outcome stays unknown: no error shows the order. A call that sent nothing tells less than an error
        of an earlier call.
        """
        self.add(call, now)
        if not isinstance(end, ThanksIOError):
            return end
        self.job = evolve(self.job, is_unknown=self.job.is_unknown or end.may_have_cancelled)
        self._error = end if end.attempts or self._error is None else self._error
        waits = isinstance(end, RateLimitError) or end.args[1].get("has_no_permit", False)
        return None if waits and self._calls < _CALLS else self._error


@frozen
class JobResult:
    """The result of the calls for an order: the cancelled order, or an error."""

    attempt: JobAttempt
    end: Order | ThanksIOError

    def result(self, *, token_accepted: bool) -> CancelResult:
        """Return the verdict on the order."""
        attempt, end = self.attempt, self.end
        job = attempt.job
        if not isinstance(end, ThanksIOError):
            return CancelResult(job.order_id, "cancelled", end, None, attempt.attempts, attempt.seconds)
        order = end.order if isinstance(end, OrderNotCancelledError) else None
        if job.is_unknown and order is None and not end.may_have_cancelled:
            end = _restated(end, job, reason_of(end))
        verdict = verdict_of(end, token_accepted=token_accepted)
        return CancelResult(job.order_id, verdict, order, end, attempt.attempts, attempt.seconds)


@define
class Run:
    """The state and the decisions of a run as a whole.

    `fatal` is the error that affects every order and stopped the run; `failure` is an exception of the host program, of
    the caller's iterator or of the journal, which is raised once the calls in flight have ended.
    """

    most: int  # orders in flight
    deadline: float  # seconds, of each call
    limiter: RateLimiter | None = None
    in_flight: int = 0
    token_accepted: bool = False
    fatal: ThanksIOError | None = None
    failure: BaseException | None = None
    is_stopped: bool = False
    _is_exhausted: bool = False
    _cause: str | None = None  # the failure of all orders so far, if it may affect every order
    _alike: int = 0

    @property
    def can_start(self) -> bool:
        """Whether this run may send another order."""
        is_over = self.fatal or self.is_stopped or self._is_exhausted
        has_enough = bool(self._cause) and self._alike + self.in_flight >= _ALIKE
        return self.in_flight < self.most and not (is_over or has_enough)

    def fail(self, error: BaseException) -> None:
        """Send nothing more, and keep the first failure."""
        self.is_stopped = True
        self.failure = self.failure or error

    def raise_failure(self) -> None:
        """Raise the failure, if there was one."""
        if self.failure:
            raise self.failure

    def begin(self, job: Job | None, permit: Permit) -> JobAttempt | None:
        """Count the order that is sent next, None if there is none left."""
        self._is_exhausted = job is None
        self.in_flight += job is not None
        return None if job is None else JobAttempt(job, permit)

    def end(self, done: JobResult | BaseException) -> CancelResult | None:
        """Count an order that is no longer in flight, and return its result; None for an exception of the host."""
        self.in_flight -= 1
        if not isinstance(done, JobResult):
            self.fail(done)
            return None
        result = done.result(token_accepted=self.token_accepted)
        if result.error is not None and is_fatal(result.error, token_accepted=self.token_accepted):
            self.fatal = self.fatal or result.error
        self.token_accepted |= result.order is not None or isinstance(
            result.error, CancellationRefusedError | APIResponseValidationError
        )
        if not isinstance(result.error, InvalidOrderIdError):
            self._compare(result.error)
        return result

    def _compare(self, error: ThanksIOError | None) -> None:
        """Stop the run if its first orders all failed for the same reason, which is not about the orders."""
        cause = _common_cause(error)
        self._cause = cause if self._cause in {None, cause} else ""
        self._alike += 1
        if error and self._cause and self._alike >= _ALIKE:
            self.fatal = self.fatal or ConfigurationError(
                f"The first {_ALIKE} orders all failed in the same way: {reason_of(error)} The run was stopped, and "
                "the other orders were not sent. Check the base URL, the proxy and the token, then start the same "
                "run again."
            )

    def not_sent(self, job: Job) -> CancelResult:
        """Return the result of an order that was not sent, because `fatal` stopped the run."""
        error = self.fatal
        if error and (job.is_unknown or not isinstance(error, ConfigurationError)):
            what = f"it was not sent, because the run was stopped: {reason_of(error)}"
            error = _restated(error, job, what, attempts=0)
        return CancelResult(job.order_id, "unknown" if job.is_unknown else "not_tried", error=error)

    def allowed(self, now: float) -> int | None:
        """Return the requests that may be made in a minute, as far as is known."""
        rate = self.limiter.rate(now) if self.limiter else None
        return round(rate.allowed * 60 / rate.per) if rate else None


def _common_cause(error: ThanksIOError | None) -> str:
    """Return the cause if this error may affect every order, or "" if it is about one order."""
    if isinstance(error, APIStatusError):
        is_common = 300 <= error.status_code < 500 and error.status_code not in _OF_ONE_ORDER  # noqa: PLR2004
        return str(error.status_code) if is_common else ""
    if isinstance(error, APIConnectionError):  # a certificate, a proxy or a host name
        return "connection" if error.is_permanent else ""
    is_page = isinstance(error, APIResponseValidationError) and error.args[1].get("is_json") is False
    return "page" if is_page else ""


def reason_of(error: ThanksIOError) -> str:
    """Return what happened from the text of an error, without the order, its state and the advice."""
    what = _NUMBER.sub("", str(error), count=1)
    for ending in (error.advice, _UNKNOWN, "This call did not cancel it."):
        what = what.removesuffix(ending).rstrip()
    return what


def _restated(error: ThanksIOError, job: Job, what: str, **facts: object) -> ThanksIOError:
    """Return an equal error for an order, with its known state."""
    unknown = f" {_UNKNOWN}" if job.is_unknown else ""
    message = f"Order {job.order_id}: {what}{unknown} {error.advice}".rstrip()
    known: dict[str, object] = error.args[1]
    return type(error)(message, known | facts | {"may_have_cancelled": job.is_unknown})
