"""Decide how many orders are cancelled: which goes next, what its verdict is, and when to stop. Pure.

`_workers.py` carries it out, in threads or tasks; `_pace.py` says when a request may leave; `_journal.py` keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import frozen

from thanksio.errors import (
    APIStatusError,
    AuthenticationError,
    CancellationRefusedError,
    ConfigurationError,
    OrderNotCancelledError,
    PaymentRequiredError,
    RateLimitError,
)

if TYPE_CHECKING:
    from thanksio._client import Order
    from thanksio.errors import ThanksIOError

__all__ = ["CancelResult", "Verdict"]

Verdict: TypeAlias = Literal["cancelled", "not_cancelled", "refused", "unknown", "not_tried"]

# How the vendor's newer documents answer for an order of another account; a bad token can look the same.
_ANOTHER_ACCOUNT = "Unauthorized"


@frozen
class CancelResult:
    """What came of one order of many.

    `verdict` is "cancelled" or "not_cancelled" if the server showed the order, which is then `order`; "refused" if it
    refused; "unknown" if nobody can say yet; "not_tried" if the order was not looked at: nothing was sent, or the server
    turned every request away before it came to the order. `error` says why in all cases but the first. `attempts` counts
    the requests; `seconds` is how long they took, with the waits between them. A pickle keeps of the order the facts alone:
    number, status, kind, totals and times.
    """

    order_id: int | str
    verdict: Verdict
    order: Order | None = None
    error: ThanksIOError | None = None
    attempts: int = 0
    seconds: float = 0.0


def verdict_of(error: ThanksIOError, *, proven: bool) -> Verdict:
    """Say what is true of an order after this error. `proven` says that the server has taken this token before."""
    if isinstance(error, OrderNotCancelledError):
        return "not_cancelled"
    if error.may_have_cancelled:
        return "unknown"
    turned_away = isinstance(error, RateLimitError) or dooms(error, proven=proven)
    return "refused" if isinstance(error, APIStatusError) and not turned_away else "not_tried"


def dooms(error: ThanksIOError, *, proven: bool) -> bool:
    """Whether no other order can fare better: the token, the billing or the configuration is at fault."""
    another = proven and isinstance(error, AuthenticationError) and error.message == _ANOTHER_ACCOUNT
    return isinstance(error, AuthenticationError | PaymentRequiredError | ConfigurationError) and not another


def is_settled(result: CancelResult) -> bool:
    """Whether sending the order again could teach nothing: the server showed it, or refused this very order.

    Other refusals may be about the token or the address, and those can be mended.
    """
    return result.verdict in {"cancelled", "not_cancelled"} or (
        result.verdict == "refused" and isinstance(result.error, CancellationRefusedError)
    )
