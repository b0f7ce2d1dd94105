"""One budget for many processes, in a real Redis, and what is left of it while the Redis cannot be reached."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, TOKEN, ok
from servers import valkey_server

from thanksio import APITimeoutError, AsyncThanksIO, ConfigurationError, Pace, ThanksIO
from thanksio._config import Token
from thanksio._rate_limit import ASK_AGAIN, Permit
from thanksio._rate_limit_storage import RateLimiter, SharedBudget
from thanksio._verdict import Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thanksio.testing import FakeThanksIO


class Redis:
    """A Redis server on loopback, which can be stopped."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.address = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        program = valkey_server()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.01)
        raise AssertionError("redis-server does not listen")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    redis = Redis(tmp_path_factory.mktemp("redis"))
    yield redis
    redis.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Redis]:
    """Start a Redis that only this test uses, and may stop."""
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


def told(limit: int) -> Response:
    return Response(200, headers={"x-ratelimit-limit": str(limit)})


def send(limiter: RateLimiter, now: float) -> Permit:
    """Acquire a permit, and use it at once."""
    permit = Permit()
    assert limiter.acquire(permit, now) == 0.0
    permit.sent = now
    return permit


def make(redis: Redis, key: str, limit: int = 10) -> RateLimiter:
    """Return the budget of a process that has learned the limit."""
    limiter = RateLimiter.of(Pace(storage=redis.address), key)
    limiter.observe(send(limiter, 0.0), 0.0, told(limit))
    return limiter


def use_up(limiter: RateLimiter, now: float = 1.0) -> list[Permit]:
    """Return all the permits that are granted."""
    permits = [Permit()]
    while limiter.acquire(permits[-1], now) == 0.0:
        permits.append(Permit())
    return permits[:-1]


def test_two_share_one_limit(server: Redis) -> None:
    first, second = make(server, "two"), make(server, "two")

    assert len(use_up(first)) + len(use_up(second)) == 10 - 2
    assert 55 < second.acquire(Permit(), 1.0) <= 61  # the window of 60 s, and a second for what is still on its way


def test_another_account_has_its_own(server: Redis) -> None:
    first, second = make(server, "mine"), make(server, "yours")

    assert len(use_up(first)) == len(use_up(second)) == 9


def test_a_limit_that_is_learned_keeps_what_was_counted(server: Redis) -> None:
    first, second = make(server, "learned", 10), make(server, "learned", 20)
    use_up(first)

    assert len(use_up(second)) == 20 - 10


def test_a_permit_that_the_storage_did_not_grant_is_not_held(server: Redis) -> None:
    first, second = make(server, "held", 3), make(server, "held", 3)
    use_up(first)
    permit = Permit()

    assert second.acquire(permit, 1.0) > 1
    assert not permit.is_held
    assert second.rate(1.0).in_flight == 0


@pytest.mark.parametrize("storage", ["memory://", "redis"])
def test_a_permit_ends_with_its_call(server: Redis, storage: str) -> None:
    """One that was not used is returned; a request without a response counts."""
    address = server.address if storage == "redis" else storage
    limiter = RateLimiter.of(Pace(storage=address), "close")
    unused, used = Permit(), Permit()

    limiter.acquire(unused, 0.0)
    limiter.close(unused, 0.1)
    limiter.acquire(used, 0.2)
    used.sent = 0.2
    limiter.close(used, 0.3)
    limiter.close(used, 0.4)

    assert (limiter.rate(0.5).used, limiter.rate(0.5).in_flight) == (1, 0)
    assert limiter.acquire(unused, 0.5) == ASK_AGAIN
    assert not unused.is_held


def test_a_permit_is_taken_back_if_its_call_ends_while_the_storage_is_asked(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is cancelled does not wait for the thread that asks."""
    limiter, permit = make(server, "ended"), Permit()
    take = SharedBudget.take

    def end_meanwhile(self: SharedBudget, amount: int, limit: int) -> float:
        limiter.close(permit, 0.5)
        return take(self, amount, limit)

    monkeypatch.setattr(SharedBudget, "take", end_meanwhile)
    limiter.acquire(permit, 0.5)

    assert not permit.is_held
    assert limiter.rate(1.0).in_flight == 0


def test_an_interrupt_while_the_storage_is_asked_returns_the_permit(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter, permit = make(server, "interrupt"), Permit()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("thanksio._rate_limit_storage.futures.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire(permit, 0.5)

    assert not permit.is_held
    assert limiter.rate(1.0).in_flight == 0


def test_without_a_thread_to_ask_the_storage_the_process_is_alone(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    limiter, permit = make(server, "threads", 40), Permit()
    monkeypatch.setattr(threading.Thread, "start", refused)

    assert limiter.acquire(permit, 0.5) == ASK_AGAIN
    assert limiter.acquire(permit, 0.6) == 0.0
    assert "cannot be reached" in limiter.shortage


def test_without_the_storage_each_process_keeps_to_its_share(own: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """The limit is divided among as many as were seen, so together they never exceed it."""
    limiters = [make(own, "share", 40) for _ in range(4)]
    for limiter in limiters:
        send(limiter, 0.5)
    own.stop()

    waits = [limiter.acquire(Permit(), 1.0) for limiter in limiters]
    held = [limiter.acquire(Permit(), 61.9) for limiter in limiters]
    again = [limiter.acquire(Permit(), 62.1) for limiter in limiters]  # the storage is asked, and is still away
    counts = [1 + len(use_up(limiter, 62.2)) for limiter in limiters]
    own.start()

    assert waits == [ASK_AGAIN] * 4
    assert held == [pytest.approx(0.1)] * 4  # what the others sent before the outage counts until then
    assert again == [ASK_AGAIN] * 4
    assert counts == [10] * 4
    assert (
        caplog.messages.count(
            "the shared rate limit storage (Redis) cannot be reached (ConnectionError): "
            "until it can, this process is limited to 10 of 40 requests in 60 s"
        )
        == 4
    )


def test_a_storage_that_was_never_reached_leaves_a_tenth(own: Redis) -> None:
    own.stop()
    limiter = RateLimiter.of(Pace(storage=own.address), "never")

    assert limiter.acquire(Permit(), 0.0) == ASK_AGAIN
    limiter.observe(send(limiter, 0.1), 0.1, told(120))

    assert len(use_up(limiter)) == 11
    own.start()


def test_what_was_sent_meanwhile_is_counted_when_the_storage_is_back(
    own: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = make(own, "back", 100)
    own.stop()
    assert limiter.acquire(Permit(), 1.0) == ASK_AGAIN
    assert limiter.acquire(Permit(), 63.0) == ASK_AGAIN
    limiter._budget.share = 2  # as if another process had been seen
    permits = use_up(limiter, 63.1)
    assert len(permits) == 50
    own.start()
    other = make(own, "back", 100)
    use_up(other)

    assert limiter.acquire(Permit(), 63.1) == ASK_AGAIN  # its share is in flight
    for number, permit in enumerate(permits):
        limiter.observe(permit, 63.1 + number / 100, told(100))
    assert limiter.acquire(Permit(), 124.0) == ASK_AGAIN  # in the shared count there is no room for it
    send(limiter, 124.1)  # so it continues alone
    other._shared.storage.reset()  # type: ignore[union-attr]
    send(limiter, 132.0)
    assert caplog.messages[-1] == "the shared rate limit storage (Redis) can be reached again"
    assert limiter.rate(132.0).allowed == 50  # until all others count there, too
    send(limiter, 200.0)
    assert limiter.rate(200.0).allowed == 100


def test_a_storage_that_has_lost_its_data_is_not_trusted(own: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """After FLUSHALL it counts from zero, and the requests of the last window are missing there."""
    first, second = make(own, "flushed", 40), make(own, "flushed", 40)
    send(first, 0.5)
    send(second, 0.5)
    first._shared.client.flushall()  # type: ignore[union-attr]

    assert [limiter.acquire(Permit(), 1.0) for limiter in (first, second)] == [ASK_AGAIN] * 2
    assert [limiter.acquire(Permit(), 61.9) for limiter in (first, second)] == [pytest.approx(0.1)] * 2
    assert "cannot be reached (LookupError)" in caplog.text
    send(first, 63.0)
    assert caplog.messages[-1] == "the shared rate limit storage (Redis) can be reached again"


def test_the_shortage_names_a_missing_storage(own: Redis) -> None:
    limiter = make(own, "shortage")
    before = limiter.shortage
    own.stop()
    limiter.acquire(Permit(), 1.0)
    own.start()

    assert before == "the account's rate limit, shared through Redis, leaves no room before the deadline"
    assert limiter.shortage == (
        "the shared rate limit storage (Redis) cannot be reached, and this process alone may not send more"
    )


def test_the_error_of_a_call_names_a_missing_storage(own: Redis, fake: FakeThanksIO) -> None:
    fake.limit(10)  # of which a tenth is this process's
    with fake.client(pace=Pace(storage=own.address)) as client:
        own.stop()
        client.cancel_order(37294)
        with pytest.raises(APITimeoutError, match=r"the shared rate limit storage .* cannot be reached") as caught:
            client.cancel_order(42708, deadline=5)
    own.start()

    assert not caught.value.may_have_cancelled
    assert len(fake.calls) == 1


@contextmanager
def silent_server(drop: bytes = b"") -> Iterator[str]:
    """Run a server that accepts connections and never answers, or sends the same few bytes all the time."""
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while not ended.wait(0.02):
                connection.sendall(drop)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=listener.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("drop", [b"", b"+"], ids=["silent", "byte_by_byte"])
@pytest.mark.parametrize(("most", "left", "at_most"), [(0.3, float("inf"), 0.3), (2.0, 0.6, 0.3), (2.0, 0.02, 0.01)])
def test_a_storage_that_does_not_answer_is_given_up_on(
    monkeypatch: pytest.MonkeyPatch, drop: bytes, most: float, left: float, at_most: float
) -> None:
    """It gets two seconds (here less), or half of what is left of the deadline."""
    monkeypatch.setattr("thanksio._rate_limit_storage._LONGEST", most)
    with silent_server(drop) as address:
        limiter = RateLimiter.of(Pace(storage=address), "silent")
        began = time.monotonic()

        wait = limiter.acquire(Permit(), 0.0, left)

        took = time.monotonic() - began
    assert wait == ASK_AGAIN
    assert 0.9 * at_most <= took < at_most + 0.5
    assert limiter.rate(0.0).in_flight == 0


def test_a_call_whose_storage_does_not_answer_still_has_time_to_send(connect: Any) -> None:
    with silent_server(b"+") as address:
        driver = connect(lambda _request: ok(), pace=Pace(storage=address))
        began = time.monotonic()

        driver.cancel_order(37294, deadline=2.0)

    assert 0.9 <= time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    "address",
    [
        *["redis://127.0.0.1:port", "redis://:secret@[::1", "redis://:secret@host:99999/x"],
        *["redis://:secret@localhost?socket_timeout=secret", "redis://:secret@localhost?no_such_option=1"],
    ],
)
def test_an_unusable_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ThanksIO(TOKEN, pace=Pace(storage=address)).cancel_orders([1])

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("missing", ["limits.storage", "redis"])
def test_without_the_libraries_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ConfigurationError, match=r"pip install 'thanksio\[redis\]'"):
        AsyncThanksIO(TOKEN, pace=Pace(storage="redis://localhost"))


def test_the_storage_learns_nothing_of_the_token(server: Redis) -> None:
    client = ThanksIO(TOKEN, pace=Pace(storage=server.address), base_url="http://127.0.0.1:1")
    limiter = client._shared.limiter
    assert limiter
    send(limiter, 0.0)
    shared: Any = limiter._shared

    keys = [key.decode() for key in shared.storage.storage.keys()]  # noqa: SIM118 - Redis's word

    assert any(Token(TOKEN).fingerprint("http://127.0.0.1:1") in key for key in keys)
    assert not any(TOKEN in key for key in keys)
    assert Token(TOKEN).fingerprint("a") != Token(TOKEN).fingerprint("b")


def test_a_process_is_counted_once_in_each_span(server: Redis) -> None:
    shared = SharedBudget.at(server.address, "seen", 60.0)

    for _ in range(3):
        shared.take(1, 100)

    assert shared.members == 1


FORK = """
import os, sys
from thanksio import Pace
from thanksio._rate_limit import Permit
from thanksio._rate_limit_storage import RateLimiter
limiter = RateLimiter.of(Pace(storage=sys.argv[1]), "fork")
permit = Permit()
assert limiter.acquire(permit, 0.0) == 0.0
permit.sent = 0.0
with limiter._lock:
    child = os.fork()
    if not child:
        assert limiter.rate(3.0).in_flight == 0  # and the lock is free
        assert limiter.acquire(Permit(), 3.0) == 0.0
        os._exit(0)
    status = os.waitpid(child, 0)[1]
assert limiter.rate(3.0).in_flight == 1
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("storage", ["memory://", "redis"])
def test_a_forked_child_has_a_new_lock_and_no_permits(server: Redis, storage: str) -> None:
    address = server.address if storage == "redis" else storage

    subprocess.run([sys.executable, "-c", FORK, address], check=True, timeout=20, cwd=ROOT)


RUN = """
import sys, anyio
from thanksio import AsyncThanksIO, Pace, ThanksIO
kind, token, base_url, storage, first, count = sys.argv[1:]
ids = range(int(first), int(first) + int(count))
pace = Pace(per=3.0, storage=storage)
if kind == "sync":
    with ThanksIO(token, base_url=base_url) as client:
        print(*[result.verdict for result in client.cancel_orders(ids, pace=pace)])
else:
    async def main():
        async with AsyncThanksIO(token, base_url=base_url) as client:
            async with client.cancel_orders(ids, pace=pace) as results:
                print(*[result.verdict async for result in results])
    anyio.run(main, backend=kind)
"""


def test_four_processes_share_one_limit_and_get_no_429(server: Redis, fake: FakeThanksIO) -> None:
    count = 45
    fake.limit(80, per=3.0)  # not below the documented limit, with which each of them begins
    for number in range(100000, 100000 + 4 * count):
        fake.place(number)

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, kind, fake.token, fake.base_url, server.address, str(first), str(count)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for kind, first in zip(
            ["sync", "asyncio", "trio", "sync"], range(100000, 100000 + 4 * count, count), strict=True
        )
    ]
    outputs = [process.communicate(timeout=50)[0].split() for process in processes]

    assert outputs == [["cancelled"] * count] * 4
    assert len(fake.calls) == 4 * count  # so none was refused because of the limit
    assert all(call.cancelled for call in fake.calls)


def test_a_run_without_the_storage_continues_with_a_warning(
    fake: FakeThanksIO, own: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    own.stop()
    caplog.set_level(logging.WARNING)
    ids = [fake.place().id for _ in range(30)]
    fake.limit(120)

    with fake.client(pace=Pace(storage=own.address)) as client:
        results = list(client.cancel_orders(ids))

    assert [result.verdict for result in results] == ["cancelled"] * 30
    assert len(fake.calls) == 30
    assert "cannot be reached" in caplog.text
    own.start()
