"""Every generated function sends one PUT with the token, and with neither a body nor a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from conftest import CANCELLED, TOKEN
from contract import DOCUMENT, SERVER, SentRequest
from generated_client import Operation, every_operation

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer
    from werkzeug import Request


def sent(httpserver: HTTPServer) -> Request:
    """Return the one request that was received."""
    ((request, _),) = httpserver.log
    return request


@every_operation
def test_the_request_is_the_documented_one(httpserver: HTTPServer, operation: Operation) -> None:
    path = f"/api/v2{operation.url_path}"
    httpserver.expect_request(path).respond_with_json(CANCELLED)

    operation.call(httpserver.url_for("/api/v2"))

    request = sent(httpserver)
    assert (request.method, request.environ["REQUEST_URI"]) == ("PUT", path)
    assert (request.query_string, request.data) == (b"", b"")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Length"] == "0"
    of_httpx = {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent", "Content-Length"}
    assert set(request.headers.keys()) == of_httpx | {"Authorization"}


@every_operation
def test_the_request_conforms_to_the_contract(httpserver: HTTPServer, operation: Operation) -> None:
    httpserver.expect_request(operation.url_path).respond_with_json(CANCELLED)

    operation.call(httpserver.url_for(""))

    request = sent(httpserver)
    url = f"{SERVER}{request.environ['REQUEST_URI']}"
    DOCUMENT.validate_request(SentRequest(httpx.Request(request.method, url, headers=list(request.headers))))


@every_operation
def test_headers_of_the_client_are_sent(httpserver: HTTPServer, operation: Operation) -> None:
    httpserver.expect_request(operation.url_path).respond_with_json(CANCELLED)

    operation.call(httpserver.url_for(""), headers={"Accept": "application/json", "X-Trace": "1"})

    headers = sent(httpserver).headers
    assert (headers["Accept"], headers["X-Trace"]) == ("application/json", "1")


@every_operation
@pytest.mark.parametrize(
    ("order_id", "quoted"), [("1/../2", "1%2F..%2F2"), ("1?a=b#c", "1%3Fa%3Db%23c"), ("%2e%2e", "%252e%252e")]
)
def test_an_id_stays_one_segment_of_the_path(
    httpserver: HTTPServer, operation: Operation, order_id: str, quoted: str
) -> None:
    httpserver.expect_request(f"/{operation.path}/{order_id}/cancel").respond_with_json(CANCELLED)

    operation.call(httpserver.url_for(""), order_id)

    assert sent(httpserver).environ["REQUEST_URI"] == f"/{operation.path}/{quoted}/cancel"
