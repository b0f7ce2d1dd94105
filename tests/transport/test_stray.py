"""Rule 6: an unrequested response is never taken for the response to another call."""

from __future__ import annotations

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from calls import TWICE, verdict
from conftest import TOKEN
from servers import ALREADY, OrderServer

from thanksio import AsyncThanksIO, ThanksIO, ThanksIOError

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import After

CALLS = 90  # for each of twelve tests: more than 1,000


def _twice(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)


def _refuse_later(connection: socket.socket, _said: bytes) -> None:
    time.sleep(random.uniform(0, 0.02))  # noqa: S311 - no secret
    connection.sendall(ALREADY)


def _half_close_later(connection: socket.socket, _said: bytes) -> None:
    time.sleep(random.uniform(0, 0.02))  # noqa: S311 - no secret
    connection.shutdown(socket.SHUT_WR)


def _close_later(_connection: socket.socket, _said: bytes) -> None:
    time.sleep(random.uniform(0, 0.02))  # noqa: S311 - no secret
    raise OSError


def _one_by_one(settings: dict[str, Any]) -> list[str]:
    with ThanksIO(TOKEN, **settings) as client:
        return [verdict(partial(client.cancel_order, number)) for number in range(1, CALLS + 1)]


def _threads(settings: dict[str, Any]) -> list[str]:
    with ThanksIO(TOKEN, **settings) as client, ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda n: verdict(partial(client.cancel_order, n)), range(1, CALLS + 1)))


def _tasks(settings: dict[str, Any]) -> list[str]:
    verdicts = {}

    async def work(client: AsyncThanksIO, first: int) -> None:
        for number in range(first, CALLS + 1, 4):
            try:
                verdicts[number] = f"order {(await client.cancel_order(number)).id}"
            except ThanksIOError as error:
                verdicts[number] = repr(error)

    async def run() -> None:
        async with AsyncThanksIO(TOKEN, **settings) as client, anyio.create_task_group() as tasks:
            for first in range(1, 5):
                tasks.start_soon(work, client, first)

    anyio.run(run)
    return [verdicts[number] for number in range(1, CALLS + 1)]


WAYS = {"one by one": _one_by_one, "threads": _threads, "tasks": _tasks}
STRAY = {"every response twice": _twice, "a refusal later": _refuse_later}
ENDS = {"half-closed later": _half_close_later, "closed later": _close_later}


def _wrong(way: Callable[[dict[str, Any]], list[str]], after: After, repeat: int) -> list[str]:
    with OrderServer(after=after, repeat=repeat) as server:
        verdicts = way({"base_url": server.base_url, "retry": TWICE, "deadline": 5.0})
    return [f"{number}: {data}" for number, data in enumerate(verdicts, 1) if data != f"order {number}"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("repeat", [200, 422])
def test_a_stray_response_changes_no_verdict(way: str, stray: str, repeat: int) -> None:
    assert _wrong(WAYS[way], STRAY[stray], repeat) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ENDS)
def test_a_server_that_ends_connections_in_its_own_time_changes_no_verdict(way: str, end: str) -> None:
    assert _wrong(WAYS[way], ENDS[end], 422) == []
