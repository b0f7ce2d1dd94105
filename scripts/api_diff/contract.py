"""Flatten a contract into facts that a client can notice, each under a place and an aspect. Pure.

Names of schemas, of shared responses and of security schemes are never sent, so they are not facts.
"""

from __future__ import annotations

import json
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

Facts: TypeAlias = "dict[tuple[str, str], Any]"  # by place, such as `order.style`, and aspect, such as `types`


@frozen
class Words:
    """The words that are listed for a field, and whether it may have others."""

    listed: tuple[str, ...]
    is_open: bool


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast
_STRUCTURE = {"$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const", "nullable", "properties", "required", "items"}
_STRUCTURE |= {"additionalProperties"}
_TEXT = {"description", "summary", "title", "example", "examples", "deprecated", "externalDocs", "$comment", "format"}
_TEXT |= {"operationId", "tags"}


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
    """Return every fact of a contract. Raises DiffError if a reference cannot be resolved."""
    reader = Reader(document)
    found: Facts = {}
    for place, kind, aspects in _places(reader, document):
        for aspect, value in {"kind": kind, **aspects}.items():
            found.setdefault((place, aspect), value)
    if reader.broken:
        raise DiffError(f"The contract refers to {reader.broken[0]}, which is not there. `make lint` shows more.")
    return found


_Place: TypeAlias = "tuple[str, str, dict[str, Any]]"  # the place, its kind, and its aspects


def _places(reader: Reader, document: Node) -> Iterator[_Place]:
    for index, url in enumerate(server_urls(document.get("servers"))):
        yield f"servers {index}", "server", {"address": url}
    for path, raw in node(document.get("paths")).items():
        item = reader.resolve(raw)
        for method in METHODS:
            if method in item:
                yield from _operation(reader, f"{method.upper()} {path}", item, node(item[method]))


def _operation(reader: Reader, name: str, item: Node, operation: Node) -> Iterator[_Place]:
    body = reader.resolve(operation.get("requestBody"))
    aspects: dict[str, Any] = {
        "request body": ("required" if body.get("required") is True else "optional") if body else "none",
        "security": security(reader, operation.get("security", reader.document.get("security"))),
        "wording": _text([operation]),
    }
    yield name, "operation", aspects
    for raw in (*as_list(item.get("parameters")), *as_list(operation.get("parameters"))):
        parameter = reader.resolve(raw)
        schema = reader.resolve(parameter.get("schema"))
        aspects = {name: parameter.get(name) for name in ("in", "required")}
        aspects |= {"pattern": schema.get("pattern"), "types": reader.possible(parameter.get("schema"))}
        yield f"parameter {parameter.get('name')}", "parameter", aspects | {"wording": _text([parameter, schema])}
    for status, raw in node(operation.get("responses")).items():
        yield from _response(reader, str(status), reader.resolve(raw))


def _response(reader: Reader, status: str, response: Node) -> Iterator[_Place]:
    yield f"response {status}", "status", {"wording": _text([response])}
    for name, raw in node(response.get("headers")).items():
        yield f"response {status} {name}", "header", {"wording": _text([reader.resolve(raw)])}
    schema = node(media_types(response).get("application/json")).get("schema")
    if status.startswith("2"):
        yield from _fields(reader, "", "field", schema)
    else:
        yield from _fields(reader, "error.", "error field", schema)


def _fields(reader: Reader, within: str, kind: str, schema: object, seen: tuple[int, ...] = ()) -> Iterator[_Place]:
    """Yield an object and each of its fields, at any depth; a schema within itself is followed once."""
    parts = list(reader.parts(schema))
    required = {name for part in parts for name in as_list(part.get("required"))}
    for name, inner in reader.properties(schema).items():
        yield from _field(reader, f"{within}{name}", kind, inner, seen, is_required=name in required)
    if not within:
        yield "response", "field", {"extra fields": _has_extra_fields(parts)}


def _field(  # noqa: PLR0913 - what a field is made of
    reader: Reader, place: str, kind: str, schema: object, seen: tuple[int, ...], *, is_required: bool | None = None
) -> Iterator[_Place]:
    parts = list(reader.parts(schema))
    words = [word for part in parts for word in as_list(part.get("enum"))]
    open_parts = [part for part in parts if part.get("type") == "string" and "enum" not in part]
    others = {key: part[key] for part in parts for key in sorted(part.keys() - _STRUCTURE - _TEXT) if key[:2] != "x-"}
    yield (
        place,
        kind,
        {
            "types": reader.possible(schema),
            "words": Words(tuple(words), is_open=not words or bool(open_parts)),
            "presence": is_required,
            "extra fields": _has_extra_fields(parts),
            "limits": json.dumps(others, default=str),
            "wording": _text(parts),
        },
    )
    if id(schema) in seen:
        return
    seen = (*seen, id(schema))
    yield from _fields(reader, f"{place}.", kind, schema, seen)
    items = [part["items"] for part in parts if "items" in part]
    if items:
        yield from _field(reader, f"{place}[]", kind, {"anyOf": items} if len(items) > 1 else items[0], seen)


def _has_extra_fields(parts: list[Node]) -> bool:
    return all(part.get("additionalProperties", True) is not False for part in parts)


def _text(parts: Iterable[Node]) -> str:
    """Return what only people read, and what begins with x-."""
    kept = [{key: part[key] for key in part if key in _TEXT or key.startswith("x-")} for part in parts]
    return json.dumps(list(filter(None, kept)), default=str, sort_keys=True)
