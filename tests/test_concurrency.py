"""Many threads or tasks on one client: each gets its own answer, in time, over the connections that there are."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from conftest import CANCELLED, TOKEN
from raw_server import RawServer, answer, silence

from thanksio import APITimeoutError, AsyncThanksIO, Order, RetryPolicy, ThanksIO
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

MANY = 200
PATIENCE = 50.0  # seconds of each step: two hundred calls take a slow machine its time
MOST_CONNECTIONS = 100  # httpx's own default

each_way = pytest.mark.parametrize("kind", ["threads", "asyncio", "trio"])


def cancel_all(kind: str, ids: Iterable[int], settings: dict[str, Any], **limits: float) -> list[object]:
    """Cancel all at once on one client; give for each what was returned or raised."""
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
def test_each_of_many_gets_the_answer_to_its_own_call(kind: str) -> None:
    with FakeThanksIO(token=TOKEN) as fake:
        ids = [fake.place().id for _ in range(MANY)]
        orders = cancel_all(kind, ids, {"base_url": fake.base_url, "timeout": PATIENCE})

        assert [order.id if isinstance(order, Order) else order for order in orders] == ids
        assert len(fake.calls) == MANY


@each_way
def test_more_than_there_are_connections_wait_their_turn(kind: str) -> None:
    held, most, lock = 0, 0, threading.Lock()
    good = answer(CANCELLED)

    def slow(connection: socket.socket) -> None:
        nonlocal held, most
        with lock:
            held += 1
            most = max(most, held)
        time.sleep(0.1)
        with lock:
            held -= 1
        good(connection)

    with RawServer(slow) as server:
        orders = cancel_all(kind, [37294] * MANY, {"base_url": server.base_url, "timeout": PATIENCE})

    assert all(isinstance(order, Order) for order in orders), orders
    assert most <= MOST_CONNECTIONS


@each_way
def test_the_deadline_holds_while_a_connection_is_waited_for(kind: str) -> None:
    settings = {"retry": RetryPolicy(max_attempts=1), "timeout": PATIENCE}
    with RawServer(silence) as server:
        start = time.monotonic()
        errors = cancel_all(kind, [37294] * MANY, {"base_url": server.base_url, **settings}, deadline=1.0)
        seconds = time.monotonic() - start

    assert {type(error) for error in errors} == {APITimeoutError}
    assert seconds < 30.0  # and not the patience of the pool
    in_doubt = [error for error in errors if isinstance(error, APITimeoutError) and error.may_have_cancelled]
    assert len(server.requests) <= len(in_doubt)
