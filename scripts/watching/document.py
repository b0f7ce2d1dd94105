"""Read the vendor's document, JSON or YAML, or raise why it cannot be used. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from attrs import frozen

from watching.operation import near, operations
from watching.values import Node, Operation, UnusableError

_SHOWN = 5  # keys of a document that is something else


@frozen
class Document:
    """A vendor's document: the operation under each of its spellings, and operations that are like it."""

    operations: tuple[Operation, ...]
    near: tuple[str, ...] = ()


def read(text: str) -> Document:
    """Return what a document says of the operation. Raises UnusableError if it is not an OpenAPI 3 document."""
    document = _object(text)
    if "swagger" in document:
        raise UnusableError("It is Swagger 2, the format before OpenAPI 3, which this watch does not read.")
    if "openapi" not in document or not isinstance(document.get("paths"), dict):
        names = ", ".join(sorted(map(str, document))[:_SHOWN]) or "none"
        raise UnusableError(f"It is not an OpenAPI document: it needs openapi and paths, and its keys are {names}.")
    found = operations(document)
    return Document(found, () if found else tuple(near(document)))


def _object(text: str) -> Node:
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise UnusableError("It is empty.")
    if start.startswith("<"):
        title = re.search(r"<title[^<>]*>([^<]{0,200})", start, re.IGNORECASE)
        of = f", titled {' '.join(title[1].split())!r}" if title else ""
        raise UnusableError(f"It is an HTML page{of}, and no JSON: a login or error page, perhaps.")
    document = _json(start) if start[0] in "{[" else _yaml(start)
    if not isinstance(document, dict):
        raise UnusableError("It contains no object.")
    return document


def _json(text: str) -> Any:  # noqa: ANN401 - JSON may be anything
    try:
        return json.loads(text)
    except RecursionError:
        raise UnusableError("It nests too deep to be read.") from None
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if re.fullmatch(r"[\w.+-]*\s*", text[at:]) or "Unterminated string" in str(error):
            raise UnusableError(f"It is JSON that was cut off after {len(text):,} characters.") from None
        raise UnusableError(f"It is not JSON: {error}.") from None


def _yaml(text: str) -> Any:  # noqa: ANN401 - YAML may be anything
    """Read YAML as JSON has it: no dates, and no aliases, with which a small text can become a huge document."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)):
            raise UnusableError("It is YAML with aliases, which are not read.")
        document = yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
        return json.loads(json.dumps(document))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        what = " ".join(str(getattr(error, "problem", "") or type(error).__name__).split())
        raise UnusableError(f"It is neither JSON nor HTML nor YAML: {what}.") from None


class _Loader(yaml.SafeLoader):
    """Loads dates as text."""


_Loader.yaml_implicit_resolvers = {
    start: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
