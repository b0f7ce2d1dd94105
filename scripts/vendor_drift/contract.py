"""Read openapi.yaml, and what the vendor's documents that it covers contain. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thanksio.drift import JSON_TYPES
from vendor_drift.operations import cancel_operations
from vendor_drift.schemas import Reader
from vendor_drift.values import Allowed, Contract, Node, as_list, node, pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendor_drift.document import Document

ANY, NULL = frozenset(JSON_TYPES.values()), frozenset({"null"})


def read_contract(contract: Node, covered: Mapping[str, Document] | None = None) -> Contract:
    """Return what the contract allows.

    Without a type, a field is one of which only null was seen, and the items of an array may be anything.
    `covered` are the documents that it covers by name, oldest first.
    """
    reader = Reader(contract)
    raw = contract_fields(contract)
    described = reader.response_fields(node(node(contract.get("components")).get("schemas")).get("OrderResponse"))
    allowed: dict[str, Allowed] = {}
    for where, seen in described.items():
        listed = (*seen.words, *as_list(raw.get(where, {}).get("x-display-words")))
        words = frozenset(word.casefold() for word in listed) if seen.listed else None
        allowed[where] = Allowed(seen.schema or (ANY if where.endswith("/*") else NULL), words)
    documents = (covered or {}).items()
    baselines = [(name, operation.response) for name, document in documents for operation in document.operations]
    return Contract(cancel_operations(contract, responses=False), allowed, tuple(baselines))


def contract_fields(contract: Node) -> dict[str, Node]:
    """Return the contract's own schema of every field of a response, by JSON pointer."""
    schemas = node(node(contract.get("components")).get("schemas"))
    envelope, order = (node(node(schemas.get(name)).get("properties")) for name in ("OrderResponse", "Order"))
    return {pointer(name): node(schema) for name, schema in envelope.items() if name != "order"} | {
        pointer("order", name): node(schema) for name, schema in order.items()
    }
