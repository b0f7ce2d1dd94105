"""When the next request may leave: tables, and servers of every temper that are simulated on a clock of our own."""

from __future__ import annotations

import heapq
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thanksio import ConfigurationError, Pace
from thanksio._pace import ASK_AGAIN, Budget
from thanksio._verdict import Answer, NoAnswer
from thanksio.testing._limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Callable

LOST = NoAnswer(sent=True, timed_out=True, cause=TimeoutError())


def answer(remaining: object = None, limit: object = None, status: int = 200, after: object = None) -> Answer:
    named = {"x-ratelimit-remaining": remaining, "x-ratelimit-limit": limit, "retry-after": after}
    return Answer(status, headers={name: str(value) for name, value in named.items() if value is not None})


def make(*outcomes: tuple[float, float, Answer | NoAnswer], **pace: Any) -> Budget:
    """Give a budget to which these came, each as the times at which a request left and was answered, and with what."""
    budget = Budget(Pace(**pace))
    for left, now, outcome in outcomes:
        assert budget.wait(left) == 0.0
        budget.leave(left)
        budget.answered(left, now, outcome)
    return budget


def test_the_first_request_goes_alone() -> None:
    """It learns what the account may, and what is left of it."""
    budget = make()
    budget.leave(0.0)

    assert budget.wait(0.1) == ASK_AGAIN

    budget.answered(0.0, 0.2, answer(119, 120))

    assert budget.wait(0.2) == 0.0
    assert budget.allowed == 120


def test_a_first_request_without_an_answer_is_not_waited_for_longer_than_two_seconds() -> None:
    budget = make()
    budget.leave(0.0)

    assert budget.wait(1.9) == ASK_AGAIN
    assert budget.wait(2.0) == 0.0


def test_a_request_that_did_not_leave_is_not_waited_for() -> None:
    budget = make()
    budget.leave(0.0)

    budget.stay()

    assert budget.wait(0.1) == 0.0
    assert budget.rate(0.1).used == 0


def test_without_a_word_of_the_server_the_documented_limit_is_kept() -> None:
    budget = make(*[(second, second + 0.5, answer()) for second in range(60)])

    assert budget.wait(60.0) == pytest.approx(0.5)  # the first was answered at 0.5 and counts for a minute
    assert budget.wait(60.5) == 0.0


@pytest.mark.parametrize(
    ("told", "allowed"),
    [(120, 120), (30, 30), ("0", 60), ("", 60), ("-5", 60), ("1e9", 60), ("120, 120", 60), ("٣", 60), ("9" * 10, 60)],
)
def test_the_limit_follows_the_header_up_and_down(told: object, allowed: int) -> None:
    assert make((0.0, 0.1, answer(limit=told))).allowed == allowed


@pytest.mark.parametrize(("told", "allowed"), [(120, 40), (30, 30), (None, 40)])
def test_a_limit_of_ones_own_is_never_exceeded(told: object, allowed: int) -> None:
    assert make((0.0, 0.1, answer(limit=told)), requests=40).allowed == allowed


def test_what_remains_is_not_overdrawn() -> None:
    budget = make((0.0, 0.1, answer(1, 120)))
    budget.leave(0.2)

    assert budget.wait(0.2) == ASK_AGAIN

    budget.answered(0.2, 0.3, answer(0, 120))

    assert budget.wait(0.3) == pytest.approx(59.8)  # the window may have been opened as late as by the first answer


@pytest.mark.parametrize(("remaining", "in_flight"), [(100, 20), (40, 10), (8, 2), (7, 1), (1, 1), (0, 0)])
def test_the_less_remains_the_fewer_are_under_way(remaining: int, in_flight: int) -> None:
    """Others with the same token may take some meanwhile: at the end one goes at a time."""
    budget = make((0.0, 0.1, answer(remaining, 120)))
    under_way = 0
    while under_way < 20 and budget.wait(0.2) == 0.0:
        budget.leave(0.2)
        under_way += 1

    assert under_way == in_flight


def test_a_lost_answer_counts_as_one_less() -> None:
    budget = make((0.0, 0.1, answer(1, 120)), (0.2, 0.3, LOST))

    assert budget.wait(0.3) == pytest.approx(59.8)


def test_of_answers_that_crossed_each_other_the_smallest_number_counts() -> None:
    budget = make((0.0, 0.1, answer(50, 120)))
    for _ in range(2):
        budget.leave(0.2)

    budget.answered(0.2, 0.3, answer(0, 120))
    budget.answered(0.2, 0.4, answer(1, 120))

    assert budget.wait(0.4) > 1


def test_more_than_before_is_a_new_window() -> None:
    budget = make((0.0, 0.1, answer(5, 120)), (1.0, 1.1, answer(119, 120)), (1.2, 1.3, answer(0, 120)))

    assert budget.wait(2.0) == pytest.approx(1.1 + 60 - 2.0)


def test_a_window_that_is_over_is_forgotten_and_its_late_answers_with_it() -> None:
    budget = make((0.0, 0.1, answer(10, 120)))
    budget.leave(59.0)
    assert budget.wait(60.2) == 0.0

    budget.answered(59.0, 60.3, answer(0, 120))

    assert budget.wait(60.4) == 0.0


@pytest.mark.parametrize(
    ("after", "closed"),
    [(7, 7.0), (0, 1.0), (None, 60.0), ("garbage", 60.0), ("1.5", 1.5)],
    ids=["asked", "zero_is_a_second", "no_word", "garbage", "fraction"],
)
def test_a_429_is_obeyed_by_all(after: object, closed: float) -> None:
    budget = make((0.0, 0.0, answer(status=429, after=after)))

    assert budget.wait(0.0) == pytest.approx(closed)
    assert budget.rate(0.0).closed == pytest.approx(closed)
    assert budget.wait(closed) == 0.0


def test_a_budget_that_is_used_up_says_until_when() -> None:
    """And one that waits for an answer does not: that is a matter of milliseconds."""
    budget = make(*[(0.0, 0.5, answer(60 - used, 60)) for used in range(1, 61)])

    fresh = make()
    fresh.leave(0.0)

    assert budget.rate(20.5).closed == pytest.approx(40.0)
    assert (fresh.wait(0.1), fresh.rate(0.1).closed) == (ASK_AGAIN, 0.0)


def test_after_a_429_one_request_goes_alone() -> None:
    budget = make((0.0, 0.0, answer(status=429, after=7)))
    budget.leave(7.0)

    assert budget.wait(7.0) == ASK_AGAIN


def test_a_429_without_a_word_ends_with_the_window_that_is_known() -> None:
    budget = make((0.0, 0.1, answer(100, 120)))
    budget.leave(20.0)
    budget.leave(20.0)

    budget.answered(20.0, 20.1, answer(0, 120, status=429))
    budget.answered(20.0, 30.0, answer(0, 120, status=429))  # it left before that was known

    assert budget.wait(30.0) == pytest.approx(60.1 - 30.0)


@pytest.mark.parametrize(
    "settings",
    [{"requests": 0}, {"requests": True}, {"requests": 1.5}, {"per": 0}, {"per": "60"}, {"storage": "mysql://x"}],
    ids=str,
)
def test_a_pace_that_cannot_be_kept_is_refused(settings: Any) -> None:
    with pytest.raises(ConfigurationError):
        Pace(**settings)


def test_the_address_of_a_storage_is_not_shown() -> None:
    """It can hold a password."""
    assert "secret" not in repr(Pace(storage="redis://:secret@localhost"))


class Server:
    """A server with a fixed window, simulated: requests arrive some time after they left, answers some time later."""

    def __init__(self, limit: int, latency: Callable[[], float], others: Callable[[], int], *, tells: bool) -> None:
        self.limiter = Limiter(limit, 60.0)
        self.latency = latency
        self.others = others
        self.tells = tells
        self.refused = 0
        self.arrived: list[float] = []

    def answer(self, now: float) -> Answer:
        for _ in range(self.others()):
            self.limiter.admit(now)
        self.arrived.append(now)
        admitted = self.limiter.admit(now)
        self.refused += not admitted
        told = self.limiter.headers() + (self.limiter.refusal_headers(now, now) if not admitted else [])
        headers = {name.lower(): value for name, value in told if self.tells or name == "Retry-After"}
        return Answer(200 if admitted else 429, headers=headers)

    def run(self, budget: Budget, orders: int, most: int) -> float:
        """Let a client make `orders` requests, `most` at a time; give the time that it took."""
        now, events, free = 0.0, list[tuple[float, int, float, Answer | None]](), most
        number = 0
        while orders or free < most:
            wait = budget.wait(now) if orders and free else None
            if wait == 0.0:
                budget.leave(now)
                free, orders, number = free - 1, orders - 1, number + 1
                heapq.heappush(events, (now + self.latency(), number, now, None))
                continue
            if events and (wait is None or events[0][0] <= now + wait):
                now, number_, left, found = heapq.heappop(events)
                if found is None:
                    heapq.heappush(events, (now + self.latency(), number_, left, self.answer(now)))
                else:
                    budget.answered(left, now, found)
                    free += 1
            else:
                now += wait or 0.0
        return now


@given(
    limit=st.integers(1, 150),
    most=st.integers(1, 16),
    slow=st.floats(0.001, 8.0),
    tells=st.booleans(),
    seed=st.integers(),
)
@settings(max_examples=60, deadline=None)
def test_a_fixed_window_is_never_overrun(limit: int, most: int, slow: float, seed: int, *, tells: bool) -> None:
    """Whatever the answers take, and whether or not they tell of the limit, there is not one 429."""
    chance = random.Random(seed)  # noqa: S311
    server = Server(limit, lambda: chance.uniform(0, slow), lambda: 0, tells=tells)

    server.run(make(requests=limit), 4 * limit, most)

    assert server.refused == 0


@pytest.mark.parametrize(("limit", "slow"), [(60, 0.3), (120, 0.3), (6000, 0.01)])
def test_nearly_the_whole_of_the_limit_is_used(limit: int, slow: float) -> None:
    chance = random.Random(1)  # noqa: S311
    server = Server(limit, lambda: chance.uniform(0.2, 1) * slow, lambda: 0, tells=True)

    server.run(make(), 6 * limit, 8)

    later = [moment for moment in server.arrived if moment >= server.arrived[limit]]
    rate = (len(later) - limit) / (later[-limit] - later[0]) * 60  # from the second window's opening to the last one's
    assert server.refused == 0
    assert rate >= 0.97 * limit


@pytest.mark.parametrize("tells_when", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_others_that_use_half_of_the_budget_cost_at_most_one_429_in_a_window(seed: int, *, tells_when: bool) -> None:
    chance = random.Random(seed)  # noqa: S311
    server = Server(
        120, lambda: chance.uniform(0.05, 0.3), lambda: chance.choice([0, 0, 1, 2, 2]), tells=True
    )  # as many as ours, on average, just before each of ours
    server.limiter.says_when = tells_when

    took = server.run(make(), 600, 8)

    assert server.refused <= took // 60 + 1
    assert took < 60 * (600 / 40)
