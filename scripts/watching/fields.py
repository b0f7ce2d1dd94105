"""Compare the fields of the vendor's answer with those of our contract. Pure.

The rule for a field that went: the document is compared with that one of the contract's `x-vendor-documents` whose
fields are most like its own, the newest of several. What that one had and this one has not, went. So the contract
remembers what is known to be gone, and each document that it covers passes without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watching.names import renames
from watching.values import Allowed, Answer, Contract, Difference, Known, Seen, either
from watching.verdict import is_listed

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = "/order/status"
_NO_SUCH = "no such field"


def answer_fields(answer: Answer, contract: Contract) -> Iterator[Difference]:
    """Return every difference of a field, but what concerns the answer as a whole."""
    known = nearest(answer, contract)
    new = {
        where: seen for where, seen in answer.seen.items() if where not in contract.fields and not where.endswith("/*")
    }
    gone = [where for where in sorted(known.example | known.schema) if _is_gone(where, answer, known)]
    yield from (Difference("new field", where, _NO_SUCH, _shown(seen)) for where, seen in new.items())
    for where in gone:
        yield Difference("gone field", where, _allowed(contract.fields[where]), _NO_SUCH)
    for old, name in renames(gone, [*new, *_returned(answer, known, contract)]):
        theirs = f"{name}: {either(answer.seen[name].types)}"
        yield Difference("perhaps renamed", old, _allowed(contract.fields[old]), theirs)
    yield from _moved(answer, known, contract)
    for where, seen in answer.seen.items():
        if where in contract.fields:
            yield from _one(where, seen, contract.fields[where])


def nearest(answer: Answer, contract: Contract) -> Known:
    """Choose the document that the contract covers whose fields are most like these; the newest of several."""
    example, schema = places(answer)

    def distance(known: Known) -> int:
        return len(example ^ known.example) * _shows(answer) + len(schema ^ known.schema) * _describes(answer)

    return min(reversed(contract.documents), key=distance, default=Known("none"))


def places(answer: Answer) -> tuple[frozenset[str], frozenset[str]]:
    """Return the fields that are in the example, and those in the schema."""
    fields = {where: seen for where, seen in answer.seen.items() if where != "/order" and not where.endswith("/*")}
    return (
        frozenset(where for where, seen in fields.items() if seen.example),
        frozenset(where for where, seen in fields.items() if seen.schema is not None),
    )


def _shows(answer: Answer) -> bool:
    """Whether there is an example that shows an order; another one says nothing of fields that went."""
    return any(where.startswith("/order/") and seen.example for where, seen in answer.seen.items())


def _describes(answer: Answer) -> bool:
    """Whether there is an answer whose schema can be read whole."""
    return bool(answer.kinds) and not answer.broken


def _is_gone(where: str, answer: Answer, known: Known) -> bool:
    """Whether a field is in neither place, and was in one that can be read now."""
    was_shown, was_described = where in known.example and _shows(answer), where in known.schema and _describes(answer)
    return where not in answer.seen and (was_shown or was_described)


def _returned(answer: Answer, known: Known, contract: Contract) -> frozenset[str]:
    """Return the fields that the contract has, and the document that this one is compared with has not."""
    return frozenset().union(*places(answer)) & contract.fields.keys() - known.example - known.schema


def _moved(answer: Answer, known: Known, contract: Contract) -> Iterator[Difference]:
    """Name what is in another place than it was: only in the schema, say. A place that is empty says nothing."""
    example, schema = places(answer)
    compared = [
        (was, now)
        for was, now, is_there in ((known.example, example, _shows(answer)), (known.schema, schema, _describes(answer)))
        if was and now and is_there
    ]
    for where in sorted((example | schema) & contract.fields.keys()):
        if any((where in was) != (where in now) for was, now in compared):
            before, after = _named(where, known.example, known.schema), _named(where, example, schema)
            kind = "moved field" if before else "returned field"
            yield Difference(kind, where, before or f"not in {known.name}", after)


def _named(where: str, example: frozenset[str], schema: frozenset[str]) -> str:
    return " and ".join(name for name, has in (("in the example", example), ("in the schema", schema)) if where in has)


def _one(where: str, seen: Seen, allowed: Allowed) -> Iterator[Difference]:
    """Compare the types and words of a field that both have."""
    accepted = allowed.types | ({"integer"} if "number" in allowed.types else set())
    if beyond := seen.types - accepted:
        yield Difference("null" if beyond == {"null"} else "type", where, _allowed(allowed), either(seen.types))
    if allowed.words is None:
        if seen.listed:
            yield Difference("word", where, "any text", ", ".join(seen.words))
        return
    for word in {word.casefold(): word for word in reversed(seen.words)}.values():
        if word.casefold() not in allowed.words:
            yield _word(where, word)


def _word(where: str, word: str) -> Difference:
    """Return the difference for a word that the contract does not list; a status may still be one the client knows."""
    if where != _STATUS:
        return Difference("word", where, "not in our list", word)
    if is_listed(word):
        return Difference("word", where, "not in our list, but the verdict knows it", word)
    return Difference("status word", where, "in no list, and the verdict knows nothing of it", word)


def _allowed(allowed: Allowed) -> str:
    return "only null was seen" if allowed.types == {"null"} else either(allowed.types)


def _shown(seen: Seen) -> str:
    where = (
        "example and schema" if seen.example and seen.schema is not None else "example" if seen.example else "schema"
    )
    words = f": {', '.join(seen.words)}" if seen.listed else ""
    return f"{either(seen.types)} (in the {where}){words}"
