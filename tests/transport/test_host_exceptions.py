"""Rule 8: what a signal handler of the host raises passes through a sync call unchanged and at once."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from typing import Any

import pytest
from calls import in_process, verdict
from conftest import TOKEN

from thanksio import RetryPolicy, ThanksIO
from thanksio.testing import FakeThanksIO


class SoftTimeLimit(Exception):  # noqa: N818 - as job queues call it
    """Raised by a job queue in a job that takes too long."""


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
    """Interrupt many calls that meet a fault, each followed by a good one; print what went wrong."""
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
def test_the_very_exception_passes_through_and_the_client_works_on(stage: str) -> None:
    assert in_process(interrupt, STAGES[stage]) == []
