"""Compare the vendor's document with our contract. Pure.

What the vendor says must be within what we say: a status, type or word that we have and the vendor has not is no drift,
for our contract is the union of many documents. Only fields that went are asked for, as `fields.py` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watching.fields import answer_fields
from watching.values import GROUPS, Contract, Difference, Operation, either
from watching.verdict import error_bodies, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watching.values import Parameter

_NEAR = 5  # operations that are named
_ORDER = [kind for kinds in GROUPS.values() for kind in kinds]


def compare(vendor: Sequence[Operation], contract: Contract, near: Sequence[str] = ()) -> list[Difference]:
    """Return every difference once, in the order in which it is shown. `near` are operations like a withdrawn one."""
    found = {difference for theirs in vendor for difference in _differences(theirs, contract)}
    if not vendor:
        paths = ", ".join(own.path for own in contract.operations) or "none"
        found.add(Difference("withdrawn", "/paths", paths, ", ".join(near[:_NEAR]) or "no operation on orders"))
    return sorted(found, key=lambda difference: (_ORDER.index(difference.kind), difference))


def _differences(theirs: Operation, contract: Contract) -> Iterator[Difference]:
    same = [own for own in contract.operations if own.spelling == theirs.spelling]
    if not same:
        spellings = ", ".join(own.path for own in contract.operations) or "none"
        yield Difference("path", theirs.path, spellings, theirs.path)
    for own in (same or contract.operations)[:1]:
        yield from _request(theirs, own)
        yield from _statuses(theirs, own)
    yield from _answer(theirs)
    yield from error_bodies(theirs.errors)
    yield from verdicts(theirs.answer.examples)
    yield from answer_fields(theirs.answer, contract)


def _request(theirs: Operation, own: Operation) -> Iterator[Difference]:
    if theirs.methods != own.methods:
        yield Difference("method", theirs.path, _upper(own.methods), _upper(theirs.methods))
    yield from _parameters(list(theirs.parameters), list(own.parameters))
    if theirs.body != own.body:
        yield Difference("request body", theirs.path, own.body, theirs.body)
    if theirs.security != own.security:
        yield Difference("security", theirs.path, either(own.security), either(theirs.security))
    if not theirs.servers or not set(theirs.servers) <= set(own.servers):
        yield Difference("server", theirs.path, ", ".join(own.servers), ", ".join(theirs.servers) or "none")
    if theirs.deprecated and not own.deprecated:
        yield Difference("deprecated", theirs.path, "no", "yes")


def _upper(methods: tuple[str, ...]) -> str:
    return ", ".join(method.upper() for method in methods)


def _parameters(theirs: list[Parameter], own: list[Parameter]) -> Iterator[Difference]:
    """Pair the parameters by place and name, then those that are left over by name or place alone."""
    for alike in (_same, _same_name, _same_place):
        for their in tuple(theirs):
            match = next((mine for mine in own if alike(their, mine)), None)
            if match is None:
                continue
            theirs.remove(their)
            own.remove(match)
            if not _same(their, match) or not their.types <= match.types or their.required != match.required:
                yield Difference("parameter", their.names[0], str(match), str(their))
    yield from (Difference("parameter", their.names[0], "none", str(their)) for their in theirs)
    yield from (Difference("parameter", mine.names[0], str(mine), "none") for mine in own)


def _same(their: Parameter, mine: Parameter) -> bool:
    return _same_name(their, mine) and _same_place(their, mine)


def _same_name(their: Parameter, mine: Parameter) -> bool:
    return their.names[0] in mine.names


def _same_place(their: Parameter, mine: Parameter) -> bool:
    return their.place == mine.place


def _statuses(theirs: Operation, own: Operation) -> Iterator[Difference]:
    for status in theirs.statuses:
        if status not in own.statuses and f"{status[:1]}XX" not in own.statuses:
            yield Difference("status", status, ", ".join(own.statuses), status)


def _answer(theirs: Operation) -> Iterator[Difference]:
    answer = theirs.answer
    if "application/json" not in answer.kinds:
        yield Difference("answer", theirs.path, "application/json", ", ".join(answer.kinds) or "no answer of 2xx")
    elif not answer.examples:
        yield Difference("answer", theirs.path, "an example", "no example")
    for reference in answer.broken:
        yield Difference("answer", theirs.path, "a schema that can be read", f"{reference} cannot be followed")
