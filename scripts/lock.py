"""Resolve what pyproject.toml asks for into exact versions with hashes, one file for each environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "scripts" / "locks"

# `dev` and `mutate` hold the package's own dependencies, too; `lowest` the oldest ones that pyproject.toml allows.
ENVIRONMENTS = {
    "demo": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--group", "dev"],
    "docs": ["pyproject.toml", "--extra", "cli", "--extra", "testing", "--group", "docs"],
    "generator": ["--group", "generator"],
    "locker": ["--group", "locker"],
    "mutate": ["pyproject.toml", "--group", "dev", "--group", "mutate"],
    "peers": ["--group", "peers"],
    "lowest": ["pyproject.toml", "--resolution", "lowest-direct"],
}


def main() -> None:
    """Write scripts/locks/*.txt. They carry hashes and no addresses."""
    uv = Path(sys.executable).with_name("uv")
    for name, sources in ENVIRONMENTS.items():
        print(f"resolving {name} ...")
        options = [
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-header",
            "--no-strip-extras",  # pip looks for the newest of what is asked for with an extra and pinned without it
            "--quiet",
            "--upgrade",
        ]
        command = [str(uv), "pip", "compile", *sources, *options, "--output-file", str(LOCKS / f"{name}.txt")]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
