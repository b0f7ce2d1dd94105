"""The one private name of another library that is used, `_pool` of httpx's transports, does what we need of it."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("transport", "handle"),
    [(httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")],
)
def test_the_connection_of_a_transport_is_its_pool(transport: type[Any], handle: str) -> None:
    """`handle_request` asks `self._pool` for the response and uses nothing else that the constructor sets."""
    source = inspect.getsource(getattr(transport, handle))

    assert f"self._pool.{handle}(" in source
    assert source.count("self._") == 1
