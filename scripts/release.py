"""Build the wheel and the sdist reproducibly into dist/; with a version, check first that it can be released, and tag.

Nothing is published here: CI does that when the tag is pushed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_NUMBER = "(0|[1-9][0-9]*)"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}((a|b|rc)[0-9]+)?")


def git(root: Path, *arguments: str) -> str:
    """Return the output of git."""
    command = [shutil.which("git") or "git", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def problems(version: str, stated: str, changelog: str, status: str, tags: list[str]) -> list[str]:
    """Return what prevents the release of a version, each with its fix."""
    found: list[str] = []
    if not _VERSION.fullmatch(version):
        found.append(f"{version!r} is not a version such as 0.2.0. Type: make release VERSION=0.2.0")
    if version != stated:
        found.append(f"pyproject.toml says {stated}, not {version}. Edit `version` there.")
    if not re.search(rf"^## {re.escape(version)}, \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading `## {version}, YYYY-MM-DD`. Add the date to the entry.")
    if status:
        found.append(f"The tree is not clean. Commit or stash:\n{status}")
    if f"v{version}" in tags:
        found.append(f"v{version} is already tagged. Raise the version.")
    return found


def build(root: Path, target: Path) -> None:
    """Build what is committed, build its sdist again in another place, and keep the result if both are the same."""
    epoch = git(root, "log", "-1", "--format=%ct")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        git(root, "archive", "--output", str(scratch / "source.tar"), "--prefix", "source/", "HEAD")
        first = hatch(scratch / "source.tar", scratch / "first", epoch)
        (sdist,) = first.glob("*.tar.gz")
        compare(first, hatch(sdist, scratch / "second", epoch))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(first, target)


def hatch(archive: Path, place: Path, epoch: str) -> Path:
    """Unpack an archive of the source, build it with the installed backend, and return the folder of the results."""
    with tarfile.open(archive) as source:
        source.extractall(place, filter="data")
    (tree,) = place.iterdir()
    command = [str(Path(sys.executable).with_name("hatchling")), "build", "--directory", str(place / "dist")]
    environment = os.environ | {"SOURCE_DATE_EPOCH": epoch}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"hatchling failed:\n{done.stdout}{done.stderr}")
    return place / "dist"


def compare(first: Path, second: Path) -> None:
    """Exit if a file is not the same in both folders."""
    for path in sorted(first.iterdir()):
        other = second / path.name
        if not other.is_file() or other.read_bytes() != path.read_bytes():
            sys.exit(f"A second build gives another {path.name}")


def main(version: str | None = None, root: Path = ROOT) -> None:
    """Build, and tag the version if there is one; exit with the reason if that is not possible."""
    if version is not None:
        stated = str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])
        changelog = (root / "CHANGELOG.md").read_text("utf-8")
        if found := problems(version, stated, changelog, git(root, "status", "--porcelain"), git(root, "tag").split()):
            sys.exit("\n".join([*(f"- {problem}" for problem in found), "Nothing was tagged."]))
    build(root, root / "dist")
    for path in sorted((root / "dist").iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  dist/{path.name}")
    if version is not None:
        git(root, "tag", "--annotate", f"v{version}", "--message", f"thanksio {version}")
        print(f"v{version} is tagged. Publish it: git push origin v{version}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
