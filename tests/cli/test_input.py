"""Reading the input of `thanksio cancel`: which orders it names, and which rows cannot be used."""

from __future__ import annotations

import ast
import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import CANCELLED, LETTER, order
from hypothesis import given
from hypothesis import strategies as st

from thanksio.bulk._window import placed_time, read_time
from thanksio.cli import input as _input
from thanksio.cli.input import Orders, Problem, Selection, _csv, _rows, read_arguments, read_file

TEXT = "2025-08-14 16:42:44"
PLACED = 1755189764.0
PHP = {"date": TEXT + ".000000", "timezone_type": 3, "timezone": "UTC"}
NOT_USED = "; nothing in this file is used"
NAME_ONE = "choose one with --id-column"
NO_TIME = "is not a time such as 2026-11-24 09:30:00 (UTC) or 2026-11-24T09:30:00Z"


def read(content: str | bytes, name: str = "orders.csv", **selection: Any) -> Orders:
    data = content.encode() if isinstance(content, str) else content
    return read_file(io.BytesIO(data), name, Selection(**selection))


def messages(orders: Orders) -> list[str]:
    return [f"{problem.place}: {problem.why}" for problem in orders.problems]


def json_lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


# Formats

TWO = {
    "list": "37294\n37295\n",
    "list, Windows": "37294\r\n37295\r\n",
    "list, old Mac": "37294\r37295\r",
    "list, no end of line": "37294\n37295",
    "list, spaces around": "  37294\t\n\u00a037295 \n",
    "list, blank lines": "\n\n37294\n   \n37295\n\n",
    "list, comments": "# wrong letter\n37294\n  # and this one\n#\n37295\n",
    "list, quoted": '"37294"\n"37295"\n',
    "list, numbers and texts": '37294\n"37295"\n',
    "one column": "order_id\n37294\n37295\n",
    "one column, id": "id\n37294\n37295\n",
    "commas": "order_id,name\n37294,Jane\n37295,Joe\n",
    "semicolons": "name;order_id\nDoe, Jane;37294\nDoe, Joe;37295\n",
    "tabs": "name\torder_id\nDoe, Jane; II\t37294\nJoe\t37295\n",
    "quoted fields": '"name","order_id"\n"Doe, ""Jane""","37294"\n"Joe",37295\n',
    "fields of two lines": 'order_id,message\n37294,"Dear\nJane"\n37295,"Dear\r\n\r\nJoe"\n',
    "header in capitals": "ORDER_ID\n37294\n37295\n",
    "header with a space": "Name, Order ID \nJane,37294\nJoe,37295\n",
    "header as in addresses": "orderId\n37294\n37295\n",
    "thousands": 'order_id,name\n"37,294",\n"37,295",\n',
    "pandas, a column with a gap": "order_id,name\n37294.0,\n37295.0,\n",
    "JSON, whole floats": json_lines({"id": 37294.0}, {"id": 37295.0}),
    "Excel's delimiter": "sep=;\nname;order_id\nDoe, Jane;37294\nJoe;37295\n",
    "Excel's delimiter, quoted": '"sep=|"\nname|order_id\nDoe, Jane|37294\nJoe|37295\n',
    "header below a comment": "# exported today, by Jane\n\nid,name\n37294,\n37295,\n",
    "header that begins like a comment": "#,order_id\n1,37294\n2,37295\n",
    "the order id wins over the row's": "id,order_id\n1,37294\n2,37295\n",
    "empty rows of a spreadsheet": "order_id,name\n37294,Jane\n,\n\n , \n37295,Joe\n,\n",
    "short rows": "order_id,name,placed_at\n37294\n37295,Joe\n",
    "JSON lines": json_lines({"id": 37294}, {"order_id": "37295"}),
    "JSON lines of numbers and texts": '{"id": 37294}\n37295\n"37295"\n',
    "JSON lines, blank and commented": '{"id": 37294}\n\n# and\n{"id": 37295}\n',
    "JSON lines, the order id wins": json_lines({"id": 1, "order_id": 37294}, {"order_id": 37295, "id": 2}),
    "JSON lines of answers": json_lines({"order": CANCELLED["order"]}, order(id=37295)),
    "JSON lines of events": json_lines({"id": 1, "order": {"id": 37294}}, {"id": 2, "order": {"order_id": 37295}}),
    "JSON lines of arrays": "[37294]\n[37295]\n",
    "JSON lines of pages": json_lines({"data": [{"id": 37294}]}, {"data": [{"id": 37295}]}),
    "JSON array": json.dumps([37294, {"id": 37295}]),
    "JSON array of texts": json.dumps(["37294", "37295"]),
    "JSON array, pretty": json.dumps([{"id": 37294}, {"order_id": 37295}], indent=2),
    "JSON array, a line each": '[\n{"id": 37294},\n{"id": 37295}\n]\n',
    "JSON array, commas first": '[ {"id": 37294}\n, {"id": 37295}\n]',
    "JSON arrays of arrays": "[[37294], [[37295]], []]",
    "JSON objects, pretty": json.dumps({"id": 37294}, indent=4) + "\n" + json.dumps({"id": 37295}, indent=4) + "\n",
    "JSON objects, commas between": '{\n"id": 37294\n},\n{\n"id": 37295\n},\n',
    "JSON page of a list": json.dumps({"data": [order(id=37294)["order"], {"id": 37295}], "meta": {"total": 2}}),
    "JSON page of a list, pretty": json.dumps({"data": [{"id": 37294}, {"id": 37295}], "links": {}}, indent=1),
    "JSON pages in an array": json.dumps([{"data": [{"id": 37294}]}, {"data": {"id": 37295}}]),
}


@pytest.mark.parametrize("content", TWO.values(), ids=TWO.keys())
def test_orders_are_read_in_every_form_and_encoding(content: str) -> None:
    encoded = [content.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16")]
    encoded.append(("\ufeff" + content).encode("utf-16-be"))
    if content.strip().isascii():  # without a byte order mark, UTF-16 is recognized by its zeros alone
        encoded.append(content.encode("utf-16-le"))

    for data in encoded:
        orders = read(data)
        assert messages(orders) == []
        assert list(orders.placed) == [37294, 37295]
        assert set(orders.placed.values()) <= {None, 1586132431.0}  # the documented example's


KNOWN = {
    "placed_at": f"order_id,placed_at\n37294,{TEXT}\n",
    "created_at": f"id;created_at\n37294;{TEXT}\n",
    "RFC 3339": "id,created_at\n37294,2025-08-14T16:42:44.000000Z\n",
    "Created At": f"Created At\tID\n{TEXT}\t37294\n",
    "placed_at wins": f"created_at,id,placed_at\n2020-01-01 00:00:00,37294,{TEXT}\n",
    "JSON": json_lines({"id": 37294, "created_at": TEXT}),
    "JSON, placed_at wins": json_lines({"id": 37294, "created_at": "2020-01-01 00:00:00", "placed_at": TEXT}),
    "JSON of PHP": json_lines({"id": 37294, "created_at": PHP}),
    "JSON of PHP, pretty": json.dumps([{"id": 37294, "created_at": PHP}], indent=2),
    "answer": json_lines(order(created_at=TEXT)),
}


@pytest.mark.parametrize("content", KNOWN.values(), ids=KNOWN.keys())
def test_when_an_order_was_placed_is_read_beside_it(content: str) -> None:
    assert read(content) == Orders({37294: PLACED}, (), 0, 0)


@pytest.mark.parametrize(
    "content",
    ["id,placed_at\n37294,\n", "id,placed_at\n37294, \n", "id,placed_at\n37294\n", '{"id": 37294, "placed_at": null}'],
)
def test_an_order_may_have_no_time(content: str) -> None:
    assert read(content) == Orders({37294: None}, (), 0, 0)


def test_an_order_that_is_named_again_is_read_once() -> None:
    assert read("37295\n37294\n37295\n37295\n") == Orders({37295: None, 37294: None}, (), 0, 2)


def test_a_later_row_adds_a_time_but_does_not_change_one() -> None:
    orders = read(f"id,placed_at\n37294,\n37294,{TEXT}\n37294,2020-01-01 00:00:00\n37294,\n")

    assert orders == Orders({37294: PLACED}, (), 0, 3)


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", "# nothing\n", "order_id\n", "[]", " [ ]\n"])
def test_a_file_that_names_nothing_is_empty(content: str) -> None:
    assert read(content) == Orders({}, (), 0, 0)


def test_bytes_that_are_not_utf_8_are_accepted_in_columns_that_are_not_read() -> None:
    """A spreadsheet saves CSV in the code page of its machine."""
    content = "Empfänger;order_id\nMüller;37294\n".encode("cp1252")

    assert read(content) == Orders({37294: None}, (), 0, 0)


def test_a_stream_is_read_as_it_arrives() -> None:
    class Dripping(io.RawIOBase):
        rest = ("id,name\r\n37294,Zoë\r\n37295,Joe\r\n").encode("utf-16")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            piece, self.rest = self.rest[:3], self.rest[3:]
            buffer[: len(piece)] = piece
            return len(piece)

    with io.BufferedReader(Dripping()) as stream:
        orders = read_file(stream, "standard input")

    assert orders == Orders({37294: None, 37295: None}, (), 0, 0)


# Rows that cannot be used

BAD_ROWS = {
    "word": ("37294\nabc\n", ["orders.csv, line 2: 'abc' is not an order id"]),
    "fraction": ("37294.5\n", ["orders.csv, line 1: '37294.5' is not an order id"]),
    "thousands as in German": ("37.294\n", ["orders.csv, line 1: '37.294' is not an order id"]),
    "thousands in a list": ("1\n37,294\n", ["orders.csv, line 2: '37…' is not an order id"]),
    "wrong thousands": ('id,name\n"3,72",\n', ["orders.csv, line 2: id '3…' is not an order id"]),
    "NULL": ("id,name\nNULL,Jane\n", ["orders.csv, line 2: id is missing"]),
    "cut off": (
        "order_id,name\n37294,Jane\n372",
        ["orders.csv, line 3: there are 1 fields for 2 columns, and the line does not end; is the file complete?"],
    ),
    "power of ten": ("id\n3.7E+04\n", ["orders.csv, line 2: id '3.7E+04' is not an order id"]),
    "leading #": ("#37294\n", ["orders.csv, line 1: '#37294' is not an order id"]),
    "leading # below": ("37294\n #37295\n", ["orders.csv, line 2: '#37295' is not an order id"]),
    "leading zero": ("037294\n", ["orders.csv, line 1: '037294' is not an order id"]),
    "sign": ("-37294\n", ["orders.csv, line 1: '-37294' is not an order id"]),
    "zero": ("0\n", ["orders.csv, line 1: '0' is not an order id"]),
    "too large": ("9223372036854775808", ["orders.csv, line 1: '9223372036854775808' is not an order id"]),
    "digits of another script": (
        "37294\n\u0663\u0667\u0662\u0669\u0664\n",
        ["orders.csv, line 2: '\u0663\u0667\u0662\u0669\u0664' is not an order id"],
    ),
    "path": ("37294\n..\n", ["orders.csv, line 2: '..' is not an order id"]),
    "grep -n": ("17:37294\n", ["orders.csv, line 1: '17:37294' is not an order id"]),
    "rest of a row": ("37294\n37295,Jane Doe\n", ["orders.csv, line 2: '37295…' is not an order id"]),
    "two on a line": ("37294\n37295 37296\n", ["orders.csv, line 2: '37295…' is not an order id"]),
    "blank lines count": ("\n# x\n37294\n\nx\n", ["orders.csv, line 5: 'x' is not an order id"]),
    "the header's own word": ("x,Order ID\n1,abc\n", ["orders.csv, line 2: Order ID 'abc' is not an order id"]),
    "no number in a row": ("order_id,name\n,Jane\n", ["orders.csv, line 2: order_id is missing"]),
    "no number in a short row": ("name,order_id\nJane\n", ["orders.csv, line 2: order_id is missing"]),
    "undecodable number": (b"id\n372\xff94\n", ["orders.csv, line 2: id '372\ufffd94' is not an order id"]),
    "NUL": ("id\n37\x00294\n", ["orders.csv, line 2: id '37\ufffd294' is not an order id"]),
    "escape codes": ("id\n\x1b[31m7\n", ["orders.csv, line 2: id '\ufffd[31m7' is not an order id"]),
    "long": (f"id\n{'7' * 99999}\n", [f"orders.csv, line 2: id '{'7' * 39}…' is not an order id"]),
    "more fields than columns": (
        "name,order_id,zip\nDoe, Jane,37294,90210\n37295,37295,\n",
        ["orders.csv, line 2: there are 4 fields for 3 columns; is a quotation mark missing?"],
    ),
    "after a field of two lines": (
        'order_id,name\n37294,"Jane\nDoe"\nabc,\n',
        ["orders.csv, line 4: order_id 'abc' is not an order id"],
    ),
    "JSON, cut": (
        '{"id": 37294}\n{"id": 37295, "mess\n37296\n',
        ["orders.csv, line 2: this is not JSON (Unterminated string starting at)"],
    ),
    "JSON, two on a line": (
        '{"id": 37294}\n{"id": 1} {"id": 2}\n',
        ["orders.csv, line 2: this is not JSON (Extra data)"],
    ),
    "JSON, fraction": ('{"id": 37294.5}', ["orders.csv, line 1: id 37294.5 is not an order id"]),
    "JSON, a float too large to be exact": ('{"id": 1e16}', ["orders.csv, line 1: id 1e+16 is not an order id"]),
    "JSON, a key twice": ('{"id": 1, "id": 2}\n', ["orders.csv, line 1: the key id occurs twice"]),
    "JSON, a key twice in an order": ('{"order": {"id": 1, "id": 1}}', ["orders.csv, line 1: the key id occurs twice"]),
    "JSON, an order twice": ('{"order": {"id": 1}, "order": 2}', ["orders.csv, line 1: the key order occurs twice"]),
    "JSON, a key twice in a page": (
        '{"data": {"id": 1, "id": 2}}',
        ["orders.csv, line 1, entry 1: the key id occurs twice"],
    ),
    "JSON, a key twice in a number": ('{"id": {"a": 1, "a": 2}}', ["orders.csv, line 1: id {…} is not an order id"]),
    "JSON, two numbers": (
        '{"id": 1, "thanksio_order_id": 2}',
        [
            "orders.csv, line 1: several columns can hold the order id: id, thanksio_order_id; " + NAME_ONE,
        ],
    ),
    "JSON, true": ('{"id": true}', ["orders.csv, line 1: id true is not an order id"]),
    "JSON, null": ('{"order_id": null, "id": 5}', ["orders.csv, line 1: order_id is missing"]),
    "JSON, empty text": (
        '{"id": ""}\n""\n',
        ["orders.csv, line 1: id is missing", "orders.csv, line 2: the order id is missing"],
    ),
    "JSON, null on a line": ("37294\nnull\n", ["orders.csv, line 2: 'null' is not an order id"]),
    "JSON, null in an array": ("[null]", ["orders.csv, line 1, entry 1: the order id is missing"]),
    "JSON, object as number": ('{"id": {"name": "Jane"}}', ["orders.csv, line 1: id {…} is not an order id"]),
    "JSON, array as number": ('{"id": ["Jane"]}', ["orders.csv, line 1: id […] is not an order id"]),
    "JSON, half a surrogate pair": ('{"id": "\\ud800"}', ["orders.csv, line 1: id '\ufffd' is not an order id"]),
    "JSON, other keys": (
        json_lines({"order": 5, "name": "Jane"}, {}),
        [
            "orders.csv, line 1: nothing is called order_id or id; there are: order, name",
            "orders.csv, line 2: nothing is called order_id or id; there are: none",
        ],
    ),
    "JSON array": (
        '[1, "x",\n\n{"id": "y"}]',
        [
            "orders.csv, line 1, entry 2: 'x' is not an order id",
            "orders.csv, line 1, entry 3: id 'y' is not an order id",
        ],
    ),
    "JSON page": ('\n{"data": [{"id": 1}, {"id": "y"}]}', ["orders.csv, line 2, entry 2: id 'y' is not an order id"]),
    "JSON array, broken": (
        '[\n{"id": 1},\n{"id": 2,\n"x" 3}]\n4\n',
        ["orders.csv, line 4: this is not JSON (Expecting ':' delimiter); nothing after it was read"],
    ),
    "JSON array, cut off": (
        '[\n{"id": 1},\n{"id": 2}',
        ["orders.csv, line 3: this is not JSON (Expecting ',' delimiter); nothing after it was read"],
    ),
    "JSON array, closed twice": (
        "[1]]",
        ["orders.csv, line 1: this is not JSON (Expecting value); nothing after it was read"],
    ),
    "JSON, rows without names": (
        "[[37294, 90210], [37295, 90210]]",
        [f"orders.csv, line 1, entry {at}: an array of several values is a row without column names" for at in (1, 2)],
    ),
    "JSON lines, rows without names": (
        "[37294, 90210]\n[37295, 90210]\n",
        ["orders.csv, line 2: an array of several values is a row without column names" + NOT_USED],
    ),
    "JSON page, rows without names": (
        '{"data": [[37294, 90210]]}',
        ["orders.csv, line 1, entry 1: an array of several values is a row without column names"],
    ),
    "JSON, too deep": (
        '{"data":' + "[" * 99999,
        ["orders.csv, line 1: this is not JSON (Too large or too deep); nothing after it was read"],
    ),
    "JSON, too many digits": (
        '{"id": 1}\n{"id": ' + "7" * 9999 + "}",
        ["orders.csv, line 2: this is not JSON (Too large or too deep)"],
    ),
}


@pytest.mark.parametrize(("content", "problems"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_row_that_cannot_be_used_is_named_with_its_line_and_the_value_alone(
    content: str | bytes, problems: list[str]
) -> None:
    orders = read(content)

    assert messages(orders) == problems
    assert orders.bad == len(problems)


def test_the_rows_beside_a_bad_one_are_read() -> None:
    assert list(read("order_id,name\n37294,Jane,x\n37296,\nx,\n37297,\n").placed) == [37296, 37297]
    assert list(read('{"id": 37294}\n{"id":\n{"id": 37295}\n').placed) == [37294, 37295]


def test_a_cell_can_be_as_long_as_a_letter_with_pictures_and_hold_lines() -> None:
    """Where a cell ended at Python's limit, its own lines were read as rows."""
    letter = "37999,a line of the letter\n" * 6_000
    before = csv.field_size_limit()

    orders = read(f'order_id,message\n37294,"{letter}"\n37295,short\n')

    assert orders == Orders({37294: None, 37295: None}, (), 0, 0)
    assert csv.field_size_limit() == before


BROKEN = {
    "closes nothing": (
        '37294,"Jane\n37295,"Joe"\n37296,\n',
        "lines 3 to 4: this is not a row of a table (',' expected",
    ),
    "text behind": ('37294,"Jane" Doe\n37296,\n', "line 3: this is not a row of a table (',' expected after '\"')"),
    "nothing closes": (
        '37294,"Jane\n37295,Joe\n',
        "lines 3 to 4: this is not a row of a table (unexpected end of data)",
    ),
    "swallows a row": ('"37294\n37295,Joe"\n', "lines 3 to 4: there are 1 fields for 2 columns"),
}


@pytest.mark.parametrize(("rows", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_whose_quoting_is_broken_is_not_used_at_all(rows: str, why: str) -> None:
    """After a missing quotation mark, cells and rows cannot be distinguished."""
    orders = read(f"order_id,name\n37290,Jane\n{rows}")

    assert (orders.placed, orders.bad) == ({}, 1)
    assert messages(orders)[0].startswith(f"orders.csv, {why}")
    assert messages(orders)[0].endswith("; is a quotation mark missing?; nothing in this file is used")


def test_the_delimiter_of_a_broken_row_is_shown_as_text() -> None:
    assert "('\\t' expected after" in messages(read('order_id\tname\n37294\t"Jane" Doe\n'))[0]


# Columns

SEVERAL = {
    "another system's": ("id,thanksio_order_id\n1,101\n", "order id: id, thanksio_order_id; " + NAME_ONE),
    "a shop's": ("order_id,Shop Order No\n1,101\n", "order id: order_id, Shop Order No; " + NAME_ONE),
    "twice": ("order_id,Order ID\n1,2\n", "order id: order_id, Order ID; " + NAME_ONE),
    "times": ("id,placed_at,Placed At\n1,,\n", "time: placed_at, Placed At"),
}


@pytest.mark.parametrize(("content", "why"), SEVERAL.values(), ids=SEVERAL.keys())
def test_a_file_in_which_several_columns_qualify_is_refused(content: str, why: str) -> None:
    assert messages(read(content)) == [f"orders.csv: several columns can hold the {why}"]


ROWS = [{"id": 1, "orderId": 101}, {"id": 2, "orderId": 102}]
SAME = {
    "JSON lines": json_lines(*ROWS),
    "JSON": json.dumps(ROWS),
    "response": json_lines({"id": 1, "order": {"id": 8, "orderId": 101}}, {"order": {"Order ID": 102}}),
    "CSV": "id,orderId\n1,101\n2,102\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_all_formats_read_the_same_column(content: str) -> None:
    assert list(read(content).placed) == [101, 102]


@pytest.mark.parametrize(
    "content",
    [
        "id,thanksio_order_id,created_at\n1,101," + TEXT + "\n",
        "ID;Thanksio Order ID;Created At\n1;101;" + TEXT + "\n",
        json_lines({"id": 1, "thanksioOrderId": 101, "created_at": TEXT, "message": LETTER}),
        json_lines({"order": {"id": 5}, "thanksio_order_id": 101, "created_at": TEXT}),
    ],
)
def test_the_operator_can_name_the_column(content: str) -> None:
    orders = read(content, id_column="thanksio_order_id")

    assert orders == Orders({101: PLACED}, (), 0, 0)
    assert len(orders.ids) == len(orders.times) == 1


def test_a_column_that_the_operator_names_literally_wins() -> None:
    assert list(read("x_1,x1\n1,2\n", id_column="x1").placed) == [2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,name\n1,\n", "orders.csv: nothing is called number; there are: id, name"),
        ('{"id": 1}', "orders.csv, line 1: nothing is called number; there are: id"),
        ("1\n", "orders.csv, line 1: this row has no columns"),
        ("shop_order_id\n1\n", "orders.csv: nothing is called number; there are: shop_order_id"),
    ],
)
def test_a_column_that_the_operator_names_must_be_there(content: str, why: str) -> None:
    assert messages(read(content, id_column="number")) == [why]


def test_it_is_said_which_columns_were_read() -> None:
    table = read(f"Order ID,name,Created At\n1,,{TEXT}\n")
    documents = read(json_lines({"id": 1}, {"order_id": 2, "placed_at": TEXT}))

    assert (table.ids, table.times) == (("Order ID",), ("Created At",))
    assert (documents.ids, documents.times) == (("id", "order_id"), ("placed_at",))
    assert (read("1\n").ids, read("1\n").times) == ((), ())


def test_the_number_of_an_order_that_is_repeated_is_not_the_order() -> None:
    assert list(read(json_lines({"id": 2, "replayed_from_order_id": 1})).placed) == [2]


WHERE = {
    "CSV": "order_id,Campaign,run\n1,May, 7\n2,June,7\nx,June,7\n3,May,8\n4,May\n5, May ,7\n",
    "JSON": json_lines(
        {"id": 1, "Campaign": "May", "run": 7},
        {"id": 2, "Campaign": "June", "run": 7},
        {"id": "x", "Campaign": "June", "run": 7},
        {"id": 3, "Campaign": "May", "run": 8},
        {"id": 4, "Campaign": "May", "run": None},
        {"id": 5, "Campaign": " May", "run": "7"},
    ),
}


@pytest.mark.parametrize("content", WHERE.values(), ids=WHERE.keys())
def test_rows_are_selected_by_their_values(content: str) -> None:
    orders = read(content, where=(("campaign", "May"), ("run", "7")))

    assert (list(orders.placed), orders.bad, orders.unselected) == ([1, 5], 0, 4)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,name\n1,May\n", "orders.csv: no column is called run, which --where names; there are: id, name"),
        ('{"id": 1}', "orders.csv, line 1: no column is called run, which --where names; there are: id"),
        (
            "id,Run!,run.\n1,,\n",
            "orders.csv: several columns are called run, which --where names; there are: id, Run!, run.",
        ),
        ("1\n", "orders.csv, line 1: this row has no columns"),
    ],
)
def test_a_column_that_selects_rows_must_be_there(content: str, why: str) -> None:
    assert messages(read(content, where=(("run", "7"),))) == [why]


def test_keys_can_be_as_many_as_the_rows() -> None:
    rows = [{"id": number, f"key {number}": None} for number in range(1, 1501)]

    assert read(json_lines(*rows)) == Orders(dict.fromkeys(range(1, 1501)), (), 0, 0)


# Values as programs write them


@pytest.mark.parametrize("value", ["", "NaT", "NULL", "\\N", "nan", "<NA>", "None", "N/A"])
def test_a_time_that_a_program_exports_as_missing_is_missing(value: str) -> None:
    assert read(f"id,placed_at\n37294,{value}\n") == Orders({37294: None}, (), 0, 0)


@pytest.mark.parametrize(
    "value",
    [
        f"{TEXT} UTC",
        f"{TEXT}.000 GMT",
        "1755189764",
        "1755189764000",
        "1755189764.0",
        "1755189764000000",
        "1755189764000000000",
        "2025-08-14 12:42:44-04",
    ],
)
def test_a_time_is_read_in_every_form_that_is_unambiguous(value: str) -> None:
    assert read(f"id,placed_at\n37294,{value}\n") == Orders({37294: PLACED}, (), 0, 0)


def test_numbers_are_unix_times_in_json() -> None:
    rows = [
        {"id": 1, "placed_at": 1755189764},
        {"id": 2, "placed_at": 1755189764000},
        {"id": 3, "placed_at": 1755189764.0},
    ]

    assert read(json_lines(*rows)) == Orders(dict.fromkeys([1, 2, 3], PLACED), (), 0, 0)


UNREAD = {
    "Excel": ("11/25/2026 22:30", f"'11/25/2026 22:30' {NO_TIME}"),
    "month 13": ("2025-13-01 00:00:00", f"'2025-13-01 00:00:00' {NO_TIME}"),
    "long": ("x" * 99, f"'{'x' * 39}…' {NO_TIME}"),
    "serial": ("45883.69", f"'45883.69' {NO_TIME}"),
    "future": (
        "2999-01-01 00:00:00",
        "'2999-01-01 00:00:00' is in the future; if it is local time, set its zone with --timezone",
    ),
}


@pytest.mark.parametrize(("value", "why"), UNREAD.values(), ids=UNREAD.keys())
def test_a_time_that_cannot_be_read_is_a_warning_and_the_order_is_sent_without(value: str, why: str) -> None:
    orders = read(f"order_id,placed_at\n37294,{value}\n37295,{TEXT}\n")

    assert (orders.placed, orders.bad, orders.unread) == ({37294: None, 37295: PLACED}, 0, 1)
    assert orders.warnings == (Problem("orders.csv, line 2", f"placed_at {why}; its time is taken as unknown"),)


def test_a_zone_of_php_that_is_not_utc_is_a_warning() -> None:
    orders = read(json_lines({"id": 37294, "created_at": PHP | {"timezone": "Asia/Tokyo"}}))

    assert orders.placed == {37294: None}
    assert orders.warnings[0].why == "created_at {…} has a timezone that is not UTC; its time is taken as unknown"


def test_a_clock_that_is_a_little_ahead_is_no_other_time_zone() -> None:
    assert read(f"id,placed_at\n1,{TEXT}\n", now=PLACED - 299).placed == {1: PLACED}
    assert read(f"id,placed_at\n1,{TEXT}\n", now=PLACED - 301).unread == 1


@pytest.mark.parametrize(
    ("value", "placed"),
    [
        ("2025-08-14 12:42:44", PLACED),
        ("2025-08-14 16:42:44Z", PLACED),
        ("2025-11-02 01:30:00", None),
        ("2025-03-09 02:30:00", None),
    ],
)
def test_times_without_a_zone_are_of_the_zone_that_the_operator_names(value: str, placed: float | None) -> None:
    """Of the last two the clocks show one twice and the other not at all."""
    orders = read(f"id,placed_at\n1,{value}\n", zone=ZoneInfo("America/New_York"))

    assert orders.placed == {1: placed}
    assert [warning.why.partition(" is ")[2] for warning in orders.warnings] == (
        []
        if placed
        else ["skipped or repeated by a change of the clocks in this time zone; its time is taken as unknown"]
    )


# Files that cannot be used

NO_HEADER = "the first line is not a header; a table needs a header with order_id, a list one order id per line"
BAD_FILES = {
    "other columns": (
        "Order Number,Name\n37294,Jane\n",
        "nothing is called order_id or id; there are: Order Number, Name; set the column with --id-column",
    ),
    "one other column": ("number\n37294\n", "nothing is called order_id or id; there are: number"),
    "many columns": (
        ";".join(f"column {letter}" for letter in "abcdefghijklmnop"),
        "nothing is called order_id or id; there are: "
        + ", ".join(f"column {letter}" for letter in "abcdefghijkl")
        + ", …",
    ),
    "a long column": ("x" * 99_999, f"nothing is called order_id or id; there are: {'x' * 39}…"),
    "a name that holds another": ('"name, id"\nx\n', "nothing is called order_id or id; there are: name, id"),
    "no header": ("37294,2025-08-14 16:42:44,Jane Doe\n37295,,\n", NO_HEADER),
    "no header, number last": ('Jane Doe,"12 Main Street",37294\n', NO_HEADER),
    "no header, address": ("Jane;jane@example.com\n", NO_HEADER),
    "several on a line": ("37294, 37295, 37296\n", NO_HEADER),
    "old spreadsheet": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00\x01\n37294\n",
        "this is not text; save a spreadsheet as CSV in UTF-8",
    ),
    "spreadsheet": (
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\n37294\n",
        "this workbook cannot be read; save it as CSV in UTF-8",
    ),
}


@pytest.mark.parametrize(("content", "why"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_cannot_be_used_is_one_problem(content: str | bytes, why: str) -> None:
    assert read(content) == Orders({}, (Problem("orders.csv", why),), 1, 0)


@pytest.mark.parametrize("header", ['order_id,"name', 'order_id,"name"x'])
def test_a_header_that_cannot_be_read_is_one_problem_and_no_row_replaces_it(header: str) -> None:
    orders = read(f"{header}\nid,Jane\n37294,Joe\n")

    assert [problem.place for problem in orders.problems] == ["orders.csv, line 1"]
    assert orders.placed == {}


def test_a_million_bad_rows_are_counted_and_the_first_thousand_named() -> None:
    orders = read("37294\n" + "x\n" * 1_500)

    assert orders.bad == 1_500
    assert len(orders.problems) == 1_000
    assert orders.problems[-1].place == "orders.csv, line 1001"


def test_the_name_of_a_file_is_sanitized() -> None:
    assert messages(read("37294\nx", "or\x1bders\n.csv")) == ["or\ufffdders .csv, line 2: 'x' is not an order id"]


def test_arguments_are_read_like_a_list_and_named_by_their_place() -> None:
    orders = read_arguments(["37294", " 37295 ", "37294", "#37296", "", "a b"])

    assert orders.placed == {37294: None, 37295: None}
    assert (orders.bad, orders.repeated) == (3, 1)
    assert messages(orders) == [
        "argument 4: '#37296' is not an order id",
        "argument 5: the order id is missing",
        "argument 6: 'a…' is not an order id",
    ]


# Properties

pieces = st.sampled_from(["order_id", "id", "placed_at", ",", ";", "\t", '"', "\n", "\r\n", "[", "]", "{", "}", ":"])
pieces |= st.sampled_from(['"id"', '{"id":', "37294", TEXT, "#", " ", "\0", "\ufeff", LETTER, "null", "\x85", "\u2028"])


@given(st.lists(pieces | st.text(max_size=3), max_size=30).map("".join).map(str.encode) | st.binary(max_size=200))
def test_any_file_results_in_orders_and_printable_problems(content: bytes) -> None:
    orders = read(content)

    assert all(type(number) is int and 0 < number < 2**63 for number in orders.placed)
    assert orders.bad >= len(orders.problems) > 0 or orders.bad == 0
    for text in messages(orders):
        assert text.isprintable()
        assert len(text) < 700
        assert LETTER not in text or "there are: " in text  # what should be a header is shown as one


numbers = st.integers(1, 2**63 - 1)
names = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


@given(st.dictionaries(numbers, names, min_size=1), st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-16"]))
def test_every_order_that_is_written_as_a_table_is_read_back(orders: dict[int, str], mark: str, encoding: str) -> None:
    table = f"name{mark}order_id\n"
    for number, name in orders.items():
        table += '"' + name.replace('"', '""') + f'"{mark}{number}\n'

    assert read(table.encode(encoding)) == Orders(dict.fromkeys(orders), (), 0, 0)


@given(ids=st.lists(numbers, min_size=1), indent=st.sampled_from([None, 0, 2]), array=st.booleans())
def test_every_order_that_is_written_as_json_is_read_back(ids: list[int], indent: int | None, *, array: bool) -> None:
    rows = [{"created_at": TEXT, "id": number, "message": LETTER} for number in ids]
    text = json.dumps(rows, indent=indent) if array else "\n".join(json.dumps(row, indent=indent) for row in rows)

    orders = read(text)

    assert orders == Orders(dict.fromkeys(ids, PLACED), (), 0, len(ids) - len(set(ids)))


LONG = {"JSON lines": ("", json_lines(order())), "table": ("id,message\n", f'37294,"{LETTER * 40}"\n')}


@pytest.mark.parametrize(("header", "row"), LONG.values(), ids=LONG.keys())
def test_a_file_takes_memory_for_its_orders_and_not_for_its_rows(header: str, row: str) -> None:
    content = io.BytesIO((header + row * (4_000_000 // len(row))).encode())
    tracemalloc.start()
    try:
        orders = read_file(content, "orders.csv")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert list(orders.placed) == [37294]
    assert peak < 500_000


def test_reading_loads_neither_the_screen_nor_the_client() -> None:
    """A file is read before anything else is loaded that could fail."""
    for module in (_input, _rows, _csv):
        tree = ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8")))
        loaded = {node.module for node in tree if isinstance(node, ast.ImportFrom)}
        assert not {name for name in loaded if name and name.split(".")[0] in {"click", "rich", "httpx"}}


# Times from code


class Nat(datetime):
    """As pandas has it: a datetime that differs from itself."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = datetime.__hash__


class Na:
    """Like pandas.NA: a comparison is neither true nor false."""

    def __ne__(self, other: object) -> Any:
        return self

    def __eq__(self, other: object) -> Any:
        return self

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    def __repr__(self) -> str:
        return "<NA>"


class Integer:
    """As numpy has them: an integer that is no int."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __str__(self) -> str:
        return str(self.value)


def test_a_time_of_pandas_that_is_missing_is_none() -> None:
    nat = Nat(2025, 8, 14, tzinfo=UTC)

    assert placed_time(nat) is read_time(nat) is read_time(float("nan")) is read_time(Na()) is None


def test_an_integer_of_numpy_is_a_unix_time() -> None:
    assert [placed_time(Integer(1755189764 * unit)) for unit in (1, 10**3, 10**6, 10**9)] == [PLACED] * 4


@pytest.mark.parametrize(
    "value", [True, 0, 20250814164244, 175518976, 1e300, float("inf"), "-1755189764", b"1755189764"]
)
def test_a_number_that_is_no_time_of_this_century_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a time such as"):
        read_time(value)
