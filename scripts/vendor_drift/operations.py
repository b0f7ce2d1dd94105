"""Find the cancel operation in an OpenAPI document, the vendor's or ours, and flatten it into a view. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vendor_drift.schemas import Reader, example_fields
from vendor_drift.values import Node, Operation, Parameter, Response, Seen, as_list, node

if TYPE_CHECKING:
    from collections.abc import Iterable

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_UNSAFE = frozenset({"put", "post", "delete", "patch"})
_METHOD = "put"
_JSON = "application/json"
_ORDER, _CANCEL = re.compile(r"orders?"), re.compile(r"cancel|cancellations?")


def cancel_operations(document: Node, *, responses: bool = True) -> tuple[Operation, ...]:
    """Return the operation under each of its paths, in the document's order; the responses only if asked for."""
    reader = Reader(document)
    paths = {path: reader.resolve(item) for path, item in node(document.get("paths")).items()}
    return tuple(
        _operation(document, path, item, has_responses=responses)
        for path, item in paths.items()
        if _cancels(path, item)
    )


def _cancels(path: str, item: Node) -> bool:
    """Return whether a path is the operation's: orders, cancel, one parameter and an unsafe method."""
    parts = [part for part in re.split(r"[/:]", path.strip("/").lower()) if part]
    fixed = [part for part in parts if not part.startswith("{")]
    is_named = all(any(word.fullmatch(part) for part in fixed) for word in (_ORDER, _CANCEL))
    return is_named and len(parts) == len(fixed) + 1 and bool(_UNSAFE & item.keys())


def similar_operations(document: Node) -> list[str]:
    """Return operations that may have replaced it, such as `PATCH /orders/{orderId}`."""
    found: list[str] = []
    for path, item in node(document.get("paths")).items():
        if re.search(r"order|cancel", path.lower()):
            unsafe = _UNSAFE & node(item).keys()
            found += [f"{method.upper()} {path}" for method in METHODS if method in unsafe]
    return sorted(found, key=lambda name: "cancel" not in name.lower())


def _operation(document: Node, path: str, item: Node, *, has_responses: bool) -> Operation:
    methods = tuple(method for method in METHODS if method in item and (method in _UNSAFE or method == _METHOD))
    found = node(item[_METHOD if _METHOD in methods else methods[0]])
    reader = Reader(document)
    responses = {str(status): reader.resolve(response) for status, response in node(found.get("responses")).items()}
    return Operation(
        path=path,
        methods=(_METHOD,) if _METHOD in methods else methods,
        parameters=tuple(_parameters(reader, as_list(item.get("parameters")), as_list(found.get("parameters")))),
        security=security(reader, found.get("security", document.get("security"))),
        servers=tuple(server_urls(found.get("servers") or item.get("servers") or document.get("servers"))),
        statuses=tuple(responses),
        body=_body(reader.resolve(found.get("requestBody"))),
        deprecated=found.get("deprecated") is True,
        response=_success(reader, responses) if has_responses else Response(),
        errors=tuple(_errors(reader, responses)) if has_responses else (),
    )


def _parameters(reader: Reader, of_path: list[Any], of_operation: list[Any]) -> Iterable[Parameter]:
    """Yield the parameters; one of the operation overrides one of its path with the same name and place."""
    found: dict[tuple[str, str], Node] = {}
    for parameter in map(reader.resolve, [*of_path, *of_operation]):
        found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
    for (name, place), parameter in found.items():
        types = reader.types(parameter.get("schema"))
        names = tuple(as_list(parameter.get("x-vendor-names"))) or (name,)
        yield Parameter(names, place, parameter.get("required") is True, types)


def security(reader: Reader, listed: object) -> frozenset[str]:
    """Return the ways to authenticate in words: names of schemes differ between documents."""
    schemes = node(node(reader.document.get("components")).get("securitySchemes"))
    return frozenset(
        " and ".join(sorted(_scheme(name, reader.resolve(schemes.get(name))) for name in alternative)) or "none"
        for alternative in map(node, as_list(listed))
    ) or frozenset({"none"})


def _scheme(name: str, scheme: Node) -> str:
    kind = scheme.get("type")
    if not kind:
        return f"{name} (undefined)"
    more = scheme.get("scheme") or (f"{scheme.get('name')} in {scheme.get('in')}" if kind == "apiKey" else "")
    return f"{kind} {more}".strip().lower()


def server_urls(listed: object) -> Iterable[str]:
    """Yield the URLs, variables replaced by their defaults."""
    for server in map(node, as_list(listed)):
        url = str(server.get("url"))
        for name, variable in node(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(node(variable).get("default", f"{{{name}}}")))
        yield url.rstrip("/")


def _body(body: Node) -> str:
    """Return the request body's media types in words."""
    kinds = ", ".join(media_types(body))
    return f"{kinds}, {'required' if body.get('required') is True else 'optional'}" if kinds else "none"


def media_types(response: Node) -> dict[str, Node]:
    """Return the content by media type, without parameters such as `; charset=utf-8`."""
    content = node(response.get("content"))
    return {kind.partition(";")[0].strip().lower(): node(media) for kind, media in content.items()}


def _success(reader: Reader, responses: dict[str, Node]) -> Response:
    """Return the response of the 200, or of the first other 2xx."""
    success = [status for status in responses if status.startswith("2")]
    if not success:
        return Response()
    content = media_types(responses["200" if "200" in success else success[0]])
    media = node(content.get(_JSON) or next(iter(content.values()), None))
    examples = tuple(_examples(reader, media))
    seen: dict[str, Seen] = {}
    for found in (*map(example_fields, examples), reader.response_fields(media.get("schema"))):
        seen |= {where: seen.get(where, Seen()) | more for where, more in found.items()}
    return Response(tuple(content), examples, seen, tuple(reader.broken))


def _errors(reader: Reader, responses: dict[str, Node]) -> Iterable[tuple[str, object]]:
    """Yield the example bodies of each documented 4xx; without an example, an object with the described properties."""
    for status, response in responses.items():
        media = media_types(response).get(_JSON)
        if media is None or not re.fullmatch(r"4\d\d", status):
            continue
        properties = reader.properties(media.get("schema"))
        described = [dict.fromkeys(properties, "text")] if properties else []
        yield from ((status, example) for example in list(_examples(reader, media)) or described)


def _examples(reader: Reader, media: Node) -> Iterable[object]:
    """Return the examples of a response, or those of its schema if it has none."""
    named = [reader.resolve(example) for example in node(media.get("examples")).values()]
    found = [media["example"]] if "example" in media else []
    found += [example["value"] for example in named if "value" in example]
    for part in reader.parts(media.get("schema")) if not found else ():
        found += [part["example"]] if "example" in part else []
        found += as_list(part.get("examples"))
    return found
