"""The fuzzer runs, and what it looks at would not pass if it were wrong."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import ROOT

from fuzzing import drawn
from fuzzing.answers import values
from fuzzing.cases import ORDER_ID, Bytes, Values
from fuzzing.logs import logged
from fuzzing.oracle import LETTER, LONGEST_TEXT, TOKEN, Ended, first_answer, problems, shown_status
from fuzzing.run import MUST_MEET, Run, WrongError
from fuzzing.verdict import Told, ValuesDoor
from thanksio import APIConnectionError, Order, OrderNotCancelledError
from thanksio._verdict import Answer, NoAnswer
from thanksio.testing.faults import End

if TYPE_CHECKING:
    from thanksio._call import Call
    from thanksio._verdict import Reading


def test_the_fuzzer_runs_and_meets_every_verdict() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "fuzz.py"), "--seconds", "2", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    assert "--seed 1 makes the same cases again" in run.stdout
    assert all(name in run.stdout for name in [*MUST_MEET, "values", "sync", "async", "Nothing is wrong"])


class Lying(Told):
    """A client that takes every order that is shown for a cancelled one, as others do."""

    def _conclude(self, _call: Call, reading: Reading) -> Order:
        return Order.from_dict(reading.fields)


def test_a_wrong_verdict_is_found_and_made_small(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run()

    with logged() as log, pytest.raises(WrongError):
        drawn.hunt(run, ValuesDoor(log, Lying), values, 1)

    assert run.wrong is not None
    _, case, found = run.wrong
    assert found == [f"the caller was told that order {ORDER_ID} is cancelled, and the bytes do not say so"]
    assert run.report() == 1
    assert case.paste() in capsys.readouterr().out


def test_a_case_that_is_pasted_is_the_case() -> None:
    outcomes = (
        Answer(429, b"\xff", {"retry-after": "1"}),
        NoAnswer(sent=True, timed_out=False, cause=httpx.ReadError("reset")),
    )
    there: dict[str, Any] = {"Answer": Answer, "NoAnswer": NoAnswer, "httpx": httpx}

    exec(Values(1, outcomes).paste(), there)  # noqa: S102 - it is our own

    assert there["order_id"] == 1
    assert there["outcomes"][0] == outcomes[0]
    assert repr(there["outcomes"][1]) == repr(outcomes[1])


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


def test_the_first_answer_on_a_connection_is_the_one_that_counts() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"

    assert first_answer(first + b"HTTP/1.1 422 No\r\n\r\n") == (200, "gzip", b"{}")
    assert first_answer(b"SSH-2.0-OpenSSH_9.2\r\n") == (0, "", b"")
    assert first_answer(first[:-1]) == (0, "", b"")


FULFILLED = Order.from_dict({"id": 1, "status": "fulfilled"})
NOT_CANCELLED = OrderNotCancelledError("Not cancelled.", order=FULFILLED, facts=FULFILLED)
WRONG: dict[str, tuple[Ended, str | None, str]] = {
    "an order that is not cancelled": (Ended(FULFILLED), "fulfilled", "told that order 1 is cancelled"),
    "an order that is not shown": (Ended(FULFILLED), None, "told that order 1 is cancelled"),
    "another order": (Ended(Order.from_dict({"id": 2, "status": "x"})), "cancelled", "told that order 1 is cancelled"),
    "an error for a cancelled one": (Ended(NOT_CANCELLED), " Cancelled", "told that it is not cancelled"),
    "an error for one not shown": (Ended(NOT_CANCELLED), None, "told that it is not cancelled"),
    "a foreign error": (Ended(KeyError("x")), None, "KeyError('x')"),
    "nothing": (Ended(None), None, "None"),
    "late": (Ended(APIConnectionError("Lost."), seconds=1.6), None, "took 1.60 s"),
    "a token in its text": (Ended(APIConnectionError(TOKEN)), None, "the token stands in the str"),
    "a letter in its text": (Ended(APIConnectionError(LETTER)), None, "the letter stands in the pickle"),
    "a letter in the logs": (Ended(APIConnectionError("Lost."), logs=LETTER), None, "the letter stands in the logs"),
    "a long text": (Ended(APIConnectionError("x" * LONGEST_TEXT)), None, "1000 characters"),
}


@pytest.mark.parametrize(("ended", "status", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_must_never_happen_is_named(ended: Ended, status: str | None, words: str) -> None:
    found = problems(ended, status, 1, deadline=1.0)

    assert any(words in problem for problem in found), found


def test_a_cause_that_holds_a_secret_is_named() -> None:
    error = APIConnectionError("Lost.")
    error.__cause__ = ConnectionError(TOKEN)

    assert "the token stands in the cause" in problems(Ended(error), None, 1, deadline=1.0)


def test_what_is_right_is_not_named() -> None:
    cancelled = Order.from_dict({"id": 1, "status": "Cancelled"})

    assert problems(Ended(cancelled), "Cancelled", 1, deadline=1.0) == []
    assert problems(Ended(NOT_CANCELLED), "fulfilled", 1, deadline=1.0) == []


def test_a_doubt_that_is_kept_from_the_caller_is_named() -> None:
    class Sure(Told):
        def cancel_order(self, order_id: int | str, *, deadline: float | None = None) -> Order:
            try:
                return super().cancel_order(order_id, deadline=deadline)
            except APIConnectionError as error:
                error.may_have_cancelled = False
                raise

    lost = NoAnswer(sent=True, timed_out=False, cause=httpx.ReadError("reset"))
    with logged() as log:
        verdict, found = ValuesDoor(log, Sure).run(Values(1, (lost,)))

    assert (verdict, found) == ("APIConnectionError", ["may_have_cancelled is False"])
