"""Read JSON schemas as far as the watch needs them: types, words, properties and items, through local references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

from thanksio.drift import JSON_TYPES
from watching.values import Node, Seen, as_list, node, pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PARTS = ("allOf", "anyOf", "oneOf")


@define
class Reader:
    """Follow the references of one document, and note those that point nowhere."""

    document: Node
    broken: list[str] = field(factory=list[str], init=False)

    def resolve(self, value: object) -> Node:
        """Return what an object or a local reference to one stands for; empty if that is nothing."""
        found, seen = node(value), set[str]()
        while isinstance(reference := found.get("$ref"), str):
            target = self._target(reference) if reference not in seen else None
            if target is None:
                self.broken += [reference] if reference not in self.broken else []
                return {}
            seen.add(reference)
            found = target
        return found

    def _target(self, reference: str) -> Node | None:
        if not reference.startswith("#/"):
            return None
        found: object = self.document
        for part in reference[2:].split("/"):
            found = node(found).get(part.replace("~1", "/").replace("~0", "~"))
        return found if isinstance(found, dict) else None

    def parts(self, schema: object, depth: int = 8) -> Iterator[Node]:
        """Return a schema and all that it is put together from; `depth` ends what refers to itself."""
        whole = self.resolve(schema)
        yield whole
        for key in _PARTS:
            alternatives = whole.get(key)
            for part in alternatives if isinstance(alternatives, list) and depth else ():
                yield from self.parts(part, depth - 1)

    def types(self, schema: object) -> frozenset[str]:
        """Return the JSON types that a schema allows; none if it does not say."""
        return _types(self.parts(schema))

    def properties(self, schema: object) -> dict[str, Any]:
        """Return the properties of an object's schema."""
        return {name: inner for part in self.parts(schema) for name, inner in node(part.get("properties")).items()}

    def described(self, schema: object) -> dict[str, Seen]:
        """Return what the schema of an answer says of its fields and of its order's, by JSON pointer."""
        found: dict[str, Seen] = {}
        for name, inner in self.properties(schema).items():
            found |= self._field(pointer(name), inner)
            if name == "order":
                for own, own_schema in self.properties(inner).items():
                    found |= self._field(pointer(name, own), own_schema)
        return found

    def _field(self, where: str, schema: object) -> dict[str, Seen]:
        parts = list(self.parts(schema))
        words = _texts(part.get("enum") for part in parts)
        samples = _texts([part.get("example"), *as_list(part.get("examples"))] for part in parts)
        text = next(iter(_texts([part.get("description")] for part in parts)), "")
        seen = Seen(schema=_types(parts), words=words + samples, listed=bool(words), text=text)
        items = [part["items"] for part in parts if "items" in part]
        within = frozenset(name for item in items for name in self.types(item))
        return {where: seen, **({f"{where}/*": Seen(schema=within)} if items else {})}


def shown(example: object) -> dict[str, Seen]:
    """Return what an example answer shows of its fields and of its order's, by JSON pointer."""
    found: dict[str, Seen] = {}
    for name, value in node(example).items():
        found |= _shown(pointer(name), value)
        if name == "order":
            for own, own_value in node(value).items():
                found |= _shown(pointer(name, own), own_value)
    return found


def _shown(where: str, value: object) -> dict[str, Seen]:
    seen = Seen(frozenset({json_type(value)}), words=(value,) if isinstance(value, str) else ())
    within = frozenset(json_type(item) for item in as_list(value))
    return {where: seen, **({f"{where}/*": Seen(within)} if within else {})}


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value."""
    return JSON_TYPES[type(value)]


def _types(parts: Iterable[Node]) -> frozenset[str]:
    return frozenset(name for part in parts for name in _types_of_part(part))


def _types_of_part(schema: Node) -> set[str]:
    named = schema.get("type")
    found = {named} if isinstance(named, str) else {name for name in as_list(named) if isinstance(name, str)}
    found |= {"null"} if schema.get("nullable") is True else set()
    if not found:
        found = {json_type(value) for value in as_list(schema.get("enum"))}
        found |= {json_type(schema["const"])} if "const" in schema else set()
        found |= {"object"} if "properties" in schema else {"array"} if "items" in schema else set()
    return found


def _texts(lists: Iterable[object]) -> tuple[str, ...]:
    return tuple(value for listed in lists for value in as_list(listed) if isinstance(value, str))
