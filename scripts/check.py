"""Run the checks that take seconds, all of them, and name for each that fails what mends it."""

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
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


@frozen
class Step:
    """One check: what holds when it passes, the command that looks, and what mends it if it does not say so itself."""

    name: str
    holds: str
    command: tuple[str, ...]
    mend: str = ""


PYTHON = ".venv/bin/python"
STEPS = (
    Step(
        "generated",
        "generated/ is what openapi.yaml says",
        (".venv-generator/bin/python", "scripts/generate.py", "--check"),
    ),
    Step(
        "versions",
        "the versions and CHANGELOG.md go with what changed",
        (PYTHON, "scripts/contract_diff.py", "--check"),
    ),
    Step(
        "contract",
        "openapi.yaml is sound",
        ("scripts/locks/node_modules/.bin/redocly", "lint", "openapi.yaml"),
        "edit openapi.yaml where it says, then type: make generate",
    ),
    Step(
        "style",
        "the code keeps to the rules of style",
        (PYTHON, "-m", "ruff", "check", "--quiet", "--output-format=concise"),
        "make format, and by hand what is left",
    ),
    Step(
        "format",
        "the code is in shape",
        (PYTHON, "-m", "ruff", "format", "--check", "--quiet", "--output-format=concise"),
        "make format",
    ),
)


@frozen
class Outcome:
    """What came of a step: whether it passed, what it said, and the seconds it took."""

    passed: bool
    said: str
    seconds: float


def run(step: Step, root: Path) -> Outcome:
    """Carry out one check, touching nothing."""
    began = time.monotonic()
    done = subprocess.run(
        [str(root / step.command[0]), *step.command[1:]],
        cwd=root,
        env=os.environ | _QUIET,
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
    said = [f"          {line}".rstrip() for line in outcome.said.splitlines()]
    mend = [f"          Fix: {step.mend}"] if step.mend else []
    return "\n".join([f"FAILED  {outcome.seconds:4.1f} s  {step.holds}: not so", *said, *mend])


def main(arguments: list[str] | None = None) -> int:
    """Run the named checks, or all; 1 if one failed."""
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
