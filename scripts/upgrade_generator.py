"""Pin the newest generator and the newest ruff that it formats with, and lock them with their hashes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "scripts" / "locks" / "generator.txt"
_PIN = re.compile(r'^generator = \["openapi-python-client==([^"]+)", "ruff==([^"]+)"\]$', re.MULTILINE)
TOOLS = ("openapi-python-client", "ruff")
_OPTIONS = ("--universal", "--python-version", "3.11", "--no-header", "--quiet")


class UpgradeError(Exception):
    """The pins are not where they are expected."""


def newest(resolved: str) -> dict[str, str]:
    """Read the versions of the two tools from a list of requirements."""
    found = dict(re.findall(r"^([a-z-]+)==([^\s;]+)", resolved, re.MULTILINE))
    return {tool: found[tool] for tool in TOOLS}


def pinned(project: str, versions: dict[str, str]) -> str:
    """Return pyproject.toml with these versions pinned. Raises UpgradeError if it has no such line, or several."""
    pins = ", ".join(f'"{tool}=={versions[tool]}"' for tool in TOOLS)
    changed, count = _PIN.subn(f"generator = [{pins}]", project)
    if count != 1:
        raise UpgradeError("pyproject.toml does not pin the generator in one line: generator = [...]")
    return changed


def uv(*arguments: str, given: str = "") -> str:
    """Run the resolver of this environment."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *_OPTIONS, *arguments]
    return subprocess.run(command, input=given, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> int:
    """Change the pins and the lock; 1 means that nothing was changed."""
    project = ROOT / "pyproject.toml"
    before = project.read_text("utf-8")
    versions = newest(uv("-", given="\n".join(TOOLS)))
    try:
        after = pinned(before, versions)
    except UpgradeError as error:
        print(error, file=sys.stderr)
        return 1
    if after == before:
        print(f"The newest are pinned already: {versions}.")
        return 0
    project.write_text(after, "utf-8")
    uv("--group", "generator", "--generate-hashes", "--upgrade", "--output-file", str(LOCK))
    print(f"Pinned and locked: {versions}. The environment is made anew by the next make.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
