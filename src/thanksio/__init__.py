"""Cancel thanks.io orders, and know after every call: cancelled, not cancelled, refused, or unknown.

Names are loaded when they are first used: `import thanksio` alone loads neither httpx nor attrs.
"""

TYPE_CHECKING = False  # type checkers take it for true, and importing typing would take longer than this whole module
__all__ = [
    "CONTRACT_VERSION",
    "UNSET",
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
    "Unset",
    "__version__",
    "errors",
]

# The module of each name; all others are errors.
_HOMES = {
    "__version__": "_version",
    "CONTRACT_VERSION": "_models",
    "UNSET": "_models",
    "Order": "_models",
    "Unset": "_models",
    "AsyncThanksIO": "_client",
    "ThanksIO": "_client",
    "Pace": "_rate_limit",
    "RetryPolicy": "_retry",
    "CancelResult": "bulk._results",
}

if TYPE_CHECKING:
    from thanksio import errors
    from thanksio._client import AsyncThanksIO, ThanksIO
    from thanksio._models import CONTRACT_VERSION, UNSET, Order, Unset
    from thanksio._rate_limit import Pace
    from thanksio._retry import RetryPolicy
    from thanksio._version import __version__
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

else:  # hidden from type checkers, which would accept every misspelt name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = _load(name)
        return value

    def _load(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415

        module = import_module(f"thanksio.{_HOMES.get(name, 'errors')}")
        return module if name == "errors" else getattr(module, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
