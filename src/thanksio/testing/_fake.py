"""The fake: a real HTTP server on loopback that keeps orders in memory and cancels them as documented."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from attrs import define, frozen
from pytest_httpserver import HTTPServer
from pytest_httpserver.httpserver import METHOD_ALL
from werkzeug import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_ROOT = "/api/v2"
_CANCEL = re.compile(rf"{_ROOT}/orders?/([^/]+)/cancel")
# Recorded with the cancel answer of 2023-10-04.
_HEADERS = {"Cache-Control": "no-cache, private", "X-RateLimit-Limit": "150", "X-RateLimit-Remaining": "149"}


@frozen
class ReceivedCall:
    """A request as it arrived. `authorized` says whether it carried the fake's token; the header itself is left out."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    authorized: bool


@define(repr=False)
class FakeOrder:
    """An order as the server knows it; `fields` is what an answer shows of it."""

    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"<FakeOrder {self.id} {self.status}>"

    @property
    def id(self) -> int:
        """The order's number."""
        number: int = self.fields["id"]
        return number

    @property
    def status(self) -> str:
        """Where the order stands: the truth to assert against."""
        status: str = self.fields["status"]
        return status

    @status.setter
    def status(self, status: str) -> None:
        self.fields |= {"status": status, "display_status": _DISPLAY.get(status, status.capitalize())}

    def cancel(self) -> None:
        """Cancel it if it is in status reviewing, with the effect on its totals that was recorded in 2023."""
        if self.status == "reviewing":
            self.status = "cancelled"
            self.fields |= {"total_recipients": 0, "grand_total": 0}


_DISPLAY = {"processing": "Printing"}  # documented: raw and display words are not a case-fold of each other


def _documented(order_id: int) -> FakeOrder:
    text = (files("thanksio.testing") / f"order-{order_id}.json").read_text("utf-8")
    return FakeOrder(json.loads(text)["order"])


def _placed() -> FakeOrder:
    """Make order 37294 as it must have been before the documented answer cancelled it (inferred)."""
    order = _documented(37294)
    recipients, cents = order.fields["total_estimated_recipients"], order.fields["authorization_total"]
    order.fields |= {"total_recipients": recipients, "grand_total": cents}
    order.status = "reviewing"
    return order


class _Server(HTTPServer):
    def thread_target(self) -> None:
        assert self.server is not None  # noqa: S101 - it is set before the thread starts
        self.server.serve_forever(poll_interval=0.01)  # by default every stop waits for half a second


class FakeThanksIO:
    """A thanks.io that listens on this machine, under both spellings of the path.

    It knows two documented orders: 37294, in status reviewing, and 42708, fulfilled, which a 200 does not cancel.
    Put more into `orders`; read `calls` for what arrived. It takes `token` alone, and listens on a free port unless
    one is given. Use it as a context manager, or call `start` and `stop`.
    """

    def __init__(self, *, token: str = "test-token", port: int = 0) -> None:  # noqa: S107 - it opens nothing
        self.token = token
        self.orders = {order.id: order for order in (_placed(), _documented(42708))}
        self.calls: list[ReceivedCall] = []
        self._server = _Server(host="127.0.0.1", port=port, threaded=True)
        self._server.expect_request(re.compile(""), method=METHOD_ALL).respond_with_handler(self._receive)

    @property
    def base_url(self) -> str:
        """What to give to a client as `base_url`. The port is known once the fake has been started."""
        return self._server.url_for(_ROOT)

    def start(self) -> None:
        """Begin to listen."""
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _receive(self, request: Request) -> Response:
        authorized = request.headers.get("Authorization") == f"Bearer {self.token}"
        headers = {name.lower(): value for name, value in request.headers if name.lower() != "authorization"}
        call = ReceivedCall(
            request.method, request.path, request.query_string.decode(), headers, request.get_data(), authorized
        )
        self.calls.append(call)
        status, document = self._decide(call)
        allow = {"Allow": "PUT"} if status == 405 else {}  # noqa: PLR2004
        return Response(json.dumps(document), status, _HEADERS | allow, content_type="application/json")

    def _decide(self, call: ReceivedCall) -> tuple[int, dict[str, Any]]:
        """Answer as the vendor's documents do, or as its framework does where they are silent."""
        path = _CANCEL.fullmatch(call.path)
        route = call.path.removeprefix("/")
        if not path:
            return 404, {"message": f"The route {route} could not be found."}
        if call.method != "PUT":
            message = f"The {call.method} method is not supported for route {route}. Supported methods: PUT."
            return 405, {"message": message}
        if not call.authorized:
            return 401, {"message": "Unauthenticated."}
        order = self.orders.get(int(path[1])) if path[1].isdecimal() and path[1].isascii() else None
        if order is None:
            return 404, {"message": "Not Found"}
        order.cancel()
        return 200, {"order": order.fields}
