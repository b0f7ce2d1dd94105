"""An exception that the caller is handling during a call keeps its traceback."""

from __future__ import annotations

import traceback

import httpx
import pytest
from embedding.calling import NOWHERE

from thanksio import ThanksIO


def test_a_traceback_of_the_caller_keeps_the_frames_of_its_own_httpx() -> None:
    def interrupted(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    client = ThanksIO("test-token", base_url=NOWHERE, transport=httpx.MockTransport(interrupted))
    seen: list[list[str]] = []
    try:
        httpx.get(NOWHERE)
    except httpx.ConnectError as error:
        seen.append(traceback.format_tb(error.__traceback__))
        with pytest.raises(KeyboardInterrupt) as caught:
            client.cancel_order(37294)
        seen.append(traceback.format_tb(error.__traceback__))

    assert isinstance(caught.value.__context__, httpx.ConnectError)
    assert seen[1] == seen[0]
