"""The fake is a real server, behaves as documented, and runs by hand."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from conftest import CANCELLED, FULFILLED, TOKEN, documented

from thanksio import APIConnectionError, AuthenticationError, Order, OrderNotCancelledError, RetryPolicy, ThanksIO
from thanksio.testing import FAULTS, FakeThanksIO, Fault
from thanksio.testing.faults import FakeResponse, Truth, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from thanksio.testing._account import CancelPath, Refusal
    from thanksio.testing._orders import Shape

START = datetime(2023, 10, 4, 2, 46, 14, tzinfo=UTC)  # the moment of the recorded cancel


def put(fake: FakeThanksIO, path: str, method: str = "PUT", token: str = TOKEN) -> httpx.Response:
    return httpx.request(method, fake.base_url + path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("spelling", ["order", "orders"])
def test_order_37294_is_cancelled_with_the_documented_answer(fake: FakeThanksIO, spelling: str) -> None:
    assert fake.orders[37294].status == "reviewing"

    answer = put(fake, f"/{spelling}/37294/cancel")

    assert answer.json() == CANCELLED
    assert fake.orders[37294].status == "cancelled"
    assert put(fake, f"/{spelling}/37294/cancel").json() == CANCELLED


def test_an_order_that_cannot_be_cancelled_is_returned_unchanged_with_200() -> None:
    with FakeThanksIO(token=TOKEN, shape="2026") as fake:
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


@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
def test_a_limit_is_counted_in_three_ways(fake: FakeThanksIO, kind: Any) -> None:
    """After half a minute a fixed and a sliding window admit nothing, and a bucket is half full."""
    fake.limit(4, per=60, kind=kind)

    def admitted(requests: int) -> int:
        statuses = [httpx.put(f"{fake.base_url}/order/1/cancel", headers=auth).status_code for _ in range(requests)]
        return requests - statuses.count(429)

    auth = {"Authorization": f"Bearer {fake.token}"}
    assert admitted(6) == 4
    fake.advance(seconds=30)
    assert admitted(6) == {"fixed": 0, "sliding": 0, "bucket": 2}[kind]
    fake.advance(seconds=31)
    assert admitted(6) == {"fixed": 4, "sliding": 4, "bucket": 2}[kind]


def test_it_works_with_more_than_1024_open_files(fake: FakeThanksIO) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX has limits of open files")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("the limit of open files is below 2,048: raise it with `ulimit -Hn 2048`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    try:
        with ExitStack() as files:
            for _ in range(1100):
                files.enter_context(open(os.devnull))  # noqa: PTH123 - the stack closes it
            fake.fail_next("silent")
            with fake.client(timeout=0.3) as client:
                assert client.cancel_order(37294).status == "cancelled"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# What an account is and can become


@pytest.mark.parametrize(("shape", "count"), [("2025", 57), ("2026", 48)])
def test_every_order_has_the_fields_of_the_chosen_year(shape: Shape, count: int) -> None:
    with FakeThanksIO(token=TOKEN, shape=shape) as fake:
        fake.place(5)
        answers = [put(fake, f"/orders/{number}/cancel").json()["order"] for number in (37294, 42708, 5)]

    assert [len(answer) for answer in answers] == [count] * 3
    assert ("created_at" in answers[2]) is (shape == "2025")
    assert ("metadata" in answers[2]) is (shape == "2026")
    assert answers[0]["authorization_total"] == 267


def test_a_placed_order_is_reviewed_for_an_hour_and_then_moves_on(fake: FakeThanksIO) -> None:
    order = fake.place(5, message="Hello")
    seen = []
    for _ in range(6):
        seen.append((order.status, order.fields["updated_at"]))
        fake.advance(minutes=59, seconds=59)
        fake.advance(seconds=1)
    fake.advance(hours=100)

    assert (order.fields["message"], order.fields["created_at"]) == ("Hello", "2023-10-04 02:46:14")
    assert seen[:5] == [
        ("reviewing", "2023-10-04 02:46:14"),
        ("processing", "2023-10-04 03:46:14"),
        ("printed", "2023-10-04 04:46:14"),
        ("fulfilled", "2023-10-04 05:46:14"),
        ("fulfilled", "2023-10-04 05:46:14"),
    ]
    assert order.status == "delivered"
    assert order.fields["display_status"] == "Delivered"


def test_time_does_not_move_what_was_set_by_hand_or_cancelled(fake: FakeThanksIO) -> None:
    paused, cancelled = fake.place(), fake.place()
    paused.status = "paused"
    put(fake, f"/order/{cancelled.id}/cancel")

    fake.advance(hours=5)

    assert (paused.status, cancelled.status, fake.orders[42708].status) == ("paused", "cancelled", "fulfilled")


def test_when_the_hour_is_over_the_order_is_not_cancelled(fake: FakeThanksIO) -> None:
    order = fake.place()
    fake.advance(minutes=61)

    with fake.client() as client, pytest.raises(OrderNotCancelledError):
        client.cancel_order(order.id)

    assert order.status == "processing"
    assert fake.calls[-1].cancelled is False


REFUSALS: dict[int, dict[str, Any]] = {
    200: {"status": "processing"},
    400: {"status": "Order #5 cannot be cancelled.", "message": "Order #5 cannot be cancelled.", "failure": True},
    422: {"status": "failed", "errors": ["Order #5 cannot be cancelled."]},
}


@pytest.mark.parametrize("refusal", [200, 400, 422])
def test_how_an_order_that_cannot_be_cancelled_is_answered_can_be_chosen(refusal: Refusal) -> None:
    with FakeThanksIO(token=TOKEN, refusal=refusal) as fake:
        fake.place(5)
        assert put(fake, "/order/5/cancel").status_code == 200
        fake.orders[5].status = "processing"
        late = put(fake, "/order/5/cancel")

    assert late.status_code == refusal
    assert REFUSALS[refusal].items() <= (late.json().get("order") or late.json()).items()


def test_a_cancelled_order_can_be_refused(fake: FakeThanksIO) -> None:
    put(fake, "/order/37294/cancel")
    fake.refusal = 422

    assert put(fake, "/order/37294/cancel").json()["errors"] == ["Order #37294 is already cancelled."]
    assert [call.cancelled for call in fake.calls] == [True, False]


def test_in_test_mode_orders_are_cancelled_as_they_are_placed(fake: FakeThanksIO) -> None:
    fake.test_mode = True

    assert fake.place().status == "cancelled"


def test_an_order_of_another_account_is_not_ours_to_cancel(fake: FakeThanksIO) -> None:
    order = fake.place(account="another")

    answer = put(fake, f"/order/{order.id}/cancel")

    assert (answer.status_code, answer.json()) == (401, {"status": "failed", "errors": ["Unauthorized"]})
    assert order.status == "reviewing"


def test_a_disabled_account_gets_402(fake: FakeThanksIO) -> None:
    fake.disabled = True

    answer = put(fake, "/order/37294/cancel")

    assert (answer.status_code, answer.json()) == (402, documented("errors/402-api-disabled-2026-08.json"))
    assert fake.orders[37294].status == "reviewing"


@pytest.mark.parametrize(("served", "other"), [("order", "orders"), ("orders", "order")])
def test_one_spelling_alone_may_be_served(fake: FakeThanksIO, served: CancelPath, other: str) -> None:
    fake.cancel_path = served

    assert put(fake, f"/{other}/37294/cancel").json()["message"].startswith("The route api/v2/")
    with fake.client() as client:
        assert client.cancel_order(37294).status == "cancelled"


def test_the_limit_is_laravels_fixed_window(fake: FakeThanksIO) -> None:
    fake.limit(2, per=60)
    answers = [put(fake, "/order/37294/cancel") for _ in range(3)]
    assert put(fake, "/order/37294/cancel", token="wrong").status_code == 401
    fake.advance(seconds=61)
    answers.append(put(fake, "/order/37294/cancel"))

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0", "1"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    assert answers[2].json() == {"message": "Too Many Attempts."}
    left = int(answers[2].headers["Retry-After"])
    assert 55 <= left <= 60
    assert int(answers[2].headers["X-RateLimit-Reset"]) == int(fake.now.timestamp()) - 61 + left
    assert "Retry-After" not in answers[0].headers


def test_a_429_can_have_no_retry_after(fake: FakeThanksIO) -> None:
    fake.limit(1, retry_after=False)

    assert put(fake, "/order/37294/cancel").status_code == 200
    assert not {"retry-after", "x-ratelimit-reset"} & put(fake, "/order/37294/cancel").headers.keys()


@pytest.mark.parametrize("status", ["reviewing", "fulfilled"])
def test_a_status_that_was_set_by_hand_stays(fake: FakeThanksIO, status: str) -> None:
    placed, other = fake.place(status=status, grand_total=5, message="Hi"), fake.place()
    other.status = status

    fake.advance(hours=9)

    assert placed.status == other.status == status
    assert (placed.fields["grand_total"], placed.fields["display_status"]) == (5, status.capitalize())


def test_an_order_without_a_status_is_answered_as_it_is(fake: FakeThanksIO) -> None:
    del fake.orders[37294].fields["status"]
    fake.advance(hours=1)

    assert "status" not in put(fake, "/order/37294/cancel").json()["order"]
    assert repr(fake.orders[37294]) == "<FakeOrder 37294 None>"


WRONG: dict[str, Callable[[FakeThanksIO], object]] = {
    "times 0": lambda fake: fake.faults("drip", times=0),
    "times 1.5": lambda fake: fake.faults("drip", times=1.5),  # type: ignore[arg-type]
    "times 3 as a string": lambda fake: fake.faults("drip", times="3"),  # type: ignore[arg-type]
    "limit -1": lambda fake: fake.limit(-1),
    "limit per 0": lambda fake: fake.limit(1, per=0),
    "advance -1": lambda fake: fake.advance(hours=-1),
    "advance inf": lambda fake: fake.advance(hours=float("inf")),
    "advance nan": lambda fake: fake.advance(hours=float("nan")),
    "place 0": lambda fake: fake.place(0),
    "shape": lambda fake: setattr(fake, "shape", "2020"),
    "cancel_path": lambda fake: setattr(fake, "cancel_path", "x"),
    "refusal": lambda fake: setattr(fake, "refusal", 418),
    "new shape": lambda _fake: FakeThanksIO(shape="2020"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_refused(fake: FakeThanksIO, name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        WRONG[name](fake)


# Clients, waits and faults


def test_calls_that_wait_at_the_same_time_wait_for_the_same_seconds(fake: FakeThanksIO) -> None:
    """All are let through in the second window; if each moved the clock for itself, most would miss their deadline."""
    fake.limit(60, per=60)
    numbers = [fake.place().id for _ in range(119)]

    async def use() -> list[Order]:
        async with fake.async_client() as client:
            return await asyncio.gather(*(client.cancel_order(number) for number in numbers))

    assert {order.status for order in asyncio.run(use())} == {"cancelled"}
    assert 50 < (fake.now - START).total_seconds() <= 65


def test_its_clients_do_not_wait_but_move_its_clock(fake: FakeThanksIO) -> None:
    fake.limit(1, per=60)
    start = fake.now

    with fake.client() as client:
        client.cancel_order(37294)
        client.cancel_order(37294)

    assert [call.cancelled for call in fake.calls] == [True, False, False]
    assert 50 < (fake.now - start).total_seconds() <= 60


@pytest.mark.parametrize("name", ["client", "async_client"])
def test_the_waits_of_its_clients_are_the_same_every_time(fake: FakeThanksIO, name: str) -> None:
    """They are the longest of the policy: half a second, one, two."""
    fake.faults("lost_response")
    client = getattr(fake, name)()

    with pytest.raises(APIConnectionError):
        asyncio.run(client.cancel_order(37294)) if name == "async_client" else client.cancel_order(37294)

    assert 3.4 < (fake.now - START).total_seconds() <= 3.5


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("tls", [False, True])
def test_its_clients_trust_it(backend: str, *, tls: bool) -> None:
    """It works inside of a running event loop, too."""

    async def use() -> None:
        with FakeThanksIO(tls=tls) as fake:
            assert fake.base_url.startswith("https://" if tls else "http://")
            async with fake.async_client() as client:
                fake.fail_next("maintenance_503")
                assert (await client.cancel_order(37294)).status == "cancelled"
            with fake.client() as other:
                assert other.cancel_order(37294).status == "cancelled"
            assert len(fake.calls) == 3

    anyio.run(use, backend=backend)


def test_a_client_of_a_fake_may_have_other_settings(fake: FakeThanksIO) -> None:
    transport = httpx.HTTPTransport()
    with fake.client(token="wrong", transport=transport) as client, pytest.raises(AuthenticationError):
        client.cancel_order(37294)


def test_faults_queue_up_and_are_forgotten(fake: FakeThanksIO) -> None:
    fake.fail_next("server_error_500")
    fake.faults("not_found_404", times=2)
    fake.faults("throttled_429")

    seen = [put(fake, "/order/37294/cancel").status_code for _ in range(6)]
    fake.recover()
    seen.append(put(fake, "/order/37294/cancel").status_code)

    assert seen == [500, 404, 404, 429, 429, 429, 200]
    assert [call.fault for call in fake.calls[:2]] == ["server_error_500", "not_found_404"]
    assert fake.calls[-1].fault is None
    assert [call.cancelled for call in fake.calls] == [True] + [False] * 6


@pytest.mark.parametrize("fault", ["not_cancelled", "too_late"])
def test_a_fault_does_not_take_a_cancel_back(fake: FakeThanksIO, fault: str) -> None:
    """A response can be lost and the next one shows the order; that must be true."""
    fake.fail_next("lost_response")
    fake.fail_next(fault)
    with fake.client() as client:
        assert client.cancel_order(37294).status == "cancelled"


def test_a_fault_does_not_claim_a_cancel_that_came_too_late(fake: FakeThanksIO) -> None:
    fake.advance(hours=2)
    fake.fail_next("status_in_other_case")
    with fake.client() as client, pytest.raises(OrderNotCancelledError, match="PRINTED"):
        client.cancel_order(37294)


def test_before_its_start_it_has_no_address_and_no_connections_to_refuse() -> None:
    fake = FakeThanksIO()

    with pytest.raises(RuntimeError, match="not started"):
        fake.client()
    with pytest.raises(ValueError, match="fake that is started"):
        fake.faults("port_closed")
    fake.recover()
    with pytest.raises(RuntimeError):
        _ = fake.base_url


def test_once_stopped_it_stays_so(fake: FakeThanksIO) -> None:
    fake.stop()
    fake.recover()

    with pytest.raises(httpx.ConnectError):
        put(fake, "/order/37294/cancel")


def test_connections_can_be_refused_and_taken_from_many_threads(fake: FakeThanksIO) -> None:
    def switch(_number: int) -> None:
        fake.faults("port_closed")
        fake.recover()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(switch, range(40)))

    assert put(fake, "/order/37294/cancel").status_code == 200


def test_a_fault_may_stop_the_fake(fake: FakeThanksIO) -> None:
    def stop(answer: FakeResponse) -> list[bytes]:
        fake.stop()
        return [answer.encode()]

    fake.fail_next(Fault("stop", "stops", Truth.IDLE, stop))
    with pytest.raises(httpx.TransportError):
        put(fake, "/order/37294/cancel")


def test_a_script_that_is_not_bytes_is_an_error(fake: FakeThanksIO) -> None:
    fake.fail_next(Fault("words", "says words", Truth.IDLE, lambda _answer: ["words"]))  # type: ignore[list-item]
    with pytest.raises(httpx.TransportError):
        put(fake, "/order/37294/cancel")

    with pytest.raises(TypeError, match="not str"):
        fake.check()


def test_a_fault_may_be_ones_own(fake: FakeThanksIO) -> None:
    teapot = Fault("teapot", "is one", Truth.IDLE, lambda answer: [answer.showing({}, 418).encode()])
    fake.fail_next(teapot)

    assert put(fake, "/order/37294/cancel").status_code == 418
    assert fake.orders[37294].status == "reviewing"


@pytest.mark.parametrize(
    ("name", "times", "words"),
    [
        ("no_such_fault", 1, "Unknown fault 'no_such_fault'"),
        ("wrong_certificate", 1, "needs a fake with TLS"),
        ("port_closed", 1, "cannot be counted"),
    ],
)
def test_a_fault_that_cannot_happen_is_refused(fake: FakeThanksIO, name: str, times: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fake.faults(name, times=times)


def broken(_answer: object) -> list[bytes]:
    raise KeyError("mine")


BROKEN = Fault("broken", "raises", Truth.IDLE, broken)


def test_an_exception_inside_is_raised_by_check(fake: FakeThanksIO) -> None:
    fake.fail_next(BROKEN)
    with fake.client() as client:
        assert client.cancel_order(37294).status == "cancelled"

    with pytest.raises(KeyError, match="mine"):
        fake.check()
    fake.check()


def test_the_first_exception_inside_is_raised(fake: FakeThanksIO) -> None:
    fake.faults(BROKEN)
    with fake.client() as client, pytest.raises(APIConnectionError) as led_to:
        client.cancel_order(37294)

    with pytest.raises(KeyError) as caught:
        fake.__exit__(APIConnectionError, led_to.value, None)

    assert caught.value.__cause__ is led_to.value


def test_ctrl_c_passes_through_after_an_exception_inside(fake: FakeThanksIO) -> None:
    fake.failed(KeyError("mine"))

    fake.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with pytest.raises(KeyError):
        fake.check()


def test_an_order_that_is_no_json_is_raised_on_leaving() -> None:
    def use() -> None:
        with FakeThanksIO() as fake, fake.client() as client:
            fake.orders[37294].fields["odd"] = object()
            client.cancel_order(37294)

    with pytest.raises(TypeError, match="not JSON serializable"):
        use()


# The server below


def test_it_keeps_connections_unless_the_request_closes_them(fake: FakeThanksIO) -> None:
    with httpx.Client(base_url=fake.base_url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        streams = {client.put("/order/37294/cancel").extensions["network_stream"] for _ in range(2)}
        client.put("/order/37294/cancel", headers={"Connection": "close"})
        streams.add(client.put("/order/37294/cancel").extensions["network_stream"])

    assert len(streams) == 2


def test_head_is_answered_without_a_body(fake: FakeThanksIO) -> None:
    with httpx.Client(base_url=fake.base_url) as client:
        assert client.head("/order/37294/cancel").status_code == 405
        assert client.get("/order/37294/cancel").json()["message"].startswith("The GET method")


def test_bytes_that_are_not_http_get_a_400_and_bodies_are_read(fake: FakeThanksIO) -> None:
    assert b"400 Bad Request" in said_to(fake, b"nonsense\r\n\r\n")
    asked = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    assert re.match(rb"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found", said_to(fake, asked, b"abc"))
    assert said_to(fake, b"") == b""
    assert fake.calls[-1].body == b"abc"


def test_requests_that_come_at_once_are_answered_in_turn(fake: FakeThanksIO) -> None:
    asked = b"PUT /%d HTTP/1.1\r\nHost: x\r\n\r\n"

    assert said_to(fake, asked % 1 + asked % 2).count(b"HTTP/1.1 404 Not Found") == 2
    assert [call.path for call in fake.calls] == ["/1", "/2"]


def test_the_fault_with_an_untrusted_certificate_closes_the_connection() -> None:
    with FakeThanksIO(tls=True) as fake:
        fake.faults("wrong_certificate")
        with pytest.raises(httpx.TransportError):
            httpx.put(fake.base_url, verify=False)  # noqa: S501 - even whoever trusts everybody gets no answer

    assert fake.calls == []


def test_a_large_body_is_said_to_the_end(fake: FakeThanksIO) -> None:
    fake.fail_next("body_100mb_unannounced")

    assert len(said_to(fake, b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n")) > 100 * 1024 * 1024


def test_what_drips_is_the_answer_itself() -> None:
    answer = FakeResponse(200, {"order": {"id": 1}})

    drops = list(FAULTS["drip"].respond(answer))

    assert b"".join(drop for drop in drops if isinstance(drop, bytes)) == answer.encode()
    assert drops.count(Wait(0.02)) == len(answer.body())


def said_to(fake: FakeThanksIO, *pieces: bytes) -> bytes:
    received = b""
    with socket.create_connection(("127.0.0.1", urlsplit(fake.base_url).port or 0), 5) as connection:
        for number, piece in enumerate(pieces):
            if number:
                received += connection.recv(100)
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        chunks = [received]
        while chunks[-1] or len(chunks) == 1:
            chunks.append(connection.recv(1 << 20))
    return b"".join(chunks)


def test_headers_that_stand_twice_are_joined(fake: FakeThanksIO) -> None:
    httpx.put(fake.base_url, headers=[("X-A", "1"), ("x-a", "2")])

    assert fake.calls[0].headers["x-a"] == "1, 2"


def test_it_starts_again_on_its_port_and_knows_what_it_knew(fake: FakeThanksIO) -> None:
    put(fake, "/order/37294/cancel")
    address = fake.base_url
    fake.stop()
    with pytest.raises(httpx.ConnectError):
        put(fake, "/order/37294/cancel")
    fake.start()

    assert fake.base_url == address
    assert put(fake, "/order/37294/cancel").json() == CANCELLED


def test_a_port_that_is_taken_is_said_to_be(fake: FakeThanksIO) -> None:
    port = urlsplit(fake.base_url).port or 0

    with pytest.raises(OSError, match="in use"):
        FakeThanksIO(port=port).start()


def test_stopping_ends_every_connection(fake: FakeThanksIO) -> None:
    fake.faults("silent")
    with ThreadPoolExecutor() as threads, fake.client(retry=RetryPolicy(max_attempts=1)) as client:
        future = threads.submit(client.cancel_order, 37294)
        while not fake.calls:
            time.sleep(0.01)
        fake.stop()

        with pytest.raises(APIConnectionError):
            future.result(timeout=5)


def test_out_of_file_descriptors_is_an_error_of_check(fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a test of somebody's would wait for an answer that never comes."""

    def full(_listener: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "accept", full)
        httpx.put(fake.base_url)  # by the accept that is under way
        with pytest.raises(httpx.HTTPError):
            httpx.put(fake.base_url, timeout=0.2)

    with pytest.raises(OSError, match="Too many open files"):
        fake.check()


def test_tls_without_its_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'thanksio\[testing\]'"):
        FakeThanksIO(tls=True)
