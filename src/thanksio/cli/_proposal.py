"""Write what would make the contract cover saved answers, as YAML for a person to review. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from thanksio.cli._format import pluralize
from thanksio.drift import JSON_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from thanksio.drift import Contract, Drift, Kind

_HEAD = """\
# For openapi.yaml. Put each entry where its parents say. Of a field that is there already, take the lines below in the
# place of its type, keep the rest, and add to its x-evidence. Then fill in each REVIEW, run make generate, and read
# the diff.
info:
  x-evidence-keys:
    answers: answers of the live service that a user saved; REVIEW, say when
components:
  schemas:
    Order:
      properties:"""
_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_]\w*", re.ASCII | re.IGNORECASE)  # YAML 1.1
_MORE = {"object": ["additionalProperties: true"], "array": ["items: {}"]}


def proposal(found: Mapping[Drift, int], contract: Contract, total: int) -> Iterator[str]:
    """Yield the lines: new fields, then fields of another type, then fields with unknown words."""
    if not found:
        yield "# Nothing to propose: the contract covers these answers."
        return
    for drift, count in found.items():
        if drift.kind == "unknown word":
            where = f"{count:,} of {pluralize(total, 'answer')}"
            yield f"# {drift.pointer}: a word that is not in its list, in {where}. Look there; add it to the list."
    new, widened = _types(found, "unknown field"), _types(found, "other type")
    if new or widened:
        yield from _HEAD.split("\n")
    for name, types in new.items():
        yield from _entry(name, [*_schema(types), f"description: {_said(types)}"])
    for name, types in widened.items():
        known = {JSON_TYPES[kind] for kind in contract.types[name]}
        note = ["# REVIEW: keep its list of words"] if name in contract.words else []
        yield from _entry(name, [*note, *_schema({*types, *known})])


def _types(found: Mapping[Drift, int], kind: Kind) -> dict[str, Counter[str]]:
    """Return the JSON types that were seen of each field, each with the number of responses."""
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for drift, count in found.items():
        if drift.kind == kind:
            name = drift.pointer.removeprefix("/order/").replace("~1", "/").replace("~0", "~")
            types[name][drift.json_type] = count
    return types


def _said(types: Counter[str]) -> str:
    if types.keys() == {"null"}:
        return "Only null was ever seen; the type when set is unknown."
    return f"'REVIEW: say what this is. Its type is inferred from {pluralize(types.total(), 'saved answer')}.'"


def _entry(name: str, lines: Collection[str]) -> Iterator[str]:
    """Put a field where it belongs; its name is quoted where YAML could take it for something else."""
    yield f"        {name if _PLAIN.fullmatch(name) else json.dumps(name)}:"
    yield from (f"          {line}" for line in lines)
    yield "          x-evidence: [answers]"


def _schema(types: Collection[str]) -> list[str]:
    """Return the schema of these JSON types in the style of the contract; a field that was only null has none."""
    kinds = sorted({*types} - {"null"} - ({"integer"} if "number" in types else set()))
    null = "null" in types
    if len(kinds) < 2:  # noqa: PLR2004 - two need anyOf
        return [f"type: [{kind}, 'null']" if null else f"type: {kind}" for kind in kinds] + _more(kinds)
    parts = [[f"type: {kind}", *_MORE.get(kind, [])] for kind in kinds] + [["type: 'null'"]] * null
    return ["anyOf:", *(f"{'  - ' if at == 0 else '    '}{line}" for part in parts for at, line in enumerate(part))]


def _more(kinds: Collection[str]) -> list[str]:
    return [line for kind in kinds for line in _MORE.get(kind, [])]
