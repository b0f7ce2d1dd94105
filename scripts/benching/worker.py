"""A contender in a process of its own: it reports whether it is ready, then makes as many calls as each line asks for.

A line is `{"calls": 100, "in_flight": 1}`, and so is the answer: the seconds of a call by the clock and of the
processor, or why there are none. The end of the input is the end of the process.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from benching.contenders import ALONE, ASYNC, SYNC
from benching.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from benching.contenders import Contender


class WrongAnswerError(Exception):
    """A contender returned something else than the order, so there is nothing to measure."""


def timed(call: Callable[[], object], calls: int, in_flight: int) -> float:
    """Return the seconds of a call: the median of calls one after another, or the time of all by their number."""
    if in_flight == 1:
        return statistics.median(_each(call, calls))
    gate = threading.Barrier(in_flight + 1)

    def work() -> None:
        gate.wait(30)
        for _ in range(calls // in_flight):
            call()

    with ThreadPoolExecutor(in_flight) as pool:
        working = [pool.submit(work) for _ in range(in_flight)]
        gate.wait(30)
        began = time.perf_counter()
        for one in working:
            one.result()
        return (time.perf_counter() - began) / calls


def _each(call: Callable[[], object], calls: int) -> list[float]:
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return took


async def atimed(call: Callable[[], Awaitable[object]], calls: int, in_flight: int) -> float:
    """Return the same of a contender that is async."""
    took: list[float] = []

    async def work() -> None:
        for _ in range(calls // in_flight):
            began = time.perf_counter()
            await call()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return statistics.median(took) if in_flight == 1 else (time.perf_counter() - began) / calls


async def _measured(timing: Callable[..., Any], call: Callable[[], Any], asked: dict[str, int]) -> dict[str, Any]:
    """Do what a line asks for, after as many calls as open the connections that it needs."""
    calls, in_flight = asked["calls"], asked["in_flight"]
    try:
        await _settled(timing(call, max(in_flight, 3) if in_flight == 1 else in_flight, in_flight))
        cpu = time.process_time()
        seconds = await _settled(timing(call, calls, in_flight))
        return {"seconds": seconds, "cpu": (time.process_time() - cpu) / calls}
    except Exception as error:  # noqa: BLE001 - whatever a contender raises, the others go on
        return {"error": f"{type(error).__name__}: {error}"[:200]}


async def _settled(given: Any) -> Any:  # noqa: ANN401 - what a contender gives
    return await given if inspect.isawaitable(given) else given


def _say(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def _made(name: str, url: str) -> Contender:
    """Make a contender, and check its first result."""
    contender = ({**SYNC, **ASYNC, **ALONE, **PEERS}[name])(url)
    given = await _settled(contender.call())
    if not contender.is_right(given):
        raise WrongAnswerError(f"{given!r}"[:200])
    return contender


async def _work(name: str, url: str) -> None:
    try:
        contender = await _made(name, url)
    except Exception as error:  # noqa: BLE001 - a contender that is not here is said to be so
        _say({"error": f"{type(error).__name__}: {error}"[:200]})
        return
    _say({})
    timing = atimed if name in ASYNC else timed
    while line := sys.stdin.readline():
        _say(await _measured(timing, contender.call, json.loads(line)))


def _alone(steps: Coroutine[Any, Any, None]) -> None:
    """Run what awaits nothing, without an event loop: a sync contender has none either."""
    try:
        steps.send(None)
    except StopIteration:
        return
    raise RuntimeError("a sync contender gave something to await")


def main() -> None:
    """Run the contender and use the address that the arguments name."""
    name, url = sys.argv[1:]
    work = _work(name, url)
    if name in ASYNC:
        asyncio.run(work)
    else:
        _alone(work)


if __name__ == "__main__":
    main()
