"""What the watch compares, and what it finds, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

Node: TypeAlias = "Mapping[str, Any]"

# What can differ, in the order in which it is shown, each with the sentence above its rows.
GROUPS: dict[str, tuple[str, ...]] = {
    "How the order is cancelled": (
        *("withdrawn", "path", "method", "parameter", "request body", "security", "server", "status", "deprecated"),
    ),
    "What comes back": ("answer", "verdict", "status word", "error body"),
    "The fields": (
        *("new field", "gone field", "perhaps renamed", "moved field", "returned field", "type", "null", "word"),
    ),
}


class UnusableError(Exception):
    """There is no document to compare, or nothing in it that can be compared; the text says why."""


@frozen(order=True)
class Difference:
    """One way in which the vendor's document is not as the contract says, named by a JSON pointer or a name."""

    kind: str
    where: str
    ours: str
    theirs: str


@frozen
class Parameter:
    """A parameter of the operation. `names` has more than one if the contract knows that it was renamed."""

    names: tuple[str, ...]
    place: str
    required: bool
    types: frozenset[str]

    def __str__(self) -> str:
        need = "required" if self.required else "optional"
        return f"{self.names[-1]} in {self.place}, {either(self.types)}, {need}"


@frozen
class Seen:
    """What a document shows of one field: JSON types by example and by schema, and the words of a text."""

    example: frozenset[str] = frozenset()
    schema: frozenset[str] | None = None  # None: it is not in the schema
    words: tuple[str, ...] = ()
    listed: bool = False  # the words are a list of the schema's, not one that an example happens to show
    text: str = ""  # how the schema describes it

    @property
    def types(self) -> frozenset[str]:
        """All JSON types that it was seen with."""
        return self.example | (self.schema or frozenset())


@frozen
class Answer:
    """What a document says of the answer: its examples, and by JSON pointer what is in it."""

    kinds: tuple[str, ...] = ()
    examples: tuple[object, ...] = ()
    seen: Mapping[str, Seen] = field(factory=dict[str, Seen])
    broken: tuple[str, ...] = ()  # references that point nowhere


@frozen
class Operation:
    """The operation under one spelling of its path."""

    path: str
    methods: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    security: frozenset[str]
    servers: tuple[str, ...]
    statuses: tuple[str, ...]
    body: str
    deprecated: bool
    answer: Answer
    errors: tuple[tuple[str, object], ...] = ()  # statuses of 4xx, and example bodies

    @property
    def spelling(self) -> str:
        """The path without the names of its parameters, which never travel."""
        return spelling(self.path)


@frozen
class Known:
    """The fields that a document had which the contract covers, by JSON pointer."""

    name: str
    example: frozenset[str] = frozenset()
    schema: frozenset[str] = frozenset()


@frozen
class Allowed:
    """What the contract allows in a field. `words` is None where it lists none."""

    types: frozenset[str]
    words: frozenset[str] | None = None


@frozen
class Contract:
    """What our contract says of the same."""

    operations: tuple[Operation, ...]
    fields: Mapping[str, Allowed]
    documents: tuple[Known, ...]  # oldest first


def spelling(path: str) -> str:
    """Leave the names of the parameters out of a path: /order/{}/cancel."""
    parts = path.rstrip("/").split("/")
    return "/".join("{}" if part.startswith("{") else part for part in parts)


def either(names: frozenset[str] | tuple[str, ...]) -> str:
    """List words for people, and what has no type as such."""
    return " or ".join(sorted(names, key=lambda name: (name == "null", name))) if names else "any type"


def node(value: object) -> Node:
    """Return an object of JSON, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def pointer(*parts: str) -> str:
    """Write a JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def as_list(value: object) -> list[Any]:
    """Return an array of JSON, and an empty one for anything else."""
    return value if isinstance(value, list) else []
