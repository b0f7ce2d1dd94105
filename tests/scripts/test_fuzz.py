"""The fuzzer runs, and finds wrong results."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT

from fuzz.__main__ import REQUIRED, ScriptedClient, WrongError, batch, logged, missing, run_outcomes
from fuzz.oracle import LETTER, LONGEST_TEXT, TOKEN, Ended, first_response, is_refusal, problems, shown_status
from fuzz.strategies import ORDER_ID, Bytes, Outcomes, outcomes
from thanksio import APIConnectionError, APIResponseValidationError, Order, OrderNotCancelledError, ThanksIOError
from thanksio._call import Send
from thanksio._verdict import NoResponse, Response
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from thanksio._call import Call, Steps
    from thanksio._verdict import Outcome


def test_the_fuzzer_runs_and_every_result_occurs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "fuzz", "--seconds", "2", "--seed", "1"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    assert "--seed 1 repeats the same cases" in run.stdout
    assert all(name in run.stdout for name in [*REQUIRED, "outcomes", "sync", "async", "No wrong result"])


class Trusting(ScriptedClient):
    """A client that returns every order as cancelled, as other clients do."""

    def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        try:
            return super().cancel_order(order_id, deadline=deadline)
        except (OrderNotCancelledError, APIResponseValidationError) as error:
            if error.order is None:
                raise
            return error.order


def test_a_wrong_result_is_found_and_its_case_is_small() -> None:
    with logged() as log, pytest.raises(WrongError) as caught:
        batch(lambda case: run_outcomes(log, case, Trusting), outcomes, 50, 1)

    text = str(caught.value)
    assert f"order {ORDER_ID} was returned as cancelled, and the bytes do not show that" in text
    assert f"order_id = {ORDER_ID}\noutcomes = [\n    Response(200, b" in text
    assert text.count("Response(") == 1


def test_a_case_that_is_pasted_is_the_case() -> None:
    attempts = (
        Response(429, b"\xff", {"retry-after": "1"}),
        NoResponse(may_have_sent=True, reason='it was "closed"', timed_out=True, is_permanent=True, advice="Wait."),
    )
    names: dict[str, Any] = {"Response": Response, "NoResponse": NoResponse}

    exec(Outcomes(1, attempts).paste(), names)  # noqa: S102 - it is our own

    assert names["order_id"] == 1
    assert names["outcomes"] == list(attempts)


def test_bytes_that_are_pasted_are_the_bytes() -> None:
    case = Bytes((b"HTTP/1.1 200 OK\r\n\r\n", b"{}", End.RESET))

    assert "[b'HTTP/1.1 200 OK\\r\\n\\r\\n', b'{}', End.RESET]" in case.paste()


def test_a_run_with_one_result_has_tested_too_little() -> None:
    found = missing({"sync": Counter(APIConnectionError=500)})

    assert "Order, sync" in found
    assert "5 kinds of APIStatusError" in found


# The independent parser


def shown(status: object = "cancelled", order_id: object = 1, **more: object) -> bytes:
    return json.dumps({"order": {"id": order_id, "status": status} | more}).encode()


READ: dict[str, tuple[bytes, str, str | None]] = {
    "valid": (shown(), "", "cancelled"),
    "another word": (shown("printed"), "", "printed"),
    "with a byte order mark": (b"\xef\xbb\xbf" + shown(), "identity", "cancelled"),
    "gzip": (gzip.compress(shown()), " GZIP", "cancelled"),
    "two of gzip": (gzip.compress(shown()) * 2, "gzip", None),
    "not gzip": (shown(), "gzip", None),
    "brotli": (shown(), "br", None),
    "another id": (shown(order_id=2), "", None),
    "true": (shown(order_id=True), "", None),
    "a fraction": (shown(order_id=1.0), "", None),
    "digits": (shown(order_id="1"), "", None),
    "no status": (shown(None), "", None),
    "NaN": (shown(style=float("nan")), "", None),
    "a duplicate key": (b'{"order": {"id": 1, "status": "printed", "status": "cancelled"}}', "", None),
    "two orders": (b'{"order": {"id": 1, "status": "cancelled"}, "order": {}}', "", None),
    "no UTF-8": (b'{"order": {"id": 1, "status": "cancelled", "style": "\xed\xa0\x80"}}', "", None),
    "too deep": (b'{"order": {"id": 1, "status": "cancelled", "x": ' + b"[" * 99 + b"]" * 99 + b"}}", "", None),
    "a list": (b"[" + shown() + b"]", "", None),
    "cut": (shown()[:-1], "", None),
}


@pytest.mark.parametrize(("body", "encoding", "status"), READ.values(), ids=READ.keys())
def test_a_body_is_parsed_strictly(body: bytes, encoding: str, status: str | None) -> None:
    assert shown_status(200, body, encoding, 1) == status


def refused(**document: object) -> bytes:
    return json.dumps(document).encode()


REFUSALS: dict[str, tuple[int, bytes, bool]] = {
    "message": (422, refused(message="no"), True),
    "errors": (400, refused(errors=[]), True),
    "status": (400, refused(status="failed"), True),
    "status in numbers": (400, refused(status=400), False),
    "429": (429, refused(message="Too Many Attempts."), True),
    "404": (404, refused(message="Not Found"), True),
    "408": (408, refused(message="no"), False),
    "425": (425, refused(message="no"), False),
    "499": (499, refused(message="no"), False),
    "500": (500, refused(message="no"), False),
    "302": (302, refused(message="no"), False),
    "RFC 9457": (403, refused(type="about:blank", status="x", message="no"), False),
    "a page": (403, b"<title>no</title>", False),
    "an array": (422, b'["message"]', False),
    "cut": (422, refused(message="no")[:-1], False),
    "a duplicate key": (422, b'{"message": "a", "message": "b"}', False),
    "nothing": (422, b"", False),
}


@pytest.mark.parametrize(("status", "body", "is_one"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_recognized_by_rule_7(status: int, body: bytes, *, is_one: bool) -> None:
    assert is_refusal(status, body, "") is is_one


def test_the_first_response_on_a_connection_is_the_one_that_counts() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"

    assert first_response(first + b"HTTP/1.1 422 No\r\n\r\n") == (200, b"{}", "gzip")
    assert first_response(b"SSH-2.0-OpenSSH_9.2\r\n") == (0, b"", "")
    assert first_response(first[:-1]) == (0, b"", "")


FULFILLED = Order.from_dict({"id": 1, "status": "fulfilled"})
NOT_CANCELLED = OrderNotCancelledError("Not cancelled.", {"order": FULFILLED.to_dict()})
NOT_LISTED = APIResponseValidationError("Not listed.", {"order": {"id": 1, "status": "canceled"}})
SURE = APIResponseValidationError("Unreadable.", {"may_have_cancelled": False})
DOUBTFUL = OrderNotCancelledError("Not cancelled.", {"order": FULFILLED.to_dict(), "may_have_cancelled": True})
WRONG: dict[str, tuple[Ended, str | None, str]] = {
    "an order that is not cancelled": (Ended(FULFILLED), "fulfilled", "order 1 was returned as cancelled"),
    "an order that is not shown": (Ended(FULFILLED), None, "order 1 was returned as cancelled"),
    "another order": (
        Ended(Order.from_dict({"id": 2, "status": "x"})),
        "cancelled",
        "order 1 was returned as cancelled",
    ),
    "not cancelled for a cancelled order": (Ended(NOT_CANCELLED), " Cancelled", "the error is OrderNotCancelledError"),
    "not cancelled for an order that is not shown": (Ended(NOT_CANCELLED), None, "the error is OrderNotCancelledError"),
    "not cancelled for an unlisted status": (Ended(NOT_CANCELLED), "canceled", "the error is OrderNotCancelledError"),
    "not cancelled, and may have cancelled": (Ended(DOUBTFUL), "fulfilled", "may_have_cancelled is True"),
    "unknown for a listed status": (Ended(NOT_LISTED), "fulfilled", "the error has an order in an unlisted status"),
    "unknown for an order not shown": (Ended(NOT_LISTED), None, "the error has an order in an unlisted status"),
    "unreadable, and cannot have cancelled": (Ended(SURE), None, "may_have_cancelled is False"),
    "a foreign error": (Ended(KeyError("x")), None, "KeyError('x')"),
    "nothing": (Ended(None), None, "None"),
    "late": (Ended(APIConnectionError("Lost."), seconds=1.6), None, "took 1.60 s"),
    "a token in its text": (Ended(APIConnectionError(TOKEN)), None, "the token is in the str"),
    "a letter in its text": (Ended(APIConnectionError(LETTER)), None, "the letter is in the pickle"),
    "a letter in the logs": (Ended(APIConnectionError("Lost."), logs=LETTER), None, "the letter is in the logs"),
    "a long text": (Ended(APIConnectionError("x" * LONGEST_TEXT)), None, "1000 characters"),
}


@pytest.mark.parametrize(("ended", "status", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_result_is_reported(ended: Ended, status: str | None, words: str) -> None:
    found = problems(ended, status, 1, deadline=1.0)

    assert any(words in problem for problem in found), found


def test_a_secret_in_a_cause_is_reported() -> None:
    error = APIConnectionError("Lost.")
    error.__cause__ = ConnectionError(TOKEN)

    assert "the token is in the cause" in problems(Ended(error), None, 1, deadline=1.0)


def test_a_right_result_is_not_reported() -> None:
    cancelled = Order.from_dict({"id": 1, "status": "Cancelled"})

    assert problems(Ended(cancelled), "Cancelled", 1, deadline=1.0) == []
    assert problems(Ended(NOT_CANCELLED), "fulfilled", 1, deadline=1.0) == []
    assert problems(Ended(NOT_LISTED), " Canceled", 1, deadline=1.0) == []


class ForgetfulError(APIConnectionError):
    """An error whose pickle and copy lose its facts."""

    def __reduce__(self) -> tuple[object, ...]:
        return APIConnectionError, (str(self), {"may_have_cancelled": False})


def test_an_error_whose_copies_differ_is_reported() -> None:
    found = problems(Ended(ForgetfulError("Lost.", {"may_have_cancelled": True})), None, 1, deadline=1.0)

    assert [problem.partition(" is ")[0] for problem in found] == ["the pickle", "the copy"]


class Stubborn(ScriptedClient):
    """A client that retries after every outcome."""

    def _start(self, call: Call, deadline: float | None) -> Steps:
        steps = super()._start(call, deadline)
        while len(self.attempts) < len(self.outcomes) - 1:
            self._step(call, Send("order", 1.0))
        return steps


FINAL = [
    Response(422, b'{"message": "no"}'),
    Response(403, b"<html>"),
    NoResponse(may_have_sent=False, reason="its certificate is not trusted", is_permanent=True),
]


@pytest.mark.parametrize("first", FINAL, ids=["refusal", "page", "permanent"])
def test_an_attempt_that_cannot_help_is_reported(first: Outcome) -> None:
    with logged() as log:
        _, found = run_outcomes(log, Outcomes(1, (first, Response(200, shown()))), Stubborn)

    assert found == [f"there was another attempt after {first!r}"]


def test_an_unlisted_status_must_be_unknown() -> None:
    """Rule 1: `canceled` proves neither."""

    class Guessing(ScriptedClient):
        def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
            try:
                return super().cancel_order(order_id, deadline=deadline)
            except APIResponseValidationError:
                raise OrderNotCancelledError("Not cancelled.", {"order": {"id": 1, "status": "x"}}) from None

    with logged() as log:
        case = Outcomes(1, (Response(200, shown("canceled")),))
        right, wrong = run_outcomes(log, case), run_outcomes(log, case, Guessing)

    assert right == ("APIResponseValidationError", [])
    assert wrong[1][0] == "the error is OrderNotCancelledError, and the bytes do not show that"
    assert wrong[1][1].startswith("the bytes show the order, and the call ended in OrderNotCancelledError")


def test_a_false_may_have_cancelled_is_reported() -> None:
    class Sure(ScriptedClient):
        def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
            try:
                return super().cancel_order(order_id, deadline=deadline)
            except ThanksIOError as error:
                error.may_have_cancelled = False
                raise

    lost = NoResponse(may_have_sent=True, reason="the connection was closed")
    page = Response(403, b"<title>Attention</title>")
    with logged() as log:
        found = [run_outcomes(log, Outcomes(1, (outcome,)), Sure) for outcome in (lost, page)]

    assert all("may_have_cancelled is False" in wrong for _, wrong in found)
    assert [verdict for verdict, _ in found] == ["APIConnectionError", "PermissionDeniedError"]
