"""One budget for many processes, in a real Redis; and what is left of it when the Redis is away."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, TOKEN

from thanksio import AsyncThanksIO, ConfigurationError, Pace, ThanksIO
from thanksio._pace import ASK_AGAIN
from thanksio._pacer import Pacer, Shared
from thanksio._settings import Token
from thanksio._verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thanksio.testing import FakeThanksIO


class Redis:
    """A Redis server on loopback, which can be taken away."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.address = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing. Install it: apt-get install redis-server"
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
def away(tmp_path: Path) -> Iterator[Redis]:
    """Give a Redis of the test's own."""
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


def told(limit: int) -> Answer:
    return Answer(200, headers={"x-ratelimit-limit": str(limit)})


def pacer(redis: Redis, key: str, limit: int = 10) -> Pacer:
    """Give a budget that has learned the limit."""
    made = Pacer.of(Pace(storage=redis.address), key)
    assert made.ask(0.0) == 0.0
    made.answered(0.0, 0.0, told(limit))
    return made


def used_up(one: Pacer, now: float = 1.0) -> int:
    """Let go what may go; give how many those were."""
    count = 0
    while count < 1000 and one.ask(now) == 0.0:
        count += 1
    return count


def test_two_share_one_limit(server: Redis) -> None:
    first, second = pacer(server, "two"), pacer(server, "two")

    assert used_up(first) + used_up(second) == 10 - 2
    assert 55 < second.ask(1.0) <= 61  # the window of 60 s, and a second for what is still on its way


def test_others_are_another_account(server: Redis) -> None:
    first, second = pacer(server, "mine"), pacer(server, "yours")

    assert used_up(first) == used_up(second) == 9


def test_a_limit_that_is_learned_keeps_what_was_counted(server: Redis) -> None:
    first, second = pacer(server, "learned", 10), pacer(server, "learned", 20)
    used_up(first)

    assert used_up(second) == 20 - 10


def test_without_the_storage_each_keeps_to_its_share(away: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """As many as were seen divide the limit, so that together they never exceed it."""
    budgets = [pacer(away, "share", 40) for _ in range(4)]
    assert [one.ask(0.5) for one in budgets] == [0.0] * 4
    away.stop()

    counts = [1 + 1 + (one.ask(1.0) == ASK_AGAIN) * used_up(one) for one in budgets]
    away.start()

    assert counts == [10] * 4
    assert (
        caplog.messages.count(
            "the shared budget cannot be reached (ConnectionError): "
            "until it can, this process makes 10 requests in 60 s"
        )
        == 4
    )


def test_a_storage_that_was_never_reached_leaves_a_tenth(away: Redis) -> None:
    away.stop()
    made = Pacer.of(Pace(storage=away.address), "never")

    assert made.ask(0.0) == ASK_AGAIN
    assert made.ask(0.1) == 0.0
    made.answered(0.1, 0.1, told(120))
    assert used_up(made) == 11
    away.start()


def test_what_left_meanwhile_is_counted_when_the_storage_is_back(away: Redis, caplog: pytest.LogCaptureFixture) -> None:
    made = pacer(away, "back", 100)
    away.stop()
    assert made.ask(1.0) == ASK_AGAIN
    made._budget.share = 2  # as if another had been seen
    assert used_up(made) == 49
    away.start()
    other = pacer(away, "back", 100)
    used_up(other)

    assert made.ask(1.0) > 1  # its share is used
    for left in range(49):
        made.answered(1.0, 1.0 + left / 100, told(100))
    assert made.ask(62.0) == ASK_AGAIN  # in the shared count there is no room for it
    assert made.ask(62.1) == 0.0  # so it goes on alone
    other._shared.storage.reset()  # type: ignore[union-attr]
    assert made.ask(70.0) == 0.0
    assert caplog.messages[-1] == "the shared budget can be reached again"
    assert made.rate(70.0).allowed == 100


def test_a_storage_that_is_silent_costs_two_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thanksio._pacer._STEP", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        made = Pacer.of(Pace(storage=f"redis://127.0.0.1:{silent.getsockname()[1]}"), "silent")
        began = time.monotonic()

        assert made.ask(0.0) == ASK_AGAIN

    assert time.monotonic() - began < 2


@pytest.mark.parametrize("address", ["redis://127.0.0.1:port", "redis://:secret@[::1", "redis://:secret@host:99999/x"])
def test_an_address_that_cannot_be_read_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ThanksIO(TOKEN, pace=Pace(storage=address)).cancel_orders([1])

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("missing", ["limits.storage", "redis"])
def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ConfigurationError, match=r"pip install 'thanksio\[redis\]'"):
        AsyncThanksIO(TOKEN, pace=Pace(storage="redis://localhost"))


def test_the_storage_learns_nothing_of_the_token(server: Redis) -> None:
    client = ThanksIO(TOKEN, pace=Pace(storage=server.address), base_url="http://127.0.0.1:1")
    assert client._budget
    assert client._budget.ask(0.0) == 0.0
    shared: Any = client._budget._shared

    keys = [key.decode() for key in shared.storage.storage.keys()]  # noqa: SIM118 - Redis's word

    assert any(Token(TOKEN).fingerprint("http://127.0.0.1:1") in key for key in keys)
    assert not any(TOKEN in key for key in keys)
    assert Token(TOKEN).fingerprint("a") != Token(TOKEN).fingerprint("b")


def test_a_process_is_seen_once_in_each_span(server: Redis) -> None:
    shared = Shared.at(server.address, "seen", 60.0)

    for _ in range(3):
        shared.take(1, 100)

    assert shared.members == 1


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
            print(*[result.verdict async for result in client.cancel_orders(ids, pace=pace)])
    anyio.run(main, backend=kind)
"""


def test_four_processes_share_one_limit_and_meet_no_429(server: Redis, fake: FakeThanksIO) -> None:
    count = 45
    fake.limit(80, per=3.0)  # not below what is documented, with which each of them begins
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
    said = [process.communicate(timeout=50)[0].split() for process in processes]

    assert said == [["cancelled"] * count] * 4
    assert len(fake.calls) == 4 * count  # so not one was refused for the limit
    assert all(call.cancelled for call in fake.calls)


def test_a_budget_is_shared_by_the_calls_of_a_client_with_a_warning_when_it_is_alone(
    fake: FakeThanksIO, away: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    away.stop()
    caplog.set_level(logging.WARNING)
    ids = [fake.place().id for _ in range(30)]
    fake.limit(120)

    with fake.client(pace=Pace(storage=away.address)) as client:
        results = list(client.cancel_orders(ids))

    assert [result.verdict for result in results] == ["cancelled"] * 30
    assert len(fake.calls) == 30
    assert "cannot be reached" in caplog.text
    away.start()
