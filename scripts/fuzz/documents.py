"""The documented response bodies with secrets planted in them, and changes of a JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

from fuzz.oracle import LETTER, TOKEN
from fuzz.parse import Pairs

# Parsed JSON whose objects are Pairs, so that a key can occur twice. Bytes are literals that json.dumps cannot write.
Tree: TypeAlias = Any
Base: TypeAlias = tuple[int, str | bytes]  # a status with a JSON document, or with another body
_RESPONSES = Path(__file__).resolve().parents[2] / "tests" / "answers"
_DEPTH = 6  # deeper places are no different

MOVING = ("delete", "retype", "hoist")
SETTING = ("double", "replace")  # these use a value,
NAMING = ("rename", "wrap")  # and these a name


def tree(value: object) -> Tree:
    """Return a document that can be changed."""
    if isinstance(value, dict):
        return Pairs((name, tree(inner)) for name, inner in value.items())
    return [tree(inner) for inner in value] if isinstance(value, list) else value


def written(value: Tree) -> str:
    """Return the text of a document. It may be no valid JSON."""
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(name)}: {written(inner)}" for name, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return value.decode("latin-1") if isinstance(value, bytes) else json.dumps(value)


def _documented(kind: str) -> list[tuple[int, dict[str, Any]]]:
    paths = sorted(path for path in (_RESPONSES / kind).rglob("*.json") if "headers" not in path.name)
    return [(int(path.name[:3]), json.loads(path.read_text("utf-8"))) for path in paths]


# The letter is only within an order: elsewhere it would be the server's explanation. The token can be anywhere.
_SECRETS = {"message": LETTER, "return_address": LETTER, "image_type": TOKEN}
_ORDERS = [document["order"] | _SECRETS for _, document in _documented("cancel")]


def orders(order_id: object, status: object) -> list[Base]:
    """Return the documented responses that show an order, in each of the documented shapes."""
    return [(200, json.dumps({"order": shape | {"id": order_id, "status": status}})) for shape in _ORDERS]


def refusals() -> list[Base]:
    """Return the documented errors as they are, with the token, with an order beside them, and within an order."""
    changes: list[dict[str, Any]] = [{}, {"type": "about:blank"}, {"message": f"no {TOKEN}"}, {"order": _ORDERS[0]}]
    changes.append(_ORDERS[1] | {"errors": [TOKEN]})
    return [(status, json.dumps(document | change)) for change in changes for status, document in _documented("errors")]


def mutate(how: str, place: int, value: object, name: str, root: list[Tree]) -> None:
    """Change the document in `root` at one of its places; `place` is taken modulo their number.

    No change moves the letter to a key that servers use for explanations.
    """
    places = _places(root)
    container, index = places[place % len(places)]
    inner = _get(container, index)
    if how == "delete":
        del container[index]
    elif how == "double":
        container.insert(place % 2 + index, container[index])
    elif how == "rename" and isinstance(container, Pairs):
        container[index] = (name, inner)
    elif how == "wrap":
        _set(container, index, Pairs([(name, inner)]) if place % 2 else [inner])
    elif how == "retype":
        _set(container, index, float(inner) if type(inner) is int and abs(inner) < 2**53 else written(inner))
    elif how == "hoist" and isinstance(inner, list):
        root[:] = [inner]
    if how in ("double", "replace"):
        _set(container, index, tree(value))


def set_everywhere(key: str, value: object, root: list[Tree]) -> None:
    """Set every value with this key."""
    for container, index in _places(root):
        if isinstance(container, Pairs) and container[index][0] == key:
            _set(container, index, tree(value))


def _places(root: list[Tree]) -> list[tuple[Tree, int]]:
    """Return every place of the document, as a container and an index."""
    found: list[tuple[Tree, int]] = []
    level: list[Tree] = [root]
    for _ in range(_DEPTH):
        places = [(container, index) for container in level for index in range(len(container))]
        level = [inner for place in places if isinstance(inner := _get(*place), list)]
        found += places
    return found


def _get(container: Tree, index: int) -> Tree:
    return container[index][1] if isinstance(container, Pairs) else container[index]


def _set(container: Tree, index: int, value: Tree) -> None:
    container[index] = (container[index][0], value) if isinstance(container, Pairs) else value
