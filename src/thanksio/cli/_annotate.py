"""Write the input rows again with the verdict of each order, as a CSV file (`--output`).

The input is read a second time, by the same rules, and each row is written as soon as it is read: a large file needs no
memory. The results come from the journal.
"""

from __future__ import annotations

import csv
import json
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from attrs import define, field

from thanksio.cli._finding import remembered
from thanksio.cli.input._rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from thanksio.bulk._results import JournalRow
    from thanksio.cli._preflight import Input
    from thanksio.cli.input import Selection
    from thanksio.cli.input._rows import Columns

ADDED = ("verdict", "status", "error", "attempts", "time")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # first characters of a formula: owasp.org, CSV Injection


def write_output(
    file: IO[str],
    given: Input,
    selection: Selection,
    find: Callable[[int], JournalRow | None],
) -> None:
    """Write the rows of an input with what `find` returns for their orders."""
    given.read(selection, _Annotated(given.name, selection, writer=csv.writer(file), find=find))


@define
class _Annotated(Rows):
    """Rows that are written when they have been read. The header is that of the first row."""

    writer: Any = field(kw_only=True)  # csv has no public name for its type
    find: Callable[[int], JournalRow | None] = field(kw_only=True)
    _header: tuple[str, ...] | None = field(default=None, init=False)
    _cells: tuple[tuple[str, ...], Sequence[object]] | None = field(default=None, init=False)
    _is_rejected: bool = field(default=False, init=False)

    def add_row(self, place: str, columns: Columns, values: Sequence[object]) -> None:
        with self._row(tuple(columns.names), values):
            super().add_row(place, columns, values)

    def add(self, place: str, order_id: object) -> None:
        with self._row(("order_id",), (order_id,)):
            super().add(place, order_id)

    @contextmanager
    def _row(self, names: tuple[str, ...], values: Sequence[object]) -> Generator[None]:
        """Write the row that is read in this block, unless it was rejected, which writes it."""
        unselected, self._cells, self._is_rejected = self._unselected, (names, values), False
        self.last = None
        yield
        if self._unselected > unselected:
            self._write(("not_selected", "", "", "", ""))
        elif not self._is_rejected:
            self._write(_result(self.find(self.last)) if self.last else ("not_tried", "", "", "", ""))
        self._cells = None

    def reject(self, place: str, why: str) -> None:
        super().reject(place, why)
        self._is_rejected = True
        self._write(("skipped", "", why if self._cells else f"{place}: {why}", "", ""))

    def _write(self, added: tuple[object, ...]) -> None:
        names, values = self._cells or ((), ())
        if self._header is None:
            self._header = names or ("order_id",)
            taken = {name.strip().casefold() for name in self._header}
            self.writer.writerow([*self._header, *(f"thanksio_{name}" if name in taken else name for name in ADDED)])
        if names != self._header:  # such as keys in another order in JSON lines
            known = dict(zip(names, values, strict=True))
            values = [known.get(name, "") for name in self._header]
        self.writer.writerow([*map(_cell, values), *map(_safe, added)])


def _cell(value: object) -> object:
    """Return a cell of the input as text has it: a workbook has floats, and JSON has objects."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else value


def _result(row: JournalRow | None) -> tuple[object, ...]:
    if row is None:
        return ("not_tried", "", "", "", "")
    finding = remembered(row)
    return (finding.verdict, row.status, finding.error, row.attempts, _time(row.decided))


def _time(moment: float | None) -> str:
    return "" if moment is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _safe(value: object) -> object:
    """Prefix text that a spreadsheet would run as a formula: status and error come from a server."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
