"""Rule 8: what a signal handler of the host raises passes through a sync call unchanged and at once."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from calls import TWICE, failure, in_process, verdict
from conftest import TOKEN
from servers import Listener, hold

from thanksio import Pace, RetryPolicy, ThanksIO
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Iterator


class SoftTimeLimit(Exception):  # noqa: N818 - as job queues call it
    """Raised by a job queue in a job that takes too long."""


class Stop(ConnectionError):  # noqa: N818 - as hosts call it
    """Raised by a host that ends what it does with the network."""


KINDS: list[type[BaseException]] = [KeyboardInterrupt, SoftTimeLimit, TimeoutError]
ROUNDS = 13  # for each kind of exception and each stage: 312 in all
STAGES = {
    "connect": "slow_connect",
    "TLS handshake": "tls_silent",
    "waiting for headers": "silent",
    "in the headers": "drip_headers",
    "waiting for the body": "silent_after_headers",
    "in the body": "drip",
    "backoff": "retry_after_90",
    "anywhere in a good call": "",
}
_HARMLESS = "the interpreter dropped it in a destructor"


class _Round:
    """One call, and one signal in its midst."""

    def __init__(self, kind: type[BaseException], dropped: list[Any]) -> None:
        self._dropped = dropped
        self._is_over = False
        self.thrown: list[BaseException] = []
        self.at = 0.0
        self._kind = kind
        signal.signal(signal.SIGINT, self._raise)
        by_ctrl_c = kind is KeyboardInterrupt
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT) if by_ctrl_c else self._raise())

    def _raise(self, *_: object) -> None:
        if self._is_over or (self.thrown and not self._is_dropped()):
            return
        self.at = time.monotonic()
        self.thrown.append(self._kind("of the host"))
        raise self.thrown[0]

    def _is_dropped(self) -> bool:
        return any(error is self.thrown[0] for error in self._dropped)

    def problem(self, client: ThanksIO, longest: float) -> str:
        """Return what is wrong with how the call ended, if anything is."""
        ended: object = None
        try:
            # again after 50 ms: CPython sleeps through a signal that comes just before it enters poll()
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, longest), 0.05)  # noqa: S311 - no secret
            ended = verdict(lambda: client.cancel_order(37294))
        except BaseException as error:  # noqa: BLE001 - it is what the test is about
            ended = error
        finally:
            self._is_over = True  # a signal may still come before the timer is off
            signal.setitimer(signal.ITIMER_REAL, 0)
        late = time.monotonic() - self.at
        if not self.thrown:
            return "" if ended == "order 37294" else f"no signal, and {ended!r}"
        if self._is_dropped():
            return _HARMLESS
        # CPython's codecs wrap what is raised within them in another of the same type.
        if ended is not self.thrown[0] and getattr(ended, "__cause__", None) is not self.thrown[0]:
            return f"{self.thrown[0]!r} became {ended!r}"
        return f"it took {late:.2f} s" if late > 0.5 else ""


def interrupt(fault: str) -> None:
    """Interrupt many calls under a fault, each followed by a good one; print what is wrong."""
    dropped: list[Any] = []
    sys.unraisablehook = lambda info: dropped.append(info.exc_value)
    wrong = []
    with FakeThanksIO(token=TOKEN, tls=fault.startswith("tls")) as fake, tempfile.NamedTemporaryFile() as file:
        if fake.certificates:
            file.write(fake.certificates.pem)
            file.flush()
            os.environ["SSL_CERT_FILE"] = file.name
        client = ThanksIO(TOKEN, base_url=fake.base_url, timeout=20, deadline=95, retry=RetryPolicy(max_attempts=2))
        for kind in KINDS * ROUNDS:
            if fault:
                fake.faults(fault)
            wrong.append(f"{kind.__name__}: {_Round(kind, dropped).problem(client, 0.02 if fault else 0.004)}")
            fake.recover()
            after = verdict(lambda: client.cancel_order(37294, deadline=5.0))
            wrong.append("then: " + after.removeprefix("order 37294"))
    told = [text for text in wrong if not text.endswith(": ")]
    print(json.dumps([text for text in told if _HARMLESS not in text or len(told) > 3]), flush=True)  # noqa: T201
    os._exit(0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
@pytest.mark.parametrize("stage", STAGES)
def test_the_same_exception_passes_through_and_the_client_stays_usable(stage: str) -> None:
    assert in_process(interrupt, STAGES[stage]) == []


@contextmanager
def raising(error: Exception) -> Iterator[None]:
    """Raise an error in this thread, from a signal handler, after a while."""

    def handle(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


has_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")


@has_timers
@pytest.mark.parametrize("error", [InterruptedError("SIGTERM"), OSError("stop"), Stop("stop")], ids=repr)
def test_an_os_error_of_the_host_is_not_taken_for_one_of_the_socket(error: OSError) -> None:
    with Listener(hold) as server, raising(error), pytest.raises(OSError, match=str(error)) as caught:
        ThanksIO(TOKEN, base_url=server.base_url, retry=TWICE).cancel_order(37294, deadline=5)

    assert caught.value is error


@has_timers
@pytest.mark.parametrize("error", [SoftTimeLimit("of the host"), TimeoutError("of the host")], ids=repr)
def test_an_exception_of_the_host_passes_while_redis_is_waited_for(error: Exception) -> None:
    with Listener(hold) as redis:
        pace = Pace(storage=redis.base_url.replace("http", "redis"))
        client = ThanksIO(TOKEN, base_url="http://127.0.0.1:1", retry=TWICE, pace=pace)
        with raising(error), pytest.raises(type(error), match="of the host") as caught:
            client.cancel_order(37294, deadline=5)

    assert caught.value is error


@pytest.mark.parametrize("where", ["connect", "recv", "getaddrinfo"])
def test_a_timeout_of_the_operating_system_is_no_exception_of_the_host(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can come before ours: a packet was not acknowledged, or a resolver gave up."""

    def give_up(*_: object, **__: object) -> None:
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    socket_of_ours = type("Socket", (socket.socket,), {where: give_up})
    with Listener(hold) as server:
        if where == "getaddrinfo":
            monkeypatch.setattr(socket, where, give_up)
        else:
            monkeypatch.setattr("thanksio._connection.socket.socket", socket_of_ours)
        error = failure("sync", base_url=server.base_url, retry=RetryPolicy(max_attempts=1))

    assert error.may_have_cancelled == (where == "recv")
