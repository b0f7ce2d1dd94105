"""Read a row of any format: the order id and the time at which it was placed, or what is wrong with it.

A row may hold names, addresses and letters of people. Of a row that cannot be used, only the value that is wrong is
shown: cut, and printable.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from attrs import define, field, frozen

from thanksio._call import parse_order_id
from thanksio._verdict import sanitize
from thanksio.bulk._window import is_missing, read_time
from thanksio.errors import InvalidOrderIdError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Object: TypeAlias = "dict[str, object]"

_ID, _ORDER_ID, _PLACED = "id", "orderid", ("placedat", "createdat")  # the first existing column is used
# Another column that may have the order id: thanksio_order_id, Order Number. The API's own similar field has another.
_SIMILAR = re.compile(r"(?!replayedfrom).*order(?:id|number|no|nr|num)")
_KEPT = 1000  # problems that are kept; a file may have a million
_SHOWN = 40  # characters of a value or a name
_NAMES = 12  # names that are shown
_REMEMBERED = 1024  # names of keys
_EARLY = 300  # seconds that the clock of the server may be ahead of ours
_time_of = lru_cache(maxsize=4096)(read_time)  # an hour has 3600 seconds, and a campaign many orders in each
_PART = re.compile(r"[^\s,;|]*")  # of a value that should be a number; the rest may belong to other columns
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)  # 42,709, as a spreadsheet formats a number
_WHOLE = re.compile(r"([1-9]\d*)\.0", re.ASCII)  # pandas writes a column of integers like this if one is missing
_EXACT = 2**53  # below it, every whole float is exact


@frozen
class Selection:
    """The operator's choices: which column, which rows, and the time zone of times without one."""

    id_column: str = ""
    where: tuple[tuple[str, str], ...] = ()  # columns, and the values that they must have
    zone: tzinfo = UTC
    now: float = field(factory=time.time)


@frozen
class Columns:
    """Where a row has the order id, its time, and the values that select it."""

    names: Sequence[str]
    id_at: int
    time_at: int | None
    where: tuple[tuple[int, str], ...]
    shown: tuple[str, str]  # the names of the id column and the time column, printable


@frozen
class Problem:
    """What is wrong with a row, and where it is, such as "orders.csv, line 17". Both are printable."""

    place: str
    why: str


@frozen
class Orders:
    """What was read.

    `placed` has each order once, in the order given, with the Unix time at which it was placed, if any row says so.
    `bad` counts the rows that cannot be used; `problems` has the first thousand of them. `repeated` counts the rows
    that name an order which an earlier row had named. `warnings` has the first thousand times that cannot be used,
    `unread` counts them; their orders are in `placed` without a time. `unselected` counts the rows that were not
    selected. `ids` and `times` are the columns that were read.
    """

    placed: Mapping[int, float | None]
    problems: tuple[Problem, ...]
    bad: int
    repeated: int
    warnings: tuple[Problem, ...] = ()
    unread: int = 0
    unselected: int = 0
    ids: tuple[str, ...] = field(default=(), eq=False)
    times: tuple[str, ...] = field(default=(), eq=False)


@frozen
class Repeated:
    """A JSON object with a repeated key: which value is meant is unclear."""

    key: str


@define
class Rows:
    """The rows read so far of `source`, a file name or ""."""

    source: str
    selection: Selection = field(factory=Selection)
    _placed: dict[int, float | None] = field(factory=dict[int, "float | None"])
    _problems: list[Problem] = field(factory=list[Problem])
    _bad: int = 0
    _repeated: int = 0
    _warnings: list[Problem] = field(factory=list[Problem])
    _unread: int = 0
    _unselected: int = 0
    _ids: dict[str, None] = field(factory=dict[str, None])
    _times: dict[str, None] = field(factory=dict[str, None])
    last: int | None = None  # the number of the latest row that has one
    _decoder: json.JSONDecoder | None = None
    _read: dict[str, bool] = field(factory=dict[str, bool])  # the names of keys so far, and whether they are read

    def orders(self) -> Orders:
        """Return what was read so far."""
        return Orders(
            self._placed,
            tuple(self._problems),
            self._bad,
            self._repeated,
            tuple(self._warnings),
            self._unread,
            self._unselected,
            tuple(self._ids),
            tuple(self._times),
        )

    def reject(self, place: str, why: str) -> None:
        """Record that the row at `place` cannot be used; an empty place is the whole source."""
        self._bad += 1
        _note(self._problems, self._place(place), why)

    def reject_all(self, place: str, why: str) -> None:
        """Record that no row of the source can be trusted, including those already read."""
        self.reject(place, f"{why}; nothing in this file is used")
        self._placed.clear()
        self._repeated = self._unread = self._unselected = 0
        self._warnings.clear()

    def columns(self, names: Sequence[str]) -> Columns:
        """Return which of these columns are read. Raises ValueError if that is ambiguous."""
        return _columns(tuple(names), self.selection.id_column, self.selection.where)

    def add_row(self, place: str, columns: Columns, values: Sequence[object]) -> None:
        """Add a row of a table, or an object, if it is selected."""
        if any(_text(values[at]) != wanted for at, wanted in columns.where):
            self._unselected += 1
            return
        self._ids[columns.shown[0]] = None
        placed = None
        if columns.time_at is not None:
            self._times[columns.shown[1]] = None
            placed = values[columns.time_at]
        self._add(place, values[columns.id_at], placed, columns.shown)

    def add(self, place: str, order_id: object) -> None:
        """Add a row that is only an order id."""
        if self.selection.id_column or self.selection.where:
            self.reject(place, "this row has no columns")
        else:
            self._add(place, order_id, None, ("", ""))

    def _add(self, place: str, order_id: object, placed: object, names: tuple[str, str]) -> None:
        try:
            number = _number(order_id, grouped=bool(names[0]))
        except InvalidOrderIdError:
            self.reject(place, _no_number(order_id, names[0]))
            return
        self.last = number
        when = self._time(place, placed, names[1])
        if number in self._placed:
            self._repeated += 1
        if self._placed.get(number) is None:
            self._placed[number] = when

    def _time(self, place: str, placed: object, name: str) -> float | None:
        """Return the time of an order; one that cannot be used is a warning, because the order can be sent without."""
        zone = self.selection.zone
        try:
            when = _time_of(placed, zone) if isinstance(placed, str) else read_time(placed, zone)
        except ValueError as error:
            why = str(error)
        else:
            if when is None or when <= self.selection.now + _EARLY:
                return when
            why = "is in the future; if it is local time, set its zone with --timezone"
        self._unread += 1
        _note(self._warnings, self._place(place), f"{name} {_quoted(placed)} {why}; its time is taken as unknown")
        return None

    def add_document(self, place: str, document: object) -> None:
        """Add a JSON value: an order id, an object with one, or an array or page of these."""
        for count, value in enumerate(_values(document), 1):
            where = place if value is document else f"{place}, entry {count}"
            if isinstance(value, Repeated):
                self.reject(where, f"the key {listed([value.key])} occurs twice")
            elif _is_object(value):
                try:
                    columns = self.columns(tuple(value))
                except ValueError as error:
                    self.reject(where, str(error))
                else:
                    self.add_row(where, columns, tuple(value.values()))
            elif has_several_scalars(value):
                self.reject(where, "an array of several values is a row without column names")
            else:
                self.add(where, value)

    def decoder(self) -> json.JSONDecoder:
        """Return a JSON decoder that keeps only what identifies orders."""
        if self._decoder is None:
            self._decoder = json.JSONDecoder(object_pairs_hook=self.essence)
        return self._decoder

    def essence(self, pairs: list[tuple[str, object]]) -> Object | Repeated:
        """Keep the part of a JSON object that identifies the order: an order holds a letter, and a file holds many.

        An object around an order, such as a response of the API, gives way to the order.
        """
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [name for name, _ in pairs]
            return Repeated(next(name for name in keys if keys.count(name) > 1))
        read = [name for name in found if self._is_read(name)]
        inner = found.get("order")
        if isinstance(inner, Repeated) or (_is_object(inner) and any(self._names_order(name) for name in inner)):
            outer = {word(name) for name in read}
            if _ORDER_ID not in outer and word(self.selection.id_column or _ORDER_ID) not in outer:
                return inner
        return {name: found[name] for name in read} if any(map(self._names_order, read)) else found

    def _names_order(self, name: str) -> bool:
        return word(name) in {_ID, _ORDER_ID, word(self.selection.id_column)} or is_similar(name)

    def _is_read(self, name: str) -> bool:
        known = self._read.get(name)
        if known is None:
            selected = {word(column) for column, _ in self.selection.where}
            known = word(name) in {*_PLACED, *selected} or self._names_order(name)
            if len(self._read) < _REMEMBERED:  # keys can be numbers of rows
                self._read[name] = known
        return known

    def _place(self, place: str) -> str:
        return ", ".join(filter(None, (self.source, place)))


@lru_cache(maxsize=1024)
def word(name: str) -> str:
    """Reduce the name of a column to what it has in common with others that mean it: Order ID, order_id, orderId."""
    return re.sub(r"[\W_]+", "", name).casefold()


def is_similar(name: str) -> bool:
    """Return whether a column with this name may hold an order id, such as thanksio_order_id."""
    return bool(_SIMILAR.fullmatch(word(name)))


def is_known(name: str, id_column: str) -> bool:
    """Return whether this is the name of an order id."""
    return word(name) in {_ID, _ORDER_ID, word(id_column)} - {""}


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...], id_column: str, where: tuple[tuple[str, str], ...]) -> Columns:
    """Return which columns are read. Raises ValueError if none or several can be meant."""
    words = [word(name) for name in names]
    ids = _named(names, id_column) if id_column else _id_columns(names, words)
    times = _all(words, _PLACED[0]) or _all(words, _PLACED[1])
    if not ids:
        raise ValueError(nothing_known(names, id_column))
    if len(ids) > 1:
        raise ValueError(f"{_several('order id', names, ids)}; choose one with --id-column")
    if len(times) > 1:
        raise ValueError(_several("time", names, times))
    shown = listed([names[ids[0]]]), listed([names[times[0]]]) if times else ""
    return Columns(names, ids[0], times[0] if times else None, tuple(_selecting(names, where)), shown)


def _id_columns(names: Sequence[str], words: Sequence[str]) -> list[int]:
    """Return the columns that can be meant. A row's own id gives way to order_id, and to nothing else."""
    exact = _all(words, _ORDER_ID) or _all(words, _ID)
    similar = [at for at, name in enumerate(names) if is_similar(name) and words[at] != _ORDER_ID]
    return sorted(exact + similar) if exact else []


def _selecting(names: Sequence[str], where: tuple[tuple[str, str], ...]) -> Iterator[tuple[int, str]]:
    for name, wanted in where:
        found = _named(names, name)
        if len(found) != 1:
            how = "several columns are" if found else "no column is"
            raise ValueError(f"{how} called {listed([name])}, which --where names; there are: {listed(names)}")
        yield found[0], wanted.strip()


def _named(names: Sequence[str], name: str) -> list[int]:
    """Return the columns that are called so, literally or, if none is, in other spelling."""
    return _all([known.strip() for known in names], name.strip()) or _all([word(known) for known in names], word(name))


def _all(words: Sequence[str], wanted: str) -> list[int]:
    return [at for at, known in enumerate(words) if known == wanted]


def _several(what: str, names: Sequence[str], places: Sequence[int]) -> str:
    return f"several columns can hold the {what}: {listed([names[at] for at in places])}"


def nothing_known(names: Collection[str], id_column: str = "") -> str:
    """Return the message that none of these names is that of an order id."""
    hint = "; set the column with --id-column" if any(map(is_similar, names)) and not id_column else ""
    return (
        f"nothing is called {listed([id_column]) if id_column else 'order_id or id'}; there are: {listed(names)}{hint}"
    )


def listed(names: Collection[str]) -> str:
    """List columns or keys, shortened if there are many."""
    shown = [sanitize(name[:500], str, _SHOWN) for name in names][:_NAMES]
    return ", ".join(shown + ["…"] * (len(names) > _NAMES)) or "none"


def _note(problems: list[Problem], place: str, why: str) -> None:
    if len(problems) < _KEPT:
        problems.append(Problem(place, why))


def _values(document: object) -> Iterator[object]:
    """Yield the values in nested arrays, and in pages of a list, which are objects with an array `data`.

    An array of several bare values inside of an array is left whole: it is a row whose columns have no names.
    """
    waiting = [(document, False)]
    while waiting:
        value, is_inner = waiting.pop()
        if _is_page(value):
            value, is_inner = value["data"], False
        if _is_array(value) and not (is_inner and has_several_scalars(value)):
            waiting.extend((part, True) for part in reversed(value))
        else:
            yield value


def has_several_scalars(value: object) -> bool:
    """Return whether this is an array of several values that are not objects."""
    return _is_array(value) and len(value) > 1 and not any(map(_is_object, value))


def _is_page(value: object) -> TypeGuard[Object]:
    """Return whether this is a page of a list; with `columns` it is a table of pandas."""
    if not _is_object(value) or not isinstance(value.get("data"), list | dict | Repeated):
        return False
    return "columns" not in value and not _has_id(value)


def _has_id(value: Object) -> bool:
    return any(word(name) in {_ID, _ORDER_ID} for name in value)


def _is_object(value: object) -> TypeGuard[Object]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _number(value: object, *, grouped: bool) -> int:
    """Return an order id. Raises InvalidOrderIdError.

    Thousands are only read as such in a column, because a line `42,709` may be two orders.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.isalnum():  # the common case
            return parse_order_id(text)
        whole = _WHOLE.fullmatch(text)
        is_grouped = grouped and _GROUPED.fullmatch(text)
        return parse_order_id(whole[1] if whole else text.replace(",", "") if is_grouped else text)
    if isinstance(value, float) and value.is_integer() and value < _EXACT:
        return parse_order_id(int(value))
    return parse_order_id(value)


def _no_number(order_id: object, name: str) -> str:
    if is_missing(order_id) and not (isinstance(order_id, str) and order_id.strip() and not name):
        return f"{name or 'the order id'} is missing"
    if isinstance(order_id, str):
        text = order_id[:500].strip()
        part = _PART.match(text)
        order_id = part[0] + "…" if part and part[0] != text else text
    return f"{name} {_quoted(order_id)} is not an order id".lstrip()


def _text(value: object) -> str:
    """Write a value as an operator would write it in --where."""
    return value.strip() if isinstance(value, str) else json.dumps(value, default=str)


def _quoted(value: object) -> str:
    if isinstance(value, list | dict | Repeated):
        return "[…]" if isinstance(value, list) else "{…}"
    return (
        f"'{sanitize(value[:500], str, _SHOWN)}'"
        if isinstance(value, str)
        else sanitize(json.dumps(value, default=str), str, _SHOWN)
    )
