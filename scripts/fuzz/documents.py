"""The documented answers with secrets planted in them, and the ways to spoil a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from fuzz.oracle import LETTER, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

_ANSWERS = Path(__file__).resolve().parents[2] / "tests" / "answers"
# JSON as lists of lists: an object is one of [name, value], so that a name can stand in it twice.
Tree: TypeAlias = Any
_Place: TypeAlias = tuple[Tree, int]
_Way: TypeAlias = "Callable[[Tree, int, Spoiling, Tree], None]"


class _Object(list[list[Any]]):
    """A JSON object."""


class _Array(list[Any]):
    """A JSON array."""


def tree(value: object) -> Tree:
    """Turn parsed JSON into what can be spoiled. Bytes are JSON already, of a kind that json.dumps cannot write."""
    if isinstance(value, dict):
        return _Object([name, tree(inner)] for name, inner in value.items())
    return _Array(tree(inner) for inner in value) if isinstance(value, list) else value


def written(value: Tree) -> str:
    """Write it as JSON, or as what is almost JSON."""
    if isinstance(value, _Object):
        return "{" + ", ".join(f"{json.dumps(name)}: {written(inner)}" for name, inner in value) + "}"
    if isinstance(value, _Array):
        return "[" + ", ".join(written(inner) for inner in value) + "]"
    return value.decode("latin-1") if isinstance(value, bytes) else json.dumps(value)


def _documented(kind: str) -> list[tuple[int, dict[str, Any]]]:
    """Read the documented answers of a kind, "cancel" or "errors", with their statuses."""
    paths = sorted(path for path in (_ANSWERS / kind).rglob("*.json") if "headers" not in path.name)
    return [(int(path.name[:3]), json.loads(path.read_text("utf-8"))) for path in paths]


# The letter stands only where it is no explanation of the server's: within an order. The token stands anywhere.
_SECRETS = {"message": LETTER, "return_address": LETTER, "image_type": TOKEN}
_ORDERS = [document["order"] | _SECRETS for _, document in _documented("cancel")]


def orders(order_id: object, status: object) -> list[tuple[int, Tree]]:
    """Return the documented answers that show an order, in each of the documented shapes."""
    return [(200, tree({"order": shape | {"id": order_id, "status": status}})) for shape in _ORDERS]


def refusals() -> list[tuple[int, Tree]]:
    """Return the documented errors as they are, echoing the token, with an order beside them, and within one."""
    changes: list[dict[str, Any]]
    changes = [
        *({}, {"type": "about:blank"}, {"message": f"no {TOKEN}"}, {"order": _ORDERS[0]}),
        _ORDERS[1] | {"errors": [TOKEN]},
    ]
    return [(status, tree(document | change)) for change in changes for status, document in _documented("errors")]


@frozen
class Spoiling:
    """A change at one place of a document, which is taken modulo their number.

    No way leads the letter under a name that servers explain themselves with.
    """

    how: str
    place: int
    value: object = None
    name: str = ""

    def apply(self, document: Tree) -> Tree:
        """Return a changed copy."""
        root = _Array([_copied(document)])
        places = _places(root)
        _WAYS[self.how](*places[self.place % len(places)], self, root)
        return root[0] if root else None


def _copied(value: Tree) -> Tree:
    if isinstance(value, _Object):
        return _Object([name, _copied(inner)] for name, inner in value)
    return _Array(map(_copied, value)) if isinstance(value, _Array) else value


def _places(root: Tree) -> list[_Place]:
    """Return every place in it, as a container and an index; deeper ones than a few levels are no different."""
    found: list[_Place] = []
    level = [root]
    for _ in range(6):
        new = [(container, index) for container in level for index in range(len(container))]
        level = [value for place in new if isinstance(value := _get(*place), _Object | _Array)]
        found += new
    return found


def _get(container: Tree, index: int) -> Tree:
    return container[index][1] if isinstance(container, _Object) else container[index]


def _set(container: Tree, index: int, value: Tree) -> None:
    container[index] = [container[index][0], value] if isinstance(container, _Object) else value


def _delete(container: Tree, index: int, _: Spoiling, __: Tree) -> None:
    del container[index]


def _double(container: Tree, index: int, spoiling: Spoiling, _: Tree) -> None:
    container.insert(spoiling.place % 2 + index, container[index])
    _set(container, index, tree(spoiling.value))


def _replace(container: Tree, index: int, spoiling: Spoiling, _: Tree) -> None:
    _set(container, index, tree(spoiling.value))


def _rename(container: Tree, index: int, spoiling: Spoiling, _: Tree) -> None:
    if isinstance(container, _Object):
        container[index] = [spoiling.name, container[index][1]]


def _wrap(container: Tree, index: int, spoiling: Spoiling, _: Tree) -> None:
    value = _get(container, index)
    _set(container, index, _Object([[spoiling.name, value]]) if spoiling.place % 2 else _Array([value]))


def _retype(container: Tree, index: int, _: Spoiling, __: Tree) -> None:
    """Turn an integer into a fraction, and anything else into a string."""
    value = _get(container, index)
    _set(container, index, float(value) if type(value) is int and abs(value) < 2**53 else written(value))


def _hoist(container: Tree, index: int, _: Spoiling, root: Tree) -> None:
    """Put a part in the place of the whole."""
    value = _get(container, index)
    if isinstance(value, _Object | _Array):
        root[:] = [value]


def _identify(_: Tree, __: int, spoiling: Spoiling, root: Tree) -> None:
    """Put a value in the place of every id or every status."""
    for container, index in _places(root):
        if isinstance(container, _Object) and container[index][0] == ("status" if spoiling.place % 2 else "id"):
            _set(container, index, tree(spoiling.value))


_NAMING: dict[str, _Way] = {"rename": _rename, "wrap": _wrap}
_SETTING: dict[str, _Way] = {"double": _double, "replace": _replace, "identify": _identify}
_MOVING: dict[str, _Way] = {"delete": _delete, "retype": _retype, "hoist": _hoist}
_WAYS = _NAMING | _SETTING | _MOVING
NAMING, SETTING, MOVING = tuple(_NAMING), tuple(_SETTING), tuple(_MOVING)
