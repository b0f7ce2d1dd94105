"""What a run decides: when to stop, what is settled, and that an unknown outcome stays unknown."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner
from conftest import CANCELLED, TOKEN, Collect, ok

from thanksio import (
    APIConnectionError,
    AuthenticationError,
    CancelResult,
    ConfigurationError,
    OrderNotCancelledError,
    OrderNotFoundError,
    RateLimitError,
    RetryPolicy,
    ThanksIO,
)
from thanksio.bulk._journal import Journal
from thanksio.bulk._results import is_settled
from thanksio.bulk._run import Job, JobAttempt
from thanksio.cli._app import app
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONCE = {"retry": RetryPolicy(max_attempts=1)}
SENT_IN_VAIN = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


def states(path: Path) -> dict[int, str]:
    with Journal(path) as journal:
        return {entry.order_id: entry.state for entry in journal.entries()}


def placed(fake: FakeThanksIO, count: int, **fields: Any) -> list[int]:
    return [fake.place(**fields).id for _ in range(count)]


@pytest.fixture
def tls_fake() -> Iterator[FakeThanksIO]:
    """Return a fake over TLS, because a proxy is refused without it."""
    with FakeThanksIO(token=TOKEN, tls=True) as running:
        yield running


def test_an_order_gets_at_most_three_calls(collect: Collect, fake: FakeThanksIO) -> None:
    fake.faults("throttled_429")

    (result,) = collect(fake, [37294], settings=ONCE, pace=False)

    assert (result.verdict, type(result.error), len(fake.calls)) == ("not_tried", RateLimitError, 3)


@pytest.mark.parametrize("facts", [{}, {"has_no_permit": True}], ids=["stopped", "without_a_permit"])
def test_a_call_that_sends_nothing_does_not_hide_the_error_of_an_earlier_one(facts: dict[str, bool]) -> None:
    attempt = JobAttempt(Job(1))
    refused, unsent = RateLimitError("429", {"attempts": 1}), APIConnectionError("nothing was sent", facts)

    assert attempt.ended(None, refused, 0.0) is None
    while (end := attempt.ended(None, unsent, 0.0)) is None:
        pass

    assert end is refused


# Rule 12


def lost(collect: Collect, fake: FakeThanksIO, path: Path, ids: list[int]) -> None:
    """Run once, with a journal, and lose all responses."""
    fake.faults("lost_response")
    results = collect(fake, ids, ONCE, journal=path)
    assert {result.verdict for result in results} == {"unknown"}
    fake.recover()


def closed(fake: FakeThanksIO, ids: list[int], path: Path) -> list[CancelResult]:
    client = fake.client()
    results = client.cancel_orders(ids, journal=path)
    client.close()
    return list(results)


def wrong_token(fake: FakeThanksIO, ids: list[int], path: Path) -> list[CancelResult]:
    with fake.client(token="another-token") as client:
        return list(client.cancel_orders(ids, journal=path))


def bad_proxy(fake: FakeThanksIO, ids: list[int], path: Path) -> list[CancelResult]:
    with fake.client(proxy="http://proxy.invalid:3128") as client:
        return list(client.cancel_orders(ids, journal=path))


@pytest.mark.parametrize("second", [closed, wrong_token, bad_proxy])
def test_an_unknown_outcome_is_not_forgotten_by_later_runs(
    collect: Collect, tls_fake: FakeThanksIO, path: Path, second: Callable[..., list[CancelResult]]
) -> None:
    """Run 1 loses the responses, run 2 cannot send, run 3 is refused, and run 4 is shown the orders."""
    fake, ids = tls_fake, placed(tls_fake, 3)
    lost(collect, fake, path, ids)

    again = second(fake, ids, path)
    assert {result.order_id: result.verdict for result in again} == dict.fromkeys(ids, "unknown")
    for result in again:
        assert result.error
        assert result.error.may_have_cancelled
        assert str(result.error).startswith(f"Order {result.order_id}: ")
        assert "It is unknown whether it was cancelled." in str(result.error)
        assert "did not cancel it" not in str(result.error)
    assert states(path) == dict.fromkeys(ids, "unknown")

    fake.faults("already_cancelled_422")
    third = collect(fake, ids, journal=path)
    fake.recover()
    assert {result.verdict for result in third} == {"unknown"}
    assert states(path) == dict.fromkeys(ids, "unknown")

    fourth = collect(fake, ids, journal=path)
    assert {result.verdict for result in fourth} == {"cancelled"}
    assert states(path) == dict.fromkeys(ids, "cancelled")


def test_a_run_that_ends_with_401_reports_the_known_state_of_each_order(
    collect: Collect, fake: FakeThanksIO, path: Path
) -> None:
    unknown, fresh = placed(fake, 4), placed(fake, 4)
    lost(collect, fake, path, unknown)

    results = {result.order_id: result for result in wrong_token(fake, [*unknown, *fresh], path)}

    verdicts = {number: result.verdict for number, result in results.items()}
    assert verdicts == dict.fromkeys(unknown, "unknown") | dict.fromkeys(fresh, "not_tried")
    for number, result in results.items():
        assert isinstance(result.error, AuthenticationError)
        assert result.error.status_code == 401
        assert str(result.error).startswith(f"Order {number}: ")
        assert result.error.may_have_cancelled == (number in unknown)
        assert result.attempts == result.error.attempts
    assert states(path) == dict.fromkeys(unknown, "unknown") | dict.fromkeys(fresh, "waiting")


# What is settled


def test_a_page_of_a_proxy_settles_nothing(collect: Collect, fake: FakeThanksIO, path: Path) -> None:
    ids = placed(fake, 30)
    fake.faults("page_409")
    before = collect(fake, ids, journal=path)
    fake.recover()
    calls = len(fake.calls)

    after = collect(fake, ids, journal=path)

    assert {result.verdict for result in before} == {"unknown"}
    assert {result.verdict for result in after} == {"cancelled"}
    assert len(fake.calls) - calls == 30


def test_an_order_that_is_still_reviewing_is_not_settled(path: Path) -> None:
    """It can still be cancelled, and the advice is to call again."""
    words = iter(["reviewing", " Reviewing ", "cancelled"])
    seen = list[str]()

    def answer(_request: httpx.Request) -> httpx.Response:
        return ok({"order": CANCELLED["order"] | {"status": next(words)}})

    for _ in range(4):
        with ThanksIO(TOKEN, transport=httpx.MockTransport(answer)) as client:
            seen += [result.verdict for result in client.cancel_orders([37294], journal=path)]

    assert seen == ["not_cancelled", "not_cancelled", "cancelled", "cancelled"]


@pytest.mark.parametrize(("status", "settled"), [("reviewing", False), ("printed", True)])
def test_settled_has_one_meaning(status: str, *, settled: bool) -> None:
    error = OrderNotCancelledError("x", {"order": {"id": 1, "status": status}})

    assert is_settled(CancelResult(1, "not_cancelled", error.order, error)) == settled


# 429


@pytest.mark.parametrize("deadline", [0.5, 10, 59])
def test_after_a_429_without_retry_after_the_next_try_is_in_the_next_window(
    collect: Collect, fake: FakeThanksIO, deadline: float
) -> None:
    ids = placed(fake, 8)
    fake.limit(100, retry_after=False)
    with fake.client() as other:
        for number in placed(fake, 100):
            other.cancel_order(number)

    results = collect(fake, ids, deadline=deadline)

    assert [result.verdict for result in results] == ["cancelled"] * 8


# What is wrong for every order


class Answering(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends these responses, and then the last one again."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = answers
        self.numbers = list[int]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.numbers.append(int(request.url.path.split("/")[-2]))
        answer = self.answers[min(len(set(self.numbers)), len(self.answers)) - 1]
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def page(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, html="<title>Just a moment...</title>", headers=headers)


def api(status: int) -> httpx.Response:
    return httpx.Response(status, json={"message": "Not Found"})


@pytest.mark.parametrize(
    "answer",
    [page(403), api(403), page(404), api(404), api(405), page(302, location="/login"), page(200), page(451)],
    ids=["page 403", "403", "page 404", "404", "405", "302", "page 200", "page 451"],
)
@pytest.mark.parametrize("in_flight", [1, 8, 100])
def test_a_run_stops_if_the_first_20_orders_end_alike(
    collect: Collect, fake: FakeThanksIO, answer: httpx.Response, in_flight: int
) -> None:
    transport = Answering(answer)

    results = collect(fake, range(1, 201), {"transport": transport}, max_in_flight=in_flight)

    assert len(set(transport.numbers)) == SENT_IN_VAIN
    assert len(results) == 200
    untried = [result for result in results if not result.attempts]
    assert [result.verdict for result in untried] == ["not_tried"] * 180
    for result in untried:
        assert isinstance(result.error, ConfigurationError)
        assert f"The first 20 orders all failed in the same way: the server responded with {answer.status_code}" in str(
            result.error
        )
        assert "Check the base URL" in str(result.error)


@pytest.mark.parametrize(
    "answers",
    [
        [api(400)],
        [api(409)],
        [page(409)],
        [api(422)],
        [httpx.Response(500)],
        [page(503)],
        [ok(), api(404)],
        [api(404), api(422), api(404)],
        [*[api(404)] * 19, api(403), api(404)],
    ],
    ids=["400", "409", "page 409", "422", "500", "503", "first shown", "mixed", "the 20th differs"],
)
def test_a_run_does_not_stop_for_what_is_about_single_orders(
    collect: Collect, fake: FakeThanksIO, answers: list[httpx.Response]
) -> None:
    transport = Answering(*answers)

    results = collect(fake, range(37294, 37334), ONCE | {"transport": transport}, pace=False, max_in_flight=1)

    assert len(set(transport.numbers)) == len(results) == 40


def test_a_run_does_not_stop_for_lost_connections(collect: Collect, fake: FakeThanksIO) -> None:
    ids = placed(fake, 40)
    fake.faults("lost_response")

    results = collect(fake, ids, ONCE)

    assert [result.verdict for result in results] == ["unknown"] * 40
    assert len(fake.calls) == 40


def test_unusable_numbers_are_not_among_the_first_20(collect: Collect, fake: FakeThanksIO) -> None:
    ids: list[Any] = [number for pair in zip(range(1, 41), ["x"] * 40, strict=True) for number in pair]
    transport = Answering(api(404))

    results = collect(fake, ids, {"transport": transport}, max_in_flight=4)

    assert len(results) == 80
    assert len(set(transport.numbers)) == SENT_IN_VAIN


def test_a_certificate_that_is_never_trusted_stops_a_run(collect: Collect) -> None:
    """It stops after the first 20 orders, as for other failures that have nothing to do with an order."""
    with FakeThanksIO(token=TOKEN, tls=True) as fake:
        settings = {"ssl_context": ssl.create_default_context()}

        results = collect(fake, range(1, 41), settings, max_in_flight=1)

    assert sum(result.attempts for result in results) == 20
    assert {result.verdict for result in results} == {"not_tried"}
    assert "The first 20 orders all failed in the same way" in str(results[-1].error)
    assert "certificate" in str(results[-1].error)


def test_the_rest_of_a_stopped_run_is_sent_by_the_next(collect: Collect, fake: FakeThanksIO, path: Path) -> None:
    ids = placed(fake, 50)
    fake.faults("page_403")
    collect(fake, ids, journal=path)
    fake.recover()

    again = collect(fake, ids, journal=path)

    assert {result.verdict for result in again} == {"cancelled"}
    assert len(fake.calls) == SENT_IN_VAIN + 50


@pytest.fixture
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_exits_with_5_and_names_the_common_cause(fake: FakeThanksIO, in_a_folder: Path) -> None:
    (in_a_folder / "orders.csv").write_text("order_id\n" + "\n".join(map(str, range(1, 201))))
    environment = {"THANKSIO_TOKEN": fake.token, "THANKSIO_BASE_URL": fake.base_url.replace("/api/v2", "/api/v9")}

    done = CliRunner().invoke(app, ["cancel", "--from", "orders.csv", "--yes"], env=environment)

    assert done.exit_code == 5
    assert "180 not tried" in done.output
    assert "The first 20 orders all failed in the same way: the server responded with 404" in done.output


def test_a_404_of_each_of_few_orders_does_not_stop_a_run(collect: Collect, fake: FakeThanksIO) -> None:
    results = collect(fake, range(1, 20))

    assert [result.verdict for result in results] == ["refused"] * 19
    assert all(isinstance(result.error, OrderNotFoundError) for result in results)


def test_an_exception_of_the_host_during_the_end_of_a_run_leaves_its_order_in_flight(
    fake: FakeThanksIO, path: Path
) -> None:
    """The iterator was closed, so it is not raised; the next run knows that the order may have been cancelled."""
    begun, may_fail = threading.Event(), threading.Event()

    class Failing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if "/37294/" in request.url.path:
                return ok()
            begun.set()
            assert may_fail.wait(10)
            raise LookupError

    with fake.client(transport=Failing()) as client:
        results = client.cancel_orders([37294, 42708], journal=path, pace=False)
        assert next(results).verdict == "cancelled"
        assert begun.wait(10)
        may_fail.set()
        results.close()

    assert states(path) == {37294: "cancelled", 42708: "in_flight"}
