"""Write what would make the contract cover how the vendor's document asks for a cancel. Pure."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from watching.operation import operations
from watching.values import Operation, Parameter, spelling

if TYPE_CHECKING:
    from watching.paste import Draft

# The facade serves these two; a third spelling needs work there, too.
_OPERATION_IDS = {"/order/{}/cancel": "cancelOrder", "/orders/{}/cancel": "cancelOrderPlural"}
_METHOD = "put"


def cover_request(draft: Draft, theirs: Operation, name: str) -> None:
    """Cover spelling, parameter names, servers and statuses; anything else takes a decision, and code."""
    if not draft.get("paths"):
        return
    _cover_path(draft, theirs, name)
    _cover_parameter(draft, theirs)
    _cover_servers(draft, theirs, name)
    for status in theirs.statuses:
        _cover_status(draft, status, name)


def _cover_path(draft: Draft, theirs: Operation, name: str) -> None:
    own = operations(draft.whole, answers=False)
    if theirs.methods != (_METHOD,) or any(operation.spelling == theirs.spelling for operation in own):
        return
    like = own[0]
    operation = deepcopy(draft.get("paths", like.path, _METHOD))
    operation |= {
        "operationId": _OPERATION_IDS.get(theirs.spelling, _operation_id(theirs.path)),
        "summary": f"Cancel an order, spelled {theirs.spelling.replace('{}', '...')}.",
        "description": "REVIEW: the same operation under another spelling of the vendor's document.",
        "x-evidence": [name],
    }
    parameter = (
        like.parameters[0].names[-1] if not draft.get(*_parameter(draft)) else draft.get(*_parameter(draft))["name"]
    )
    draft.put({_METHOD: operation}, "paths", theirs.spelling.replace("{}", f"{{{parameter}}}"))


def _operation_id(path: str) -> str:
    words = [part for part in spelling(path).replace("-", "/").split("/") if part.isalnum()]
    return "cancelOrderAt" + "".join(word.capitalize() for word in words)


def _parameter(draft: Draft) -> tuple[str, ...]:
    """Return the place of the parameter to which the operation refers."""
    (operation, *_) = draft.get("paths").values()
    reference = operation[_METHOD]["parameters"][0].get("$ref", "")
    return ("components", "parameters", reference.rpartition("/")[2])


def _cover_parameter(draft: Draft, theirs: Operation) -> None:
    """Note the vendor's name and type of the order's number; we keep our own."""
    place, own = _parameter(draft), operations(draft.whole, answers=False)[0].parameters
    found: dict[str, Any] | None = draft.get(*place)
    their = [parameter for parameter in theirs.parameters if parameter.place == "path"]
    if found is None or len(own) != 1 or len(their) != 1 or _is_covered(their[0], own[0]):
        return
    names = list(dict.fromkeys([*own[0].names, their[0].names[0]]))
    more = sorted(their[0].types - own[0].types)
    types = {"x-vendor-types": [*found.get("x-vendor-types", []), *more]} if more else {}
    draft.put(found | {"x-vendor-names": names} | types, *place)


def _is_covered(their: Parameter, own: Parameter) -> bool:
    return their.names[0] in own.names and their.types <= own.types


def _cover_servers(draft: Draft, theirs: Operation, name: str) -> None:
    known = draft.get("servers") or []
    urls = {server["url"].rstrip("/") for server in known}
    new = [url for url in theirs.servers if url not in urls]
    if new:
        text = "REVIEW: say what this is."
        draft.put([*known, *({"url": url, "description": text, "x-evidence": [name]} for url in new)], "servers")


def _cover_status(draft: Draft, status: str, name: str) -> None:
    """Declare a status on every spelling: an answer that is a success holds an order, any other a refusal."""
    is_success, title = status.startswith("2"), f"Status{status}"
    for path, item in draft.get("paths").items():
        responses = item[_METHOD]["responses"]
        if status in responses or f"{status[:1]}XX" in responses:
            continue
        reference = f"#/components/responses/{'OrderAnswer' if is_success else title}"
        changed = deepcopy(item)
        changed[_METHOD]["responses"] = {**responses, status: {"$ref": reference}}
        draft.put(changed, "paths", path)
        if not is_success:
            media = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
            text = "REVIEW: say when. Declared in the vendor's document; that its body is like the others' is inferred."
            entry = {"description": text, "x-evidence": [name], "content": media}
            draft.put(entry, "components", "responses", title)
