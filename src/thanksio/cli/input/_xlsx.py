"""Read orders from a workbook of Excel, by the same rules as a table; it needs the extra `xlsx`."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

from thanksio.cli.input._rows import listed

if TYPE_CHECKING:
    from thanksio.cli.input._rows import Rows

MARK = b"PK\x03\x04"  # the first bytes of a zip archive, which a workbook is
_MISSING = "this is a workbook; to read it: pip install 'thanksio[xlsx]'; or save it as CSV in UTF-8"


def read_workbook(data: bytes, rows: Rows) -> None:
    """Read the one sheet that has content; its first row that is not empty is the header."""
    try:
        calamine = import_module("python_calamine")
    except ImportError:
        rows.reject("", _MISSING)
        return
    try:
        book = calamine.load_workbook(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except calamine.CalamineError:
        rows.reject("", "this workbook cannot be read; save it as CSV in UTF-8")
        return
    filled = [name for name, sheet in sheets.items() if any(map(_has_content, sheet))]
    if len(filled) > 1:
        rows.reject("", f"several sheets have content: {listed(filled)}; save the right one as a file of its own")
    elif filled:
        _read_sheet(sheets[filled[0]], rows)


def _read_sheet(sheet: list[list[Any]], rows: Rows) -> None:
    numbered = [(number, row) for number, row in enumerate(sheet, 1) if _has_content(row)]
    try:
        columns = rows.columns([str(cell) for cell in numbered[0][1]])
    except ValueError as error:
        rows.reject("", str(error))
        return
    for number, row in numbered[1:]:
        rows.add_row(f"row {number}", columns, row)


def _has_content(row: list[Any]) -> bool:
    return any(str(cell).strip() for cell in row)
