"""Rule 1: the order's own status decides, HTTP 200 does not; whatever else comes is nobody's yes."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
import zlib
from typing import Any

import httpx
import pytest
from conftest import ANSWERS, CANCELLED, LETTER, TOKEN, Connect, documented, ok, order, script
from hypothesis import given
from hypothesis import strategies as st

from thanksio import APIResponseValidationError, OrderNotCancelledError, errors
from thanksio._verdict import MAX_BODY, MAX_DEPTH, Answer, Reading, Unreadable, clean, explain, read_order


@pytest.mark.parametrize("status", ["cancelled", "Cancelled", "CANCELLED", " cancelled\n", "\tCancelled "])
def test_a_cancelled_order_is_returned_whatever_the_case_of_its_status(connect: Connect, status: str) -> None:
    client = connect(script(ok(order(status)))[0])

    found = client.cancel_order(37294)

    assert found.id == 37294
    assert found.message == LETTER


@pytest.mark.parametrize("code", [200, 201, 202, 203, 206])
def test_any_2xx_is_read_the_same(connect: Connect, code: int) -> None:
    assert connect(script(ok(CANCELLED, code))[0]).cancel_order(37294).authorization_total == 267


@pytest.mark.parametrize(
    "status",
    ["reviewing", "processing", "printed", "fulfilled", "shipped", "delivered", "paused", "error", "Printing"]
    + ["canceled", "cancelling", "not cancelled", "cancelled!", "", "zzz", "x" * 5000, "\ud800", "cancelled\x00"],
)
def test_every_other_status_word_is_not_cancelled(connect: Connect, status: str) -> None:
    client = connect(script(ok(order(status)))[0])

    with pytest.raises(OrderNotCancelledError) as caught:
        client.cancel_order(37294)

    assert caught.value.status == clean(status, str, 80)
    assert caught.value.order.status == status
    assert caught.value.may_have_cancelled is False
    assert caught.value.attempts == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("status", "words"),
    [("Reviewing ", "call again"), ("printed", "It is too late"), ("paused", "dashboard"), ("zzz", "dashboard")],
)
def test_the_advice_fits_the_status(connect: Connect, status: str, words: str) -> None:
    with pytest.raises(OrderNotCancelledError, match=words) as caught:
        connect(script(ok(order(status)))[0]).cancel_order(37294)

    assert words in caught.value.advice


@pytest.mark.parametrize("name", ["200-fulfilled-id42708-2025-09.json", "200-fulfilled-id42708-2026-09.json"])
def test_the_documented_answer_that_says_fulfilled_raises_with_the_order_in_it(connect: Connect, name: str) -> None:
    document = documented(f"cancel/{name}")

    with pytest.raises(OrderNotCancelledError) as caught:
        connect(script(ok(document))[0]).cancel_order(42708)

    assert caught.value.status == "fulfilled"
    assert caught.value.order.to_dict() == document["order"]


UNREADABLE: dict[str, Any] = {
    "empty": b"",
    "html": b"<html><title>Welcome</title></html>",
    "null": b"null",
    "array": b"[]",
    "string": b'"cancelled"',
    "number": b"37294",
    "no order": b"{}",
    "message": b'{"message": "Order cannot be cancelled", "success": false}',
    "order null": b'{"order": null}',
    "order list": b'{"order": [["id", 37294], ["status", "cancelled"]]}',
    "order string": b'{"order": "cancelled"}',
    "cut": json.dumps(CANCELLED).encode()[:-20],
    "two documents": json.dumps(CANCELLED).encode() * 2,
    "invalid utf-8": b'{"order": {"id": 37294, "status": "cancelled", "message": "\xff"}}',
    "NaN": b'{"order": {"id": 37294, "status": "cancelled", "style": NaN}}',
    "nested": b'{"order":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "5,000 digits": b'{"order": {"id": ' + b"9" * 5000 + b', "status": "cancelled"}}',
    "two statuses": b'{"order": {"id": 37294, "status": "fulfilled", "status": "cancelled"}}',
    "two orders": b'{"order": {"id": 37294, "status": "cancelled"}, "order": {"id": 1, "status": "reviewing"}}',
    "another id": json.dumps(order(id=37295)).encode(),
    "id as string": json.dumps(order(id="37294")).encode(),
    "id as float": json.dumps(order(id=37294.0)).encode(),
    "id null": json.dumps(order(id=None)).encode(),
    "no id": b'{"order": {"status": "cancelled"}}',
    "no status": b'{"order": {"id": 37294}}',
    "status null": json.dumps(order(None)).encode(),
    "status number": json.dumps(order(1)).encode(),
    "status true": json.dumps(order(status=True)).encode(),
    "status list": json.dumps(order(["cancelled"])).encode(),
    "over 1 MiB": json.dumps(order(message="x" * MAX_BODY)).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_2xx_that_cannot_be_read_is_neither_yes_nor_no(connect: Connect, body: bytes) -> None:
    handler, received = script(httpx.Response(200, content=body))

    with pytest.raises(APIResponseValidationError) as caught:
        connect(handler).cancel_order(37294)

    assert caught.value.may_have_cancelled is True
    assert caught.value.attempts == len(received) == 1
    assert LETTER not in str(caught.value)
    assert "nobody can say yet" in str(caught.value)


def nested(levels: int) -> bytes:
    """Make an answer with so many objects and arrays within each other, of which the document and the order are two."""
    return b'{"order": {"id": 1, "status": "cancelled", "x": %s}}' % (b"[" * (levels - 2) + b"]" * (levels - 2))


def test_what_nests_deeper_than_can_be_copied_is_not_read() -> None:
    """Python gives up on it in different places, and later versions only when the caller copies the order."""
    found = read_order(Answer(200, nested(MAX_DEPTH)), 1)

    assert isinstance(found, Reading)
    assert pickle.loads(pickle.dumps(found.fields)) == copy.deepcopy(found.fields) == found.fields
    for levels in (MAX_DEPTH + 1, 1_000, 100_000):
        assert read_order(Answer(200, nested(levels)), 1) in {
            Unreadable("nests too deep"),
            Unreadable("is not a JSON object"),
        }


def test_id_1_is_not_true() -> None:
    assert isinstance(read_order(Answer(200, b'{"order": {"id": true, "status": "cancelled"}}'), 1), Unreadable)


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + json.dumps(CANCELLED).encode(), json.dumps(CANCELLED).encode()])
def test_a_byte_order_mark_changes_nothing(body: bytes) -> None:
    reading = read_order(Answer(200, body), 37294)

    assert isinstance(reading, Reading)
    assert reading.is_cancelled


DOCUMENT = json.dumps(CANCELLED).encode()
ENCODED = {
    "gzip": (gzip.compress(DOCUMENT), "gzip"),
    "x-gzip": (gzip.compress(DOCUMENT), "X-GZIP "),
    "deflate": (zlib.compress(DOCUMENT), "deflate"),
    "identity": (DOCUMENT, "identity"),
}


@pytest.mark.parametrize(("body", "encoding"), ENCODED.values(), ids=ENCODED.keys())
def test_a_compression_that_was_not_asked_for_is_undone_where_it_can_be(body: bytes, encoding: str) -> None:
    assert isinstance(read_order(Answer(200, body, {"content-encoding": encoding}), 37294), Reading)


BAD_ENCODING = {
    "not gzip": (DOCUMENT, "gzip"),
    "cut gzip": (gzip.compress(DOCUMENT)[:-9], "gzip"),
    "bomb": (gzip.compress(b" " * (64 * MAX_BODY)), "gzip"),
    "brotli": (DOCUMENT, "br"),
    "twice": (gzip.compress(gzip.compress(DOCUMENT)), "gzip, gzip"),
}


@pytest.mark.parametrize(("body", "encoding"), BAD_ENCODING.values(), ids=BAD_ENCODING.keys())
def test_a_body_that_cannot_be_decompressed_within_1_mib_is_unreadable(body: bytes, encoding: str) -> None:
    assert isinstance(read_order(Answer(200, body, {"content-encoding": encoding}), 37294), Unreadable)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([37294, "cancelled"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["order", "id", "status", "x"]), inner),
)


@given(json_values | st.fixed_dictionaries({"order": json_values}))
def test_only_an_order_with_this_id_and_a_status_is_read(document: Any) -> None:
    reading = read_order(Answer(200, json.dumps(document).encode()), 37294)

    if isinstance(reading, Reading):
        assert type(document["order"]["id"]) is int
        assert document["order"]["id"] == 37294
        assert document["order"]["status"] == reading.status


@given(
    st.binary(), st.sampled_from(["application/json", "text/html", "text/plain", "image/png"]), st.integers(100, 999)
)
def test_no_bytes_crash_the_reading_of_an_answer(body: bytes, kind: str, status: int) -> None:
    answer = Answer(status, body, {"content-type": kind})

    assert isinstance(read_order(answer, 37294), Reading | Unreadable)
    assert all(isinstance(text, str) for text in explain(answer, str))


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
def test_every_documented_error_body_is_told_in_the_servers_words(connect: Connect, name: str, words: str) -> None:
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


def test_no_documented_error_body_is_left_out() -> None:
    files = {path.relative_to(ANSWERS / "errors").as_posix() for path in (ANSWERS / "errors").rglob("*.json")}

    assert files - ERRORS.keys() == {"inferred-framework-defaults/429-throttled.headers.json"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(302, errors.APIStatusError), (307, errors.APIStatusError), (404, errors.OrderNotFoundError)]
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
    assert caught.value.may_have_cancelled is (not 400 <= status < 500 or status in {408, 499})


HTML = b"<html><head><TITLE lang=en> 502 Bad\n Gateway </TITLE></head><body>" + LETTER.encode() + b"</body></html>"
BODIES = {
    "html title": (HTML, "text/html; charset=UTF-8", "502 Bad Gateway"),
    "html without": (LETTER.encode(), "text/html", ""),
    "plain": (b"error code:\t1015\x00", "text/plain", "error code: 1015\N{REPLACEMENT CHARACTER}"),
    "unlabelled": (LETTER.encode(), "", ""),
    "json label, html": (HTML, "application/json", ""),
    "json list": (json.dumps([LETTER]).encode(), "application/json", ""),
    "an order": (json.dumps(order("reviewing")["order"]).encode(), "application/json", ""),
    "with an order": (json.dumps({"message": "no"} | order("reviewing")).encode(), "application/json", "no"),
    "a problem document": (b'{"type": "about:blank", "message": "no"}', "application/problem+json", "no"),
    "a request id": (b'{"id": "req_1", "message": "no"}', "application/json", "no"),
    "an order without its id": (b'{"order_id": 1, "message": "%s"}' % LETTER.encode(), "application/json", ""),
    "plain json list": (json.dumps([LETTER]).encode(), "text/plain", ""),
    "plain cut json": (b' {"message": "' + LETTER.encode(), "text/plain", ""),
    "cut order": (json.dumps(order("reviewing")).encode()[:-5], "application/json", ""),
    "echo": (json.dumps({"message": f"bad token {TOKEN}"}).encode(), "application/json", "bad token [token]"),
    "errors number": (b'{"errors": {"a": 1, "b": "x", "c": [2, "y"]}}', "application/json", "x; y"),
    "long": (json.dumps({"message": "x" * 9000}).encode(), "application/json", "x" * 499 + "…"),
}


@pytest.mark.parametrize(("body", "kind", "message"), BODIES.values(), ids=BODIES.keys())
def test_an_excerpt_is_short_and_shows_neither_letter_nor_token(body: bytes, kind: str, message: str) -> None:
    answer = Answer(422, body, {"content-type": kind})

    told, excerpt = explain(answer, lambda text: text.replace(TOKEN, "[token]"))

    assert told == message
    assert len(excerpt) <= 500
    assert LETTER not in told + excerpt
    assert TOKEN not in told + excerpt


@given(st.text(), st.integers(2, 100))
def test_cleaned_text_is_one_printable_line(text: str, limit: int) -> None:
    line = clean(text, str, limit)

    assert len(line) <= limit
    assert line.isprintable()
