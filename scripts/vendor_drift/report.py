"""Write the differences as a table for people or as JSON for programs. Pure."""

from __future__ import annotations

import json
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from attrs import asdict, astuple, frozen

from thanksio._verdict import sanitize
from vendor_drift.examples import describe_verdict, expected_verdict, verdict
from vendor_drift.fields import nearest_baseline
from vendor_drift.values import GROUPS, Contract, Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendor_drift.document import Document

WIDTH = 100
_COLUMNS = (15, 36, 18, 23)  # with two spaces before each
_LONGEST = 200  # characters of one cell


@frozen
class Report:
    """A comparison and its result."""

    source: str
    document: Document
    contract: Contract
    differences: Sequence[Difference]


def as_table(report: Report) -> str:
    """Return the report for people, at most 100 columns wide."""
    lines = [f"The document {_clean(report.source)}", ""]
    for operation in report.document.operations:
        baseline, _ = nearest_baseline(operation.response, report.contract)
        method, path = operation.methods[0].upper(), _clean(operation.path)
        lines += [f"  {method} {path}, compared with the document of {baseline}"]
        lines += [f"    example: {describe_verdict(example)}" for example in operation.response.examples]
    for title, kinds in GROUPS.items():
        rows = [difference for difference in report.differences if difference.kind in kinds]
        lines += (
            ["", title, _row("", "where", "contract", "document"), *(_row(*astuple(row)) for row in rows)]
            if rows
            else []
        )
    return "\n".join([*(_cut(line) for line in lines), "", _summary(len(report.differences))])


def _summary(count: int) -> str:
    if not count:
        return "No differences: the contract covers this document."
    differences = "1 difference" if count == 1 else f"{count:,} differences"
    return f"{differences}. `make vendor-drift PROPOSE=1` prints what to paste into openapi.yaml."


def _row(*cells: str) -> str:
    columns = [
        textwrap.wrap(_clean(cell), width, break_on_hyphens=False) or [""]
        for cell, width in zip(cells, _COLUMNS, strict=True)
    ]
    lines = zip_longest(*columns, fillvalue="")
    padded = (zip(line, _COLUMNS, strict=True) for line in lines)
    return "\n".join("".join(f"  {part:<{width}}" for part, width in line).rstrip() for line in padded)


def _cut(line: str) -> str:
    return "\n".join(part if len(part) <= WIDTH else part[: WIDTH - 1] + "…" for part in line.split("\n"))


def _clean(text: str) -> str:
    return sanitize(text, str, _LONGEST)


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    operations = [
        {
            "path": operation.path,
            "compared_with": nearest_baseline(operation.response, report.contract)[0],
            "examples": [
                {"verdict": verdict(example), "expected": expected_verdict(example)}
                for example in operation.response.examples
            ],
        }
        for operation in report.document.operations
    ]
    found = {"document": report.source, "operations": operations, "differences": list(map(asdict, report.differences))}
    return json.dumps(found, indent=2, ensure_ascii=False)
