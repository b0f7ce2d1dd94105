"""The output of `make demo`."""

from __future__ import annotations

import re
import subprocess
import sys

from conftest import ROOT


def test_the_demo_shows_an_order_cancelled_and_one_that_a_200_did_not_cancel() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py")], capture_output=True, text=True, check=True
    )
    facts = [re.sub(r" +", " ", line.strip()) for line in run.stdout.splitlines()]

    assert run.stderr == ""
    first, second = facts[facts.index("PUT /api/v2/order/37294/cancel") :], facts[-12:]
    assert first[1:5] == [
        "verdict CANCELLED",
        "status cancelled (before: reviewing)",
        "totals authorized $2.67, now $0.00",
        "attempts 1",
    ]
    assert re.fullmatch(r"time \d+ ms", first[5])
    assert "PUT /api/v2/order/42708/cancel" in second
    assert "verdict NOT CANCELLED" in second
    assert any(line.startswith("error OrderNotCancelledError: Order 42708") for line in second)
    assert second[-1] == "certain yes (may_have_cancelled is False)"
    assert max(len(line) for line in run.stdout.splitlines()) <= 100
    assert "\033" not in run.stdout
