"""The fuzzer runs, and finds what it has to find."""

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

from fuzz import hunt as drawn
from fuzz.cases import ORDER_ID, Bytes, Values
from fuzz.logs import logged
from fuzz.oracle import LETTER, LONGEST_TEXT, TOKEN, Ended, first_answer, is_refusal, problems, shown_status
from fuzz.responses import values
from fuzz.run import MUST_MEET, Run, WrongError
from fuzz.values import Told, ValuesEntry
from thanksio import APIConnectionError, APIResponseValidationError, Order, OrderNotCancelledError, ThanksIOError
from thanksio._call import Send
from thanksio._verdict import NoResponse, Response
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from thanksio._call import Call, Steps
    from thanksio._verdict import Outcome


def test_the_fuzzer_runs_and_meets_every_verdict() -> None:
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
    assert all(name in run.stdout for name in [*MUST_MEET, "values", "sync", "async", "No wrong result"])


class Lying(Told):
    """A client that returns every order as cancelled, as other clients do."""

    def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
        try:
            return super().cancel_order(order_id, deadline=deadline)
        except (OrderNotCancelledError, APIResponseValidationError) as error:
            if error.order is None:
                raise
            return error.order


def test_a_wrong_verdict_is_found_and_made_small(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run()

    with logged() as log, pytest.raises(WrongError):
        drawn.hunt(run, ValuesEntry(log, Lying), values, 1)

    assert run.wrong is not None
    _, case, found = run.wrong
    assert found == [f"the caller was told that order {ORDER_ID} is cancelled, and the bytes do not say so"]
    assert run.report() == 1
    assert case.paste() in capsys.readouterr().out


def test_a_case_that_is_pasted_is_the_case() -> None:
    outcomes = (
        Response(429, b"\xff", {"retry-after": "1"}),
        NoResponse(may_have_sent=True, reason='it said "no"', timed_out=True, is_permanent=True, advice="Wait."),
    )
    there: dict[str, Any] = {"Response": Response, "NoResponse": NoResponse}

    exec(Values(1, outcomes).paste(), there)  # noqa: S102 - it is our own

    assert there["order_id"] == 1
    assert there["outcomes"] == list(outcomes)


def test_bytes_that_are_pasted_are_the_bytes() -> None:
    case = Bytes((b"HTTP/1.1 200 OK\r\n\r\n", b"{}"), End.RESET)

    assert "[b'HTTP/1.1 200 OK\\r\\n\\r\\n', b'{}', End.RESET]" in case.paste()


def test_a_run_that_meets_one_verdict_is_worth_little(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run({"sync": Counter(APIConnectionError=500)})

    assert run.report() == 1
    assert "Order, at sync" in capsys.readouterr().out


# The second opinion


def shown(status: object = "cancelled", order_id: object = 1, **more: object) -> bytes:
    return json.dumps({"order": {"id": order_id, "status": status} | more}).encode()


READ: dict[str, tuple[bytes, str, str | None]] = {
    "as it should be": (shown(), "", "cancelled"),
    "another word": (shown("printed"), "", "printed"),
    "with a mark": (b"\xef\xbb\xbf" + shown(), "identity", "cancelled"),
    "gzip": (gzip.compress(shown()), " GZIP", "cancelled"),
    "two of gzip": (gzip.compress(shown()) * 2, "gzip", None),
    "not gzip": (shown(), "gzip", None),
    "brotli": (shown(), "br", None),
    "another id": (shown(order_id=2), "", None),
    "true": (shown(order_id=True), "", None),
    "a fraction": (shown(order_id=1.0), "", None),
    "digits": (shown(order_id="1"), "", None),
    "no word": (shown(None), "", None),
    "NaN": (shown(style=float("nan")), "", None),
    "a name twice": (b'{"order": {"id": 1, "status": "printed", "status": "cancelled"}}', "", None),
    "two orders": (b'{"order": {"id": 1, "status": "cancelled"}, "order": {}}', "", None),
    "no UTF-8": (b'{"order": {"id": 1, "status": "cancelled", "style": "\xed\xa0\x80"}}', "", None),
    "too deep": (b'{"order": {"id": 1, "status": "cancelled", "x": ' + b"[" * 99 + b"]" * 99 + b"}}", "", None),
    "a list": (b"[" + shown() + b"]", "", None),
    "cut": (shown()[:-1], "", None),
}


@pytest.mark.parametrize(("body", "encoding", "status"), READ.values(), ids=READ.keys())
def test_the_second_opinion_is_as_strict_as_the_rules(body: bytes, encoding: str, status: str | None) -> None:
    assert shown_status(body, encoding, 1) == status


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
    "a name twice": (422, b'{"message": "a", "message": "b"}', False),
    "nothing": (422, b"", False),
}


@pytest.mark.parametrize(("status", "body", "is_one"), REFUSALS.values(), ids=REFUSALS.keys())
def test_the_second_opinion_on_refusals_follows_rule_7(status: int, body: bytes, *, is_one: bool) -> None:
    assert is_refusal(status, body, "") is is_one


def test_the_first_answer_on_a_connection_is_the_one_that_counts() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"

    assert first_answer(first + b"HTTP/1.1 422 No\r\n\r\n") == (200, "gzip", b"{}")
    assert first_answer(b"SSH-2.0-OpenSSH_9.2\r\n") == (0, "", b"")
    assert first_answer(first[:-1]) == (0, "", b"")


FULFILLED = Order.from_dict({"id": 1, "status": "fulfilled"})
NOT_CANCELLED = OrderNotCancelledError("Not cancelled.", {"order": FULFILLED.to_dict()})
NOT_LISTED = APIResponseValidationError("Not listed.", {"order": {"id": 1, "status": "canceled"}})
SURE = APIResponseValidationError("Unreadable.", {"may_have_cancelled": False})
DOUBTFUL = OrderNotCancelledError("Not cancelled.", {"order": FULFILLED.to_dict(), "may_have_cancelled": True})
WRONG: dict[str, tuple[Ended, str | None, str]] = {
    "an order that is not cancelled": (Ended(FULFILLED), "fulfilled", "told that order 1 is cancelled"),
    "an order that is not shown": (Ended(FULFILLED), None, "told that order 1 is cancelled"),
    "another order": (Ended(Order.from_dict({"id": 2, "status": "x"})), "cancelled", "told that order 1 is cancelled"),
    "an error for a cancelled one": (Ended(NOT_CANCELLED), " Cancelled", "told that it is not cancelled"),
    "an error for one not shown": (Ended(NOT_CANCELLED), None, "told that it is not cancelled"),
    "a no for a word that is not listed": (Ended(NOT_CANCELLED), "canceled", "told that it is not cancelled"),
    "a no that leaves a doubt": (Ended(DOUBTFUL), "fulfilled", "may_have_cancelled is True"),
    "unknown for a listed word": (Ended(NOT_LISTED), "fulfilled", "told that the status is not listed"),
    "unknown for an order not shown": (Ended(NOT_LISTED), None, "told that the status is not listed"),
    "unreadable without a doubt": (Ended(SURE), None, "may_have_cancelled is False"),
    "a foreign error": (Ended(KeyError("x")), None, "KeyError('x')"),
    "nothing": (Ended(None), None, "None"),
    "late": (Ended(APIConnectionError("Lost."), seconds=1.6), None, "took 1.60 s"),
    "a token in its text": (Ended(APIConnectionError(TOKEN)), None, "the token is in the str"),
    "a letter in its text": (Ended(APIConnectionError(LETTER)), None, "the letter is in the pickle"),
    "a letter in the logs": (Ended(APIConnectionError("Lost."), logs=LETTER), None, "the letter is in the logs"),
    "a long text": (Ended(APIConnectionError("x" * LONGEST_TEXT)), None, "1000 characters"),
}


@pytest.mark.parametrize(("ended", "status", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_must_never_happen_is_named(ended: Ended, status: str | None, words: str) -> None:
    found = problems(ended, status, 1, deadline=1.0)

    assert any(words in problem for problem in found), found


def test_a_cause_that_holds_a_secret_is_named() -> None:
    error = APIConnectionError("Lost.")
    error.__cause__ = ConnectionError(TOKEN)

    assert "the token is in the cause" in problems(Ended(error), None, 1, deadline=1.0)


def test_what_is_right_is_not_named() -> None:
    cancelled = Order.from_dict({"id": 1, "status": "Cancelled"})

    assert problems(Ended(cancelled), "Cancelled", 1, deadline=1.0) == []
    assert problems(Ended(NOT_CANCELLED), "fulfilled", 1, deadline=1.0) == []
    assert problems(Ended(NOT_LISTED), " Canceled", 1, deadline=1.0) == []


class ForgetfulError(APIConnectionError):
    """An error that a pickle, a copy and its args reduce to its message."""

    def __reduce__(self) -> tuple[object, ...]:
        return APIConnectionError, (str(self), {"may_have_cancelled": False})


def test_an_error_that_forgets_is_found() -> None:
    found = problems(Ended(ForgetfulError("Lost.", {"may_have_cancelled": True})), None, 1, deadline=1.0)

    assert [problem.partition(" says")[0] for problem in found] == ["the pickle", "the copy"]


class Stubborn(Told):
    """A client that retries everything, whatever it is."""

    def _start(self, call: Call, deadline: float | None) -> Steps:
        steps = super()._start(call, deadline)
        while len(self.met) < len(self.outcomes) - 1:
            self._step(call, Send("order", 1.0))
        return steps


REPEATED = [
    Response(422, b'{"message": "no"}'),
    Response(403, b"<html>"),
    NoResponse(may_have_sent=False, reason="its certificate is not trusted", is_permanent=True),
]


@pytest.mark.parametrize("first", REPEATED, ids=["refusal", "page", "permanent"])
def test_a_repetition_that_cannot_help_is_found(first: Outcome) -> None:
    with logged() as log:
        _, found = ValuesEntry(log, Stubborn).run(Values(1, (first, Response(200, shown()))))

    assert found == [f"the attempt was repeated after {first!r}"]


def test_a_word_that_is_not_listed_has_to_be_unknown() -> None:
    """Rule 1: `canceled` is neither a yes nor a no."""

    class Guessing(Told):
        def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
            try:
                return super().cancel_order(order_id, deadline=deadline)
            except APIResponseValidationError:
                raise OrderNotCancelledError("Not cancelled.", {"order": {"id": 1, "status": "x"}}) from None

    with logged() as log:
        case = Values(1, (Response(200, shown("canceled")),))
        right, wrong = ValuesEntry(log).run(case), ValuesEntry(log, Guessing).run(case)

    assert right == ("APIResponseValidationError", [])
    assert wrong[1][0] == "the caller was told that it is not cancelled, and the bytes do not say so"
    assert wrong[1][1].startswith("the bytes show the order, and the call ended in OrderNotCancelledError")


def test_a_doubt_that_is_kept_from_the_caller_is_named() -> None:
    class Sure(Told):
        def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
            try:
                return super().cancel_order(order_id, deadline=deadline)
            except ThanksIOError as error:
                error.may_have_cancelled = False
                raise

    lost = NoResponse(may_have_sent=True, reason="the connection broke")
    page = Response(403, b"<title>Attention</title>")
    with logged() as log:
        entry = ValuesEntry(log, Sure)
        found = [entry.run(Values(1, (outcome,))) for outcome in (lost, page)]

    assert all("may_have_cancelled is False" in problems for _, problems in found)
    assert [verdict for verdict, _ in found] == ["APIConnectionError", "PermissionDeniedError"]
