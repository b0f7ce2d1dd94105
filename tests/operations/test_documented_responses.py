"""Every documented response is parsed into its model and serialized again without loss."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conftest import CANCELLED
from contract import CONTRACT
from generated_client import DOCUMENTED, Operation, every_detailed_operation, every_operation, parsed

from thanksio_generated.models import ErrorResponse, OrderResponse
from thanksio_generated.types import UNSET, Response

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer


def respond(httpserver: HTTPServer, operation: Operation, status: int, body: Any) -> str:
    """Make the server respond to the operation, and return its address."""
    httpserver.clear()
    httpserver.expect_request(operation.url_path).respond_with_json(body, status, {"X-Trace": "1"})
    return httpserver.url_for("")


def test_the_documented_responses_cover_every_status_of_the_contract() -> None:
    declared = CONTRACT["paths"]["/order/{order_id}/cancel"]["put"]["responses"].keys()

    assert {"5XX" if status >= 500 else str(status) for status, _ in DOCUMENTED.values()} == declared


@every_operation
def test_a_documented_response_is_parsed_without_loss(httpserver: HTTPServer, operation: Operation) -> None:
    for status, body in DOCUMENTED.values():
        server = respond(httpserver, operation, status, body)

        model = parsed(operation.call(server, raise_on_unexpected_status=True))

        assert isinstance(model, OrderResponse if status == 200 else ErrorResponse)
        assert model.to_dict() == body


@every_detailed_operation
def test_a_detailed_response_has_status_bytes_and_headers(httpserver: HTTPServer, operation: Operation) -> None:
    for status, body in DOCUMENTED.values():
        server = respond(httpserver, operation, status, body)

        response = operation.call(server)

        ((_, given),) = httpserver.log
        assert isinstance(response, Response)
        assert (response.status_code, response.content) == (HTTPStatus(status), given.data)
        assert response.headers["X-Trace"] == "1"


@every_operation
def test_fields_that_the_contract_does_not_list_are_kept(httpserver: HTTPServer, operation: Operation) -> None:
    body = {"order": CANCELLED["order"] | {"unlisted": {"a": [1, None]}}, "meta": "data"}
    server = respond(httpserver, operation, 200, body)

    model = parsed(operation.call(server))

    assert isinstance(model, OrderResponse)
    assert model.order["unlisted"] == {"a": [1, None]}
    assert model.to_dict() == body


@every_operation
def test_fields_that_the_server_does_not_send_are_unset(httpserver: HTTPServer, operation: Operation) -> None:
    body = {"order": {"id": 37294, "status": "cancelled"}}
    server = respond(httpserver, operation, 200, body)

    model = parsed(operation.call(server))

    assert isinstance(model, OrderResponse)
    assert model.order.grand_total is UNSET
    assert model.to_dict() == body
