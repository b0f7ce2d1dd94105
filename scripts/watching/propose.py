"""Write what would make the contract cover the vendor's document, for a person to review. Pure."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from attrs import frozen

from watching.compare import compare
from watching.contract import fields, ours
from watching.fields import nearest, places
from watching.paste import Draft, in_order
from watching.propose_request import cover_request
from watching.types import typed, widened, with_items, with_words
from watching.values import Difference, Node, Operation, Seen, pointer
from watching.verdict import verdict, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

# Fields whose value is one word out of a list, even where the vendor lists none.
_WORDS = frozenset(pointer("order", name) for name in ("status", "type", "method"))
_ONLY_NULL = "Only null was ever seen; the type when set is unknown."
_ORDER = ("components", "schemas", "Order", "properties")
_ENVELOPE = ("components", "schemas", "OrderAnswer", "properties")


@frozen
class Proposal:
    """What to paste into the contract, and what no paste can settle."""

    entries: dict[str, Any]
    by_hand: tuple[Difference, ...]


def propose(vendor: Sequence[Operation], contract: Node, name: str, near: Sequence[str] = ()) -> Proposal:
    """Return the entries that make the contract cover the document; `name` says in x-evidence which one that is."""
    draft = Draft(contract)
    for theirs in vendor:
        cover_request(draft, theirs, name)
        _cover_fields(draft, theirs, name)
        _cover_document(draft, theirs, name)
    _explain_keys(draft, name)
    left = compare(vendor, ours(draft.whole), near)
    return Proposal(in_order(draft.proposal, contract), tuple(left))


def _cover_fields(draft: Draft, theirs: Operation, name: str) -> None:
    """Add the fields that are new, and widen those that are not as the contract says."""
    seen = theirs.answer.seen
    for difference in compare([theirs], ours(draft.whole)):
        where, kind = difference.where, difference.kind
        if where == "/order":  # an answer without an order is no matter of types
            continue
        if where.endswith("/*"):
            field = where.removesuffix("/*")
            _put(draft, field, with_items(fields(draft.whole)[field], seen[where].types), name, seen[where])
        elif kind == "new field":
            _put(draft, where, _new(where, seen), name, seen[where])
        elif kind in {"type", "null"}:
            _put(draft, where, _widened(draft, where, seen), name, seen[where])
        elif kind in {"word", "status word"}:
            words = seen[where].words if difference.ours == "any text" else [difference.theirs]
            _put(draft, where, with_words(fields(draft.whole)[where], words, _title(where)), name, seen[where])


def _widened(draft: Draft, where: str, seen: Any) -> dict[str, Any]:  # noqa: ANN401 - a mapping of Seen
    """Add the types that were seen to a field, and remove the note that only null was seen."""
    own = fields(draft.whole)[where]
    schema = widened(own, seen[where].types, _items(where, seen))
    return schema | ({"description": _description(seen[where])} if own.get("description") == _ONLY_NULL else {})


def _items(where: str, seen: Any) -> frozenset[str]:  # noqa: ANN401 - a mapping of Seen
    found: Seen | None = seen.get(f"{where}/*")
    return found.types if found else frozenset()


def _new(where: str, seen: Any) -> dict[str, Any]:  # noqa: ANN401 - a mapping of Seen
    """Describe a field that the contract does not have."""
    own: Seen = seen[where]
    schema = typed(own.types, _items(where, seen))
    if own.listed or (where in _WORDS and "string" in own.types):
        schema = with_words(schema, own.words, _title(where))
    return schema | {"description": _description(own)}


def _description(seen: Seen) -> str:
    if seen.types <= {"null"}:
        return _ONLY_NULL
    if seen.text:
        return f"REVIEW the vendor's words: {' '.join(seen.text.split())}"
    inferred = " Its type is inferred from one example." if seen.schema is None else ""
    return f"REVIEW: say what this is, and mark what is inferred; the vendor's document does not.{inferred}"


def _title(where: str) -> str:
    return "KnownOrder" + "".join(word.capitalize() for word in re.split(r"\W|_", where.rpartition("/")[2]))


def _put(draft: Draft, where: str, schema: dict[str, Any], name: str, seen: Seen) -> None:
    """Put a field into the contract, with where it was seen."""
    keys = [name] * bool(seen.example) + [f"{name}-schema"] * (seen.schema is not None)
    evidence = list(dict.fromkeys([*schema.pop("x-evidence", []), *keys]))
    draft.put(schema | {"x-evidence": evidence}, *_place(where))


def _place(where: str) -> tuple[str, ...]:
    names = [part.replace("~1", "/").replace("~0", "~") for part in where.split("/")[1:]]
    return (*_ORDER, names[1]) if names[0] == "order" else (*_ENVELOPE, names[0])


def _cover_document(draft: Draft, theirs: Operation, name: str) -> None:
    """Note which fields the document has, as a change to the known document that it is most like."""
    contract, answer = ours(draft.whole), theirs.answer
    known = nearest(answer, contract)
    now = dict(zip(("example", "schema"), places(answer), strict=True))
    was = {"example": known.example, "schema": known.schema}
    now |= {place: was[place] for place in now if not now[place] and (place == "example" or answer.broken)}
    if now == was:
        return
    documents = list(draft.get("info", "x-vendor-documents") or [])
    base: Node = next((entry for entry in documents if entry["name"] == known.name), {})
    entry: dict[str, Any] = {"name": name}
    without: dict[str, list[str]] = {}
    for place, key in (("example", name), ("schema", f"{name}-schema")):
        keys = list(base.get(place, []))
        needed = [_add_evidence(draft, where, keys, key) for where in sorted(now[place])]
        keys += [key] * any(needed)
        entry |= {place: keys} if keys else {}
        had = {where for where, schema in fields(draft.whole).items() if set(keys) & set(schema["x-evidence"])}
        without |= {place: sorted(where.rpartition("/")[2] for where in had - now[place])} if had - now[place] else {}
    draft.put([*documents, entry | ({"without": without} if without else {})], "info", "x-vendor-documents")
    for example in answer.examples:
        _add_example(draft, example, name)


def _add_evidence(draft: Draft, where: str, keys: list[str], key: str) -> bool:
    """Note that a document has a field; return whether its new key was needed for that."""
    schema = fields(draft.whole).get(where, {})
    evidence = schema.get("x-evidence", [])
    if set(evidence) & set(keys):
        return False
    if key not in evidence:
        draft.put({**schema, "x-evidence": [*evidence, key]}, *_place(where))
    return True


def _add_example(draft: Draft, example: Any, name: str) -> None:  # noqa: ANN401 - JSON
    """Show the document's example among those of the answer, if it is one that the contract does not have."""
    shown = draft.get("components", "examples") or {}
    if verdict(example) != wanted(example) or any(known.get("value") == example for known in shown.values()):
        return
    order, answer = example["order"], deepcopy(draft.get("components", "responses", "OrderAnswer"))
    word = re.sub(r"\W", "", order["status"]).lower()
    title = next(f"{word}-{name}{more}" for more in ("", *range(2, 100)) if f"{word}-{name}{more}" not in shown)
    entry = {"summary": f"Order {order['id']} in the vendor's document, {verdict(example)}.", "x-evidence": [name]}
    draft.put(entry | {"value": example}, "components", "examples", title)
    media = answer["content"]["application/json"]
    media["examples"] = {**media.get("examples", {}), title: {"$ref": f"#/components/examples/{title}"}}
    draft.put(answer, "components", "responses", "OrderAnswer")


def _explain_keys(draft: Draft, name: str) -> None:
    """Explain each key that an x-evidence of the proposal uses."""
    keys = {
        name: f"the vendor's OpenAPI document {name.removeprefix('vendor-')}, its operation and example",
        f"{name}-schema": "the schema of the order in that document",
    }
    used = set(_evidence(draft.proposal))
    explained = {key: text for key, text in keys.items() if key in used}
    known = draft.get("info", "x-evidence-keys") or {}
    for key in explained.keys() - known.keys():
        draft.put(explained[key], "info", "x-evidence-keys", key)


def _evidence(value: Any) -> list[str]:  # noqa: ANN401 - a part of a YAML document may be anything
    if isinstance(value, dict):
        return [*value.get("x-evidence", []), *(key for inner in value.values() for key in _evidence(inner))]
    return [key for inner in value for key in _evidence(inner)] if isinstance(value, list) else []
