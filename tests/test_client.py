"""What a client is made of (rules 6 and 7), what it lets through (5 and 8), and how it is shared."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from conftest import CANCELLED, LETTER, TOKEN, Connect, ok, order, script
from contract import CONTRACT

from thanksio import AsyncThanksIO, ConfigurationError, InvalidOrderIdError, RetryPolicy, ThanksIO, errors
from thanksio._config import Token
from thanksio.drift import JSON_TYPES, Drift, Reporter, order_contract
from thanksio_generated.contract import SERVER

if TYPE_CHECKING:
    from thanksio.testing import FakeThanksIO


# Rule 7: requests and ids


def test_a_request_is_what_the_page_documents_and_no_more(connect: Connect, fake: FakeThanksIO) -> None:
    connect(base_url=fake.base_url).cancel_order(37294)

    (call,) = fake.calls
    assert (call.method, call.path, call.query, call.body) == ("PUT", "/api/v2/order/37294/cancel", "", b"")
    assert call.authorized
    assert call.headers == {
        "host": call.headers["host"],
        "content-length": "0",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
        "user-agent": f"thanksio-python/{version('thanksio')}",
    }


def test_cookies_of_an_answer_are_not_sent_back(connect: Connect) -> None:
    handler, received = script(ok(CANCELLED, set_cookie="session=1; Path=/"))
    client = connect(handler)

    client.cancel_order(37294)
    client.cancel_order(37294)

    assert "cookie" not in received[1].headers


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(connect: Connect, code: int) -> None:
    handler, received = script(httpx.Response(code, headers={"location": "https://elsewhere.example/"}), ok())

    with pytest.raises(errors.APIStatusError):
        connect(handler).cancel_order(37294)

    assert len(received) == 1


@pytest.mark.parametrize("order_id", [37294, "37294"])
def test_a_number_and_its_digits_are_the_same_id(connect: Connect, order_id: int | str) -> None:
    assert connect(script(ok())[0]).cancel_order(order_id).id == 37294


def test_an_invalid_id_is_refused_before_anything_is_sent(connect: Connect) -> None:
    handler, received = script(ok())

    with pytest.raises(InvalidOrderIdError) as caught:
        connect(handler).cancel_order("../1")

    assert received == []
    assert (caught.value.attempts, caught.value.may_have_cancelled) == (0, False)


# Rule 6: token and base URL


def test_a_token_loses_its_outer_newline(connect: Connect, fake: FakeThanksIO) -> None:
    connect(token=f" {TOKEN}\r\n", base_url=fake.base_url).cancel_order(37294)

    assert fake.calls[0].authorized


def test_token_and_base_url_come_from_the_environment(fake: FakeThanksIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THANKSIO_TOKEN", TOKEN)
    monkeypatch.setenv("THANKSIO_BASE_URL", fake.base_url + "/")

    with ThanksIO() as client:
        assert client.cancel_order(37294).status == "cancelled"


def test_without_a_token_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THANKSIO_TOKEN", raising=False)

    with pytest.raises(ConfigurationError, match="THANKSIO_TOKEN"):
        ThanksIO()


def test_the_contract_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THANKSIO_BASE_URL", " ")

    assert CONTRACT["servers"][0]["url"] == SERVER
    assert repr(ThanksIO(TOKEN)) == f"ThanksIO(base_url='{SERVER}')"


@pytest.mark.parametrize(
    "settings",
    [{"timeout": 0}, {"timeout": None}, {"deadline": -1}, {"deadline": float("inf")}]
    + [
        {"deadline": 10**400},
        {"timeout": float("nan")},
        {"timeout": 1e7},
        {"retry": None},
        {"cancel_path": "x"},
        {"transport": "x"},
    ]
    + [{"transport": httpx.AsyncHTTPTransport()}],
)
def test_an_unusable_setting_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ThanksIO(TOKEN, **settings)


def test_an_unusable_deadline_of_a_call_is_refused_before_anything_is_sent(connect: Connect) -> None:
    handler, received = script(ok())

    with pytest.raises(ConfigurationError):
        connect(handler).cancel_order(37294, deadline=0)

    assert received == []


def test_a_client_shows_its_token_nowhere(connect: Connect) -> None:
    client = connect(script(ok())[0]).client
    inner = [repr(client), repr(vars(client)), str(client._headers), repr(Token(TOKEN))]

    assert all(TOKEN not in text for text in inner)
    for stolen in (client, Token(TOKEN)):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(stolen)
        with pytest.raises(TypeError, match="cannot be pickled"):
            copy.copy(stolen)


def test_an_order_shows_no_letter_when_it_is_printed(connect: Connect) -> None:
    found = connect(script(ok(order("Cancelled")))[0]).cancel_order(37294)

    assert repr(found) == str(found) == "<Order 37294 Cancelled>"
    assert found.message == LETTER

    found.status = f"{LETTER} {TOKEN}"
    assert repr(found) == "<Order 37294 ...>"


def test_an_order_survives_copying_and_pickling(connect: Connect) -> None:
    found = connect(script(ok(order(unlisted={"x": 1})))[0]).cancel_order(37294)

    for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found
        assert json.dumps(twin.to_dict()) == json.dumps(found.to_dict())


# Rules 3 and 4, through a client


def test_waits_are_announced_and_taken(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "thanksio")
    client = connect(script(ok({}, 503, retry_after="3"), ok({}, 429, retry_after="5"), ok())[0])

    client.cancel_order(37294)

    assert client.waits == [3.0, 5.0]
    assert caplog.messages == [
        "order 37294: waiting 3.00 s after attempt 1",
        "order 37294: waiting 5.00 s after attempt 2",
    ]


def test_the_jitter_of_a_client_is_random(connect: Connect) -> None:
    client = connect(script(httpx.ReadError("x"))[0])

    with pytest.raises(errors.APIConnectionError):
        client.cancel_order(37294)

    assert len(client.waits) == len(set(client.waits)) == 3
    assert all(0 <= wait <= cap for wait, cap in zip(client.waits, (0.5, 1.0, 2.0), strict=True))


def test_a_real_wait_is_waited_for(connect: Connect) -> None:
    client = connect(script(ok({}, 503, retry_after="0.02"), ok())[0], retry=RetryPolicy(backoff=0.001))
    del client.client._sleep

    start = time.monotonic()

    assert client.cancel_order(37294).id == 37294
    assert time.monotonic() - start >= 0.02


def test_a_step_never_gets_more_time_than_the_call_has_left(connect: Connect) -> None:
    handler, received = script(ok())
    client = connect(handler, timeout=5.0)

    client.cancel_order(37294)
    client.cancel_order(37294, deadline=2.0)

    assert set(received[0].extensions["timeout"].values()) == {5.0}
    assert all(1.9 < step <= 2.0 for step in received[1].extensions["timeout"].values())


# Rule 8: drift


def test_drift_is_reported_once_and_changes_no_verdict(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Drift] = []
    answer = order(
        unlisted=LETTER, style="four", settled=True, addons=[LETTER], metadata={"any": "thing"}, envelope_id=9
    )
    client = connect(script(ok(answer))[0], on_drift=seen.append)

    found: Any = [client.cancel_order(37294) for _ in range(3)][2]

    assert found["unlisted"] == LETTER
    assert found.style == "four"
    assert [(drift.pointer, drift.kind, drift.json_type) for drift in seen] == [
        ("/order/style", "other type", "string"),
        ("/order/addons", "other type", "array"),
        ("/order/settled", "other type", "boolean"),
        ("/order/unlisted", "unknown field", "string"),
    ]
    records = [record for record in caplog.records if record.name == "thanksio.drift"]
    assert len(records) == 4
    assert records[0].getMessage() == "contract drift: other type at /order/style, JSON type string"
    assert LETTER not in caplog.text


def test_a_hook_that_fails_does_not_cost_the_caller_the_verdict(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def hook(_drift: Drift) -> None:
        raise RuntimeError(LETTER)

    assert connect(script(ok(order(unlisted=1)))[0], on_drift=hook).cancel_order(37294).id == 37294
    assert "the on_drift hook raised RuntimeError" in caplog.text
    assert LETTER not in caplog.text


def test_a_server_that_makes_up_names_fills_neither_log_nor_memory(connect: Connect) -> None:
    seen: list[Drift] = []
    made_up = {f"{number}/~\n" + "x" * 3000: 1 for number in range(300)}

    connect(script(ok(order(**made_up)))[0], on_drift=seen.append).cancel_order(37294)

    assert len(seen) == 100
    assert seen[0].pointer.startswith("/order/0~1~0\N{REPLACEMENT CHARACTER}xxx")
    assert len(seen[0].pointer) < 100


def test_what_is_no_longer_reported_is_no_longer_looked_at() -> None:
    """An answer can hold 100,000 fields, and a call should not take a second more because of them."""
    hidden: list[str] = []

    def hide(name: str) -> str:
        hidden.append(name)
        return name

    Reporter(hide).look({f"x{number}": 1 for number in range(1000)})

    assert len(hidden) == 100


def test_the_types_that_drift_is_measured_by_are_those_of_the_contract() -> None:
    properties = CONTRACT["components"]["schemas"]["Order"]["properties"]
    expected = {name: _types_of(schema) for name, schema in properties.items()}

    assert {name: {JSON_TYPES[kind] for kind in kinds} for name, kinds in order_contract().types.items()} == expected


def _types_of(schema: dict[str, Any]) -> set[str]:
    if "anyOf" in schema:
        return set[str]().union(*(_types_of(part) for part in schema["anyOf"]))
    named = schema.get("type", list(JSON_TYPES.values()))
    return {named} if isinstance(named, str) else set(named)


# Sharing and closing


def test_a_closed_client_raises_an_error(connect: Connect) -> None:
    handler, received = script(ok())
    client = connect(handler)
    client.close()

    with pytest.raises(ConfigurationError, match="closed"):
        client.cancel_order(37294)

    assert received == []


def test_closing_a_client_ends_the_calls_that_run(connect: Connect) -> None:
    def close_and_lose(_request: httpx.Request) -> httpx.Response:
        client.client._closed = True
        raise httpx.ReadError("lost")

    client = connect(close_and_lose)

    with pytest.raises(errors.APIConnectionError) as caught:
        client.cancel_order(37294)

    assert (caught.value.attempts, caught.value.may_have_cancelled) == (1, True)
    assert "nothing more was sent, because the client was closed. It is unknown whether it was cancelled" in str(
        caught.value
    )


def test_leaving_the_context_closes_the_client(fake: FakeThanksIO) -> None:
    with ThanksIO(TOKEN, base_url=fake.base_url) as client:
        client.cancel_order(37294)

    with pytest.raises(ConfigurationError):
        client.cancel_order(37294)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_leaving_the_async_context_closes_the_client(fake: FakeThanksIO, backend: str) -> None:
    async def use() -> None:
        async with AsyncThanksIO(TOKEN, base_url=fake.base_url) as client:
            assert (await client.cancel_order(37294)).status == "cancelled"
        with pytest.raises(ConfigurationError):
            await client.cancel_order(37294)

    anyio.run(use, backend=backend)


# with_options


def test_a_client_with_other_options_shares_the_path_and_the_budget(fake: FakeThanksIO) -> None:
    fake.cancel_path = "orders"
    with fake.client(pace=True) as client:
        other = client.with_options(timeout=1.0, deadline=2.0, retry=RetryPolicy(max_attempts=1))
        client.cancel_order(37294)
        other.cancel_order(37294)

        assert [call.path.split("/")[3] for call in fake.calls] == ["order", "orders", "orders"]
        rate = other._rate()
        assert rate is not None
        assert rate.used == 3


def test_a_rotated_token_is_sent_and_redacted(fake: FakeThanksIO) -> None:
    with fake.client() as client:
        fake.token = "the-rotated-token"
        fake.fail_next("token_in_message")

        with pytest.raises(errors.CancellationRefusedError, match="redacted") as caught:
            client.with_options(token="the-rotated-token").cancel_order(37294)

    assert "rotated" not in str(caught.value)


def test_a_closed_client_has_no_other_options() -> None:
    client = ThanksIO(TOKEN)
    client.close()

    with pytest.raises(ConfigurationError, match="closed"):
        client.with_options(timeout=1.0)


def test_closing_one_of_two_clients_does_not_close_the_other(fake: FakeThanksIO) -> None:
    client = fake.client()
    other = client.with_options()
    client.close()

    assert other.cancel_order(37294).status == "cancelled"
