"""Faults in the order: every field with every JSON type that the contract does not allow, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from thanksio.drift import JSON_TYPES, order_contract
from thanksio.testing._fault import Fault, Responder, Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from thanksio.testing._script import FakeResponse, Script

ACTED, IDLE = Truth.ACTED, Truth.IDLE
_Fields: TypeAlias = dict[str, Any]
_VALUES: dict[str, object] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "x",
    "array": [["a", 1]],
    "object": {"a": [{}]},
}
_OTHERS: _Fields = {"style": "four", "settled": True, "addons": [], "message": 5}


def _order(change: Callable[[_Fields], object]) -> Responder:
    """Replace the order; a response without one stays as it is."""

    def respond(response: FakeResponse) -> Script:
        shown = cast("dict[str, _Fields]", response.document).get("order")
        return [response.showing({"order": change(shown)}).encode() if shown else response.encode()]

    return respond


def _with(**fields: object) -> Responder:
    return _order(lambda order: order | fields)


def _standing(status: str) -> Responder:
    """Return the order with another status; a cancelled order stays cancelled."""
    return _order(lambda order: order if order["status"] == "cancelled" else order | {"status": status})


def _in_other_case(order: _Fields) -> _Fields:
    return order | {"status": f" {order['status'].upper()}\n"}


def _without(*names: str) -> Responder:
    return _order(lambda order: {name: value for name, value in order.items() if name not in names})


_NAMED = (
    Fault("not_cancelled", "200 with the order, not cancelled", IDLE, _with()),
    Fault("too_late", "200 with the order, printed", IDLE, _standing("printed")),
    Fault("unknown_status", "200 with an unknown status", ACTED, _with(status="archived")),
    Fault("misspelt_status", '200 with the status "canceled"', ACTED, _with(status="canceled")),
    Fault("cancelling_status", '200 with the status "cancelling"', ACTED, _with(status="cancelling")),
    Fault("pending_status", '200 with the status "pending_cancellation"', IDLE, _with(status="pending_cancellation")),
    Fault("status_in_other_case", '200 with the status " CANCELLED\\n"', ACTED, _order(_in_other_case)),
    Fault("status_missing", "200 with an order without a status", ACTED, _without("status")),
    Fault("another_order", "200 with another order, cancelled", ACTED, _order(lambda order: order | {"id": 1})),
    Fault("id_missing", "200 with an order without an id", ACTED, _without("id")),
    Fault("id_as_digits", '200 with the id "37294"', ACTED, _order(lambda order: order | {"id": str(order["id"])})),
    Fault("id_as_float", "200 with the id 37294.0", ACTED, _order(lambda order: order | {"id": float(order["id"])})),
    Fault("order_null", '200 {"order": null}', ACTED, _order(lambda _order: None)),
    Fault("order_list", "200 with the order as a list of pairs", ACTED, _order(lambda order: list(order.items()))),
    Fault("order_string", '200 {"order": "cancelled"}', ACTED, _order(lambda _order: "cancelled")),
    Fault("wrong_types", "200 with other types in four fields", ACTED, _with(**_OTHERS)),
    Fault("unknown_fields", "200 with unknown fields", ACTED, _with(unlisted={"a": 1}, **{"": 0})),
)
_TYPED = tuple(
    Fault(f"{name}_as_{word}", f"200 with {name} as {word}", ACTED, _with(**{name: _VALUES[word]}))
    for name, kinds in order_contract().types.items()
    for kind, word in JSON_TYPES.items()
    if kind not in kinds
)

FAULTS = (*_NAMED, *_TYPED)
