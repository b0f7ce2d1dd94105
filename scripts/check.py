"""Run all checks that take seconds, and name the fix of each that fails."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
_REDOCLY = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@frozen
class Check:
    """What is true if a check passes, its command, and the fix if the command does not name it."""

    holds: str
    command: str
    fix: str = ""

    def run(self) -> tuple[bool, str]:
        """Return whether it passed, and what to print: one line, and if it failed its output and the fix."""
        began = time.monotonic()
        done = subprocess.run(
            self.command.split(),
            cwd=ROOT,
            env=os.environ | _REDOCLY | {"PYTHONPATH": "scripts", "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode == 0:
            return True, f"ok      {seconds:4.1f} s  {self.holds}"
        output = done.stdout.strip() + (f"\nFix: {self.fix}" if self.fix else "")
        return False, f"FAILED  {seconds:4.1f} s  not true: {self.holds}\n{textwrap.indent(output, ' ' * 10)}"


CHECKS = (
    Check("generated/ matches openapi.yaml", ".venv-generator/bin/python scripts/generate.py --check"),
    Check(
        "the contract version, the package version and CHANGELOG.md match what changed",
        ".venv/bin/python -m api_diff --check",
    ),
    Check(
        "openapi.yaml is valid",
        "scripts/locks/node_modules/.bin/redocly lint openapi.yaml",
        "edit openapi.yaml, then: make generate",
    ),
    Check(
        "the code follows the style rules",
        ".venv/bin/ruff check --quiet --output-format=concise",
        "make format, and edit what is left",
    ),
    Check("the code is formatted", ".venv/bin/ruff format --check --quiet --output-format=concise", "make format"),
)


if __name__ == "__main__":
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(Check.run, CHECKS))
    print(*(text for _, text in results), sep="\n")
    sys.exit(not all(passed for passed, _ in results))
