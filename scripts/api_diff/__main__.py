"""Report what changed in the contract and the public Python since the last release, and how it affects users."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from api_diff import history, python, release, rules
from api_diff.change import Change, DiffError, Rating
from api_diff.report import complaint, report

ROOT = Path(__file__).resolve().parents[2]


def compare(root: Path, base: Path) -> list[Change]:
    """Return every change between two trees, in the contract and in Python. Raises DiffError if one cannot be read."""
    before, after = ((tree / "openapi.yaml").read_text("utf-8") for tree in (base, root))
    return [*rules.changes(before, after), *python.changes(base, root)]


def main(arguments: list[str] | None = None) -> int:
    """Print the changes; with --check return 1 if versions or CHANGELOG do not match them. 2: cannot be compared."""
    parser = argparse.ArgumentParser(prog="api_diff", description=__doc__)
    parser.add_argument("base", nargs="?", help="a tag or commit (default: the last release, or the contract before)")
    parser.add_argument("--check", action="store_true", help="fail unless versions and CHANGELOG.md match it")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        return _run(options.root, options.base, check=options.check)
    except DiffError as error:
        print(error, file=sys.stderr)
        return 2


def _run(root: Path, ref: str | None, *, check: bool) -> int:
    now = release.read(root)
    base = history.find(root, ref) if history.is_repository(root) else None
    if base is None:
        print("Nothing to compare with: no history, no release and no other contract.")
        found = release.problems(now, now, [], is_release=False)
    else:
        with tempfile.TemporaryDirectory(prefix="base-") as folder:
            history.fetch(root, base, Path(folder))
            before, changes = release.read(Path(folder)), compare(root, Path(folder))
        found = release.problems(before, now, changes, is_release=base.is_release)
        print(report(base, before, changes) if not check else _short(base, changes))
    if found:
        print(complaint(found), file=sys.stderr)
    return 1 if check and found else 0


def _short(base: history.Base, changes: list[Change]) -> str:
    counts = {rating: sum(change.rating is rating for change in changes) for rating in sorted(Rating, reverse=True)}
    words = ", ".join(f"{count} {rating.name.lower()}" for rating, count in counts.items())
    return f"Since {base.name}: {words}. `make diff` shows them."


if __name__ == "__main__":
    sys.exit(main())
