"""Rule 4 for the shared budget: a call ends in time and with our own message for any server in place of Redis."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import anyio
import anyio.to_thread
import limits.storage.redis
import pytest
import redis.connection
from conftest import TOKEN
from embedding.calling import TWICE, outcome

from thanksio import APITimeoutError, AsyncThanksIO, ConfigurationError, Order, Pace, ThanksIOError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from thanksio.testing import FakeThanksIO

    GiveUp: TypeAlias = Callable[[AsyncThanksIO], Coroutine[Any, Any, None]]
    Reply: TypeAlias = Callable[[socket.socket, bytes], None]

PASSWORD = "geheim-0815-geheim"
LOADED = limits.storage.redis, redis.connection  # now, so that no test measures how long that takes
LONGEST = 5.0  # seconds after which a server gives up
DEADLINE, MORE = 0.5, 0.5


class NotQuiteRedis:
    """Listen on loopback, and reply to what arrives."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.address = f"redis://:{PASSWORD}@127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(LONGEST)
            while data := connection.recv(65536):
                self._reply(connection, data)


def commands(data: bytes) -> list[str]:
    return [name.decode().upper() for name in re.findall(rb"\*\d+\r\n\$\d+\r\n(\w+)\r\n", data)]


def silent(_connection: socket.socket, _data: bytes) -> None:
    """Accept everything, answer nothing."""


def one_byte_at_a_time(connection: socket.socket, _data: bytes) -> None:
    for _ in range(int(LONGEST / 0.05)):
        connection.sendall(b"+")
        time.sleep(0.05)


def http(connection: socket.socket, _data: bytes) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    raise OSError


def always(reply: bytes) -> Reply:
    """Accept a login, and answer every other command with this."""

    def act(connection: socket.socket, data: bytes) -> None:
        for name in commands(data):
            connection.sendall(b"+OK\r\n" if name in {"AUTH", "CLIENT", "SELECT", "PING"} else reply)

    return act


def slow(connection: socket.socket, data: bytes) -> None:
    """Grant everything, a while after it was asked for."""
    time.sleep(0.1)
    always(b":1\r\n")(connection, data)


def wrong_password(connection: socket.socket, data: bytes) -> None:
    for _ in commands(data):
        connection.sendall(b"-WRONGPASS invalid username-password pair\r\n")


def hang_up(_connection: socket.socket, _data: bytes) -> None:
    raise OSError


SERVERS: dict[str, Reply] = {
    "silent": silent,
    "one byte at a time": one_byte_at_a_time,
    "HTTP": http,
    "hangs up": hang_up,
    "wrong password": wrong_password,
    "key of the wrong type": always(b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    "read-only replica": always(b"-READONLY You can't write against a read only replica.\r\n"),
    "loading": always(b"-LOADING Redis is loading the dataset in memory\r\n"),
    "no script": always(b"-NOSCRIPT No matching script.\r\n"),
    "nil": always(b"$-1\r\n"),
    "text": always(b"$3\r\nabc\r\n"),
    "empty list": always(b"*0\r\n"),
    "list of texts": always(b"*2\r\n$3\r\nabc\r\n$3\r\nxyz\r\n"),
    "nested without end": always(b"*1\r\n" * 20_000),
    "a length of many digits": always(b"$" + b"9" * 5000 + b"\r\n"),
    "not UTF-8": always(b"-ERR \xff\xfe\r\n"),
}


def assert_told_well(found: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Check that it is a result, with a warning, or an error of ours, and names Redis without its password."""
    ours = [record for record in caplog.records if record.name.partition(".")[0] == "thanksio"]
    warnings = [record.getMessage() for record in ours if record.levelno >= logging.WARNING]
    assert isinstance(found, Order | ThanksIOError), repr(found)
    if isinstance(found, ThanksIOError):
        assert "redis" in str(found).lower()
    else:
        assert len(warnings) == 1
        assert "redis" in warnings[0].lower()
    assert PASSWORD not in "\n".join([repr(found), str(found), repr(getattr(found, "__cause__", "")), *warnings])


@pytest.mark.parametrize("reply", SERVERS.values(), ids=SERVERS.keys())
def test_any_bytes_instead_of_redis_let_a_call_end_in_time(
    kind: str, fake: FakeThanksIO, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    with NotQuiteRedis(reply) as server:
        settings: dict[str, Any] = {"base_url": fake.base_url, "pace": Pace(storage=server.address)}
        began = time.monotonic()
        found = outcome(kind, deadline=DEADLINE, **settings)
        took = time.monotonic() - began

    assert_told_well(found, caplog)
    assert took < DEADLINE + MORE
    assert isinstance(found, Order) or found.may_have_cancelled is False


ADDRESSES = [
    *("?foo=bar", "?socket_timeout=abc", "?db=abc", "?protocol=9", "?max_connections=0", "?retry_on_error=x"),
    *("?socket_connect_timeout=", "?decode_responses=maybe", "?health_check_interval=x", "/not-a-number", "?a=1&a=2"),
    *("?ssl_cert_reqs=none", "?connection_class=x", "?path=/etc/passwd", "?encoding=nonsense", "?retry=1"),
]


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize("rest", ADDRESSES)
def test_an_address_with_odd_options_is_refused_at_once_or_does_no_harm(
    fake: FakeThanksIO, caplog: pytest.LogCaptureFixture, scheme: str, rest: str
) -> None:
    try:
        pace = Pace(storage=f"{scheme}://:{PASSWORD}@127.0.0.1:1{'' if rest.startswith('/') else '/'}{rest}")
    except ConfigurationError as error:
        assert PASSWORD not in str(error)  # noqa: PT017 - refusing it is one of two good ends
        return

    found = outcome("sync", base_url=fake.base_url, pace=pace)

    assert isinstance(found, Order | ConfigurationError), repr(found)
    if isinstance(found, Order):
        assert_told_well(found, caplog)
    assert PASSWORD not in str(found)


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/?foo=bar", "unix:///nonexistent/redis.sock?foo=bar"])
def test_an_async_client_treats_odd_options_alike(
    kind: str, fake: FakeThanksIO, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    try:
        pace = Pace(storage=address)
    except ConfigurationError:
        return

    found = outcome(kind, base_url=fake.base_url, pace=pace)

    assert isinstance(found, Order | ConfigurationError), repr(found)
    if isinstance(found, Order):
        assert_told_well(found, caplog)


def test_a_call_that_ends_for_redis_alone_does_not_speak_of_the_limit_only(
    kind: str, fake: FakeThanksIO, caplog: pytest.LogCaptureFixture
) -> None:
    """The silent server is asked while the deadline of a call passes."""
    with NotQuiteRedis(silent) as server:
        found = outcome(kind, base_url=fake.base_url, pace=Pace(storage=server.address), deadline=0.1)

    if isinstance(found, ThanksIOError):
        assert "redis" in str(found).lower()
        assert found.attempts == len(fake.calls) == 0
    else:
        assert_told_well(found, caplog)


async def by_scope(client: AsyncThanksIO) -> None:
    with anyio.move_on_after(0.05):
        await client.cancel_order(37294)


async def by_task(client: AsyncThanksIO) -> None:
    """Cancel as asyncio does, which knows no shield."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(client.cancel_order(37294), 0.05)


@pytest.mark.parametrize(
    ("backend", "give_up", "reply"),
    [("asyncio", by_scope, silent), ("trio", by_scope, slow), ("asyncio", by_task, slow)],
)
def test_calls_that_are_cancelled_while_redis_is_asked_keep_no_permit(
    fake: FakeThanksIO, backend: str, give_up: GiveUp, reply: Reply
) -> None:
    """What left stops counting after half a second; what was lost would count for ever."""

    async def use() -> list[str]:
        pace = Pace(requests=5, per=0.5, storage=server.address)
        async with AsyncThanksIO(TOKEN, base_url=fake.base_url, pace=pace, retry=TWICE) as client:
            for _ in range(4):
                async with anyio.create_task_group() as tasks:
                    for _ in range(25):
                        tasks.start_soon(give_up, client)
            with anyio.fail_after(10):
                return [str((await client.cancel_order(37294)).status) for _ in range(2)]

    with NotQuiteRedis(reply) as server:
        assert anyio.run(use, backend=backend) == ["cancelled"] * 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_host_that_keeps_all_worker_threads_busy_does_not_outlast_the_deadline(backend: str) -> None:
    """The storage is asked in one of anyio's worker threads, of which there are 40."""

    async def use() -> float:
        pace = Pace(storage=server.address)
        client = AsyncThanksIO(TOKEN, base_url="http://127.0.0.1:1", pace=pace, retry=TWICE)
        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(anyio.to_thread.run_sync, time.sleep, 2.5)
            await anyio.sleep(0.1)
            start = time.monotonic()
            with pytest.raises(APITimeoutError, match="nothing was sent"):
                await client.cancel_order(37294, deadline=DEADLINE)
            took = time.monotonic() - start
        return took  # noqa: RET504 - not from within: a task group can swallow an exception

    with NotQuiteRedis(silent) as server:
        assert anyio.run(use, backend=backend) < DEADLINE + MORE
