"""The fake is a real server, behaves as documented, and runs by hand."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import httpx
import pytest
from conftest import CANCELLED, FULFILLED, TOKEN

from thanksio import OrderNotCancelledError, ThanksIO

if TYPE_CHECKING:
    from thanksio.testing import FakeThanksIO


def put(fake: FakeThanksIO, path: str, method: str = "PUT", token: str = TOKEN) -> httpx.Response:
    return httpx.request(method, fake.base_url + path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("spelling", ["order", "orders"])
def test_order_37294_is_cancelled_with_the_documented_answer(fake: FakeThanksIO, spelling: str) -> None:
    assert fake.orders[37294].status == "reviewing"

    answer = put(fake, f"/{spelling}/37294/cancel")

    assert answer.json() == CANCELLED
    assert fake.orders[37294].status == "cancelled"
    assert put(fake, f"/{spelling}/37294/cancel").json() == CANCELLED


def test_an_order_that_cannot_be_cancelled_comes_back_unchanged_with_200(fake: FakeThanksIO) -> None:
    answer = put(fake, "/orders/42708/cancel")

    assert (answer.status_code, answer.json()) == (200, FULFILLED)


def test_before_its_cancel_order_37294_has_its_totals(fake: FakeThanksIO) -> None:
    fields = fake.orders[37294].fields

    assert (fields["authorization_total"], fields["grand_total"], fields["total_recipients"]) == (267, 267, 3)
    assert (fields["status"], fields["display_status"]) == ("reviewing", "Reviewing")


def test_a_status_brings_its_display_form(fake: FakeThanksIO) -> None:
    fake.orders[37294].status = "processing"

    with ThanksIO(TOKEN, base_url=fake.base_url) as client, pytest.raises(OrderNotCancelledError) as caught:
        client.cancel_order(37294)

    assert caught.value.order.display_status == "Printing"


def test_the_recorded_headers_come_with_every_answer(fake: FakeThanksIO) -> None:
    for path in ("/order/37294/cancel", "/order/1/cancel"):
        headers = put(fake, path).headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("150", "149")
        assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/order/1/cancel", "/order/x/cancel", "/order/%D9%A3/cancel", "/orders/0/cancel"])
def test_an_order_that_is_not_there_is_not_found(fake: FakeThanksIO, path: str) -> None:
    answer = put(fake, path)

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_path_that_is_not_served_is_named(fake: FakeThanksIO) -> None:
    answer = put(fake, "/orders/1/nope")

    assert (answer.status_code, answer.json()["message"]) == (404, "The route api/v2/orders/1/nope could not be found.")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_another_method_is_not_allowed(fake: FakeThanksIO, method: str) -> None:
    answer = put(fake, "/orders/42708/cancel", method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT")
    assert answer.json()["message"].startswith(f"The {method} method is not supported for route api/v2/orders/42708/")


@pytest.mark.parametrize("token", ["wrong", TOKEN + "x", "x"])
def test_without_its_token_nothing_is_cancelled(fake: FakeThanksIO, token: str) -> None:
    answer = put(fake, "/order/37294/cancel", token=token)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert fake.orders[37294].status == "reviewing"


def test_calls_keep_what_arrived_but_no_token(fake: FakeThanksIO) -> None:
    httpx.put(f"{fake.base_url}/order/1/cancel?a=b", headers={"Authorization": f"Bearer {TOKEN}"}, content=b"x")

    (call,) = fake.calls
    assert (call.method, call.path, call.query, call.body) == ("PUT", "/api/v2/order/1/cancel", "a=b", b"x")
    assert call.authorized
    assert TOKEN not in repr(call)


def test_an_orders_repr_shows_no_letter(fake: FakeThanksIO) -> None:
    assert repr(fake.orders[37294]) == "<FakeOrder 37294 reviewing>"


def test_it_runs_by_hand_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "thanksio.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"export THANKSIO_BASE_URL=(\S+) THANKSIO_TOKEN=(\S+)\n", line)
        assert match, line

        with ThanksIO(match[2], base_url=match[1]) as client:
            assert client.cancel_order(37294).status == "cancelled"

        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_does_not_exist_is_refused(port: str) -> None:
    command = [sys.executable, "-m", "thanksio.testing", "--port", port]
    run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert run.returncode == 2
    assert "argument --port" in run.stderr


def test_without_its_extra_it_says_what_to_install() -> None:
    program = """
        import sys
        sys.modules["pytest_httpserver"] = None
        import thanksio.testing
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert run.stderr.endswith("thanksio.testing needs its extra: pip install 'thanksio[testing]'\n")
