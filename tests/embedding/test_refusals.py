"""Rule 7: a refusal counts only if it comes from the API itself; a page of something in between proves nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from conftest import CANCELLED, LETTER, TOKEN, Connect, ok, order, script
from embedding.calling import NOWHERE, TWICE, failure, results

from thanksio import APIStatusError, ThanksIO, errors

KIND_OF: dict[int, type[APIStatusError]] = {
    400: errors.CancellationRefusedError,
    401: errors.AuthenticationError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.OrderNotFoundError,
    405: APIStatusError,
    409: errors.CancellationRefusedError,
    410: APIStatusError,
    418: APIStatusError,
    422: errors.CancellationRefusedError,
    429: errors.RateLimitError,
}
NEVER_SETTLED = [408, 425, 499]
JSON, HTML, PROBLEM = "application/json", "text/html; charset=UTF-8", "application/problem+json"
PROBLEM_DOCUMENT = {"type": "https://errors.example/1015", "title": "Rate limited", "status": 429, "detail": "slow"}


def body(document: object) -> bytes:
    return json.dumps(document).encode()


REFUSALS: dict[str, tuple[bytes, str]] = {
    "message": (body({"message": "no"}), JSON),
    "message, as Laravel's debug mode writes it": (body({"message": "no", "exception": "X", "trace": []}), JSON),
    "errors as a list": (body({"errors": ["no"]}), JSON),
    "errors as a map": (body({"errors": {"id": ["no"]}}), JSON),
    "a textual status": (body({"status": "failed"}), JSON),
    "message, unlabelled": (body({"message": "no"}), ""),
}
PAGES: dict[str, tuple[bytes, str]] = {
    "empty object": (b"{}", JSON),
    "empty list": (b"[]", JSON),
    "list of messages": (body([{"message": "no"}]), JSON),
    "string": (body("message"), JSON),
    "other keys": (body({"error": "no", "success": False}), JSON),
    "numeric status": (body({"status": 403}), JSON),
    "html page": (b"<html><title>Log in</title><body>message</body></html>", HTML),
    "html page labelled as JSON": (b"<html><title>Log in</title></html>", JSON),
    "plain text": (b"Forbidden", "text/plain"),
    "empty": (b"", JSON),
    "problem": (body(PROBLEM_DOCUMENT), PROBLEM),
    "problem with a message": (body(PROBLEM_DOCUMENT | {"message": "no", "status": "failed"}), PROBLEM),
    "problem with a message, labelled as JSON": (body({"type": "about:blank", "message": "no"}), JSON),
    "an order itself": (body(order("cancelled")["order"]), JSON),
    "an answer with an order": (body(order("cancelled")), JSON),
    "truncated": (body({"message": "no"})[:-1], JSON),
    "duplicate keys": (b'{"message": "no", "message": "yes"}', JSON),
}


def answer(code: int, content: bytes, kind: str) -> httpx.Response:
    return httpx.Response(code, content=content, headers={"content-type": kind} if kind else {})


@pytest.mark.parametrize("name", REFUSALS | PAGES)
def test_only_a_refusal_by_the_api_proves_that_nothing_was_done(name: str) -> None:
    for code, kind in KIND_OF.items():
        handler, received = script(answer(code, *(REFUSALS | PAGES)[name]))

        error = failure("sync", transport=httpx.MockTransport(handler))

        assert type(error) is kind
        assert error.status_code == code
        assert error.may_have_cancelled is (name in PAGES)
        assert LETTER not in str(error) + error.body + error.message
        paths = [request.url.path.split("/")[1] for request in received]
        assert paths == {404: ["order", "orders"], 405: ["order", "orders"], 429: ["order"] * 2}.get(code, ["order"])


@pytest.mark.parametrize("name", ["message", "html page", "problem"])
def test_every_kind_of_client_judges_alike(kind: str, name: str) -> None:
    for code in (403, 404, 422, 429):
        transport = httpx.MockTransport(script(answer(code, *(REFUSALS | PAGES)[name]))[0])

        assert failure(kind, transport=transport).may_have_cancelled is (name in PAGES)


@pytest.mark.parametrize("code", NEVER_SETTLED)
def test_a_status_about_time_settles_nothing(code: int) -> None:
    """408, 425 and 499 are about the connection, and the request may have been processed."""
    for content, kind in (REFUSALS | PAGES).values():
        error = failure("sync", transport=httpx.MockTransport(script(answer(code, content, kind))[0]))

        assert (error.status_code, error.may_have_cancelled) == (code, True)


@pytest.mark.parametrize("order_of", ["refusal after page", "page after refusal"])
def test_one_attempt_that_is_not_settled_is_enough(kind: str, order_of: str) -> None:
    refusal, page = ok({"message": "slow"}, 429), httpx.Response(429, text="slow")
    answers = [page, refusal] if order_of == "refusal after page" else [refusal, page]

    error = failure(kind, transport=httpx.MockTransport(script(*answers)[0]))

    assert (error.attempts, error.may_have_cancelled) == (2, True)


@pytest.mark.parametrize("codes", [(404, 404), (404, 405), (405, 404), (405, 405)])
@pytest.mark.parametrize("page", [0, 1])
def test_of_two_spellings_both_have_to_be_refused_by_the_api(codes: tuple[int, int], page: int) -> None:
    answers = [ok({"message": "no"}, code) for code in codes]
    answers[page] = httpx.Response(codes[page], text="Not here")

    error = failure("sync", transport=httpx.MockTransport(script(*answers)[0]))

    assert (error.attempts, error.may_have_cancelled) == (2, True)


def by_path(order: httpx.Response, orders: httpx.Response) -> tuple[httpx.MockTransport, list[str]]:
    """Answer by the spelling of the path, and note it."""
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path.split("/")[1])
        found = order if paths[-1] == "order" else orders
        return httpx.Response(found.status_code, content=found.content, headers=found.headers)

    return httpx.MockTransport(handle), paths


@pytest.mark.parametrize("code", [400, 401, 403, 410, 422])
def test_the_path_of_a_refusal_is_remembered_and_that_of_a_page_is_not(connect: Connect, code: int) -> None:
    for under_orders, next_call in ((ok({"message": "no"}, code), ["orders"]), (answer(code, b"", HTML), ["order"])):
        transport, paths = by_path(ok({"message": "not here"}, 404), under_orders)
        client = connect(transport=transport, retry=TWICE)
        for _ in range(2):
            with pytest.raises(APIStatusError):
                client.cancel_order(37294)

        assert paths[:2] == ["order", "orders"]
        assert paths[2 : 2 + len(next_call)] == next_call


@pytest.mark.parametrize("code", KIND_OF)
def test_after_a_page_both_spellings_are_still_tried(code: int) -> None:
    """A page under one spelling is not remembered as the one that is served."""
    answers: list[Any] = [answer(code, b"<html></html>", HTML)]
    answers *= 2 if code in {404, 405, 429} else 1
    handler, received = script(*answers, ok({"message": "not here"}, 404), ok(CANCELLED))
    first: Any = None

    with ThanksIO(TOKEN, base_url=NOWHERE, retry=TWICE, transport=httpx.MockTransport(handler)) as client:
        with pytest.raises(APIStatusError) as first:
            client.cancel_order(37294)
        found = client.cancel_order(37294)

    assert first.value.may_have_cancelled is True
    assert found.status == "cancelled"
    assert [request.url.path.split("/")[1] for request in received[len(answers) :]] == ["order", "orders"]


@pytest.mark.parametrize("content", [REFUSALS["message"], PAGES["html page"]], ids=["refusal", "page"])
def test_the_verdict_of_a_run_follows(kind: str, content: tuple[bytes, str]) -> None:

    (result,) = results(kind, [37294], transport=httpx.MockTransport(lambda _: answer(422, *content)))

    assert result.verdict == ("refused" if content[1] == JSON else "unknown")
