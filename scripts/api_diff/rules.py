"""Rate changes of the contract by their effect on users of this client, which sends little and parses tolerantly.

It sends a PUT without body or query, has its own rule for ids, classifies statuses by number, and keeps unlisted words
and fields. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from api_diff.change import Change, Rating
from api_diff.contract import Words, facts, owner, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api_diff.contract import Facts, Scoped

Verdict: TypeAlias = tuple[Rating, str]
Aspects: TypeAlias = "dict[str, Any]"
Rule: TypeAlias = "Callable[[str, Aspects], Verdict]"  # of a place
ChangeRule: TypeAlias = "Callable[[str, Any, Any], Verdict]"  # of a place, and a value before and after

BREAKING, COMPATIBLE, INVISIBLE = Rating.BREAKING, Rating.COMPATIBLE, Rating.INVISIBLE
_IDS = ("1", "37294", str(2**63 - 1))  # the shortest, a documented one and the longest that the client sends
_READ_FIELDS = {"error.message", "error.errors", "error.status", "error.code"}  # by thanksio._verdict
_READ_HEADERS = {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}  # the same
_DIGITS = {"string", "integer"}
_SHOWN = 60  # characters of a value
_TEXT = "Text for people, or a name that is never sent; at most docstrings change."
_REFUSED = "so the server would refuse the request."
_OTHER_TYPES = "Values of another type can occur; they are returned, and callers must expect them."
_OLD_PATH = (
    "An installed client still uses the old path: it works only while the server supports it or, with "
    'cancel_path="auto", the other spelling.'
)


def changes(before: str, after: str) -> list[Change]:
    """Compare two contracts. Raises DiffError if one of them cannot be read."""
    if before == after:
        return []
    found = list(dict.fromkeys(_compare(facts(parsed(before)), facts(parsed(after)))))  # operations can change alike
    return found or [Change(INVISIBLE, "contract", "openapi.yaml", "other words, same meaning", _TEXT)]


def _compare(before: Facts, after: Facts) -> Iterator[Change]:
    for scope, place in {**before, **after}:
        old, new = before.get((scope, place)), after.get((scope, place))
        if old and new:
            yield from _changed(place, old, new)
        elif not _is_said(scope, place, before, after):
            rules, known, what = (_ADDED, new, "added") if new else (_REMOVED, old, "removed")
            assert known  # noqa: S101 - the place is in one of them
            rating, effect = rules[known["kind"]](place, known)
            yield Change(rating, "contract", place, what, effect)


def _is_said(scope: str, place: str, before: Facts, after: Facts) -> bool:
    """Return whether what a place is part of also came, or went, or is no array any more."""
    if any((key in before) != (key in after) for key in _owners(scope, place)):
        return True
    array = (scope, place.removesuffix("[]"))
    return place.endswith("[]") and before[array]["types"] != after[array]["types"]


def _owners(scope: str, place: str) -> Iterator[Scoped]:
    """Yield what a place is part of: an operation, a response, fields and arrays."""
    if scope:
        yield owner(scope)
        yield owner(owner(scope)[0] or scope)
    while place.endswith("[]") or "." in place:
        place = place.removesuffix("[]") if place.endswith("[]") else place.rpartition(".")[0]
        yield scope, place


def _changed(place: str, before: Aspects, after: Aspects) -> Iterator[Change]:
    aspects = [aspect for aspect in after if before[aspect] != after[aspect]]
    for aspect in aspects:
        if aspect == "wording" and len(aspects) > 1:
            continue
        if aspect == "words" and "types" in aspects:  # they follow from the types
            continue
        was, now = before[aspect], after[aspect]
        rating, effect = _CHANGED[aspect](place, was, now)
        if place.startswith("error") and aspect != "wording":
            rating, effect = _error_field(place, after)
        yield Change(rating, "contract", place, _words(aspect, was, now), effect)


def _words(aspect: str, was: Any, now: Any) -> str:  # noqa: ANN401 - the values of an aspect
    """Return a change in words, with long values cut."""
    if aspect == "wording":
        return "text"
    if isinstance(was, Words):
        if was.is_open != now.is_open:
            return f"words: {'others can occur now' if now.is_open else 'no others can occur now'}"
        was, now = was.listed, now.listed
    if isinstance(was, frozenset):
        new, gone = (", ".join(sorted(map(str, one - other))) for one, other in ((now, was), (was, now)))
        parts = [f"added {new}" if new else "", f"removed {gone}" if gone else ""]
        return f"{aspect}: {'; '.join(filter(None, parts)) or 'in another order'}"
    return f"{aspect}: was {_shown(was)}, is {_shown(now)}"


def _shown(value: object) -> str:
    line = "absent" if value is None else " ".join(str(value).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


# What is new, and what is gone


def _error_field(place: str, _: Aspects) -> Verdict:
    is_read = ".".join(place.split(".")[:2]).rstrip("[]") in _READ_FIELDS
    return (COMPATIBLE, "The same error is raised; its `message` may be different.") if is_read else _NOT_READ


def _header(place: str, _: Aspects) -> Verdict:
    is_read = place.rpartition(" ")[2].lower() in _READ_HEADERS
    return (COMPATIBLE, "Without it, the client uses waits and a pace of its own.") if is_read else _NOT_READ


def _new_parameter(_: str, known: Aspects) -> Verdict:
    return (BREAKING, f"The client does not send it, {_REFUSED}") if known["required"] else _NEVER_SENT


def _new_status(place: str, _: Aspects) -> Verdict:
    success = place.startswith("response 2")
    told = "is parsed like a 200 and must contain an order" if success else "raises an APIStatusError, as before"
    return COMPATIBLE, f"It can occur now; it {told}."


def _lost_status(place: str, _: Aspects) -> Verdict:
    if place.startswith("response 2"):
        return BREAKING, "No response with this status contains an order any more."
    return INVISIBLE, "The client classifies errors by their number, documented or not."


def _new_field(place: str, _: Aspects) -> Verdict:
    if place.startswith("order."):
        return COMPATIBLE, "It is an attribute now, and no longer in `additional_properties`."
    return INVISIBLE, "The client does not read fields beside the order."


def _lost_field(place: str, known: Aspects) -> Verdict:
    if place.startswith("order."):
        return BREAKING, "It is no longer an attribute; if it is still sent, it is in `additional_properties`."
    if place == "order":
        return BREAKING, "The client finds no order: every call would fail."
    return _new_field(place, known)


_NOT_READ: Verdict = (INVISIBLE, "The client does not read it.")
_NEVER_SENT: Verdict = (INVISIBLE, "The client never sends it.")
_SECOND_SERVER: Verdict = (COMPATIBLE, "It is used only if it is set as base_url.")
_ADDED: dict[str, Rule] = {
    "operation": lambda *_: (INVISIBLE, "The client does not call it."),
    "parameter": _new_parameter,
    "server": lambda *_: _SECOND_SERVER,
    "status": _new_status,
    "header": _header,
    "field": _new_field,
    "items": lambda *_: (COMPATIBLE, "Fewer types can occur than before."),
    "error field": _error_field,
}
_REMOVED: dict[str, Rule] = {
    "operation": lambda *_: (BREAKING, _OLD_PATH),
    "parameter": lambda *_: _NEVER_SENT,
    "server": lambda *_: (BREAKING, "A client with it as base_url can no longer rely on it."),
    "status": _lost_status,
    "header": _header,
    "field": _lost_field,
    "items": lambda *_: (BREAKING, _OTHER_TYPES),
    "error field": _error_field,
}


# What is different


def _address(place: str, *_: object) -> Verdict:
    if place == "servers 0":
        return BREAKING, "The token is sent to another address, unless base_url or THANKSIO_BASE_URL is set."
    return _SECOND_SERVER


def _body(_: str, __: str, now: str) -> Verdict:
    needed = now == "required"
    return (BREAKING, f"The client sends no body, {_REFUSED}") if needed else (INVISIBLE, "The client sends no body.")


def _security(_: str, __: object, now: frozenset[str]) -> Verdict:
    if {"none", "http bearer"} & now:
        return INVISIBLE, "The client keeps sending its bearer token."
    return BREAKING, f"The client sends a bearer token only, {_REFUSED}"


def _required(_: str, __: object, now: object) -> Verdict:
    return (BREAKING, f"The client does not send it, {_REFUSED}") if now is True else _NEVER_SENT


def _pattern(_: str, __: object, now: object) -> Verdict:
    if all(re.search(str(now or ""), number) for number in _IDS):
        return INVISIBLE, "Every id that the client sends is still allowed."
    return BREAKING, "The client sends ids that the server would refuse."


def _types(place: str, was: frozenset[str], now: frozenset[str]) -> Verdict:
    if " parameter " in place:
        is_sent = bool(now & _DIGITS)
        return (INVISIBLE, "The same digits are sent.") if is_sent else (BREAKING, f"It sends digits, {_REFUSED}")
    if now < was:
        return COMPATIBLE, "Fewer types can occur than before."
    return BREAKING, _OTHER_TYPES


def _listed(place: str, was: Words, now: Words) -> Verdict:
    if place == "order.status" and "cancelled" in was.listed and "cancelled" not in now.listed:
        return BREAKING, "No order would count as cancelled: every call raises OrderNotCancelledError."
    if now.is_open:
        return COMPATIBLE, "The set is open: a word that is not listed is returned as a string, as before."
    if was.is_open or set(now.listed) - set(was.listed):
        return BREAKING, "The set of words is closed: a response with an unlisted word cannot be parsed."
    return COMPATIBLE, "Fewer words can occur than before."


def _presence(_: str, __: object, now: object) -> Verdict:
    if now:
        return COMPATIBLE, "It is always present now."
    return BREAKING, "It may be missing (`UNSET`), and callers must expect that."


def _extra_fields(place: str, _: object, now: object) -> Verdict:
    if place == "body":
        return INVISIBLE, "The client reads the order and nothing beside it."
    if now:
        return INVISIBLE, "Unlisted fields are kept, as before."
    return BREAKING, "Unlisted fields are lost: `additional_properties` is removed."


def _limits(place: str, was: dict[str, Any], now: dict[str, Any]) -> Verdict:
    narrower = all(key in now and _is_narrower(key, value, now[key]) for key, value in was.items())
    if " parameter " in place:
        return (BREAKING, f"The client does not know the new limit, {_REFUSED}") if narrower else _NEVER_SENT
    if narrower:
        return COMPATIBLE, "Fewer values can occur than before."
    return BREAKING, "An installed client relies on what it was."


def _is_narrower(key: str, was: Any, now: Any) -> bool:  # noqa: ANN401 - the values of a keyword of JSON Schema
    if was == now or not all(isinstance(value, int | float) for value in (was, now)):
        return bool(was == now)
    return bool(now < was if "max" in key.lower() else now > was if "min" in key.lower() else False)


_CHANGED: dict[str, ChangeRule] = {
    "address": _address,
    "request body": _body,
    "security": _security,
    "required": _required,
    "pattern": _pattern,
    "types": _types,
    "words": _listed,
    "presence": _presence,
    "extra fields": _extra_fields,
    "limits": _limits,
    "wording": lambda *_: (INVISIBLE, _TEXT),
}
