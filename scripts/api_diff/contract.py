"""Look up places in a contract: their values, the JSON types that they allow, and their names for people. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml
from attrs import frozen

from api_diff.change import DiffError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api_diff.redocly import Finding

Document: TypeAlias = "Mapping[str, Any]"

_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_OF_PYTHON = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast
_SHOWN = 60  # characters of a value


@frozen
class Place:
    """The place of a change in the two documents."""

    path: tuple[str, ...]
    before: Document
    after: Document

    @property
    def status(self) -> str:
        """The status of the response that the place is in; empty if it is in none."""
        return _following(self.path, "responses")

    @property
    def fields(self) -> str:
        """The field of the response that the place is in, such as `order.style`."""
        names, path = "", iter(self.path[self.path.index("responses") :] if "responses" in self.path else ())
        for part in path:
            if part == "properties":
                names += f".{next(path, '')}"
            elif part == "items":
                names += "[]"
        return names.strip(".")

    @property
    def parameter(self) -> Mapping[str, Any]:
        """The parameter that the place is in, as it is after the change, or was before it."""
        if "parameters" not in self.path:
            return {}
        path = self.path[: self.path.index("parameters") + 2]
        found = walk(self.after, path) or walk(self.before, path)
        return found if isinstance(found, dict) else {}

    @property
    def words(self) -> str:
        """The name of the place for people."""
        if self.fields and self.status.startswith("2"):
            return self.fields
        if self.status:
            header = _following(self.path, "headers")
            return f"response {self.status}" + (f" {self.fields}" if self.fields else f" {header}" if header else "")
        if self.parameter:
            return f"parameter {self.parameter.get('name', '')}".strip()
        if len(self.path) >= 2 and self.path[0] == "paths":  # noqa: PLR2004 - the word, and the path itself
            methods = [part.upper() for part in self.path[2:3] if part in _METHODS]
            return " ".join([*methods, self.path[1], *self.path[3:4]])
        return " ".join(part for part in self.path if part != "components") or "openapi.yaml"


def _following(path: tuple[str, ...], word: str) -> str:
    rest = path[path.index(word) + 1 :] if word in path else ()
    return rest[0] if rest else ""


def parsed(text: str) -> Document:
    """Parse a contract. Raises DiffError."""
    try:
        document = yaml.load(text, _LOADER)  # noqa: S506 - it is the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise DiffError(f"The contract is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise DiffError("The contract is not a YAML object.")
    return document


def simplified(value: Any) -> Any:  # noqa: ANN401 - what stands in YAML
    """Return a document with each `allOf` of one schema replaced by that schema, which means the same."""
    if isinstance(value, list):
        return [simplified(item) for item in value]
    if not isinstance(value, dict):
        return value
    parts = value.get("allOf")
    if len(value) == 1 and isinstance(parts, list) and len(parts) == 1:
        return simplified(parts[0])
    return {key: simplified(item) for key, item in value.items()}


def aligned(before: Document, after: Document) -> Document:
    """Return `after` with the old name of each security scheme that was only renamed: the names are never sent."""
    old, new = (walk(document, ("components", "securitySchemes")) or {} for document in (before, after))
    same = ((name, was) for name in new.keys() - old.keys() for was in old.keys() - new.keys() if new[name] == old[was])
    renamed: Document = _with_schemes(after, dict(same))
    return renamed


def _with_schemes(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - what stands in YAML
    if isinstance(value, list):
        return [_with_schemes(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_schemes(item, names) for key, item in value.items()}
    if isinstance(schemes := found.get("securitySchemes"), dict):
        found["securitySchemes"] = {names.get(name, name): scheme for name, scheme in schemes.items()}
    if isinstance(needs := found.get("security"), list):
        found["security"] = [{names.get(name, name): scopes for name, scopes in need.items()} for need in needs]
    return found


def walk(document: Document, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - what stands in YAML
    """Return the value at a path of a contract, references resolved; None if there is none."""
    here: Any = document
    for part in path:
        if isinstance(here, list):
            here = here[int(part)] if part.isdecimal() and int(part) < len(here) else None
        else:
            here = here.get(part) if isinstance(here, dict) else None
        here = _resolved(document, here)
    return here


def _resolved(document: Document, here: Any) -> Any:  # noqa: ANN401
    if isinstance(here, dict) and isinstance(here.get("$ref"), str):
        return walk(document, tuple(part.replace("~1", "/").replace("~0", "~") for part in here["$ref"].split("/")[1:]))
    return here


def json_types(document: Document, schema: Any) -> frozenset[str]:  # noqa: ANN401
    """Return the JSON types that a schema allows; none if it is not a schema."""
    schema = _resolved(document, schema)
    if not isinstance(schema, dict):
        return _TYPES if schema is True else frozenset()
    types = _stated(schema)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            types &= frozenset[str]().union(*(json_types(document, branch) for branch in schema[word]))
    for part in schema.get("allOf", ()):
        types &= json_types(document, part)
    return types


def _stated(schema: Mapping[str, Any]) -> frozenset[str]:
    stated = schema.get("type", sorted(_TYPES))
    types = frozenset({stated} if isinstance(stated, str) else stated)
    types |= {"integer"} if "number" in types else frozenset()
    if "enum" in schema:
        types &= frozenset(_OF_PYTHON.get(type(word), "object") for word in schema["enum"])
    return types


def words_of(finding: Finding) -> str:
    """Return the change in words, with long values cut."""
    if finding.message and finding.prop not in {"type", "enum"}:
        return finding.message.rstrip(".")
    if finding.kind != "modified":
        return finding.kind
    before, after = finding.before.get("value"), finding.after.get("value")
    if finding.prop in {"enum", "required"} and isinstance(before, list) and isinstance(after, list):
        new, gone = (
            [str(word) for word in one if word not in other] for one, other in ((after, before), (before, after))
        )
        parts = [f"added {', '.join(new)}" if new else "", f"removed {', '.join(gone)}" if gone else ""]
        return f"{finding.prop}: {'; '.join(filter(None, parts)) or 'in another order'}"
    return f"{finding.prop}: was {_shown(before)}, is {_shown(after)}"


def _shown(value: object) -> str:
    text = "absent" if value is None else value if isinstance(value, str) else json.dumps(value)
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
