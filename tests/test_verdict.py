"""Rules 1 and 7: the order's own status decides, a 2xx does not; and only the API's own refusal counts as one."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
import zlib
from typing import Any

import httpx
import pytest
from conftest import CANCELLED, LETTER, RESPONSES, TOKEN, Connect, documented, ok, order, script
from contract import CONTRACT
from hypothesis import given
from hypothesis import strategies as st

from thanksio import APIResponseValidationError, OrderNotCancelledError, errors
from thanksio._models import STATUS_WORDS
from thanksio._verdict import (
    MAX_DEPTH,
    NoResponse,
    Reading,
    Response,
    Unreadable,
    explain,
    is_refusal,
    may_have_cancelled,
    next_step,
    normalize,
    read_order,
    safe_fields,
    sanitize,
    status_error,
)
from thanksio.drift import Drift


@pytest.mark.parametrize("status", ["cancelled", "Cancelled", "CANCELLED", " cancelled\n", "\tCancelled "])
def test_a_cancelled_order_is_returned_for_any_case_of_its_status(connect: Connect, status: str) -> None:
    client = connect(script(ok(order(status)))[0])

    found = client.cancel_order(37294)

    assert found.id == 37294
    assert found.message == LETTER


@pytest.mark.parametrize("code", [200, 201, 202, 203, 206, 299])
def test_any_2xx_is_read_the_same(connect: Connect, code: int) -> None:
    assert connect(script(ok(CANCELLED, code))[0]).cancel_order(37294).authorization_total == 267


STATUS = CONTRACT["components"]["schemas"]["Order"]["properties"]["status"]
WORDS = [*STATUS["anyOf"][0]["enum"], *STATUS["x-display-words"]]
LISTED = [word for word in WORDS if word != "cancelled"]
UNLISTED = ["canceled", "cancelling", "not cancelled", "cancelled!", "", "zzz", "x" * 5000, "\ud800", "cancelled\x00"]


def test_every_word_of_the_contract_is_tested() -> None:
    assert set(WORDS) == STATUS_WORDS
    assert "cancelled" in WORDS


@pytest.mark.parametrize("status", [*LISTED, "REVIEWING", " printing\n"])
def test_every_other_listed_status_is_not_cancelled(connect: Connect, status: str) -> None:
    client = connect(script(ok(order(status)))[0])

    with pytest.raises(OrderNotCancelledError) as caught:
        client.cancel_order(37294)

    assert caught.value.status == sanitize(status, str, 80)
    assert caught.value.order.status == status
    assert caught.value.may_have_cancelled is False
    assert caught.value.attempts == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("status", UNLISTED)
def test_a_status_that_is_not_listed_is_unknown_and_drift(connect: Connect, status: str) -> None:
    drift: list[Drift] = []
    handler, received = script(ok(order(status)), ok(CANCELLED))

    with pytest.raises(APIResponseValidationError) as caught:
        connect(handler, on_drift=drift.append).cancel_order(37294)

    assert caught.value.status == sanitize(status, str, 80)
    assert caught.value.order is not None
    assert caught.value.order.status == status
    assert caught.value.may_have_cancelled is True
    assert caught.value.attempts == len(received) == 1
    assert drift == [Drift("/order/status", "unknown word", "string")]
    assert LETTER not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("status", "is_cancelled", "is_listed"),
    [("cancelled", True, True), (" CANCELLED\t", True, True), ("Printing", False, True), ("PRINTING ", False, True)]
    + [("canceled", False, False), ("cancel", False, False), ("", False, False), ("can celled", False, False)],
)
def test_case_and_surrounding_whitespace_of_a_status_do_not_matter(
    status: str, *, is_cancelled: bool, is_listed: bool
) -> None:
    reading = reading_of(status)

    assert (reading.is_cancelled, reading.is_listed, reading.status) == (is_cancelled, is_listed, status)


def reading_of(status: str) -> Reading:
    reading = read_order(Response(200, json.dumps(order(status)).encode()), 37294)
    assert isinstance(reading, Reading)
    return reading


@given(st.text())
def test_a_normalized_word_is_normal(word: str) -> None:
    assert normalize(f" {word}\n") == normalize(word) == normalize(normalize(word))


EARLY = "Orders in this status can be cancelled: call again. If that fails, check it in the thanks.io dashboard."
LATE = "It is too late: orders can be cancelled in status reviewing, for about an hour after they were placed."
UNSURE = "Check the order in the thanks.io dashboard."


@pytest.mark.parametrize(
    ("status", "words"),
    [("Reviewing ", EARLY), ("processing", LATE), ("Printing", LATE), ("printed", LATE), ("fulfilled", LATE)]
    + [("shipped", LATE), ("DELIVERED", LATE), ("paused", UNSURE), ("error", UNSURE)],
)
def test_the_advice_fits_the_status(connect: Connect, status: str, words: str) -> None:
    with pytest.raises(OrderNotCancelledError) as caught:
        connect(script(ok(order(status)))[0]).cancel_order(37294)

    assert caught.value.advice == next_step(reading_of(status)) == words
    assert str(caught.value).endswith(caught.value.advice)


@pytest.mark.parametrize("name", ["200-fulfilled-id42708-2025-09.json", "200-fulfilled-id42708-2026-09.json"])
def test_the_documented_response_that_shows_fulfilled_raises_with_the_order(connect: Connect, name: str) -> None:
    document = documented(f"cancel/{name}")

    with pytest.raises(OrderNotCancelledError) as caught:
        connect(script(ok(document))[0]).cancel_order(42708)

    assert caught.value.status == "fulfilled"
    assert caught.value.order.to_dict() == document["order"]


DOCUMENT = json.dumps(CANCELLED).encode()
MIB = 1024 * 1024
UNREADABLE: dict[str, dict[str, bytes]] = {
    "is not a JSON object": {
        "empty": b"",
        "html": b"<html><title>Welcome</title></html>",
        "null": b"null",
        "array": b"[]",
        "string": b'"cancelled"',
        "number": b"37294",
        "cut": DOCUMENT[:-20],
        "two documents": DOCUMENT * 2,
        "invalid utf-8": b'{"order": {"id": 37294, "status": "cancelled", "message": "\xff"}}',
        "half a surrogate pair": b'{"order": {"id": 37294, "status": "cancelled", "message": "\xed\xa0\x80"}}',
        "utf-16": json.dumps(CANCELLED).encode("utf-16"),
        "infinite": b'{"order": {"id": 37294, "status": "cancelled", "grand_total": -1e999}}',
        "NaN": b'{"order": {"id": 37294, "status": "cancelled", "style": NaN}}',
        "nested": b'{"order":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "5,000 digits": b'{"order": {"id": ' + b"9" * 5000 + b', "status": "cancelled"}}',
        "two statuses": b'{"order": {"id": 37294, "status": "fulfilled", "status": "cancelled"}}',
        "two orders": b'{"order": {"id": 37294, "status": "cancelled"}, "order": {"id": 1, "status": "reviewing"}}',
    },
    "contains no order": {
        "no order": b"{}",
        "message": b'{"message": "Order cannot be cancelled", "success": false}',
        "order null": b'{"order": null}',
        "order list": b'{"order": [["id", 37294], ["status", "cancelled"]]}',
        "order string": b'{"order": "cancelled"}',
    },
    "does not contain this order's id": {
        "another id": json.dumps(order(id=37295)).encode(),
        "id as string": json.dumps(order(id="37294")).encode(),
        "id as float": json.dumps(order(id=37294.0)).encode(),
        "id null": json.dumps(order(id=None)).encode(),
        "no id": b'{"order": {"status": "cancelled"}}',
    },
    "does not contain the order's status": {
        "no status": b'{"order": {"id": 37294}}',
        "status null": json.dumps(order(None)).encode(),
        "status number": json.dumps(order(1)).encode(),
        "status true": json.dumps(order(status=True)).encode(),
        "status list": json.dumps(order(["cancelled"])).encode(),
    },
    "is longer than 1 MiB": {"over 1 MiB": DOCUMENT.ljust(MIB + 1)},
}


@pytest.mark.parametrize(
    ("body", "why"),
    [pytest.param(body, why, id=name) for why, bodies in UNREADABLE.items() for name, body in bodies.items()],
)
def test_a_2xx_that_cannot_be_read_is_unknown(connect: Connect, body: bytes, why: str) -> None:
    handler, received = script(httpx.Response(200, content=body))

    with pytest.raises(APIResponseValidationError) as caught:
        connect(handler).cancel_order(37294)

    assert caught.value.may_have_cancelled is True
    assert caught.value.attempts == len(received) == 1
    assert LETTER not in str(caught.value)
    assert f"the response {why}. It is unknown whether it was cancelled." in str(caught.value)


def test_a_response_of_1_mib_is_read(connect: Connect) -> None:
    assert connect(script(httpx.Response(200, content=DOCUMENT.ljust(MIB)))[0]).cancel_order(37294).id == 37294


def nested(levels: int, beside: bytes = b"") -> bytes:
    """Return a body with so many nested objects and arrays; the document and the order are two of them."""
    inner = b"[" * (levels - 2) + b"]" * (levels - 2)
    return b'{"order": {"id": 1, "status": "cancelled", "x": %s%s}}' % (inner, beside)


def test_siblings_are_not_nested() -> None:
    """The brackets are counted first, and many of them alone prove nothing."""
    wide = b', "y": [%s]' % b", ".join([b"[{}]"] * MAX_DEPTH)

    assert isinstance(read_order(Response(200, nested(MAX_DEPTH, wide)), 1), Reading)
    assert read_order(Response(200, nested(MAX_DEPTH + 1, wide)), 1) == Unreadable("is nested too deeply")


def test_what_is_nested_too_deeply_to_be_copied_is_not_read() -> None:
    """Python fails on it in different places, and later versions only when the caller copies the order."""
    found = read_order(Response(200, nested(MAX_DEPTH)), 1)

    assert isinstance(found, Reading)
    assert pickle.loads(pickle.dumps(found.fields)) == copy.deepcopy(found.fields) == found.fields
    for levels in (MAX_DEPTH + 1, 1_000, 100_000):
        assert read_order(Response(200, nested(levels)), 1) in {
            Unreadable("is nested too deeply"),
            Unreadable("is not a JSON object", is_json=False),
        }


def test_id_1_is_not_true() -> None:
    assert isinstance(read_order(Response(200, b'{"order": {"id": true, "status": "cancelled"}}'), 1), Unreadable)


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + DOCUMENT, DOCUMENT])
def test_a_byte_order_mark_changes_nothing(body: bytes) -> None:
    reading = read_order(Response(200, body), 37294)

    assert isinstance(reading, Reading)
    assert reading.is_cancelled


ENCODED = {
    "gzip": (gzip.compress(DOCUMENT), "gzip"),
    "x-gzip": (gzip.compress(DOCUMENT), "X-GZIP "),
    "deflate": (zlib.compress(DOCUMENT), "deflate"),
    "identity": (DOCUMENT, "identity"),
    "1 MiB": (gzip.compress(DOCUMENT.ljust(MIB)), "gzip"),
}


@pytest.mark.parametrize(("body", "encoding"), ENCODED.values(), ids=ENCODED.keys())
def test_a_known_compression_is_undone_although_it_was_not_requested(body: bytes, encoding: str) -> None:
    assert isinstance(read_order(Response(200, body, {"content-encoding": encoding}), 37294), Reading)


TOO_MUCH = "cannot be decompressed to at most 1 MiB"
NOT_REQUESTED = "is compressed in a way that was not requested"
BAD_ENCODING = {
    "not gzip": (DOCUMENT, "gzip", TOO_MUCH),
    "cut gzip": (gzip.compress(DOCUMENT)[:-9], "gzip", TOO_MUCH),
    "over 1 MiB": (gzip.compress(DOCUMENT.ljust(MIB + 1)), "gzip", TOO_MUCH),
    "bomb": (gzip.compress(b" " * (64 * MIB)), "gzip", TOO_MUCH),
    "brotli": (DOCUMENT, "br", NOT_REQUESTED),
    "twice": (gzip.compress(gzip.compress(DOCUMENT)), "gzip, gzip", NOT_REQUESTED),
    "more after its end": (zlib.compress(DOCUMENT) + b"x", "deflate", TOO_MUCH),
    "two parts, both of them the order": (gzip.compress(DOCUMENT) + gzip.compress(DOCUMENT), "gzip", TOO_MUCH),
}


@pytest.mark.parametrize(("body", "encoding", "why"), BAD_ENCODING.values(), ids=BAD_ENCODING.keys())
def test_a_body_that_cannot_be_decompressed_within_1_mib_is_unreadable(body: bytes, encoding: str, why: str) -> None:
    assert read_order(Response(200, body, {"content-encoding": encoding}), 37294) == Unreadable(why)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([37294, "cancelled"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["order", "id", "status", "x"]), inner),
)


@given(json_values | st.fixed_dictionaries({"order": json_values}))
def test_only_an_order_with_this_id_and_a_status_is_read(document: Any) -> None:
    reading = read_order(Response(200, json.dumps(document).encode()), 37294)

    if isinstance(reading, Reading):
        assert type(document["order"]["id"]) is int
        assert document["order"]["id"] == 37294
        assert document["order"]["status"] == reading.status


headers = st.fixed_dictionaries(
    {
        "content-type": st.sampled_from(["application/json", "text/html", "text/plain", "image/png"]),
        "content-encoding": st.sampled_from(["", "gzip", "br"]),
    }
)


@given(st.builds(Response, st.integers(100, 999), st.binary(), headers, truncated=st.booleans()))
def test_no_bytes_crash_the_reading_of_a_response(response: Response) -> None:
    assert isinstance(read_order(response, 37294), Reading | Unreadable)
    assert isinstance(is_refusal(response), bool)
    assert all(isinstance(text, str) for text in explain(response, str))


ERRORS = {
    "400-replay-charge-failed-2026-08.json": "Charge failed during order replay",
    "400-replay-not-settled-2026-08.json": "Order #42708 is still being fulfilled",
    "401-unauthenticated-live-2026-10-06.json": "Unauthenticated.",
    "402-api-disabled-2026-08.json": "API access has been temporarily disabled",
    "422-invalidate-giftcard-already-invalidated-2026-09.json": "Giftcard has already been invalidated.",
    "422-invalidate-giftcard-already-redeemed-2026-09.json": "Giftcard has already been redeemed.",
    "422-invalidate-giftcard-not-a-giftcard-order-2026-09.json": "Order is not a giftcard order.",
    "422-order-items-per-page-2026-09.json": "The per page field must be between 1 and 100.",
    "from-schema-examples/400-user-error.json": "Sub Account ID does not exist",
    "from-schema-examples/401-other-account-or-bad-token-2026-09.json": "Unauthorized",
    "from-schema-examples/403-unauthorized.json": "Unauthorized",
    "from-schema-examples/404-not-found.json": "Not Found",
    "from-schema-examples/500-unknown-error.json": "Error Submitting Mailer",
    "inferred-framework-defaults/404-model.json": "No query results for model",
    "inferred-framework-defaults/404-route.json": "The route api/v2/orders/1/nope could not be found.",
    "inferred-framework-defaults/405-method.json": "The POST method is not supported",
    "inferred-framework-defaults/422-validation.json": "The order id field must be an integer.",
    "inferred-framework-defaults/429-throttled.json": "Too Many Attempts.",
    "inferred-framework-defaults/500-server-error.json": "Server Error",
    "inferred-framework-defaults/503-maintenance.json": "Service Unavailable",
}
KIND = {
    400: errors.CancellationRefusedError,
    401: errors.AuthenticationError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.OrderNotFoundError,
    405: errors.APIStatusError,
    422: errors.CancellationRefusedError,
    429: errors.RateLimitError,
    500: errors.ServerError,
    503: errors.ServerError,
}


@pytest.mark.parametrize(("name", "words"), ERRORS.items())
def test_every_documented_error_body_is_a_refusal_in_the_servers_words(connect: Connect, name: str, words: str) -> None:
    status = int(name.rpartition("/")[2][:3])
    handler, _ = script(ok(documented(f"errors/{name}"), status))

    with pytest.raises(KIND[status]) as caught:
        connect(handler).cancel_order(37294)

    assert type(caught.value) is KIND[status]
    assert isinstance(caught.value, errors.APIStatusError)
    assert caught.value.status_code == status
    assert caught.value.message.startswith(words)
    assert words in str(caught.value)
    assert words in caught.value.body
    assert caught.value.may_have_cancelled is (status >= 500)


def test_no_documented_error_body_is_left_out() -> None:
    files = {path.relative_to(RESPONSES / "errors").as_posix() for path in (RESPONSES / "errors").rglob("*.json")}

    assert files - ERRORS.keys() == {"inferred-framework-defaults/429-throttled.headers.json"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (300, errors.APIStatusError),
        (302, errors.APIStatusError),
        (307, errors.APIStatusError),
        (404, errors.OrderNotFoundError),
    ]
    + [(405, errors.APIStatusError), (409, errors.CancellationRefusedError), (418, errors.APIStatusError)]
    + [(419, errors.APIStatusError), (499, errors.APIStatusError), (500, errors.ServerError)]
    + [
        (520, errors.ServerError),
        (599, errors.ServerError),
        (600, errors.APIStatusError),
        (999, errors.APIStatusError),
    ],
)
def test_every_status_has_its_error(connect: Connect, status: int, expected: type[errors.APIStatusError]) -> None:
    handler, _ = script(httpx.Response(status, headers={"location": "https://thanks.io/login"}))

    with pytest.raises(expected) as caught:
        connect(handler).cancel_order(37294)

    assert type(caught.value) is expected
    assert caught.value.status_code == status
    assert caught.value.message == caught.value.body == ""
    assert caught.value.may_have_cancelled is True
    assert status_error(Response(status)) is expected


# Rule 7: only the API's own refusal settles an attempt


def body_of(**document: object) -> bytes:
    return json.dumps(document).encode()


NO = body_of(message="no")
REFUSALS: dict[str, tuple[Response, bool]] = {
    **{str(code): (Response(code, NO), True) for code in (400, 401, 402, 403, 404, 405, 409, 410, 422, 429, 498)},
    **{str(code): (Response(code, NO), False) for code in (200, 302, 399, 408, 425, 499, 500, 503, 600)},
    "message": (Response(422, body_of(message="")), True),
    "message null": (Response(422, body_of(message=None)), True),
    "errors": (Response(422, body_of(errors={})), True),
    "status": (Response(422, body_of(status="failed")), True),
    "status in numbers": (Response(422, body_of(status=422)), False),
    "status null": (Response(422, body_of(status=None)), False),
    "code alone": (Response(422, body_of(code="x")), False),
    "no key": (Response(422, b"{}"), False),
    "RFC 9457": (Response(422, body_of(type="about:blank", title="x", status=422, message="no")), False),
    "type null": (Response(422, body_of(type=None, message="no")), False),
    "a request id": (Response(422, body_of(id="req_1", message="no")), True),
    "an order": (Response(422, body_of(id=37294, status="reviewing")), False),
    "beside an order": (Response(422, body_of(message="no", order=None)), False),
    "a part of an order": (Response(422, body_of(message="no", display_status="Reviewing")), False),
    "a page": (Response(403, b"<title>no</title>", {"content-type": "text/html"}), False),
    "text": (Response(403, b"message"), False),
    "an array": (Response(422, b'["message"]'), False),
    "a string": (Response(422, b'"message"'), False),
    "nothing": (Response(422, b""), False),
    "cut": (Response(422, NO[:-1]), False),
    "a key twice": (Response(422, b'{"message": "a", "message": "b"}'), False),
    "truncated": (Response(422, NO, truncated=True), False),
    "64 KiB": (Response(422, NO.ljust(64 * 1024)), True),
    "over 64 KiB": (Response(422, NO.ljust(64 * 1024 + 1)), False),
    "gzip": (Response(422, gzip.compress(NO), {"content-encoding": "gzip"}), True),
    "not gzip": (Response(422, NO, {"content-encoding": "gzip"}), False),
    "labelled as a page": (Response(422, NO, {"content-type": "text/html"}), True),
}


@pytest.mark.parametrize(("response", "is_one"), REFUSALS.values(), ids=REFUSALS.keys())
def test_only_a_4xx_with_the_apis_own_body_is_a_refusal(response: Response, *, is_one: bool) -> None:
    assert is_refusal(response) is is_one
    assert may_have_cancelled(response) is not is_one


@pytest.mark.parametrize("may_have_sent", [True, False])
def test_a_missing_response_settles_only_what_was_not_sent(*, may_have_sent: bool) -> None:
    assert may_have_cancelled(NoResponse(may_have_sent, "it broke")) is may_have_sent


@pytest.mark.parametrize(
    "page", [httpx.Response(422, html="<title>no</title>"), ok({"type": "x", "message": "no"}, 422)]
)
def test_a_page_raises_the_class_of_its_status_and_leaves_the_outcome_unknown(
    connect: Connect, page: httpx.Response
) -> None:
    handler, received = script(page)

    with pytest.raises(errors.CancellationRefusedError) as caught:
        connect(handler).cancel_order(37294)

    assert caught.value.may_have_cancelled is True
    assert caught.value.message == "no"
    assert "It may come from a proxy or firewall, not from the API." in caught.value.advice
    assert len(received) == 1


# What is shown of a response


HTML = b"<html><head><TITLE lang=en> 502 Bad\n Gateway </TITLE></head><body>" + LETTER.encode() + b"</body></html>"
BODIES = {
    "html title": (HTML, "text/html; charset=UTF-8", "502 Bad Gateway"),
    "html without": (LETTER.encode(), "text/html", ""),
    "html, title past 64 KiB": (b" " * (64 * 1024 - 9) + b"<title>502", "text/html", "50"),
    "plain": (b"error code:\t1015\x00", "text/plain", "error code: 1015\N{REPLACEMENT CHARACTER}"),
    "plain, not utf-8": (b"caf\xe9", "text/plain", "caf\N{REPLACEMENT CHARACTER}"),
    "unlabelled": (LETTER.encode(), "", ""),
    "json label, html": (HTML, "application/json", ""),
    "json list": (json.dumps([LETTER]).encode(), "application/json", ""),
    "an order": (json.dumps(order("reviewing")["order"]).encode(), "application/json", ""),
    "a problem document": (b'{"type": "about:blank", "message": "no"}', "application/problem+json", "no"),
    "a request id": (b'{"id": "req_1", "message": "no"}', "application/json", "no"),
    "an order without its id": (b'{"order_id": 1, "message": "%s"}' % LETTER.encode(), "application/json", ""),
    "plain json list": (json.dumps([LETTER]).encode(), "text/plain", ""),
    "plain json behind a mark": (b'\xef\xbb\xbf{"message": "' + LETTER.encode(), "text/plain", ""),
    "plain json behind a text": (b'Notice: x [{"message": "' + LETTER.encode(), "text/plain", "Notice: x"),
    "a plain json string": (json.dumps(json.dumps(order("reviewing"))).encode(), "text/plain", ""),
    "a title within cut json": (b'{"size": "<title>%s", "x": {' % LETTER.encode(), "text/html", ""),
    "json over 64 KiB": (json.dumps({"message": "no"}).encode().ljust(65537), "application/json", ""),
    "json of 64 KiB": (json.dumps({"message": "no"}).encode().ljust(65536), "application/json", "no"),
    "plain cut json": (b' {"message": "' + LETTER.encode(), "text/plain", ""),
    "cut order": (json.dumps(order("reviewing")).encode()[:-5], "application/json", ""),
    "echo": (json.dumps({"message": f"bad token {TOKEN}"}).encode(), "application/json", "bad token [redacted]"),
    "errors number": (b'{"errors": {"a": 1, "b": "x", "c": [2, "y"]}}', "application/json", "x; y"),
    "errors deep": (b'{"errors": [[["x"]]]}', "application/json", ""),
    "status alone": (b'{"status": "x"}', "application/json", "x"),
    "long": (json.dumps({"message": "x" * 9000}).encode(), "application/json", "x" * 499 + "…"),
    "just fits": (json.dumps({"message": "x" * 500}).encode(), "application/json", "x" * 500),
}


@pytest.mark.parametrize(("body", "kind", "message"), BODIES.values(), ids=BODIES.keys())
def test_an_excerpt_is_short_and_shows_neither_letter_nor_token(body: bytes, kind: str, message: str) -> None:
    response = Response(422, body, {"content-type": kind})

    told, excerpt = explain(response, lambda text: text.replace(TOKEN, "[redacted]"))

    assert told == message
    assert bool(told) is bool(excerpt)
    assert len(excerpt) <= 500
    assert LETTER not in told + excerpt
    assert TOKEN not in told + excerpt


def test_a_message_beside_an_order_is_the_servers() -> None:
    """The letter is within the order."""
    body = json.dumps({"message": "no"} | order("reviewing")).encode()

    assert explain(Response(422, body), str) == ("no", '{"message": "no"}')


@pytest.mark.parametrize("key", ["order_id", "user_id", "size", "style", "front_image", "display_status", "id"])
def test_a_message_beside_any_of_these_keys_is_a_letter(key: str) -> None:
    assert explain(Response(422, json.dumps({key: 1, "message": LETTER}).encode()), str) == ("", "")


def test_an_excerpt_holds_the_four_documented_keys_as_they_were_written() -> None:
    fields = {"debug": LETTER, "code": "disabled", "status": "failed", "errors": ["x"], "message": "für später"}

    told, excerpt = explain(Response(402, json.dumps(fields).encode()), str)

    assert told == "für später"
    assert excerpt == '{"message": "für später", "errors": "x", "status": "failed", "code": "disabled"}'


@pytest.mark.parametrize(
    "more", [{"truncated": True}, {"headers": {"content-encoding": "br", "content-type": "text/plain"}}]
)
def test_nothing_is_shown_of_an_error_page_that_cannot_be_read(more: dict[str, Any]) -> None:
    page = Response(502, b"Bad Gateway", **{"headers": {"content-type": "text/plain"}} | more)

    assert explain(page, str) == ("", "")


@given(st.text(), st.integers(2, 100))
def test_sanitized_text_is_one_printable_line(text: str, limit: int) -> None:
    line = sanitize(text, str, limit)

    assert len(line) <= limit
    assert line.isprintable()


def test_text_is_redacted_before_it_is_cut_and_cut_before_it_is_long() -> None:
    seen: list[str] = []

    def redact(text: str) -> str:
        seen.append(text)
        return text.replace(TOKEN, "[redacted]")

    assert sanitize(f"  a\n\tb {TOKEN} c  ", redact, 20) == "a b [redacted] c"
    assert sanitize("x" * 20, redact, 20) == "x" * 20
    assert sanitize("x" * 21, redact, 20) == "x" * 19 + "…"
    assert sanitize("x" * 9000, redact, 20) == "x" * 19 + "…"
    assert sanitize("a\x00b\x7f\u202e", redact, 20) == "a\N{REPLACEMENT CHARACTER}b" + "\N{REPLACEMENT CHARACTER}" * 2
    assert len(seen[3]) == 160


SAFE: dict[str, object] = {
    "id": 37294,
    "status": "reviewing",
    "display_status": "Reviewing",
    "type": "postcard",
    "size": "4x6",
    "method": "zapier",
    "created_at": "2025-07-01",
    "updated_at": "2025-07-02",
    "total_estimated_recipients": 1,
    "total_recipients": 1,
    "authorization_total": 2.5,
    "grand_total": 267,
}


def test_the_safe_fields_of_an_order_are_kept_as_they_are() -> None:
    private = {"message": LETTER, "return_address": LETTER, "front_image": LETTER, "unlisted": LETTER, "addons": {}}

    assert safe_fields(SAFE | private, str) == SAFE


@pytest.mark.parametrize("value", [None, [LETTER], {"message": LETTER}])
def test_a_safe_field_that_is_no_word_or_number_is_left_out(value: object) -> None:
    assert safe_fields({"id": 1, "status": "x", "size": value}, str) == {"id": 1, "status": "x"}


def test_the_texts_of_safe_fields_are_sanitized() -> None:
    found = safe_fields(
        {"id": 1, "size": f"a\n{TOKEN}", "type": "x" * 81}, lambda text: text.replace(TOKEN, "[redacted]")
    )

    assert found == {"id": 1, "size": "a [redacted]", "type": "x" * 79 + "…"}
