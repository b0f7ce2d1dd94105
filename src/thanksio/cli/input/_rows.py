"""Judge what a row says, whatever it stood in: the number of an order and when it was placed, or what is wrong with it.

A row may hold names, addresses and letters of people. Of a row that cannot be used, only the value that is wrong is
shown: cut, and printable.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from attrs import define, field, frozen

from thanksio._call import parse_order_id
from thanksio._hour import placed_time
from thanksio._verdict import sanitize
from thanksio.errors import InvalidOrderIdError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

Object: TypeAlias = "dict[str, object]"

ID_NAMES = ("order_id", "id")  # the first that is there counts: an export may have an id of its own
TIME_NAMES = ("placed_at", "created_at")
_TOLD = (*ID_NAMES, *TIME_NAMES)
_KEPT = 1000  # problems that are kept to be shown; a file may hold a million
_SHOWN = 40  # characters of a value or a name
_NAMES = 12  # names that are shown
_time_of = lru_cache(maxsize=4096)(placed_time)  # an hour has 3600 seconds, and a campaign many orders in each
_PART = re.compile(r"[^\s,;|]*")  # of a value that should be a number: what follows may be the rest of a row


@frozen
class Problem:
    """What is wrong with a row, and where it stands, such as "orders.csv, line 17". Both are fit to be printed."""

    place: str
    why: str


@frozen
class Orders:
    """What was read.

    `placed` has each order once, in the order given, with the Unix time at which it was placed, if any row says so.
    `bad` counts the rows that cannot be used; `problems` has the first thousand of them. `repeated` counts the rows
    that name an order which an earlier row had named.
    """

    placed: Mapping[int, float | None]
    problems: tuple[Problem, ...]
    bad: int
    repeated: int


@define
class Rows:
    """The rows of `source` so far: a file, or nothing that has a name."""

    source: str
    _placed: dict[int, float | None] = field(factory=dict[int, "float | None"])
    _problems: list[Problem] = field(factory=list[Problem])
    _bad: int = 0
    _repeated: int = 0

    def orders(self) -> Orders:
        """Give what was read so far."""
        return Orders(self._placed, tuple(self._problems), self._bad, self._repeated)

    def reject(self, place: str, why: str) -> None:
        """Note that what stands at `place` cannot be used; an empty place is the whole source."""
        self._bad += 1
        if self._bad <= _KEPT:
            self._problems.append(Problem(", ".join(filter(None, (self.source, place))), why))

    def add(self, place: str, order_id: object, placed: object = None, names: tuple[str, str] = ("", "")) -> None:
        """Take a row that says this. `names` are those under which it says it, in the source's own words."""
        try:
            number = parse_order_id(order_id.strip() if isinstance(order_id, str) else order_id)
        except InvalidOrderIdError:
            self.reject(place, _no_number(order_id, names[0]))
            return
        try:
            when = _time_of(placed) if isinstance(placed, str) else placed_time(placed)
        except ValueError as error:
            self.reject(place, f"{names[1]} {_quoted(placed)} {error}")
            return
        if number not in self._placed:
            self._placed[number] = when
            return
        self._repeated += 1
        if self._placed[number] is None:
            self._placed[number] = when

    def add_document(self, place: str, document: object) -> None:
        """Take a JSON value: an order's number, an object that says more of it, or an array or page of these."""
        for count, value in enumerate(_values(document), 1):
            where = place if value is document else f"{place}, entry {count}"
            if is_object(value):
                self._add_object(where, value)
            else:
                self.add(where, value)

    def _add_object(self, place: str, row: Object) -> None:
        names = (_first(ID_NAMES, row), _first(TIME_NAMES, row))
        if names[0]:
            self.add(place, row[names[0]], row.get(names[1]), names)
        else:
            self.reject(place, nothing_known(row))


def essence(found: Object) -> Object:
    """Keep of a JSON object what says which order it is, for an order holds a letter and a file holds many orders.

    An object around an order, such as an answer of the API, gives way to the order.
    """
    inner = found.get("order") if "order" in found and "order_id" not in found else None
    if is_object(inner) and ("id" in inner or "order_id" in inner):
        return inner
    if "id" not in found and "order_id" not in found:
        return found
    return {name: found[name] for name in _TOLD if name in found}


def nothing_known(names: Collection[str]) -> str:
    """Say that none of these names is that of an order's number."""
    return f"nothing is called order_id or id; there are: {listed(names)}"


def listed(names: Collection[str]) -> str:
    """Name columns or keys, not all if they are many."""
    shown = [sanitize(name[:500], str, _SHOWN) for name in names][:_NAMES]
    return ", ".join(shown + ["…"] * (len(names) > _NAMES)) or "none"


def is_object(value: object) -> TypeGuard[Object]:
    """Whether this is what a JSON object becomes."""
    return isinstance(value, dict)


def _values(document: object) -> Iterator[object]:
    """Take arrays apart, however deep, and pages of a list, which are objects with an array `data`."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if is_object(value) and isinstance(value.get("data"), list | dict) and value.keys().isdisjoint(ID_NAMES):
            value = value["data"]
        if _is_array(value):
            waiting.extend(reversed(value))
        else:
            yield value


def _first(names: Iterable[str], row: Object) -> str:
    for name in names:
        if name in row:
            return name
    return ""


def _is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _no_number(order_id: object, name: str) -> str:
    if order_id is None or (isinstance(order_id, str) and not order_id.strip()):
        return f"{name or 'the order number'} is missing"
    if isinstance(order_id, str):
        text = order_id[:500].strip()
        part = _PART.match(text)
        order_id = part[0] + "…" if part and part[0] != text else text
    return f"{name} {_quoted(order_id)} is no order number".lstrip()


def _quoted(value: object) -> str:
    if isinstance(value, list | dict):
        return "[…]" if isinstance(value, list) else "{…}"
    return (
        f"'{sanitize(value[:500], str, _SHOWN)}'"
        if isinstance(value, str)
        else sanitize(json.dumps(value), str, _SHOWN)
    )
