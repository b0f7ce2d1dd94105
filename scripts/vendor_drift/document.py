"""Parse a vendor's document, JSON or YAML, and find the operation in it. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from attrs import frozen

from vendor_drift.operations import cancel_operations, similar_operations
from vendor_drift.values import Node, Operation, UnusableError

_SHOWN = 5  # keys of a document that is something else


@frozen
class Document:
    """A vendor's document: the operation under each of its paths; if there is none, similar operations."""

    operations: tuple[Operation, ...]
    similar: tuple[str, ...] = ()


def parse_document(text: str) -> Document:
    """Return the operation as a document describes it. Raises UnusableError if it is not an OpenAPI 3 document."""
    document = _object(text)
    if "swagger" in document:
        raise UnusableError("the document is Swagger 2; only OpenAPI 3 is read.")
    if "openapi" not in document or not isinstance(document.get("paths"), dict):
        names = ", ".join(sorted(map(str, document))[:_SHOWN]) or "none"
        raise UnusableError(f"the document is not OpenAPI, which has `openapi` and `paths`; its keys are: {names}.")
    found = cancel_operations(document)
    return Document(found, () if found else tuple(similar_operations(document)))


def _object(text: str) -> Node:
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise UnusableError("the document is empty.")
    if start.startswith("<"):
        title = re.search(r"<title[^<>]*>([^<]{0,200})", start, re.IGNORECASE)
        of = f", titled {' '.join(title[1].split())!r}" if title else ""
        raise UnusableError(f"the document is an HTML page{of}: a login or error page, perhaps.")
    document = _json(start) if start[0] in "{[" else _yaml(start)
    if not isinstance(document, dict):
        raise UnusableError("the document is not an object.")
    return document


def _json(text: str) -> Any:  # noqa: ANN401 - JSON may be anything
    try:
        return json.loads(text)
    except RecursionError:
        raise UnusableError("the document is nested too deeply.") from None
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if re.fullmatch(r"[\w.+-]*\s*", text[at:]) or "Unterminated string" in str(error):
            raise UnusableError(f"the document is JSON that ends after {len(text):,} characters, incomplete.") from None
        raise UnusableError(f"the document is not JSON: {error}.") from None


def _yaml(text: str) -> Any:  # noqa: ANN401 - YAML may be anything
    """Parse YAML that JSON could express: no dates, and no aliases, which can make a small text a huge document."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
            raise UnusableError("the document is YAML with aliases, which are not read.")
        document = yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
        return json.loads(json.dumps(document))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        what = " ".join(str(getattr(error, "problem", "") or type(error).__name__).split())
        raise UnusableError(f"the document is neither JSON nor YAML: {what}.") from None


class _Loader(yaml.SafeLoader):
    """Loads dates as strings."""


_Loader.yaml_implicit_resolvers = {
    start: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
