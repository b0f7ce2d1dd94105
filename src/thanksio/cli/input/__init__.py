"""Read the orders that an operator wants cancelled, and name each row that cannot be used, before anything is sent.

The content of a file decides its format, not its name: a table with a header, a workbook, JSON, or one order id per
line.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from io import IncrementalNewlineDecoder
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from thanksio._verdict import sanitize
from thanksio.cli.input._csv import DELIMITERS, LONGEST_HEADER, delimiter_of, read_table
from thanksio.cli.input._rows import Orders, Problem, Rows, Selection, has_several_scalars, nothing_known
from thanksio.cli.input._xlsx import MARK, read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thanksio.cli.input._csv import Lines

__all__ = ["Orders", "Problem", "Selection", "read_arguments", "read_file"]

_CHUNK = 64 * 1024  # bytes
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_VALUE = re.compile(r"[^\s,]")
_SKIPPED = re.compile(r"\s*(?:#(?![0-9])|$)")  # empty, or a comment; "#37294" is more likely an order
_DATUM = re.compile(r"[^\w@]*[0-9]|[^@]*@")  # not a column name: a number or an email address
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)  # the line that declares the delimiter to Excel
_NO_HEADER = "the first line is not a header; a table needs a header with order_id, a list one order id per line"


def read_arguments(ids: Iterable[str], rows: Rows | None = None) -> Orders:
    """Read order ids as they are on a command line."""
    rows = rows or Rows("")
    for place, text in enumerate(ids, 1):
        rows.add(f"argument {place}", text)
    return rows.orders()


def read_file(stream: BinaryIO, name: str, selection: Selection | None = None, rows: Rows | None = None) -> Orders:
    """Read a file of orders, which problems call `name`.

    It is read as UTF-8, or UTF-16 if it looks like it. Bytes that are neither do no harm where nothing is read from
    them. `rows` collects what is read. Raises OSError if the stream cannot be read.
    """
    rows = rows or Rows(sanitize(name, str), selection or Selection())
    start = stream.read(_CHUNK)
    if start.startswith(MARK):
        read_workbook(start + stream.read(), rows)
        return rows.orders()
    lines = enumerate(_lines(start, stream), 1)
    delimiter = ""
    for number, line in lines:
        separator = _SEPARATOR.fullmatch(line)
        if separator and not delimiter:
            delimiter = separator[1]
            continue
        delimiter = delimiter or delimiter_of(line, rows.selection.id_column)
        if delimiter or not _SKIPPED.match(line):
            _read(chain([(number, line)], lines), line.strip(), delimiter, rows)
            break
    return rows.orders()


def _read(lines: Lines, text: str, delimiter: str, rows: Rows) -> None:
    """Read `lines` in the format of the first of them, whose content is `text`."""
    cells = [cell.strip('" ') for cell in re.split(f"[{DELIMITERS}]", text[:LONGEST_HEADER])]
    if "\0" in text:
        rows.reject("", "this is not text; save a spreadsheet as CSV in UTF-8")
    elif text and text[0] in "{[":
        read = _read_lines if text[0] == "{" and _is_json(text, rows) else _read_documents
        read(lines, rows)
    elif delimiter:
        read_table(lines, delimiter, rows)
    elif not any(_DATUM.match(cell) for cell in cells):
        rows.reject("", nothing_known(cells, rows.selection.id_column))
    elif len(cells) == 1:
        _read_lines(lines, rows)
    else:
        rows.reject("", _NO_HEADER)


def _read_lines(lines: Lines, rows: Rows) -> None:
    """Read one order id, or one JSON document, per line."""
    for number, line in lines:
        text = line.strip()
        if _SKIPPED.match(text):
            continue
        if text[0] not in '{["':
            rows.add(f"line {number}", text)
            continue
        try:
            rows.add_document(f"line {number}", _line_of_json(text, rows))
        except json.JSONDecodeError as error:
            rows.reject(f"line {number}", f"this is not JSON ({error.msg})")


def _read_documents(lines: Lines, rows: Rows) -> None:
    """Read JSON that spans lines: an array, or values one after another, as jq writes them."""
    number, first = next(lines)
    text = "".join(chain([first], (line for _, line in lines)))
    end = 0
    may_be_rows: list[bool] = []
    while value := _VALUE.search(text, end):
        number += text.count("\n", end, value.start())
        try:
            document, end = _json(text, value.start(), rows)
        except json.JSONDecodeError as error:
            number += text.count("\n", value.start(), error.pos)
            rows.reject(f"line {number}", f"this is not JSON ({error.msg}); nothing after it was read")
            return
        may_be_rows.append(has_several_scalars(document))
        if len(may_be_rows) > 1 and any(may_be_rows):
            rows.reject_all(f"line {number}", "an array of several values is a row without column names")
            return
        rows.add_document(f"line {number}", document)
        number += text.count("\n", value.start(), end)


def _is_json(text: str, rows: Rows) -> bool:
    with suppress(json.JSONDecodeError):
        _line_of_json(text, rows)
        return True
    return False


def _line_of_json(text: str, rows: Rows) -> object:
    document, end = _json(text, 0, rows)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return document


def _json(text: str, start: int, rows: Rows) -> tuple[object, int]:
    """Return the document that starts there, and where it ends. Raises JSONDecodeError."""
    try:
        return rows.decoder().raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of brackets
        raise json.JSONDecodeError("Too large or too deep", text, start) from error


def _lines(chunk: bytes, stream: BinaryIO) -> Iterator[str]:
    """Decode `chunk` and the rest of a stream line by line. Each line but the last ends in a newline."""
    decoder = IncrementalNewlineDecoder(codecs.getincrementaldecoder(_encoding(chunk))("replace"), translate=True)
    parts: list[str] = []
    while True:
        start, *more = decoder.decode(chunk, final=not chunk).split("\n")
        parts.append(start)
        if more:
            yield "".join([*parts, "\n"])
            parts = [more.pop()]
            yield from (f"{line}\n" for line in more)
        if not chunk:
            break
        chunk = stream.read(_CHUNK)
    yield from filter(None, ["".join(parts)])


def _encoding(chunk: bytes) -> str:
    """Return the encoding of a text that begins like this; in UTF-16 every other byte of a header is 0."""
    if chunk.startswith(_UTF_16):
        return "utf-16"
    low, high = chunk[:64:2], chunk[1:64:2]
    if low and high and not any(high) and all(low):
        return "utf-16-le"
    return "utf-16-be" if high and not any(low) and all(high) else "utf-8-sig"
