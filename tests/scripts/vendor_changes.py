"""Single changes of the vendor's documents, each with the expected report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

Document: TypeAlias = dict[str, Any]
Expected: TypeAlias = tuple[str, str, str]  # kind, where, what the document has


@frozen
class Change:
    """A change of the document `of`, and the expected differences from a contract made from that document."""

    of: str
    make: Callable[[Document], object]
    expected: frozenset[Expected]


def change(of: str, make: Callable[[Document], object], *expected: Expected) -> Change:
    return Change(of, make, frozenset(expected))


def operation(document: Document) -> Document:
    (item,) = document["paths"].values()
    found: Document = item["put"]
    return found


def response(document: Document) -> Document:
    found: Document = operation(document)["responses"]["200"]
    return found


def media(document: Document) -> Document:
    found: Document = response(document)["content"]["application/json"]
    return found


def order(document: Document) -> Document:
    found: Document = media(document)["example"]["order"]
    return found


def schema(document: Document) -> Document:
    found: Document = document["components"]["schemas"]["order"]["properties"]
    return found


def example(**fields: object) -> Callable[[Document], object]:
    return lambda document: order(document).update(fields)


def described(name: str, **keys: object) -> Callable[[Document], object]:
    return lambda document: schema(document).setdefault(name, {}).update(keys)


def without(name: str) -> Callable[[Document], object]:
    def make(document: Document) -> None:
        order(document).pop(name, None)
        document["components"].get("schemas", {}).get("order", {}).get("properties", {}).pop(name, None)

    return make


def renamed(old: str, new: str) -> Callable[[Document], object]:
    return lambda document: order(document).update({new: order(document).pop(old)})


def respelled(path: str) -> Callable[[Document], object]:
    def make(document: Document) -> None:
        (old,) = document["paths"]
        document["paths"] = {path: document["paths"][old]}
        name = path.partition("{")[2].partition("}")[0]
        operation(document)["parameters"][0]["name"] = name

    return make


def parameter(**keys: object) -> Callable[[Document], object]:
    return lambda document: operation(document)["parameters"][0].update(keys)


def more_parameters(**keys: object) -> Callable[[Document], object]:
    return lambda document: operation(document)["parameters"].append(keys)


def whole(**keys: object) -> Callable[[Document], object]:
    return lambda document: document.update(keys)


def operated(**keys: object) -> Callable[[Document], object]:
    return lambda document: operation(document).update(keys)


def answered(status: str, **keys: object) -> Callable[[Document], object]:
    return lambda document: operation(document)["responses"].update({status: keys})


def method(name: str) -> Callable[[Document], object]:
    def make(document: Document) -> None:
        (item,) = document["paths"].values()
        item[name] = item.pop("put")

    return make


def api_key(document: Document) -> None:
    document["components"]["securitySchemes"]["bearerAuth"] = {"type": "apiKey", "in": "header", "name": "X-Key"}


def moved_answer(document: Document) -> None:
    operation(document)["responses"]["202"] = operation(document)["responses"].pop("200")


def typed_otherwise(document: Document) -> None:
    response(document)["content"] = {"text/html": media(document)}


def by_reference(document: Document) -> None:
    """Return the same through references and an allOf."""
    document["components"]["responses"] = {"Shown": response(document)}
    document["components"]["examples"] = {"one": {"value": media(document).pop("example")}}
    media(document)["examples"] = {"shown": {"$ref": "#/components/examples/one"}}
    media(document)["schema"] = {"allOf": [media(document)["schema"]]}
    operation(document)["responses"]["200"] = {"$ref": "#/components/responses/Shown"}


def both_spellings(document: Document) -> None:
    (item,) = document["paths"].values()
    document["paths"]["/cancellations/order/{orderId}"] = item


OLD, MIDDLE, NEW = "2025-07", "2025-09", "2026-09"
PATH, SINGULAR = "/orders/{orderId}/cancel", "/order/{order_id}/cancel"
NO_SUCH = "no such field"

CHANGES: dict[str, Change] = {
    # The fields
    "added to the example": change(
        NEW, example(unlisted=1), ("new field", "/order/unlisted", "integer (in the example)")
    ),
    "added to the old example": change(OLD, example(a=[]), ("new field", "/order/a", "array (in the example)")),
    "added to the schema": change(
        NEW, described("unlisted", type="string"), ("new field", "/order/unlisted", "string (in the schema)")
    ),
    "added to the schema with words": change(
        *(NEW, described("speed", type="string", enum=["slow", "fast"])),
        ("new field", "/order/speed", "string (in the schema): slow, fast"),
    ),
    "a name with a slash": change(
        NEW, example(**{"a/b~c": 1.5}), ("new field", "/order/a~1b~0c", "number (in the example)")
    ),
    "removed everywhere": change(NEW, without("total_scans"), ("removed field", "/order/total_scans", NO_SUCH)),
    "removed from the old example": change(OLD, without("settled"), ("removed field", "/order/settled", NO_SUCH)),
    "removed, and never in the schema": change(
        MIDDLE, without("font_size"), ("removed field", "/order/font_size", NO_SUCH)
    ),
    "removed from the schema, its only place": change(
        NEW, lambda document: schema(document).pop("order_total"), ("removed field", "/order/order_total", NO_SUCH)
    ),
    "removed from the example alone": change(
        NEW, lambda document: order(document).pop("total_scans"), ("moved field", "/order/total_scans", "in the schema")
    ),
    "removed from the schema alone": change(
        NEW,
        lambda document: schema(document).pop("total_scans"),
        ("moved field", "/order/total_scans", "in the example"),
    ),
    "shown where it was only described": change(
        *(NEW, example(cancellable=True)),
        ("moved field", "/order/cancellable", "in the example and in the schema"),
    ),
    "renamed as it once was": change(
        *(MIDDLE, renamed("realism", "handwriting_realism")),
        ("removed field", "/order/realism", NO_SUCH),
        ("new field", "/order/handwriting_realism", "integer (in the example)"),
        ("possible rename", "/order/realism", "/order/handwriting_realism: integer"),
    ),
    "renamed in another case": change(
        *(NEW, renamed("font_size", "fontSize")),
        ("removed field", "/order/font_size", NO_SUCH),
        ("new field", "/order/fontSize", "string (in the example)"),
        ("possible rename", "/order/font_size", "/order/fontSize: string"),
    ),
    "renamed in the old example": change(
        *(OLD, renamed("share_url", "url_share")),
        ("removed field", "/order/share_url", NO_SUCH),
        ("new field", "/order/url_share", "string (in the example)"),
        ("possible rename", "/order/share_url", "/order/url_share: string"),
    ),
    "renamed beyond recognition": change(
        *(NEW, renamed("unique_scans", "visitors")),
        ("removed field", "/order/unique_scans", NO_SUCH),
        ("new field", "/order/visitors", "integer (in the example)"),
    ),
    "integer to string": change(NEW, example(user_id="2"), ("type", "/order/user_id", "string")),
    "integer to boolean": change(OLD, example(settled=True), ("type", "/order/settled", "boolean")),
    "string to object": change(OLD, example(created_at={"date": "x"}), ("type", "/order/created_at", "object")),
    "integer to number in the schema": change(
        *(NEW, described("authorization_total", type="number")),
        ("type", "/order/authorization_total", "integer or number"),
    ),
    "a type of many": change(
        *(NEW, lambda document: schema(document).update(style={"anyOf": [{"type": "integer"}, {"type": "string"}]})),
        ("type", "/order/style", "integer or string"),
    ),
    "array to object": change(NEW, example(preview_images={}), ("type", "/order/preview_images", "object")),
    "what an array holds": change(NEW, example(preview_images=[{}]), ("type", "/order/preview_images/*", "object")),
    "object to null": change(NEW, example(addons=None), ("null", "/order/addons", "null")),
    "string to null beside the schema": change(NEW, example(size=None), ("null", "/order/size", "string or null")),
    "null to object": change(OLD, example(addons={"a": 1}), ("type", "/order/addons", "object")),
    "null to string": change(NEW, example(last_scan="2026"), ("type", "/order/last_scan", "string")),
    "null to an array": change(OLD, example(mailing_lists=[1]), ("type", "/order/mailing_lists", "array")),
    "nullable in the schema": change(
        NEW, described("style", type=["integer", "null"]), ("null", "/order/style", "integer or null")
    ),
    "nullable as OpenAPI 3.0 says it": change(
        NEW, described("style", nullable=True), ("null", "/order/style", "integer or null")
    ),
    "beside the order": change(
        *(NEW, lambda document: media(document)["example"].update(refund={"cents": 73})),
        ("new field", "/refund", "object (in the example)"),
    ),
    # The words, and the verdict
    "a word in the enum": change(
        NEW, lambda document: schema(document)["type"]["enum"].append("magnacard"), ("word", "/order/type", "magnacard")
    ),
    "a word in the example": change(OLD, example(method="zapier"), ("word", "/order/method", "zapier")),
    "an enum where there was none": change(
        NEW, described("size", enum=["4x6", "6x9"]), ("word", "/order/size", "4x6, 6x9")
    ),
    "a status that the verdict knows": change(NEW, example(status="Printing"), ("word", "/order/status", "Printing")),
    "a status that nothing knows": change(
        NEW, example(status="in_transit"), ("status word", "/order/status", "in_transit")
    ),
    "a status that nothing knows, in the schema": change(
        MIDDLE, described("status", enum=["fulfilled", "in_no_list"]), ("status word", "/order/status", "in_no_list")
    ),
    "cancelled, spelled otherwise": change(
        *(OLD, example(status="canceled")),
        ("status word", "/order/status", "canceled"),
        ("verdict", "/order/status", "cancelled"),
    ),
    "cancelled by the form for people alone": change(
        NEW, example(display_status="Cancelled"), ("verdict", "/order/status", "cancelled")
    ),
    "no number": change(
        *(OLD, without("id")),
        ("removed field", "/order/id", NO_SUCH),
        ("verdict", "/order/status", "cancelled"),
    ),
    "a number in digits": change(
        *(NEW, example(id="42708")),
        ("type", "/order/id", "integer or string"),
        ("verdict", "/order/status", "not cancelled"),
    ),
    "another envelope": change(
        *(NEW, lambda document: media(document).update(example={"data": order(document)})),
        ("new field", "/data", "object (in the example)"),
        ("verdict", "/order/status", "not cancelled"),
    ),
    "no order": change(
        *(NEW, lambda document: media(document).update(example={"order": None})),
        ("null", "/order", "object or null"),
        ("verdict", "/order/status", "not cancelled"),
    ),
    # The answer as a whole
    "no example": change(NEW, lambda document: media(document).pop("example"), ("response", PATH, "no example")),
    "a broken reference": change(
        *(NEW, lambda document: document["components"]["schemas"].clear()),
        ("response", PATH, "#/components/schemas/order cannot be resolved"),
    ),
    "a reference to itself": change(
        *(NEW, lambda document: document["components"]["schemas"].update(order={"$ref": "#/components/schemas/order"})),
        ("response", PATH, "#/components/schemas/order cannot be resolved"),
    ),
    "a reference to another document": change(
        *(NEW, lambda document: media(document).update(schema={"$ref": "https://example.com/order.json"})),
        ("response", PATH, "https://example.com/order.json cannot be resolved"),
    ),
    "another kind of content": change(NEW, typed_otherwise, ("response", PATH, "text/html")),
    "no answer": change(
        OLD, lambda document: operation(document)["responses"].clear(), ("response", SINGULAR, "no 2xx")
    ),
    # The request
    "another path": change(
        NEW,
        respelled("/v3/orders/{orderId}/cancel"),
        ("path", "/v3/orders/{orderId}/cancel", "/v3/orders/{orderId}/cancel"),
    ),
    "another order of the path": change(
        NEW, respelled("/cancel/order/{orderId}"), ("path", "/cancel/order/{orderId}", "/cancel/order/{orderId}")
    ),
    "a second spelling": change(
        *(NEW, both_spellings),
        ("path", "/cancellations/order/{orderId}", "/cancellations/order/{orderId}"),
    ),
    "POST": change(NEW, method("post"), ("method", PATH, "POST")),
    "PATCH, in the old one": change(OLD, method("patch"), ("method", SINGULAR, "PATCH")),
    "a parameter's name": change(
        NEW, respelled("/orders/{id}/cancel"), ("parameter", "id", "id in path, string, required")
    ),
    "a parameter's type": change(
        NEW, parameter(schema={"type": "integer"}), ("parameter", "orderId", "orderId in path, integer, required")
    ),
    "a parameter's place": change(
        OLD, parameter(**{"in": "query"}), ("parameter", "order_id", "order_id in query, string, required")
    ),
    "one more parameter": change(
        *(NEW, more_parameters(name="reason", required=True, schema={"type": "string"}, **{"in": "query"})),
        ("parameter", "reason", "reason in query, string, required"),
    ),
    "no parameter": change(
        NEW, lambda document: operation(document)["parameters"].clear(), ("parameter", "orderId", "none")
    ),
    "a body": change(
        *(NEW, operated(requestBody={"required": True, "content": {"application/json": {}}})),
        ("request body", PATH, "application/json, required"),
    ),
    "no security": change(NEW, lambda document: document.pop("security"), ("security", PATH, "none")),
    "no security for this operation": change(OLD, operated(security=[]), ("security", SINGULAR, "none")),
    "another security": change(NEW, api_key, ("security", PATH, "apikey x-key in header")),
    "an undefined security": change(NEW, whole(security=[{"oauth": []}]), ("security", PATH, "oauth (undefined)")),
    "another server": change(
        NEW, whole(servers=[{"url": "https://api.thanks.io/api/v3"}]), ("server", PATH, "https://api.thanks.io/api/v3")
    ),
    "no server": change(OLD, lambda document: document.pop("servers"), ("server", SINGULAR, "none")),
    "one more status": change(NEW, answered("409", description="no"), ("status", "409", "409")),
    "a default answer": change(NEW, answered("default", description="no"), ("status", "default", "default")),
    "another status of success": change(NEW, moved_answer, ("status", "202", "202")),
    "deprecated": change(NEW, operated(deprecated=True), ("deprecated", PATH, "yes")),
    # What is no drift
    "a known status": change(NEW, answered("503", description="no")),
    "an expected refusal": change(NEW, answered("404", description="no")),
    "a word less": change(NEW, lambda document: schema(document)["type"]["enum"].pop()),
    "a word in another case": change(OLD, example(status="CANCELLED", display_status="Canceled")),
    "never null any more": change(NEW, described("metadata", type="object")),
    "other values": change(NEW, example(id=1, message="", front_image="", grand_total=0)),
    "other texts": change(NEW, operated(summary="x", description="y", operationId="z", tags=[])),
    "a slash after the server": change(NEW, whole(servers=[{"url": "https://api.thanks.io/api/v2/"}])),
    "an empty array": change(NEW, example(preview_images=[])),
    "the same by references": change(NEW, by_reference),
    "required": change(NEW, lambda document: document["components"]["schemas"]["order"].update(required=["id"])),
}


def field(**keys: object) -> Callable[[Document], object]:
    """Replace the schema of the field size, a string that the example shows."""
    return lambda document: schema(document).update(size=keys)


def parts(*schemas: Document) -> Callable[[Document], object]:
    """Put the schema of an order together from itself and more parts."""

    def make(document: Document) -> None:
        whole = document["components"]["schemas"]
        whole["base"] = whole.pop("order")
        whole["order"] = {"allOf": [{"$ref": "#/components/schemas/base"}, *schemas]}

    return make


def item_by_reference(document: Document) -> None:
    (path,) = document["paths"]
    document["components"]["pathItems"] = {"cancel": document["paths"][path]}
    document["paths"][path] = {"$ref": "#/components/pathItems/cancel"}


def overridden(document: Document) -> None:
    (item,) = document["paths"].values()
    item["parameters"] = [{"name": "orderId", "in": "path", "required": True, "schema": {"type": "integer"}}]


def of_the_path(document: Document) -> None:
    (item,) = document["paths"].values()
    item["parameters"] = operation(document).pop("parameters")


def renamed_schema(name: str, reference: str) -> Callable[[Document], object]:
    def make(document: Document) -> None:
        schemas = document["components"]["schemas"]
        schemas[name] = schemas.pop("order")
        text = json.dumps(document).replace('"#/components/schemas/order"', json.dumps(reference))
        document.update(json.loads(text))

    return make


def media_type(kind: str) -> Callable[[Document], object]:
    return lambda document: response(document).update(content={kind: media(document)})


def server(url: str, **variables: object) -> Callable[[Document], object]:
    return whole(servers=[{"url": url, "variables": variables}])


def refused(example_: object, status: str = "422") -> Callable[[Document], object]:
    return answered(status, content={"application/json": {"example": example_}})


def also(path: str, method_: str = "put") -> Callable[[Document], object]:
    return lambda document: document["paths"].update({path: {method_: {"responses": {}}}})


def moved(path: str, method_: str = "put") -> Callable[[Document], object]:
    def make(document: Document) -> None:
        (item,) = document["paths"].values()
        document["paths"] = {path: {method_: item["put"]}}

    return make


def loop(document: Document) -> None:
    document["components"]["schemas"]["a"] = {"allOf": [{"$ref": "#/components/schemas/b"}]}
    document["components"]["schemas"]["b"] = {"allOf": [{"$ref": "#/components/schemas/a"}, {"type": "string"}]}
    schema(document)["size"] = {"$ref": "#/components/schemas/a"}


def sibling(**keys: object) -> Callable[[Document], object]:
    def make(document: Document) -> None:
        document["components"]["schemas"]["text"] = {"type": "string"}
        schema(document)["size"] = {"$ref": "#/components/schemas/text", **keys}

    return make


V2 = "https://api.thanks.io/api/v2"
WORD = ("word", "/order/size", "4x6, 6x9")
NULL = ("null", "/order/size", "string or null")
WITHDRAWN = ("withdrawn", "/paths")
UNEXPLAINED, FOREIGN = "the client finds none", "a proxy's, to the client"
TWO: list[Document] = [{"type": "string"}, {"type": "integer"}]
AS_TEXT: Document = {"type": "string"}

MORE: dict[str, Change] = {
    # Words and types in other forms
    "words as const": change(NEW, field(type="string", const="4x6"), ("word", "/order/size", "4x6")),
    "words as const in oneOf": change(NEW, field(oneOf=[{"const": "4x6"}, {"const": "6x9"}]), WORD),
    "words in anyOf": change(NEW, field(anyOf=[{"enum": ["4x6"]}, {"enum": ["6x9"]}, AS_TEXT]), WORD),
    "words beside a reference": change(NEW, sibling(enum=["4x6", "6x9"]), WORD),
    "null beside a reference": change(NEW, sibling(nullable=True), NULL),
    "null in anyOf": change(NEW, field(anyOf=[AS_TEXT, {"type": "null"}]), NULL),
    "null in oneOf": change(NEW, field(oneOf=[AS_TEXT, {"type": "null"}]), NULL),
    "null as an enum value": change(NEW, field(type=["string", "null"], enum=["4x6", "6x9", None]), WORD, NULL),
    "null that another part excludes": change(NEW, field(allOf=[{"type": ["string", "null"]}, AS_TEXT])),
    "integer that another part excludes": change(NEW, field(allOf=[{"type": ["string", "integer"]}, AS_TEXT])),
    "two types in allOf of anyOf": change(
        NEW, field(allOf=[{"anyOf": TWO}]), ("type", "/order/size", "integer or string")
    ),
    "allOf with one part": change(NEW, field(allOf=[AS_TEXT])),
    "a type by two references": change(NEW, renamed_schema("order two", "#/components/schemas/order%20two")),
    "a name with a slash in a reference": change(NEW, renamed_schema("order/two", "#/components/schemas/order~1two")),
    "a name with a tilde in a reference": change(NEW, renamed_schema("order~two", "#/components/schemas/order~0two")),
    "a loop of references": change(NEW, loop),
    "a type without a type": change(NEW, field(description="anything")),
    "an integer as const": change(NEW, field(const=1), ("type", "/order/size", "integer or string")),
    # An order in several parts
    "a field in a second part": change(
        *(NEW, parts({"properties": {"unlisted": {"type": "integer"}}})),
        ("new field", "/order/unlisted", "integer (in the schema)"),
    ),
    "a field declared in two parts": change(
        *(NEW, parts({"properties": {"size": {"enum": ["4x6", "6x9"]}}})),
        WORD,
    ),
    "a field of one alternative": change(
        *(NEW, parts({"oneOf": [{"properties": {"unlisted": AS_TEXT}}, {"required": ["id"]}]})),
        ("new field", "/order/unlisted", "string (in the schema)"),
    ),
    "a part that only requires": change(NEW, parts({"required": ["id"]})),
    "a part that closes the object": change(NEW, parts({"additionalProperties": False})),
    # Paths
    "a path item by reference": change(NEW, item_by_reference),
    "an operation of templates": change(NEW, also("/order-templates/{id}/cancel")),
    "a policy that is read": change(NEW, also("/orders/{orderId}/cancellation-policy", "get")),
    "a cancel that is read": change(NEW, also("/orders/{orderId}/cancel-preview", "get")),
    "a list of cancelled orders": change(NEW, also("/orders/cancelled", "get")),
    "an order of an order": change(NEW, also("/orders/{orderId}/items/{itemId}/cancel")),
    "a colon": change(
        NEW, moved("/orders/{orderId}:cancel"), ("path", "/orders/{orderId}:cancel", "/orders/{orderId}:cancel")
    ),
    "PATCH of the order": change(NEW, moved("/orders/{orderId}", "patch"), (*WITHDRAWN, "PATCH /orders/{orderId}")),
    "withdrawn": change(NEW, whole(paths={}), (*WITHDRAWN, "no operation on orders")),
    "withdrawn, and others are left": change(
        *(NEW, whole(paths={"/orders": {"get": {}, "post": {}}, "/contacts": {"post": {}}})),
        (*WITHDRAWN, "POST /orders"),
    ),
    # Requests
    "a parameter that overrides the path's": change(NEW, overridden),
    "parameters of the path": change(NEW, of_the_path),
    "a server with variables": change(
        *(NEW, server("https://{host}/api/{version}", host={"default": "api.thanks.io"}, version={"default": "v2"})),
    ),
    "another default of a server's variable": change(
        *(NEW, server("https://api.thanks.io/api/{version}", version={"default": "v3"})),
        ("server", PATH, "https://api.thanks.io/api/v3"),
    ),
    "a variable without a default": change(
        NEW, server("https://{host}/api/v2"), ("server", PATH, "https://{host}/api/v2")
    ),
    # Responses
    "a charset": change(NEW, media_type("application/json; charset=utf-8")),
    "a media type in capitals": change(NEW, media_type("Application/JSON")),
    "a vendor's media type": change(
        NEW, media_type("application/vnd.api+json"), ("response", PATH, "application/vnd.api+json")
    ),
    "a refusal that is explained": change(NEW, refused({"message": "Too late."})),
    "a refusal by fields": change(NEW, refused({"message": "Invalid.", "errors": {"id": ["Wrong."]}})),
    "a refusal in an error object": change(
        NEW, refused({"error": {"code": 7, "detail": "Too late."}}), ("error body", "422", FOREIGN)
    ),
    "a refusal by RFC 9457": change(
        NEW, refused({"type": "about:blank", "title": "Late", "detail": "Too late."}), ("error body", "422", FOREIGN)
    ),
    "a refusal that is not explained": change(NEW, refused({"reason": "late"}), ("error body", "422", UNEXPLAINED)),
    "a refusal that is only described": change(
        *(NEW, answered("422", content={"application/json": {"schema": {"properties": {"reason": AS_TEXT}}}})),
        ("error body", "422", UNEXPLAINED),
    ),
    "a refusal described with a message": change(
        NEW, answered("422", content={"application/json": {"schema": {"properties": {"message": AS_TEXT}}}})
    ),
    "a refusal as a page": change(NEW, answered("404", content={"text/html": {"example": "<p>no</p>"}})),
    "a 429 with a message": change(NEW, refused({"message": "Too Many Attempts."}, "429")),
}
