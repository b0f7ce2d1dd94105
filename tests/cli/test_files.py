"""Files as programs write them: each is read correctly, or what cannot be used is named with row and reason.

pandas and openpyxl wrote their own files. The others have the form that their programs are documented to write.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

from thanksio.cli.input import Orders, read_file

FILES = Path(__file__).parent / "files"
FIRST, SECOND = 1755189764.0, 1755189765.0  # 2025-08-14 16:42:44 and :45 UTC
Expected: TypeAlias = "tuple[dict[int, float | None], list[str]]"

NO_TIMES: Expected = ({37294: None, 37295: None}, [])
ONE_TIME: Expected = ({37294: FIRST, 37295: None}, [])
THREE: Expected = ({37294: FIRST, 37295: SECOND, 37296: None}, [])
GAP: dict[int, float | None] = {37294: FIRST, 37295: SECOND}
EXPECTED: dict[str, Expected] = {
    "excel-csv-cp1252.csv": (NO_TIMES[0], ["line 2: Placed At '14.08.2025 16:42' is not a time"]),
    "excel-csv-utf8.csv": (NO_TIMES[0], ["line 2: Placed At '8/14/2025 16:42' is not a time"]),
    "excel-empty-sheets.xlsx": NO_TIMES,
    "excel-fraction.xlsx": ({37295: None}, ["row 2: order_id 37294.5 is not an order id"]),
    "excel-gap.xlsx": NO_TIMES,
    "excel-mac.csv": NO_TIMES,
    "excel-na.csv": (NO_TIMES[0], ["line 3: order_id '#REF!' is not an order id"]),
    "excel-nothing.xlsx": ({}, []),
    "excel-scientific.csv": ({37295: None}, ["line 2: order_id '3.7294E+04' is not an order id"]),
    "excel-sep.csv": NO_TIMES,
    "excel-sheets.xlsx": ({}, ["several sheets have content: Sheet, Old"]),
    "excel-text.xlsx": (ONE_TIME[0], ["row 3: created_at '11/25/2026 22:30' is not a time"]),
    "excel-thousands.csv": NO_TIMES,
    "excel-two-columns.xlsx": ({}, ["several columns can hold the order id: id, Thanksio Order ID"]),
    "excel-unicode-text.txt": NO_TIMES,
    "excel-unknown-columns.xlsx": ({}, ["nothing is called order_id or id; there are: Nr, Name"]),
    "excel.xlsx": ONE_TIME,
    "google-sheets-local.csv": (NO_TIMES[0], ["line 2: Created At '8/14/2025 16:42:44' is not a time"]),
    "google-sheets-thousands.csv": NO_TIMES,
    "google-sheets.csv": ONE_TIME,
    "google-sheets.tsv": ONE_TIME,
    "libreoffice-default.csv": ONE_TIME,
    "libreoffice-german.csv": ({37295: None}, ["line 2: order_id '37.294' is not an order id"]),
    "libreoffice-semicolon-quoted.csv": NO_TIMES,
    "libreoffice-tab.csv": NO_TIMES,
    "mysql-batch.tsv": ONE_TIME,
    "mysql-outfile-plain.csv": ONE_TIME,
    "mysql-outfile.csv": ({}, ["line 2: this is not a row of a table"]),
    "mysql-shell.jsonl": ONE_TIME,
    "mysql-workbench.json": ONE_TIME,
    "mysql-zero-date.tsv": ({37294: None, 37295: FIRST}, ["line 2: created_at '0000-00-00 00:00:00' is not a time"]),
    "pandas-american.csv": (
        dict.fromkeys(THREE[0]),
        [f"line {number}: placed_at '08/14/2025 16:42' is not a time" for number in (2, 3)],
    ),
    "pandas-aware.csv": THREE,
    "pandas-columns.json": ({}, ["line 1: order_id {…} is not an order id"]),
    "pandas-default.csv": THREE,
    "pandas-gap.csv": (GAP, ["line 4: order_id is missing"]),
    "pandas-gap.xlsx": (GAP, ["row 4: order_id is missing"]),
    "pandas-index.json": ({}, ["line 1: nothing is called order_id or id; there are: 0, 1, 2"]),
    "pandas-kolkata.csv": THREE,
    "pandas-lines-iso.jsonl": THREE,
    "pandas-lines-ns.jsonl": THREE,
    "pandas-lines.jsonl": THREE,
    "pandas-na-rep.csv": THREE,
    "pandas-no-index.csv": THREE,
    "pandas-quote-all.csv": THREE,
    "pandas-records.json": THREE,
    "pandas-semicolon-bom.csv": THREE,
    "pandas-split.json": ({}, ["line 1: nothing is called order_id or id; there are: columns, data"]),
    "pandas-table.json": THREE,
    "pandas-utf16.csv": THREE,
    "pandas-values.json": (
        {},
        [f"line 1, entry {at}: an array of several values is a row without column names" for at in (1, 2, 3)],
    ),
    "pandas.xlsx": THREE,
    "postgresql-copy-csv.csv": ONE_TIME,
    "postgresql-copy-text.tsv": ({37294: FIRST + 0.123456, 37295: None}, []),
    "postgresql-json-agg.json": ONE_TIME,
    "postgresql-psql-aligned.txt": ({}, ["nothing is called order_id or id; there are: id | name"]),
    "postgresql-psql-csv.csv": ({}, ["several columns can hold the order id: id, thanksio_order_id"]),
    "postgresql-psql-tuples.txt": NO_TIMES,
}


def read(path: Path) -> Orders:
    with path.open("rb") as file:
        return read_file(file, "")


def test_every_file_has_an_expectation() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in FILES.iterdir())
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_correctly_or_refused_with_row_and_reason(name: str) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    placed, problems = EXPECTED[name]

    orders = read(FILES / name)

    texts = [": ".join(filter(None, (each.place, each.why))) for each in (*orders.problems, *orders.warnings)]
    assert orders.placed == placed
    assert len(texts) == len(problems)
    assert all(text.startswith(problem) for text, problem in zip(texts, problems, strict=True))


def test_without_its_extra_a_workbook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)

    orders = read(FILES / "excel.xlsx")

    assert (orders.placed, orders.bad) == ({}, 1)
    assert "pip install 'thanksio[xlsx]'" in orders.problems[0].why


def test_a_workbook_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("python_calamine")
    shutil.copy(FILES / "excel.xlsx", tmp_path)
    path = tmp_path / "excel.xlsx"
    path.write_bytes(path.read_bytes()[:3000])

    assert read(path).problems[0].why == "this workbook cannot be read; save it as CSV in UTF-8"
