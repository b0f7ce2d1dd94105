"""Rate changes of the contract by their effect on users of this client, which sends little and parses tolerantly.

It sends a PUT without body or query, has its own rule for ids, classifies statuses by number, and keeps unlisted words
and fields. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from api_diff.change import Change, Rating
from api_diff.contract import Words, facts, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api_diff.contract import Facts

Verdict: TypeAlias = tuple[Rating, str]
Rule: TypeAlias = "Callable[[str, Facts], Verdict]"  # of a place
ChangeRule: TypeAlias = "Callable[[str, Any, Any], Verdict]"  # of a place, and a value before and after

BREAKING, COMPATIBLE, INVISIBLE = Rating.BREAKING, Rating.COMPATIBLE, Rating.INVISIBLE
_IDS = ("1", "37294", str(2**63 - 1))  # the shortest, a documented one and the longest that the client sends
_READ_FIELDS = {"error.message", "error.errors", "error.status", "error.code"}  # by thanksio._verdict
_READ_HEADERS = {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}  # the same
_DIGITS = {"string", "integer"}
_SHOWN = 60  # characters of a value
_TEXT = "Text for people, or a name that is never sent; at most docstrings change."
_REFUSED = "so the server would refuse the request."
_OLD_PATH = (
    "An installed client still uses the old path: it works only while the server supports it or, with "
    'cancel_path="auto", the other spelling.'
)


def changes(before: str, after: str) -> list[Change]:
    """Compare two contracts. Raises DiffError if one of them cannot be read."""
    if before == after:
        return []
    found = list(_compare(facts(parsed(before)), facts(parsed(after))))
    return found or [Change(INVISIBLE, "contract", "openapi.yaml", "other words, same meaning", _TEXT)]


def _compare(before: Facts, after: Facts) -> Iterator[Change]:
    old, new = ({place for place, _ in one} for one in (before, after))
    for place in dict.fromkeys(place for place, _ in (*before, *after)):
        if place in old & new:
            yield from _changed(place, before, after)
        elif not _parents(place) & (old ^ new):  # otherwise it came, or went, with what it is a part of
            rules, known, what = (_ADDED, after, "added") if place in new else (_REMOVED, before, "removed")
            rating, effect = rules[known[place, "kind"]](place, known)
            yield Change(rating, "contract", place, what, effect)


def _parents(place: str) -> set[str]:
    """Return what a place can be a part of: a field, its array, or the status of a header."""
    return {place.rpartition(".")[0], place.removesuffix("[]"), place.rpartition(" ")[0]} - {place}


def _changed(place: str, before: Facts, after: Facts) -> Iterator[Change]:
    aspects = [aspect for where, aspect in after if where == place and before[place, aspect] != after[place, aspect]]
    for aspect in aspects:
        if aspect == "wording" and len(aspects) > 1:
            continue
        was, now = before[place, aspect], after[place, aspect]
        rule = _CHANGED[aspect]
        rating, effect = _error_field(place, after) if place.startswith("error.") else rule(place, was, now)
        yield Change(rating, "contract", place, _words(aspect, was, now), effect)


def _words(aspect: str, was: Any, now: Any) -> str:  # noqa: ANN401 - the values of an aspect
    """Return a change in words, with long values cut."""
    if aspect == "wording":
        return "text"
    if isinstance(was, Words):
        if was.is_open != now.is_open:
            return f"words: {'others can occur now' if now.is_open else 'no others can occur now'}"
        was, now = frozenset(was.listed), frozenset(now.listed)
    if isinstance(was, frozenset):
        new, gone = (", ".join(sorted(map(str, one - other))) for one, other in ((now, was), (was, now)))
        parts = [f"added {new}" if new else "", f"removed {gone}" if gone else ""]
        return f"{aspect}: {'; '.join(filter(None, parts)) or 'in another order'}"
    return f"{aspect}: was {_shown(was)}, is {_shown(now)}"


def _shown(value: object) -> str:
    line = "absent" if value is None else " ".join(str(value).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


# What is new, and what is gone


def _error_field(place: str, _: Facts) -> Verdict:
    is_read = ".".join(place.split(".")[:2]).rstrip("[]") in _READ_FIELDS
    return (COMPATIBLE, "The same error is raised; its `message` may be different.") if is_read else _NOT_READ


def _header(place: str, _: Facts) -> Verdict:
    is_read = place.rpartition(" ")[2].lower() in _READ_HEADERS
    return (COMPATIBLE, "Without it, the client uses waits and a pace of its own.") if is_read else _NOT_READ


def _new_parameter(place: str, known: Facts) -> Verdict:
    return (BREAKING, f"The client does not send it, {_REFUSED}") if known[place, "required"] else _NEVER_SENT


def _new_status(place: str, _: Facts) -> Verdict:
    success = place.startswith("response 2")
    told = "is parsed like a 200 and must contain an order" if success else "raises an APIStatusError, as before"
    return COMPATIBLE, f"It can occur now; it {told}."


def _lost_status(place: str, _: Facts) -> Verdict:
    if place.startswith("response 2"):
        return BREAKING, "No response with this status contains an order any more."
    return INVISIBLE, "The client classifies errors by their number, documented or not."


def _new_field(place: str, _: Facts) -> Verdict:
    if place.startswith("order."):
        return COMPATIBLE, "It is an attribute now, and no longer in `additional_properties`."
    return INVISIBLE, "The client does not read fields beside the order."


def _lost_field(place: str, known: Facts) -> Verdict:
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
    "error field": _error_field,
}
_REMOVED: dict[str, Rule] = {
    "operation": lambda *_: (BREAKING, _OLD_PATH),
    "parameter": lambda *_: _NEVER_SENT,
    "server": lambda *_: (BREAKING, "A client with it as base_url can no longer rely on it."),
    "status": _lost_status,
    "header": _header,
    "field": _lost_field,
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
    if place.startswith("parameter "):
        is_sent = bool(now & _DIGITS)
        return (INVISIBLE, "The same digits are sent.") if is_sent else (BREAKING, f"It sends digits, {_REFUSED}")
    if now < was:
        return COMPATIBLE, "Fewer types can occur than before."
    return BREAKING, "Values of another type can occur; they are returned, and callers must expect them."


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
    if place == "response":
        return INVISIBLE, "The client reads the order and nothing beside it."
    if now:
        return INVISIBLE, "Unlisted fields are kept, as before."
    return BREAKING, "Unlisted fields are lost: `additional_properties` is removed."


_CHANGED: dict[str, ChangeRule] = {
    "address": _address,
    "request body": _body,
    "security": _security,
    "in": lambda *_: (BREAKING, f"The client sends it in the old place, {_REFUSED}"),
    "required": _required,
    "pattern": _pattern,
    "types": _types,
    "words": _listed,
    "presence": _presence,
    "extra fields": _extra_fields,
    "limits": lambda *_: (BREAKING, "An installed client relies on what it was."),
    "wording": lambda *_: (INVISIBLE, _TEXT),
}
