"""Rate changes of the public Python by their effect on users' code and type checkers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from api_diff.change import Change, Rating
from api_diff.surface import GENERATED, load, surface

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import griffe

    from api_diff.rules import Verdict
    from api_diff.surface import Fact, Surface

_BROKEN = "`import thanksio` fails: make `_client.py` and openapi.yaml use one name."


def changes(base: Path, revision: Path) -> list[Change]:
    """Compare the Python of two trees. Raises DiffError if one of them cannot be read."""
    before, after = load(base), load(revision)
    unmet = _unmet(revision, after)
    return [
        *(Change(Rating.BREAKING, "Python", name, "imported, and not there", _BROKEN) for name in unmet),
        *compare(surface(before), surface(after)),
    ]


def compare(before: Surface, after: Surface) -> list[Change]:
    """Rate the differences of two surfaces. Members of what was removed, added or replaced are left out."""
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    turned = {name for name in before if name in after and before[name].kind != after[name].kind}
    return [
        *(_removed(name, before[name]) for name in before if name in gone and before[name].owner not in gone | turned),
        *(_added(name, after[name]) for name in after if name in new and after[name].owner not in new | turned),
        *(change for name in before if name in after for change in _changed(name, before[name], after[name])),
    ]


def _removed(name: str, fact: Fact) -> Change:
    if fact.kind == "word":
        rating, effect = Rating.COMPATIBLE, "If it still occurs, it is a plain string; comparisons keep working."
    elif fact.kind == "base":
        rating, effect = Rating.BREAKING, "`except` and `isinstance` with that class no longer match."
    elif fact.kind == "parameter":
        rating, effect = Rating.BREAKING, "Passing it raises a TypeError."
    else:
        rating, effect = Rating.BREAKING, "Using it raises an error."
    return Change(rating, "Python", name, f"{fact.kind} removed", effect)


def _added(name: str, fact: Fact) -> Change:
    what = f"{fact.kind} added"
    if fact.kind == "parameter" and fact.required:
        return Change(Rating.BREAKING, "Python", name, what, "It is required: calls without it raise a TypeError.")
    return Change(Rating.COMPATIBLE, "Python", name, what, "Code that does not use it keeps working.")


def _changed(name: str, before: Fact, after: Fact) -> Iterable[Change]:
    if before.kind != after.kind:
        effect = "Code that uses it as before raises an error."
        yield Change(Rating.BREAKING, "Python", name, f"was a {before.kind}, is a {after.kind}", effect)
        return
    if before.types != after.types and before.types:
        rating, effect = _typed(before, after)
        yield Change(rating, "Python", name, f"was {_shown(before)}, is {_shown(after)}", effect)
    if after.required and not before.required:
        effect = "It is required: calls without it raise a TypeError."
        yield Change(Rating.BREAKING, "Python", name, "required now", effect)
    if before.place is not None and before.place != after.place:
        what = "moved" if after.place is not None else "keyword-only now"
        yield Change(Rating.BREAKING, "Python", name, what, "Passing it by position passes something else.")
    if before.kind == "parameter" and before.default != after.default and not after.required:
        what = f"default was {before.default or 'absent'}, is {after.default or 'absent'}"
        yield Change(Rating.COMPATIBLE, "Python", name, what, "Calls that do not pass it use the new default.")


def _typed(before: Fact, after: Fact) -> Verdict:
    if before.kind == "parameter":
        if _holds(after.types, before.types):
            return Rating.COMPATIBLE, "Values that were accepted before still are."
        return Rating.BREAKING, "A type checker rejects values that were accepted before, and the call may fail."
    if _holds(before.types, after.types):
        return Rating.COMPATIBLE, "Code for the old type works with the new one; it may check more than it needs to."
    return Rating.BREAKING, "A type checker rejects code for the old type, and it may fail."


def _holds(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Return whether each value of the second union is one of the first; an `int` is a `float`, too (PEP 484)."""
    if wide & {"Any", "object"} or not wide:
        return True
    return all(part in wide or (part == "int" and "float" in wide) for part in narrow) and bool(narrow)


def _shown(fact: Fact) -> str:
    return " | ".join(sorted(fact.types, key=lambda part: (part in {"None", "Unset"}, part))) or "untyped"


def _unmet(root: Path, package: griffe.Module) -> list[str]:
    """Return the names that hand-written code imports from the generated package and that are not there."""
    wanted: set[str] = set()
    for path in sorted((root / "src").rglob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if GENERATED in text else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(GENERATED):
                wanted |= {f"{node.module}.{alias.name}" for alias in node.names}
    return sorted(name for name in wanted if not _is_there(package, name))


def _is_there(package: griffe.Module, name: str) -> bool:
    try:
        package.modules_collection[name]
    except KeyError:
        return False
    return True
