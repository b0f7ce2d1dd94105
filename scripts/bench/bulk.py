"""Cancel many orders on a transport that responds at once, and print time and memory.

`python -m bench.bulk COUNT KIND` runs in a process of its own, so that its memory can be measured.
Between the batches of the run are single calls of the same client, so that a slow machine slows both.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.server import BODIES, CANCEL, ORDER_ID, TOKEN
from thanksio import AsyncThanksIO, ThanksIO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_BATCH = 500
_BEFORE, _, _AFTER = BODIES[CANCEL].partition(b"%d" % ORDER_ID)


class Instant(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Responds at once that the requested order is cancelled."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a sync client."""
        body = _BEFORE + request.url.path.split("/")[-2].encode() + _AFTER
        return httpx.Response(200, headers=[(b"Content-Type", b"application/json")], content=body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to an async client."""
        return self.handle_request(request)


def _peak_memory() -> float:
    """Return the most memory that this process had, in MB."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(kilobytes) / 1024


async def _measure(count: int, many: Callable[[], Awaitable[list[str]]], single: Callable[[], Awaitable[None]]) -> None:
    """Print the medians over the batches, in seconds, and the most memory that this process had."""
    took: list[tuple[float, float]] = []
    for _ in range(count // _BATCH):
        began = time.perf_counter()
        verdicts = await many()
        middle = time.perf_counter()
        await single()
        took.append(((middle - began) / _BATCH, (time.perf_counter() - middle) / _BATCH))
        assert verdicts == ["cancelled"] * _BATCH  # noqa: S101 - a wrong result ends the measurement
    order, alone = (statistics.median(column) for column in zip(*took, strict=True))
    print(json.dumps({"order": order, "single call": alone, "megabytes": _peak_memory()}))


async def in_threads(count: int) -> None:
    """Measure the sync client."""
    with ThanksIO(TOKEN, base_url="http://127.0.0.1:1", transport=Instant()) as client:
        results = client.cancel_orders(iter(range(1, count + 1)), pace=False)

        async def many() -> list[str]:
            return [result.verdict for result in islice(results, _BATCH)]

        async def single() -> None:
            for number in range(1, _BATCH + 1):
                client.cancel_order(number)

        await _measure(count, many, single)


async def in_tasks(count: int) -> None:
    """Measure the async client."""
    async with (
        AsyncThanksIO(TOKEN, base_url="http://127.0.0.1:1", transport=Instant()) as client,
        client.cancel_orders(iter(range(1, count + 1)), pace=False) as results,
    ):

        async def many() -> list[str]:
            return [(await anext(results)).verdict for _ in range(_BATCH)]

        async def single() -> None:
            for number in range(1, _BATCH + 1):
                await client.cancel_order(number)

        await _measure(count, many, single)


if __name__ == "__main__":
    asyncio.run({"threads": in_threads, "tasks": in_tasks}[sys.argv[2]](int(sys.argv[1])))
