"""`transport="fast"` keeps the rules of httpx's own transport; what every fault comes to there is in test_faults.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import CANCELLED, TOKEN, Connect, order
from raw_server import RawServer, answer, raw, raw_then_close, reset, silence

from thanksio import AsyncThanksIO, ConfigurationError, RetryPolicy, ThanksIO, errors
from thanksio._fast_sync import FastTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from raw_server import Action

    from thanksio.testing import FakeThanksIO

ONCE = RetryPolicy(max_attempts=1)
REFUSED = b"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(params=["sync", "asyncio"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fast(connect: Connect) -> Callable[..., Any]:
    return lambda **settings: connect(transport="fast", **settings)


@pytest.mark.parametrize(
    ("client", "engine"), [(ThanksIO, "pyreqwest"), (AsyncThanksIO, "aiohttp")], ids=["sync", "async"]
)
def test_without_its_engine_it_is_refused_with_the_command_that_mends_it(
    client: Callable[..., object], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thanksio._fast.find_spec", lambda name: None if name == engine else object())

    with pytest.raises(ConfigurationError) as caught:
        client(TOKEN, transport="fast")
    assert str(caught.value).endswith(f"needs {engine}. Install it: pip install 'thanksio[fast]'.")


def test_another_word_is_no_transport() -> None:
    with pytest.raises(ConfigurationError, match=r'transport must be an httpx\.BaseTransport, or "fast"'):
        ThanksIO(TOKEN, transport="faster")  # type: ignore[arg-type]


def test_the_request_says_what_every_other_says(connect: Connect, fast: Callable[..., Any]) -> None:
    """The case of header names does not matter (RFC 9110, section 5.1), nor does their order."""

    def said(request: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        line, *headers = request.removesuffix(b"\r\n\r\n").split(b"\r\n")
        pairs = [tuple(header.split(b": ", 1)) for header in headers]
        return line, sorted((name.lower(), value) for name, value in pairs)

    with RawServer(answer(CANCELLED)) as server:
        for client in (connect(base_url=server.base_url), fast(base_url=server.base_url)):
            client.cancel_order(37294)

        usual, other = map(said, server.requests)
        assert other == usual
        assert (b"content-length", b"0") in usual[1]


def test_nothing_of_an_answer_is_kept_followed_or_unpacked(fast: Callable[..., Any]) -> None:
    cookie = answer(CANCELLED, Set_Cookie="session=1; Path=/")
    elsewhere = answer({}, "302 Found", Location="/elsewhere")
    with RawServer(cookie, elsewhere, answer(b"\x1f\x8b", Content_Encoding="gzip")) as server:
        client = fast(base_url=server.base_url, retry=ONCE)
        client.cancel_order(37294)
        with pytest.raises(errors.APIStatusError, match="302"):
            client.cancel_order(37294)
        with pytest.raises(errors.APIResponseValidationError, match="cannot be decompressed"):
            client.cancel_order(37294)

        assert len(server.requests) == 3
        assert not any(b"cookie" in request.lower() for request in server.requests)


def test_proxies_of_the_environment_are_not_used(fast: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(answer(CANCELLED)) as server:
        assert fast(base_url=server.base_url).cancel_order(37294).id == 37294


@pytest.mark.parametrize("action", [reset, raw_then_close(b"")], ids=["reset", "closed"])
@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
def test_it_sends_nothing_again_by_itself(fast: Callable[..., Any], action: Action, *, kept: bool) -> None:
    with RawServer(*([answer(CANCELLED)] if kept else []), action) as server:
        client = fast(base_url=server.base_url, retry=ONCE)
        if kept:
            client.cancel_order(37294)
        with pytest.raises(errors.APIConnectionError) as caught:
            client.cancel_order(37294)

        assert caught.value.may_have_cancelled is True
        assert len(server.requests) == kept + 1


@pytest.mark.parametrize("pause", [0.0, 0.05], ids=["together", "later"])
def test_what_comes_unasked_is_not_taken_for_the_next_answer(fast: Callable[..., Any], pause: float) -> None:
    whole = json.dumps(CANCELLED).encode()
    good = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(whole), whole)

    def act(connection: Any) -> None:
        connection.sendall(good if pause else good + REFUSED)
        if pause:
            time.sleep(pause / 2)
            connection.sendall(REFUSED)

    with RawServer(act, answer(order(id=2))) as server:
        client = fast(base_url=server.base_url, retry=ONCE)
        client.cancel_order(37294)
        time.sleep(pause)

        assert client.cancel_order(2).id == 2
        assert len(server.requests) == 2


def test_a_connection_is_used_again(fast: Callable[..., Any]) -> None:
    with RawServer(answer(CANCELLED)) as server:
        client = fast(base_url=server.base_url)
        for _ in range(3):
            client.cancel_order(37294)

        assert server.connections == 1


def test_a_step_has_its_limit_and_the_call_its_deadline(fast: Callable[..., Any]) -> None:
    with RawServer(silence) as server:
        client = fast(base_url=server.base_url, timeout=0.2, retry=ONCE)
        for limits in ({}, {"deadline": 0.1}):
            start = time.monotonic()
            with pytest.raises(errors.APITimeoutError) as caught:
                client.cancel_order(37294, **limits)
            assert time.monotonic() - start < 0.2 + 0.5
            assert caught.value.may_have_cancelled is True


def test_an_answer_that_is_too_long_is_not_read_to_its_end(fast: Callable[..., Any]) -> None:
    endless = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b" " * 2_000_000)
    with RawServer(endless, answer(CANCELLED)) as server:
        client = fast(base_url=server.base_url, retry=ONCE)
        with pytest.raises(errors.APIResponseValidationError, match="longer than 1 MiB"):
            client.cancel_order(37294)

        assert client.cancel_order(37294).id == 37294


def test_after_its_end_nothing_is_sent(fast: Callable[..., Any]) -> None:
    with RawServer(answer(CANCELLED)) as server:
        unused, used = fast(base_url=server.base_url), fast(base_url=server.base_url)
        used.cancel_order(37294)
        for client in (unused, used):
            client.close()
            with pytest.raises(ConfigurationError, match="closed"):
                client.cancel_order(37294)

        assert len(server.requests) == 1


@pytest.mark.parametrize("backend", ["trio"])
def test_trio_is_told_that_it_is_not_served(backend: str, fake: FakeThanksIO) -> None:
    import anyio  # noqa: PLC0415

    async def call() -> None:
        async with AsyncThanksIO(TOKEN, base_url=fake.base_url, transport="fast") as client:
            with pytest.raises(ConfigurationError, match=r"runs on asyncio, and this is trio\. Nothing was sent"):
                await client.cancel_order(37294)

    anyio.run(call, backend=backend)
    assert fake.calls == []


FORK = """
import os, sys
from thanksio import ConfigurationError, ThanksIO
settings = {"base_url": sys.argv[1], "transport": "fast"}
used = ThanksIO("token", **settings)
used.cancel_order(37294)
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
for client in (used, ThanksIO("token", **settings)):
    try:
        client.cancel_order(37294)
    except ConfigurationError as error:
        assert "after a fork" in str(error)
    else:
        os._exit(3)
os._exit(0)
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, which ends by itself."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_after_a_fork_it_is_refused_instead_of_waiting_for_ever() -> None:
    with RawServer(answer(CANCELLED)) as server:
        ended = run_python(FORK, server.base_url)

        assert (ended.returncode, ended.stderr) == (0, "")
        assert len(server.requests) == 1


EXIT = """
import asyncio, sys
from thanksio import AsyncThanksIO, ThanksIO
settings = {"base_url": sys.argv[1], "transport": "fast"}
client = ThanksIO("token", **settings)
client.cancel_order(37294)
async def main():
    async with AsyncThanksIO("token", **settings) as other:
        await other.cancel_order(37294)
asyncio.run(main())
"""


def test_a_program_that_does_not_close_it_ends_all_the_same() -> None:
    with RawServer(answer(CANCELLED)) as server:
        ended = run_python(EXIT, server.base_url)

        assert (ended.returncode, ended.stderr) == (0, "")
        assert len(server.requests) == 2


def test_it_is_a_transport_of_httpx_like_any_other(fake: FakeThanksIO) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=FastTransport(1.0), headers=headers) as client:
        answered = client.put(f"{fake.base_url}/order/37294/cancel")
        assert answered.json()["order"]["status"] == "cancelled"
        with pytest.raises(httpx.ConnectError, match="no connection could be made"):
            client.put("http://127.0.0.1:9/")


def test_a_name_that_cannot_be_resolved_was_sent_nothing(fast: Callable[..., Any]) -> None:
    with pytest.raises(errors.APIConnectionError, match="no connection could be made") as caught:
        fast(base_url="https://thanksio.invalid", retry=ONCE).cancel_order(37294)
    assert caught.value.may_have_cancelled is False


def test_certificates_that_cannot_be_loaded_are_a_matter_of_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "none.pem"
    monkeypatch.setattr(httpx, "create_ssl_context", nowhere.read_bytes)
    monkeypatch.setattr("certifi.where", lambda: str(nowhere))

    with pytest.raises(ConfigurationError, match=r"certificates .*none\.pem"):
        ThanksIO(TOKEN, transport="fast").cancel_orders([37294])
    with pytest.raises(ConfigurationError, match=r"certificates .*none\.pem"):
        AsyncThanksIO(TOKEN, transport="fast").cancel_orders([37294])
