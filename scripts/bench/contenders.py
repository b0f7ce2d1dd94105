"""The clients that are compared: each cancels order 37294, or makes the nearest call that it has.

A worker process imports one client and nothing else, so imports are inside the functions; at the top of this module is
only the standard library, because the environment of the peers has nothing else of ours.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.server import BODIES, CANCEL, ORDER_ID, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    # A call, and a check of what it returned. The call of an async client returns an awaitable.
    Contender = tuple[Callable[[], Any], Callable[[Any], bool]]

_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


def _is_document(found: object) -> bool:
    return bool(found == json.loads(BODIES[CANCEL]))


def _is_cancelled(found: Any) -> bool:  # noqa: ANN401 - whatever a client returned
    return bool(found.id == ORDER_ID and found.status == "cancelled")


def _httpx_headers(*, kept: bool) -> dict[str, str]:
    return _HEADERS if kept else _HEADERS | {"Connection": "close"}


def httpx(url: str, *, kept: bool = True) -> Contender:
    """Call bare httpx, with connections that are kept or with a connection for each request."""
    import httpx

    client = httpx.Client(base_url=url, headers=_httpx_headers(kept=kept))
    return lambda: client.put(CANCEL).json(), _is_document


def httpx_async(url: str, *, kept: bool = True) -> Contender:
    """Call bare httpx in tasks."""
    import httpx

    client = httpx.AsyncClient(base_url=url, headers=_httpx_headers(kept=kept))

    async def call() -> object:
        return (await client.put(CANCEL)).json()

    return call, _is_document


def generated(url: str) -> Contender:
    """Call the generated client without the facade."""
    from thanksio_generated import AuthenticatedClient
    from thanksio_generated.api.orders import cancel_order

    client = AuthenticatedClient(base_url=url, token=TOKEN)
    return lambda: cancel_order.sync(str(ORDER_ID), client=client), lambda found: _is_cancelled(found.order)


def thanksio(url: str, **settings: Any) -> Contender:  # noqa: ANN401 - of a client
    """Call this client."""
    from thanksio import ThanksIO

    client = ThanksIO(TOKEN, base_url=url, **settings)
    return lambda: client.cancel_order(ORDER_ID), _is_cancelled


def thanksio_async(url: str) -> Contender:
    """Call this client in tasks."""
    from thanksio import AsyncThanksIO

    client = AsyncThanksIO(TOKEN, base_url=url)
    return lambda: client.cancel_order(ORDER_ID), _is_cancelled


def generated_model(_url: str) -> Contender:
    """Parse the response into the generated classes."""
    from thanksio_generated.models import OrderResponse

    return lambda: OrderResponse.from_dict(json.loads(BODIES[CANCEL])), lambda found: _is_cancelled(found.order)


def whole_call(url: str) -> Contender:
    """Make a whole call on a transport that responds at once."""
    from bench.bulk import Instant

    return thanksio(url, transport=Instant())


def postgrid(url: str) -> Contender:
    """Cancel a letter with postgrid-python."""
    from postgrid import PostGrid

    client = PostGrid(print_mail_api_key=TOKEN, address_verification_api_key=TOKEN, base_url=url, max_retries=0)
    cancel = client.print_mail.letters.cancel
    return lambda: cancel("letter_1", note="wrong list"), lambda letter: letter.status == "cancelled"


def lob(url: str) -> Contender:
    """Delete a letter with lob-python, which cancels it."""
    from lob_python import ApiClient, Configuration
    from lob_python.api.letters_api import LettersApi

    letters = LettersApi(ApiClient(Configuration(host=f"{url}/v1", username=TOKEN)))
    return lambda: letters.cancel("ltr_1"), lambda letter: letter.deleted is True


def openai(url: str) -> Contender:
    """Cancel a batch with openai."""
    from openai import OpenAI

    client = OpenAI(api_key=TOKEN, base_url=url, max_retries=0)
    return lambda: client.batches.cancel("batch_1"), lambda batch: batch.status == "cancelling"


def stripe(url: str) -> Contender:
    """Cancel a payment intent with stripe."""
    from stripe import StripeClient

    client = StripeClient(TOKEN, base_addresses={"api": url}, max_network_retries=0)
    return lambda: client.v1.payment_intents.cancel("pi_1"), lambda intent: intent.status == "canceled"


PEERS = {"postgrid-python": postgrid, "lob-python": lob, "openai": openai, "stripe": stripe}
CONTENDERS: dict[str, Callable[[str], Contender]] = {
    "httpx": httpx,
    "httpx, new connections": partial(httpx, kept=False),
    "httpx async": httpx_async,
    "httpx async, new connections": partial(httpx_async, kept=False),
    "generated": generated,
    "thanksio": thanksio,
    "thanksio async": thanksio_async,
    "json.loads": lambda _url: (lambda: json.loads(BODIES[CANCEL]), _is_document),
    "generated model": generated_model,
    "whole call": whole_call,
    **PEERS,
}
