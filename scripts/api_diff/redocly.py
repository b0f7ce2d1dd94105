"""Run `redocly diff` on two contracts, and parse its report.

The command is experimental: a report of an unknown shape is an error, so that no change is missed.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from api_diff.change import DiffError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REPORT = "1"  # `reportVersion` of the release that scripts/locks/package.json pins
_TRUNCATED = 2000  # characters of its output


@frozen
class Finding:
    """One change as redocly reports it.

    `path` is its place in the contract, `before` and `after` are the values in the two documents. `impact` is redocly's
    own rating, which is not made for users of this client.
    """

    path: tuple[str, ...]
    type_name: str
    kind: Literal["added", "removed", "modified"]
    impact: Literal["major", "minor", "patch"]
    prop: str
    rules: tuple[str, ...]
    message: str
    before: Mapping[str, Any] = field(repr=False)
    after: Mapping[str, Any] = field(repr=False)


def findings(tool: Path, base: Path, revision: Path) -> list[Finding]:
    """Compare two contracts. Raises DiffError if one cannot be read, or if the report has an unknown shape."""
    command = [str(tool), "diff", base.name, revision.name, "--format", "json", "--fail-on", "none"]
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    if base.parent != revision.parent:  # outside the repository, so that its configuration does not apply
        raise ValueError("both contracts must be in one folder")
    if not tool.exists():
        raise DiffError("redocly is not installed. `make diff` and `make check` install it.")
    run = subprocess.run(
        command, cwd=base.parent, env=os.environ | quiet, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if run.returncode:
        output = (run.stderr.strip() or run.stdout.strip())[:_TRUNCATED]
        raise DiffError(f"redocly cannot compare the contracts; `make lint` shows why.\n{output}")
    return read_report(run.stdout)


def read_report(text: str) -> list[Finding]:
    """Parse the report of `redocly diff --format json`. Raises DiffError if it has an unknown shape."""
    try:
        report = json.loads(text)
        found = [_finding(change) for change in report["changes"]]
        known = report["reportVersion"] == _REPORT and len(found) == sum(report["summary"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DiffError(_unknown(type(error).__name__)) from error
    if not known:
        raise DiffError(_unknown(f"reportVersion {report['reportVersion']}"))
    return found


def _unknown(what: str) -> str:
    return (
        f"the report of `redocly diff` has an unknown shape ({what}). The command is experimental: update "
        "scripts/api_diff/redocly.py together with the version that is pinned in scripts/locks/package.json."
    )


def _finding(change: Mapping[str, Any]) -> Finding:
    kind, impact = change["kind"], change["impact"]
    if kind not in {"added", "removed", "modified"} or impact not in {"major", "minor", "patch"}:
        raise ValueError(kind, impact)
    return Finding(
        path=pointer(change["path"]),
        type_name=change["typeName"],
        kind=kind,
        impact=impact,
        prop=change.get("property", ""),
        rules=tuple(verdict["ruleId"] for verdict in change["verdicts"]),
        message=" ".join(verdict["message"] for verdict in change["verdicts"]),
        before=change["base"] if kind != "added" else {},
        after=change["revision"] if kind != "removed" else {},
    )


def pointer(text: str) -> tuple[str, ...]:
    """Split a JSON pointer in a URI fragment (RFC 6901)."""
    parts = text.removeprefix("#").split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
