"""Decide whether versions and CHANGELOG match the changes, and name the fix where they do not. Pure but for read()."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from attrs import field, frozen

from api_diff.change import DiffError, Rating, Version, following, parse_version, show_version, worst
from api_diff.contract import parsed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from api_diff.change import Change

_ENTRY = re.compile(r"^## (?P<version>\S+), (?P<when>.+)$", re.MULTILINE)
_WHEN = re.compile(r"not released yet|\d{4}-\d{2}-\d{2}")
_ITEM = re.compile(r"^- .*(?:\n  .*)*", re.MULTILINE)


@frozen
class State:
    """The package version, the contract version and the CHANGELOG of a tree."""

    version: Version
    contract: Version
    changelog: str = field(repr=False)


@frozen
class Problem:
    """Something that does not match the changes, and its fix."""

    what: str
    fix: str


def read(root: Path) -> State:
    """Read the state of a tree. Raises DiffError."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        contract = parsed((root / "openapi.yaml").read_text("utf-8"))["info"]["version"]
        changelog = (root / "CHANGELOG.md").read_text("utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DiffError(f"The versions in {root} cannot be read: {type(error).__name__}: {error}") from error
    return State(parse_version(project), parse_version(str(contract)), changelog)


def problems(before: State, now: State, changes: Sequence[Change], *, is_release: bool) -> list[Problem]:
    """Return what does not match `changes`. Before the first release, every change is allowed."""
    rating = worst(changes)
    wanted = following(before.version, rating) if is_release else before.version
    return [
        *_contract(before, now, [change for change in changes if change.part == "contract"], is_release=is_release),
        *_version(now, rating, wanted),
        *_changelog(before, now, rating, max(wanted, now.version)),
    ]


def _contract(before: State, now: State, of_contract: Sequence[Change], *, is_release: bool) -> list[Problem]:
    rating = worst(of_contract)
    if rating is None or rating is Rating.INVISIBLE:
        return []
    wanted = following(before.contract, rating) if is_release else following(before.contract, Rating.INVISIBLE)
    if now.contract >= wanted:
        return []
    number = show_version(wanted)
    return [
        Problem(
            f"The contract changed, and openapi.yaml still has contract version {show_version(now.contract)}.",
            f"in openapi.yaml set `info.version: {number}`, then run: make generate",
        )
    ]


def _version(now: State, rating: Rating | None, wanted: Version) -> list[Problem]:
    if now.version >= wanted:
        return []
    why = f"The changes are {rating.name.lower()}" if rating else "A version never goes back"
    return [
        Problem(
            f"{why}, and pyproject.toml still has package version {show_version(now.version)}.",
            f'in pyproject.toml set version = "{show_version(wanted)}"',
        )
    ]


def _changelog(before: State, now: State, rating: Rating | None, wanted: Version) -> list[Problem]:
    head = _ENTRY.search(now.changelog)
    version = show_version(wanted)
    if not head or head["version"] != version or not _WHEN.fullmatch(head["when"]):
        found = f'"{head[0]}"' if head else "missing"
        return [
            Problem(
                f"The newest entry of CHANGELOG.md should be that of package version {version}; it is {found}.",
                f"start the entries of CHANGELOG.md with: ## {version}, not released yet",
            )
        ]
    new = set(_items(_newest(now.changelog))) - set(_items(before.changelog))
    if rating is None or rating is Rating.INVISIBLE or new:
        return []
    return [
        Problem(
            "Users can notice the changes, and CHANGELOG.md does not mention them.",
            f'add a line to "{head[0]}" in CHANGELOG.md: what is different for users, in a full sentence',
        )
    ]


def _newest(changelog: str) -> str:
    entries = [match.start() for match in _ENTRY.finditer(changelog)]
    return changelog[entries[0] : entries[1] if len(entries) > 1 else None]


def _items(text: str) -> list[str]:
    return [" ".join(item.split()) for item in _ITEM.findall(text)]
