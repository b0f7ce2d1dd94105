"""Build the wheel and the sdist of a version so that anybody gets the same bytes, and tag it if all is as it should be.

`make release VERSION=x.y.z` runs the checks of `make check` before. Nothing is published here: that is the tag's work.
"""

from __future__ import annotations

import argparse
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
_VERSION = re.compile(
    r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}((a|b|rc)[0-9]+)?"
)  # PEP 440, in the form that is used here


class ReleaseError(Exception):
    """Something is not as a release needs it; the text says what to do."""


def git(root: Path, *arguments: str) -> str:
    """Return the output of git."""
    command = [shutil.which("git") or "git", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def problems(version: str, stated: str, changelog: str, status: str, tags: list[str]) -> list[str]:
    """Return the problems that prevent releasing a version, each with its fix."""
    found: list[str] = []
    if not _VERSION.fullmatch(version):
        found.append(f"{version!r} is no version such as 0.2.0. Type: make release VERSION=0.2.0")
    if version != stated:
        found.append(f"pyproject.toml says {stated}, not {version}. Edit `version` there.")
    if not re.search(rf"^## {re.escape(version)}, \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading `## {version}, YYYY-MM-DD`. Give the entry its date.")
    if status:
        found.append(
            f"The tree is not clean. Commit or put away first:\n    {status.replace(chr(10), chr(10) + '    ')}"
        )
    if f"v{version}" in tags:
        found.append(f"v{version} is tagged already. A version is released once: raise it.")
    return found


def check(root: Path, version: str) -> None:
    """Raise ReleaseError with all that stands in the way."""
    stated = str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    found = problems(version, stated, changelog, git(root, "status", "--porcelain"), git(root, "tag").split())
    if found:
        raise ReleaseError("\n".join(f"- {problem}" for problem in found))


def build(root: Path, target: Path) -> None:
    """Build twice from what is committed, and the wheel once more from the sdist alone; keep it if all are the same.

    Raises ReleaseError where the bytes differ.
    """
    epoch = git(root, "log", "-1", "--format=%ct")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        first, second = (made(root, scratch / name, epoch) for name in ("one", "another-place"))
        alike(first, second, "building twice")
        (sdist,) = first.glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch / "unpacked", filter="data")
        (source,) = (scratch / "unpacked").iterdir()
        hatch(source, scratch / "from-sdist", epoch, "--target", "wheel")
        alike(scratch / "from-sdist", first, "building from the sdist")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(first, target)


def made(root: Path, place: Path, epoch: str) -> Path:
    """Build both from a copy of what is committed, in a place of its own; give the folder they are in."""
    place.mkdir()
    archive = place / "source.tar"
    git(root, "archive", "--output", str(archive), "HEAD")
    with tarfile.open(archive) as source:
        source.extractall(place / "source", filter="data")
    hatch(place / "source", place / "dist", epoch)
    return place / "dist"


def hatch(source: Path, target: Path, epoch: str, *options: str) -> None:
    """Run the build backend that is installed, on its own: no network is asked, and no Node is found."""
    program = Path(sys.executable).with_name("hatchling")
    environment = {"SOURCE_DATE_EPOCH": epoch, "PATH": str(program.parent), "HOME": os.devnull}
    command = [str(program), "build", "--directory", str(target), *options]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"hatchling says:\n{done.stdout}{done.stderr}")


def alike(some: Path, others: Path, what: str) -> None:
    """Raise ReleaseError if a file is not the same, byte by byte, in both folders."""
    for path in sorted(some.iterdir()):
        twin = others / path.name
        if not twin.is_file() or twin.read_bytes() != path.read_bytes():
            raise ReleaseError(f"{what} gives another {path.name}")


def main(arguments: list[str] | None = None) -> int:
    """Build, and with `--tag VERSION` check and tag; 1 means that nothing was tagged, and why is on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", metavar="VERSION", help="check that all is as it should be, build, and tag")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(arguments)
    root: Path = options.root
    try:
        if options.tag is not None:
            check(root, options.tag)
        build(root, root / "dist")
    except ReleaseError as error:
        print(f"{error}\nNothing was tagged.", file=sys.stderr)
        return 1
    for path in sorted((root / "dist").iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  dist/{path.name}")
    if options.tag is not None:
        git(root, "tag", "--annotate", f"v{options.tag}", "--message", f"thanksio {options.tag}")
        print(f"v{options.tag} is tagged. Publish it: git push origin v{options.tag}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
