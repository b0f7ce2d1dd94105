"""Changes and their effect on users as values, and the version that follows them."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

Version: TypeAlias = tuple[int, int, int]
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class DiffError(Exception):
    """The two states cannot be compared; the message says why and how to fix it."""


class Rating(enum.IntEnum):
    """The effect of a change on users, from none to the worst."""

    INVISIBLE = 1
    COMPATIBLE = 2
    BREAKING = 3


@frozen
class Change:
    """One change, and its effect on users.

    `where` is a place in the contract, such as `order.style`, or a Python name, such as `thanksio.Order.style`.
    """

    rating: Rating
    part: Literal["contract", "Python"]
    where: str
    what: str
    effect: str


def worst(changes: Iterable[Change]) -> Rating | None:
    """Return the rating of all changes together, None if nothing changed."""
    return max((change.rating for change in changes), default=None)


def parse_version(text: str) -> Version:
    """Parse a version of three numbers. Raises DiffError."""
    match = _VERSION.fullmatch(text)
    if not match:
        raise DiffError(f"invalid version {text!r}: write three numbers, such as 0.2.0.")
    return int(match[1]), int(match[2]), int(match[3])


def show_version(version: Version) -> str:
    """Return a version as text."""
    return ".".join(map(str, version))


def following(version: Version, rating: Rating | None) -> Version:
    """Return the lowest version that may follow, by semantic versioning; before 1.0 a minor version may break."""
    major, minor, patch = version
    if rating is None:
        return version
    if rating is Rating.BREAKING:
        return (major + 1, 0, 0) if major else (0, minor + 1, 0)
    if rating is Rating.COMPATIBLE and major:
        return major, minor + 1, 0
    return major, minor, patch + 1
