"""What the vendor changes in its document is named, all of it and nothing else, and the proposal covers it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from contextlib import suppress
from copy import deepcopy
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from vendor_changes import CHANGES, MORE, Change, answered, example, renamed, without
from vendor_contracts import CONTRACT, COVERED, TEXTS, contract, made_from, pasted, report

from thanksio.cli._proposal import schema_of
from thanksio.drift import JSON_TYPES
from vendor_drift.__main__ import DOCUMENTS, main
from vendor_drift.compare import compare
from vendor_drift.contract import read_contract
from vendor_drift.document import parse_document
from vendor_drift.examples import describe_verdict, expected_verdict, verdict
from vendor_drift.fetch import MOST, fetch
from vendor_drift.propose import propose
from vendor_drift.report import WIDTH
from vendor_drift.schemas import Reader, _mentioned
from vendor_drift.values import Contract, Difference, UnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from vendor_changes import Document

NAMES = tuple(TEXTS)
OURS = read_contract(CONTRACT, COVERED)


def against(document: str | Document, known: Contract) -> list[Difference]:
    return compare(parse_document(document if isinstance(document, str) else json.dumps(document)), known)


def changed(of: str, make: Callable[[Document], object]) -> Document:
    document: Document = json.loads(TEXTS[of])
    make(document)
    return document


# The three documents


@pytest.mark.parametrize("name", NAMES)
def test_a_covered_document_has_no_differences(name: str) -> None:
    assert against(TEXTS[name], OURS) == []
    assert against(TEXTS[name], contract(name)) == []


def names(*, came: str, went: str) -> dict[str, set[str]]:
    return {"came": set(came.split()), "went": set(went.split())}


ONLY_2023 = (
    "additional_letter_pages_count allow_share append_or_current_resident campaign_id dynamic_image_url envelope_id "
    "handwriting_image is_dynamic leads_fee mailing_lists notifications sales_tax_total session_id settled share_image "
    "share_url transaction_id"
)
SINCE_2025 = (
    "font_size image_template_id last_scan preview_images skip_creative_generation thumbnail_images total_scans "
    "unique_scans order_total recipient_count cancellable"
)
FIELDS = {
    ("2025-07", "2025-09"): names(came=f"{SINCE_2025} realism", went=ONLY_2023),
    ("2025-07", "2026-09"): names(came=f"{SINCE_2025} handwriting_realism metadata", went=ONLY_2023),
    ("2025-09", "2026-09"): names(came="handwriting_realism metadata", went="realism"),
    ("2025-09", "2025-07"): names(came=ONLY_2023, went=f"{SINCE_2025} realism"),
    ("2026-09", "2025-07"): names(came=ONLY_2023, went=f"{SINCE_2025} handwriting_realism metadata"),
    ("2026-09", "2025-09"): names(came="realism", went="handwriting_realism metadata"),
}
MOVED = {"created_at", "updated_at"}  # out of the example, and into the schema
TURNED = {
    "addons",
    "back_image",
    "handwriting_color",
    "high_quality_preview",
    "mailing_list_ids_used",
    "message_template_id",
}


@pytest.mark.parametrize(("one", "other"), FIELDS, ids=[f"{one} to {other}" for one, other in FIELDS])
def test_every_field_that_came_or_went_between_two_documents_is_named(one: str, other: str) -> None:
    found = against(TEXTS[other], contract(one))

    def named(*kinds: str) -> set[str]:
        return {difference.where.removeprefix("/order/") for difference in found if difference.kind in kinds}

    is_across = "2025-07" in {one, other}
    assert {"came": named("new field"), "went": named("removed field")} == FIELDS[one, other]
    assert named("moved field") == (MOVED if is_across else set())
    assert named("type" if one == "2025-07" else "null") - {"sub_account_id"} == (TURNED if is_across else set())
    assert named("restored field", "status word", "verdict", "response") == set()


def reported(one: str, other: str, *kinds: str) -> set[tuple[str, str, str]]:
    found = against(TEXTS[other], contract(one))
    return {(difference.where, difference.ours, difference.theirs) for difference in found if difference.kind in kinds}


def test_the_rename_is_a_candidate() -> None:
    here = ("/order/realism", "integer", "/order/handwriting_realism: boolean")

    assert reported("2025-09", "2026-09", "possible rename") == {here}
    assert reported("2025-07", "2026-09", "possible rename") == set()


def test_the_path_and_its_parameter_are_named_as_they_are_spelled() -> None:
    assert reported("2025-07", "2026-09", "path", "parameter") == {
        ("/orders/{orderId}/cancel", "/order/{order_id}/cancel", "/orders/{orderId}/cancel"),
        ("orderId", "order_id in path, string, required", "orderId in path, string, required"),
    }
    assert reported("2025-09", "2026-09", "path", "parameter") == set()


def test_status_words_and_null_to_object_are_named() -> None:
    assert ("/order/status", "not listed here, known to the client", "fulfilled") in reported(
        "2025-07", "2025-09", "word"
    )
    assert ("/order/addons", "only null was seen", "object") in reported("2025-07", "2025-09", "type")
    assert ("/order/addons", "object", "null") in reported("2025-09", "2025-07", "null")
    assert ("/order/sub_account_id", "integer", "integer or null") in reported("2025-07", "2025-09", "null")


VERDICTS = {"2025-07": "cancelled", "2025-09": "not cancelled", "2026-09": "not cancelled"}


@pytest.mark.parametrize(("name", "is_"), VERDICTS.items(), ids=VERDICTS)
def test_the_examples_get_the_verdict_that_they_should(name: str, is_: str) -> None:
    (operation,) = COVERED[name].operations
    (shown,) = operation.response.examples

    assert verdict(shown) == is_
    assert describe_verdict(shown).endswith(f"{is_}, as expected")


@pytest.mark.parametrize(
    ("fields", "is_", "should"),
    [
        ({"status": "canceled"}, "unknown", "cancelled"),
        ({"status": "fulfilled", "display_status": "Cancelled"}, "not cancelled", "cancelled"),
        ({"status": "in_transit"}, "unknown", "unknown"),
        ({"status": "paused"}, "not cancelled", "not cancelled"),
        ({"status": None}, "none: does not contain the order's status", "not cancelled"),
    ],
)
def test_a_status_that_is_not_listed_gets_no_verdict(fields: dict[str, object], is_: str, should: str) -> None:
    shown = {"order": {"id": 1} | fields}

    assert (verdict(shown), expected_verdict(shown)) == (is_, should)


# Single changes


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_single_change_is_named_and_nothing_else(change: Change) -> None:
    document = changed(change.of, change.make)

    found = against(document, contract(change.of))

    assert json.dumps(document) != json.dumps(json.loads(TEXTS[change.of]))
    assert {(difference.kind, difference.where, difference.theirs) for difference in found} == change.expected


PROPOSED = {"new field", "type", "null", "word", "status word"}
SETTLED = {"removed field", "possible rename", "moved field", "restored field"}  # by saving the document


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_proposal_covers_fields_and_words_and_lists_the_rest(change: Change) -> None:
    document, raw = parse_document(json.dumps(changed(change.of, change.make))), made_from(change.of)
    found = report(document, raw, {change.of: COVERED[change.of]})

    whole = pasted(found, raw, "2026-11")

    left = report(document, whole, {change.of: COVERED[change.of], "2026-11": document}).differences
    text = "\n".join(propose(found, raw, "2026-11"))
    assert not {each.kind for each in left if each.where != "/order"} & (PROPOSED | SETTLED)
    assert all(f"- {each.kind} at {each.where}: " in " ".join(text.split()) for each in left)
    by_hand = {each for each in found.differences if each.kind not in PROPOSED | SETTLED or each.where == "/order"}
    assert set(left) == by_hand


BACK = {
    *(("removed field", "/order/handwriting_realism"), ("restored field", "/order/realism")),
    *(("possible rename", "/order/handwriting_realism"), ("type", "/order/realism")),
}
WIDER: dict[str, tuple[Callable[[Document], object], set[tuple[str, str]]]] = {
    "null where we have seen null": (example(addons=None, size=None), set()),
    "a new field": (example(unlisted=1), {("new field", "/order/unlisted")}),
    "a field less": (without("unique_scans"), {("removed field", "/order/unique_scans")}),
    "a field of an older document": (example(settled=1), {("restored field", "/order/settled")}),
    "a name of an older document": (renamed("handwriting_realism", "realism"), BACK),
    "a status word": (example(status="in_no_list"), {("status word", "/order/status")}),
    "a display form": (example(status="Printing", method="Card Builder"), set()),
    "a status": (answered("409"), {("status", "409")}),
}


@pytest.mark.parametrize(("make", "expected"), WIDER.values(), ids=WIDER.keys())
def test_a_change_is_measured_by_the_document_that_is_most_like_it(
    make: Callable[[Document], object], expected: set[tuple[str, str]]
) -> None:
    found = against(changed("2026-09", make), OURS)

    assert {(difference.kind, difference.where) for difference in found} == expected


# What is proposed


TYPES = sorted(JSON_TYPES.values())
SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "string": "a",
    "array": [],
    "object": {},
}


def subsets(types: Iterable[str], most: int) -> list[tuple[str, ...]]:
    return [chosen for size in range(1, most + 1) for chosen in combinations(types, size)]


ITEMS = [("string",), ("object",), ("integer", "null"), ("array",)]


@pytest.mark.parametrize(("one", "other"), list(product(NAMES, NAMES)))
def test_a_pasted_proposal_leaves_only_what_needs_a_decision_and_a_valid_contract(one: str, other: str) -> None:
    raw, found = made_from(one), report(COVERED[other], made_from(one), {one: COVERED[one]})

    whole = pasted(found, raw, "later")

    covered = {one: COVERED[one], "later": COVERED[other]}
    assert {each.kind for each in report(COVERED[other], whole, covered).differences} <= {"path", "parameter", "status"}
    assert report(COVERED[one], whole, covered).differences == []  # what it covered before, it still covers
    validate(whole)
    assert (whole == raw) == (one == other)
    assert set(evidence(whole)) <= whole["info"]["x-evidence-keys"].keys() | {f"vendor-{one}"}


def evidence(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("x-evidence", [])
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from evidence(inner)


def test_new_fields_and_words_alone_are_covered_once_they_are_pasted() -> None:
    document = parse_document(json.dumps(changed("2026-09", example(unlisted=1, status="held", method="fax"))))

    whole = pasted(report(document, CONTRACT, COVERED), CONTRACT, "2026-11")

    assert report(document, whole, COVERED).differences == []


SHAPES = [schema_of(types, items=items) for types in subsets(JSON_TYPES.values(), 2) for items in ((), *ITEMS)]


def test_a_contract_with_proposed_fields_reads_the_documents_and_any_value_in_them(tmp_path: Path) -> None:
    """The generated code must neither raise nor lose a value of another type than the contract allows."""
    raw = made_from("2025-07")
    whole = pasted(report(COVERED["2026-09"], raw, {"2025-07": COVERED["2025-07"]}), raw, "2026-09")
    whole["paths"] = CONTRACT["paths"]  # a new path takes a decision
    fields = {f"field{number}": schema for number, schema in enumerate(SHAPES)}
    whole["components"]["schemas"]["Order"]["properties"] |= fields
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    python = ROOT / ".venv-generator" / "bin" / "python"
    assert python.exists(), "run the tests with `make test`, which installs the generator"
    command = [str(python), str(ROOT / "scripts" / "generate.py"), "--contract", str(tmp_path / "openapi.yaml")]
    run = subprocess.run(
        [*command, "--package", str(tmp_path / "package")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    documents: list[Any] = [example for name in NAMES for example in COVERED[name].operations[0].response.examples]
    anything = [dict.fromkeys(fields, value) for value in [*SAMPLES.values(), ["x"], [{}], [["a", 1]], "ab"]]
    orders = [*(document["order"] for document in documents), *({"id": 1, "status": "x"} | more for more in anything)]

    code = (
        "import json, sys; from package.models.order import Order\n"
        "print(json.dumps([Order.from_dict(order).to_dict() for order in json.load(sys.stdin)]))"
    )
    read_back = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        check=False,
    )

    assert read_back.stderr == ""
    assert json.loads(read_back.stdout) == orders


def test_a_proposal_shows_its_place_what_to_review_and_what_is_left() -> None:
    def make(document: Document) -> None:
        example(unlisted=1)(document)
        document.pop("security")

    before = deepcopy(CONTRACT)
    found = report(parse_document(json.dumps(changed("2026-09", make))), CONTRACT, COVERED)
    text = "\n".join(propose(found, CONTRACT, "2026-11"))

    assert "Put each entry where its parents say." in text
    assert "# - security at /orders/{orderId}/cancel: contract http bearer; document none" in text
    assert "        unlisted:\n          type: integer\n          description: >-\n            REVIEW:" in text
    assert "x-evidence: [vendor-2026-11]" in text
    assert max(map(len, text.splitlines())) <= 120
    assert before == CONTRACT
    assert yaml.safe_load(text)["components"]["schemas"]["Order"]["properties"].keys() == {"unlisted"}


# More changes, each against the contract made from its document


@pytest.mark.parametrize("change", MORE.values(), ids=MORE.keys())
def test_further_changes_are_named_or_silent(change: Change) -> None:
    found = against(changed(change.of, change.make), contract(change.of))

    assert {(difference.kind, difference.where, difference.theirs) for difference in found} == change.expected


FORMS = {
    "YAML": lambda text: yaml.safe_dump(json.loads(text), sort_keys=False).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "gzip of YAML in UTF-16": lambda text: gzip.compress(yaml.safe_dump(json.loads(text)).encode("utf-16")),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_a_document_is_read(form: Callable[[str], bytes], tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(form(TEXTS["2026-09"]))

    assert parse_document(fetch(str(tmp_path / "document"))) == COVERED["2026-09"]


@pytest.mark.parametrize("body", [b"\x1f\x8bnothing", gzip.compress(b" " * (MOST + 1))], ids=["broken", "bomb"])
def test_broken_gzip_and_a_bomb_cannot_be_used(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(body)

    with pytest.raises(UnusableError):
        fetch(str(tmp_path / "document"))


def test_a_schema_that_lists_itself_thirty_times_is_read_at_once() -> None:
    document = json.loads(TEXTS["2026-09"])
    itself = {"$ref": "#/components/schemas/loop"}
    document["components"]["schemas"]["loop"] = {"anyOf": [itself] * 30 + [{"type": "string"}]}
    document["components"]["schemas"]["order"]["properties"]["size"] = itself

    assert against(document, contract("2026-09")) == []


NAMES_OF_TYPES = st.sampled_from(TYPES)
LEAVES = st.one_of(
    st.builds(lambda name: {"type": name}, NAMES_OF_TYPES),
    st.builds(lambda names: {"type": names}, st.lists(NAMES_OF_TYPES, min_size=1, max_size=3, unique=True)),
    st.builds(lambda name: {"const": SAMPLES[name]}, NAMES_OF_TYPES),
    st.builds(
        lambda names: {"enum": [SAMPLES[name] for name in names]}, st.lists(NAMES_OF_TYPES, min_size=1, max_size=3)
    ),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.dictionaries(
        st.sampled_from(["allOf", "anyOf"]), st.lists(inner, min_size=1, max_size=3), min_size=1
    ).flatmap(lambda parts: st.builds(lambda more: parts | more, st.one_of(st.just({}), LEAVES))),
    max_leaves=6,
)


@given(SCHEMAS)
@settings(max_examples=200, deadline=None)
def test_types_are_those_that_an_independent_validator_accepts(schema: dict[str, Any]) -> None:
    """What is reported is what the schema mentions, without what no value can be."""
    reader = Reader({})
    validator = Draft202012Validator(schema)
    accepted = {name for name, sample in SAMPLES.items() if validator.is_valid(sample)}

    assert accepted <= reader.possible(schema)
    assert accepted & {name for part in reader.parts(schema) for name in _mentioned(part)} <= reader.types(schema)


@pytest.mark.parametrize("junk", [None, True, 1, "a", [1], {"$ref": "#/nowhere"}, {"$ref": "#"}], ids=str)
@pytest.mark.parametrize("key", ["components", "paths", "servers", "security", "info"])
def test_junk_at_the_top_of_a_document_breaks_nothing(key: str, junk: object) -> None:
    document = json.loads(TEXTS["2026-09"]) | {key: junk}

    with suppress(UnusableError):
        assert all(isinstance(difference, Difference) for difference in against(document, contract("2026-09")))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_junk_anywhere_in_a_document_breaks_nothing(data: st.DataObject) -> None:
    """A value that is replaced by junk is a difference or none, or makes the document unusable."""
    document = json.loads(TEXTS["2026-09"])
    places = list(nodes(document))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))
        | st.just({"$ref": "#/nowhere"})
        | st.just({"$ref": "#"})
    )

    try:
        found = against(document, contract("2026-09"))
    except UnusableError:
        return
    assert all(isinstance(difference, Difference) for difference in found)


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from nodes(inner)


# A document of no use

UNUSABLE: dict[str, tuple[str, str]] = {
    "empty": (" \n", "the document is empty."),
    "HTML": ("<!doctype html><title>Log\n in</title>", "an HTML page, titled 'Log in'"),
    "HTML without a title": ("\n<html>", "an HTML page: "),
    "cut": (TEXTS["2026-09"][:3000], "ends after 3,000 characters"),
    "cut within a word": (TEXTS["2026-09"][:300], "ends after"),
    "YAML of a list": ("---\n- 1\n", "is not an object."),
    "YAML with aliases": ("a: &a [1]\nb: [*a, *a]\n", "YAML with aliases"),
    "broken YAML": ("openapi: [3.1.0\npaths: {}\n", "neither JSON nor YAML"),
    "a sentence": ("Not found", "is not an object."),
    "wrong JSON": ('{"openapi": 3.1.0}', "the document is not JSON: "),
    "a list": ("[]", "is not an object."),
    "a word": ('"openapi"', "is not an object."),
    "too deep": ("[" * 200_000, "nested too deeply"),
    "an error": ('{"message": "Not Found"}', "its keys are: message"),
    "no keys": ("{}", "its keys are: none"),
    "Swagger": ('{"swagger": "2.0", "paths": {}}', "Swagger 2"),
}


@pytest.mark.parametrize(("text", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_each_unusable_document_has_its_own_message(text: str, words: str) -> None:
    with pytest.raises(UnusableError, match=r"^the document .*\.$") as caught:
        parse_document(text)

    assert words in str(caught.value)


ADDRESS = "https://docs.thanks.io/api-reference/openapi.json"


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, stream=httpx.ByteStream(body), headers=headers))


def failing(error: Exception) -> httpx.MockTransport:
    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(handle)


UNREACHABLE: dict[str, tuple[httpx.MockTransport, str]] = {
    "refused": (failing(httpx.ConnectError("Connection refused")), "cannot be reached: Connection refused"),
    "silent": (failing(httpx.ReadTimeout("")), "no response within 10 s"),
    "login": (answer(302, Location="https://docs.thanks.io/login?to=x"), "a login page, it seems"),
    "moved": (
        answer(301, Location="https://docs.thanks.io/new.json"),
        "redirects to 'https://docs.thanks.io/new.json'",
    ),
    "not found": (answer(404), "responded with 404 Not Found"),
    "too large": (answer(body=b" " * (MOST + 1)), "larger than 8 MiB"),
    "compressed": (answer(200, b"{}", **{"Content-Encoding": "br"}), "compressed"),
    "not UTF-8": (answer(body=b'{"\xff'), "not UTF-8: byte 2"),
}


@pytest.mark.parametrize(("transport", "words"), UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_an_address_without_a_document_is_an_error_with_the_reason(transport: httpx.MockTransport, words: str) -> None:
    with pytest.raises(UnusableError) as caught:
        fetch(ADDRESS, transport=transport)

    assert words in str(caught.value)


def test_an_address_that_drips_is_given_up() -> None:
    seconds = iter(range(0, 100, 20))
    slow = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drops()))

    with pytest.raises(UnusableError, match="not complete after 30 s"):
        fetch(ADDRESS, transport=slow, now=lambda: float(next(seconds)))


class Drops(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b" "


def test_an_address_is_asked_once_without_credentials() -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"\xef\xbb\xbf{}"))

    assert fetch(ADDRESS, transport=httpx.MockTransport(handle)) == "{}"
    assert [(str(request.url), request.method) for request in asked] == [(ADDRESS, "GET")]
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize("address", ["http://docs.thanks.io/openapi.json", "file:///etc/passwd"])
def test_only_https_is_read(address: str) -> None:
    with pytest.raises(UnusableError, match="only https"):
        fetch(address)


# The command


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


@pytest.fixture
def drifted(tmp_path: Path) -> Path:
    def make(document: Document) -> None:
        example(**{"a_very_long_name_" * 20: 1, "\x1b[31mred": 1, "status": "held\n" * 300})(document)
        document["servers"][0]["url"] = "https://example.com/" + "x" * 300

    path = tmp_path / "drifted.json"
    path.write_text(json.dumps(changed("2026-09", make)), "utf-8")
    return path


def test_nothing_new_exits_with_0_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, DOCUMENTS / "2026-09.json")

    assert (code, err) == (0, "")
    assert "not cancelled, as expected" in out
    assert out.endswith("No differences: the contract covers this document.\n")


def test_drift_is_1_in_a_table_that_fits_and_cannot_be_tampered_with(
    capsys: pytest.CaptureFixture[str], drifted: Path
) -> None:
    code, out, err = run(capsys, drifted)

    assert (code, err) == (1, "")
    assert max(map(len, out.splitlines())) <= WIDTH
    assert "\x1b" not in out
    assert all(kind in out for kind in ("server", "status word", "new field", "4 differences"))


def test_the_report_as_json(capsys: pytest.CaptureFixture[str], drifted: Path) -> None:
    code, out, _ = run(capsys, drifted, "--json")
    found = json.loads(out)

    assert code == 1
    unknown = {"verdict": "unknown", "expected": "unknown"}
    operation = {"path": "/orders/{orderId}/cancel", "compared_with": "2026-09", "examples": [unknown]}
    assert found["operations"] == [operation]
    assert {difference["kind"] for difference in found["differences"]} == {"server", "status word", "new field"}
    assert found["differences"][0].keys() == {"kind", "where", "ours", "theirs"}


def test_a_proposal_is_yaml_with_the_same_exit_code(capsys: pytest.CaptureFixture[str], drifted: Path) -> None:
    code, out, _ = run(capsys, drifted, "--propose", "--name", "2026-11")

    assert code == 1
    assert yaml.safe_load(out).keys() == {"info", "components"}
    assert run(capsys, DOCUMENTS / "2025-07.json", "--propose")[:2] == (
        0,
        "# Nothing to propose: the contract covers this document.\n",
    )


def test_no_document_is_2_and_why_is_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text("<html>")

    assert run(capsys, tmp_path / "none.json") == (
        *(2, ""),
        f"Nothing was compared: {tmp_path}/none.json cannot be read: No such file or directory.\n",
    )
    assert run(capsys, tmp_path / "page.json")[::2] == (
        2,
        "Nothing was compared: the document is an HTML page: a login or error page, perhaps.\n",
    )


def test_a_withdrawn_operation_is_drift(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    document = json.loads(TEXTS["2026-09"])
    document["paths"] = {"/orders/{orderId}": {"patch": {}}, "/order-templates/{id}/cancel": {"put": {}}}
    (tmp_path / "document.json").write_text(json.dumps(document), "utf-8")

    code, out, err = run(capsys, tmp_path / "document.json")

    assert (code, err) == (1, "")
    assert "withdrawn" in out
    assert "/orders/{orderId}" in out


@pytest.mark.parametrize("text", ["[", "openapi: 3.1.0", None], ids=["broken", "without an order", "missing"])
def test_a_broken_contract_is_2(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "openapi.yaml").write_text(text, "utf-8")

    code, out, err = run(capsys, DOCUMENTS / "2026-09.json", "--contract", tmp_path / "openapi.yaml")

    assert (code, out) == (2, "")
    assert err.startswith(f"Nothing was compared: the contract {tmp_path}/openapi.yaml ")


def test_the_command_runs_as_make_runs_it() -> None:
    command = [sys.executable, "-m", "vendor_drift", str(DOCUMENTS / "2025-09.json")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


# The workflow

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "vendor-drift.yml").read_text("utf-8"))
GH = """#!/bin/sh
echo "$@" >> "$LOG"
[ "$1 $2" = "issue list" ] && printf '%s' "$OPEN"
exit 0
"""


def in_the_workflow(folder: Path, *, code: int, open_issue: str = "") -> tuple[int, list[str]]:
    """Run the shell steps of the workflow with a fake watch and a fake gh; return the arguments of gh."""
    (folder / "bin").mkdir()
    (folder / ".venv" / "bin").mkdir(parents=True)
    log = folder / "log"
    log.touch()
    stubs = {"bin/gh": GH, "bin/make": "#!/bin/sh\n", ".venv/bin/python": f"#!/bin/sh\necho drift\nexit {code}\n"}
    for name, text in stubs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    output = folder / "output"
    output.touch()
    path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "LOG": str(log), "OPEN": open_issue, "GITHUB_OUTPUT": str(output)}
    for step in WORKFLOW["jobs"]["watch"]["steps"]:
        is_wanted = "if" not in step or "drift=true" in output.read_text()
        if "run" in step and is_wanted:
            done = subprocess.run(["/bin/bash", "-e", "-c", step["run"]], cwd=folder, env=environment, check=False)
            if done.returncode:
                return done.returncode, log.read_text().splitlines()
    return 0, log.read_text().splitlines()


def test_the_workflow_opens_an_issue_for_drift(tmp_path: Path) -> None:
    code, asked = in_the_workflow(tmp_path, code=1)

    assert code == 0
    assert [line.split()[:2] for line in asked] == [["issue", "list"], ["issue", "create"]]
    assert (tmp_path / "report.md").read_text().count("drift") > 1


def test_the_workflow_updates_the_issue_that_is_open(tmp_path: Path) -> None:
    code, asked = in_the_workflow(tmp_path, code=1, open_issue="7")

    assert code == 0
    assert asked[1].startswith("issue edit 7 ")
    assert len(asked) == 2


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 2)], ids=["nothing new", "no document"])
def test_the_workflow_writes_no_issue_without_drift(tmp_path: Path, code: int, ends: int) -> None:
    assert in_the_workflow(tmp_path, code=code) == (ends, [])


def test_the_workflow_may_do_no_more_than_it_must() -> None:
    checkout = WORKFLOW["jobs"]["watch"]["steps"][0]

    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["watch"]["permissions"] == {"contents": "read", "issues": "write"}
    assert checkout["with"]["persist-credentials"] is False
