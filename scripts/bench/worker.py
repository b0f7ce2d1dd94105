"""A process that makes calls with one client: `python -m bench.worker NAME URL COUNT IN_FLIGHT`.

For each line on stdin it makes that many calls, and prints the seconds of one. A wrong result ends it.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bench.contenders import CONTENDERS, RIGHT

if TYPE_CHECKING:
    from collections.abc import Callable


def check(result: object) -> None:
    """Raise ValueError unless the result shows that the call cancelled."""
    if result not in RIGHT:
        raise ValueError(f"it returned {result!r}")


def in_threads(call: Callable[[], Any], count: int, in_flight: int) -> None:
    """Make sync calls, in threads if several are made at a time."""
    if in_flight == 1:
        for _ in range(count):
            check(call())
        return
    with ThreadPoolExecutor(in_flight) as pool:
        for future in [pool.submit(call) for _ in range(count)]:
            check(future.result())


async def in_tasks(call: Callable[[], Any], count: int, in_flight: int) -> None:
    """Make async calls."""
    left = iter(range(count))

    async def calls() -> None:
        for _ in left:
            check(await call())

    await asyncio.gather(*(calls() for _ in range(in_flight)))


async def main(name: str, url: str, count: int, in_flight: int) -> None:
    """Make and time calls as often as stdin has a line."""
    call = CONTENDERS[name](url)
    for _ in sys.stdin:
        began = time.perf_counter()
        if inspect.iscoroutinefunction(call):
            await in_tasks(call, count, in_flight)
        else:
            in_threads(call, count, in_flight)
        print((time.perf_counter() - began) / count, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
