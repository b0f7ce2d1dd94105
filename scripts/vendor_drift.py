"""Compare the vendor's published document of the cancel operation with openapi.yaml.

Exit 0: the contract covers it. 1: something differs. 2: there is no document to compare, and why is on stderr.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

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
    raw = yaml.safe_load(options.contract.read_text("utf-8"))
    try:
        vendor = read(fetch(options.document))
    except UnusableError as error:
        print(f"{options.document} is of no use. {error}", file=sys.stderr)
        return 2
    found = Found(options.document, vendor, ours(raw), compare(vendor, ours(raw)))
    if options.propose:
        print(as_yaml(propose(vendor, raw, options.name)), end="")
    else:
        print(as_json(found) if options.json else table(found))
    return 1 if found.differences else 0


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
