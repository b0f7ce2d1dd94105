"""Decide whether the versions and the CHANGELOG go with what changed, and name the edit for each that does not."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from attrs import field, frozen

from differing.change import DiffError, Rating, Version, following, parse_version, show_version, worst
from differing.contract import parsed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from differing.change import Change

_ENTRY = re.compile(r"^## (?P<version>\S+), (?P<when>.+)$", re.MULTILINE)
_WHEN = re.compile(r"not released yet|\d{4}-\d{2}-\d{2}")
_ITEM = re.compile(r"^- .*(?:\n  .*)*", re.MULTILINE)


@frozen
class State:
    """What a tree says of itself: its version, that of its contract, and its CHANGELOG."""

    version: Version
    contract: Version
    changelog: str = field(repr=False)


@frozen
class Problem:
    """What does not go together, and the edit that mends it."""

    what: str
    mend: str


def read(root: Path) -> State:
    """Read what a tree says of itself, or raise DiffError."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        contract = parsed((root / "openapi.yaml").read_text("utf-8"))["info"]["version"]
        changelog = (root / "CHANGELOG.md").read_text("utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DiffError(f"The versions in {root} cannot be read: {type(error).__name__}: {error}") from error
    return State(parse_version(project), parse_version(str(contract)), changelog)


def problems(before: State, now: State, changes: Sequence[Change], *, is_release: bool) -> list[Problem]:
    """Name all that does not go with `changes`. Nothing has been promised to anyone before the first release."""
    rating = worst(changes)
    wanted = following(before.version, rating) if is_release else before.version
    return [
        *_contract(before, now, [change for change in changes if change.part == "wire"], is_release=is_release),
        *_version(now, rating, wanted),
        *_changelog(before, now, rating, max(wanted, now.version)),
    ]


def _contract(before: State, now: State, wire: Sequence[Change], *, is_release: bool) -> list[Problem]:
    rating = worst(wire)
    if rating is None or rating is Rating.INVISIBLE:
        return []
    wanted = following(before.contract, rating) if is_release else following(before.contract, Rating.INVISIBLE)
    if now.contract >= wanted:
        return []
    number = show_version(wanted)
    return [
        Problem(
            f"The contract changed, and openapi.yaml still calls itself {show_version(now.contract)}.",
            f"in openapi.yaml set `info.version: {number}`, then type: make generate",
        )
    ]


def _version(now: State, rating: Rating | None, wanted: Version) -> list[Problem]:
    if now.version >= wanted:
        return []
    why = f"What changed is {rating.name.lower()}" if rating else "A version never goes back"
    return [
        Problem(
            f"{why}, and pyproject.toml still says {show_version(now.version)}.",
            f'in pyproject.toml set version = "{show_version(wanted)}"',
        )
    ]


def _changelog(before: State, now: State, rating: Rating | None, wanted: Version) -> list[Problem]:
    head = _ENTRY.search(now.changelog)
    version = show_version(wanted)
    if not head or head["version"] != version or not _WHEN.fullmatch(head["when"]):
        found = head[0] if head else "nothing"
        return [
            Problem(
                f"The newest entry of CHANGELOG.md is not that of version {version}, but {found}.",
                f"begin the entries of CHANGELOG.md with: ## {version}, not released yet",
            )
        ]
    new = set(_items(_newest(now.changelog))) - set(_items(before.changelog))
    if rating is None or rating is Rating.INVISIBLE or new:
        return []
    return [
        Problem(
            "What changed can be noticed, and CHANGELOG.md does not tell it.",
            f'add a line to "{head[0]}" in CHANGELOG.md: what is different for a user, in a full sentence',
        )
    ]


def _newest(changelog: str) -> str:
    entries = [match.start() for match in _ENTRY.finditer(changelog)]
    return changelog[entries[0] : entries[1] if len(entries) > 1 else None]


def _items(text: str) -> list[str]:
    return [" ".join(item.split()) for item in _ITEM.findall(text)]
