"""The views that are compared, and the differences between them, as values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

Node: TypeAlias = "Mapping[str, Any]"

# The kinds of differences by heading, in the order of the report.
GROUPS: dict[str, tuple[str, ...]] = {
    "The request": (
        *("withdrawn", "path", "method", "parameter", "request body", "security", "server", "status", "deprecated"),
    ),
    "The response": ("response", "verdict", "status word", "error body"),
    "The fields": (
        *("new field", "removed field", "possible rename", "moved field", "restored field", "type", "null", "word"),
    ),
}


class UnusableError(Exception):
    """A document or the contract cannot be compared; the message says why."""


@frozen(order=True)
class Difference:
    """One way in which the vendor's document differs from the contract, at a JSON pointer, path or name."""

    kind: str
    where: str
    ours: str
    theirs: str


@frozen
class Parameter:
    """A parameter of the operation; more than one name if the contract knows that it was renamed."""

    names: tuple[str, ...]
    place: str
    required: bool
    types: frozenset[str]

    def __str__(self) -> str:
        need = "required" if self.required else "optional"
        return f"{self.names[-1]} in {self.place}, {alternatives(self.types)}, {need}"


@frozen
class Seen:
    """What a document shows of one field: its JSON types by example and by schema, and its words."""

    example: frozenset[str] = frozenset()
    schema: frozenset[str] | None = None  # None: it is not in the schema
    words: tuple[str, ...] = ()
    listed: bool = False  # whether the schema lists words, or an example shows one
    description: str = ""

    @property
    def types(self) -> frozenset[str]:
        """All JSON types that it was seen with."""
        return self.example | (self.schema or frozenset())

    def __or__(self, other: Seen) -> Seen:
        """Combine what two places show of one field."""
        schemas = [one.schema for one in (self, other) if one.schema is not None]
        return Seen(
            self.example | other.example,
            frozenset().union(*schemas) if schemas else None,
            tuple(dict.fromkeys(self.words + other.words)),
            self.listed or other.listed,
            self.description or other.description,
        )


@frozen
class Response:
    """The response of a successful call: its examples, and its fields by JSON pointer."""

    media_types: tuple[str, ...] = ()
    examples: tuple[object, ...] = ()
    fields: Mapping[str, Seen] = field(factory=dict[str, Seen])
    broken: tuple[str, ...] = ()  # references that cannot be resolved

    @property
    def shown(self) -> frozenset[str]:
        """The fields in the examples."""
        return frozenset(where for where, seen in self._fields() if seen.example)

    @property
    def described(self) -> frozenset[str]:
        """The fields in the schema."""
        return frozenset(where for where, seen in self._fields() if seen.schema is not None)

    def _fields(self) -> list[tuple[str, Seen]]:
        return [(where, seen) for where, seen in self.fields.items() if where != "/order" and not where.endswith("/*")]


@frozen
class Operation:
    """The operation under one path."""

    path: str
    methods: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    security: frozenset[str]
    servers: tuple[str, ...]
    statuses: tuple[str, ...]
    body: str
    deprecated: bool
    response: Response
    errors: tuple[tuple[str, object], ...] = ()  # statuses of 4xx, and example bodies

    @property
    def template(self) -> str:
        """The path without the names of its parameters: /order/{}/cancel. They are never sent."""
        return re.sub(r"\{[^{}]*\}", "{}", self.path.rstrip("/"))


@frozen
class Allowed:
    """What the contract allows in a field. `words` is None where it lists none."""

    types: frozenset[str]
    words: frozenset[str] | None = None


@frozen
class Contract:
    """What our contract allows."""

    operations: tuple[Operation, ...]
    fields: Mapping[str, Allowed]
    baselines: tuple[tuple[str, Response], ...] = ()  # the responses of the covered documents by name, oldest first


def alternatives(names: frozenset[str]) -> str:
    """List types for people."""
    return " or ".join(sorted(names, key=lambda name: (name == "null", name))) if names else "any type"


def node(value: object) -> Node:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def pointer(*parts: str) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def as_list(value: object) -> list[Any]:
    """Return a JSON array, or an empty one for anything else."""
    return value if isinstance(value, list) else []
