"""Rule 1: listed statuses decide, in any case; any other status proves nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml
from conftest import ROOT, ok, order, script
from embedding.calling import failure, outcome

from thanksio import APIResponseValidationError, OrderNotCancelledError

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
STATUS = CONTRACT["components"]["schemas"]["Order"]["properties"]["status"]
WORDS = [word for part in STATUS["anyOf"] for word in part.get("enum", [])] + STATUS["x-display-words"]
WRITTEN = {
    "as listed": str,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "spaced": " {}\n".format,
    "upper, spaced": lambda word: f"\t{word.upper()}\r\n ",
    "wide space": "\N{NO-BREAK SPACE}{}\N{IDEOGRAPHIC SPACE}".format,
}
UNKNOWN = ["canceled", "cancelling", "pending_cancellation", "cancelled_by_user", "", "not cancelled", "cancelled!"]
UNCLEAN = ["  ", "cancelled\u200b", "cancelled\x00", "x" * 5000]  # in what an error shows of them


def seen(status: str) -> httpx.MockTransport:
    return httpx.MockTransport(script(ok(order(status)))[0])


def test_the_words_are_read_from_the_contract() -> None:
    assert {"cancelled", "reviewing", "Printing"} < set(WORDS)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("word", WORDS)
def test_a_listed_word_decides_in_any_case_and_with_any_space_around_it(word: str, written: Any) -> None:
    drifts: list[object] = []

    found = outcome("sync", transport=seen(written(word)), on_drift=drifts.append)

    assert drifts == []
    if word == "cancelled":
        assert found.id == 37294
    else:
        assert type(found) is OrderNotCancelledError
        assert (found.status, found.may_have_cancelled, found.attempts) == (written(word).strip(), False, 1)


@pytest.mark.parametrize("word", UNKNOWN + UNCLEAN)
def test_any_other_word_leaves_the_outcome_unknown_with_the_order_at_hand(kind: str, word: str) -> None:
    drifts: list[Any] = []

    error = failure(kind, transport=seen(word), on_drift=drifts.append)

    assert (type(error), error.may_have_cancelled, error.attempts) == (APIResponseValidationError, True, 1)
    assert error.order.id == 37294
    assert error.order.status == word
    assert error.status.isprintable()
    assert word in UNCLEAN or error.status == word
    assert [(drift.pointer, drift.kind) for drift in drifts] == [("/order/status", "unknown word")]


def test_an_unreadable_answer_has_neither_order_nor_status(kind: str) -> None:
    error = failure(kind, transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b"<html>")))

    assert type(error) is APIResponseValidationError
    assert getattr(error, "order", None) is None
    assert not getattr(error, "status", "")


@pytest.mark.parametrize("order_of", ["unknown, then told", "lost, then unknown"])
def test_an_unknown_word_does_not_settle_and_a_later_call_may(kind: str, order_of: str) -> None:
    if order_of == "lost, then unknown":
        handler, received = script(httpx.ReadError("lost"), ok(order("canceled")))
        assert failure(kind, transport=httpx.MockTransport(handler)).may_have_cancelled is True
        assert len(received) == 2
    else:
        handler, received = script(ok(order("canceled")), ok(order("cancelled")))
        transport = httpx.MockTransport(handler)
        assert failure(kind, transport=transport).may_have_cancelled is True
        assert outcome(kind, transport=transport).status == "cancelled"
        assert len(received) == 2
