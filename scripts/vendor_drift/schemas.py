"""Flatten JSON schemas: collect the types and words of each field over references and combined schemas. Pure.

References are resolved by the library referencing, within the document; nothing is fetched.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from attrs import define, field
from referencing import Registry, Resource, Specification
from referencing.exceptions import Unresolvable

from thanksio.drift import JSON_TYPES
from vendor_drift.values import Node, Seen, as_list, node, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PARTS = ("allOf", "anyOf", "oneOf")
_ALL = frozenset(JSON_TYPES.values())


@define(eq=False)
class Reader:
    """Read the schemas of one document, and collect references that cannot be resolved. Each node is visited once."""

    document: Node
    broken: list[str] = field(factory=list[str], init=False)
    _resolver: Any = field(init=False)
    _possible: dict[int, frozenset[str]] = field(factory=dict[int, frozenset[str]], init=False)
    _made: list[Node] = field(factory=list[Node], init=False)  # keeps their ids valid: they are not in the document

    def __attrs_post_init__(self) -> None:
        resource: Resource[Any] = Specification.OPAQUE.create_resource(self.document)
        registry: Registry[Any] = Registry().with_resource("", resource)
        self._resolver = registry.resolver()

    def resolve(self, value: object) -> Node:
        """Return an object with its reference resolved; keys beside the reference take precedence."""
        found: dict[str, Any] = {}
        for layer in self.layers(value):
            found = {**layer, **found}
        return found

    def layers(self, value: object) -> list[Node]:
        """Return an object without its reference, then each object that it refers to. All of them apply."""
        found, layers, seen = node(value), list[Node](), set[str]()
        while isinstance(reference := found.get("$ref"), str):
            layers.append({key: inner for key, inner in found.items() if key != "$ref"})
            target = self._target(reference) if reference not in seen else None
            if target is None:
                self.broken += [reference] if reference not in self.broken else []
                return layers
            seen.add(reference)
            found = target
        return [*layers, found]

    def _target(self, reference: str) -> Node | None:
        try:
            found = self._resolver.lookup(reference).contents if reference.startswith("#") else None
        except (Unresolvable, TypeError, ValueError, LookupError, AttributeError):  # a step is not an object
            return None
        return found if isinstance(found, dict) else None

    def parts(self, schema: object) -> Iterator[Node]:
        """Yield a schema and all schemas that it combines, each once."""
        waiting, visited = [schema], set[int]()
        while waiting:
            raw = waiting.pop()
            if id(raw) in visited:
                continue
            visited.add(id(raw))
            for layer in self.layers(raw):
                yield layer
                waiting += reversed([part for key in _PARTS for part in as_list(layer.get(key))])

    def types(self, schema: object) -> frozenset[str]:
        """Return the JSON types that a schema mentions and allows; none if it mentions none."""
        mentioned = frozenset(name for part in self.parts(schema) for name in _mentioned(part))
        return mentioned & self.possible(schema) or mentioned

    def possible(self, schema: object, active: frozenset[int] = frozenset()) -> frozenset[str]:
        """Return the JSON types that a schema does not exclude. oneOf is treated as anyOf.

        `active` are the schemas around it: one that contains itself is followed once, however many references it has.
        """
        layers = self.layers(schema)
        key = id(layers[-1])
        if key in active or not isinstance(schema, dict):
            return _ALL
        if key not in self._possible:
            found = frozenset(_ALL).intersection(*(self._layer(layer, active | {key}) for layer in layers))
            if any(layer.get("nullable") is True for layer in layers):
                found |= {"null"}
            if active:
                return found  # incomplete where it refers back to a schema around it: not cached
            self._possible[key] = found
        return self._possible[key]

    def _layer(self, layer: Node, active: frozenset[int]) -> frozenset[str]:
        """Return the types that one object of a schema allows, without those that it refers to."""
        found = _own(layer)
        for part in as_list(layer.get("allOf")):
            found &= self.possible(part, active)
        for key in ("anyOf", "oneOf"):
            if alternatives := as_list(layer.get(key)):
                found &= frozenset(chain.from_iterable(self.possible(part, active) for part in alternatives))
        return found

    def properties(self, schema: object) -> dict[str, Any]:
        """Return the properties of an object's schema, those declared in several parts combined."""
        found: dict[str, list[Any]] = {}
        for part in self.parts(schema):
            for name, inner in node(part.get("properties")).items():
                found.setdefault(name, []).append(inner)
        merged = {name: inners[0] if len(inners) == 1 else {"anyOf": inners} for name, inners in found.items()}
        self._made += merged.values()
        return merged

    def response_fields(self, schema: object) -> dict[str, Seen]:
        """Return the fields of a response and of its order that a schema describes, by JSON pointer."""
        return _fields(schema, self.properties, self._field)

    def _field(self, where: str, schema: object) -> dict[str, Seen]:
        parts = list(self.parts(schema))
        words = _texts([*as_list(part.get("enum")), part.get("const")] for part in parts)
        samples = _texts([part.get("example"), *as_list(part.get("examples"))] for part in parts)
        description = next(iter(_texts([part.get("description")] for part in parts)), "")
        seen = Seen(schema=self.types(schema), words=words + samples, listed=bool(words), description=description)
        items = [part["items"] for part in parts if "items" in part]
        within = frozenset(name for item in items for name in self.types(item))
        return {where: seen} | ({f"{where}/*": Seen(schema=within)} if items else {})


def example_fields(example: object) -> dict[str, Seen]:
    """Return the fields of a response and of its order that an example shows, by JSON pointer."""
    return _fields(example, node, _value)


def _fields(
    whole: object, members: Callable[[Any], Node], describe: Callable[[str, Any], dict[str, Seen]]
) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    top = members(whole)
    for within, inside in (((), top), (("order",), members(top.get("order")))):
        for name, inner in inside.items():
            found |= describe(pointer(*within, name), inner)
    return found


def _value(where: str, value: object) -> dict[str, Seen]:
    seen = Seen(frozenset({json_type(value)}), words=(value,) if isinstance(value, str) else ())
    items = frozenset(json_type(item) for item in as_list(value))
    return {where: seen} | ({f"{where}/*": Seen(items)} if items else {})


def json_type(value: object) -> str:
    """Name the JSON type of a parsed value."""
    return JSON_TYPES[type(value)]


def _named(schema: Node) -> set[str]:
    named = schema.get("type")
    return {named} if isinstance(named, str) else {name for name in as_list(named) if isinstance(name, str)}


def _valued(schema: Node) -> set[str]:
    values = as_list(schema.get("enum")) + ([schema["const"]] if "const" in schema else [])
    return {json_type(value) for value in values}


def _mentioned(schema: Node) -> set[str]:
    found = _named(schema) | ({"null"} if schema.get("nullable") is True else set())
    if not found:
        found = _valued(schema)
        found |= {"object"} if "properties" in schema else {"array"} if "items" in schema else set()
    return found


def _own(schema: Node) -> frozenset[str]:
    """Return the types that `type`, `enum` and `const` of one schema allow."""
    found = _ALL
    if named := _named(schema):
        found &= frozenset(named | ({"integer"} if "number" in named else set()))
    if "enum" in schema or "const" in schema:
        found &= frozenset(_valued(schema))
    return found


def _texts(lists: Iterable[object]) -> tuple[str, ...]:
    texts = (value for listed in lists for value in as_list(listed) if isinstance(value, str))
    return tuple(dict.fromkeys(texts))
