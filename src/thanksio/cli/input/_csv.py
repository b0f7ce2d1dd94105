"""Read orders from a table with a header, as spreadsheets and databases export it, and never from the wrong column.

Other columns can look like order ids: a postal code, or a customer number.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from attrs import define

from thanksio.cli.input._rows import Rows, is_known, is_similar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from thanksio.cli.input._rows import Columns

Lines: TypeAlias = "Iterator[tuple[int, str]]"  # with their numbers

DELIMITERS = ",;\t"
LONGEST_HEADER = 64 * 1024  # characters; a whole file of JSON can be one line
_LONGEST_CELL = 2**31 - 1  # characters; the largest that Python takes on all systems


def delimiter_of(line: str, id_column: str = "") -> str:
    """Return the delimiter if the line is the header of a table of orders, else an empty string."""
    header = line[:LONGEST_HEADER]
    rows = {mark: header.split(mark) for mark in DELIMITERS}
    known = (mark for mark, cells in rows.items() if any(is_known(cell, id_column) for cell in cells))
    similar = (mark for mark, cells in rows.items() if any(map(is_similar, cells)))
    return next(chain(known, similar), "")


def read_table(lines: Lines, delimiter: str, rows: Rows) -> None:
    """Read a table whose header is the first line. A row whose columns may have moved is not used."""
    number, header = next(lines)
    with _long_cells():
        try:
            columns = rows.columns(next(csv.reader([header], delimiter=delimiter, strict=True)))
        except csv.Error as error:
            rows.reject(f"line {number}", _broken(error))
        except ValueError as error:
            rows.reject("", str(error))
        else:
            _read_rows(_Ended(lines), number, delimiter, columns, rows)


@contextmanager
def _long_cells() -> Generator[None]:
    """Raise the limit of a cell's length for a while; it applies to the whole process."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@define
class _Ended:
    """The texts of lines, and whether the last one had a line ending."""

    _lines: Iterable[tuple[int, str]]
    has_end: bool = True

    def __iter__(self) -> Iterator[str]:
        for _, line in self._lines:
            self.has_end = line.endswith("\n")
            yield line


def _read_rows(lines: _Ended, header_at: int, delimiter: str, columns: Columns, rows: Rows) -> None:
    width = len(columns.names)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = header_at + 1 + reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            rows.reject_all(_place(first, header_at + reader.line_num), _broken(error))
            return
        last = header_at + reader.line_num
        if len(row) > width:
            rows.reject(_place(first, last), f"{_fields(row, width)}; is a quotation mark missing?")
        elif len(row) < width and first != last:  # it may contain the following rows
            rows.reject_all(_place(first, last), f"{_fields(row, width)}; is a quotation mark missing?")
            return
        elif not any(map(str.strip, row)):
            continue
        elif len(row) < width and not lines.has_end:
            rows.reject(_place(first, last), f"{_fields(row, width)}, and the line does not end; is the file complete?")
        else:
            rows.add_row(f"line {first}", columns, row + [""] * (width - len(row)))


def _place(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _fields(row: list[str], width: int) -> str:
    return f"there are {len(row)} fields for {width} columns"


def _broken(error: csv.Error) -> str:
    what = str(error).replace("\t", "\\t").replace("\n", "\\n")  # the message can contain the delimiter
    return f"this is not a row of a table ({what}); is a quotation mark missing?"
