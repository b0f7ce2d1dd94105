"""Cancel many orders under stress, and print figures: the rate in real time, faults, kills, a million ids.

The tests run most of these in a small size. `--only NAME` runs one of them.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from thanksio import AuthenticationError, CancelResult, Pace, PaymentRequiredError, ThanksIO
from thanksio.bulk._journal import Journal
from thanksio.testing import FAULTS, FakeThanksIO
from thanksio.testing._fault import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thanksio.testing._script import Script
    from thanksio.testing._server import Request

HERE = Path(__file__).resolve()
FIRST = 100_000  # the first order's number


class StressError(Exception):
    """A check failed."""


def placed(fake: FakeThanksIO, count: int) -> range:
    """Place orders, and return their numbers."""
    for number in range(FIRST, FIRST + count):
        fake.place(number)
    return range(FIRST, FIRST + count)


def check(holds: object, what: str) -> None:
    """Raise StressError unless something holds."""
    if not holds:
        raise StressError(what)


def truth(fake: FakeThanksIO, number: int) -> bool:
    """Return whether an order is cancelled."""
    return fake.orders[number].status == "cancelled"


def pace(orders: int = 3000, limit: int = 6000, per: float = 60.0, *, others: bool = False) -> str:
    """Cancel at the account's limit, in real time, perhaps with another client that uses half of it."""
    with FakeThanksIO() as fake, ThanksIO(fake.token, base_url=fake.base_url) as client:
        ids = placed(fake, orders)
        fake.limit(limit, per)
        moments: list[float] = []
        stop = threading.Event()
        other = threading.Thread(target=eat, args=(fake, limit // 2, per, stop))
        if others:
            other.start()
        began = time.monotonic()
        results = Counter[str]()
        refused = 0
        for result in client.cancel_orders(ids, pace=Pace(per=per)):
            moments.append(time.monotonic() - began)
            results[result.verdict] += 1
            refused += result.attempts - 1  # nothing else causes a retry here
        stop.set()
        if others:
            other.join()
        check(results == {"cancelled": orders} and all(truth(fake, number) for number in ids), f"{results}")
        windows = moments[-1] / per
        check(refused <= (windows + 1 if others else 0), f"{refused} responses 429 in {windows:.1f} windows")
        said = describe(moments, limit // 2 if others else limit, per)
        return f"{orders} orders, {limit} per {per:g} s: {said}; {refused} responses 429 in {windows:.1f} windows"


def describe(moments: list[float], limit: int, per: float) -> str:
    """Return how long it took, and which part of the limit was used from the second window to the last full one."""
    said = f"all settled in {moments[-1]:.1f} s"
    full = (len(moments) - 1) // limit  # windows but the last
    if full < 2:  # noqa: PLR2004 - the first, and one to measure
        return f"{said}, within the first windows"
    rate = (full - 1) * limit / (moments[full * limit] - moments[limit])
    return f"{said}, {rate / (limit / per):.1%} of the allowed rate after the first window"


def eat(fake: FakeThanksIO, share: int, per: float, stop: threading.Event) -> None:
    """Use up a share of each window at once, as another client with the same token does."""
    with httpx.Client(base_url=fake.base_url, headers={"Authorization": f"Bearer {fake.token}"}) as client:
        while not stop.is_set():
            began = time.monotonic()
            for _ in range(share):
                client.put("/order/42708/cancel")
            stop.wait(began + per - time.monotonic())


RUN = """
import sys
from thanksio import ThanksIO
with ThanksIO(sys.argv[1], base_url=sys.argv[2]) as client:
    for result in client.cancel_orders(range(int(sys.argv[4]), int(sys.argv[5])), journal=sys.argv[3], pace=False):
        pass
"""


def kills(count: int = 100, orders: int = 500, seed: int = 1) -> str:
    """Kill runs at random moments and start them again until each is complete."""
    chance = random.Random(seed)  # noqa: S311
    killed = finished = resent = settled_again = 0
    while killed < count:
        with FakeThanksIO() as fake, tempfile.TemporaryDirectory() as folder:
            ids = placed(fake, orders)
            path = Path(folder) / "run.journal"
            parts = [sys.executable, "-c", RUN, fake.token, fake.base_url, str(path), str(ids.start), str(ids.stop)]
            done = set[int]()
            while True:
                calls = len(fake.calls)
                if not killed_at(parts, chance.uniform(0.2, 1.2)):
                    break
                killed += 1
                settled_again += len(done & numbers(fake, calls))
                done = settled(path)
            settled_again += len(done & numbers(fake, calls))
            with Journal(path) as journal:
                states = {entry.order_id: entry.state for entry in journal.entries()}
            check(states == dict.fromkeys(ids, "cancelled"), "not every order is settled")
            check(all(truth(fake, number) for number in ids), "the journal is wrong")
            finished += 1
            resent += len(fake.calls) - orders
    check(settled_again == 0, f"{settled_again} settled orders were sent again")
    return f"{killed} kills in {finished} runs of {orders} orders: all settled; {resent} orders in flight sent again"


def killed_at(parts: list[str], seconds: float) -> bool:
    """Start a process and kill it after some seconds; return False if it ended before."""
    process = subprocess.Popen(parts)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    code = process.wait()
    check(code in {0, -signal.SIGKILL}, f"a run ended with {code}")
    return code != 0


def numbers(fake: FakeThanksIO, since: int) -> set[int]:
    """Return the orders that were sent since a call."""
    return {int(call.path.split("/")[-2]) for call in fake.calls[since:]}


def settled(path: Path) -> set[int]:
    """Return the orders whose verdict is in the journal; none if the run did not create it."""
    if not path.exists() or not path.stat().st_size:
        return set()
    with Journal(path) as journal:
        return {entry.order_id for entry in journal.entries() if entry.state == "cancelled"}


class Instant(httpx.BaseTransport):
    """Shows every order as cancelled, at once."""

    def __init__(self) -> None:
        with FakeThanksIO() as fake:
            fields = fake.orders[37294].fields | {"id": 0, "status": "cancelled"}
        self.body = json.dumps({"order": fields}).replace("%", "%%").replace('"id": 0', '"id": %s')

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Respond with the requested order."""
        return httpx.Response(200, text=self.body % request.url.path.split("/")[-2])


def instant(count: int) -> None:
    """Cancel orders of a generator over an instant transport; print the memory and the time of each tenth."""
    marks = [time.perf_counter()]
    with ThanksIO("no-token-at-all", base_url="http://127.0.0.1:1", transport=Instant()) as client:
        for number, _ in enumerate(client.cancel_orders((n + 1 for n in range(count)), pace=False), 1):
            if number % (count // 10) == 0:
                marks.append(time.perf_counter())
    each = [(after - before) / (count // 10) * 1e6 for before, after in pairwise(marks)]
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "each": each}))


def million(count: int = 1_000_000) -> str:
    """Compare memory and time per order of a thousand ids with those of very many."""

    def measured(size: int) -> Any:  # noqa: ANN401 - JSON
        command = [sys.executable, str(HERE), "--instant", str(size)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    few, many = measured(1000), measured(count)
    flat = max(many["each"]) / min(many["each"]) - 1
    more = many["peak"] - few["peak"]
    check(more < 30, f"{more:.0f} MB more")  # noqa: PLR2004 - the goal in docs/bulk.md
    return (
        f"{count:,} ids: peak {many['peak']:.1f} MB, {more:+.1f} MB against 1,000; "
        f"{sum(many['each']) / 10:.0f} us per order, tenths from {min(many['each']):.0f} to {max(many['each']):.0f} "
        f"({flat:.0%} apart)"
    )


class Moody(FakeThanksIO):
    """A fake that fails at random."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.chance = random.Random(1)  # noqa: S311
        self.part = 0.0
        self.which = [fault for fault in FAULTS.values() if fault.stage is Stage.ANSWER]

    def answer(self, request: Request) -> Script:
        """Respond to a part of all requests with a fault."""
        if self.chance.random() < self.part:
            self.fail_next(self.chance.choice(self.which))
        return super().answer(request)


def faults(orders: int = 2000, part: float = 0.2) -> str:
    """Respond to a part of all requests with any of the faults, and compare each verdict with the truth.

    A 401 or a 402 stops a run, so the rest is passed to another one, as a person would do.
    """
    results: dict[int, CancelResult] = {}
    runs = 0
    with Moody() as fake, fake.client(timeout=0.3, deadline=3.0) as client:
        ids = placed(fake, orders)
        fake.part = part
        while rest := [number for number in ids if number not in results or is_untried(results[number])]:
            runs += 1
            given = [int(result.order_id) for result in map(partial(note, results), client.cancel_orders(rest))]
            check(sorted(given) == rest, "an order is lost, or counted twice")
        wrong = [one for one in results.values() if contradicts(one, fake)]
        check(not wrong, f"{len(wrong)} verdicts are wrong: {wrong[:3]}")
        asked = {int(call.path.split("/")[-2]) for call in fake.calls}
        guessed = [one for one in results.values() if one.verdict != "unknown" and one.order_id not in asked]
        check(not guessed, f"{len(guessed)} verdicts are about orders that were not sent: {guessed[:3]}")
        met = [call.fault for call in fake.calls if call.fault]
        counted = dict(Counter(result.verdict for result in results.values()))
        said = f"{len(met)} of {len(fake.calls)} requests met one of {len(set(met))} faults in {runs} runs"
        return f"{orders} orders, {said}: {counted}, none wrong"


def is_untried(result: CancelResult) -> bool:
    """Return whether an order was not tried because the run stopped."""
    return result.verdict == "not_tried" and isinstance(result.error, AuthenticationError | PaymentRequiredError)


def note(results: dict[int, CancelResult], result: CancelResult) -> CancelResult:
    """Keep a result, and return it."""
    results[int(result.order_id)] = result
    return result


def contradicts(result: CancelResult, fake: FakeThanksIO) -> bool:
    """Return whether a verdict says the opposite of the truth."""
    return result.verdict != "unknown" and (result.verdict == "cancelled") != truth(fake, int(result.order_id))


def sections() -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield what can be run, the fast ones first."""
    yield "pace", pace
    yield "windows", lambda: pace(12_000, 600, 6.0)
    yield "others", lambda: pace(6000, 600, 6.0, others=True)
    yield "faults", faults
    yield "kills", kills
    yield "million", million


def main() -> int:
    """Run all, or one; return 1 if a check failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[name for name, _ in sections()])
    parser.add_argument("--instant", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.instant:
        instant(options.instant)
        return 0
    logging.getLogger("thanksio").setLevel(logging.ERROR)  # there is much drift
    failed = False
    for name, run in sections():
        if options.only in {None, name}:
            try:
                print(f"{name}: {run()}", flush=True)
            except StressError as error:
                failed = True
                print(f"{name}: FAILED, {error}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
