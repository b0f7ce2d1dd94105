"""Errors that callers act on.

The tree::

    ThanksIOError                      .may_have_cancelled .attempts .advice
    ├─ ConfigurationError              (ValueError) a token, base URL, proxy or setting cannot be used
    ├─ InvalidOrderIdError             (ValueError) nothing was sent
    ├─ OrderNotCancelledError          the server showed this order, and it is not cancelled; .order .status
    ├─ APIConnectionError              there was no complete response
    │  └─ APITimeoutError              (TimeoutError) `timeout` of a step or `deadline` of the whole call
    ├─ APIResponseValidationError      a 2xx response that does not say what became of the order; .order .status
    ├─ JournalError                    the journal of a run can no longer be written; the run has stopped
    └─ APIStatusError                  any other status; .status_code .message .retry_after .body
       ├─ AuthenticationError          401
       ├─ PaymentRequiredError         402
       ├─ PermissionDeniedError        403
       ├─ OrderNotFoundError           404
       ├─ CancellationRefusedError     400, 409, 422
       ├─ RateLimitError               429
       └─ ServerError                  5xx

Every error is made from its `args`, `(message, facts)`, and `facts` holds JSON values only: `type(error)(*error.args)`
is equal, also after a queue stored the arguments as JSON. No error contains the token, the letter's text or an address,
except `.order`, which a pickle or a copy reduces to number, status, kind, totals and times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thanksio._models import Order

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


class ThanksIOError(Exception):
    """Base class of all errors of this package.

    `may_have_cancelled` is what to act on: False only if every attempt of this call is known not to have cancelled the
    order, which may have been cancelled before. It is True if the outcome is unknown, also for an error that was made
    from a message alone. `attempts` counts the requests of the call. `advice` says what to do next. `request_id` and
    `server_date` are the headers `CF-RAY` and `Date` of the last response, for the vendor's support; both can be empty.
    """

    may_have_cancelled: bool
    attempts: int
    advice: str = ""
    request_id: str
    server_date: str
    _is_unknown_by_default = True

    def __init__(self, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        self._facts = dict(facts or {})
        # Not `super()`: OSError, a base of APITimeoutError, would take the arguments for `errno` and `strerror`.
        BaseException.__init__(self, message, self._facts)
        self.may_have_cancelled = bool(self._facts.get("may_have_cancelled", self._is_unknown_by_default))
        self.attempts = int(self._facts.get("attempts", 0))
        self.advice = str(self._facts.get("advice", type(self).advice))
        self.request_id = str(self._facts.get("request_id", ""))
        self.server_date = str(self._facts.get("server_date", ""))

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.args[0]!r})"

    def __reduce__(self) -> tuple[object, ...]:
        state = {name: value for name, value in vars(self).items() if name not in {"order", "_facts"}}
        return type(self), self.args, state | {"__cause__": self.__cause__}


class ConfigurationError(ThanksIOError, ValueError):
    """A token, base URL, proxy or setting cannot be used. Nothing was sent."""

    _is_unknown_by_default = False


class InvalidOrderIdError(ThanksIOError, ValueError):
    """An order id is not a positive integer or its digits. Nothing was sent."""

    advice = "Pass the order id, such as 37294."
    _is_unknown_by_default = False


class OrderNotCancelledError(ThanksIOError):
    """The server showed this order in a status that the contract lists, and it is not cancelled.

    `status` is the server's word. `order` is the order itself; it holds the letter and the sender's address, which
    neither `str` nor `repr` shows.
    """

    order: Order
    status: str
    _is_unknown_by_default = False

    def __init__(self, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, facts)
        self.status = _status(self._facts)
        order = _order(self._facts)
        if order is not None:
            self.order = order


class APIConnectionError(ThanksIOError):
    """There was no complete response: the connection could not be made, broke, or was closed too early.

    `is_permanent` is True if calling again cannot help before something is fixed: a certificate is not trusted, a proxy
    refuses, or the host does not exist.
    """

    advice = "Call again: repeating a cancel is harmless, and the response should show the order as it is."
    is_permanent: bool

    def __init__(self, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, facts)
        self.is_permanent = bool(self._facts.get("is_permanent"))


class APITimeoutError(APIConnectionError, TimeoutError):
    """There was no response in time: within `timeout` for one step, or `deadline` for the whole call, in seconds."""


class APIResponseValidationError(ThanksIOError):
    """A 2xx response does not say what became of this order.

    It is not JSON, shows no order or another one, is larger than 1 MiB, or shows the order in a status that the
    contract does not list. Only in the last case `order` and `status` are set; otherwise they are None and "".
    """

    advice = "Call again, or check the order in the thanks.io dashboard."
    order: Order | None
    status: str

    def __init__(self, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, facts)
        self.status = _status(self._facts)
        self.order = _order(self._facts)


class JournalError(ThanksIOError):
    """The journal of a run can no longer be written, for example because the disk is full. The run has stopped."""

    advice = "Free some space, then start the same run again: settled orders are not sent again."


class APIStatusError(ThanksIOError):
    """The server responded with a status that is not 2xx.

    `message` is the server's explanation and `body` an excerpt of its response, at most 500 characters, without the
    token or anything of an order; both can be empty. `retry_after` is the number of seconds that the server asked to
    wait, None if it did not.
    """

    advice = "Check the base URL, and the order in the thanks.io dashboard."
    status_code: int
    message: str
    retry_after: float | None
    body: str

    def __init__(self, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, facts)
        self.status_code = int(self._facts.get("status_code", 0))
        self.message = str(self._facts.get("message", ""))
        asked = self._facts.get("retry_after")
        self.retry_after = None if asked is None else float(asked)
        self.body = str(self._facts.get("body", ""))


class AuthenticationError(APIStatusError):
    """401: the token is wrong or expired, or (newer operations of the vendor) the order is another account's."""

    advice = "Check the token, and that it belongs to the account that placed the order."


class PaymentRequiredError(APIStatusError):
    """402: API access of the account is disabled after repeated payment failures."""

    advice = "Settle the account's payment in the thanks.io dashboard, then call again."


class PermissionDeniedError(APIStatusError):
    """403: access is forbidden; documents of sibling operations say that the token is missing or invalid."""

    advice = "Check the token."


class OrderNotFoundError(APIStatusError):
    """404, under the path that the server is known to serve or, while none is known, under both."""

    advice = "Check the order id, the base URL, and that the token belongs to the account that placed the order."


class CancellationRefusedError(APIStatusError):
    """400, 409 or 422: cancelling was refused: the window may be closed, or the order is already cancelled."""

    advice = "Check the order in the thanks.io dashboard."


class RateLimitError(APIStatusError):
    """429: the account's rate limit is used up."""

    advice = "Call again in a minute; the limit appears to apply to the whole account."


class ServerError(APIStatusError):
    """5xx: the server failed, perhaps after it had cancelled the order."""

    advice = "Call again: repeating a cancel is harmless, and the response should show the order as it is."


def _status(facts: Mapping[str, Any]) -> str:
    return str(_fields(facts).get("status", ""))


def _order(facts: Mapping[str, Any]) -> Order | None:
    """Return the order as far as the facts describe it."""
    fields = _fields(facts)
    if not {"id", "status"} <= fields.keys():
        return None
    from thanksio._models import Order  # noqa: PLC0415 - catching errors must not load httpx

    return Order.from_dict(fields)


def _fields(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = facts.get("order") or {}
    return fields
