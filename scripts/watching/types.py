"""Write what was seen of a field as a schema in the contract's own subset, or widen a schema to it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watching.schema import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watching.values import Node

_NULL: dict[str, Any] = {"type": "null"}
_SAID = ("description", "deprecated", "example", "examples")  # and x-: what is said of a field, beside its type
_READER = Reader({})


def typed(types: frozenset[str], items: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the schema of these JSON types. What was only ever null has none."""
    kinds = [_kind(name, items) for name in sorted(types - {"null"})]
    if len(kinds) == 1:
        return kinds[0] | ({"type": [kinds[0]["type"], "null"]} if "null" in types else {})
    return {"anyOf": kinds + [_NULL] * ("null" in types)} if kinds else {}


def _kind(name: str, items: frozenset[str]) -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {"object": {"additionalProperties": True}, "array": {"items": typed(items)}}
    return {"type": name, **more.get(name, {})}


def widened(schema: Node, types: frozenset[str], items: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Add these JSON types to a schema."""
    core, said = _split(schema)
    has = _READER.types(core)
    more = types - has - ({"integer"} if "number" in has else set())
    if not has:  # only null was seen until now
        return typed(types | {"null"}, items) | said
    if more == {"null"} and "anyOf" not in core:
        return (
            core | {"type": [core["type"], "null"] if isinstance(core["type"], str) else [*core["type"], "null"]} | said
        )
    return (
        {"anyOf": _alternatives(core) + [_kind(name, items) for name in sorted(more)]} | said if more else dict(schema)
    )


def with_words(schema: Node, words: Iterable[str], title: str) -> dict[str, Any]:
    """Add these words to a schema of strings; the set stays open."""
    core, said = _split(schema)
    parts = _alternatives(core)
    known = [word for part in parts for word in part.get("enum", [])]
    listed = _unique([*known, *words])
    name = next((part["title"] for part in parts if "enum" in part), title)
    rest = [part for part in parts if "enum" not in part and part != {"type": "string"}]
    return {"anyOf": [{"title": name, "type": "string", "enum": listed}, {"type": "string"}, *rest]} | said


def with_items(schema: Node, items: frozenset[str]) -> dict[str, Any]:
    """Add these JSON types to the items of an array."""
    return dict(schema) | ({"items": widened(schema["items"], items)} if "items" in schema else {})


def _unique(words: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for word in words:
        first.setdefault(word.casefold(), word)
    return list(first.values())


def _split(schema: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    said = {key: value for key, value in schema.items() if key in _SAID or key.startswith("x-")}
    return {key: value for key, value in schema.items() if key not in said}, said


def _alternatives(core: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a schema; null is one of them."""
    if "anyOf" in core:
        return list(core["anyOf"])
    named = core.get("type", [])
    kinds = [named] if isinstance(named, str) else list(named)
    return [_NULL if kind == "null" else core | {"type": kind} for kind in kinds]
