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


def httpx(url: str, **headers: str) -> Call:
    """Call bare httpx."""
    import httpx

    client = httpx.Client(base_url=url, headers=_HEADERS | headers)
    return lambda: client.put(CANCEL).json()["order"]["status"]


def httpx_async(url: str, **headers: str) -> Call:
    """Call bare httpx in tasks."""
    import httpx

    client = httpx.AsyncClient(base_url=url, headers=_HEADERS | headers)

    async def call() -> object:
        return (await client.put(CANCEL)).json()["order"]["status"]

    return call


def generated(url: str) -> Call:
    """Call the generated client without the facade."""
    from thanksio_generated import AuthenticatedClient
    from thanksio_generated.api.orders import cancel_order

    client = AuthenticatedClient(base_url=url, token=TOKEN)
    call: Any = cancel_order.sync  # None is a wrong result, too
    return lambda: call(str(ORDER_ID), client=client).order.status


def thanksio(url: str, **settings: Any) -> Call:  # noqa: ANN401 - of a client
    """Call this client."""
    from thanksio import ThanksIO

    client = ThanksIO(TOKEN, base_url=url, **settings)
    return lambda: client.cancel_order(ORDER_ID).status


def thanksio_async(url: str) -> Call:
    """Call this client in tasks."""
    from thanksio import AsyncThanksIO

    client = AsyncThanksIO(TOKEN, base_url=url)

    async def call() -> object:
        return (await client.cancel_order(ORDER_ID)).status

    return call


def generated_model(_url: str) -> Call:
    """Parse the response into the generated classes."""
    from thanksio_generated.models import OrderResponse

    return lambda: OrderResponse.from_dict(json.loads(BODIES[CANCEL])).order.status


def whole_call(url: str) -> Call:
    """Make a whole call on a transport that responds at once."""
    from bench.bulk import Instant

    return thanksio(url, transport=Instant())


def postgrid(url: str) -> Call:
    """Cancel a letter with postgrid-python."""
    from postgrid import PostGrid

    client = PostGrid(print_mail_api_key=TOKEN, address_verification_api_key=TOKEN, base_url=url, max_retries=0)
    return lambda: client.print_mail.letters.cancel("letter_1", note="wrong list").status


def lob(url: str) -> Call:
    """Delete a letter with lob-python, which cancels it."""
    from lob_python import ApiClient, Configuration
    from lob_python.api.letters_api import LettersApi

    letters = LettersApi(ApiClient(Configuration(host=f"{url}/v1", username=TOKEN)))
    return lambda: letters.cancel("ltr_1").deleted and "deleted"


def openai(url: str) -> Call:
    """Cancel a batch with openai."""
    from openai import OpenAI

    client = OpenAI(api_key=TOKEN, base_url=url, max_retries=0)
    return lambda: client.batches.cancel("batch_1").status


def stripe(url: str) -> Call:
    """Cancel a payment intent with stripe."""
    from stripe import StripeClient

    client = StripeClient(TOKEN, base_addresses={"api": url}, max_network_retries=0)
    return lambda: client.v1.payment_intents.cancel("pi_1").status


PEERS: Contenders = {
    "postgrid-python": postgrid,
    "lob-python": lob,
    "openai": openai,
    "stripe": stripe,
}
CONTENDERS: Contenders = {
    "httpx": httpx,
    "httpx, new connections": partial(httpx, Connection="close"),
    "httpx async": httpx_async,
    "httpx async, new connections": partial(httpx_async, Connection="close"),
    "generated": generated,
    "thanksio": thanksio,
    "thanksio async": thanksio_async,
    "json.loads": lambda _url: lambda: json.loads(BODIES[CANCEL])["order"]["status"],
    "generated model": generated_model,
    "whole call": whole_call,
    **PEERS,
}
