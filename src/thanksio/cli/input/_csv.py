"""Read orders from a table with a header, as spreadsheets and databases export it, and never from the wrong column.

What stands beside an order's number can pass for one: a postal code, or the number of a customer.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, TypeAlias

from thanksio.cli.input._rows import ID_NAMES, TIME_NAMES, Rows, listed, nothing_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Lines: TypeAlias = "Iterator[tuple[int, str]]"  # with their numbers
Record: TypeAlias = tuple[int, int, list[str]]  # the first and the last line of a row, and its fields

DELIMITERS = ",;\t"
LONGEST_HEADER = 64 * 1024  # characters; a whole file of JSON can be one line


def delimiter_of(line: str) -> str:
    """Give what stands between the columns, if the line is the header of a table of orders; nothing if it is not."""
    header, words = line[:LONGEST_HEADER], {_word(name) for name in ID_NAMES}
    return next((mark for mark in DELIMITERS if any(_word(cell) in words for cell in header.split(mark))), "")


def read_table(lines: Lines, delimiter: str, rows: Rows) -> None:
    """Read a table whose header is the first line. Of a row whose columns may have moved nothing is read."""
    number, line = next(lines)
    for _, _, header in _records(number, [line], delimiter, rows):  # none, if it cannot be read
        ids, times = _columns(header, ID_NAMES), _columns(header, TIME_NAMES)
        if not ids:
            rows.reject("", nothing_known(header))
        elif len(ids) > 1 or len(times) > 1:
            rows.reject("", f"two columns have one name; there are: {listed(header)}")
        else:
            table = _records(number + 1, (line for _, line in lines), delimiter, rows)
            _read_rows(table, header, ids[0], times[0] if times else None, rows)


def _read_rows(table: Iterable[Record], header: list[str], id_at: int, time_at: int | None, rows: Rows) -> None:
    names = (listed([header[id_at]]), "" if time_at is None else listed([header[time_at]]))
    for first, last, row in table:
        missing = len(header) - len(row)
        if missing < 0 or (missing and first != last):  # what stands in a column may belong to another
            why = f"there are {len(row)} fields for {len(header)} columns; is a quotation mark missing?"
            rows.reject(f"line {first}", why)
        else:
            row.extend([""] * missing)
            rows.add(f"line {first}", row[id_at], None if time_at is None else row[time_at], names)


def _records(number: int, lines: Iterable[str], delimiter: str, rows: Rows) -> Iterator[Record]:
    """Give the rows of a table that starts at line `number`, but for those that are empty."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = number + reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = number - 1 + reader.line_num
            place = f"line {first}" if first == last else f"lines {first} to {last}"
            what = str(error).replace("\t", "\\t")  # it can name the delimiter
            rows.reject(place, f"this is no row of a table ({what}); is a quotation mark missing?")
        else:
            if any(map(str.strip, row)):
                yield first, number - 1 + reader.line_num, row


def _columns(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Say which columns have the first of these names that is there."""
    words = [_word(cell) for cell in header]
    known = next((word for word in map(_word, names) if word in words), None)
    return [place for place, word in enumerate(words) if word == known]


def _word(name: str) -> str:
    """Reduce the name of a column to what it has in common with others that mean it: Order ID, order_id, orderId."""
    return re.sub(r"[\W_]+", "", name).casefold()
