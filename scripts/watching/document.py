"""Read the vendor's document, or say in which way it cannot be used. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from watching.operation import operations
from watching.values import Node, Operation, UnusableError

_SHOWN = 5  # paths that a document without the operation is described by


def read(text: str) -> tuple[Operation, ...]:
    """Return the operation under every spelling that the document has; raise UnusableError if it is of no use."""
    document = _object(text)
    if "swagger" in document:
        raise UnusableError("It is Swagger 2, the format before OpenAPI 3, which this watch does not read.")
    paths = document.get("paths")
    if "openapi" not in document or not isinstance(paths, dict):
        names = ", ".join(sorted(document)[:_SHOWN]) or "none"
        raise UnusableError(
            f"It is JSON, but no OpenAPI document: it needs openapi and paths, and its keys are {names}."
        )
    found = operations(document)
    if not found:
        near = [path for path in paths if "order" in path.lower() or "cancel" in path.lower()]
        said = (
            f"the nearest are {', '.join(near[:_SHOWN])}" if near else f"none of its {len(paths)} paths is about orders"
        )
        raise UnusableError(f"It is an OpenAPI document without an operation that cancels an order: {said}.")
    return found


def _object(text: str) -> Node:
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise UnusableError("It is empty.")
    if start.startswith("<"):
        title = re.search(r"<title[^<>]*>([^<]{0,200})", start, re.IGNORECASE)
        of = f", titled {' '.join(title[1].split())!r}" if title else ""
        raise UnusableError(f"It is an HTML page{of}, and no JSON: a login or error page, perhaps.")
    document = _json(start)
    if not isinstance(document, dict):
        raise UnusableError("It is JSON, but no object.")
    return document


def _json(text: str) -> Any:  # noqa: ANN401 - JSON may be anything
    try:
        return json.loads(text)
    except RecursionError:
        raise UnusableError("It nests too deep to be read.") from None
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        if text[0] not in "{[":
            form = "YAML" if re.match(r"(?:%YAML|---|#|[\w\"'-]+:(?:\s|$))", text) else "neither JSON nor HTML nor YAML"
            raise UnusableError(f"It is {form}. What can be read is the JSON document, openapi.json.") from None
        if re.fullmatch(r"[\w.+-]*\s*", text[at:]) or "Unterminated string" in str(error):
            raise UnusableError(f"It is JSON that was cut off after {len(text):,} characters.") from None
        raise UnusableError(f"It is not JSON: {error}.") from None
