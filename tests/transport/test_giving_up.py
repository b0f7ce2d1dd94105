"""Rule 8: a client stays usable after cancelled calls and outages of the server."""

from __future__ import annotations

import asyncio
import gc
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
from calls import TWICE, no_file_left, verdict
from conftest import TOKEN
from servers import OrderServer

from thanksio import AsyncThanksIO, ThanksIO
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

SECONDS = 1.0


async def _task_cancel(call: Awaitable[Any], seconds: float) -> None:
    task = asyncio.ensure_future(call)
    await asyncio.sleep(seconds)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _asyncio_timeout(call: Awaitable[Any], seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await call


async def _anyio(call: Awaitable[Any], seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await call


async def _trio(call: Awaitable[Any], seconds: float) -> None:
    with trio.move_on_after(seconds):
        await call


WAYS: dict[str, tuple[str, bool, Callable[[Awaitable[Any], float], Awaitable[None]]]] = {
    "task.cancel": ("asyncio", False, _task_cancel),
    "asyncio.timeout over TLS": ("asyncio", True, _asyncio_timeout),
    "anyio.move_on_after": ("asyncio", False, _anyio),
    "trio over TLS": ("trio", True, _trio),
}


# The server's own: ssl leaves a socket whose peer was gone before it was wrapped to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
def test_cancelled_tasks_leave_a_usable_client(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, tls, give_up = WAYS[way]
    certificates = FakeThanksIO(tls=True).certificates
    assert certificates
    (tmp_path / "ca.pem").write_bytes(certificates.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def run(base_url: str) -> int:
        client = AsyncThanksIO(TOKEN, base_url=base_url, retry=TWICE, timeout=10.0, deadline=20.0)
        end = anyio.current_time() + SECONDS

        async def caller() -> None:
            while anyio.current_time() < end:
                await give_up(client.cancel_order(1), random.uniform(0, 0.02))  # noqa: S311 - no secret

        async with anyio.create_task_group() as tasks:
            for _ in range(150):
                tasks.start_soon(caller)
        return (await client.cancel_order(1, deadline=3.0)).id

    with no_file_left(), OrderServer(delay=0.005, context=certificates.server if tls else None) as server:
        assert anyio.run(run, server.base_url, backend=backend) == 1
    gc.collect()


def test_two_hundred_threads_and_four_outages_leave_a_usable_client() -> None:
    settings: dict[str, Any] = {"retry": TWICE, "timeout": 0.2, "deadline": 2.0}
    with FakeThanksIO(token=TOKEN) as fake, ThreadPoolExecutor(200) as threads:
        client = ThanksIO(TOKEN, base_url=fake.base_url, **settings)
        for outage in ("port_closed", "slow_connect", "port_closed", "slow_connect"):
            calls = [threads.submit(verdict, lambda: client.cancel_order(37294)) for _ in range(200)]
            fake.faults(outage)
            calls += [threads.submit(verdict, lambda: client.cancel_order(37294)) for _ in range(200)]
            verdicts = {call.result() for call in calls[200:]}

            assert verdicts <= {f"API{kind}Error, may_have_cancelled=False" for kind in ("Connection", "Timeout")}
            assert all(call.exception() is None for call in calls)
            fake.recover()
            assert client.cancel_order(37294).id == 37294
