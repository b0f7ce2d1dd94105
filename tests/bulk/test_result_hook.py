"""`on_result` reports the verdict of every order that was sent, so that a service can count and alert on `unknown`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from thanksio import CancelResult, ThanksIOError

if TYPE_CHECKING:
    from conftest import Collect, Connect

    from thanksio.testing import FakeThanksIO

FAULTS = {"": "cancelled", "already_cancelled_422": "refused", "lost_response": "unknown", "port_closed": "not_tried"}


@pytest.mark.parametrize(("fault", "verdict"), FAULTS.items())
def test_a_single_call_is_reported_once(fake: FakeThanksIO, connect: Connect, fault: str, verdict: str) -> None:
    found: list[CancelResult] = []
    client = connect(base_url=fake.base_url, on_result=found.append)
    if fault:
        fake.faults(fault)

    with suppress(ThanksIOError):
        client.cancel_order(37294)

    assert [(result.order_id, result.verdict) for result in found] == [(37294, verdict)]
    assert found[0].attempts >= (fault != "port_closed")


def test_an_invalid_id_is_reported_as_not_tried(connect: Connect) -> None:
    found: list[CancelResult] = []

    with pytest.raises(ThanksIOError):
        connect(on_result=found.append).cancel_order("x")

    assert [(result.order_id, result.verdict, result.attempts) for result in found] == [("x", "not_tried", 0)]


def test_each_order_that_a_run_sends_is_reported(fake: FakeThanksIO, collect: Collect) -> None:
    found: list[CancelResult] = []

    results = collect(fake, [37294, 42708], {"on_result": found.append})

    assert found == results
    assert {result.verdict for result in found} == {"cancelled", "not_cancelled"}


def test_an_exception_of_the_hook_is_logged(fake: FakeThanksIO, connect: Connect, caplog: Any) -> None:
    def hook(_result: CancelResult) -> None:
        raise LookupError("secret")

    assert connect(base_url=fake.base_url, on_result=hook).cancel_order(37294).status == "cancelled"

    assert caplog.messages == ["the on_result hook raised LookupError; the call continues"]
