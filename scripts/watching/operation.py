"""Find the cancel operation in an OpenAPI document, the vendor's or ours, and read what it says. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watching.schema import Reader, shown
from watching.values import Answer, Node, Operation, Parameter, Seen, as_list, node

if TYPE_CHECKING:
    from collections.abc import Iterable

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_METHOD = "put"
_JSON = "application/json"


def operations(document: Node, *, answers: bool = True) -> tuple[Operation, ...]:
    """Return the operation under each of its spellings, in the document's order; with what comes back, if asked to."""
    paths = {path: node(item) for path, item in node(document.get("paths")).items()}
    return tuple(_operation(document, path, item, answers) for path, item in paths.items() if _cancels(path, item))


def _cancels(path: str, item: Node) -> bool:
    """Whether a path is the operation's, however it is spelled: it names orders, a cancelling, and one parameter."""
    parts = path.strip("/").lower().split("/")
    fixed = [part for part in parts if not part.startswith("{")]
    named = all(any(part.startswith(word) for part in fixed) for word in ("order", "cancel"))
    return named and len(parts) == len(fixed) + 1 and any(method in item for method in _METHODS)


def _operation(document: Node, path: str, item: Node, answers: bool) -> Operation:  # noqa: FBT001 - as above
    methods = tuple(method for method in _METHODS if method in item)
    found = node(item[_METHOD if _METHOD in methods else methods[0]])
    reader = Reader(document)
    responses = node(found.get("responses"))
    return Operation(
        path=path,
        methods=(_METHOD,) if _METHOD in methods else methods,
        parameters=tuple(_parameters(reader, [*as_list(item.get("parameters")), *as_list(found.get("parameters"))])),
        security=_security(reader, found.get("security", document.get("security"))),
        servers=tuple(_servers(found.get("servers") or item.get("servers") or document.get("servers"))),
        statuses=tuple(str(status) for status in responses),
        body=_body(reader.resolve(found.get("requestBody"))),
        deprecated=found.get("deprecated") is True,
        answer=_answer(reader, responses) if answers else Answer(),
    )


def _parameters(reader: Reader, listed: list[Any]) -> Iterable[Parameter]:
    for parameter in map(reader.resolve, listed):
        types = reader.types(parameter.get("schema")) | frozenset(as_list(parameter.get("x-vendor-types")))
        names = tuple(as_list(parameter.get("x-vendor-names"))) or (str(parameter.get("name")),)
        yield Parameter(names, str(parameter.get("in")), parameter.get("required") is True, types)


def _security(reader: Reader, listed: object) -> frozenset[str]:
    """Write each way to identify oneself in words; names of schemes are the document's own business."""
    schemes = node(node(reader.document.get("components")).get("securitySchemes"))
    return frozenset(
        " and ".join(sorted(_scheme(name, reader.resolve(schemes.get(name))) for name in alternative)) or "none"
        for alternative in map(node, as_list(listed))
    ) or frozenset({"none"})


def _scheme(name: str, scheme: Node) -> str:
    kind = scheme.get("type")
    if not kind:
        return f"{name}, which is not defined"
    more = scheme.get("scheme") or (f"{scheme.get('name')} in {scheme.get('in')}" if kind == "apiKey" else "")
    return f"{kind} {more}".strip().lower()


def _servers(listed: object) -> Iterable[str]:
    return (str(node(server).get("url")).rstrip("/") for server in as_list(listed))


def _body(body: Node) -> str:
    """Return what is to be sent; the vendor's older document declares an empty body."""
    kinds = ", ".join(node(body.get("content")))
    return f"{kinds}, {'required' if body.get('required') is True else 'optional'}" if kinds else "none"


def _answer(reader: Reader, responses: Node) -> Answer:
    success = [status for status in responses if str(status).startswith("2")]
    if not success:
        return Answer()
    content = node(reader.resolve(responses["200" if "200" in success else success[0]]).get("content"))
    media = node(content.get(_JSON) or next(iter(content.values()), None))
    examples = tuple(_examples(reader, media))
    seen: dict[str, Seen] = {}
    for found in (*map(shown, examples), reader.described(media.get("schema"))):
        seen |= {where: _both(seen.get(where, Seen()), more) for where, more in found.items()}
    return Answer(tuple(content), examples, seen, tuple(reader.broken))


def _examples(reader: Reader, media: Node) -> Iterable[object]:
    """Return the examples of the answer itself, and those of its schema where it has none."""
    named = [reader.resolve(example) for example in node(media.get("examples")).values()]
    found = [media["example"]] if "example" in media else []
    found += [example["value"] for example in named if "value" in example]
    for part in reader.parts(media.get("schema")) if not found else ():
        found += [part["example"]] if "example" in part else []
        found += as_list(part.get("examples"))
    return found


def _both(one: Seen, other: Seen) -> Seen:
    schema = other.schema if one.schema is None else one.schema if other.schema is None else one.schema | other.schema
    words = tuple(dict.fromkeys(one.words + other.words))
    return Seen(one.example | other.example, schema, words, one.listed or other.listed, one.text or other.text)
