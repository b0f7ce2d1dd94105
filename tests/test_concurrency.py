"""Many threads or tasks on one client: each gets the response to its own call, in time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from conftest import TOKEN
from raw_server import RawServer, silence

from thanksio import APITimeoutError, AsyncThanksIO, Order, RetryPolicy, ThanksIO
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Iterable

MANY = 200
PATIENCE = 50.0  # seconds of each step: two hundred calls take a slow machine its time


each_way = pytest.mark.parametrize("kind", ["threads", "asyncio", "trio"])


def cancel_all(kind: str, ids: Iterable[int], settings: dict[str, Any], **limits: float) -> list[object]:
    """Cancel all at once on one client; return the result or exception of each."""
    if kind == "threads":
        with ThanksIO(TOKEN, **settings) as client, ThreadPoolExecutor(MANY) as pool:
            return list(pool.map(partial(_outcome, client, limits), ids))
    return anyio.run(_cancel_all_in_tasks, list(ids), settings, limits, backend=kind)


def _outcome(client: ThanksIO, limits: dict[str, float], order_id: int) -> object:
    try:
        return client.cancel_order(order_id, **limits)
    except Exception as error:  # noqa: BLE001 - what came of it is what is looked at
        return error


async def _cancel_all_in_tasks(ids: list[int], settings: dict[str, Any], limits: dict[str, float]) -> list[object]:
    found: dict[int, object] = {}

    async def work(place: int, order_id: int) -> None:
        try:
            found[place] = await client.cancel_order(order_id, **limits)
        except Exception as error:  # noqa: BLE001
            found[place] = error

    async with AsyncThanksIO(TOKEN, **settings) as client, anyio.create_task_group() as tasks:
        for place, order_id in enumerate(ids):
            tasks.start_soon(work, place, order_id)
    return [found[place] for place in range(len(ids))]


@each_way
def test_each_of_many_calls_gets_its_own_response(kind: str) -> None:
    with FakeThanksIO(token=TOKEN) as fake:
        ids = [fake.place().id for _ in range(MANY)]
        orders = cancel_all(kind, ids, {"base_url": fake.base_url, "timeout": PATIENCE})

        assert [order.id if isinstance(order, Order) else order for order in orders] == ids
        assert len(fake.calls) == MANY


@each_way
def test_many_calls_at_once_keep_the_deadline(kind: str) -> None:
    settings = {"retry": RetryPolicy(max_attempts=1), "timeout": PATIENCE}
    with RawServer(silence) as server:
        start = time.monotonic()
        errors = cancel_all(kind, [37294] * MANY, {"base_url": server.base_url, **settings}, deadline=1.0)
        seconds = time.monotonic() - start

    assert {type(error) for error in errors} == {APITimeoutError}
    assert seconds < 30.0
    in_doubt = [error for error in errors if isinstance(error, APITimeoutError) and error.may_have_cancelled]
    assert len(server.requests) <= len(in_doubt)
