"""Both clients work with a server that is not ours: Prism, which makes it from openapi.yaml."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import prism
import pytest
from conftest import CANCELLED, Connect
from contract import EXAMPLES, headers, responses, status_of
from generated_client import Operation, every_detailed_operation, every_operation, parsed

from thanksio import APIResponseValidationError
from thanksio_generated.models import ErrorResponse, OrderResponse
from thanksio_generated.types import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thanksio.drift import Drift

pytestmark = prism.needs_prism


@pytest.fixture(scope="module")
def mock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prism.running(tmp_path_factory.mktemp("prism") / "log") as address:
        yield address


# The generated functions


@every_operation
def test_a_call_returns_the_cancelled_order(mock_server: str, operation: Operation) -> None:
    model = parsed(operation.call(mock_server))

    assert isinstance(model, OrderResponse)
    assert model.to_dict() == CANCELLED


@every_detailed_operation
def test_every_example_is_parsed_without_loss(mock_server: str, operation: Operation) -> None:
    for name, example in EXAMPLES.items():
        status = status_of(name)

        response = operation.call(mock_server, headers={"Prefer": f"code={status}, example={name}"})

        assert isinstance(response, Response)
        assert response.status_code == HTTPStatus(status)
        assert isinstance(response.parsed, OrderResponse if status == 200 else ErrorResponse)
        assert response.parsed.to_dict() == example["value"]


@every_detailed_operation
def test_every_response_has_the_headers_of_the_contract(mock_server: str, operation: Operation) -> None:
    for status in responses():
        response = operation.call(mock_server, headers={"Prefer": f"code={status.replace('XX', '00')}"})

        assert isinstance(response, Response)
        for name, header in headers(status).items():
            assert response.headers[name] == str(header["example"])


@every_operation
@pytest.mark.parametrize(
    ("settings", "example"),
    [({"prefix": "Basic"}, "unauthenticated"), ({"order_id": "x"}, "order-id-not-an-integer")],
    ids=["no bearer token", "no number"],
)
def test_a_request_that_does_not_conform_is_refused(
    mock_server: str, operation: Operation, settings: dict[str, str], example: str
) -> None:
    """So a 200 in the other tests proves that the requests conform."""
    model = parsed(operation.call(mock_server, **settings))

    assert isinstance(model, ErrorResponse)
    assert model.to_dict() == EXAMPLES[example]["value"]


# The facade


@pytest.mark.parametrize("cancel_path", ["auto", "order", "orders"])
def test_the_facade_returns_the_cancelled_order_and_sees_no_drift(
    mock_server: str, connect: Connect, cancel_path: str
) -> None:
    drift: list[Drift] = []

    order = connect(base_url=mock_server, cancel_path=cancel_path, on_drift=drift.append).cancel_order(37294)

    assert order.to_dict() == CANCELLED["order"]
    assert drift == []


def test_the_facade_takes_the_order_of_another_id_for_no_proof(mock_server: str, connect: Connect) -> None:
    with pytest.raises(APIResponseValidationError) as caught:
        connect(base_url=mock_server).cancel_order(42708)

    assert caught.value.may_have_cancelled
