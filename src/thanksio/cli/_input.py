"""Read the orders that an operator wants cancelled, and name each row that cannot be used, before anything is sent.

A file is what its content says and not what its name says: a table with a header, JSON, or one order number per line.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from contextlib import suppress
from io import IncrementalNewlineDecoder
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from thanksio._verdict import clean
from thanksio.cli._rows import ID_NAMES, TIME_NAMES, Orders, Problem, Rows, essence, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Orders", "Problem", "read_arguments", "read_file"]

Lines: TypeAlias = "Iterator[tuple[int, str]]"  # with their numbers
Record: TypeAlias = tuple[int, int, list[str]]  # the first and the last line of a row, and its fields

_CHUNK = 64 * 1024  # bytes
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"
_DECODER = json.JSONDecoder(object_hook=essence)
_VALUE = re.compile(r"[^\s\[\],]")
_SKIPPED = re.compile(r"\s*(?:#(?![0-9])|$)")  # nothing, or a comment; "#37294" is more likely an order
_DATUM = re.compile(r"[^\w@]*[0-9]|[^@]*@")  # how no column's name begins: a number, an address of electronic mail
_LONGEST_HEADER = 64 * 1024  # characters; a whole file of JSON can be one line
_NO_HEADER = "the first line names no columns; a table needs a header with order_id, and a list one order a line"
_NO_COLUMN = "no column is called order_id or id; there are: {}"


def read_arguments(ids: Iterable[str]) -> Orders:
    """Read order numbers as they stand on a command line."""
    rows = Rows("")
    for place, text in enumerate(ids, 1):
        rows.add(f"argument {place}", text)
    return rows.orders()


def read_file(stream: BinaryIO, name: str) -> Orders:
    """Read a file of orders, which problems call `name`.

    It is read as UTF-8, or UTF-16 if it says so. Bytes that are neither do no harm where nothing is read from them.
    Raises OSError if the stream cannot be read.
    """
    rows = Rows(clean(name, str))
    lines = enumerate(_lines(stream), 1)
    for number, line in lines:
        delimiter = _delimiter(line)
        if delimiter or not _SKIPPED.match(line):
            _read(chain([(number, line)], lines), line.strip(), delimiter, rows)
            break
    return rows.orders()


def _read(lines: Lines, text: str, delimiter: str, rows: Rows) -> None:
    """Read `lines` in the form that their first has, whose content is `text`."""
    cells = [cell.strip('" ') for cell in re.split(f"[{_DELIMITERS}]", text[:_LONGEST_HEADER])]
    if "\0" in text:
        rows.reject("", "this is no text; a spreadsheet must be saved as CSV, in UTF-8")
    elif text[0] in "{[":
        read = _read_lines if _is_object(text) else _read_documents
        read(lines, rows)
    elif delimiter:
        _read_table(lines, delimiter, rows)
    elif not any(_DATUM.match(cell) for cell in cells):
        rows.reject("", _NO_COLUMN.format(listed(cells)))
    elif len(cells) == 1:
        _read_lines(lines, rows)
    else:
        rows.reject("", _NO_HEADER)


def _read_lines(lines: Lines, rows: Rows) -> None:
    """Read one order number, or one JSON document, per line."""
    for number, line in lines:
        text = line.strip()
        if _SKIPPED.match(text):
            continue
        if text[0] not in '{["':
            rows.add(f"line {number}", text)
            continue
        try:
            rows.add_document(f"line {number}", _line_of_json(text))
        except json.JSONDecodeError as error:
            rows.reject(f"line {number}", f"this is no JSON ({error.msg})")


def _read_documents(lines: Lines, rows: Rows) -> None:
    """Read JSON that spans lines, such as jq writes: values with nothing or a comma in between, or arrays of them.

    They are taken one at a time, for as objects of Python a million orders need ten times the memory of their text.
    """
    number, first = next(lines)
    text = "\n".join(chain([first], (line for _, line in lines)))
    position, depth, count = 0, 0, 0
    while value := _VALUE.search(text, position):
        start = value.start()
        number += text.count("\n", position, start)
        depth += _depth(text, position, start)
        try:
            document, position = _json(text, start)
        except json.JSONDecodeError as error:
            number += text.count("\n", start, error.pos)
            rows.reject(f"line {number}", f"this is no JSON ({error.msg}); nothing below it was read")
            return
        count += 1
        rows.add_document(f"line {number}, entry {count}", document)
        number += text.count("\n", start, position)
    if depth + _depth(text, position, len(text)):
        rows.reject("", "its brackets [ and ] do not match; was it cut off?")


def _depth(text: str, start: int, end: int) -> int:
    return text.count("[", start, end) - text.count("]", start, end)


def _is_object(text: str) -> bool:
    with suppress(json.JSONDecodeError):
        return text[0] == "{" and bool(_line_of_json(text))
    return False


def _line_of_json(text: str) -> object:
    document, end = _json(text, 0)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return document


def _json(text: str, start: int) -> tuple[object, int]:
    """Give the document that starts there, and where it ends. Raises JSONDecodeError."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of brackets
        raise json.JSONDecodeError("Beyond all measure", text, start) from error


def _read_table(lines: Lines, delimiter: str, rows: Rows) -> None:
    number, line = next(lines)
    for _, _, header in _records(number, [line], delimiter, rows):  # none, if it cannot be read
        ids, times = _columns(header, ID_NAMES), _columns(header, TIME_NAMES)
        if not ids:
            rows.reject("", _NO_COLUMN.format(listed(header)))
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
            rows.reject(place, f"this is no row of a table ({error}); is a quotation mark missing?")
        else:
            if any(map(str.strip, row)):
                yield first, number - 1 + reader.line_num, row


def _columns(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Say which columns have the first of these names that is there."""
    words = [_word(cell) for cell in header]
    known = next((word for word in map(_word, names) if word in words), None)
    return [place for place, word in enumerate(words) if word == known]


def _delimiter(line: str) -> str:
    """Give what stands between the columns, if the line is the header of a table of orders; nothing if it is not."""
    header, words = line[:_LONGEST_HEADER], {_word(name) for name in ID_NAMES}
    return next((mark for mark in _DELIMITERS if any(_word(cell) in words for cell in header.split(mark))), "")


def _word(name: str) -> str:
    """Reduce the name of a column to what it has in common with others that mean it: Order ID, order_id, orderId."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Decode a stream line by line, without the ends of the lines, in memory for the longest of them."""
    chunk = stream.read(_CHUNK)
    encoding = "utf-16" if chunk.startswith(_UTF_16) else "utf-8-sig"
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("replace"), translate=True)
    parts: list[str] = []
    while True:
        start, *more = decoder.decode(chunk, final=not chunk).split("\n")
        parts.append(start)
        if more:
            yield "".join(parts)
            parts = [more.pop()]
            yield from more
        if not chunk:
            break
        chunk = stream.read(_CHUNK)
    yield "".join(parts)
