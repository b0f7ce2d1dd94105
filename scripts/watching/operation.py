"""Find the cancel operation in an OpenAPI document, the vendor's or ours, and read what it says. Pure."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from watching.schema import Reader, shown
from watching.values import Answer, Node, Operation, Parameter, Seen, as_list, node

if TYPE_CHECKING:
    from collections.abc import Iterable

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_CHANGING = frozenset({"put", "post", "delete", "patch"})
_METHOD = "put"
_JSON = "application/json"
_ORDER, _CANCEL = re.compile(r"orders?"), re.compile(r"cancel|cancellations?")
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def operations(document: Node, *, answers: bool = True) -> tuple[Operation, ...]:
    """Return the operation under each of its spellings, in the document's order; with its responses, if asked to."""
    reader = Reader(document)
    paths = {path: reader.resolve(item) for path, item in node(document.get("paths")).items()}
    return tuple(_operation(document, path, item, answers) for path, item in paths.items() if _cancels(path, item))


def _cancels(path: str, item: Node) -> bool:
    """Whether a path is the operation's, however it is spelled: orders, cancel, one parameter, a changing method."""
    parts = [part for part in re.split(r"[/:]", path.strip("/").lower()) if part]
    fixed = [part for part in parts if not part.startswith("{")]
    is_named = all(any(word.fullmatch(part) for part in fixed) for word in (_ORDER, _CANCEL))
    return is_named and len(parts) == len(fixed) + 1 and bool(_CHANGING & item.keys())


def near(document: Node) -> list[str]:
    """Return the operations that are most like it, such as `PATCH /orders/{orderId}`."""
    found: list[str] = []
    for path, item in node(document.get("paths")).items():
        changing = [method for method in _METHODS if method in _CHANGING & node(item).keys()]
        if re.search(r"order|cancel", path.lower()):
            found += [f"{method.upper()} {path}" for method in changing]
    return sorted(found, key=lambda name: "cancel" not in name.lower())


def _operation(document: Node, path: str, item: Node, answers: bool) -> Operation:  # noqa: FBT001 - as above
    methods = tuple(method for method in _METHODS if method in item and (method in _CHANGING or method == _METHOD))
    found = node(item[_METHOD if _METHOD in methods else methods[0]])
    reader = Reader(document)
    responses = {str(status): reader.resolve(response) for status, response in node(found.get("responses")).items()}
    return Operation(
        path=path,
        methods=(_METHOD,) if _METHOD in methods else methods,
        parameters=tuple(_parameters(reader, as_list(item.get("parameters")), as_list(found.get("parameters")))),
        security=_security(reader, found.get("security", document.get("security"))),
        servers=tuple(_servers(found.get("servers") or item.get("servers") or document.get("servers"))),
        statuses=tuple(responses),
        body=_body(reader.resolve(found.get("requestBody"))),
        deprecated=found.get("deprecated") is True,
        answer=_answer(reader, responses) if answers else Answer(),
        errors=tuple(_errors(reader, responses)) if answers else (),
    )


def _parameters(reader: Reader, of_path: list[Any], of_operation: list[Any]) -> Iterable[Parameter]:
    """Yield the parameters; those of the operation override those of its path with the same name and place."""
    found: dict[tuple[str, str], Node] = {}
    for parameter in map(reader.resolve, [*of_path, *of_operation]):
        found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
    for (name, place), parameter in found.items():
        types = reader.types(parameter.get("schema")) | frozenset(as_list(parameter.get("x-vendor-types")))
        names = tuple(as_list(parameter.get("x-vendor-names"))) or (name,)
        yield Parameter(names, place, parameter.get("required") is True, types)


def _security(reader: Reader, listed: object) -> frozenset[str]:
    """Return each way to authenticate in words; names of schemes differ between documents."""
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
    """Yield the addresses, with the default of each variable in its place."""
    for server in map(node, as_list(listed)):
        variables = node(server.get("variables"))
        yield _VARIABLE.sub(partial(_default, variables), str(server.get("url"))).rstrip("/")


def _default(variables: Node, name: re.Match[str]) -> str:
    return str(node(variables.get(name[1])).get("default", name[0]))


def _body(body: Node) -> str:
    """Return what is to be sent; the vendor's older document declares an empty body."""
    kinds = ", ".join(_media(body))
    return f"{kinds}, {'required' if body.get('required') is True else 'optional'}" if kinds else "none"


def _media(response: Node) -> dict[str, Node]:
    """Return the content by media type, without parameters such as `; charset=utf-8`."""
    content = node(response.get("content"))
    return {kind.partition(";")[0].strip().lower(): node(media) for kind, media in content.items()}


def _answer(reader: Reader, responses: dict[str, Node]) -> Answer:
    success = [status for status in responses if status.startswith("2")]
    if not success:
        return Answer()
    content = _media(responses["200" if "200" in success else success[0]])
    media = node(content.get(_JSON) or next(iter(content.values()), None))
    examples = tuple(_examples(reader, media))
    seen: dict[str, Seen] = {}
    for found in (*map(shown, examples), reader.described(media.get("schema"))):
        seen |= {where: _both(seen.get(where, Seen()), more) for where, more in found.items()}
    return Answer(tuple(content), examples, seen, tuple(reader.broken))


def _errors(reader: Reader, responses: dict[str, Node]) -> Iterable[tuple[str, object]]:
    """Yield the example bodies of documented 4xx; without an example, an object with the described properties."""
    for status, response in responses.items():
        media = _media(response).get(_JSON)
        if media is None or not re.fullmatch(r"4\d\d", status):
            continue
        properties = reader.properties(media.get("schema"))
        described = [dict.fromkeys(properties, "text")] if properties else []
        yield from ((status, example) for example in list(_examples(reader, media)) or described)


def _examples(reader: Reader, media: Node) -> Iterable[object]:
    """Return the examples of a response itself, and those of its schema if it has none."""
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
