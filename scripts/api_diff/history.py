"""Find and fetch the state to compare with: the last release, or the one before the contract last changed."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

from attrs import frozen

from api_diff.change import DiffError

if TYPE_CHECKING:
    from pathlib import Path

_CONTRACT = "openapi.yaml"


@frozen
class Base:
    """A state of this repository, and its name for people."""

    commit: str
    name: str
    is_release: bool


def find(root: Path, ref: str | None = None) -> Base | None:
    """Return the state to compare with: `ref`, or the last release, or the last one with another contract.

    None if nothing was released and the contract has never changed. Raises DiffError if the history is missing or
    shallow.
    """
    if ref:
        return _base(root, ref, ref, is_release=_is_release(root, ref))
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise DiffError("This clone is shallow, so the last release is unknown. Run: git fetch --unshallow --tags")
    tags = _git(root, "tag", "--list", "v[0-9]*", "--merged", "HEAD", "--sort=-version:refname").split()
    if tags:
        return _base(root, tags[0], f"release {tags[0]}", is_release=True)
    return _before(root)


def _before(root: Path) -> Base | None:
    if _git(root, "diff", "--name-only", "HEAD", "--", _CONTRACT).strip():
        return _base(root, "HEAD", "the last commit", is_release=False)
    touched = _git(root, "log", "-1", "--format=%H", "--", _CONTRACT).strip()
    parents = _git(root, "log", "-1", "--format=%P", touched).split() if touched else []
    known = [parent for parent in parents if _git(root, "ls-tree", "--name-only", parent, "--", _CONTRACT).strip()]
    what = f"the contract before commit {touched[:10]}, the last that changed it"
    return _base(root, known[0], what, is_release=False) if known else None


def _base(root: Path, ref: str, name: str, *, is_release: bool) -> Base:
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", wrong=f"There is no commit {ref!r}.")
    return Base(commit.strip(), name, is_release)


def _is_release(root: Path, ref: str) -> bool:
    return ref in _git(root, "tag", "--list", "v[0-9]*").split()


def is_repository(root: Path) -> bool:
    """Return whether this tree has a history; an unpacked archive has none."""
    return (root / ".git").exists()


def fetch(root: Path, base: Base, into: Path) -> None:
    """Write the files of a state into a folder. Raises DiffError if there is no such state."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", base.commit],  # noqa: S607 - git is found as the user finds it
        cwd=root,
        env=_environment(),
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        raise DiffError(archive.stderr.decode("utf-8", "replace").strip())
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(into, filter="data")
    if not (into / _CONTRACT).is_file() or not (into / "src" / "thanksio").is_dir():
        raise DiffError(f"{base.name} has no contract and no package to compare with.")


def _git(root: Path, *arguments: str, wrong: str = "") -> str:
    try:
        run = subprocess.run(
            ["git", *arguments],  # noqa: S607
            cwd=root,
            env=_environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    except FileNotFoundError as error:
        raise DiffError("git is missing: the comparison needs the history.") from error
    if run.returncode:
        raise DiffError(wrong or f"git {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def _environment() -> dict[str, str]:
    """Return the environment without the variables that git sets for hooks: they name another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
