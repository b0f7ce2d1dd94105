"""Write fields that openapi.yaml does not cover as YAML to paste into it. Pure.

Used by `thanksio drift --propose`, which has saved responses to go by, and by `make vendor-drift PROPOSE=1`, which has
the vendor's document.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, TypeGuard

from thanksio.cli._format import pluralize
from thanksio.drift import JSON_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from thanksio.drift import Contract, Drift, Kind

NULL_ONLY = "Only null was ever seen; the type when set is unknown."

_HEAD = """\
# For openapi.yaml. Put each entry where its parents say. If the field is already there, replace its type by the lines
# below, keep the rest, and add to its x-evidence. Then fill in each REVIEW, run make generate, and read the diff."""
_WIDTH = 100  # characters of a folded text or of a list on one line
_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_][\w-]*", re.ASCII | re.IGNORECASE)  # YAML 1.1


def schema_of(
    types: Iterable[str], *, items: Collection[str] = (), words: Collection[str] = (), title: str = ""
) -> dict[str, Any]:
    """Return the schema of a field with these JSON types, in the style of the contract.

    `items` are the types of an array's items. Known words make an open set. A field that was only null has no schema.
    An object is nullable, and items other than of one simple type are open: the generated code raises an error for any
    other value where a schema is stricter.
    """
    kinds = set(types) - {"null"} - ({"integer"} if "number" in types else set())
    is_nullable = "null" in types or (kinds <= {"array", "object"} and "object" in kinds)
    (item,) = [{"type": name} for name in items] if len(items) == 1 and not {"object", "array"} & set(items) else [{}]
    more: dict[str, dict[str, Any]] = {"object": {"additionalProperties": True}, "array": {"items": item}}
    parts: list[dict[str, Any]] = [{"type": kind} | more.get(kind, {}) for kind in sorted(kinds)]
    if words:
        parts = [{"title": title, "type": "string", "enum": list(words)}, *parts]
    if len(parts) == 1 and is_nullable:
        return parts[0] | {"type": [parts[0]["type"], "null"]}
    if len(parts) == 1:
        return parts[0]
    return {"anyOf": parts + [{"type": "null"}] * is_nullable} if parts else {}


def yaml_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield an object as lines of block YAML, its short lists on one line and its long texts folded."""
    for name, value in entry.items():
        key = _scalar(name)
        if _is_object(value) and value:
            yield f"{key}:"
            yield from (f"  {line}" for line in yaml_lines(value))
        elif _is_list(value) and any(_is_object(item) for item in value):
            yield f"{key}:"
            for item in value:
                yield from (f"  {'- ' if at == 0 else '  '}{line}" for at, line in enumerate(yaml_lines(item)))
        elif isinstance(value, str) and (lines := _block(value)):
            yield from (f"{key}: {lines[0]}", *(f"  {line}".rstrip() for line in lines[1:]))
        elif _is_list(value) and len(_inline(value)) > _WIDTH:
            yield f"{key}:"
            yield from (f"  - {_inline(item)}" for item in value)
        else:
            yield f"{key}: {_inline(value)}"


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _block(text: str) -> list[str]:
    """Return a long text as a block scalar; an empty list if it is short or has to be quoted."""
    lines = text.split("\n")
    if text[:1].isspace() or not all(line.isprintable() for line in lines) or "" in (lines[0], lines[-1]):
        return []
    if len(lines) > 1:
        return ["|-", *lines]
    return [">-", *textwrap.wrap(text, _WIDTH, break_long_words=False)] if len(text) > _WIDTH else []


def _inline(value: Any) -> str:  # noqa: ANN401 - JSON may be anything
    if _is_list(value):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value) if isinstance(value, str) else json.dumps(value)


def _scalar(text: str) -> str:
    """Quote a text where YAML could take it for something else."""
    if _PLAIN.fullmatch(text):
        return text
    return f"'{text}'" if text.isprintable() and "'" not in text else json.dumps(text)


def proposal(found: Mapping[Drift, int], contract: Contract, total: int) -> Iterator[str]:
    """Yield what would make the contract cover saved responses, as lines of YAML for a person to review."""
    if not found:
        yield "# Nothing to propose: the contract covers these responses."
        return
    yield from _by_hand(found, contract, total)
    new = {name: _new(types) for name, types in _types(found, "unknown field").items()}
    wider = {name: types for name, types in _types(found, "other type").items() if name not in contract.words}
    widened = {name: _widened(types, contract.types[name]) for name, types in wider.items()}
    if new or widened:
        yield from _HEAD.split("\n")
        keys = {"responses": "responses of the live service that a user saved; REVIEW, say when"}
        properties = {name: entry | {"x-evidence": ["responses"]} for name, entry in (new | widened).items()}
        schemas = {"Order": {"properties": properties}}
        yield from yaml_lines({"info": {"x-evidence-keys": keys}, "components": {"schemas": schemas}})


def _by_hand(found: Mapping[Drift, int], contract: Contract, total: int) -> Iterator[str]:
    """Yield what a person has to add to a list of words, or beside one."""
    for drift, count in found.items():
        where = f"in {count:,} of {pluralize(total, 'response')}"
        if drift.kind == "unknown word":
            yield f"# {drift.pointer}: a word that is not in its list, {where}. Find it there, and add it."
        elif drift.kind == "other type" and drift.pointer.removeprefix("/order/") in contract.words:
            yield f"# {drift.pointer}: {drift.json_type}, {where}. Add this type beside its list of words."


def _types(found: Mapping[Drift, int], kind: Kind) -> dict[str, Counter[str]]:
    """Return the JSON types that were seen of each field, each with the number of responses."""
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for drift, count in found.items():
        if drift.kind == kind:
            name = drift.pointer.removeprefix("/order/").replace("~1", "/").replace("~0", "~")
            types[name][drift.json_type] = count
    return types


def _new(types: Counter[str]) -> dict[str, Any]:
    saved = pluralize(types.total(), "saved response")
    inferred = f"REVIEW: describe this field. Its type is inferred from {saved}."
    return schema_of(types) | {"description": NULL_ONLY if types.keys() == {"null"} else inferred}


def _widened(types: Counter[str], known: Iterable[type]) -> dict[str, Any]:
    return schema_of({*types, *(JSON_TYPES[kind] for kind in known)})
