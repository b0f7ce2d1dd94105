"""The eight public functions of the generated operations, all called in the same way."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from attrs import frozen
from conftest import RESPONSES, TOKEN

from thanksio_generated import AuthenticatedClient
from thanksio_generated.api.orders import cancel_order, cancel_order_plural
from thanksio_generated.models import ErrorResponse, OrderResponse
from thanksio_generated.types import Response

if TYPE_CHECKING:
    from types import ModuleType

Parsed: TypeAlias = ErrorResponse | OrderResponse | None

MODULES: dict[str, ModuleType] = {"order": cancel_order, "orders": cancel_order_plural}
FUNCTIONS = ("sync", "sync_detailed", "asyncio", "asyncio_detailed")
_UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without it, each client loads all certificates


@frozen
class Operation:
    """One generated function for one of the two paths."""

    path: str
    function: str

    def __str__(self) -> str:
        return f"{self.path}-{self.function}"

    @property
    def url_path(self) -> str:
        """The path for order 37294."""
        return f"/{self.path}/37294/cancel"

    @property
    def is_detailed(self) -> bool:
        return self.function.endswith("detailed")

    def call(self, server: str, order_id: str = "37294", **settings: Any) -> Response[Any] | Parsed:
        """Call the function with a client of its own, and return what it returns."""
        client = AuthenticatedClient(base_url=server, token=TOKEN, verify_ssl=_UNUSED_TLS, **settings)
        function = getattr(MODULES[self.path], self.function)
        if self.function.startswith("sync"):
            with client:
                return function(order_id, client=client)  # type: ignore[no-any-return]
        return asyncio.run(self._call_async(client, order_id))

    async def _call_async(self, client: AuthenticatedClient, order_id: str) -> Response[Any] | Parsed:
        async with client:
            return await getattr(MODULES[self.path], self.function)(order_id, client=client)  # type: ignore[no-any-return]


OPERATIONS = [Operation(path, function) for path in MODULES for function in FUNCTIONS]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
every_detailed_operation = pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.is_detailed], ids=str
)

# Status and body of every documented response, by the name of its file, which begins with the status.
DOCUMENTED: dict[str, tuple[int, Any]] = {
    path.stem: (int(path.name[:3]), json.loads(path.read_text("utf-8")))
    for path in sorted(RESPONSES.rglob("*.json"))
    if "headers" not in path.name
}


def parsed(result: Response[Any] | Parsed) -> Parsed:
    """Return the model, whichever kind of function it came from."""
    return result.parsed if isinstance(result, Response) else result
