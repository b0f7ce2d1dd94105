"""Compare the vendor's published document of the cancel operation with openapi.yaml.

Exit 0: the contract covers it. 1: something differs. 2: there is nothing to compare; stderr says why.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from vendor_drift.compare import compare
from vendor_drift.contract import read_contract
from vendor_drift.document import parse_document
from vendor_drift.fetch import fetch
from vendor_drift.propose import propose
from vendor_drift.report import Report, as_json, as_table
from vendor_drift.values import UnusableError

CONTRACT = Path(__file__).resolve().parents[2] / "openapi.yaml"
DOCUMENTS = Path(__file__).resolve().parent / "documents"
PUBLISHED = "https://docs.thanks.io/api-reference/openapi.json"


def main(arguments: list[str] | None = None) -> int:
    """Compare, print the report, and return the exit code."""
    options = _options(arguments)
    try:
        raw = _load_contract(options.contract)
        covered = {path.stem: parse_document(path.read_text("utf-8")) for path in sorted(DOCUMENTS.glob("*.json"))}
        document = parse_document(fetch(options.document))
    except UnusableError as error:
        print(f"Nothing was compared: {error}", file=sys.stderr)
        return 2
    contract = read_contract(raw, covered)
    differences = compare(document, contract)
    report = Report(options.document, document, contract, differences)
    if options.propose:
        print("\n".join(propose(report, raw, options.name)))
    else:
        print(as_json(report) if options.json else as_table(report))
    return 1 if differences else 0


def _load_contract(path: Path) -> Any:  # noqa: ANN401 - YAML may be anything
    """Return the contract as parsed YAML. Raises UnusableError if it cannot be read."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UnusableError(f"the contract {path} cannot be read: {' '.join(str(error).split())}.") from None
    if not isinstance(raw, dict) or not (contract := read_contract(raw)).fields or not contract.operations:
        raise UnusableError(f"the contract {path} describes no cancel operation and no order.")
    return raw


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vendor_drift", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    parser.add_argument("document", nargs="?", default=PUBLISHED, help="a file or https address (default: %(default)s)")
    parser.add_argument("--contract", type=Path, default=CONTRACT)
    parser.add_argument("--name", default=today, help="name of the document in a proposal (default: %(default)s)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the differences as JSON")
    form.add_argument("--propose", action="store_true", help="print what to paste into openapi.yaml")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
