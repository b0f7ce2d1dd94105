"""Changes of the contract, each with its effects on users of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from api_diff.change import Rating

if TYPE_CHECKING:
    from collections.abc import Callable

BREAKING, COMPATIBLE, INVISIBLE = Rating.BREAKING, Rating.COMPATIBLE, Rating.INVISIBLE
Told = tuple[Rating, str, str]  # the rating, where, and a word of why


def put(old: str, new: str) -> Callable[[str], str]:
    """Replace a text that is there."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return edit


def field(name: str, old: str, new: str) -> Callable[[str], str]:
    """Replace a text in the description of one field of an order."""

    def edit(text: str) -> str:
        head, tail = text.split(f"        {name}:\n", 1)
        assert old in tail, (name, old)
        return f"{head}        {name}:\n{tail.replace(old, new, 1)}"

    return edit


@frozen
class Seed:
    """One change. Those of a group do not touch each other, and are made and compared together."""

    group: str
    name: str
    edit: Callable[[str], str]
    told: tuple[Told, ...]


IS_DYNAMIC = """        is_dynamic:
          type: integer
          minimum: 0
          maximum: 1
          description: 1 if the front image is generated per recipient (inferred from the name).
          x-evidence: [cancel-2023]
"""
COLOUR = "        colour:\n          type: string\n          description: The ink's colour.\n"
ORDER_ID = "        - $ref: '#/components/parameters/OrderId'\n      responses: &responses\n"
QUERY = "        - {name: dry_run, in: query, description: Only ask., schema: {type: boolean}}\n"
BODY = "      requestBody:\n        content: {application/json: {schema: {type: object}}}\n"
PLURAL = "      operationId: cancelOrderPlural\n"
SECURITY = "      security:\n        - bearerAuth: []\n"
PLURAL_END = "      parameters:\n        - $ref: '#/components/parameters/OrderId'\n      responses: *responses\n"
METHOD_NOT_ALLOWED = "        '410':\n          $ref: '#/components/responses/MethodNotAllowed'\n"
RESET = "        X-RateLimit-Reset:\n          $ref: '#/components/headers/RateLimitReset'\n"
AFTER = "        Retry-After:\n          $ref: '#/components/headers/RetryAfter'\n"
CLOSED = "      additionalProperties: false\n"
NARROW = "^[1-9][0-9]{0,8}$"

SEEDS = (
    # What an order shows.
    Seed(
        "fields",
        "field added",
        put("        user_id:\n", f"{COLOUR}        user_id:\n"),
        ((COMPATIBLE, "order.colour", "attribute"), (COMPATIBLE, "thanksio.Order.colour", "keeps working")),
    ),
    Seed(
        "fields",
        "a key of our own added",
        put("info:\n", "info:\n  x-review: [one, two]\n"),
        (),
    ),
    Seed(
        "fields",
        "field removed",
        put(IS_DYNAMIC, ""),
        (
            (BREAKING, "order.is_dynamic", "no longer an attribute"),
            (BREAKING, "thanksio.Order.is_dynamic", "raises an error"),
        ),
    ),
    Seed(
        "fields",
        "field retyped",
        field("style", "type: integer", "type: string"),
        ((BREAKING, "order.style", "another type"), (BREAKING, "thanksio.Order.style", "type checker rejects")),
    ),
    Seed(
        "fields",
        "integer becomes number",
        field("leads_fee", "type: integer", "type: number"),
        ((BREAKING, "order.leads_fee", "another type"), (BREAKING, "thanksio.Order.leads_fee", "type checker rejects")),
    ),
    Seed(
        "fields",
        "null allowed",
        field("font_size", "type: string", "type: [string, 'null']"),
        ((BREAKING, "order.font_size", "another type"), (BREAKING, "thanksio.Order.font_size", "type checker rejects")),
    ),
    Seed(
        "fields",
        "null no longer allowed",
        field("size", "type: [string, 'null']", "type: string"),
        ((COMPATIBLE, "order.size", "Fewer types"), (COMPATIBLE, "thanksio.Order.size", "with the new")),
    ),
    Seed(
        "fields",
        "type becomes known",
        field("session_id", "description", "type: string\n          description"),
        (
            (COMPATIBLE, "order.session_id", "Fewer types"),
            (COMPATIBLE, "thanksio.Order.session_id", "with the new"),
        ),
    ),
    Seed(
        "fields",
        "type written in another way",
        field("back_image", "type: [string, 'null']", "anyOf: [{type: string}, {type: 'null'}]"),
        (),
    ),
    Seed(
        "fields",
        "items retyped",
        field("thumbnail_images", "type: string", "type: integer"),
        (
            (BREAKING, "order.thumbnail_images[]", "another type"),
            (BREAKING, "thanksio.Order.thumbnail_images", "type checker rejects"),
        ),
    ),
    Seed(
        "fields",
        "time gets a format",
        field("created_at", "type: string", "type: string\n          format: date-time"),
        (
            (INVISIBLE, "order.created_at", "Text for people"),
            (BREAKING, "thanksio.Order.created_at", "type checker rejects"),
        ),
    ),
    Seed(
        "fields",
        "range wider",
        field("settled", "maximum: 1", "maximum: 2"),
        ((BREAKING, "order.settled", "relies on"),),
    ),
    Seed(
        "fields",
        "field always there",
        put("required: [id, status]", "required: [id, status, transaction_id]"),
        (
            (COMPATIBLE, "order.transaction_id", "always present"),
            (COMPATIBLE, "thanksio.Order.transaction_id", "with the new"),
        ),
    ),
    Seed(
        "fields",
        "word added to an open set",
        put("enum: [api, ", "enum: [shopify, api, "),
        ((COMPATIBLE, "order.method", "open"), (COMPATIBLE, "thanksio.Order.method 'shopify'", "keeps working")),
    ),
    Seed(
        "fields",
        "word removed from an open set",
        put("giftcard, magnacard", "giftcard"),
        ((COMPATIBLE, "order.type", "open"), (COMPATIBLE, "thanksio.Order.type_ 'magnacard'", "plain string")),
    ),
    Seed(
        "fields",
        "description alone",
        put("ID of the user who owns the account.", "Who owns the account."),
        ((INVISIBLE, "order.user_id", "Text for people"),),
    ),
    Seed(
        "fields",
        "extra keys allowed in other words",
        field("addons", "          additionalProperties: true\n", ""),
        (),
    ),
    Seed(
        "names",
        "field renamed",
        put("        realism:\n", "        realness:\n"),
        (
            (BREAKING, "order.realism", "no longer an attribute"),
            (COMPATIBLE, "order.realness", "an attribute now"),
            (BREAKING, "thanksio.Order.realism", "raises an error"),
            (COMPATIBLE, "thanksio.Order.realness", "keeps working"),
        ),
    ),
    Seed(
        "more requests",
        "field may be missing",
        put("required: [id, status]", "required: [id]"),
        ((BREAKING, "order.status", "may be missing"), (BREAKING, "thanksio.Order.status", "type checker rejects")),
    ),
    Seed(
        "more requests",
        "open set closed",
        field("type", "            - type: string\n", ""),
        (
            (BREAKING, "order.type", "set of words is closed"),
            (COMPATIBLE, "thanksio.Order.type_", "with the new"),
        ),
    ),
    Seed(
        "other words",
        "a reference in allOf with one element",
        put(
            "          $ref: '#/components/schemas/Order'\n",
            "          allOf:\n            - $ref: '#/components/schemas/Order'\n",
        ),
        (),
    ),
    Seed("other words", "a security scheme renamed", lambda contract: contract.replace("bearerAuth", "token"), ()),
    Seed(
        "other words",
        "a shared response renamed",
        lambda contract: contract.replace("responses/OrderResponse", "responses/Shown").replace(
            "  responses:\n    OrderResponse:", "  responses:\n    Shown:"
        ),
        (),
    ),
    Seed(
        "other words",
        "unknown fields beside the order refused",
        put(
            "    OrderResponse:\n      type: object\n",
            "    OrderResponse:\n      type: object\n      additionalProperties: false\n",
        ),
        ((INVISIBLE, "body", "nothing beside it"),),
    ),
    Seed(
        "other words",
        "a key of our own on a field",
        field("user_id", "description", "x-review: [{a: 1}]\n          description"),
        ((INVISIBLE, "order.user_id", "Text for people"),),
    ),
    Seed(
        "other words",
        "a key of our own on a schema",
        put(
            "    Order:\n      type: object\n",
            "    Order:\n      type: object\n      x-fields: {properties: {unlisted: {}}}\n",
        ),
        ((INVISIBLE, "order", "Text for people"),),
    ),
    Seed(
        "more requests",
        "unknown fields refused",
        put("    Order:\n      type: object\n", "    Order:\n      type: object\n      additionalProperties: false\n"),
        (
            (BREAKING, "order", "are lost"),
            (BREAKING, "thanksio.Order.additional_properties", "raises an error"),
            (BREAKING, "thanksio.Order.additional_keys", "raises an error"),
            (BREAKING, "thanksio.Order.__getitem__", "raises an error"),
            (BREAKING, "thanksio.Order.__setitem__", "raises an error"),
            (BREAKING, "thanksio.Order.__delitem__", "raises an error"),
            (BREAKING, "thanksio.Order.__contains__", "raises an error"),
        ),
    ),
    Seed(
        "names",
        "the word cancelled goes",
        put("delivered, cancelled, paused", "delivered, canceled, paused"),
        (
            (BREAKING, "order.status", "OrderNotCancelledError"),
            (COMPATIBLE, "thanksio.Order.status 'cancelled'", "plain string"),
            (COMPATIBLE, "thanksio.Order.status 'canceled'", "keeps working"),
        ),
    ),
    # What is sent, and where.
    Seed(
        "requests",
        "path spelled in another way",
        put("  /orders/{order_id}/cancel:", "  /mailings/{order_id}/cancel:"),
        (
            (BREAKING, "PUT /orders/{}/cancel", "installed client"),
            (INVISIBLE, "PUT /mailings/{}/cancel", "does not call"),
        ),
    ),
    Seed(
        "requests",
        "optional parameter added",
        put(ORDER_ID, ORDER_ID.replace("      responses", QUERY + "      responses")),
        ((INVISIBLE, "query parameter dry_run", "never sends"),),
    ),
    Seed(
        "requests",
        "optional body added",
        put("      responses: &responses\n", BODY + "      responses: &responses\n"),
        ((INVISIBLE, "PUT /order/{}/cancel", "no body"),),
    ),
    Seed(
        "requests",
        "fewer ids allowed",
        put("^[1-9][0-9]{0,18}$", NARROW),
        ((BREAKING, "path parameter 1", "would refuse"),),
    ),
    Seed(
        "requests",
        "server moved",
        put("https://api.thanks.io/api/v2", "https://api.thanks.io/api/v3"),
        ((BREAKING, "servers 0", "another address"),),
    ),
    Seed(
        "other words",
        "token sent in another way",
        put("      scheme: bearer", "      scheme: basic"),
        (
            (BREAKING, "PUT /order/{}/cancel", "would refuse"),
            (BREAKING, "PUT /orders/{}/cancel", "would refuse"),
        ),
    ),
    Seed(
        "more requests",
        "method changed",
        put(f"    put:\n{PLURAL}", f"    post:\n{PLURAL}"),
        (
            (BREAKING, "PUT /orders/{}/cancel", "installed client"),
            (INVISIBLE, "POST /orders/{}/cancel", "does not call"),
        ),
    ),
    Seed(
        "more requests",
        "required parameter added",
        put(
            ORDER_ID,
            ORDER_ID.replace("      responses", QUERY.replace("in:", "required: true, in:") + "      responses"),
        ),
        ((BREAKING, "query parameter dry_run", "would refuse"),),
    ),
    Seed(
        "more requests",
        "required body added",
        put(
            "      responses: &responses\n",
            BODY.replace(":\n", ":\n        required: true\n", 1) + "      responses: &responses\n",
        ),
        ((BREAKING, "PUT /order/{}/cancel", "would refuse"),),
    ),
    Seed(
        "more requests",
        "more ids allowed",
        put("^[1-9][0-9]{0,18}$", "^[0-9]+$"),
        ((INVISIBLE, "path parameter 1", "still allowed"),),
    ),
    Seed(
        "more requests",
        "second server",
        put("tags:\n  - name", "  - url: https://eu.thanks.io/api/v2\ntags:\n  - name"),
        ((COMPATIBLE, "servers 1", "base_url"),),
    ),
    Seed(
        "responses",
        "no token needed",
        put(SECURITY + PLURAL_END, PLURAL_END),
        ((INVISIBLE, "PUT /orders/{}/cancel", "keeps sending"),),
    ),
    # What else is answered.
    Seed(
        "responses",
        "status added",
        put(
            "        '422':\n          $ref",
            "        '409':\n          $ref: '#/components/responses/BadRequest'\n        '422':\n          $ref",
        ),
        ((COMPATIBLE, "response 409", "APIStatusError"),),
    ),
    Seed(
        "requests",
        "status of an error removed",
        put("        '405':\n          $ref: '#/components/responses/MethodNotAllowed'\n", ""),
        ((INVISIBLE, "response 405", "by their number"),),
    ),
    Seed(
        "responses",
        "success added",
        put(
            "        '400':\n          $ref",
            "        '202':\n          $ref: '#/components/responses/OrderResponse'\n        '400':\n          $ref",
        ),
        ((COMPATIBLE, "response 202", "like a 200"),),
    ),
    Seed(
        "responses",
        "key of an error answer retyped",
        put("        code:\n          type: string\n", "        code:\n          type: integer\n"),
        ((COMPATIBLE, "error.code", "same error"),),
    ),
    Seed(
        "responses",
        "key of an error answer that nobody reads",
        field("failure", "type: boolean", "type: string"),
        ((INVISIBLE, "error.failure", "does not read"),),
    ),
    Seed(
        "responses",
        "header that is read removed",
        put(RESET + AFTER, ""),
        (
            (COMPATIBLE, "response 429 Retry-After", "of its own"),
            (INVISIBLE, "response 429 X-RateLimit-Reset", "does not read"),
        ),
    ),
    Seed(
        "responses",
        "order gets another name",
        put(
            "      required: [order]\n      properties:\n        order:",
            "      required: [data]\n      properties:\n        data:",
        ),
        (
            (BREAKING, "order", "every call would fail"),
            (INVISIBLE, "data", "beside"),
        ),
    ),
    # What has a name in Python alone.
    Seed(
        "names",
        "operationId renamed",
        put("operationId: cancelOrder\n", "operationId: stopOrder\n"),
        (
            (INVISIBLE, "PUT /order/{}/cancel", "never sent"),
            (BREAKING, "thanksio_generated.api.orders.cancel_order", "import thanksio"),
        ),
    ),
    Seed(
        "names",
        "status of an error replaced",
        put("        '405':\n          $ref: '#/components/responses/MethodNotAllowed'\n", METHOD_NOT_ALLOWED),
        ((INVISIBLE, "response 405", "by their number"), (COMPATIBLE, "response 410", "APIStatusError")),
    ),
    Seed(
        "other words",
        "words get another title",
        put("title: KnownOrderStatus", "title: OrderStatus"),
        ((INVISIBLE, "order.status", "Text for people"),),
    ),
    Seed(
        "requests",
        "schema renamed",
        lambda text: put("    Order:\n", "    Mailing:\n")(put("schemas/Order'", "schemas/Mailing'")(text)),
        (
            (BREAKING, "thanksio_generated.models.Order", "import thanksio"),
            (BREAKING, "thanksio.Order", "raises an error"),
        ),
    ),
)
