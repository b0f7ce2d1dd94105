"""openapi.yaml, the client and the fake agree on requests, responses and verdicts."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import RESPONSES, TOKEN, Connect, documented, ok, script
from contract import (
    CONTRACT,
    DOCUMENT,
    EXAMPLES,
    ORDER,
    SERVER,
    GivenResponse,
    SentRequest,
    headers,
    responses,
    status_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_core.exceptions import OpenAPIError

from thanksio import APIResponseValidationError, Order, OrderNotCancelledError, ThanksIO, ThanksIOError
from thanksio._models import STATUS_WORDS
from thanksio._verdict import Response, status_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer

# (a) every request conforms


@pytest.mark.parametrize("path", ["order", "orders"])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order_id=st.integers(1, 2**63 - 1))
def test_every_request_conforms(connect: Connect, path: str, order_id: int) -> None:
    handler, received = script(ok({}, 404))

    with pytest.raises(ThanksIOError):
        connect(handler, base_url=SERVER, cancel_path=path).cancel_order(order_id)

    (request,) = received
    DOCUMENT.validate_request(SentRequest(request))
    assert request.url == f"{SERVER}/{path}/{order_id}/cancel"
    assert (request.method, request.url.query, request.content) == ("PUT", b"", b"")
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("POST", f"{SERVER}/order/1/cancel", headers={"Authorization": "Bearer x"}),
        httpx.Request("PUT", f"{SERVER}/order/1/cancel"),
        httpx.Request("PUT", f"{SERVER}/order/x/cancel", headers={"Authorization": "Bearer x"}),
        httpx.Request("PUT", f"{SERVER}/cancel", headers={"Authorization": "Bearer x"}),
        httpx.Request("PUT", "https://thanks.io/api/v2/order/1/cancel", headers={"Authorization": "Bearer x"}),
    ],
    ids=["method", "no token", "id", "path", "server"],
)
def test_the_check_of_requests_can_fail(request_: httpx.Request) -> None:
    with pytest.raises(OpenAPIError):
        DOCUMENT.validate_request(SentRequest(request_))


# (b) every conforming answer is parsed without loss, and gets the right verdict


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of the values that a schema of the contract's own subset allows."""
    if "anyOf" in schema:
        return st.one_of([values(part) for part in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "anything")
    low, high = (-(2**63), 2**63 - 1) if schema.get("format") == "int64" else (None, None)
    of: dict[str, st.SearchStrategy[Any]] = {
        "anything": JSON,
        "null": st.none(),
        "boolean": st.booleans(),
        "string": st.text(max_size=20),
        "integer": st.integers(schema.get("minimum", low), schema.get("maximum", high)),
        "array": st.lists(values(schema.get("items", {})), max_size=3) if "array" in kinds else st.nothing(),
        "object": st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    }
    return st.one_of([of[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)])


WORDS = {word.casefold() for word in STATUS_WORDS}
ORDERS = st.fixed_dictionaries(
    {name: values(ORDER["properties"][name]) for name in ORDER["required"]},
    optional={name: values(schema) for name, schema in ORDER["properties"].items() if name not in ORDER["required"]},
)


def test_every_conforming_order_is_parsed_without_loss() -> None:
    hits: Counter[str] = Counter()
    validator = Draft202012Validator(ORDER)

    @settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ORDERS, st.dictionaries(st.text(max_size=8), JSON, max_size=2))
    def parse(order: dict[str, Any], unknown: dict[str, Any]) -> None:
        validator.validate(order)
        hits.update(order.keys())
        whole = unknown | order
        assert Order.from_dict(whole).to_dict() == whole

    parse()

    assert hits.keys() == ORDER["properties"].keys()
    assert min(hits.values()) >= 10


def test_every_conforming_answer_gets_the_right_verdict() -> None:
    verdicts: Counter[str] = Counter()
    documents: list[Any] = []
    transport = httpx.MockTransport(lambda _: ok(documents[-1]))

    @settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(ORDERS, st.integers(1, 2**63 - 1), st.booleans())
    def judge(order: dict[str, Any], order_id: int, cancelled: bool) -> None:  # noqa: FBT001 - Hypothesis' choice
        order = order | {"id": order_id} | ({"status": "Cancelled"} if cancelled else {})
        documents.append({"order": order})
        try:
            found = client.cancel_order(order_id)
        except (OrderNotCancelledError, APIResponseValidationError) as error:
            is_listed = order["status"].strip().casefold() in WORDS
            verdicts["not cancelled" if is_listed else "unknown"] += 1
            assert order["status"].strip().casefold() != "cancelled"
            assert type(error) is (OrderNotCancelledError if is_listed else APIResponseValidationError)  # noqa: PT017 - either outcome may be right
            assert error.order is not None  # noqa: PT017
            assert error.order.to_dict() == order  # noqa: PT017
        else:
            verdicts["cancelled"] += 1
            assert order["status"].strip().casefold() == "cancelled"
            assert found.to_dict() == order

    with ThanksIO(TOKEN, transport=transport) as client:
        judge()

    assert min(verdicts.values()) >= 30
    assert verdicts.keys() == {"cancelled", "not cancelled", "unknown"}


WRONG: dict[str, Any] = {"null": None, "boolean": True, "integer": 7, "number": 1.5, "string": "x", "array": [["a", 1]]}
WRONG["object"] = {"a": [{}]}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
def test_no_json_type_in_any_field_is_an_error_or_lost(value: Any) -> None:
    orders = [
        {"id": 1, "status": "cancelled", name: value} for name in ORDER["properties"] if name not in ORDER["required"]
    ]
    responses = [ok({"order": order}) for order in orders]

    with ThanksIO(TOKEN, transport=httpx.MockTransport(script(*responses)[0])) as client:
        for order in orders:
            assert client.cancel_order(1).to_dict() == order


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if "order" in example["value"]])
def test_every_documented_answer_is_parsed_without_loss(name: str) -> None:
    order = EXAMPLES[name]["value"]["order"]

    Draft202012Validator(ORDER).validate(order)
    assert Order.from_dict(order).to_dict() == order


def test_the_contract_shows_the_documented_answers_as_they_are() -> None:
    files = sorted(path for path in RESPONSES.rglob("*.json") if "headers" not in path.name)
    shown = [example["value"] for example in EXAMPLES.values()]

    assert [path.name for path in files if json.loads(path.read_text("utf-8")) not in shown] == []
    assert len(files) == len(shown)


RECORDED = documented("cancel/200-recorded-response-headers-2023-10-04.json")
THROTTLED = documented("errors/inferred-framework-defaults/429-throttled.headers.json")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_documented_answer_conforms(name: str) -> None:
    status = status_of(name)
    sent = THROTTLED if status == 429 else {key: RECORDED[key] for key in RECORDED if key.startswith("X-RateLimit")}
    response = ok(EXAMPLES[name]["value"], status, **{"content-type": "application/json"}, **sent)
    request = httpx.Request("PUT", f"{SERVER}/order/37294/cancel", headers={"Authorization": "Bearer x"})

    DOCUMENT.validate_response(SentRequest(request), GivenResponse(response))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_documented_answer_gets_its_verdict_from_a_server_that_is_not_ours(
    connect: Connect, httpserver: HTTPServer, name: str
) -> None:
    status, document = status_of(name), EXAMPLES[name]["value"]
    number = document["order"]["id"] if status == 200 else 37294
    httpserver.expect_request(f"/order/{number}/cancel", method="PUT").respond_with_json(document, status)
    httpserver.expect_request(f"/orders/{number}/cancel", method="PUT").respond_with_json({}, 405)
    client = connect(base_url=httpserver.url_for(""))

    try:
        result: Order | ThanksIOError = client.cancel_order(number)
    except ThanksIOError as error:
        result = error

    verdict = {"cancelled": Order, "fulfilled": OrderNotCancelledError} if status == 200 else {}
    assert type(result) is verdict.get(document.get("order", {}).get("status"), status_error(Response(status)))
    httpserver.check()


def test_both_paths_are_the_same_operation() -> None:
    singular, plural = (CONTRACT["paths"][f"/{path}/{{order_id}}/cancel"]["put"] for path in ("order", "orders"))

    assert (singular["operationId"], plural["operationId"]) == ("cancelOrder", "cancelOrderPlural")
    assert {key: singular[key] for key in ("tags", "security", "parameters", "responses")} == {
        key: plural[key] for key in ("tags", "security", "parameters", "responses")
    }


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the contract except its examples."""
    children: list[Any] = []
    if isinstance(node, dict):
        yield node
        children = [value for name, value in node.items() if name not in {"examples", "example", "value"}]
    elif isinstance(node, list):
        children = node
    for child in children:
        yield from walk(child)


def test_no_array_is_without_items_and_no_evidence_is_empty_or_unknown() -> None:
    known = CONTRACT["info"]["x-evidence-keys"].keys()

    for schema in walk(CONTRACT):
        assert "array" not in schema.get("type", "") or "items" in schema
        assert "x-evidence" not in schema or (schema["x-evidence"] and set(schema["x-evidence"]) <= known)
    used = {key for schema in walk(CONTRACT) for key in schema.get("x-evidence", [])}
    used |= {key for example in EXAMPLES.values() for key in example["x-evidence"]}
    assert used == known


def test_every_array_has_items_and_every_field_its_evidence() -> None:
    """A schema without items makes the generator drop the whole model; a field without evidence is a guess."""
    known = CONTRACT["info"]["x-evidence-keys"].keys()

    for name, schema in ORDER["properties"].items():
        assert schema.get("type") != "array" or "items" in schema, name
        assert schema["description"], name
        assert schema["x-evidence"], name
        assert set(schema["x-evidence"]) <= known, name
    assert ORDER["required"] == ["id", "status"]
    for answer in CONTRACT["components"]["responses"].values():
        assert set(answer["x-evidence"]) <= known


def test_money_is_whole_cents() -> None:
    money = [name for name, schema in ORDER["properties"].items() if "cents" in schema["description"]]

    assert {"authorization_total", "grand_total", "giftcard_amount", "leads_fee"} <= set(money)
    assert all("integer" in ORDER["properties"][name]["type"] for name in money)


def test_every_id_is_a_64_bit_integer_and_nothing_else_has_a_format() -> None:
    """Other generators make 32-bit integers of what has no format; this one would parse times and lose their form."""
    ids = {
        name: schema
        for name, schema in ORDER["properties"].items()
        if (name == "id" or name.endswith("_id")) and "integer" in schema.get("type", [])
    } | {"style": ORDER["properties"]["style"]}

    assert {"id", "user_id", "sub_account_id", "transaction_id"} <= ids.keys()
    assert {schema.get("format") for schema in ids.values()} == {"int64"}
    assert [name for name, schema in ORDER["properties"].items() if "format" in schema and name not in ids] == []


@pytest.mark.parametrize("status", responses())
def test_every_response_has_an_example_of_each_header_for_mock_servers(status: str) -> None:
    for header in headers(status).values():
        Draft202012Validator(header["schema"]).validate(header["example"])


def test_the_examples_of_headers_are_those_that_were_recorded() -> None:
    good, throttled = (
        {name: str(header["example"]) for name, header in headers(status).items()} for status in ("200", "429")
    )

    assert good.items() <= RECORDED.items()
    assert throttled == THROTTLED | {"X-RateLimit-Limit": good["X-RateLimit-Limit"]}
