"""Call a client of any kind through its public names alone, as a host program does."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import anyio
import httpx
from conftest import TOKEN

from thanksio import AsyncThanksIO, CancelResult, RetryPolicy, ThanksIO, ThanksIOError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    Within = Callable[[], AbstractContextManager[object]]

TWICE = RetryPolicy(max_attempts=2, backoff=0.001)
NOWHERE = "http://127.0.0.1:1"


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {"token": TOKEN, "base_url": NOWHERE, "retry": TWICE} | settings


def outcome(kind: str, order_id: object = 37294, *, within: Within = nullcontext, **settings: Any) -> Any:
    """Return the result of a call of a new client: the order, or the exception."""

    def use() -> Any:
        try:
            with within(), ThanksIO(**_settings(settings)) as client:
                return client.cancel_order(order_id)  # type: ignore[arg-type] # some tests pass nonsense
        except BaseException as error:  # noqa: BLE001 - the caller judges it
            return error

    async def ause() -> Any:
        try:
            with within():
                async with AsyncThanksIO(**_settings(settings)) as client:
                    return await client.cancel_order(order_id)  # type: ignore[arg-type] # some tests pass nonsense
        except BaseException as error:  # noqa: BLE001 - the caller judges it
            return error
        finally:
            if isinstance(transport := settings.get("transport"), httpx.AsyncHTTPTransport):
                await transport.aclose()  # whoever brings a transport closes it

    return use() if kind == "sync" else anyio.run(ause, backend=kind)


def failure(kind: str, order_id: object = 37294, **settings: Any) -> Any:
    """Return the ThanksIOError that a new client's call ends in."""
    error = outcome(kind, order_id, **settings)
    assert isinstance(error, ThanksIOError), repr(error)
    return error


def results(kind: str, ids: Iterable[int], *, within: Within = nullcontext, **settings: Any) -> list[CancelResult]:
    """Return the results of a run of a new client, which is not paced."""

    async def gather() -> list[CancelResult]:
        with within():
            async with AsyncThanksIO(**_settings(settings)) as client:
                many: Any = client.cancel_orders(ids, pace=False)
                async with many as run:
                    return [result async for result in run]

    if kind == "sync":
        with within(), ThanksIO(**_settings(settings)) as client:
            return list(client.cancel_orders(ids, pace=False))
    return anyio.run(gather, backend=kind)
