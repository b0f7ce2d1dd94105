"""An undocumented status is parsed as None, or raises an error if the client is configured so."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from conftest import CANCELLED
from generated_client import Operation, every_operation

from thanksio_generated.errors import UnexpectedStatus
from thanksio_generated.types import Response

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

UNDOCUMENTED = (201, 202, 204, 302, 304, 408, 409, 410, 418, 425)


def respond(httpserver: HTTPServer, operation: Operation, status: int) -> str:
    """Make the server respond with a cancelled order, and return its address."""
    httpserver.clear()
    headers = {"Location": httpserver.url_for(operation.url_path)}
    httpserver.expect_request(operation.url_path).respond_with_json(CANCELLED, status, headers)
    return httpserver.url_for("")


@every_operation
def test_an_undocumented_status_is_parsed_as_none(httpserver: HTTPServer, operation: Operation) -> None:
    for status in UNDOCUMENTED:
        server = respond(httpserver, operation, status)

        result = operation.call(server)

        if isinstance(result, Response):
            assert (result.status_code, result.parsed) == (HTTPStatus(status), None)
        else:
            assert result is None
        assert len(httpserver.log) == 1  # a redirect is not followed


@every_operation
def test_an_undocumented_status_is_an_error_if_the_client_raises_on_it(
    httpserver: HTTPServer, operation: Operation
) -> None:
    for status in UNDOCUMENTED:
        server = respond(httpserver, operation, status)

        with pytest.raises(UnexpectedStatus) as caught:
            operation.call(server, raise_on_unexpected_status=True)

        assert caught.value.status_code == status
        assert caught.value.content in {b"", httpserver.log[0][1].data}  # 204 and 304 have no body


@every_operation
@pytest.mark.parametrize("status", [499, 520, 599])
def test_a_status_without_a_name_is_a_value_error(httpserver: HTTPServer, operation: Operation, status: int) -> None:
    """Issue 1442 of the generator; it hits 520 of Cloudflare as well. The facade reads statuses as numbers."""
    server = respond(httpserver, operation, status)

    with pytest.raises(ValueError, match=f"{status} is not a valid HTTPStatus"):
        operation.call(server)
