"""Transports that show every order as cancelled at once, so that what is left is the client's own work."""

from __future__ import annotations

import json

import httpx

from benching.answers import order


def template() -> bytes:
    """Return the documented response with a place for the number."""
    fields = order()["order"] | {"id": 0}
    return json.dumps({"order": fields}).replace("%", "%%").replace('"id": 0', '"id": %s', 1).encode()


class Instant(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Responds with the order that is requested, to the sync and the async client."""

    def __init__(self) -> None:
        self.template = template()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to a sync client."""
        return httpx.Response(
            200,
            headers=[(b"Content-Type", b"application/json")],
            content=self.template % request.url.path.split("/")[-2].encode(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to an async client."""
        return self.handle_request(request)
