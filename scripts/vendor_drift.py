"""Compare the vendor's published document of the cancel operation with openapi.yaml.

Exit 0: the contract covers it. 1: something differs. 2: there is no document to compare, and why is on stderr.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from watching.compare import compare
from watching.contract import ours
from watching.document import read
from watching.fetch import fetch
from watching.propose import propose
from watching.report import Found, as_json, as_yaml, table
from watching.values import UnusableError

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = "https://docs.thanks.io/api-reference/openapi.json"


def main(arguments: list[str] | None = None) -> int:
    """Watch; the exit code is 0, 1 or 2 as the module says."""
    options = _options(arguments)
    try:
        raw = _contract(options.contract)
        vendor = read(fetch(options.document))
    except UnusableError as error:
        about = "" if str(error).startswith("The contract") else f"{options.document} is of no use. "
        print(f"{about}{error}", file=sys.stderr)
        return 2
    contract = ours(raw)
    found = Found(options.document, vendor.operations, contract, compare(vendor.operations, contract, vendor.near))
    if options.propose:
        print(as_yaml(propose(vendor.operations, raw, options.name, vendor.near)), end="")
    else:
        print(as_json(found) if options.json else table(found))
    return 1 if found.differences else 0


def _contract(path: Path) -> Any:  # noqa: ANN401 - YAML may be anything
    """Return the contract. Raises UnusableError if it cannot be read."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UnusableError(f"The contract {path} cannot be read: {' '.join(str(error).split())}.") from None
    if not isinstance(raw, dict) or not ours(raw).fields or not ours(raw).operations:
        raise UnusableError(f"The contract {path} describes no cancel operation and no order.")
    return raw


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    today = f"vendor-{datetime.now(UTC):%Y-%m-%d}"
    parser.add_argument("document", nargs="?", default=PUBLISHED, help="a file or https address (default: %(default)s)")
    parser.add_argument("--contract", type=Path, default=ROOT / "openapi.yaml")
    parser.add_argument("--name", default=today, help="how x-evidence names the document (default: %(default)s)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the differences for a machine")
    form.add_argument("--propose", action="store_true", help="print what to paste into openapi.yaml")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
