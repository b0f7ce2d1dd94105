"""The clients that are compared: each cancels order 37294, or makes the nearest call that it has.

Each function returns a call, which returns the status that the client found. A process imports one client and nothing
else, so imports are inside the functions; the environment of the peers has nothing of ours but this module.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.server import BODIES, CANCEL, ORDER_ID, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]  # a coroutine function if the client is async
    Contenders = dict[str, Callable[[str], Call]]  # from the URL of the server to a call

RIGHT = ("cancelled", "canceled", "cancelling", "deleted")
_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


def _httpx(url: str, **headers: str) -> Call:
    import httpx

    client = httpx.Client(base_url=url, headers=_HEADERS | headers)
    return lambda: client.put(CANCEL).json()["order"]["status"]


def _httpx_async(url: str, **headers: str) -> Call:
    import httpx

    client = httpx.AsyncClient(base_url=url, headers=_HEADERS | headers)

    async def call() -> object:
        return (await client.put(CANCEL)).json()["order"]["status"]

    return call


def _generated(url: str) -> Call:
    from thanksio_generated import AuthenticatedClient
    from thanksio_generated.api.orders import cancel_order

    client = AuthenticatedClient(base_url=url, token=TOKEN)
    call: Any = cancel_order.sync  # its result may be None, which fails
    return lambda: call(str(ORDER_ID), client=client).order.status


def _thanksio(url: str, **settings: Any) -> Call:  # noqa: ANN401 - of a client
    from thanksio import ThanksIO

    client = ThanksIO(TOKEN, base_url=url, **settings)
    return lambda: client.cancel_order(ORDER_ID).status


def _thanksio_async(url: str) -> Call:
    from thanksio import AsyncThanksIO

    client = AsyncThanksIO(TOKEN, base_url=url)

    async def call() -> object:
        return (await client.cancel_order(ORDER_ID)).status

    return call


def _generated_model(_url: str) -> Call:
    from thanksio_generated.models import OrderResponse

    return lambda: OrderResponse.from_dict(json.loads(BODIES[CANCEL])).order.status


def _whole_call(url: str) -> Call:
    from bench.bulk import Instant

    return _thanksio(url, transport=Instant())


def _postgrid(url: str) -> Call:
    from postgrid import PostGrid

    client = PostGrid(print_mail_api_key=TOKEN, address_verification_api_key=TOKEN, base_url=url, max_retries=0)
    return lambda: client.print_mail.letters.cancel("letter_1", note="wrong list").status


def _lob(url: str) -> Call:
    from lob_python import ApiClient, Configuration
    from lob_python.api.letters_api import LettersApi

    letters = LettersApi(ApiClient(Configuration(host=f"{url}/v1", username=TOKEN)))
    return lambda: letters.cancel("ltr_1").deleted and "deleted"


def _openai(url: str) -> Call:
    from openai import OpenAI

    client = OpenAI(api_key=TOKEN, base_url=url, max_retries=0)
    return lambda: client.batches.cancel("batch_1").status


def _stripe(url: str) -> Call:
    from stripe import StripeClient

    client = StripeClient(TOKEN, base_addresses={"api": url}, max_network_retries=0)
    return lambda: client.v1.payment_intents.cancel("pi_1").status


PEERS: Contenders = {
    "postgrid-python": _postgrid,
    "lob-python": _lob,
    "openai": _openai,
    "stripe": _stripe,
}
CONTENDERS: Contenders = {
    "httpx": _httpx,
    "httpx, new connections": partial(_httpx, Connection="close"),
    "httpx async": _httpx_async,
    "httpx async, new connections": partial(_httpx_async, Connection="close"),
    "generated": _generated,
    "thanksio": _thanksio,
    "thanksio async": _thanksio_async,
    "json.loads": lambda _url: lambda: json.loads(BODIES[CANCEL])["order"]["status"],
    "generated model": _generated_model,
    "whole call": _whole_call,
    **PEERS,
}
