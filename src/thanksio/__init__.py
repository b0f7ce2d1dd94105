"""Cancel thanks.io orders, and know after every call: cancelled, not cancelled, or nobody can say yet."""

from thanksio import errors
from thanksio._client import AsyncThanksIO, Order, ThanksIO
from thanksio._retry import RetryPolicy
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    CancellationRefusedError,
    ConfigurationError,
    InvalidOrderIdError,
    OrderNotCancelledError,
    OrderNotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ThanksIOError,
)

__all__ = [
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncThanksIO",
    "AuthenticationError",
    "CancellationRefusedError",
    "ConfigurationError",
    "InvalidOrderIdError",
    "Order",
    "OrderNotCancelledError",
    "OrderNotFoundError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "RetryPolicy",
    "ServerError",
    "ThanksIO",
    "ThanksIOError",
    "errors",
]
