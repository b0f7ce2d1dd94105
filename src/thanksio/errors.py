"""What can go wrong, as values that a caller acts on.

    ThanksIOError                      .may_have_cancelled .attempts .advice
    ├─ ConfigurationError              (ValueError) token, base URL or setting unusable; nothing was sent
    ├─ InvalidOrderIdError             (ValueError) nothing was sent
    ├─ OrderNotCancelledError          the server showed this order, and it is not cancelled; .order .status
    ├─ APIConnectionError              no answer
    │  └─ APITimeoutError              (TimeoutError) a step's timeout, or the deadline of the whole call
    ├─ APIResponseValidationError      a 2xx that cannot be read as this order
    ├─ JournalError                    the journal of a run can no longer be written; the run has stopped
    └─ APIStatusError                  any other status; .status_code .message .retry_after .body
       ├─ AuthenticationError          401
       ├─ PaymentRequiredError         402
       ├─ PermissionDeniedError        403
       ├─ OrderNotFoundError           404
       ├─ CancellationRefusedError     400, 409, 422
       ├─ RateLimitError               429
       └─ ServerError                  5xx

All of them pickle and copy, and none holds the token, the letter's text or an address, but for
`OrderNotCancelledError.order`, which a pickle or a copy reduces to the facts about the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thanksio._client import Order

__all__ = [
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "CancellationRefusedError",
    "ConfigurationError",
    "InvalidOrderIdError",
    "JournalError",
    "OrderNotCancelledError",
    "OrderNotFoundError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
    "ThanksIOError",
]


def _revive(kind: type[ThanksIOError]) -> ThanksIOError:
    return kind.__new__(kind)


class ThanksIOError(Exception):
    """Root of everything that this package raises about an order, a server or its own configuration.

    `may_have_cancelled` is what to act on: True if some attempt of this call may have reached the server and no
    later answer showed the order, so that nobody can say yet whether it is cancelled. `attempts` counts the
    requests that were made, the first included. `advice` says what to do next.
    """

    advice: str = ""

    def __init__(self, message: str, *, may_have_cancelled: bool = False, attempts: int = 0) -> None:
        super().__init__(message)
        self.may_have_cancelled = may_have_cancelled
        self.attempts = attempts

    def _state(self) -> dict[str, object]:
        return {**vars(self), "args": self.args, "__cause__": self.__cause__}

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle neither keyword arguments nor their cause; BaseException.__setstate__ takes both.
        return _revive, (type(self),), self._state()


class ConfigurationError(ThanksIOError, ValueError):
    """A token, base URL or setting cannot be used. Nothing was sent."""


class InvalidOrderIdError(ThanksIOError, ValueError):
    """An order id is not a positive integer or its digits. Nothing was sent."""

    advice = "Pass the order's number, such as 37294."


class OrderNotCancelledError(ThanksIOError):
    """The server answered with this order, and it is not cancelled.

    `status` is the server's word for where the order stands, cleaned and cut; `order` the order itself. It holds the
    letter and the sender's address, which neither `str` nor `repr` of this error shows; a pickle or a copy keeps of
    it the facts alone: number, status, kind, totals and times.
    """

    order: Order
    status: str

    def __init__(self, message: str, *, order: Order, facts: Order, advice: str = "", attempts: int = 0) -> None:
        super().__init__(message, attempts=attempts)
        self.advice = advice
        self.order = order
        self.status = str(facts.status)
        self._facts = facts

    def _state(self) -> dict[str, object]:
        return {**super()._state(), "order": self._facts}


class APIConnectionError(ThanksIOError):
    """No answer came: the connection failed, broke, or was cut before the answer was whole."""

    advice = "Call again: repeating a cancel is harmless, and the answer will show the order as it is."


class APITimeoutError(APIConnectionError, TimeoutError):
    """No answer came in time: within `timeout` for one step, or `deadline` for the whole call (both in seconds)."""


class APIResponseValidationError(ThanksIOError):
    """A 2xx answer cannot be read as this order: not JSON, no order, another order, or larger than 1 MiB."""

    advice = "Call again, or look at the order in the thanks.io dashboard."


class JournalError(ThanksIOError):
    """The journal of a run can no longer be written, as when the disk is full. The run has stopped sending."""

    advice = "Make room, then run the same again: what is settled is not sent again."


class APIStatusError(ThanksIOError):
    """The server answered with a status that is not 2xx.

    `message` is the server's own explanation and `body` an excerpt of its answer, at most 500 characters, without
    the token or anything of an order; both can be empty. `retry_after` is the number of seconds that the server
    asked to wait, None if it did not.
    """

    advice = "Check the base URL, and look at the order in the thanks.io dashboard."

    def __init__(  # noqa: PLR0913 - each is a fact of the answer
        self,
        text: str,
        *,
        status_code: int,
        message: str = "",
        retry_after: float | None = None,
        body: str = "",
        may_have_cancelled: bool = False,
        attempts: int = 0,
    ) -> None:
        super().__init__(text, may_have_cancelled=may_have_cancelled, attempts=attempts)
        self.status_code = status_code
        self.message = message
        self.retry_after = retry_after
        self.body = body


class AuthenticationError(APIStatusError):
    """401: the token is wrong or expired, or (newer operations of the vendor) the order is another account's."""

    advice = "Check the token, and that it is of the account that placed the order."


class PaymentRequiredError(APIStatusError):
    """402: API access of the account is disabled after repeated payment failures."""

    advice = "Settle the account's payment in the thanks.io dashboard, then call again."


class PermissionDeniedError(APIStatusError):
    """403: the server forbids it; documents of sibling operations call the token missing or invalid."""

    advice = "Check the token."


class OrderNotFoundError(APIStatusError):
    """404, under the spelling of the path that the server is known to serve or, while none is known, under either."""

    advice = "Check the number, that the token is of the account that placed the order, and the base URL."


class CancellationRefusedError(APIStatusError):
    """400, 409 or 422: the server understood and refused; the hour may be over, or the order cancelled already."""

    advice = "Look at the order in the thanks.io dashboard."


class RateLimitError(APIStatusError):
    """429: the account has used its requests of this minute."""

    advice = "Call again when the minute is over; the limit seems to be the whole account's."


class ServerError(APIStatusError):
    """5xx: the server failed, perhaps after it had cancelled the order."""

    advice = "Call again: repeating a cancel is harmless, and the answer will show the order as it is."
