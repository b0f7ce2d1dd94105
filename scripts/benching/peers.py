"""Other vendors' Python clients, each with the call that is nearest to ours, in an environment without our package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benching.answers import TOKEN
from benching.contenders import Contender

if TYPE_CHECKING:
    from collections.abc import Callable


def postgrid(url: str) -> Contender:
    """Cancel a letter at PostGrid."""
    from postgrid import PostGrid

    client = PostGrid(print_mail_api_key=TOKEN, address_verification_api_key=TOKEN, base_url=url, max_retries=0)
    return Contender(
        lambda: client.print_mail.letters.cancel("letter_1", note="wrong list"),
        lambda letter: letter.id == "letter_1" and letter.status == "cancelled",
    )


def lob(url: str) -> Contender:
    """Delete a letter at Lob, which is how it is cancelled."""
    from lob_python import ApiClient, Configuration
    from lob_python.api.letters_api import LettersApi

    letters = LettersApi(ApiClient(Configuration(host=f"{url}/v1", username=TOKEN)))
    return Contender(lambda: letters.cancel("ltr_1"), lambda letter: letter.deleted is True)


def openai(url: str) -> Contender:
    """Cancel a batch at OpenAI."""
    from openai import OpenAI

    client = OpenAI(api_key=TOKEN, base_url=url, max_retries=0)
    return Contender(
        lambda: client.batches.cancel("batch_1"), lambda batch: batch.id == "batch_1" and batch.status == "cancelling"
    )


def stripe(url: str) -> Contender:
    """Cancel a payment at Stripe."""
    from stripe import StripeClient

    client = StripeClient(TOKEN, base_addresses={"api": url}, max_network_retries=0)
    return Contender(
        lambda: client.v1.payment_intents.cancel("pi_1"),
        lambda intent: intent.id == "pi_1" and intent.status == "canceled",
    )


PEERS: dict[str, Callable[[str], Contender]] = {
    "postgrid-python": postgrid,
    "lob-python": lob,
    "openai": openai,
    "stripe": stripe,
}
