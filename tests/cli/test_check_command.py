"""`thanksio check` verifies every setting with one request for an order that cannot exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from thanksio import errors
from thanksio.cli._check import NO_ORDER, judge

if TYPE_CHECKING:
    from conftest import Thanksio

    from thanksio.testing import FakeThanksIO

BASE = "https://api.example/v2"


def made(name: str, status: int = 0, message: str = "", **facts: object) -> errors.ThanksIOError:
    kind: Any = getattr(errors, name)
    known: dict[str, object] = {"status_code": status, "message": message, "may_have_cancelled": False} | facts
    error: errors.ThanksIOError = kind(f"Order {NO_ORDER}: what happened. This call did not cancel it.", known)
    return error


SHOWN = made("OrderNotCancelledError", order={"id": NO_ORDER, "status": "printed"})
OUTCOMES: dict[str, tuple[errors.ThanksIOError, dict[str, str]]] = {
    "404 of the API": (made("OrderNotFoundError", 404, "No order"), {"Token": "ok", "Path": "ok", "Rate limit": "ok"}),
    "404 of a route": (made("OrderNotFoundError", 404, "The route x could not be found."), {"Path": "failed"}),
    "405": (made("APIStatusError", 405, "Not supported"), {"Path": "failed"}),
    "422": (made("CancellationRefusedError", 422), {"Token": "ok", "Path": "ok", "Rate limit": "ok"}),
    "401": (made("AuthenticationError", 401), {"Token": "failed"}),
    "402": (made("PaymentRequiredError", 402), {"Billing": "failed"}),
    "403": (made("PermissionDeniedError", 403), {"Token": "failed"}),
    "404 page": (made("OrderNotFoundError", 404, may_have_cancelled=True), {"API": "unknown"}),
    "302": (made("APIStatusError", 302, may_have_cancelled=True), {"Base URL": "failed"}),
    "418": (made("APIStatusError", 418), {"API": "unknown"}),
    "429": (made("RateLimitError", 429), {"API": "unknown"}),
    "500": (made("ServerError", 500, may_have_cancelled=True), {"API": "unknown"}),
    "200 page": (made("APIResponseValidationError", may_have_cancelled=True), {"API": "unknown"}),
    "an order": (SHOWN, {"Token": "ok", "Path": "ok", "Rate limit": "ok"}),
}


@pytest.mark.parametrize(("error", "states"), OUTCOMES.values(), ids=OUTCOMES)
def test_each_outcome_shows_what_it_can(error: errors.ThanksIOError, states: dict[str, str]) -> None:
    found = {item.name: item.state for item in judge(error, BASE, "order", None)}

    assert found == {"Connection": "ok"} | states


@pytest.mark.parametrize(("permanent", "state"), [(True, "failed"), (False, "unknown")])
def test_a_connection_error_shows_nothing_else(state: str, *, permanent: bool) -> None:
    (item,) = judge(made("APIConnectionError", is_permanent=permanent), BASE, "order", 150)

    assert (item.name, item.state, item.text) == ("Connection", state, "what happened")


def test_one_request_shows_that_all_is_well(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("check")

    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "Connection",
        "Token",
        "Path",
        "Rate limit",
    ]
    assert "accepted (inferred: the API responded with 404 for an order that does not exist)" in done.stdout
    assert "150 requests a minute" in done.stdout
    assert [call.path.split("/")[-2] for call in fake.calls] == [str(NO_ORDER)]


def test_the_other_path_is_tried(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    fake.cancel_path = "orders"

    done = thanksio("check")

    assert (done.exit_code, len(fake.calls)) == (0, 2)
    assert "/orders/ is served" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--token-file", "wrong"], 5, "Token:       failed, rejected: the server responded with 401"),
        (["--base-url", "{base}/x"], 5, "Path:        failed, neither documented path is served"),
        (["--base-url", "http://127.0.0.1:9/v2"], 4, "Connection:  unknown, no response in 1 attempt"),
        (["--base-url", "ftp://x"], 5, "base URL"),
        (["--deadline", "0"], 2, "positive number of seconds"),
    ],
)
def test_the_exit_code_depends_on_the_cause(
    thanksio: Thanksio, fake: FakeThanksIO, arguments: list[str], code: int, says: str
) -> None:
    Path("wrong").write_text("wrong-token", "utf-8")

    done = thanksio("check", *(part.format(base=fake.base_url) for part in arguments))

    assert done.exit_code == code
    assert says in done.output


def answer(monkeypatch: pytest.MonkeyPatch, status: int, document: object) -> None:
    def respond(_transport: httpx.HTTPTransport, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=document)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", respond)


def test_without_a_header_the_documented_limit_is_assumed(thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that a mock made leaves the outcome unknown, so an order is what shows that the token is accepted."""
    answer(monkeypatch, 200, {"order": {"id": NO_ORDER, "status": "printed"}})

    assert "not stated by the server; 60 requests a minute are assumed" in thanksio("check").stdout


def test_json_is_for_programs(thanksio: Thanksio) -> None:
    found = json.loads(thanksio("check", "--json").stdout)["check"]

    assert (found["exit"], found["requests"]) == (0, 150)
    assert found["items"][0]["state"] == "ok"


def test_a_dry_run_with_a_check_plans_with_the_real_limit(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    done = thanksio("cancel", *map(str, range(1, 302)), "--dry-run", "--check")

    assert done.exit_code == 0
    assert "Rate: 150 a minute, as checked." in done.stdout
    assert done.stdout.endswith("No order was cancelled.\n")
    assert len(fake.calls) == 1


def test_a_failed_check_decides_the_exit_code_of_a_dry_run(thanksio: Thanksio) -> None:
    assert thanksio("cancel", "1", "2", "--dry-run", "--check", THANKSIO_TOKEN="wrong-token").exit_code == 5


def test_a_check_belongs_to_a_dry_run(thanksio: Thanksio, fake: FakeThanksIO) -> None:
    assert thanksio("cancel", "37294", "--check").exit_code == 2
    assert fake.calls == []


def test_an_order_with_that_number_is_reported(thanksio: Thanksio, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the order id exists after all, the order was cancelled, and the check reports that."""
    answer(monkeypatch, 200, {"order": {"id": NO_ORDER, "status": "cancelled"}})

    done = thanksio("check")

    assert done.exit_code == 0
    assert f"the server shows an order with the number {NO_ORDER}, in status cancelled" in done.stdout
