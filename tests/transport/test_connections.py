"""Rule 6: each attempt has its own connection, which is closed afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Any

import anyio
import pytest
from calls import ONCE, TWICE, cancel, no_file_left, verdict
from conftest import TOKEN
from servers import Listener, OrderServer, dripping, hold, read_head, response, saying

from thanksio import AsyncThanksIO, ConfigurationError, ThanksIO
from thanksio.testing import FakeThanksIO


def _settings(server: Listener, **more: Any) -> dict[str, Any]:
    return {"base_url": server.base_url, "retry": TWICE, "deadline": 5.0} | more


def _repeat(kind: str, times: int, **settings: Any) -> list[str]:
    """Call one client again and again, and return the verdicts."""
    if kind == "sync":
        with ThanksIO(TOKEN, **settings) as client:
            return [verdict(partial(client.cancel_order, number)) for number in range(1, times + 1)]

    async def run() -> list[str]:
        results = []
        async with AsyncThanksIO(TOKEN, **settings) as client:
            for number in range(1, times + 1):
                try:
                    results.append(f"order {(await client.cancel_order(number)).id}")
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    results.append(type(error).__name__)
        return results

    return anyio.run(run, backend=kind)


def test_each_request_has_a_connection_that_is_closed_at_once(kind: str) -> None:
    with OrderServer() as server:
        _repeat(kind, 10, **_settings(server))
        end = time.monotonic() + 5
        while len(server.eofs) < 10 and time.monotonic() < end:
            time.sleep(0.01)

    assert (len(server.requests), server.connections, server.reused) == (10, 10, 0)
    assert max(server.eofs) < 0.5


def _reset(connection: Any) -> None:
    read_head(connection)  # and what is closed with unread data is reset
    connection.sendall(b"HTTP/1.1 200 OK\r\n")


FAILURES = [
    saying(response({"order": {"id": 1, "status": "cancelled"}})),
    saying(response({"message": "no"}, "422 No")),
    saying(response({}, "503 Unavailable")),
    saying(b"SSH-2.0\r\n"),
    saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    lambda _connection: None,
    _reset,
    hold,
    dripping(b"HTTP/1.1 200 OK\r\nX: "),
    dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
]


# trio's word on httpx, which leaves the generator of a request's body unfinished when its connection fails
@pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
def test_two_hundred_calls_that_fail_in_every_way_leave_no_file_open(kind: str) -> None:
    with no_file_left():
        for serve in FAILURES:
            with Listener(serve) as server:
                verdicts = _repeat(kind, 17, **_settings(server, timeout=0.02, deadline=0.02, retry=ONCE))
            assert len(verdicts) == 17
        with FakeThanksIO(tls=True) as untrusted:
            _repeat(kind, 17, base_url=untrusted.base_url, retry=ONCE)
        _repeat(kind, 17, base_url=server.base_url, retry=ONCE)  # nobody listens there any more


def test_closing_refuses_further_calls_and_lets_a_running_one_finish() -> None:
    results: list[str] = []
    with OrderServer(delay=0.3) as server:
        client = ThanksIO(TOKEN, **_settings(server))
        running = threading.Thread(target=lambda: results.append(verdict(lambda: client.cancel_order(1))))
        running.start()
        while not server.requests:
            time.sleep(0.001)
        client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            client.cancel_order(2)
        running.join()

    assert results == ["order 1"]
    assert server.requests == [1]


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_an_async_client_is_closed_after_its_event_loop_has_ended(kind: str) -> None:
    with OrderServer() as server, no_file_left():
        client = AsyncThanksIO(TOKEN, **_settings(server))
        assert anyio.run(client.cancel_order, 1, backend=kind).id == 1

        anyio.run(client.aclose, backend=kind)
        asyncio.run(client.aclose())  # a second time, and in a loop of another kind

        with pytest.raises(ConfigurationError, match="closed"):
            anyio.run(client.cancel_order, 2, backend=kind)


def test_thirty_event_loops_send_thirty_requests() -> None:
    with OrderServer() as server:
        client = AsyncThanksIO(TOKEN, **_settings(server))
        found = [asyncio.run(client.cancel_order(number)).id for number in range(1, 31)]

    assert server.requests == found == list(range(1, 31))


def test_one_client_serves_asyncio_and_trio_in_turn() -> None:
    with OrderServer() as server:
        client = AsyncThanksIO(TOKEN, **_settings(server))
        kinds = ["asyncio", "trio"] * 5
        found = [anyio.run(client.cancel_order, number, backend=each).id for number, each in enumerate(kinds, 1)]

    assert server.requests == found == list(range(1, 11))


def test_a_call_returns_though_the_server_keeps_its_connection_open(kind: str) -> None:
    with OrderServer(after=lambda connection, _: hold(connection)) as server:
        start = time.monotonic()
        assert cancel(kind, 1, **_settings(server)).id == 1

    assert time.monotonic() - start < 3
