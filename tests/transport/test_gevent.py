"""A sync client serves the greenlets of a monkey-patched process."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from calls import in_process, verdict
from conftest import TOKEN
from servers import Listener, OrderServer, hold

from thanksio import ThanksIO

PATCHED = "from gevent import monkey; monkey.patch_all()"


def greenlets(base_url: str, silent_url: str) -> None:
    """Cancel in 50 greenlets, then let gevent's timeouts end calls; print both."""
    gevent: Any = importlib.import_module("gevent")
    client = ThanksIO(TOKEN, base_url=base_url, timeout=5.0, deadline=10.0)
    jobs = [gevent.spawn(verdict, lambda n=number: client.cancel_order(n)) for number in range(1, 51)]
    gevent.joinall(jobs)
    passed = []
    for _ in range(20):
        with gevent.Timeout(0.02) as limit:
            try:
                ended: Any = verdict(lambda: ThanksIO(TOKEN, base_url=silent_url).cancel_order(1))
            except gevent.Timeout as error:
                ended = error
        passed.append(ended is limit)
    found = [job.value for job in jobs]
    print(json.dumps({"found": found, "passed": passed, "after": verdict(lambda: client.cancel_order(1))}))  # noqa: T201


def test_greenlets_share_a_client_and_their_timeouts_pass_through() -> None:
    pytest.importorskip("gevent", reason="gevent is not installed: pip install gevent")
    with OrderServer(delay=0.005) as server, Listener(hold) as silent:
        told = in_process(greenlets, server.base_url, silent.base_url, prelude=PATCHED)

    assert told["found"] == [f"order {number}" for number in range(1, 51)]
    assert told["passed"] == [True] * 20
    assert told["after"] == "order 1"
