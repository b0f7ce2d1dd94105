"""Transports that show every order as cancelled at once, so that what is left is the client's own work."""

from __future__ import annotations

import json

import httpx

from benching.answers import order


def template() -> bytes:
    """Give the documented answer with a place for the number."""
    fields = order()["order"] | {"id": 0}
    return json.dumps({"order": fields}).replace("%", "%%").replace('"id": 0', '"id": %s', 1).encode()


class Instant(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers with the order that is asked for, to the sync and the async client alike."""

    def __init__(self) -> None:
        self.template = template()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a thread."""
        return httpx.Response(
            200,
            headers=[(b"Content-Type", b"application/json")],
            content=self.template % request.url.path.split("/")[-2].encode(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a task."""
        return self.handle_request(request)
