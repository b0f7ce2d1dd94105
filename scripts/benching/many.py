"""Cancel many orders on an instant transport, in a process of its own, and report what each cost and the most memory.

Between two batches of a run come single calls of the same client, so that what the machine does meanwhile meets both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import statistics
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benching.answers import TOKEN
from benching.instant import Instant
from thanksio import AsyncThanksIO, ThanksIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOWHERE = "http://127.0.0.1:1"
_LEAST_BATCH, _MOST_SINGLES, _WARM = 1000, 2000, 300


class LostError(Exception):
    """Not every order was cancelled."""


def batch_of(ids: int) -> int:
    """Return how many orders are measured at a time: a twentieth of all, but enough to see."""
    return min(ids, max(_LEAST_BATCH, ids // 20))


def peak() -> float:
    """Return the most memory that this process ever had, in MB; getrusage alone would count its parent's, too."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8")) if status.exists() else None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found[1]) / 1024 if found else most / (1024**2 if sys.platform == "darwin" else 1024)


def in_threads(ids: int, journal: Path | None) -> Iterator[tuple[float, float]]:
    """Return the seconds of an order in each batch, and of a single call beside it."""
    batch = batch_of(ids)
    singles = min(batch, _MOST_SINGLES)
    with ThanksIO(TOKEN, base_url=_NOWHERE, transport=Instant()) as client:
        _check(sum(one.verdict == "cancelled" for one in client.cancel_orders(range(1, _WARM + 1), pace=False)), _WARM)
        results = client.cancel_orders((number + 1 for number in range(ids)), pace=False, journal=journal)
        for _ in range(ids // batch):
            began = time.perf_counter()
            cancelled = sum(one.verdict == "cancelled" for one in islice(results, batch))
            many = (time.perf_counter() - began) / batch
            _check(cancelled, batch)
            began = time.perf_counter()
            for number in range(singles):
                client.cancel_order(number + 1)
            yield many, (time.perf_counter() - began) / singles
        _check(sum(1 for _ in results), ids % batch)


async def in_tasks(ids: int, journal: Path | None) -> list[tuple[float, float]]:
    """Return the same of the async client."""
    batch, took = batch_of(ids), []
    singles = min(batch, _MOST_SINGLES)
    async with AsyncThanksIO(TOKEN, base_url=_NOWHERE, transport=Instant()) as client:
        for number in range(_WARM):
            await client.cancel_order(number + 1)
        orders = (number + 1 for number in range(ids))
        async with client.cancel_orders(orders, pace=False, journal=journal) as results:
            for _ in range(ids // batch):
                began = time.perf_counter()
                for _ in range(batch):
                    _check((await anext(results)).verdict == "cancelled", 1)
                many = (time.perf_counter() - began) / batch
                began = time.perf_counter()
                for number in range(singles):
                    await client.cancel_order(number + 1)
                took.append((many, (time.perf_counter() - began) / singles))
            _check([1 async for _ in results].count(1), ids % batch)
    return took


def _check(found: int, wanted: int) -> None:
    if found != wanted:
        raise LostError(f"{found} orders of {wanted} came out as cancelled")


def main() -> None:
    """Print the medians over the batches, and the memory, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ids", type=int, required=True)
    parser.add_argument("--kind", choices=["sync", "async"], default="sync")
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args()
    pairs = (
        list(in_threads(options.ids, options.journal))
        if options.kind == "sync"
        else asyncio.run(in_tasks(options.ids, options.journal))
    )
    total, single = (statistics.median(column) for column in zip(*pairs, strict=True))
    own = statistics.median(many - one for many, one in pairs)
    print(json.dumps({"total": total, "single": single, "own": own, "peak": peak()}))


if __name__ == "__main__":
    main()
