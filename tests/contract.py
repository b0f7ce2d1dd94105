"""openapi.yaml as the tests read it, and what openapi-core needs to judge a request and an answer by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from conftest import ROOT
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

if TYPE_CHECKING:
    import httpx

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
DOCUMENT = OpenAPI.from_file_path(str(ROOT / "openapi.yaml"))
SERVER = CONTRACT["servers"][0]["url"]
ORDER = CONTRACT["components"]["schemas"]["Order"]
EXAMPLES = CONTRACT["components"]["examples"]


class SentRequest:
    """An httpx request as openapi-core wants to see it."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = f"{request.url.scheme}://{request.url.netloc.decode()}"
        self.path = request.url.raw_path.decode().partition("?")[0]
        self.method = request.method.lower()
        self.content_type = request.headers.get("content-type", "")
        self.body = request.content
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.url.params.multi_items()), header=Headers(request.headers.multi_items())
        )


class GivenResponse:
    """An httpx response as openapi-core wants to see it."""

    def __init__(self, response: httpx.Response) -> None:
        self.data = response.content
        self.status_code = response.status_code
        self.content_type = response.headers.get("content-type", "")
        self.headers = Headers(response.headers.multi_items())


def responses() -> dict[str, dict[str, Any]]:
    """Return the responses of the operation by their status."""
    named: dict[str, Any] = CONTRACT["components"]["responses"]
    declared = CONTRACT["paths"]["/order/{order_id}/cancel"]["put"]["responses"]
    return {status: named[referenced(response)] for status, response in declared.items()}


def headers(status: str) -> dict[str, dict[str, Any]]:
    """Return the headers of a response by their name."""
    named: dict[str, Any] = CONTRACT["components"]["headers"]
    return {name: named[referenced(header)] for name, header in responses()[status]["headers"].items()}


def status_of(example: str) -> int:
    """Return the status that an example belongs to; 500 stands for 5XX."""
    (status,) = [
        status
        for status, response in responses().items()
        if example in response["content"]["application/json"]["examples"]
    ]
    return int(status.replace("XX", "00"))


def referenced(reference: dict[str, str]) -> str:
    """Return the name of the component that a reference leads to."""
    return reference["$ref"].rpartition("/")[2]
