"""A process that makes calls with one client and prints how long they took: `python -m bench.worker NAME URL`.

It ends at once if the first call returns something wrong. For each line "COUNT IN_FLIGHT" on stdin it makes that many
calls and prints the seconds.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bench.contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Callable


class WrongResultError(Exception):
    """A client returned something else than it should."""


async def work(call: Callable[[], Any], is_right: Callable[[Any], bool]) -> None:
    """Check the result of a call, then time calls as stdin asks for them."""
    result = call()
    is_async = inspect.isawaitable(result)
    result = await result if is_async else result
    if not is_right(result):
        raise WrongResultError(f"it returned {result!r}")
    for line in iter(sys.stdin.readline, ""):
        count, in_flight = map(int, line.split())
        print(await _in_tasks(call, count, in_flight) if is_async else _in_threads(call, count, in_flight), flush=True)


def _in_threads(call: Callable[[], Any], count: int, in_flight: int) -> float:
    with ThreadPoolExecutor(in_flight) as pool:
        began = time.perf_counter()
        if in_flight == 1:
            for _ in range(count):
                call()
        else:
            for future in [pool.submit(call) for _ in range(count)]:
                future.result()
        return time.perf_counter() - began


async def _in_tasks(call: Callable[[], Any], count: int, in_flight: int) -> float:
    left = iter(range(count))

    async def calls() -> None:
        for _ in left:
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(calls() for _ in range(in_flight)))
    return time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(work(*CONTENDERS[sys.argv[1]](sys.argv[2])))
