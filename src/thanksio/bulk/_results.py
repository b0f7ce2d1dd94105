"""The result of an order of a run, and its row in a journal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import frozen

from thanksio._verdict import normalize, safe_fields
from thanksio.errors import (
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
    from collections.abc import Callable

    from thanksio._models import Order

Verdict: TypeAlias = Literal["cancelled", "not_cancelled", "refused", "unknown", "not_tried"]
State: TypeAlias = Literal["waiting", "in_flight", "cancelled", "not_cancelled", "refused", "unknown", "not_tried"]

MAX_CENTS = 10**11  # larger values are not plausible, and their sum could exceed 64 bits
_SHOWN = 500  # characters of an error that a journal keeps
# The response for an order of another account, by the vendor's newer documents; a bad token can look the same.
_ANOTHER_ACCOUNT = "Unauthorized"


@frozen
class CancelResult:
    """The outcome of one order.

    `verdict` is one of

    - "cancelled": the server showed the order as cancelled; it is `order`
    - "not_cancelled": the server showed the order in another status; it is `order`
    - "refused": the API refused the request, and did not show the order
    - "unknown": the order may have been cancelled, and no response settled it
    - "not_tried": nothing was sent, or the server rejected every request before it looked at an order

    `error` says why in all cases but the first; it is None for an order that was not tried because the run was stopped
    by its caller. `attempts` counts the requests; `seconds` is how long they took, with the waits between them. A
    pickle or a copy reduces the order to number, status, kind, totals and times.
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
class JournalRow:
    """The same in a journal. Times are Unix times, money is US cents."""

    order_id: int
    state: State
    placed: float | None
    closes: float | None  # the end of its cancellation window
    attempts: int
    seconds: float
    first_sent: float | None
    sent: float | None
    decided: float | None
    status: str
    kind: str
    error: str
    request_id: str
    server_date: str
    cents: int | None
    allowed: int | None
    contract: str
    settled: bool
    was_unknown: bool  # an earlier run ended with an unknown outcome


def verdict_of(error: ThanksIOError, *, token_accepted: bool) -> Verdict:
    """Return the verdict on an order after this error. `token_accepted`: the API has accepted the token before."""
    if isinstance(error, OrderNotCancelledError):
        return "not_cancelled"
    if error.may_have_cancelled:
        return "unknown"
    is_about_all = isinstance(error, RateLimitError) or is_fatal(error, token_accepted=token_accepted)
    return "refused" if isinstance(error, APIStatusError) and not is_about_all else "not_tried"


def is_fatal(error: ThanksIOError, *, token_accepted: bool) -> bool:
    """Return whether an error affects every order, and so stops the run: token, billing or configuration."""
    is_of_order = token_accepted and isinstance(error, AuthenticationError) and error.message == _ANOTHER_ACCOUNT
    return isinstance(error, AuthenticationError | PaymentRequiredError | ConfigurationError) and not is_of_order


def is_settled(result: CancelResult) -> bool:
    """Return whether sending the order again cannot show anything new.

    An order in status reviewing can still be cancelled. Refusals other than 400, 409 and 422 may be about the token or
    the address, which can be corrected.
    """
    if isinstance(result.error, OrderNotCancelledError):
        return normalize(result.error.status) != "reviewing"
    is_refused = result.verdict == "refused" and isinstance(result.error, CancellationRefusedError)
    return result.verdict == "cancelled" or is_refused


def status_of(result: CancelResult) -> str:
    """Return the order's status, or the HTTP status of the response, or an empty string if there was neither."""
    error = result.error
    if isinstance(error, OrderNotCancelledError):
        return error.status
    return str(error.status_code) if isinstance(error, APIStatusError) else "cancelled" if error is None else ""


def cents_of(result: CancelResult) -> int | None:
    """Return the US cents that were authorized for an order, None if the server sent no plausible amount."""
    cents = getattr(result.order, "authorization_total", None)
    return cents if type(cents) is int and 0 <= cents <= MAX_CENTS else None


def to_row(result: CancelResult, *, decided: float, allowed: int | None, contract: str) -> JournalRow:
    """Return what a journal keeps of a result; the times of its order are the journal's."""
    error = result.error
    return JournalRow(
        order_id=int(result.order_id),
        state=result.verdict,
        placed=None,
        closes=None,
        attempts=result.attempts,
        seconds=result.seconds,
        first_sent=None,
        sent=None,
        decided=decided,
        status=status_of(result),
        kind=type(error).__name__ if error else "",
        error=str(error)[:_SHOWN] if error else "",
        request_id=error.request_id if error else "",
        server_date=error.server_date if error else "",
        cents=cents_of(result),
        allowed=allowed,
        contract=contract,
        settled=is_settled(result),
        was_unknown=False,
    )


def from_row(row: JournalRow, make_order: Callable[[dict[str, Any]], Order]) -> CancelResult:
    """Return the result of a settled order as a journal knows it: of the order itself, only the facts."""
    order: Order | None = None
    error: ThanksIOError | None = None
    facts: dict[str, object] = {"attempts": row.attempts, "may_have_cancelled": False}
    facts |= {"request_id": row.request_id, "server_date": row.server_date}
    if row.state in {"cancelled", "not_cancelled"}:
        cents = {} if row.cents is None else {"authorization_total": row.cents}
        order = make_order({"id": row.order_id, "status": row.status} | cents)
    if row.kind and order is not None:
        error = OrderNotCancelledError(row.error, facts | {"order": order.to_dict()})
    elif row.kind:
        error = CancellationRefusedError(row.error, facts | {"status_code": int(row.status or 0)})
    verdict: Any = row.state
    return CancelResult(row.order_id, verdict, order, error, row.attempts, row.seconds)
