"""Make calls against every fault, print how they end, and write docs/faults.md."""

from __future__ import annotations

import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the table is that of the tests

from fault_report import page, rows, text  # noqa: E402
from fault_table import CELLS, Ends, Table, ends_as_value, expected, is_typed  # noqa: E402

from thanksio.testing import FAULTS  # noqa: E402

if TYPE_CHECKING:
    from fault_table import Cell

    from thanksio.testing import Fault


def measure(table: Table, cells: list[Cell]) -> tuple[dict[str, Ends], list[str]]:
    """Run all cells of one fault; return the result by mode, and what is wrong with it."""
    found: dict[str, Ends] = {}
    wrong: list[str] = []
    for cell in cells:
        outcome = table.run(cell)
        wanted = expected(cell.fault).ends(cell.mode)
        found[cell.mode] = outcome.ends
        wrong += [f"{cell}: {problem}" for problem in outcome.wrong]
        wrong += [f"{cell}: {outcome.ends} where {wanted} was expected"] if outcome.ends != wanted else []
    return found, wrong


def main() -> int:
    """Measure, and write the page; return 1 without writing it if a result is wrong."""
    found: dict[tuple[str, str], Ends] = {}
    wrong: list[str] = []
    faults = [(fault, list(cells)) for fault, cells in groupby(CELLS, key=lambda cell: cell.fault)]
    with Table() as table:
        for number, (fault, cells) in enumerate(faults, 1):
            progress(f"{number} of {len(faults)} faults, {fault.name}")
            ends, problems = measure(table, cells)
            found |= {(fault.name, mode): end for mode, end in ends.items()}
            wrong += problems
    for fault in filter(is_typed, FAULTS.values()):
        once, wanted = ends_as_value(fault), expected(fault).ends("one attempt")
        wrong += [f"{fault.name}: {once} where {wanted} was expected"] if once != wanted else []
    progress("")

    def looked_up(fault: Fault, mode: str) -> Ends:
        return found[fault.name, mode] if (fault.name, mode) in found else expected(fault).ends(mode)

    table_rows = rows(looked_up)
    print(text(table_rows, shutil.get_terminal_size((250, 24)).columns))
    print(f"\n{len(CELLS)} calls, {len(wrong)} of them wrong", *wrong, sep="\n  ")
    if not wrong:
        (ROOT / "docs" / "faults.md").write_text(page(table_rows), "utf-8")
    return 1 if wrong else 0


def progress(line: str) -> None:
    """Show the progress on a terminal, because this takes a minute or two."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
