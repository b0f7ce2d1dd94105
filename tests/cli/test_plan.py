from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from thanksio.cli._format import clock, duration, minute, money, pluralize
from thanksio.cli._plan import Plan, as_json, lines, make_plan, time_for

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_764_000_000.0  # 2025-11-24 16:00:00 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the local time zone to UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def queue(plan: Plan) -> list[int]:
    return [row.order_id for row in plan.rows]


def test_the_order_is_open_windows_by_their_end_then_unknown_then_closed() -> None:
    placed = {1: None, 2: NOW - 3600, 3: NOW - 60, 4: NOW - 3000, 5: None, 6: NOW - 9000, 7: NOW - 60}

    plan = make_plan(placed, NOW, 60)

    assert queue(plan) == [4, 3, 7, 1, 5, 6, 2]
    assert [row.order_id for row in plan.over] == [6, 2]
    assert plan.untimed == 2
    assert plan.late == ()


@pytest.mark.parametrize(
    ("orders", "rate", "seconds"),
    [(0, 60, 0), (1, 60, 0), (60, 60, 0), (61, 60, 60), (121, 60, 120), (3000, 60, 49 * 60), (3000, 120, 24 * 60)],
)
def test_the_budget_of_a_minute_is_used_at_once(orders: int, rate: int, seconds: float) -> None:
    assert time_for(orders, rate) == seconds


def test_an_order_whose_hour_ends_before_its_turn_is_late_and_frees_its_turn() -> None:
    """Of seven orders, two a minute: the hour of the third ends as its turn comes, and the fifth moves up."""
    ends = {1: 10, 2: 20, 3: 60, 4: 60.5, 5: 61, 6: 119, 7: 121}
    placed = {order: NOW - 3600 + end for order, end in ends.items()}

    plan = make_plan(placed, NOW, 2)

    assert [row.order_id for row in plan.late] == [3, 6]


def test_what_an_earlier_run_settled_takes_no_turn() -> None:
    placed = dict.fromkeys(range(1, 4), NOW - 3599.0)

    plan = make_plan(placed, NOW, 1, settled={1, 2, 99})

    assert (plan.settled, plan.sending, plan.lasts, plan.late) == (2, 1, 0, ())
    assert queue(plan) == [1, 2, 3]


def test_a_plan_has_these_lines() -> None:
    placed: dict[int, float | None] = dict.fromkeys(range(1, 73), NOW - 3570)
    placed |= {100: NOW - 4000, 101: None, 102: None}

    late = ", ".join(f"{order} (16:00 UTC)" for order in range(31, 41))
    shown = list(lines(make_plan(placed, NOW, 30, settled={72}), cap=30, limit=60, journal="a.journal"))

    assert shown == [
        "75 orders, of which 1 settled already.",
        "Journal: a.journal",
        "Rate: 30 a minute, as --rate says.",
        "Duration: about 2 min for 74 orders, until 16:02 UTC.",
        f"Cancellation window closes before their turn: 41 orders. {late} and 31 more",
        "Cancellation window already closed, sent last: 1 order. 100",
        "Placed at an unknown time, sent after those with an open window: 2 orders.",
    ]


@pytest.mark.parametrize(
    ("cap", "note"), [(None, ""), (60, "; --rate 60 is not below it"), (100, "; --rate 100 is not below it")]
)
def test_without_a_lower_rate_of_the_operator_the_documented_one_is_used(cap: int | None, note: str) -> None:
    shown = list(lines(make_plan({1: NOW}, NOW, 60), cap=cap, limit=60, journal=None))

    assert shown == [
        "1 order.",
        f"Rate: 60 a minute, as documented; the first response shows your limit{note}.",
        "Duration: less than a minute for 1 order.",
        "Every order with a known time is sent in time, by this plan.",
    ]


def test_orders_without_a_time_are_sent_as_they_were_given() -> None:
    plan = make_plan({2: None, 1: None}, NOW, 60)

    assert queue(plan) == [2, 1]
    assert list(lines(plan, cap=None, limit=60, journal=None))[-1].endswith(
        ": they are sent in the order of the input."
    )


def test_a_run_with_nothing_left_has_one_line() -> None:
    shown = list(lines(make_plan({1: NOW}, NOW, 60, settled={1}), cap=None, limit=60, journal="j"))

    assert shown == ["1 order, of which 1 settled already.", "Journal: j", "Nothing is left to send."]


def test_a_plan_is_an_object_for_a_program() -> None:
    plan = make_plan({1: NOW - 3599, 2: NOW - 3599, 3: None, 4: NOW - 3600}, NOW, 1)

    assert as_json(plan) == {
        "orders": 4,
        "settled": 0,
        "to_send": 4,
        "rate": 1,
        "seconds": 180,
        "late": [2],
        "over": [4],
        "untimed": 1,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (pluralize(1), "1 order"),
        (pluralize(3000, "bad row"), "3,000 bad rows"),
        (money(771897), "$7,718.97"),
        (money(5), "$0.05"),
        (money(-205), "-$2.05"),
        (duration(-1), "0 s"),
        (duration(119.4), "119 s"),
        (duration(120), "2 min"),
        (duration(3599), "1 h"),
        (duration(3900), "1 h 5 min"),
        (clock(NOW, NOW + 60), "16:00 UTC"),
        (clock(NOW, NOW + 86400), "2025-11-24 16:00 UTC"),
        (minute(60.0), "a minute"),
        (minute(0.5), "in 0.5 s"),
    ],
)
def test_numbers_are_written_for_people(text: str, expected: str) -> None:
    assert text == expected
