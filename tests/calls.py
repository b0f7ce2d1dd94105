"""Ways to call a client in tests of the transport: every kind alike, in a process of its own, bounded in time."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from conftest import TOKEN

from thanksio import AsyncThanksIO, Order, RetryPolicy, ThanksIO, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONCE = RetryPolicy(max_attempts=1)
TWICE = RetryPolicy(max_attempts=2, backoff=0.001, cap=0.001)
SLACK = 0.5  # what rule 4 allows
LONG = 30.0
FDS = Path("/proc/self/fd")


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - start
        assert took < seconds + SLACK


def cancel(kind: str, order_id: int = 37294, *, within: float = LONG, **settings: Any) -> Order:
    """Cancel an order with a new client of this kind; fail if the call takes longer than `within` and the slack."""
    settings = {"token": TOKEN, "deadline": 5.0, "retry": TWICE, **settings}
    if kind == "sync":
        with ThanksIO(**settings) as client, ends_within(within):
            return client.cancel_order(order_id)

    async def call() -> Order:
        async with AsyncThanksIO(**settings) as client:
            with ends_within(within):
                return await client.cancel_order(order_id)

    return anyio.run(call, backend=kind)


def failure(kind: str, **settings: Any) -> errors.APIConnectionError:
    """Cancel an order, and return the connection error that this must end in."""
    with pytest.raises(errors.APIConnectionError) as caught:
        cancel(kind, **settings)
    return caught.value


def verdict(call: Callable[[], Order]) -> str:
    """Return in a word or two what a call ended in."""
    try:
        return f"order {call().id}"
    except errors.ThanksIOError as error:
        return f"{type(error).__name__}, may_have_cancelled={error.may_have_cancelled}"


def open_files() -> int:
    return len(list(FDS.iterdir()))


@contextmanager
def no_file_left() -> Iterator[None]:
    """Fail if more files are open at the end than at the start; connections have 5 s to be closed by both sides."""
    if not FDS.exists():
        pytest.skip("without /proc/self/fd nobody counts open files")
    before = open_files()
    yield
    end = time.monotonic() + 5
    while open_files() > before and time.monotonic() < end:
        time.sleep(0.02)
    assert open_files() <= before


def looked_up(monkeypatch: pytest.MonkeyPatch, found: list[str] | OSError) -> None:
    """Make name lookups under .test return these addresses, or fail with this error."""
    look_up = socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **options: Any) -> Any:
        if not str(host).strip("b'").endswith(".test"):
            return look_up(host, *arguments, **options)
        if isinstance(found, OSError):
            raise found
        return [each for address in found for each in look_up(address, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def unmeasured() -> dict[str, str]:
    """Return the environment without coverage, whose own lock hangs if a signal or a fork comes while it is held."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def in_process(function: Callable[..., None], *arguments: object, prelude: str = "", timeout: float = 50) -> Any:
    """Run a module's function in a new process, and return what it printed as JSON; kill it after `timeout` seconds."""
    module = function.__module__
    watch = f"import faulthandler; faulthandler.dump_traceback_later({timeout - 2}, exit=True)"
    code = f"{prelude}\n{watch}\nimport {module}\n{module}.{function.__name__}(*{arguments!r})"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=unmeasured() | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        out, err = "", f"it did not end within {timeout} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it and its own children
        process.communicate()
    sys.stderr.write(err)  # where it hung, if it did
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def without_times(text: str) -> str:
    """Remove numbers of seconds from a message."""
    return re.sub(r"\d+(\.\d+)? s(econds?)?\b", "N s", text)
