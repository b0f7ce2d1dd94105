"""Rule 5 for mocks: respx, pytest-httpx and vcrpy see the requests of a client that was given no transport."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
import pytest
import respx
import vcr  # type: ignore[import-untyped] # it has no types
from conftest import CANCELLED, LETTER, TOKEN, order
from embedding.calling import TWICE, failure, outcome, results
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from thanksio import APIConnectionError, CancellationRefusedError, ThanksIO, ThanksIOError
from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_httpx import HTTPXMock

    Mock: TypeAlias = Callable[[httpx.Response | Exception], None]

BASE = "http://127.0.0.1:1"  # where nobody listens, should a mock miss the request
KINDS_OF_LOSS = [
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError),
    *(httpx.WriteTimeout, httpx.WriteError, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol),
]
TWO = httpx.Response(200, json=CANCELLED), httpx.Response(200, json=order(id=42708))


@pytest.fixture(params=["respx", "pytest-httpx"])
def mock(request: pytest.FixtureRequest) -> Iterator[Mock]:
    """Return a function that sets the response to every request, with each of the two libraries."""
    with ExitStack() as stack:
        router = stack.enter_context(respx.mock(assert_all_called=False)) if request.param == "respx" else None
        httpx_mock: HTTPXMock | None = None if router else request.getfixturevalue("httpx_mock")

        def set_answer(answer: httpx.Response | Exception) -> None:
            if router:
                router.put(url__startswith=BASE).mock(side_effect=[answer] * 4)
            elif httpx_mock and isinstance(answer, Exception):
                httpx_mock.add_exception(answer, is_reusable=True)
            elif httpx_mock and isinstance(answer, httpx.Response):
                httpx_mock.add_response(answer.status_code, content=answer.content, is_reusable=True)

        yield set_answer


def test_a_mocked_answer_is_the_order(mock: Mock, kind: str) -> None:
    mock(httpx.Response(200, json=CANCELLED))

    assert outcome(kind, base_url=BASE).id == 37294


def test_a_mocked_answer_counts_as_any_response(mock: Mock, kind: str) -> None:
    mock(httpx.Response(422, json={"message": "too late"}))

    error = failure(kind, base_url=BASE)

    assert type(error) is CancellationRefusedError
    assert (error.message, error.may_have_cancelled, error.attempts) == ("too late", False, 1)


@pytest.mark.parametrize("loss", KINDS_OF_LOSS)
def test_a_mocked_failure_proves_nothing(mock: Mock, kind: str, loss: type[httpx.TransportError]) -> None:
    """No connection of ours was opened, so it is unknown whether anything was sent."""
    mock(loss("mocked"))

    error = failure(kind, base_url=BASE)

    assert isinstance(error, APIConnectionError)
    assert error.may_have_cancelled is True
    assert isinstance(error, TimeoutError) is issubclass(loss, httpx.TimeoutException)


def test_a_run_is_mocked_as_a_call_is(kind: str) -> None:
    with respx.mock(base_url=BASE) as router:
        for number, answer in zip((37294, 42708), TWO, strict=True):
            router.put(f"/order/{number}/cancel").mock(return_value=answer)
        found = results(kind, [37294, 42708], base_url=BASE)

    assert {result.order_id: result.verdict for result in found} == {37294: "cancelled", 42708: "cancelled"}


def test_the_complaint_of_a_mock_passes_unchanged(kind: str) -> None:
    """It is the host's own exception, not a failure of the network."""
    with respx.mock(assert_all_called=False) as router:
        router.put("https://elsewhere.invalid/")

        assert type(outcome(kind, base_url=BASE)).__name__ == "AllMockedAssertionError"


def test_a_plugin_that_is_not_asked_for_mocks_nothing(kind: str, fake: FakeThanksIO) -> None:
    assert outcome(kind, base_url=fake.base_url).id == 37294
    assert len(fake.calls) == 1


# vcrpy. This is how to keep the token, the letter and the address out of a cassette:


def without_letter(response: dict[str, Any]) -> dict[str, Any]:
    """Reduce an answer to the facts about the order. vcrpy also applies it to what it replays."""
    shown = json.loads(response["body"]["string"]).get("order", {})
    kept = {name: shown[name] for name in ("id", "status", "created_at") if name in shown}
    body = json.dumps({"order": kept}).encode()
    headers = {name: value for name, value in response["headers"].items() if name.lower() != "content-length"}
    return {**response, "headers": headers, "body": {"string": body}}


RECORDER = vcr.VCR(filter_headers=["authorization"], before_record_response=without_letter)


def test_a_recorded_call_is_replayed_without_a_server_and_holds_no_secret(kind: str, tmp_path: Path) -> None:
    cassette = str(tmp_path / "cancel.yaml")
    with FakeThanksIO(token=TOKEN) as fake:
        fake.orders[37294].fields |= {"message": LETTER, "return_address": LETTER}
        with RECORDER.use_cassette(cassette):
            recorded = outcome(kind, base_url=fake.base_url)

    with RECORDER.use_cassette(cassette, record_mode="none") as tape:
        replayed = outcome(kind, base_url=fake.base_url)

    assert (recorded.status, replayed.status) == ("cancelled", "cancelled")
    assert tape.play_count == len(fake.calls) == 1
    assert recorded.message == LETTER  # the caller of a recorded call gets all of it
    assert not replayed.message
    text = (tmp_path / "cancel.yaml").read_text("utf-8")
    assert "37294" in text
    assert TOKEN not in text
    assert LETTER not in text


def test_a_request_that_is_not_on_the_tape_is_no_failure_of_the_network(kind: str, tmp_path: Path) -> None:
    with RECORDER.use_cassette(str(tmp_path / "empty.yaml"), record_mode="none"):
        error = outcome(kind, base_url=BASE)

    assert type(error) is CannotOverwriteExistingCassetteException


def test_a_patched_transport_sees_each_attempt_of_a_sync_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these libraries rely on: every attempt goes through httpx.HTTPTransport.handle_request."""
    seen: list[str] = []

    def handle(_transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    with ThanksIO(TOKEN, base_url=BASE, retry=TWICE) as client, pytest.raises(ThanksIOError) as caught:
        client.cancel_order(37294)

    assert seen == ["/order/37294/cancel"] * 2
    assert (caught.value.attempts, caught.value.may_have_cancelled) == (2, True)
