"""The rules for answers: what a change of them does to a client that takes them as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from differing.change import Rating
from differing.contract import json_types, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from differing.contract import Place
    from differing.redocly import Finding

Verdict: TypeAlias = tuple[Rating, str]
Rule: TypeAlias = "Callable[[Finding, Place], Verdict | None]"

_READ_KEYS = {"message", "errors", "status", "code"}  # of an error answer, by thanksio._verdict
_READ_HEADERS = {"retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"}  # the same
_COMBINED = {"anyOf", "oneOf", "allOf"}


def _statuses(finding: Finding, place: Place) -> Verdict | None:
    if finding.type_name != "Response" or (finding.kind == "modified" and finding.prop != "key"):
        return None
    success = place.status.startswith("2")
    if finding.kind == "modified" and str(finding.before.get("value")).startswith("2"):
        return Rating.BREAKING, "No answer of the old status shows an order any more."
    if finding.kind != "removed":
        told = "is read like a 200: an order must be in it" if success else "is raised as an APIStatusError, as it was"
        return Rating.COMPATIBLE, f"Users can meet it from now on; it {told}."
    if success:
        return Rating.BREAKING, "No answer of this status shows an order any more."
    return Rating.INVISIBLE, "The client takes errors by their number, described or not; an `except` for it stays idle."


def _headers(finding: Finding, place: Place) -> Verdict | None:
    if "headers" not in place.path or not place.status:
        return None
    whole = place.path[-1] == "headers"
    header = place.path[place.path.index("headers") + (not whole)].lower()
    if finding.impact == "patch" or not (whole or header in _READ_HEADERS):
        return Rating.INVISIBLE, "The client does not read it, or reads it as before."
    return Rating.COMPATIBLE, "Where it is not sent, the client keeps to waits and a pace of its own."


def _error_answers(finding: Finding, place: Place) -> Verdict | None:
    if not place.status or place.status.startswith("2"):
        return None
    if place.fields and place.fields.partition(".")[0].rstrip("[]") not in _READ_KEYS:
        return Rating.INVISIBLE, "The client does not read it."
    if finding.impact == "patch":
        return Rating.INVISIBLE, "The client reads it as before."
    return Rating.COMPATIBLE, "The same error is raised; its `message` may say less or more than before."


def _enums(finding: Finding, place: Place) -> Verdict | None:
    before, after = finding.before.get("value"), finding.after.get("value")
    if finding.prop != "enum" or not isinstance(before, list) or not isinstance(after, list):
        return None
    if place.fields == "order.status" and "cancelled" in before and "cancelled" not in after:
        return Rating.BREAKING, "No order would be shown as cancelled: every call ends in OrderNotCancelledError."
    if "anyOf" in place.path:
        return Rating.COMPATIBLE, "The set is open: a word that is not listed is handed on as a string, as before."
    if set(after) <= set(before):
        return Rating.COMPATIBLE, "Fewer words can come than before."
    return Rating.BREAKING, "The set is closed: an installed client cannot read an answer with the new word."


def _open_sets(finding: Finding, place: Place) -> Verdict | None:
    """Rate what redocly takes for a narrower promise: the generated reader refuses words that are not listed."""
    went = finding.before.get("value")
    is_branch = finding.kind == "removed" and place.path[-2:-1] == ("anyOf",)
    if is_branch and isinstance(went, dict) and went.get("type") == "string" and "enum" not in went:
        return Rating.BREAKING, "The set of words is closed: an answer with a word that nobody knows cannot be read."
    return None


def _extra_fields(finding: Finding, place: Place) -> Verdict | None:
    if finding.prop != "additionalProperties":
        return None
    if not place.fields:
        return Rating.INVISIBLE, "The client reads the order and nothing beside it."
    if finding.after.get("value") is False:
        return Rating.BREAKING, "Fields that the contract does not know are lost: `additional_properties` goes."
    return Rating.INVISIBLE, "Fields that the contract does not know are kept, as before."


def _types(finding: Finding, place: Place) -> Verdict | None:
    path = place.path
    path = path[:-1] if path[-1] in _COMBINED else path[:-2] if path[-2:-1] and path[-2] in _COMBINED else path
    if path == place.path and finding.prop not in {"type", *_COMBINED}:
        return None
    before, after = (json_types(document, walk(document, path)) for document in (place.before, place.after))
    if before == after:
        return Rating.INVISIBLE, "The same types of value, written in another way."
    if after < before:
        return Rating.COMPATIBLE, "Fewer types of value can come than before."
    return Rating.BREAKING, "Values of another type can come; they are handed on, and readers must expect them."


def _promises(finding: Finding, place: Place) -> Verdict | None:
    if "property-removed" in finding.rules:
        lost = "It is no attribute any more; what is still sent is in `additional_properties`."
        return Rating.BREAKING, lost if "." in place.fields else "The client finds no order: every call would fail."
    if "required-properties-removed" in finding.rules:
        return Rating.BREAKING, "It may be missing from now on (`UNSET`), and readers must expect that."
    if finding.prop == "required":
        return Rating.COMPATIBLE, "It is always there from now on."
    if finding.kind == "added" and place.path[-2:-1] == ("properties",):
        if place.fields.startswith("order."):
            return Rating.COMPATIBLE, "It is an attribute from now on, and no longer in `additional_properties`."
        return Rating.INVISIBLE, "The client does not read what stands beside the order."
    return None


RULES: tuple[Rule, ...] = (
    _statuses,
    _headers,
    _error_answers,
    _enums,
    _open_sets,
    _extra_fields,
    _types,
    _promises,
)
