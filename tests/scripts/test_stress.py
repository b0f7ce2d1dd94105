"""`make stress` in a small size; and its checks can fail."""

from __future__ import annotations

import re

import pytest
import stress
from conftest import TOKEN

from thanksio import CancelResult
from thanksio.testing import FakeThanksIO


def test_windows_are_used_and_not_exceeded() -> None:
    figures = stress.pace(orders=330, limit=80, per=1.0)

    assert re.fullmatch(
        r"330 orders, 80 per 1 s: all settled in \d+\.\d s, \d+\.\d% of the allowed rate after the first window; "
        r"0 responses 429 in \d+\.\d windows",
        figures,
    )


def test_no_verdict_contradicts_the_truth_under_random_faults() -> None:
    figures = stress.faults(orders=250)

    assert figures.startswith("250 orders, ")
    assert figures.endswith("none wrong")


@pytest.mark.parametrize(
    ("status", "verdict", "is_wrong"),
    [
        ("cancelled", "cancelled", False),
        ("reviewing", "cancelled", True),
        ("cancelled", "refused", True),
        ("cancelled", "not_tried", True),
        ("printed", "not_cancelled", False),
        ("cancelled", "unknown", False),
    ],
)
def test_a_wrong_verdict_is_detected(status: str, verdict: str, *, is_wrong: bool) -> None:
    fake = FakeThanksIO(token=TOKEN)
    fake.orders[37294].status = status

    assert stress.contradicts(CancelResult(37294, verdict), fake) == is_wrong  # type: ignore[arg-type]


def test_a_failed_check_is_an_error() -> None:
    with pytest.raises(stress.StressError, match="it did not hold"):
        stress.check(0, "it did not hold")
