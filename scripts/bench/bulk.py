"""Cancel many orders on a transport that responds at once, and print time and memory: bench.bulk COUNT KIND.

It is a process of its own, so that its memory can be measured. Between the batches of the run are single calls of the
same client, so that a slow machine slows both.
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
    from collections.abc import AsyncIterator

_BATCH = 500
_URL = "http://127.0.0.1:1"
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


async def in_threads(count: int) -> AsyncIterator[list[object]]:
    """Yield the verdicts of a batch of a run, then those of as many single calls, with the sync client."""
    with ThanksIO(TOKEN, base_url=_URL, transport=Instant()) as client:
        results = client.cancel_orders(range(1, count + 1), pace=False)
        for _ in range(count // _BATCH):
            yield [result.verdict for result in islice(results, _BATCH)]
            yield [client.cancel_order(number).status for number in range(1, _BATCH + 1)]


async def in_tasks(count: int) -> AsyncIterator[list[object]]:
    """Yield the same with the async client."""
    async with (
        AsyncThanksIO(TOKEN, base_url=_URL, transport=Instant()) as client,
        client.cancel_orders(range(1, count + 1), pace=False) as results,
    ):
        for _ in range(count // _BATCH):
            yield [(await anext(results)).verdict for _ in range(_BATCH)]
            yield [(await client.cancel_order(number)).status for number in range(1, _BATCH + 1)]


async def main(count: int, kind: str) -> None:
    """Print the medians over the batches, in seconds, and the most memory that this process had."""
    times: list[float] = []
    began = time.perf_counter()
    async for verdicts in {"threads": in_threads, "tasks": in_tasks}[kind](count):
        times.append((time.perf_counter() - began) / _BATCH)
        assert verdicts == ["cancelled"] * _BATCH  # noqa: S101 - a wrong result ends the measurement
        began = time.perf_counter()
    order, single = statistics.median(times[::2]), statistics.median(times[1::2])
    print(json.dumps({"order": order, "single call": single, "megabytes": _peak_memory()}))


def _peak_memory() -> float:
    """Return the most memory that this process had, in MB."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
