"""What our streams and sockets raise, in cases that a server can hardly be made to show."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import anyio
import httpcore
import pytest
from calls import failure, looked_up

from thanksio import ThanksIO
from thanksio._connection import _TLS, BROKEN, Attempt, _AsyncStream, _Stream

NOWHERE = "http://127.0.0.1:1"


def test_an_error_without_a_number_is_a_closed_connection() -> None:
    error = Attempt(time.monotonic()).connect_error("no connection was made", OSError("odd"))

    assert str(error) == "no connection was made: the connection was closed"


def test_what_the_caller_is_handling_is_no_reason(kind: str) -> None:
    errors: list[Any] = []
    try:
        raise ssl.SSLCertVerificationError(1, "of the caller")
    except ssl.SSLError:
        errors.append(failure(kind, base_url="http://127.0.0.1:1"))

    assert "connection refused" in str(errors[0])
    assert errors[0].is_permanent is False


def test_the_error_names_one_of_several_addresses_that_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, ["127.0.0.2", "127.0.0.3"])

    error = failure(kind, base_url="https://two.test:1", ssl_context=ssl.create_default_context())

    assert "no connection to two.test:1 was made: connection refused" in str(error)


def test_a_step_of_tls_that_is_late_already_times_out() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        tls = _TLS(ours, ssl.create_default_context(), "server.test")
        tls.settimeout(-1)

        with pytest.raises(TimeoutError):
            tls.do_handshake()


class Unwritable(httpcore.AsyncNetworkStream):
    """A stream that cannot be written to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def write(self, *_: object, **__: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (httpcore.WriteTimeout(), httpcore.WriteTimeout, "the request could not be sent within 2 s"),
        (httpcore.WriteError(), httpcore.WriteError, BROKEN),
        (ssl.SSLError(1, "bad record"), httpcore.WriteError, BROKEN),
    ],
)
def test_a_request_that_cannot_be_written_may_have_been_sent(
    raised: Exception, kind: type[Exception], words: str
) -> None:
    attempt = Attempt(time.monotonic() + 9, ready=True)

    async def write() -> Any:
        await _AsyncStream(Unwritable(raised), attempt).write(b"PUT", timeout=2.0)

    with pytest.raises(kind, match=words):
        anyio.run(write)

    assert attempt.sent


def test_a_host_name_that_tls_cannot_encode_is_a_connection_error() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(httpcore.ConnectError, match="its name could not be resolved"):
        _Stream(ours, Attempt(time.monotonic() + 9)).start_tls(ssl.create_default_context(), "a" * 64 + ".test", 9.0)


def test_what_a_signal_handler_raises_in_a_name_lookup_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise TimeoutError("of the host")

    monkeypatch.setattr(socket, "getaddrinfo", interrupted)

    with pytest.raises(TimeoutError, match="of the host") as caught, ThanksIO("test-token", base_url=NOWHERE) as client:
        client.cancel_order(37294)

    assert type(caught.value) is TimeoutError
