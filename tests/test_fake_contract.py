"""The responses of the fake match openapi.yaml, and both checks detect a fake that does not match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from attrs import evolve
from conftest import ROOT, TOKEN
from contract import DOCUMENT, SERVER, GivenResponse, SentRequest
from hypothesis import HealthCheck, Phase, given, settings
from openapi_core.exceptions import OpenAPIError
from schemathesis.core.failures import FailureGroup

from thanksio.testing import FakeThanksIO

if TYPE_CHECKING:
    from thanksio.testing import ReceivedCall
    from thanksio.testing.faults import FakeResponse

SCHEMA = schemathesis.openapi.from_path(ROOT / "openapi.yaml")


def put(fake: FakeThanksIO, path: str, token: str = TOKEN) -> httpx.Response:
    """Cancel an order, and hold the answer to the contract; what is accepted must have been a valid request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.put(f"{fake.base_url}/{path}/cancel", headers=headers)
    request = SentRequest(httpx.Request("PUT", f"{SERVER}/{path}/cancel", headers=headers))
    DOCUMENT.validate_response(request, GivenResponse(answer))
    if answer.is_success:
        DOCUMENT.validate_request(request)
    return answer


@pytest.mark.parametrize(("shape", "spelling"), [("2025", "order"), ("2026", "orders")])
@pytest.mark.parametrize("refusal", [200, 400, 422])
def test_every_state_of_an_order_has_a_conforming_response(shape: Any, spelling: str, refusal: Any) -> None:
    with FakeThanksIO(token=TOKEN, shape=shape, refusal=refusal) as fake:
        number = fake.place(metadata={"a": [1]} if shape == "2026" else None).id
        seen = [put(fake, f"{spelling}/{number}").status_code for _ in range(2)]
        for status in ("processing", "printed", "fulfilled", "shipped", "delivered", "paused", "error", "unlisted"):
            fake.orders[number].status = status
            seen.append(put(fake, f"{spelling}/{number}").status_code)

    assert seen == [200] + [refusal] * 9


def test_every_state_of_the_account_has_conforming_responses(fake: FakeThanksIO) -> None:
    other = fake.place(account="another").id
    seen = [put(fake, "order/1"), put(fake, f"order/{other}"), put(fake, "order/5", "wrong"), put(fake, "order/5", "")]
    fake.limit(0)
    seen.append(put(fake, "order/37294"))
    fake.limit(0, retry_after=False)
    seen.append(put(fake, "orders/37294"))
    fake.disabled = True
    seen.append(put(fake, "orders/37294"))
    fake.cancel_path = "order"
    seen.append(put(fake, "orders/37294"))

    assert [answer.status_code for answer in seen] == [404, 401, 401, 401, 429, 429, 402, 404]


def explore(fake: FakeThanksIO, examples: int) -> set[int]:
    """Run schemathesis, and return the statuses that it met."""
    met: set[int] = set()

    def judge(case: schemathesis.Case[Any]) -> None:
        answer = case.call(base_url=fake.base_url, headers={"Authorization": f"Bearer {TOKEN}"})
        met.add(answer.status_code)
        case.validate_response(answer)

    quiet = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for path in ("/order/{order_id}/cancel", "/orders/{order_id}/cancel"):
        quiet(given(SCHEMA[path]["PUT"].as_strategy())(judge))()
    return met


def test_schemathesis_finds_nothing_wrong_with_the_fake(fake: FakeThanksIO) -> None:
    """Without the example id it would praise a fake that knows no order."""
    assert explore(fake, 40) >= {200, 404}


# Copies of the fake with one bug each


def shows(answer: FakeResponse, **fields: object) -> FakeResponse:
    """Change fields of the order that an answer shows; None takes one away."""
    if answer.status != 200 or not isinstance(answer.document, dict):
        return answer
    order = {name: value for name, value in (answer.document["order"] | fields).items() if value is not None}
    return answer.showing({"order": order})


class WrongType(FakeThanksIO):
    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        return shows(super().respond(call, acts=acts), grand_total="0")


class MissingField(FakeThanksIO):
    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        return shows(super().respond(call, acts=acts), status=None)


class UndocumentedStatus(FakeThanksIO):
    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        answer = super().respond(call, acts=acts)
        return answer if answer.status == 200 else answer.showing(answer.document, 418)


class MissingAuthorization(FakeThanksIO):
    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        return super().respond(evolve(call, authorized=True), acts=acts)


class WrongContentType(FakeThanksIO):
    def respond(self, call: ReceivedCall, *, acts: bool = True) -> FakeResponse:
        answer = super().respond(call, acts=acts)
        return evolve(answer, headers=(*answer.headers, ("Content-Type", "text/html")))


PLANTED = [WrongType, MissingField, UndocumentedStatus, MissingAuthorization, WrongContentType]


@pytest.mark.parametrize("kind", PLANTED)
def test_openapi_core_catches_a_planted_bug(kind: type[FakeThanksIO]) -> None:
    def ask(fake: FakeThanksIO) -> None:
        for path, token in (("order/37294", TOKEN), ("order/1", TOKEN), ("order/37294", "")):
            put(fake, path, token)

    with kind(token=TOKEN) as fake, pytest.raises(OpenAPIError):
        ask(fake)


@pytest.mark.parametrize("kind", PLANTED)
def test_schemathesis_catches_a_planted_bug(kind: type[FakeThanksIO]) -> None:
    with kind(token=TOKEN) as fake, pytest.raises(FailureGroup):
        explore(fake, 25)
