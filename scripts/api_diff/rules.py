"""Rate changes of the contract by their effect on users of this client, which sends little and parses tolerantly.

redocly rates for any client. This one sends a PUT without body or query, has its own rule for ids, classifies statuses
by number and keeps unlisted words and fields. Each rule, here and in `responses.py`, says where that matters and why;
otherwise redocly's rating stands.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from api_diff import responses
from api_diff.change import Change, Rating
from api_diff.contract import Place, aligned, parsed, simplified, words_of
from api_diff.redocly import Finding, findings

if TYPE_CHECKING:
    from api_diff.responses import Rule, Verdict

_IDS = ("1", "37294", str(2**63 - 1))  # the shortest, a documented one and the longest that the client sends
_DIGITS = {"string", "integer"}
_WORDS = {"description", "summary", "title", "deprecated", "example", "examples", "externalDocs", "$comment"}
_ABOUT = {"Tag", "TagList", "Info", "Contact", "License", "Example", "ExamplesMap", "ExternalDocs", "Link", "LinksMap"}


def changes(tool: Path, base: Path, revision: Path) -> list[Change]:
    """Compare two contracts in one folder. Raises DiffError if one of them cannot be read."""
    before, after = base.read_text("utf-8"), revision.read_text("utf-8")
    if before == after:
        return []
    base_document = simplified(parsed(before))
    documents = base_document, aligned(base_document, simplified(parsed(after)))
    with tempfile.TemporaryDirectory() as folder:
        paths = Path(folder, base.name), Path(folder, revision.name)
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document, default=str), "utf-8")
        found = findings(tool, *paths)
    rated = list(dict.fromkeys(rate(finding, Place(finding.path, *documents)) for finding in found))
    unseen = "comments, examples, `x-` keys or the way in which the YAML is written"
    return rated or [
        Change(Rating.INVISIBLE, "contract", "openapi.yaml", unseen, "Requests and parsing stay the same.")
    ]


def rate(finding: Finding, place: Place) -> Change:
    """Rate one change by the first rule that applies."""
    verdicts = (rule(finding, place) for rule in RULES)
    rating, effect = next((verdict for verdict in verdicts if verdict), _as_redocly_says(finding))
    return Change(rating, "contract", place.words, words_of(finding), effect)


def _words(finding: Finding, _: Place) -> Verdict | None:
    about = finding.type_name in _ABOUT or (finding.kind == "modified" and finding.prop in _WORDS)
    return (Rating.INVISIBLE, "Text for people; at most docstrings change.") if about and not finding.rules else None


def _extensions(finding: Finding, _: Place) -> Verdict | None:
    if finding.type_name != "SpecExtension":  # redocly reports those that are more than a word
        return None
    return Rating.INVISIBLE, "It begins with x-, and no client reads it."


def _operations(finding: Finding, _: Place) -> Verdict | None:
    if finding.type_name not in {"Operation", "PathItem"}:
        return None
    if "operation-id-changed" in finding.rules:
        return Rating.INVISIBLE, "It is never sent. The Python part says whether the client still finds the operation."
    if finding.kind == "added":
        return Rating.INVISIBLE, "The client does not call it."
    if set(finding.rules) & {"path-removed", "operation-removed"}:
        return Rating.BREAKING, (
            "An installed client still uses the old path: it works only while the server supports it or, with "
            'cancel_path="auto", the other spelling.'
        )
    return None


def _parameters(finding: Finding, place: Place) -> Verdict | None:
    if not place.parameter:
        return None
    if "parameter-became-required" in finding.rules or (finding.rules and finding.kind == "added"):
        return Rating.BREAKING, "The client does not send it, so the server would refuse the request."
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
        return (
            Rating.BREAKING,
            "The client sends no body, so the server would refuse the request.",
        )  # redocly takes it for minor
    return Rating.INVISIBLE, "The client sends no body."


def _security(finding: Finding, _: Place) -> Verdict | None:
    if not finding.type_name.startswith("Security"):
        return None
    if finding.impact == "major":
        return (
            Rating.BREAKING,
            "The client sends a bearer token only, so the server would refuse the request.",
        )
    return Rating.INVISIBLE, "The client keeps sending its bearer token."


def _servers(finding: Finding, place: Place) -> Verdict | None:
    if finding.type_name != "Server":
        return None
    if place.path == ("servers", "0") and finding.rules:
        return Rating.BREAKING, "The token is sent to another address, unless base_url or THANKSIO_BASE_URL is set."
    if finding.kind == "added":
        return Rating.COMPATIBLE, "It is used only if it is set as base_url."
    return None


def _as_redocly_says(finding: Finding) -> Verdict:
    if finding.impact == "major":
        return Rating.BREAKING, "An installed client relies on what it was."
    if finding.impact == "minor":
        return Rating.COMPATIBLE, "There is more than before."
    return Rating.INVISIBLE, "Requests and parsing stay the same."


RULES: tuple[Rule, ...] = (
    _words,
    _extensions,
    _operations,
    _parameters,
    _bodies,
    _security,
    _servers,
    *responses.RULES,
)
