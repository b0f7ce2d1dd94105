"""No fault leads to a wrong verdict: every fault, sync and async, in every way in which it can happen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from fault_report import page, rows, text
from fault_table import CELLS, EXPECTED, PROXIED, Cell, Table, ends_as_value, expected, is_typed

from thanksio.drift import JSON_TYPES
from thanksio.testing import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with Table() as running:
        yield running


@pytest.mark.parametrize("cell", [*CELLS, *PROXIED], ids=str)
def test_no_fault_leads_to_a_wrong_verdict(table: Table, cell: Cell) -> None:
    outcome = table.run(cell)

    assert outcome.wrong == []
    assert outcome.ends == expected(cell.fault).ends(cell.mode)


@pytest.mark.parametrize("kind", sorted(JSON_TYPES.values()))
def test_no_field_of_another_type_leads_to_a_wrong_verdict(kind: str) -> None:
    for fault in (fault for fault in FAULTS.values() if is_typed(fault) and fault.name.endswith(f"_as_{kind}")):
        assert ends_as_value(fault) == expected(fault).ends("one attempt"), fault


def test_every_typed_fault_is_of_a_json_type() -> None:
    kinds = {fault.name.rpartition("_as_")[2] for fault in FAULTS.values() if is_typed(fault)}

    assert kinds == set(JSON_TYPES.values())


def test_every_named_fault_has_its_expectation() -> None:
    assert EXPECTED.keys() <= FAULTS.keys()
    assert [name for name in FAULTS.keys() - EXPECTED.keys() if "_as_" not in name] == []


def test_the_page_of_faults_matches_the_table() -> None:
    assert (ROOT / "docs" / "faults.md").read_text("utf-8") == page(
        rows(lambda fault, mode: expected(fault).ends(mode))
    ), "docs/faults.md does not match the table: make faults"


@pytest.mark.parametrize(("width", "columns"), [(100, 5), (130, 6), (160, 7), (250, 8)])
def test_the_text_fits_the_terminal(width: int, columns: int) -> None:
    lines = text(rows(lambda fault, mode: expected(fault).ends(mode)), width).splitlines()

    assert max(map(len, lines)) <= width
    assert len(re.split(r" {2,}", lines[0])) == columns
