"""Cancel thanks.io orders, and know after every call: cancelled, not cancelled, or nobody can say yet."""

from importlib.metadata import version

from thanksio import errors
from thanksio._client import CONTRACT_VERSION, AsyncThanksIO, Order, ThanksIO
from thanksio._pace import Pace
from thanksio._retry import RetryPolicy
from thanksio.bulk import CancelResult
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    CancellationRefusedError,
    ConfigurationError,
    InvalidOrderIdError,
    JournalError,
    OrderNotCancelledError,
    OrderNotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ThanksIOError,
)

__version__ = version("thanksio")

__all__ = [
    "CONTRACT_VERSION",
    "APIConnectionError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncThanksIO",
    "AuthenticationError",
    "CancelResult",
    "CancellationRefusedError",
    "ConfigurationError",
    "InvalidOrderIdError",
    "JournalError",
    "Order",
    "OrderNotCancelledError",
    "OrderNotFoundError",
    "Pace",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "RateLimitError",
    "RetryPolicy",
    "ServerError",
    "ThanksIO",
    "ThanksIOError",
    "__version__",
    "errors",
]
