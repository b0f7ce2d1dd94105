"""Where answers leave the contract: what is drift and what is none, and `thanksio drift` on answers that were saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from conftest import CANCELLED, FULFILLED, LETTER, Connect, ok, order, script
from contract import CONTRACT

from thanksio import OrderNotCancelledError
from thanksio._client import order_contract
from thanksio._verdict import Reading, next_step
from thanksio.drift import Contract, Drift, Reporter, contract_of, differences
from thanksio_generated.contract import DISPLAY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

PROPERTIES: dict[str, Any] = CONTRACT["components"]["schemas"]["Order"]["properties"]
KNOWN = {
    name: [word for part in schema["anyOf"] for word in part.get("enum", [])]
    for name, schema in PROPERTIES.items()
    if any("enum" in part for part in schema.get("anyOf", []))
}


def seen(order: Mapping[str, object], contract: Contract | None = None) -> list[tuple[str, str, str]]:
    found = differences(contract or order_contract(), order)
    return [(drift.pointer, drift.kind, drift.json_type) for drift in found]


# Words


def test_the_fields_whose_words_are_known_are_those_of_the_contract() -> None:
    assert sorted(KNOWN) == sorted(order_contract().words) == ["method", "status", "type"]


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in KNOWN.items() for word in words])
def test_a_word_of_the_contract_is_no_drift_however_it_is_written(name: str, word: str) -> None:
    for written in (word, word.upper(), f"  {word.title()}\n"):
        assert seen({name: written}) == []


@pytest.mark.parametrize(
    ("name", "word"),
    [(name, word) for name, schema in PROPERTIES.items() for word in schema.get("x-display-words", [])],
)
def test_a_form_in_which_the_server_shows_a_word_is_no_drift(name: str, word: str) -> None:
    assert word in DISPLAY_WORDS[name]
    assert seen({name: word}) == []
    assert seen({name: word.upper()}) == []


def test_what_is_shown_of_a_status_gets_the_same_advice() -> None:
    """The advice knows the word, and the contract knows that it is one: neither does without the other."""
    for word in DISPLAY_WORDS["status"]:
        assert next_step(Reading({}, word)) == next_step(Reading({}, "processing"))


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("word", ["", " ", "canceled", LETTER, "cancelled.", "x" * 5000, "\ud800"])
def test_any_other_word_is_drift_and_is_not_shown(name: str, word: str) -> None:
    assert seen({name: word}) == [(f"/order/{name}", "unknown word", "string")]


@pytest.mark.parametrize(("name", "value", "json_type"), [("method", None, "null"), ("type", 4, "integer")])
def test_what_is_no_word_at_all_is_another_type_and_nothing_else(name: str, value: object, json_type: str) -> None:
    assert seen({name: value}) == [(f"/order/{name}", "other type", json_type)]


def test_an_unknown_word_is_reported_once_and_never_shown(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    found: list[Drift] = []
    client = connect(
        script(ok(order(LETTER)), ok(order("another")), ok(order(method=LETTER)))[0], on_drift=found.append
    )

    for _ in range(2):
        with pytest.raises(OrderNotCancelledError):
            client.cancel_order(37294)
    client.cancel_order(37294)

    assert found == [
        Drift("/order/status", "unknown word", "string"),
        Drift("/order/method", "unknown word", "string"),
    ]
    records = [record.getMessage() for record in caplog.records if record.name == "thanksio.drift"]
    assert records[0] == "contract drift: unknown word at /order/status, JSON type string"
    assert LETTER not in caplog.text


def test_a_server_that_made_up_enough_names_is_no_longer_looked_at() -> None:
    found: list[Drift] = []
    reporter = Reporter(order_contract(), str, found.append)

    reporter.look({f"x{number}": 1 for number in range(100)})
    reporter.look({"status": "zzz"})

    assert len(found) == 100


# Types


@pytest.mark.parametrize("document", [CANCELLED, FULFILLED], ids=["2025-07", "2026-09"])
def test_a_documented_answer_has_no_drift(document: Any) -> None:
    assert seen(document["order"]) == []


class Measured:
    weight: float
    size: float | None


def test_an_integer_is_a_number_too() -> None:
    contract = contract_of(Measured, {}, absent=object, displayed={})

    assert seen({"weight": 1, "size": None}, contract) == []
    assert seen({"weight": 1.5, "size": True}, contract) == [("/order/size", "other type", "boolean")]
