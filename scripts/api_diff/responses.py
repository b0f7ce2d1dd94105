"""Rules for responses: the effect of a change on a client that accepts whatever is sent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from api_diff.change import Rating
from api_diff.contract import json_types, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from api_diff.contract import Place
    from api_diff.redocly import Finding

Verdict: TypeAlias = tuple[Rating, str]
Rule: TypeAlias = "Callable[[Finding, Place], Verdict | None]"

_READ_KEYS = {"message", "errors", "status", "code"}  # of an error answer, by thanksio._verdict
_READ_HEADERS = {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}  # the same
_COMBINED = {"anyOf", "oneOf", "allOf"}


def _statuses(finding: Finding, place: Place) -> Verdict | None:
    if finding.type_name != "Response" or (finding.kind == "modified" and finding.prop != "key"):
        return None
    if place.path[0] == "components":
        return Rating.INVISIBLE, "The name of a part of the contract is never sent."
    success = place.status.startswith("2")
    if finding.kind == "modified" and str(finding.before.get("value")).startswith("2"):
        return Rating.BREAKING, "No response with the old status contains an order any more."
    if finding.kind != "removed":
        told = "is parsed like a 200 and must contain an order" if success else "raises an APIStatusError, as before"
        return Rating.COMPATIBLE, f"It can occur now; it {told}."
    if success:
        return Rating.BREAKING, "No response with this status contains an order any more."
    return Rating.INVISIBLE, "The client classifies errors by their number, documented or not."


def _headers(finding: Finding, place: Place) -> Verdict | None:
    if "headers" not in place.path or not place.status:
        return None
    whole = place.path[-1] == "headers"
    header = place.path[place.path.index("headers") + (not whole)].lower()
    if finding.impact == "patch" or not (whole or header in _READ_HEADERS):
        return Rating.INVISIBLE, "The client does not read it, or reads it as before."
    return Rating.COMPATIBLE, "Without it, the client uses waits and a pace of its own."


def _error_responses(finding: Finding, place: Place) -> Verdict | None:
    if not place.status or place.status.startswith("2"):
        return None
    if place.fields and place.fields.partition(".")[0].rstrip("[]") not in _READ_KEYS:
        return Rating.INVISIBLE, "The client does not read it."
    if finding.impact == "patch":
        return Rating.INVISIBLE, "The client reads it as before."
    return Rating.COMPATIBLE, "The same error is raised; its `message` may be different."


def _enums(finding: Finding, place: Place) -> Verdict | None:
    before, after = finding.before.get("value"), finding.after.get("value")
    if finding.prop != "enum" or not isinstance(before, list) or not isinstance(after, list):
        return None
    if place.fields == "order.status" and "cancelled" in before and "cancelled" not in after:
        return Rating.BREAKING, "No order would count as cancelled: every call raises OrderNotCancelledError."
    if "anyOf" in place.path:
        return Rating.COMPATIBLE, "The set is open: a word that is not listed is returned as a string, as before."
    if set(after) <= set(before):
        return Rating.COMPATIBLE, "Fewer words can occur than before."
    return Rating.BREAKING, "The set is closed: an installed client cannot parse a response with the new word."


def _open_sets(finding: Finding, place: Place) -> Verdict | None:
    """Rate what redocly takes for a narrower promise: the generated reader refuses words that are not listed."""
    went = finding.before.get("value")
    is_branch = finding.kind == "removed" and place.path[-2:-1] == ("anyOf",)
    if is_branch and isinstance(went, dict) and went.get("type") == "string" and "enum" not in went:
        return Rating.BREAKING, "The set of words is closed: a response with an unlisted word cannot be parsed."
    return None


def _extra_fields(finding: Finding, place: Place) -> Verdict | None:
    if finding.prop != "additionalProperties":
        return None
    if not place.fields:
        return Rating.INVISIBLE, "The client reads the order and nothing beside it."
    if finding.after.get("value") is False:
        return Rating.BREAKING, "Unlisted fields are lost: `additional_properties` is removed."
    return Rating.INVISIBLE, "Unlisted fields are kept, as before."


def _types(finding: Finding, place: Place) -> Verdict | None:
    path = place.path
    path = path[:-1] if path[-1] in _COMBINED else path[:-2] if path[-2:-1] and path[-2] in _COMBINED else path
    if path == place.path and finding.prop not in {"type", *_COMBINED}:
        return None
    before, after = (json_types(document, walk(document, path)) for document in (place.before, place.after))
    if before == after:
        return Rating.INVISIBLE, "The same types of value, written in another way."
    if after < before:
        return Rating.COMPATIBLE, "Fewer types can occur than before."
    return Rating.BREAKING, "Values of another type can occur; they are returned, and callers must expect them."


def _promises(finding: Finding, place: Place) -> Verdict | None:
    if "property-removed" in finding.rules:
        lost = "It is no longer an attribute; if it is still sent, it is in `additional_properties`."
        return Rating.BREAKING, lost if "." in place.fields else "The client finds no order: every call would fail."
    if "required-properties-removed" in finding.rules:
        return Rating.BREAKING, "It may be missing (`UNSET`), and callers must expect that."
    if finding.prop == "required":
        return Rating.COMPATIBLE, "It is always present now."
    if finding.kind == "added" and place.path[-2:-1] == ("properties",):
        if place.fields.startswith("order."):
            return Rating.COMPATIBLE, "It is an attribute now, and no longer in `additional_properties`."
        return Rating.INVISIBLE, "The client does not read fields beside the order."
    return None


RULES: tuple[Rule, ...] = (
    _statuses,
    _headers,
    _error_responses,
    _enums,
    _open_sets,
    _extra_fields,
    _types,
    _promises,
)
