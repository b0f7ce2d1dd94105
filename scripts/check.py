"""Run all checks that take seconds, and name the fix of each that fails."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = {
    "PYTHONPATH": "scripts",
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "NO_COLOR": "1",
}


@frozen
class Step:
    """One check: what is true when it passes, its command, and the fix if the command does not name it."""

    name: str
    holds: str
    command: tuple[str, ...]
    fix: str = ""


PYTHON = ".venv/bin/python"
STEPS = (
    Step(
        "generated",
        "generated/ matches openapi.yaml",
        (".venv-generator/bin/python", "scripts/generate.py", "--check"),
    ),
    Step(
        "versions",
        "the contract version, the package version and CHANGELOG.md match what changed",
        (PYTHON, "-m", "api_diff", "--check"),
    ),
    Step(
        "contract",
        "openapi.yaml is valid",
        ("scripts/locks/node_modules/.bin/redocly", "lint", "openapi.yaml"),
        "edit openapi.yaml, then: make generate",
    ),
    Step(
        "style",
        "the code follows the style rules",
        (PYTHON, "-m", "ruff", "check", "--quiet", "--output-format=concise"),
        "make format, and edit what is left",
    ),
    Step(
        "format",
        "the code is formatted",
        (PYTHON, "-m", "ruff", "format", "--check", "--quiet", "--output-format=concise"),
        "make format",
    ),
)


@frozen
class Outcome:
    """The result of a check: whether it passed, its output, and the seconds it took."""

    passed: bool
    output: str
    seconds: float


def run(step: Step, root: Path) -> Outcome:
    """Run one check, which changes nothing."""
    began = time.monotonic()
    done = subprocess.run(
        [str(root / step.command[0]), *step.command[1:]],
        cwd=root,
        env=os.environ | _ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Outcome(done.returncode == 0, done.stdout.strip(), time.monotonic() - began)


def describe(step: Step, outcome: Outcome) -> str:
    """Return one line for a check that passed; for one that failed, its output and the fix."""
    if outcome.passed:
        return f"ok      {outcome.seconds:4.1f} s  {step.holds}"
    output = [f"          {line}".rstrip() for line in outcome.output.splitlines()]
    fix = [f"          Fix: {step.fix}"] if step.fix else []
    return "\n".join([f"FAILED  {outcome.seconds:4.1f} s  not true: {step.holds}", *output, *fix])


def main(arguments: list[str] | None = None) -> int:
    """Run the named checks, or all; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(step.name for step in STEPS)}; all if none is named")
    wanted = parser.parse_args(arguments).names
    unknown = set(wanted) - {step.name for step in STEPS}
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    steps = [step for step in STEPS if not wanted or step.name in wanted]
    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(lambda step: run(step, ROOT), steps))
    for step, outcome in zip(steps, outcomes, strict=True):
        print(describe(step, outcome))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
