"""Write the changes for people, the worst first, each with its effect. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from api_diff.change import Change, Rating, following, show_version, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_diff.history import Base
    from api_diff.release import Problem, State

_HEADS = {
    Rating.BREAKING: "Breaking: code or an installed client that works today may stop working",
    Rating.COMPATIBLE: "Compatible: something is new, and existing code keeps working",
    Rating.INVISIBLE: "Invisible: users notice nothing",
}
_WIDTH = 110


def report(base: Base, before: State, changes: Sequence[Change]) -> str:
    """Return all changes, and the package version that follows."""
    if not changes:
        return f"Since {base.name}, nothing changed in the contract or the public Python."
    groups = [_group(rating, changes) for rating in sorted(_HEADS, reverse=True)]
    lines = [
        f"Since {base.name} ({base.commit[:10]}), {_count(changes)} for users of thanksio.",
        *filter(None, groups),
    ]
    return "\n\n".join([*lines, _following(base, before, changes)])


def _count(changes: Sequence[Change]) -> str:
    return f"{len(changes)} change{'s' if len(changes) > 1 else ''}"


def _group(rating: Rating, changes: Sequence[Change]) -> str:
    found = [change for change in changes if change.rating is rating]
    lines = [_HEADS[rating]] if found else []
    for effect in dict.fromkeys(change.effect for change in found):
        lines += [textwrap.fill(effect, _WIDTH, initial_indent="  ", subsequent_indent="  ")]
        lines += [f"    {change.part:8}  {change.where}: {change.what}" for change in found if change.effect == effect]
    return "\n".join(lines)


def _following(base: Base, before: State, changes: Sequence[Change]) -> str:
    number = show_version(following(before.version, worst(changes)))
    if base.is_release:
        return f"The package version after {show_version(before.version)} is {number} or later."
    return f"Not a release. After package version {show_version(before.version)}, {number} or later would follow."


def complaint(problems: Sequence[Problem]) -> str:
    """Return each problem with its fix."""
    return "\n".join(f"{problem.what}\n  Fix: {problem.fix}" for problem in problems)
