"""Cancel thanks.io orders, and know after every call: cancelled, not cancelled, or nobody can say yet.

Names are loaded when they are first asked for: `import thanksio` alone brings neither httpx nor attrs.
"""

TYPE_CHECKING = False  # type checkers read it as true, and typing itself takes longer to load than all of this
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

# Where each name is, unless it is an error.
_HOMES = {
    "CONTRACT_VERSION": "_client",
    "AsyncThanksIO": "_client",
    "Order": "_client",
    "ThanksIO": "_client",
    "Pace": "_pace",
    "RetryPolicy": "_retry",
    "CancelResult": "bulk",
}

if TYPE_CHECKING:
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

    __version__: str
else:  # seen by a type checker, this would make every misspelt name an object

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = _load(name)
        return value

    def _load(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415 - so that this module loads nothing

            return version("thanksio")
        from importlib import import_module  # noqa: PLC0415

        module = import_module(f"thanksio.{_HOMES.get(name, 'errors')}")
        return module if name == "errors" else getattr(module, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
