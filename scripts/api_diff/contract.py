"""Flatten a contract into facts that a client can notice, each under a place and an aspect. Pure.

Names of schemas, of shared responses and of security schemes are never sent, so they are not facts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml
from attrs import frozen

from api_diff.change import DiffError
from vendor_drift.operations import METHODS, media_types, security, server_urls
from vendor_drift.schemas import Reader
from vendor_drift.values import as_list, node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vendor_drift.values import Node

Scoped: TypeAlias = "tuple[str, str]"  # a scope, such as `PUT /order/{}/cancel 200`, and a place in it
Facts: TypeAlias = "dict[Scoped, dict[str, Any]]"  # the aspects of a place, such as the types of `order.style`


@frozen
class Words:
    """The words that are listed for a field, and whether it may have others."""

    listed: frozenset[str]
    is_open: bool


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast
_COMBINED = {"allOf", "anyOf", "oneOf"}
_STRUCTURE = _COMBINED | {"$ref", "type", "enum", "const", "nullable", "properties", "required", "items"}
_STRUCTURE |= {"additionalProperties"}
_TEXT = {"description", "summary", "title", "example", "examples", "deprecated", "externalDocs", "$comment", "format"}
_TEXT |= {"operationId", "tags"}
_DEEPEST = 20  # objects within each other, because a schema can contain itself


def parsed(text: str) -> Node:
    """Parse a contract. Raises DiffError."""
    try:
        document = yaml.load(text, _LOADER)  # noqa: S506 - it is the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise DiffError(f"The contract is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise DiffError("The contract is not a YAML object.")
    return document


def facts(document: Node) -> Facts:
    """Return every fact of a contract. Raises DiffError if a reference cannot be resolved.

    Each operation and each of its responses is a scope of its own, because they need not be alike.
    """
    reader = Reader(document)
    found: Facts = {}
    for path, raw in node(document.get("paths")).items():
        item = reader.resolve(raw)
        for method in METHODS:
            if method in item:
                name = f"{method.upper()} {re.sub('{[^{}]*}', '{}', path)}"  # names of parameters are never sent
                found |= _operation(reader, name, item, node(item[method]))
    if reader.broken:
        raise DiffError(f"The contract refers to {reader.broken[0]}, which is not there. `make lint` shows more.")
    return found


def owner(scope: str) -> Scoped:
    """Return the place that a scope is part of: the operation, or its response."""
    operation, _, status = scope.rpartition(" ")
    return ("", scope) if operation.count(" ") == 0 else (operation, f"response {status}")


def _operation(reader: Reader, name: str, item: Node, operation: Node) -> Facts:
    body = reader.resolve(operation.get("requestBody"))
    aspects = {
        "kind": "operation",
        "request body": ("required" if body.get("required") is True else "optional") if body else "none",
        "security": security(reader, operation.get("security", reader.document.get("security"))),
        "wording": _text([operation]),
    }
    found: Facts = {("", name): aspects}
    servers = operation.get("servers") or item.get("servers") or reader.document.get("servers")
    for index, url in enumerate(server_urls(servers)):
        found[name, f"servers {index}"] = {"kind": "server", "address": url}
    parameters = [*as_list(item.get("parameters")), *as_list(operation.get("parameters"))]
    found |= {(name, place): parameter for place, parameter in _parameters(reader, parameters)}
    for status, raw in node(operation.get("responses")).items():
        found |= _response(reader, name, str(status), reader.resolve(raw))
    return found


def _parameters(reader: Reader, listed: list[object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each parameter; one of the path is known by its position, because its name is never sent."""
    found = {(parameter.get("name"), parameter.get("in")): parameter for parameter in map(reader.resolve, listed)}
    in_path = [name for name, place in found if place == "path"]
    for (name, place), parameter in found.items():
        schema = reader.resolve(parameter.get("schema"))
        aspects = {
            "kind": "parameter",
            "required": parameter.get("required") is True,
            "types": reader.possible(parameter.get("schema")),
            "pattern": schema.get("pattern"),
            "limits": _limits([{**schema, "pattern": None}]),
            "wording": _text([parameter, schema]),
        }
        yield f"path parameter {in_path.index(name) + 1}" if place == "path" else f"{place} parameter {name}", aspects


def _response(reader: Reader, operation: str, status: str, response: Node) -> Facts:
    found: Facts = {(operation, f"response {status}"): {"kind": "status", "wording": _text([response])}}
    for name, raw in node(response.get("headers")).items():
        aspects = {"kind": "header", "wording": _text([reader.resolve(raw)])}
        found[f"{operation} {status}", f"response {status} {name}"] = aspects
    schema = node(media_types(response).get("application/json")).get("schema")
    kind, within = ("field", "") if status.startswith("2") else ("error field", "error")
    for place, aspects in _fields(reader, within, schema):
        found[f"{operation} {status}", place] = {"kind": "items" if place.endswith("[]") else kind, **aspects}
    return found


def _fields(
    reader: Reader, place: str, schema: object, within: tuple[int, ...] = (), *, is_required: bool | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a schema, and each field in it at any depth; a schema within itself is followed once."""
    parts = list(reader.parts(schema))
    items = [part["items"] for part in parts if "items" in part]
    yield (
        place or "body",
        {
            "types": reader.possible(schema),
            "words": _words(reader, schema, parts),
            "presence": is_required,
            "extra fields": all(part.get("additionalProperties", True) is not False for part in parts),
            "limits": _limits(parts),
            "wording": _text(parts),
        },
    )
    if id(schema) in within or len(within) >= _DEEPEST:
        return
    within = (*within, id(schema))
    required = {name for part in parts for name in as_list(part.get("required"))}
    for name, inner in reader.properties(schema).items():
        yield from _fields(reader, f"{place}.{name}".lstrip("."), inner, within, is_required=name in required)
    for item in items:
        yield from _fields(reader, f"{place}[]", item, within)


def _words(reader: Reader, schema: object, parts: list[Node]) -> Words:
    listed = [str(word) for part in parts for word in as_list(part.get("enum"))]
    listed += [str(part["const"]) for part in parts if "const" in part]
    scalars = reader.possible(schema) & {"string", "integer", "number"}
    return Words(frozenset(listed), is_open=all(_is_open(reader, schema, kind) for kind in scalars))


def _is_open(reader: Reader, schema: object, kind: str, within: tuple[int, ...] = ()) -> bool:
    """Return whether a schema lists no values of this type; of alternatives, one without a list is enough."""
    layers = reader.layers(schema)
    if id(layers[-1]) in within:
        return True  # within itself, it demands nothing more
    within = (*within, id(layers[-1]))
    for layer in layers:
        if "enum" in layer or "const" in layer:
            return False
        if not all(_is_open(reader, part, kind, within) for part in as_list(layer.get("allOf"))):
            return False
        for key in ("anyOf", "oneOf"):
            parts = [part for part in as_list(layer.get(key)) if kind in reader.possible(part)]
            if parts and not any(_is_open(reader, part, kind, within) for part in parts):
                return False
    return True


def _limits(parts: list[Node]) -> dict[str, Any]:
    """Return what else a schema demands, such as its largest number."""
    kept = ((key, part[key]) for part in parts for key in part.keys() - _STRUCTURE - _TEXT if not key.startswith("x-"))
    return {key: value for key, value in kept if value is not None}


def _text(parts: Iterable[Node]) -> str:
    """Return what only people read, and what begins with x-."""
    kept = [{key: part[key] for key in part if key in _TEXT or key.startswith("x-")} for part in parts]
    return json.dumps(list(filter(None, kept)), default=str, sort_keys=True)
