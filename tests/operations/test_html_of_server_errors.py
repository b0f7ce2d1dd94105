"""A 5XX with a page of HTML, which the contract documents, is not parsed by the generated functions: they raise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from contract import CONTRACT, DOCUMENT, SERVER, GivenResponse, SentRequest
from generated_client import Operation, every_operation
from httpx import Request, Response

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

PAGE = CONTRACT["components"]["responses"]["ServerFailure"]["content"]["text/html"]["example"]
every_server_error = pytest.mark.parametrize("status", [500, 502, 503, 504])


@every_operation
@every_server_error
def test_a_page_of_html_is_an_error_of_json(httpserver: HTTPServer, operation: Operation, status: int) -> None:
    """The generator supports one media type per status. The facade raises its ServerError instead."""
    httpserver.expect_request(operation.url_path).respond_with_data(PAGE, status, content_type="text/html")

    with pytest.raises(json.JSONDecodeError) as caught:
        operation.call(httpserver.url_for(""))

    assert caught.value.doc == PAGE


@every_server_error
def test_a_page_of_html_conforms_to_the_contract(status: int) -> None:
    request = Request("PUT", f"{SERVER}/order/37294/cancel", headers={"Authorization": "Bearer x"})
    response = Response(status, html=PAGE)

    DOCUMENT.validate_response(SentRequest(request), GivenResponse(response))
