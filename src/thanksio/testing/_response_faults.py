"""Faults that are valid HTTP: a status, headers and a body other than the order's."""

from __future__ import annotations

import gzip
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from thanksio.testing._fault import Fault, Responder, Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from thanksio.testing._script import FakeResponse, Script

ACTED, IDLE = Truth.ACTED, Truth.IDLE
_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body></html>"
_BILLING = (
    "API access has been temporarily disabled due to repeated payment failures. Please update your payment method."
)


def _status(status: int, document: object, *headers: tuple[str, str]) -> Responder:
    return lambda response: [response.showing(document, status, *headers).encode()]


def _failed(status: int, error: str) -> Responder:
    """Return a refusal in the shape of the vendor's newer operations."""
    return _status(status, {"status": "failed", "errors": [error]})


def _message(status: int, message: str, *headers: tuple[str, str]) -> Responder:
    """Return a refusal in the shape of the framework and of the vendor's older operations."""
    return _status(status, {"message": message}, *headers)


def _page(status: int, title: str, *headers: tuple[str, str]) -> Responder:
    page = _PAGE % (title.encode(), title.encode())
    extra = (("Content-Type", "text/html; charset=UTF-8"), *headers)
    return lambda response: [response.encode_with(page, status=status, extra=extra)]


def _body(body: bytes, *headers: tuple[str, str]) -> Responder:
    return lambda response: [response.encode_with(body, extra=headers)]


def _own(change: Callable[[bytes], bytes], *headers: tuple[str, str]) -> Responder:
    """Send the normal response with its bytes changed."""
    return lambda response: [response.encode_with(change(response.body()), extra=headers)]


def _first(field: bytes) -> Responder:
    """Put a field before those of the order."""
    return _own(lambda body: body.replace(b'{"order": {', b'{"order": {' + field + b", ", 1))


@cache
def _hundred_megabytes() -> bytes:
    return gzip.compress(b" " * 100_000_000, 1)


def _bomb(response: FakeResponse) -> Script:
    return [response.encode_with(_hundred_megabytes(), extra=(("Content-Encoding", "gzip"),))]


def _throttled(*asked: str) -> Responder:
    return _message(429, "Too Many Attempts.", *(("Retry-After", value) for value in asked))


def _throttled_until(seconds: int) -> Responder:
    """Send a Retry-After with the date that is `seconds` after the server's."""

    def respond(response: FakeResponse) -> Script:
        moment = parsedate_to_datetime(response.header("Date")) + timedelta(seconds=seconds)
        return _throttled(format_datetime(moment, usegmt=True))(response)

    return respond


def _token_alone(response: FakeResponse) -> Script:
    return [response.encode_with(response.token.encode(), status=500, extra=(("Content-Type", "text/plain"),))]


def _token_as_status(response: FakeResponse) -> Script:
    order = {"id": 37294} | cast("dict[str, Any]", response.document).get("order", {}) | {"status": response.token}
    return [response.showing({"order": order}, 200).encode()]


def _token_as_header(response: FakeResponse) -> Script:
    return [response.showing(response.document, response.status, ("X-Echo", f"Bearer {response.token}")).encode()]


def _problem(status: int, title: str) -> Responder:
    """Return an error as Cloudflare does (RFC 9457), with a `message` as well."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": title, "message": title}
    return _status(status, document, ("Content-Type", "application/problem+json"))


_TITLES = {400: "Bad Request", 403: "Just a moment...", 404: "Not Found", 409: "Conflict", 422: "Unprocessable Content"}

# The bodies are documented ones of this or a sibling operation, or the framework's where there is none.
_REFUSALS = (
    Fault("refused_400", "400", IDLE, _message(400, "Sub Account ID does not exist")),
    Fault("unauthenticated_401", "401", IDLE, _message(401, "Unauthenticated.")),
    Fault("another_account_401", "401 for an order of another account", IDLE, _failed(401, "Unauthorized")),
    Fault(
        "disabled_402",
        "402, API access is disabled",
        IDLE,
        _status(402, {"status": _BILLING, "message": _BILLING, "code": "api_disabled_payment_failures"}),
    ),
    Fault("forbidden_403", "403", IDLE, _message(403, "Unauthorized")),
    Fault("not_found_404", "404", IDLE, _message(404, "Not Found")),
    Fault("not_allowed_405", "405", IDLE, _message(405, "The PUT method is not supported.", ("Allow", "POST"))),
    Fault("conflict_409", "409", IDLE, _message(409, "Conflict")),
    Fault("gone_410", "410", IDLE, _message(410, "Gone")),
    Fault("page_expired_419", "419, a status of Laravel", IDLE, _message(419, "Page Expired")),
    Fault("refused_422", "422 with a list of errors", IDLE, _failed(422, "Order cannot be cancelled.")),
    Fault("refused_422_by_field", "422 with errors by field", IDLE, _status(422, {"errors": {"order_id": ["No."]}})),
    Fault(
        "already_cancelled_422",
        "422 because it is already cancelled",
        IDLE,
        _failed(422, "Order is already cancelled."),
    ),
)
_GATEWAYS = (
    Fault("moved_301", "cancels, then responds with 301", ACTED, _page(301, "Moved", ("Location", "/api/v3/"))),
    Fault("redirect_to_login_302", "302 to a login page", IDLE, _page(302, "Login", ("Location", "/login"))),
    Fault("see_other_303", "cancels, then responds with 303", ACTED, _page(303, "See Other", ("Location", "/orders"))),
    Fault("redirect_to_host_307", "307 to another host", IDLE, _page(307, "Moved", ("Location", "https://x.invalid/"))),
    Fault("request_timeout_408", "cancels, then a gateway responds with 408", ACTED, _page(408, "Request Timeout")),
    Fault("too_early_425", "425", IDLE, _page(425, "Too Early")),
    Fault("client_closed_499", "cancels, then a gateway responds with 499", ACTED, _page(499, "Client Closed Request")),
    Fault("server_error_500", "cancels, then responds with 500", ACTED, _message(500, "Server Error")),
    Fault("bad_gateway_502", "cancels, then a gateway responds with 502 in HTML", ACTED, _page(502, "502 Bad Gateway")),
    Fault("maintenance_503", "503, Retry-After: 5", IDLE, _message(503, "Service Unavailable", ("Retry-After", "5"))),
    Fault(
        "gateway_timeout_504", "cancels, then a gateway responds with 504", ACTED, _page(504, "504 Gateway Time-out")
    ),
    Fault("unknown_error_520", "cancels, then Cloudflare responds with 520", ACTED, _page(520, "520: unknown error")),
    Fault("timeout_524", "cancels, then Cloudflare responds with 524", ACTED, _page(524, "524: A timeout occurred")),
    Fault("status_600", "cancels, then responds with 600", ACTED, _status(600, {})),
)
# Proxies in front of the API can send these, also after the API acted.
_FOREIGN = (
    *(
        Fault(f"page_{status}", f"cancels, then a proxy responds with {status} in HTML", ACTED, _page(status, title))
        for status, title in _TITLES.items()
    ),
    *(
        Fault(
            f"problem_{status}",
            f"cancels, then a proxy responds with {status} as in RFC 9457",
            ACTED,
            _problem(status, title),
        )
        for status, title in _TITLES.items()
    ),
)
_LIMITS = (
    Fault("throttled_429", "429 without Retry-After", IDLE, _throttled()),
    Fault("throttled_429_page", "429 with an HTML page", IDLE, _page(429, "error code: 1015")),
    Fault("retry_after_0", "429, Retry-After: 0", IDLE, _throttled("0")),
    Fault("retry_after_negative", "429, Retry-After: -1", IDLE, _throttled("-1")),
    Fault("retry_after_1_5", "429, Retry-After: 1.5", IDLE, _throttled("1.5")),
    Fault("retry_after_2", "429, Retry-After: 2", IDLE, _throttled("2")),
    Fault("retry_after_90", "429, Retry-After: 90", IDLE, _throttled("90")),
    Fault("retry_after_3600", "429, Retry-After: 3600", IDLE, _throttled("3600")),
    Fault("retry_after_past_date", "429, Retry-After with a past date", IDLE, _throttled_until(-60)),
    Fault("retry_after_future_date", "429, Retry-After with a date in 20 seconds", IDLE, _throttled_until(20)),
    Fault("retry_after_garbage", "429, Retry-After: soon", IDLE, _throttled("soon")),
    Fault("retry_after_twice", "429, Retry-After: 2 and Retry-After: 5", IDLE, _throttled("2", "5")),
    Fault("retry_after_400_digits", "429, Retry-After with 400 digits", IDLE, _throttled("9" * 400)),
)
_ECHOES = (
    Fault(
        "token_in_message",
        "422 with the token in its message",
        IDLE,
        lambda response: _message(422, response.token)(response),
    ),
    Fault(
        "token_in_title", "502 with the token in its title", IDLE, lambda response: _page(502, response.token)(response)
    ),
    Fault("token_in_text", "500 with the token as its body", IDLE, _token_alone),
    Fault("token_in_status", "200 with the token as its status", IDLE, _token_as_status),
    Fault("token_in_header", "200 with the token in a header", ACTED, _token_as_header),
)
_BODIES = (
    Fault("success_false", '200 {"success": false}', IDLE, _status(200, {"message": "No", "success": False})),
    Fault("null_body", "200 with null", ACTED, _body(b"null")),
    Fault("list_body", "200 with []", ACTED, _body(b"[]")),
    Fault("string_body", '200 with "cancelled"', ACTED, _body(b'"cancelled"')),
    Fault("empty_object", "200 with {}", ACTED, _body(b"{}")),
    Fault("empty_body", "200 without a body", ACTED, _body(b"")),
    Fault("html_page", "200 with an HTML page", ACTED, _page(200, "Welcome")),
    Fault("html_as_json", "200 with an HTML page labeled as JSON", ACTED, _body(_PAGE % (b"Hi", b"cancelled"))),
    Fault(
        "accepted_202",
        "202 with the order",
        ACTED,
        lambda response: [response.encode_with(response.body(), status=202)],
    ),
    Fault("no_content_204", "204", ACTED, lambda response: [response.encode_with(b"", status=204)]),
    Fault("truncated_json", "200 with incomplete JSON", ACTED, _own(lambda body: body[:-20])),
    Fault("two_documents", "200 with the document twice in one body", ACTED, _own(lambda body: body * 2)),
    Fault("invalid_utf8", "200 with a byte that is not UTF-8", ACTED, _first(b'"x": "\xff"')),
    Fault("bom", "200 with a byte order mark", ACTED, _own(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("lone_surrogate", "200 with half of a surrogate pair", ACTED, _first(b'"x": "\\ud800"')),
    Fault("nan", "200 with NaN", ACTED, _first(b'"x": NaN')),
    Fault("digits_5000", "200 with a number of 5,000 digits", ACTED, _first(b'"x": ' + b"9" * 5000)),
    Fault("nested_1000", "200 with lists nested 1,000 deep", ACTED, _first(b'"x": ' + b"[" * 1000 + b"]" * 1000)),
    Fault("two_statuses", "200 with the key `status` twice", ACTED, _first(b'"status": "reviewing"')),
    Fault("two_orders", "200 with the key `order` twice", ACTED, _own(lambda body: b'{"order": {}, ' + body[1:])),
    Fault("gzip", "200 in gzip, which was not requested", ACTED, _own(gzip.compress, ("Content-Encoding", "gzip"))),
    Fault("not_gzip", "200 labeled as gzip", ACTED, _own(bytes, ("Content-Encoding", "gzip"))),
    Fault("gzip_bomb", "200 with 100 MB of spaces in 400 kB of gzip", ACTED, _bomb),
    Fault("brotli_label", "200 labeled as brotli", ACTED, _own(bytes, ("Content-Encoding", "br"))),
    Fault("two_types", "200 with two Content-Type headers", ACTED, _own(bytes, ("content-type", "text/html"))),
)

FAULTS = (*_REFUSALS, *_GATEWAYS, *_FOREIGN, *_LIMITS, *_ECHOES, *_BODIES)
