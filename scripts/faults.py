"""Print the fault table, and write docs/faults.md. The tests make the call of every cell: tests/test_faults.py."""

from __future__ import annotations

import shutil
from pathlib import Path

from fault_report import page, rows, text
from fault_table import expected

table = rows(lambda fault, mode: expected(fault).ends(mode))
print(text(table, shutil.get_terminal_size((250, 24)).columns))
(Path(__file__).resolve().parent.parent / "docs" / "faults.md").write_text(page(table), "utf-8")
