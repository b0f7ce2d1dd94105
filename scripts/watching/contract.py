"""Read our own contract the way the vendor's document is read, with what its x- entries say of the vendor. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watching.operation import operations
from watching.schema import Reader
from watching.values import Allowed, Contract, Known, Node, node, pointer

if TYPE_CHECKING:
    from collections.abc import Iterable


def ours(document: Node) -> Contract:
    """Return what the contract says. A field without a type is one of which only null was ever seen."""
    reader = Reader(document)
    schemas = node(node(document.get("components")).get("schemas"))
    described = reader.described(schemas.get("OrderAnswer"))
    raw = fields(document)
    allowed = {
        where: Allowed(
            seen.schema or frozenset({"null"}), _words(seen.words, raw.get(where, {})) if seen.listed else None
        )
        for where, seen in described.items()
    }
    documents = node(document.get("info")).get("x-vendor-documents", [])
    return Contract(
        operations(document, answers=False), allowed, tuple(_known(node(entry), raw) for entry in documents)
    )


def fields(document: Node) -> dict[str, Node]:
    """Return the contract's own text of every field of an answer, by JSON pointer."""
    schemas = node(node(document.get("components")).get("schemas"))
    envelope, order = (node(node(schemas.get(name)).get("properties")) for name in ("OrderAnswer", "Order"))
    return {pointer(name): node(schema) for name, schema in envelope.items() if name != "order"} | {
        pointer("order", name): node(schema) for name, schema in order.items()
    }


def _words(listed: Iterable[str], schema: Node) -> frozenset[str]:
    return frozenset(word.casefold() for word in (*listed, *schema.get("x-display-words", [])))


def _known(entry: Node, raw: dict[str, Node]) -> Known:
    """Return the fields of a document that the contract covers: those with its evidence, except those it lacked."""

    def had(place: str) -> frozenset[str]:
        keys: set[Any] = set(entry.get(place, []))
        without = {pointer("order", name) for name in node(entry.get("without")).get(place, [])}
        return frozenset(where for where, schema in raw.items() if keys & set(schema["x-evidence"])) - without

    return Known(str(entry.get("name")), had("example"), had("schema"))
