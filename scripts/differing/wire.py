"""Rate what changed on the wire as a user of the client meets it, who sends little and reads tolerantly.

redocly rates for any client. Ours sends a PUT without body or query, holds to its own rule for ids, takes statuses by
number and keeps words and fields that it does not know. Each rule, here and in `answers.py`, says where that makes a
difference, and why; where none does, redocly's rating stands.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from differing import answers
from differing.change import Change, Rating
from differing.contract import Place, parsed, simplified, words_of
from differing.redocly import Finding, findings

if TYPE_CHECKING:
    from differing.answers import Rule, Verdict

_IDS = ("1", "37294", str(2**63 - 1))  # the shortest, a documented and the longest that the client sends
_DIGITS = {"string", "integer"}
_WORDS = {"description", "summary", "title", "deprecated", "example", "examples", "externalDocs", "$comment"}
_ABOUT = {"Tag", "TagList", "Info", "Contact", "License", "Example", "ExamplesMap", "ExternalDocs", "Link", "LinksMap"}


def changes(tool: Path, base: Path, revision: Path) -> list[Change]:
    """Compare two contracts that lie in one folder. Raises DiffError if one of them cannot be read."""
    before, after = base.read_text("utf-8"), revision.read_text("utf-8")
    if before == after:
        return []
    documents = simplified(parsed(before)), simplified(parsed(after))
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, base.name), Path(folder, revision.name)
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document, default=str), "utf-8")
        found = findings(tool, *paths)
    rated = list(dict.fromkeys(rate(finding, Place(finding.path, *documents)) for finding in found))
    unseen = "comments, examples, `x-` keys or the way in which the YAML is written"
    return rated or [Change(Rating.INVISIBLE, "wire", "openapi.yaml", unseen, "Nothing that is sent or read.")]


def rate(finding: Finding, place: Place) -> Change:
    """Rate one change, by the first rule that has something to say."""
    verdicts = (rule(finding, place) for rule in RULES)
    rating, effect = next((verdict for verdict in verdicts if verdict), _as_redocly_says(finding))
    return Change(rating, "wire", place.words, words_of(finding), effect)


def _words(finding: Finding, _: Place) -> Verdict | None:
    about = finding.type_name in _ABOUT or (finding.kind == "modified" and finding.prop in _WORDS)
    return (Rating.INVISIBLE, "Words for people; docstrings at most.") if about and not finding.rules else None


def _extensions(finding: Finding, _: Place) -> Verdict | None:
    if finding.type_name != "SpecExtension":  # redocly tells of those that are more than a word
        return None
    return Rating.INVISIBLE, "It begins with x-, and no client reads it."


def _operations(finding: Finding, _: Place) -> Verdict | None:
    if finding.type_name not in {"Operation", "PathItem"}:
        return None
    if "operation-id-changed" in finding.rules:
        return Rating.INVISIBLE, "It is never sent. The Python part says whether the client still finds the operation."
    if finding.kind == "added":
        return Rating.INVISIBLE, "The client never calls it before `_client.py` does."
    if set(finding.rules) & {"path-removed", "operation-removed"}:
        return Rating.BREAKING, (
            "An installed client still asks in the old way: it goes on only while the server serves that or, with "
            'cancel_path="auto", the other spelling.'
        )
    return None


def _parameters(finding: Finding, place: Place) -> Verdict | None:
    if not place.parameter:
        return None
    if "parameter-became-required" in finding.rules or (finding.rules and finding.kind == "added"):
        return Rating.BREAKING, "The client does not send it, so the server would refuse."
    if place.parameter.get("in") != "path":
        return Rating.INVISIBLE, "The client never sends it."
    return _order_id(finding)


def _order_id(finding: Finding) -> Verdict | None:
    if finding.prop == "name":
        return Rating.INVISIBLE, "The name of a part of the path is never sent."
    if finding.prop == "type" and {finding.before.get("value"), finding.after.get("value")} <= _DIGITS:
        return Rating.INVISIBLE, "The same digits are sent."
    if finding.prop == "pattern":
        wanted = str(finding.after.get("value") or "")
        if all(re.search(wanted, number) for number in _IDS):
            return Rating.INVISIBLE, "Every id that the client sends is still allowed."
        return Rating.BREAKING, "The client sends ids that the server would refuse."
    return None


def _bodies(finding: Finding, place: Place) -> Verdict | None:
    if "requestBody" not in place.path:
        return None
    is_whole = finding.type_name == "RequestBody"
    value = finding.after.get("value")
    needed = value.get("required") is True if is_whole and isinstance(value, dict) else value is True
    if needed and (finding.kind == "added" or finding.prop == "required"):
        return Rating.BREAKING, "The client sends no body, so the server would refuse."  # redocly takes it for minor
    return Rating.INVISIBLE, "The client sends no body."


def _security(finding: Finding, _: Place) -> Verdict | None:
    if not finding.type_name.startswith("Security"):
        return None
    if finding.impact == "major":
        return Rating.BREAKING, "The client sends a bearer token and nothing else, so the server would refuse."
    return Rating.INVISIBLE, "The client goes on sending its bearer token."


def _servers(finding: Finding, place: Place) -> Verdict | None:
    if finding.type_name != "Server":
        return None
    if place.path == ("servers", "0") and finding.rules:
        return Rating.BREAKING, "The token goes to another address, unless base_url or THANKSIO_BASE_URL is given."
    if finding.kind == "added":
        return Rating.COMPATIBLE, "Only whoever gives it as base_url uses it."
    return None


def _as_redocly_says(finding: Finding) -> Verdict:
    if finding.impact == "major":
        return Rating.BREAKING, "What an installed client relies on is no longer so."
    if finding.impact == "minor":
        return Rating.COMPATIBLE, "There is more than before."
    return Rating.INVISIBLE, "Nothing that is sent, and nothing that is read otherwise."


RULES: tuple[Rule, ...] = (_words, _extensions, _operations, _parameters, _bodies, _security, _servers, *answers.RULES)
