"""What the tests share: one driver for the sync and both async clients, and servers on loopback."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import anyio.from_thread
import httpx
import pytest

import thanksio
from thanksio import AsyncThanksIO, CancelResult, Order, ThanksIO
from thanksio.testing import FakeThanksIO

ROOT = Path(__file__).resolve().parent.parent
RESPONSES = Path(__file__).resolve().parent / "responses"
pytest_plugins = ["pytester"]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each process that a test starts compiles everything again
TOKEN = "tk-0123456789-secret"
LETTER = "Dear Jane, this is nobody else's business"
KINDS = ("sync", "asyncio", "trio")
Collect: TypeAlias = Callable[..., list[CancelResult]]
Handler: TypeAlias = Callable[[httpx.Request], httpx.Response]


def pytest_collection_finish() -> None:
    """Exclude thousands of tests from garbage collection, which stops all threads for long."""
    gc.collect()
    gc.freeze()


def documented(name: str) -> Any:
    """Read a documented answer."""
    return json.loads((RESPONSES / name).read_text("utf-8"))


CANCELLED = documented("cancel/200-cancelled-id37294-2025-07.json")
FULFILLED = documented("cancel/200-fulfilled-id42708-2026-09.json")


def order(status: object = "cancelled", **fields: object) -> dict[str, Any]:
    """Return a response about order 37294 with a letter."""
    return {"order": CANCELLED["order"] | {"message": LETTER, "return_address": LETTER, "status": status} | fields}


def is_ours(filename: str) -> bool:
    """Return whether a frame is the package's own, wherever it is installed."""
    return Path(filename).is_relative_to(Path(thanksio.__file__).parent)


class Driver:
    """A client of one kind, called the same way as every other kind, whose waits are noted and not waited for."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.waits: list[float] = []
        self.client: Any
        self.kind = kind
        self._stack = ExitStack()
        settings = {"token": TOKEN, "base_url": "http://127.0.0.1:1"} | settings
        if kind == "sync":
            self.client = ThanksIO(**settings)
            self.client._sleep = self._note
        else:
            self._portal = self._stack.enter_context(anyio.from_thread.start_blocking_portal(backend=kind))
            self.client = AsyncThanksIO(**settings)
            self.client._sleep = self._anote

    def _note(self, seconds: float) -> None:
        self.waits += [seconds] if seconds else []

    async def _anote(self, seconds: float) -> None:
        self._note(seconds)

    def cancel_order(self, order_id: Any, **options: Any) -> Order:
        if self.kind == "sync":
            return self.client.cancel_order(order_id, **options)  # type: ignore[no-any-return]

        async def call() -> Order:
            return await self.client.cancel_order(order_id, **options)  # type: ignore[no-any-return]

        return self._portal.call(call)

    def close(self) -> None:
        if self.kind == "sync":
            self.client.close()
        else:
            self._portal.call(self.client.aclose)

    def release(self) -> None:
        self.close()
        self._stack.close()


Connect: TypeAlias = Callable[..., Driver]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Run the test once for each kind of client."""
    return str(request.param)


@pytest.fixture
def connect(kind: str) -> Iterator[Connect]:
    """Yield a function that makes clients of this kind."""
    drivers: list[Driver] = []

    def make(handler: Handler | None = None, **settings: Any) -> Driver:
        if handler is not None:
            settings["transport"] = httpx.MockTransport(handler)
        drivers.append(Driver(kind, **settings))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.release()


@pytest.fixture
def collect(kind: str) -> Collect:
    """Return a function that runs cancel_orders with a client of this kind that does not wait, and collects results."""

    def run(fake: FakeThanksIO, ids: Iterable[Any], settings: dict[str, Any] | None = None, **run: Any) -> Any:
        if kind == "sync":
            with fake.client(**settings or {}) as client:
                return list(client.cancel_orders(ids, **run))

        async def gather() -> list[CancelResult]:
            async with fake.async_client(**settings or {}) as client, client.cancel_orders(ids, **run) as results:
                return [result async for result in results]

        return anyio.run(gather, backend=kind)

    return run


@pytest.fixture
def fake() -> Iterator[FakeThanksIO]:
    with FakeThanksIO(token=TOKEN) as running:
        yield running


def script(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """Return a handler that responds with these in turn, repeating the last, and the list of received requests."""
    received: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        received.append(request)
        answer = answers[min(len(received), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return handle, received


def ok(document: object = CANCELLED, status: int = 200, **headers: str) -> httpx.Response:
    """Make an answer out of a JSON document."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(document).encode(), headers=headers)


Thanksio: TypeAlias = Callable[..., Any]


@pytest.fixture(name="thanksio")
def command_line(fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Thanksio]:
    """Run the command line in a folder of its own, against the fake."""
    monkeypatch.setenv("THANKSIO_TOKEN", TOKEN)
    monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url)
    monkeypatch.chdir(tmp_path)
    from click.testing import CliRunner  # noqa: PLC0415 - only the tests of the command line need it

    from thanksio.cli._app import app  # noqa: PLC0415

    runner = CliRunner()
    seen: list[Any] = []

    def run(*arguments: str, given: str | None = None, **environment: str) -> Any:
        seen.append(runner.invoke(app, list(arguments), given, environment, prog_name="thanksio"))
        return seen[-1]

    yield run
    assert all(secret not in result.output for result in seen for secret in (TOKEN, LETTER))
