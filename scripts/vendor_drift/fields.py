"""Compare the fields of a vendor's response with those of our contract. Pure.

Which fields were removed depends on what they are compared with: the document is compared with that one of the covered
documents whose fields are most like its own, the newest of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendor_drift.examples import is_listed
from vendor_drift.values import Allowed, Contract, Difference, Response, Seen, alternatives

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NONE = "no such field"
_ALIKE = 0.5  # share of common words: realism and handwriting_realism have one of two in common


def field_differences(response: Response, contract: Contract) -> Iterator[Difference]:
    """Yield every difference of a field."""
    fields, allowed, (name, nearest) = response.fields, contract.fields, nearest_baseline(response, contract)
    new = [where for where in fields if where not in allowed and not where.endswith("/*")]
    removed = [where for where in sorted(nearest.shown | nearest.described) if _is_removed(where, response, nearest)]
    restored = (response.shown | response.described) & allowed.keys() - nearest.shown - nearest.described
    for where in new:
        yield Difference("new field", where, _NONE, _describe(fields[where]))
    for where in removed:
        yield Difference("removed field", where, _types(allowed.get(where)), _NONE)
    for old, other in _renames(removed, [*new, *restored]):
        renamed = f"{other}: {alternatives(fields[other].types)}"
        yield Difference("possible rename", old, _types(allowed.get(old)), renamed)
    yield from _moved(response, nearest, name, contract)
    for where in fields.keys() & allowed.keys():
        yield from _type_and_words(where, fields[where], allowed[where])


def nearest_baseline(response: Response, contract: Contract) -> tuple[str, Response]:
    """Return the covered document whose fields are most like these, with its name; the newest of several."""

    def distance(baseline: tuple[str, Response]) -> int:
        in_example = len(response.shown ^ baseline[1].shown) if _has_order(response) else 0
        return in_example + (len(response.described ^ baseline[1].described) if _has_schema(response) else 0)

    return min(reversed(contract.baselines), key=distance, default=("none", Response()))


def _has_order(response: Response) -> bool:
    """Return whether an example shows an order; without one, examples tell nothing about removed fields."""
    return any(where.startswith("/order/") and seen.example for where, seen in response.fields.items())


def _has_schema(response: Response) -> bool:
    return bool(response.media_types) and not response.broken


def _is_removed(where: str, response: Response, nearest: Response) -> bool:
    """Return whether a field is missing, and was in the example or schema, whichever can be read now."""
    was_shown = where in nearest.shown and _has_order(response)
    was_described = where in nearest.described and _has_schema(response)
    return where not in response.fields and (was_shown or was_described)


def _moved(response: Response, nearest: Response, name: str, contract: Contract) -> Iterator[Difference]:
    """Yield fields that moved between example and schema, and those that only another covered document has.

    Without examples, or without a schema, there is nothing to move from or to.
    """
    shown, described = response.shown, response.described
    both = ((nearest.shown, shown, _has_order(response)), (nearest.described, described, _has_schema(response)))
    compared = [(before, now) for before, now, is_there in both if before and now and is_there]
    others = frozenset().union(*(each.shown | each.described for _, each in contract.baselines))
    for where in sorted((shown | described) & contract.fields.keys() & others):
        if any((where in before) != (where in now) for before, now in compared):
            was, is_ = _place(where, nearest.shown, nearest.described), _place(where, shown, described)
            yield Difference("moved field" if was else "restored field", where, was or f"not in {name}", is_)


def _place(where: str, shown: frozenset[str], described: frozenset[str]) -> str:
    return " and ".join(name for name, has in (("in the example", shown), ("in the schema", described)) if where in has)


def _type_and_words(where: str, seen: Seen, allowed: Allowed) -> Iterator[Difference]:
    more = seen.types - allowed.types - ({"integer"} if "number" in allowed.types else set())
    if more:
        yield Difference("null" if more == {"null"} else "type", where, _types(allowed), alternatives(seen.types))
    if allowed.words is None:
        if seen.listed:
            yield Difference("word", where, "any text", ", ".join(seen.words))
        return
    for word in {word.casefold(): word for word in reversed(seen.words)}.values():
        if word.casefold() not in allowed.words:
            yield _word(where, word)


def _word(where: str, word: str) -> Difference:
    """Return the difference for a word that the contract does not list; the client may know it as a status."""
    if where != "/order/status":
        return Difference("word", where, "not listed", word)
    known = is_listed(word)
    ours = "not listed here, known to the client" if known else "not listed, unknown to the client"
    return Difference("word" if known else "status word", where, ours, word)


def _types(allowed: Allowed | None) -> str:
    if allowed is None:
        return _NONE
    return "only null was seen" if allowed.types == {"null"} else alternatives(allowed.types)


def _describe(seen: Seen) -> str:
    places = ["example"] * bool(seen.example) + ["schema"] * (seen.schema is not None)
    words = f": {', '.join(seen.words)}" if seen.listed else ""
    return f"{alternatives(seen.types)} (in the {' and '.join(places)}){words}"


def _renames(removed: Iterable[str], new: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of the most similar names, each name once."""
    pairs = sorted((-_likeness(old, name), old, name) for old in removed for name in new)
    found: list[tuple[str, str]] = []
    for unlike, old, name in pairs:
        if -unlike >= _ALIKE and not any(old == one or name == other for one, other in found):
            found.append((old, name))
    return found


def _likeness(one: str, other: str) -> float:
    mine, theirs = _parts(one), _parts(other)
    return len(mine & theirs) / len(mine | theirs)


def _parts(where: str) -> set[str]:
    """Return the words of a snake_case or camelCase name, in the singular."""
    name = where.rpartition("/")[2]
    spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return {word.removesuffix("s") for word in spaced.split("_") if word}
