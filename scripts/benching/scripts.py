"""The shortest scripts that make one call with each client, for a process that does nothing else."""

from __future__ import annotations

from benching.answers import ORDER_ID, TOKEN
from benching.contenders import PATH

# Where click and Rich are, httpx imports both for a command of its own, which nobody has who did not ask for them.
PLAIN = "import sys; sys.modules['click'] = None\n"
# `time` is built in, so that nothing is imported but what a client needs.
_FRAME = """
import time
began = time.perf_counter()
{make}
ready = time.perf_counter()
{call}
print(ready - began, time.perf_counter() - ready)
"""
_GENERATED = """
from thanksio_generated import AuthenticatedClient
from thanksio_generated.api.orders import cancel_order
client = AuthenticatedClient(base_url=URL, token=TOKEN)
"""
_LOB = """
from lob_python import ApiClient, Configuration
from lob_python.api.letters_api import LettersApi
client = LettersApi(ApiClient(Configuration(host=URL + '/v1', username=TOKEN)))
"""
_SCRIPTS = {
    "httpx": (
        "import httpx\nclient = httpx.Client(base_url=URL, headers={'Authorization': 'Bearer ' + TOKEN})",
        "assert client.put(PATH).json()['order']['status'] == 'cancelled'",
    ),
    "generated": (
        _GENERATED,
        "assert cancel_order.sync(str(ORDER_ID), client=client).order.status == 'cancelled'",
    ),
    "thanksio": (
        "from thanksio import ThanksIO\nclient = ThanksIO(TOKEN, base_url=URL)",
        "assert client.cancel_order(ORDER_ID).status == 'cancelled'",
    ),
    "thanksio async": (
        "import asyncio, thanksio\nclient = thanksio.AsyncThanksIO(TOKEN, base_url=URL)",
        "assert asyncio.run(client.cancel_order(ORDER_ID)).status == 'cancelled'",
    ),
    "postgrid-python": (
        "from postgrid import PostGrid\nclient = PostGrid(print_mail_api_key=TOKEN, base_url=URL, max_retries=0)",
        "assert client.print_mail.letters.cancel('letter_1', note='wrong list').status == 'cancelled'",
    ),
    "lob-python": (
        _LOB,
        "assert client.cancel('ltr_1').deleted",
    ),
    "openai": (
        "from openai import OpenAI\nclient = OpenAI(api_key=TOKEN, base_url=URL, max_retries=0)",
        "assert client.batches.cancel('batch_1').status == 'cancelling'",
    ),
    "stripe": (
        "from stripe import StripeClient\nclient = StripeClient(TOKEN, base_addresses={'api': URL})",
        "assert client.v1.payment_intents.cancel('pi_1').status == 'canceled'",
    ),
}


def scripts(url: str) -> dict[str, str]:
    """Return the script of each client, to be run at this server."""
    values = f"URL, TOKEN, PATH, ORDER_ID = {url!r}, {TOKEN!r}, {PATH!r}, {ORDER_ID}\n"
    return {name: PLAIN + values + _FRAME.format(make=make, call=call) for name, (make, call) in _SCRIPTS.items()}
