"""Many orders: one result for each, nothing lost, nothing sent twice, and an end when it is asked for."""

from __future__ import annotations

import copy
import gc
import pickle
import signal
import sys
import threading
from contextlib import closing, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest
from conftest import CANCELLED, KINDS, LETTER, TOKEN, Collect, ok, order

from thanksio import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncThanksIO,
    AuthenticationError,
    CancellationRefusedError,
    CancelResult,
    ConfigurationError,
    InvalidOrderIdError,
    Order,
    OrderNotCancelledError,
    Pace,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    ThanksIO,
    ThanksIOError,
)
from thanksio.bulk import _tasks, _threads
from thanksio.bulk._results import is_fatal, verdict_of
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def placed(fake: FakeThanksIO, count: int, **fields: Any) -> list[int]:
    """Place orders, and return their numbers."""
    return [fake.place(**fields).id for _ in range(count)]


def verdicts(results: Iterable[CancelResult]) -> dict[int | str, str]:
    return {result.order_id: result.verdict for result in results}


def test_every_order_gets_one_result_and_there_is_no_429(collect: Collect, fake: FakeThanksIO) -> None:
    """The limit is learned from the first response, and the orders use one window after another."""
    ids = placed(fake, 300)
    fake.limit(120)

    results = collect(fake, ids)

    assert verdicts(results) == dict.fromkeys(ids, "cancelled")
    assert len(results) == len(fake.calls) == 300
    assert all(call.cancelled for call in fake.calls)
    assert all(isinstance(result.order, Order) and result.attempts == 1 for result in results)


def test_a_failure_of_one_order_stops_no_other(collect: Collect, fake: FakeThanksIO) -> None:
    good, printed, foreign = fake.place().id, fake.place(status="printed").id, fake.place(account="other").id
    fake.refusal = 422

    results = {result.order_id: result for result in collect(fake, [good, printed, "77777", foreign, "x"])}

    assert verdicts(results.values()) == {
        good: "cancelled",
        printed: "refused",
        "77777": "refused",
        foreign: "refused",
        "x": "not_tried",
    }
    assert isinstance(results[foreign].error, AuthenticationError)
    assert isinstance(results["x"].error, InvalidOrderIdError)
    assert results["x"].attempts == 0


def test_an_order_that_a_200_shows_in_another_status_is_not_cancelled(collect: Collect, fake: FakeThanksIO) -> None:
    (result,) = collect(fake, [42708])

    assert result.verdict == "not_cancelled"
    assert isinstance(result.error, OrderNotCancelledError)
    assert result.order is result.error.order


def test_an_order_without_a_response_is_unknown(collect: Collect, fake: FakeThanksIO) -> None:
    fake.faults("lost_response")

    (result,) = collect(fake, [37294])

    assert (result.verdict, result.attempts) == ("unknown", 4)
    assert result.seconds >= 0.5 + 1.0 + 2.0  # the waits of the policy


def test_one_at_a_time_they_are_sent_in_the_order_given(collect: Collect, fake: FakeThanksIO) -> None:
    ids = placed(fake, 20)[::-1]

    results = collect(fake, iter(ids), max_in_flight=1)

    assert [result.order_id for result in results] == ids
    assert [call.path.split("/")[-2] for call in fake.calls] == [str(number) for number in ids]


def test_without_a_journal_each_id_that_is_given_is_one_call(collect: Collect, fake: FakeThanksIO) -> None:
    results = collect(fake, [37294, "37294", (37294, None)])

    assert [result.verdict for result in results] == ["cancelled"] * 3
    assert len(fake.calls) == 3


@pytest.mark.parametrize("pace", [False, Pace(requests=50, per=10.0)])
def test_another_pace_can_be_set(collect: Collect, fake: FakeThanksIO, pace: Any) -> None:
    before = fake.seconds()

    results = collect(fake, placed(fake, 120), pace=pace)

    assert {result.verdict for result in results} == {"cancelled"}
    assert fake.seconds() - before >= (20 if pace else 0)


@pytest.mark.parametrize("says_when", [True, False])
def test_after_a_429_all_orders_wait_and_none_is_lost(collect: Collect, fake: FakeThanksIO, *, says_when: bool) -> None:
    """Another client has used up the window: the run waits for its end instead of retrying."""
    ids = placed(fake, 8)
    fake.limit(100, retry_after=says_when)
    with fake.client() as other:
        for number in placed(fake, 100):
            other.cancel_order(number)

    results = collect(fake, ids)

    assert verdicts(results) == dict.fromkeys(ids, "cancelled")
    assert len(fake.calls) == 100 + 8 + 1


def test_a_429_that_never_ends_leaves_an_order_untried(collect: Collect, fake: FakeThanksIO) -> None:
    fake.limit(0)

    (result,) = collect(fake, [37294])

    assert result.verdict == "not_tried"
    assert isinstance(result.error, RateLimitError)
    assert result.attempts == len(fake.calls)


def test_a_429_after_a_lost_response_leaves_the_outcome_unknown(collect: Collect, fake: FakeThanksIO) -> None:
    fake.fail_next("lost_response")
    fake.faults("throttled_429")

    (result,) = collect(fake, [37294], settings={"retry": RetryPolicy(max_attempts=2)})

    assert result.verdict == "unknown"


@pytest.mark.parametrize(
    ("broken", "kind_of_error"), [("token", AuthenticationError), ("billing", PaymentRequiredError)]
)
def test_what_affects_every_order_stops_the_run(
    collect: Collect, fake: FakeThanksIO, broken: str, kind_of_error: type[Exception]
) -> None:
    """The first request is sent alone, so there is not even a second one."""
    settings = {"token": "another-token"} if broken == "token" else {}
    fake.disabled = broken == "billing"

    results = collect(fake, [*placed(fake, 20), "x"], settings=settings)

    assert [result.verdict for result in results] == ["not_tried"] * 21
    assert len(fake.calls) == 1
    assert all(isinstance(result.error, kind_of_error) for result in results)


def test_a_401_for_another_accounts_order_does_not_stop_a_run_whose_token_was_accepted(
    collect: Collect, fake: FakeThanksIO
) -> None:
    ids = [37294, fake.place(account="other").id, fake.place().id]

    results = collect(fake, ids, max_in_flight=1)

    assert [result.verdict for result in results] == ["cancelled", "refused", "cancelled"]


def test_a_token_that_is_revoked_stops_the_run(collect: Collect, fake: FakeThanksIO) -> None:
    def ids() -> Iterator[int]:
        yield 37294
        fake.token = "another"
        yield from placed(fake, 5)

    results = collect(fake, ids(), settings={"token": fake.token}, max_in_flight=1)

    assert [result.verdict for result in results] == ["cancelled"] + ["not_tried"] * 5
    assert len(fake.calls) == 2


@pytest.mark.parametrize("has_journal", [True, False])
def test_what_is_neither_a_number_nor_a_pair_is_no_order(
    collect: Collect, fake: FakeThanksIO, tmp_path: Path, *, has_journal: bool
) -> None:
    """A tuple of one or three, or a list, is not taken apart: its first item could be anything."""
    odd: list[Any] = [(37294, None, None), (37294,), [37294], {}, None, True, 2**70]

    results = collect(fake, odd, journal=tmp_path / "journal" if has_journal else None)

    assert [result.verdict for result in results] == ["not_tried"] * len(odd)
    assert all(isinstance(result.error, InvalidOrderIdError) for result in results)
    assert fake.calls == []


@pytest.mark.parametrize("client", [ThanksIO, AsyncThanksIO])
def test_what_cannot_be_iterated_is_refused_at_once(client: Any) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        client(TOKEN).cancel_orders(37294)


@pytest.mark.parametrize("client", [ThanksIO, AsyncThanksIO])
def test_a_closed_client_starts_no_run(client: Any) -> None:
    closed = client(TOKEN)
    closed._closed = True

    with pytest.raises(ConfigurationError, match="closed"):
        closed.cancel_orders([37294])


@pytest.mark.parametrize(
    ("fault", "kind_of_error", "status"),
    [
        ("misspelt_status", APIResponseValidationError, "canceled"),
        ("unknown_status", APIResponseValidationError, "archived"),
        ("page_422", CancellationRefusedError, None),
        ("problem_422", CancellationRefusedError, None),
        ("page_403", PermissionDeniedError, None),
    ],
)
def test_what_does_not_show_the_outcome_is_unknown(
    collect: Collect, fake: FakeThanksIO, fault: str, kind_of_error: type[Exception], status: str | None
) -> None:
    """A word that the contract does not list, a page of a proxy, and an RFC 9457 body can follow a cancel."""
    fake.fail_next(fault)

    (result,) = collect(fake, [37294])

    assert (result.verdict, result.attempts) == ("unknown", 1)
    assert isinstance(result.error, kind_of_error)
    assert getattr(result.error, "status", None) == status


def test_a_connection_that_was_made_before_may_fail_for_one_order(collect: Collect) -> None:
    with FakeThanksIO(token=TOKEN, tls=True) as fake:
        first, second, third = placed(fake, 3)

        def ids() -> Iterator[int]:
            yield first
            fake.fail_next("wrong_certificate")
            yield second
            yield third

        results = collect(fake, ids(), max_in_flight=1)

    assert [result.verdict for result in results] == ["cancelled", "not_tried", "cancelled"]


def test_a_request_is_sent_in_a_copy_of_the_callers_context(collect: Collect, fake: FakeThanksIO) -> None:
    """Trace spans and log context are those of the caller, and stay as they are."""
    span: ContextVar[str] = ContextVar("span", default="none")
    own: ContextVar[str] = ContextVar("own", default="none")
    seen = []

    class Watching(Gate):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            seen.append(span.get())
            own.set("of a worker")
            return super()._answer(request)

    gate = Watching()
    gate.opened.set()
    token = span.set("of the caller")
    collect(fake, [1, 2], {"transport": gate}, max_in_flight=2, pace=False)
    span.reset(token)

    assert seen == ["of the caller"] * 2
    assert own.get() == "none"


@pytest.fixture
def spare_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Allow no more worker threads than the number in the list."""
    spare, start = [0], threading.Thread.start

    def start_while_there_are(thread: threading.Thread) -> None:
        if thread.name == "thanksio":
            if not spare[0]:
                raise RuntimeError("can't start new thread")
            spare[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_while_there_are)
    return spare


def test_if_no_more_threads_can_be_started_those_that_exist_take_turns(
    fake: FakeThanksIO, spare_threads: list[int]
) -> None:
    spare_threads[0] = 2
    ids = placed(fake, 30)

    with fake.client() as client:
        results = list(client.cancel_orders(ids, max_in_flight=8))
        rate = client._rate()

    assert verdicts(results) == dict.fromkeys(ids, "cancelled")
    assert len(fake.calls) == 30
    assert rate
    assert rate.in_flight == 0


def test_if_no_thread_can_be_started_it_is_raised_and_nothing_is_sent(
    fake: FakeThanksIO, spare_threads: list[int]
) -> None:
    assert spare_threads == [0]

    with fake.client() as client, pytest.raises(RuntimeError, match="can't start new thread"):
        list(client.cancel_orders([37294]))

    assert fake.calls == []


def test_no_more_ids_are_taken_than_are_in_flight(collect: Collect, fake: FakeThanksIO) -> None:
    """A generator of a million ids costs nothing."""
    taken, at_most, done = 0, 0, 0
    numbers = placed(fake, 60)

    def ids() -> Iterator[int]:
        nonlocal taken, at_most
        for number in numbers:
            taken += 1
            at_most = max(at_most, taken - len(fake.calls))
            yield number

    done = len(collect(fake, ids(), max_in_flight=4, pace=False))

    assert done == 60
    assert at_most <= 4 + 4  # those in flight may not have arrived yet


def test_after_an_error_of_the_iterable_the_calls_in_flight_end(kind: str, fake: FakeThanksIO) -> None:
    results: list[CancelResult] = []

    def ids() -> Iterator[int]:
        yield 37294
        raise LookupError("of the caller")

    def sync() -> None:
        with fake.client() as client:
            results.extend(client.cancel_orders(ids()))

    async def tasks() -> None:
        async with fake.async_client() as client, client.cancel_orders(ids()) as run:
            async for result in run:
                results.append(result)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(LookupError, match="of the caller"):
        sync() if kind == "sync" else anyio.run(tasks, backend=kind)

    assert kind == "sync" or verdicts(results) == {37294: "cancelled"}
    assert fake.orders[37294].status == "cancelled"


def test_ctrl_c_inside_of_the_iterable_stops_the_run(collect: Collect, fake: FakeThanksIO) -> None:
    """The permit that was acquired for the order that never came is returned."""

    def ids() -> Iterator[int]:
        yield 37294
        raise KeyboardInterrupt("of the caller")

    with pytest.raises(KeyboardInterrupt, match="of the caller"):
        collect(fake, ids())

    assert fake.orders[37294].status == "cancelled"


@pytest.mark.parametrize(
    "options", [{"max_in_flight": 0}, {"max_in_flight": True}, {"pace": 60}, {"deadline": -1}], ids=str
)
@pytest.mark.parametrize("client", [ThanksIO, AsyncThanksIO])
def test_unusable_options_are_refused_at_once(client: Any, options: Any) -> None:
    with pytest.raises(ConfigurationError):
        client(TOKEN).cancel_orders([1], **options)


@pytest.mark.parametrize("ids", ["37294", b"37294"])
def test_a_string_is_not_a_list_of_orders(fake: FakeThanksIO, ids: Any) -> None:
    """A string is an iterable: "37294" would become the orders 3, 7, 2, 9 and 4."""
    with fake.client() as client, pytest.raises(ConfigurationError, match=r"in a list: cancel_orders\(\[37294\]\)"):
        client.cancel_orders(ids)


def test_a_client_that_is_closed_meanwhile_sends_nothing(collect: Collect, fake: FakeThanksIO) -> None:
    def ids() -> Iterator[int]:
        yield 37294
        yield 42708

    with fake.client() as client:
        results = client.cancel_orders(ids())
    (first, second) = results

    assert isinstance(first.error, ConfigurationError)
    assert [first.verdict, second.verdict] == ["not_tried"] * 2
    assert fake.calls == []
    assert collect(fake, [37294])[0].verdict == "cancelled"


class Gate(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Responds to order 1 at once, and to all others when it is opened; counts the requests."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.arrived = 0
        self.all_in = threading.Event()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.split("/")[-2])
        return httpx.Response(200, json={"order": CANCELLED["order"] | {"id": number}})

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._arrive()
        if "/1/" not in request.url.path:
            assert self.opened.wait(10)
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._arrive()
        if "/1/" not in request.url.path:
            assert await anyio.to_thread.run_sync(self.opened.wait, 10)
        return self._answer(request)

    def _arrive(self) -> None:
        self.arrived += 1
        if self.arrived == 4:
            self.all_in.set()


def gated(**settings: Any) -> tuple[Gate, ThanksIO]:
    gate = Gate()
    return gate, ThanksIO(TOKEN, transport=gate, **settings)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Make Ctrl-C raise KeyboardInterrupt, also in the background of a shell, which makes processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_after_ctrl_c_the_calls_in_flight_end_before_it_is_raised() -> None:
    """Their results are yielded before."""
    gate, client = gated()
    results = client.cancel_orders(range(1, 100), max_in_flight=3, pace=False)
    assert next(results).order_id == 1
    interrupted = threading.Thread(target=press_when(gate.all_in, then=gate.opened))
    interrupted.start()

    found: list[int | str] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what comes before it counts
        for result in results:
            found.append(result.order_id)  # noqa: PERF401
    interrupted.join()

    assert sorted(map(int, found)) == [2, 3, 4]
    assert gate.arrived == 4


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_is_raised_at_once() -> None:
    gate, client = gated()
    results = client.cancel_orders(range(1, 100), max_in_flight=3, pace=False)
    assert next(results).order_id == 1
    pressed = threading.Thread(target=press_when(gate.all_in, times=2))
    pressed.start()

    with pytest.raises(KeyboardInterrupt):
        next(results)
    pressed.join()

    gate.opened.set()
    assert gate.arrived == 4


def press_when(happened: threading.Event, then: threading.Event | None = None, times: int = 1) -> Callable[[], None]:
    """Return a function that presses Ctrl-C when something has happened and the main thread waits.

    The second time it waits until the main thread lets the calls in flight end.
    """
    main = threading.main_thread().ident
    assert main is not None

    def waits(drains: bool) -> bool:  # noqa: FBT001
        frame: Any = sys._current_frames()[main]
        while frame and frame.f_code.co_name != "_wait_done":
            frame = frame.f_back
        return frame is not None and (not drains or frame.f_locals["wait"] == _threads._GLANCE)

    def press() -> None:
        assert happened.wait(10)
        for time_ in range(times):
            while not waits(drains=time_ > 0):
                happened.wait()
            signal.pthread_kill(main, signal.SIGINT)
        if then:
            then.set()

    return press


def test_closing_the_iterator_lets_the_calls_in_flight_end(caplog: pytest.LogCaptureFixture) -> None:
    """Their results cannot be yielded any more; they are logged."""
    gate, client = gated()
    with closing(client.cancel_orders(range(1, 100), max_in_flight=3, pace=False)) as results:
        assert next(results).order_id == 1
        assert gate.all_in.wait(10)
        gate.opened.set()

    assert gate.arrived == 4
    assert sorted(caplog.messages) == [f"order {n}: cancelled, after its run was left" for n in (2, 3, 4)]


def test_calls_that_do_not_end_in_time_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "GRACE", 0.05)
    gate, client = gated()
    results = client.cancel_orders([1, 2], max_in_flight=2, pace=False)
    next(results)

    results.close()

    gate.opened.set()


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("awaits_result", [True, False])
def test_cancelling_the_consumer_lets_the_calls_in_flight_end(
    kind: str, caplog: pytest.LogCaptureFixture, *, awaits_result: bool
) -> None:
    """It may be cancelled while it waits for a result, or inside of the loop."""
    gate = Gate()
    found = []

    async def consume() -> None:
        client = AsyncThanksIO(TOKEN, transport=gate)
        async with client.cancel_orders(range(1, 100), max_in_flight=3, pace=False) as results:
            async for result in results:
                found.append(result.order_id)
                if not awaits_result:
                    await anyio.sleep_forever()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            await anyio.to_thread.run_sync(gate.all_in.wait, 10)
            tasks.cancel_scope.cancel()
            gate.opened.set()

    anyio.run(main, backend=kind)

    assert found == [1]
    assert gate.arrived == 4
    assert len(caplog.messages) == 3


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_task_that_has_ended_is_not_held(kind: str) -> None:
    """Otherwise they would add up over a million orders."""
    gate = Gate()
    gate.opened.set()

    async def main() -> int:
        client = AsyncThanksIO(TOKEN, transport=gate)
        before = tasks()
        async with client.cancel_orders(range(1, 10_000), max_in_flight=3, pace=False) as results:
            for _ in range(200):
                await anext(results)
            return tasks() - before

    def tasks() -> int:
        gc.collect()
        return sum(type(held).__name__ == "Task" for held in gc.get_objects())

    assert anyio.run(main, backend=kind) <= 2 * 3


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("how", ["break", "return", "raise"])
def test_leaving_the_block_ends_the_run(kind: str, how: str) -> None:
    gate = Gate()
    gate.opened.set()

    async def consume(client: AsyncThanksIO) -> None:
        async with client.cancel_orders(range(1, 1000), max_in_flight=3) as results:
            async for _ in results:
                if how == "return":
                    return
                if how == "raise":
                    raise LookupError("of the caller")
                break

    async def main() -> tuple[int, int]:
        client = AsyncThanksIO(TOKEN, transport=gate)
        with suppress(LookupError):
            await consume(client)
        rate = client._rate()
        assert rate
        return gate.arrived, rate.in_flight

    arrived, in_flight = anyio.run(main, backend=kind)
    assert arrived <= 4
    assert in_flight == 0


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_run_whose_results_are_never_asked_for_sends_nothing(kind: str, fake: FakeThanksIO) -> None:
    async def main() -> None:
        async with fake.async_client() as client, client.cancel_orders([37294]):
            pass

    anyio.run(main, backend=kind)

    assert fake.calls == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_run_that_is_left_while_it_yields_earlier_results_sends_nothing(
    kind: str, fake: FakeThanksIO, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    with fake.client() as sync:
        list(sync.cancel_orders([37294, 42708], journal=path))
    fake.calls.clear()
    new = fake.place().id

    async def main() -> None:
        ids = [37294, 42708, new]
        async with fake.async_client() as client, client.cancel_orders(ids, journal=path) as results:
            assert (await anext(results)).order_id in {37294, 42708}

    anyio.run(main, backend=kind)

    assert fake.calls == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_an_async_run_outside_of_async_with_is_a_type_error(kind: str, fake: FakeThanksIO) -> None:
    async def main() -> None:
        async with fake.async_client() as client:
            run: Any = client.cancel_orders([37294])
            with pytest.raises(TypeError, match=r"use `async with client\.cancel_orders\(\.\.\.\) as results:`"):
                async for _ in run:
                    pass
            with pytest.raises(TypeError):
                await anext(run)

    anyio.run(main, backend=kind)

    assert fake.calls == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_task_that_does_not_end_in_time_is_cancelled(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tasks, "GRACE", 0.05)
    ended = []

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                await anyio.sleep(60)
            finally:
                ended.append(request.url.path)
            raise AssertionError

    async def main() -> None:
        client = AsyncThanksIO(TOKEN, transport=Silent())
        async with client.cancel_orders([1, 2], pace=False) as results:
            with anyio.move_on_after(0.05):
                await anext(results)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=kind)

    assert len(ended) == 2


@pytest.mark.parametrize("kind", KINDS[:2])  # trio puts it into a group
def test_system_exit_passes_through_when_the_other_calls_have_ended(collect: Collect) -> None:
    """It does so in a single call, too."""

    class Broken(Gate):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            if "/2/" in request.url.path:
                raise SystemExit("of the caller")
            return super()._answer(request)

    gate = Broken()
    gate.opened.set()
    with FakeThanksIO() as fake, pytest.raises(SystemExit, match="of the caller"):
        collect(fake, [1, 2], settings={"transport": gate}, max_in_flight=2, pace=False)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(("is_own", "verdict"), [(True, "not_tried"), (False, "unknown")])
def test_a_stopped_run_sends_no_second_attempt(*, is_own: bool, verdict: str) -> None:
    """An order that waits for its next attempt keeps what is known: only our own connection witnesses what it sent."""
    waits = threading.Event()

    class Refusing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

    class Waiting(ThanksIO):
        def _sleep(self, seconds: float) -> None:
            waits.set()
            super()._sleep(seconds)

    client = Waiting(
        TOKEN,
        base_url="http://127.0.0.1:1",
        transport=None if is_own else Refusing(),
        retry=RetryPolicy(backoff=60.0, cap=60.0),
    )
    results = client.cancel_orders([1], pace=Pace(requests=1))
    pressed = threading.Thread(target=press_when(waits))
    pressed.start()

    result = next(results)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    pressed.join()

    assert (result.verdict, result.attempts) == (verdict, 1)
    assert "because the run was stopped" in str(result.error)


def test_a_single_call_follows_the_pace_of_its_client(connect: Any) -> None:
    driver = connect(lambda _request: ok(x_ratelimit_limit="1", x_ratelimit_remaining="0"), pace=True)
    driver.cancel_order(37294)

    with pytest.raises(TimeoutError, match="rate limit leaves no room before the deadline") as caught:
        driver.cancel_order(37294, deadline=5)

    assert not caught.value.may_have_cancelled  # type: ignore[attr-defined]


def test_a_result_shows_nothing_private_and_is_pickled_without_it() -> None:
    order_ = Order.from_dict(order()["order"])
    result = CancelResult(37294, "cancelled", order_, None, 1, 0.2)

    for twin in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert (twin.order_id, twin.verdict, twin.attempts, twin.seconds) == (37294, "cancelled", 1, 0.2)
        assert twin.order
        assert twin.order.authorization_total == 267
        assert LETTER not in str(twin.order.to_dict())
    assert LETTER not in repr(result)
    assert pickle.loads(pickle.dumps(CancelResult(1, "not_tried"))) == CancelResult(1, "not_tried")


def made(
    kind: type[ThanksIOError], status: int = 0, *, may_have_cancelled: bool = False, **facts: Any
) -> ThanksIOError:
    return kind("x", {"status_code": status, "may_have_cancelled": may_have_cancelled} | facts)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (made(ServerError, 500, may_have_cancelled=True), "unknown"),
        (made(ServerError, 500), "refused"),
        (made(RateLimitError, 429), "not_tried"),
        (made(RateLimitError, 429, may_have_cancelled=True), "unknown"),
        (made(CancellationRefusedError, 422), "refused"),
        (made(CancellationRefusedError, 422, may_have_cancelled=True), "unknown"),
        (made(AuthenticationError, 401), "not_tried"),
        (made(AuthenticationError, 401, message="Unauthorized"), "refused"),
        (made(APIResponseValidationError, may_have_cancelled=True), "unknown"),
        (made(APIConnectionError), "not_tried"),
        (made(APIConnectionError, is_permanent=True), "not_tried"),
        (made(APIConnectionError, is_permanent=True, may_have_cancelled=True), "unknown"),
        (ServerError("of the caller"), "unknown"),
        (InvalidOrderIdError("x"), "not_tried"),
    ],
    ids=str,
)
def test_the_verdict_after_an_error(error: Any, verdict: str) -> None:
    assert verdict_of(error, token_accepted=True) == verdict


@pytest.mark.parametrize(
    ("error", "stops", "stops_once_accepted"),
    [
        (made(AuthenticationError, 401), True, True),
        (made(AuthenticationError, 401, message="Unauthorized"), True, False),
        (made(PaymentRequiredError, 402), True, True),
        (ConfigurationError("x"), True, True),
        (made(APIConnectionError, is_permanent=True), False, False),
        (made(APITimeoutError, is_permanent=True), False, False),
        (made(APIConnectionError), False, False),
        (made(PermissionDeniedError, 403), False, False),
        (made(RateLimitError, 429), False, False),
        (made(ServerError, 500), False, False),
        (InvalidOrderIdError("x"), False, False),
    ],
    ids=str,
)
def test_an_error_that_affects_every_order_stops_a_run(error: Any, *, stops: bool, stops_once_accepted: bool) -> None:
    assert is_fatal(error, token_accepted=False) == stops
    assert is_fatal(error, token_accepted=True) == stops_once_accepted


def test_an_invalid_id_in_a_run_without_a_pace_is_not_tried(collect: Collect, fake: FakeThanksIO) -> None:
    (result,) = collect(fake, ["x"], pace=False)

    assert (result.verdict, type(result.error)) == ("not_tried", InvalidOrderIdError)
