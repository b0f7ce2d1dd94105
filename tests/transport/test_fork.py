"""Rule 13: after a fork, parent and child each get their own answers, and no lock of the parent's stops the child."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import multiprocessing
import os
import select
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from calls import TWICE, in_process, verdict
from conftest import TOKEN
from servers import MISSING, OrderServer

from thanksio import AsyncThanksIO, Order, ThanksIO
from thanksio._connection import OPENSSL
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable

    Cancel = Callable[[int], Order]

LIMIT = 10.0  # seconds for what a child does
NO_ORDER = "OrderNotFoundError, may_have_cancelled=False"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def _client(kind: str, base_url: str) -> Cancel:
    settings: dict[str, Any] = {"base_url": base_url, "timeout": 1.0, "deadline": 3.0, "retry": TWICE}
    if kind == "sync":
        return ThanksIO(TOKEN, **settings).cancel_order
    client = AsyncThanksIO(TOKEN, **settings)
    return lambda number: asyncio.run(client.cancel_order(number))


def _fork(work: Callable[[], str]) -> Callable[..., str]:
    """Do work in a child, and return what waits for its result."""
    faulthandler.register(signal.SIGUSR1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)

    def wait(limit: float = LIMIT) -> str:
        outcome = os.read(reading, 999).decode() if select.select([reading], [], [], limit)[0] else ""
        os.close(reading)
        if not outcome and limit == LIMIT:
            os.kill(child, signal.SIGUSR1)  # it says where it is
            time.sleep(0.2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return outcome or "the child hangs"

    return wait


def _spawn(work: Callable[[], str]) -> Callable[[], str]:
    """Do the same with multiprocessing."""
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=lambda: writing.send(work()))
    child.start()
    writing.close()

    def wait() -> str:
        outcome = str(reading.recv()) if reading.poll(LIMIT) else "the child hangs"
        reading.close()
        child.kill()
        child.join()
        return outcome

    return wait


def rounds(kind: str, way: str, base_url: str) -> None:
    """Cancel an order in each child, and one that does not exist in the parent; print the first wrong verdict."""
    cancel, wrong = _client(kind, base_url), []
    cancel(1)
    for number in range(2, 42):
        wait = (_fork if way == "os.fork" else _spawn)(lambda number=number: verdict(lambda: cancel(number)))  # type: ignore[misc]
        verdicts = (verdict(lambda: cancel(MISSING)), wait())
        if verdicts != (NO_ORDER, f"order {number}"):
            wrong.append((number, *verdicts))
            break
    print(json.dumps(wrong), flush=True)  # noqa: T201 - the parent reads it
    os._exit(0)


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
@pytest.mark.parametrize("way", ["os.fork", "multiprocessing"])
def test_parent_and_child_never_receive_each_others_responses(kind: str, way: str) -> None:
    with OrderServer() as server:
        assert in_process(rounds, kind, way, server.base_url) == []

    assert server.requests.count(2) == 1


def busy(base_url: str) -> None:
    """Fork while four threads are in the middle of calls."""
    cancel, ended, wrong = _client("sync", base_url), threading.Event(), []
    cancel(999)

    def work(first: int) -> None:
        number = first
        while not ended.is_set():
            outcome = verdict(lambda: cancel(number))  # noqa: B023 - it is called at once
            wrong.extend([outcome] if outcome != f"order {number}" else [])
            number += 1

    threads = [threading.Thread(target=work, args=(first,)) for first in (1000, 100_000, 200_000, 300_000)]
    for thread in threads:
        thread.start()
    for number in range(1, 41):
        outcome = _fork(lambda number=number: verdict(lambda: cancel(number)))()  # type: ignore[misc]
        if outcome != f"order {number}":
            wrong.append(outcome)
            break
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps(wrong[:5]), flush=True)  # noqa: T201
    os._exit(0)


def test_a_fork_during_calls_leads_to_right_verdicts_in_both_processes() -> None:
    with OrderServer(delay=0.002) as server:
        assert in_process(busy, server.base_url) == []


def first_calls(base_url: str) -> None:
    """Fork while threads are in the very first calls of a client, which load certificates.

    Not the first of the process: what OpenSSL itself sets up in its first handshake is not safe to fork in.
    """
    wrong: list[str] = []
    _client("sync", base_url)(999)
    for number in range(1, 9):
        cancel = _client("sync", base_url)
        threads = [threading.Thread(target=cancel, args=(1000 + number,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for child in range(6):
            order_id = 10 * number + child
            children.append((order_id, _fork(lambda order_id=order_id: verdict(lambda: cancel(order_id)))))  # type: ignore[misc]  # noqa: B023
            time.sleep(0.002)
        for order_id, wait in children:
            outcome = wait(0.1 if wrong else LIMIT)
            wrong += [outcome] if outcome != f"order {order_id}" else []
        for thread in threads:
            thread.join()
        if wrong:
            break
    print(json.dumps(wrong), flush=True)  # noqa: T201
    os._exit(0)


def test_a_fork_during_the_first_call_does_not_hang_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = FakeThanksIO(tls=True).certificates
    assert certificates
    file = tmp_path / "ca.pem"
    file.write_bytes(Path(certifi.where()).read_bytes() + certificates.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with OrderServer(context=certificates.server) as server:
        assert in_process(first_calls, server.base_url) == []


def fork_in_a_handler() -> None:
    """Fork in a signal handler that comes while OpenSSL is used, and then use OpenSSL in another thread."""
    outcome: list[str] = []

    def use() -> str:
        thread = threading.Thread(target=OPENSSL.acquire, daemon=True)
        thread.start()
        thread.join(LIMIT / 2)
        return "locked" if thread.is_alive() else ""

    def handle(*_: object) -> None:
        outcome.append(_fork(lambda: "forked")())

    signal.signal(signal.SIGUSR1, handle)
    with OPENSSL:
        signal.raise_signal(signal.SIGUSR1)
    outcome.append(use())
    print(json.dumps(outcome), flush=True)  # noqa: T201
    os._exit(0)


def test_a_fork_in_a_signal_handler_does_not_hang() -> None:
    assert in_process(fork_in_a_handler, timeout=LIMIT) == ["forked", ""]
