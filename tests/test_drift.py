"""Rule 11: what is drift and what is not, and `thanksio drift` on saved responses."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result
from conftest import CANCELLED, FULFILLED, LETTER, TOKEN, Connect, ok, order, script
from contract import CONTRACT
from jsonschema import Draft202012Validator

from thanksio import APIResponseValidationError
from thanksio._redact import Redactor
from thanksio._verdict import Reading, Response, next_step, normalize, read_order
from thanksio.cli._app import app
from thanksio.cli._proposal import yaml_lines
from thanksio.drift import Contract, Drift, Reporter, contract_of, differences, order_contract
from thanksio_generated.contract import DISPLAY_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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


def test_the_display_form_of_a_status_is_a_listed_status_with_the_same_advice() -> None:
    for word in DISPLAY_WORDS["status"]:
        assert reading_of(word).is_listed
        assert next_step(reading_of(word)) == next_step(reading_of("processing"))


def reading_of(status: str) -> Reading:
    reading = read_order(Response(200, json.dumps({"order": {"id": 1, "status": status}}).encode()), 1)
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("word", ["cancelled", "Reviewing ", "PRINTING", "canceled", "", "x"])
def test_a_status_is_drift_exactly_if_the_verdict_does_not_know_it(word: str) -> None:
    assert bool(seen({"status": word})) is not reading_of(word).is_listed
    assert (normalize(word) in order_contract().words["status"]) is reading_of(word).is_listed


@pytest.mark.parametrize("name", sorted(KNOWN))
@pytest.mark.parametrize("word", ["", " ", "canceled", LETTER, "cancelled.", "x" * 5000, "\ud800"])
def test_any_other_word_is_drift_and_is_not_shown(name: str, word: str) -> None:
    assert seen({name: word}) == [(f"/order/{name}", "unknown word", "string")]


@pytest.mark.parametrize(("name", "value", "json_type"), [("method", None, "null"), ("type", 4, "integer")])
def test_a_value_that_is_no_string_is_another_type_and_nothing_else(name: str, value: object, json_type: str) -> None:
    assert seen({name: value}) == [(f"/order/{name}", "other type", json_type)]


def test_an_unknown_word_is_reported_once_and_never_shown(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    found: list[Drift] = []
    client = connect(
        script(ok(order(LETTER)), ok(order("another")), ok(order(method=LETTER)))[0], on_drift=found.append
    )

    for _ in range(2):
        with pytest.raises(APIResponseValidationError):
            client.cancel_order(37294)
    client.cancel_order(37294)

    assert found == [
        Drift("/order/status", "unknown word", "string"),
        Drift("/order/method", "unknown word", "string"),
    ]
    records = [record.getMessage() for record in caplog.records if record.name == "thanksio.drift"]
    assert records[0] == "contract drift: unknown word at /order/status, JSON type string"
    assert LETTER not in caplog.text


def test_a_reporter_compares_with_the_contract_that_it_is_given() -> None:
    found: list[Drift] = []
    reporter = Reporter(str, found.append, lambda: contract_of(Measured, {}, absent=object, displayed={}))

    reporter.look({"weight": 1, "status": "zzz"})

    assert found == [Drift("/order/status", "unknown field", "string")]


def test_a_reporter_redacts_the_names_of_fields() -> None:
    found: list[Drift] = []
    reporter = Reporter(lambda text: text.replace("secret", "[redacted]"), found.append)

    reporter.look({"a/secret~": 1})

    assert found == [Drift("/order/a~1[redacted]~0", "unknown field", "integer")]
    assert "lambda" not in repr(reporter)


@pytest.mark.parametrize("length", [80, 10_000, 1_000_000])
def test_a_megabyte_of_names_is_compared_in_an_instant(length: int) -> None:
    redact = Redactor()
    redact.add(TOKEN)
    reporter = Reporter(redact)
    start = time.perf_counter()

    reporter.look({"x" * length + str(number): 1 for number in range(1_000_000 // length)})

    assert time.perf_counter() - start < 0.5


def test_drift_is_reported_up_to_a_limit() -> None:
    found: list[Drift] = []
    reporter = Reporter(str, found.append)

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


# Answers that were saved


ORDER: dict[str, Any] = CANCELLED["order"] | {"message": LETTER, "return_address": LETTER}
NEWS = {"order": ORDER | {"nope": LETTER, "style": None}}
OLD = {"order": ORDER}
WORD = ORDER | {"status": LETTER, "nope": 1}


def drift(*arguments: str | Path, given: bytes | None = None) -> Result:
    result = CliRunner().invoke(app, ["drift", *map(str, arguments)], given, prog_name="thanksio")
    assert LETTER not in result.output
    return result


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "responses.jsonl"
    path.write_text("\n".join(map(json.dumps, [NEWS, OLD, WORD])), "utf-8")
    return path


def test_a_person_reads_where_and_in_how_many_answers(saved: Path) -> None:
    done = drift(saved)

    assert (done.exit_code, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        "where          what           JSON type  responses",
        "/order/nope    unknown field  integer    1 of 3",
        "/order/nope    unknown field  string     1 of 3",
        "/order/status  unknown word   string     1 of 3",
        "/order/style   other type     null       1 of 3",
        "Please report this. --propose prints what to add to openapi.yaml.",
    ]


def test_a_machine_reads_the_same(saved: Path) -> None:
    done = drift(saved, saved, "--json")

    assert done.exit_code == 3
    assert json.loads(done.stdout) == {
        "responses": 6,
        "drift": [
            {"pointer": "/order/nope", "kind": "unknown field", "json_type": "integer", "responses": 2},
            {"pointer": "/order/nope", "kind": "unknown field", "json_type": "string", "responses": 2},
            {"pointer": "/order/status", "kind": "unknown word", "json_type": "string", "responses": 2},
            {"pointer": "/order/style", "kind": "other type", "json_type": "null", "responses": 2},
        ],
    }


def test_responses_that_match_the_contract_exit_with_0() -> None:
    given = json.dumps([OLD, ORDER, FULFILLED]).encode()

    assert drift("-", given=given).stdout == "3 responses: all match the contract.\n"
    assert drift("-", "--propose", given=given).stdout.startswith("# Nothing to propose")
    assert json.loads(drift("-", "--json", given=given).stdout) == {"responses": 3, "drift": []}
    assert [drift("-", *more, given=given).exit_code for more in ([], ["--propose"], ["--json"])] == [0, 0, 0]


TEXT = json.dumps(NEWS)
FORMS = {
    "one document": json.dumps(NEWS, indent=2),
    "a bare order": json.dumps(NEWS["order"]),
    "a list of one": f"[{TEXT}]\n",
    "with a mark of its byte order": f"\N{BYTE ORDER MARK}{TEXT}",
    "among empty lines": f"\r\n\n {TEXT}\r\n\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_a_response_is_read_from_each_form_of_file(text: str) -> None:
    done = drift("-", "--json", given=text.encode())

    assert json.loads(done.stdout)["responses"] == 1
    assert [found["pointer"] for found in json.loads(done.stdout)["drift"]] == ["/order/nope", "/order/style"]


NEEDS_PROC = pytest.mark.skipif(sys.platform != "linux", reason="needs a file that is opened and not read")
UNUSABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b" \n", "it contains no response"),
    "an empty list": (b"[]", "it contains no response"),
    "a page": (b"\n<html>", "the value that begins on line 2 is not JSON"),
    "cut off": (f"{TEXT}\n{TEXT[:-9]}".encode(), "the value that begins on line 2 is not JSON"),
    "after a document of many lines": (f"{json.dumps(NEWS, indent=1)}\n\nx".encode(), "is not JSON"),
    "deep": (b"[" * 100_000, "the value that begins on line 1 is not JSON"),
    "a long number": (b"9" * 5000, "the value that begins on line 1 is not JSON"),
    "bytes": (b"\xff\xfe", "it is not UTF-8"),
    "an error": (b'{"message": "Unauthenticated."}', "the value that begins on line 1 contains neither a response"),
    "no object": (f'{TEXT}\n["{LETTER}"]'.encode(), "the value that begins on line 2 contains neither a response"),
    "an order that is none": (b'{"order": "cancelled"}', "the value that begins on line 1 contains neither a response"),
}


@pytest.mark.parametrize(("given", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_holds_anything_else_ends_in_2(given: bytes, words: str) -> None:
    done = drift("-", given=given)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("thanksio: stdin cannot be used: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument 'FILE...'"),
        (["none.json"], "File 'none.json' does not exist"),
        (["-", "--json", "--propose"], "Use --json or --propose, not both."),
        pytest.param(["/proc/self/mem"], "/proc/self/mem cannot be read: ", marks=NEEDS_PROC),
    ],
)
def test_a_command_that_cannot_be_done_ends_in_2(arguments: list[str], words: str) -> None:
    done = drift(*arguments)

    assert done.exit_code == 2
    assert words in done.stderr


# What is proposed


SEEN: list[dict[str, Any]] = [
    {"nope": "x", "both": 1.5, "gone": None, "yes": {}, 'a/~\n": "': 1, "list": [1], "style": None},
    {"nope": None, "both": [2], "gone": None, "addons": [1], "settled": 0.5, "realism": True, "kept": 3, "id": 2.5},
]


def pasted(proposal: dict[str, Any]) -> dict[str, Any]:
    """Paste the proposal as its comment describes."""
    properties = dict(PROPERTIES)
    for name, entry in proposal["components"]["schemas"]["Order"]["properties"].items():
        own = {key: value for key, value in properties.get(name, {}).items() if key not in {"type", "anyOf"}}
        properties[name] = own | entry
    return properties


def test_what_is_proposed_covers_the_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([ORDER | more for more in SEEN]), "utf-8")

    done = drift(path, "--propose")

    properties = pasted(yaml.safe_load(done.stdout))
    assert done.exit_code == 3
    for name, value in ((name, value) for more in SEEN for name, value in more.items() if name != 'a/~\n": "'):
        Draft202012Validator(properties[name]).validate(value)
    Draft202012Validator.check_schema({"properties": properties})
    assert all(entry["x-evidence"] for entry in properties.values())
    assert {name: entry.get("type") for name, entry in properties.items() if name not in PROPERTIES} == {
        'a/~\N{REPLACEMENT CHARACTER}": "': "integer",
        "both": None,
        "gone": None,
        "kept": "integer",
        "list": "array",
        "nope": ["string", "null"],
        "yes": ["object", "null"],
    }


def test_what_is_proposed_is_marked_for_a_person(saved: Path) -> None:
    done = drift(saved, "--propose")

    assert done.stdout.splitlines()[0] == (
        "# /order/status: a word that is not in its list, in 1 of 3 responses. Find it there, and add it."
    )
    assert done.stdout.split("properties:\n")[1] == (
        "        nope:\n"
        "          anyOf:\n"
        "            - type: integer\n"
        "            - type: string\n"
        "          description: 'REVIEW: describe this field. Its type is inferred from 2 saved responses.'\n"
        "          x-evidence: [responses]\n"
        "        style:\n"
        "          type: [integer, 'null']\n"
        "          x-evidence: [responses]\n"
    )


def test_another_type_beside_a_list_of_words_is_left_to_a_person() -> None:
    done = drift("-", "--propose", given=json.dumps(ORDER | {"type": 7}).encode())

    assert done.stdout.splitlines() == [
        "# /order/type: integer, in 1 of 1 response. Add this type beside its list of words."
    ]


@pytest.mark.parametrize("text", ["two\nlines", " indented", "x" * 120 + " y", "null", "it's", "\x07", "a\n", ""])
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    assert yaml.safe_load("\n".join(yaml_lines({"key": text}))) == {"key": text}


def test_a_word_alone_proposes_nothing_but_to_look() -> None:
    done = drift("-", "--propose", given=json.dumps(ORDER | {"method": LETTER}).encode())

    assert done.exit_code == 3
    assert done.stdout.splitlines() == [
        "# /order/method: a word that is not in its list, in 1 of 1 response. Find it there, and add it."
    ]
