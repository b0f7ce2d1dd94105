"""Compare a vendor's document with our contract. Pure.

The contract is the union of many documents, so it may allow more than this one: only what the document has beyond the
contract is a difference, and fields that it no longer has (`fields.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendor_drift.examples import unexplained_errors, wrong_verdicts
from vendor_drift.fields import field_differences
from vendor_drift.values import GROUPS, Contract, Difference, Operation, alternatives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendor_drift.document import Document
    from vendor_drift.values import Parameter

_SIMILAR = 5  # operations that are listed
_ORDER = [kind for kinds in GROUPS.values() for kind in kinds]


def compare(document: Document, contract: Contract) -> list[Difference]:
    """Return the differences in the order of the report."""
    found = {difference for theirs in document.operations for difference in _differences(theirs, contract)}
    if not document.operations:
        paths = ", ".join(own.path for own in contract.operations)
        similar = ", ".join(document.similar[:_SIMILAR]) or "no operation on orders"
        found.add(Difference("withdrawn", "/paths", paths, similar))
    return sorted(found, key=lambda difference: (_ORDER.index(difference.kind), difference))


def _differences(theirs: Operation, contract: Contract) -> Iterator[Difference]:
    same = [own for own in contract.operations if own.template == theirs.template]
    if not same:
        yield Difference("path", theirs.path, ", ".join(own.path for own in contract.operations), theirs.path)
    for own in (same or contract.operations)[:1]:
        yield from _request(theirs, own)
        yield from _statuses(theirs, own)
    yield from _response(theirs)
    yield from unexplained_errors(theirs.errors)
    yield from wrong_verdicts(theirs.response.examples)
    yield from field_differences(theirs.response, contract)


def _request(theirs: Operation, own: Operation) -> Iterator[Difference]:
    if theirs.methods != own.methods:
        yield Difference("method", theirs.path, *(", ".join(one.methods).upper() for one in (own, theirs)))
    yield from _parameters(list(theirs.parameters), list(own.parameters))
    if theirs.body != own.body:
        yield Difference("request body", theirs.path, own.body, theirs.body)
    if theirs.security != own.security:
        yield Difference("security", theirs.path, alternatives(own.security), alternatives(theirs.security))
    if not theirs.servers or not set(theirs.servers) <= set(own.servers):
        yield Difference("server", theirs.path, ", ".join(own.servers), ", ".join(theirs.servers) or "none")
    if theirs.deprecated and not own.deprecated:
        yield Difference("deprecated", theirs.path, "no", "yes")


def _parameters(theirs: list[Parameter], own: list[Parameter]) -> Iterator[Difference]:
    """Pair the parameters by place and name, then the remaining ones by name or place alone."""
    for same_name, same_place in ((True, True), (True, False), (False, True)):
        for their in tuple(theirs):
            for mine in own:
                is_named, is_placed = their.names[0] in mine.names, their.place == mine.place
                if is_named >= same_name and is_placed >= same_place:
                    theirs.remove(their)
                    own.remove(mine)
                    is_same = is_named and is_placed and their.required == mine.required
                    if not (is_same and their.types <= mine.types):
                        yield Difference("parameter", their.names[0], str(mine), str(their))
                    break
    yield from (Difference("parameter", their.names[0], "none", str(their)) for their in theirs)
    yield from (Difference("parameter", mine.names[0], str(mine), "none") for mine in own)


def _statuses(theirs: Operation, own: Operation) -> Iterator[Difference]:
    for status in theirs.statuses:
        if status not in own.statuses and f"{status[:1]}XX" not in own.statuses:
            yield Difference("status", status, ", ".join(own.statuses), status)


def _response(theirs: Operation) -> Iterator[Difference]:
    response = theirs.response
    if "application/json" not in response.media_types:
        yield Difference("response", theirs.path, "application/json", ", ".join(response.media_types) or "no 2xx")
    elif not response.examples:
        yield Difference("response", theirs.path, "an example", "no example")
    for reference in response.broken:
        yield Difference("response", theirs.path, "a schema", f"{reference} cannot be resolved")
