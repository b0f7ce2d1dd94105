"""Guess which removed field was renamed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = 0.5  # share of common words: realism and handwriting_realism have one of two in common


def renames(removed: Iterable[str], new: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of the most similar names, each name once."""
    pairs = sorted((-_likeness(old, name), old, name) for old in removed for name in new)
    found: list[tuple[str, str]] = []
    for unlike, old, name in pairs:
        if -unlike >= _ALIKE and not any(old == one or name == other for one, other in found):
            found.append((old, name))
    return found


def _likeness(one: str, other: str) -> float:
    mine, theirs = _words(one), _words(other)
    return len(mine & theirs) / len(mine | theirs)


def _words(where: str) -> set[str]:
    """Return the words of a snake_case or camelCase name, in the singular."""
    name = where.rpartition("/")[2]
    spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return {word.removesuffix("s") for word in spaced.split("_") if word}
