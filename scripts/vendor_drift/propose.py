"""Write the fields and words of a vendor's document that the contract does not cover, as YAML to paste. Pure.

Differences of paths and requests take a decision, and are listed for a person.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from attrs import astuple

from thanksio._verdict import sanitize
from thanksio.cli._proposal import NULL_ONLY, schema_of, yaml_lines
from vendor_drift.contract import contract_fields
from vendor_drift.schemas import Reader
from vendor_drift.values import Seen, as_list, pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendor_drift.report import Report
    from vendor_drift.values import Node

_PROPOSED = frozenset({"new field", "type", "null", "word", "status word"})
_SETTLED_BY_SAVING = frozenset({"removed field", "possible rename", "moved field", "restored field"})
_WORDS = frozenset(pointer("order", name) for name in ("status", "type", "method"))  # one word out of a list
_SCHEMA_KEYS = frozenset({"type", "anyOf", "items", "enum", "title", "additionalProperties"})
_READER = Reader({})


def propose(report: Report, contract: Node, name: str) -> Iterator[str]:
    """Yield the lines of a proposal; `name` is how x-evidence refers to the document."""
    where = {each.where.removesuffix("/*") for each in report.differences if each.kind in _PROPOSED} - {"/order"}
    settled = _PROPOSED | _SETTLED_BY_SAVING
    by_hand = [each for each in report.differences if each.kind not in settled or each.where == "/order"]
    raw, key = contract_fields(contract), f"vendor-{name}"
    if not report.differences:
        yield "# Nothing to propose: the contract covers this document."
        return
    yield from _comment(
        f"Save the document as scripts/vendor_drift/documents/{name}.json: the next is compared with it."
    )
    if by_hand:
        yield from _comment("Not proposed, because it takes a decision:")
    for difference in by_hand:
        parts = (sanitize(part, str, 200) for part in astuple(difference))
        yield from _comment("- {} at {}: contract {}; document {}".format(*parts))
    if where:
        yield from _comment("For openapi.yaml. Put each entry where its parents say. Replace an entry that is there.")
        yield from _comment("Then fill in each REVIEW, run make generate, and read the diff.")
        fields = [(place, field) for place, field in _seen(report).items() if place in where]
        properties: dict[str, dict[str, Any]] = {}
        for place, seen in fields:
            schema, field = ("Order", place[7:]) if place.startswith("/order/") else ("OrderResponse", place[1:])
            entry = _entry(place, seen, raw.get(place, {}), key)
            properties.setdefault(schema, {})[field.replace("~1", "/").replace("~0", "~")] = entry
        schemas = {schema: {"properties": entries} for schema, entries in properties.items()}
        keys = {key: f"the vendor's OpenAPI document of {name}"}
        yield from yaml_lines({"info": {"x-evidence-keys": keys}, "components": {"schemas": schemas}})


def _seen(report: Report) -> dict[str, tuple[Seen, frozenset[str]]]:
    """Return each field with the types of its items, over all paths of the operation."""
    found: dict[str, Seen] = {}
    for operation in report.document.operations:
        for where, seen in operation.response.fields.items():
            found[where] = found[where] | seen if where in found else seen
    return {where: (seen, found.get(f"{where}/*", Seen()).types) for where, seen in found.items()}


def _entry(where: str, found: tuple[Seen, frozenset[str]], own: Node, key: str) -> dict[str, Any]:
    """Return the whole entry of a field: the contract's own, if there is one, widened."""
    seen, items = found
    parts = list(_READER.parts(own))
    listed = [word for part in parts for word in as_list(part.get("enum"))]
    known = {word.casefold() for word in (*listed, *as_list(own.get("x-display-words")))}
    new = {word.casefold(): word for word in reversed(seen.words)}
    words = listed + [word for word in seen.words if word in new.values() and word.casefold() not in known]
    types = _READER.types(own) | seen.types | ({"null"} if own and not _READER.types(own) else set())
    is_listed = bool(listed) or seen.listed or (where in _WORDS and not own)
    schema = schema_of(
        types,
        items=items.union(*(_READER.types(part["items"]) for part in parts if "items" in part)),
        words=words if is_listed else (),
        title="KnownOrder" + "".join(word.capitalize() for word in re.split(r"\W|_", where.rpartition("/")[2])),
    )
    kept = {name: value for name, value in own.items() if name not in _SCHEMA_KEYS}
    if not own or own.get("description") == NULL_ONLY:
        kept["description"] = _description(seen)
    return schema | kept | {"x-evidence": list(dict.fromkeys([*as_list(own.get("x-evidence")), key]))}


def _description(seen: Seen) -> str:
    if seen.types <= {"null"}:
        return NULL_ONLY
    if seen.description:
        return f"REVIEW the vendor's words: {' '.join(seen.description.split())}"
    inferred = " Its type is inferred from one example." if seen.schema is None else ""
    return f"REVIEW: describe this field, and mark what is inferred. The vendor's document does not.{inferred}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 118, initial_indent="# ", subsequent_indent="#   ")
