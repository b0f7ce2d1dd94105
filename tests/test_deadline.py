"""Rules 4 and 5 on real sockets: a call ends in time and with our own message for any bytes of a server."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from conftest import CANCELLED, LETTER, Connect, ok, script
from raw_server import (
    DRIP_BODY,
    DRIP_HEADERS,
    FLOOD_100,
    FLOOD_CHUNKS,
    Action,
    RawServer,
    answer,
    raw,
    raw_then_close,
    silence,
)

from thanksio import RetryPolicy, errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ONCE = RetryPolicy(max_attempts=1)
SLACK = 0.5  # what rule 4 allows
LONG = 10.0


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds + SLACK


SLOW: dict[str, Action] = {
    "silent": silence,
    "headers drip": DRIP_HEADERS,
    "body drips": DRIP_BODY,
    "chunks without end": FLOOD_CHUNKS,
    "100 without end": FLOOD_100,
}


@pytest.mark.parametrize("action", SLOW.values(), ids=SLOW.keys())
def test_no_server_outlives_the_deadline(connect: Connect, action: Action) -> None:
    with RawServer(action, answer(CANCELLED)) as server:
        client = connect(base_url=server.base_url, timeout=3.0, retry=ONCE)

        with ends_within(0.15), pytest.raises(errors.APITimeoutError) as caught:
            client.cancel_order(37294, deadline=0.15)

        assert caught.value.may_have_cancelled is True
        assert client.cancel_order(37294).id == 37294
        assert server.connections == 2


def test_a_step_has_its_own_timeout_and_is_retried(connect: Connect) -> None:
    with RawServer(silence, answer(CANCELLED)) as server, ends_within(0.2):
        client = connect(base_url=server.base_url, timeout=0.2)

        assert client.cancel_order(37294, deadline=4).id == 37294

    assert len(server.requests) == 2


def test_a_server_that_never_finishes_the_handshake_was_sent_nothing(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = connect(base_url=f"https://127.0.0.1:{port}", timeout=3.0)

        with ends_within(0.15), pytest.raises(errors.APITimeoutError) as caught:
            client.cancel_order(37294, deadline=0.15)

    assert caught.value.may_have_cancelled is False


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_deadline_that_is_over_before_the_attempt_was_sent_nothing(connect: Connect, scheme: str) -> None:
    """Loading the certificates can take longer than the call may."""
    with RawServer(answer(CANCELLED)) as server:
        client = connect(base_url=server.base_url.replace("http", scheme), retry=ONCE)

        with pytest.raises(errors.APITimeoutError, match="the deadline of the call was reached") as caught:
            client.cancel_order(37294, deadline=1e-9)

    assert caught.value.may_have_cancelled is False
    assert server.requests == []


def test_a_name_that_does_not_exist_was_sent_nothing(connect: Connect) -> None:
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(base_url="https://no-such-host.invalid", retry=ONCE).cancel_order(37294)

    assert caught.value.may_have_cancelled is False


def test_every_address_of_a_name_is_tried(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def two_addresses(host: str, *arguments: Any, **options: Any) -> Any:
        hosts = ["127.0.0.2", "127.0.0.1"] if host in {"localhost", b"localhost"} else [host]
        return [found for host in hosts for found in look_up(host, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with RawServer(answer(CANCELLED)) as server:
        client = connect(base_url=server.base_url.replace("127.0.0.1", "localhost"))

        assert client.cancel_order(37294).id == 37294


QUOTABLE: dict[str, Action] = {
    "no headers": raw_then_close(b"<html>" + LETTER.encode()),
    "a header without a colon": raw_then_close(b"HTTP/1.1 200 OK\r\n" + LETTER.encode() + b"\r\n\r\n"),
}


@pytest.mark.parametrize("action", QUOTABLE.values(), ids=QUOTABLE.keys())
def test_a_response_that_is_not_http_is_not_quoted(connect: Connect, action: Action) -> None:
    with RawServer(action) as server, pytest.raises(errors.APIConnectionError) as caught:
        connect(base_url=server.base_url, retry=ONCE).cancel_order(37294)

    assert LETTER not in repr(caught.value.args)


HUGE = b"HTTP/1.1 %s\r\nContent-Length: 104857600\r\n\r\n" + b" " * 2_000_000


def test_a_huge_error_is_still_the_error(connect: Connect) -> None:
    with RawServer(raw(HUGE % b"403 No")) as server, pytest.raises(errors.PermissionDeniedError):
        connect(base_url=server.base_url).cancel_order(37294)


# Transports that are not httpx's own, whose steps nobody can cut


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in pieces for as long as anybody listens."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(200):
            time.sleep(0.02)
            yield b" "

    async def __aiter__(self) -> Any:
        for chunk in self:
            yield chunk


def test_a_foreign_transport_is_held_to_the_deadline_between_chunks(connect: Connect) -> None:
    client = connect(lambda _: httpx.Response(200, stream=Chunks()), retry=ONCE)

    with ends_within(0.2), pytest.raises(errors.APITimeoutError):
        client.cancel_order(37294, deadline=0.2)


def test_an_answer_that_came_whole_counts_though_it_came_late(connect: Connect) -> None:
    def late(_request: httpx.Request) -> httpx.Response:
        time.sleep(0.1)
        return ok(CANCELLED)

    assert connect(late, retry=ONCE).cancel_order(37294, deadline=0.05).id == 37294


class Plain(httpx.AsyncByteStream):
    """A body whose iterator is no generator."""

    def __aiter__(self) -> Plain:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_body_need_not_be_a_generator(connect: Connect) -> None:
    with pytest.raises(errors.APIResponseValidationError):
        connect(lambda _: httpx.Response(200, stream=Plain())).cancel_order(37294)


class Never(httpx.AsyncBaseTransport):
    """A transport that never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(LONG)
        raise AssertionError(request)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])  # a blocking call of somebody else's cannot be cut
def test_a_foreign_async_transport_is_cut_even_before_its_answer(connect: Connect) -> None:
    client = connect(transport=Never(), retry=ONCE)

    with ends_within(0.2), pytest.raises(errors.APITimeoutError) as caught:
        client.cancel_order(37294, deadline=0.2)

    assert caught.value.may_have_cancelled is True


@pytest.mark.parametrize("kind", ["sync"])  # an async attempt is cancelled before its connection has begun to connect
def test_a_deadline_that_is_over_before_the_request_is_written_was_sent_nothing(connect: Connect) -> None:
    with RawServer(answer(CANCELLED)) as server:
        client = connect(base_url=server.base_url, retry=ONCE)
        client.cancel_order(37294)

        with pytest.raises(errors.APITimeoutError) as caught:
            client.cancel_order(37294, deadline=1e-6)

    assert caught.value.may_have_cancelled is False


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_name_that_cannot_be_encoded_was_sent_nothing(connect: Connect, host: str) -> None:
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(base_url=f"https://{host}", retry=ONCE).cancel_order(37294)

    assert caught.value.may_have_cancelled is False


def test_what_explains_an_error_is_read_within_the_deadline(connect: Connect) -> None:
    pages = (b"<title" * 10_923, "text/html"), (b'{"a": [%s{}]}' % (b"{}, " * 250_000), "application/json")
    for body, kind in pages:
        client = connect(script(httpx.Response(422, content=body, headers={"content-type": kind}))[0])

        with ends_within(0.1), pytest.raises(errors.CancellationRefusedError):
            client.cancel_order(37294, deadline=0.1)
