"""When the next request may be sent: tables, and simulated servers of several kinds on a clock of our own."""

from __future__ import annotations

import heapq
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from thanksio import ConfigurationError, Pace
from thanksio._rate_limit import ASK_AGAIN, DOCUMENTED, Budget, Permit, Rate
from thanksio._verdict import NoResponse, Outcome, Response
from thanksio.testing._limiter import Limiter, SlidingWindow, TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LOST = NoResponse(may_have_sent=True, reason="the response did not come in time", timed_out=True)
Exchange: TypeAlias = "tuple[float, float, Outcome]"  # when it was sent, when it ended, and with what


def response(remaining: object = None, limit: object = None, status: int = 200, after: object = None) -> Response:
    named = {"x-ratelimit-remaining": remaining, "x-ratelimit-limit": limit, "retry-after": after}
    return Response(status, headers={name: str(value) for name, value in named.items() if value is not None})


def send(budget: Budget, now: float) -> Permit:
    """Acquire a permit, and use it at once."""
    permit = Permit()
    assert budget.acquire(permit, now) == 0.0
    permit.sent = now
    return permit


def exchange(budget: Budget, exchanges: Iterable[Exchange]) -> Budget:
    for sent, now, outcome in exchanges:
        budget.observe(send(budget, sent), now, outcome)
    return budget


def make(*exchanges: Exchange, **pace: Any) -> Budget:
    """Return a budget that has seen these exchanges, one after another."""
    return exchange(Budget(Pace(**pace)), exchanges)


def test_a_permit_is_held_until_its_request_has_ended() -> None:
    budget, permit = make(), Permit()

    assert budget.acquire(permit, 0.0) == 0.0
    during = (permit.is_held, set(budget.in_flight), budget.used)
    permit.sent = 0.1
    budget.observe(permit, 0.2, response())
    after = (permit.is_held, budget.in_flight, budget.used)

    assert during == (True, {permit}, 1)
    assert after == (False, set(), 1)
    assert permit.sent is None  # it can be acquired again, for the next attempt


def test_a_permit_that_is_not_granted_is_not_held() -> None:
    budget, permit = make((0.0, 0.1, response(limit=1))), Permit()

    assert budget.acquire(permit, 0.2) == pytest.approx(59.9)

    assert not permit.is_held
    assert budget.in_flight == set()


def test_the_first_request_is_sent_alone() -> None:
    """Its response has the limit and the remaining requests."""
    budget = make()
    first = send(budget, 0.0)

    assert budget.wait(0.1) == ASK_AGAIN

    budget.observe(first, 0.2, response(119, 120))

    assert budget.wait(0.2) == 0.0
    assert budget.allowed == 120


def test_a_first_request_without_a_response_is_waited_for_two_seconds() -> None:
    budget = make()
    send(budget, 0.0)

    assert budget.wait(1.9) == ASK_AGAIN
    assert budget.wait(2.0) == 0.0


def test_a_lost_first_request_delays_no_other() -> None:
    assert make((0.0, 0.1, LOST)).wait(0.1) == 0.0


def test_a_permit_that_was_released_is_not_waited_for() -> None:
    budget, permit = make(), Permit()
    budget.acquire(permit, 0.0)

    budget.release(permit)

    assert budget.wait(0.1) == 0.0
    assert budget.rate(0.1).used == 0
    assert permit.is_held is False


@pytest.mark.parametrize("status", [401, 402])
def test_after_a_response_that_every_request_would_get_the_next_one_is_sent_alone_too(status: int) -> None:
    """A run stops there, and has two seconds to do so."""
    budget = make((0.0, 0.1, response(119, 120, status=status)))

    assert budget.wait(0.2) == ASK_AGAIN
    assert budget.wait(2.0) == 0.0


def test_the_documented_limit_applies_while_the_server_states_none() -> None:
    budget = make(*[(second, second + 0.5, response()) for second in range(60)])

    assert budget.wait(60.0) == pytest.approx(0.5)  # the first response came at 0.5, and counts for a minute
    assert budget.wait(60.5) == 0.0


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        *[(120, 120), (30, 30), ("30, 30", 30), ("120, 30", 30), ("30 ,120", 30), (" 30 ", 30)],
        *[("0", 60), ("", 60), ("-5", 60), ("1e9", 60), ("٣", 60), ("9" * 10, 60), ("30, many", 60), ("30,", 60)],
    ],
)
def test_the_limit_follows_the_header_up_and_down(told: object, allowed: int) -> None:
    """Of several numbers, as two limiters in a row send them, the smallest counts."""
    assert make((0.0, 0.1, response(limit=told))).allowed == allowed


@pytest.mark.parametrize(("told", "allowed"), [(120, 40), (30, 30), (None, 40)])
def test_a_limit_of_ones_own_is_never_exceeded(told: object, allowed: int) -> None:
    assert make((0.0, 0.1, response(limit=told)), requests=40).allowed == allowed


@pytest.mark.parametrize("remaining", ["0", "5, 0", None])
def test_what_remains_is_not_exceeded(remaining: object) -> None:
    """Without a number, one less than before remains."""
    budget = make((0.0, 0.1, response(1, 120)))
    permit = send(budget, 0.2)

    assert budget.wait(0.2) == ASK_AGAIN

    budget.observe(permit, 0.3, response(remaining, 120))

    assert budget.wait(0.3) == pytest.approx(59.8)  # the window may have begun as late as with the first response


@pytest.mark.parametrize(("remaining", "in_flight"), [(100, 20), (40, 10), (8, 2), (7, 1), (1, 1), (0, 0)])
def test_the_less_remains_the_fewer_are_in_flight(remaining: int, in_flight: int) -> None:
    """Other clients of the account may use some meanwhile."""
    budget = make((0.0, 0.1, response(remaining, 120)))
    while len(budget.in_flight) < 20 and budget.acquire(Permit(), 0.2) == 0.0:
        pass

    assert len(budget.in_flight) == in_flight


@pytest.mark.parametrize(("remaining", "wait"), [(2, 0.0), (1, 59.8)])
@pytest.mark.parametrize("outcome", [LOST, response()], ids=["lost", "without_a_number"])
def test_a_response_without_a_number_counts_as_one_less(outcome: Outcome, remaining: int, wait: float) -> None:
    budget = make((0.0, 0.1, response(remaining, 120)), (0.2, 0.3, outcome))

    assert budget.wait(0.3) == pytest.approx(wait)


def test_of_responses_that_crossed_each_other_the_smallest_number_counts() -> None:
    budget = make((0.0, 0.1, response(50, 120)))
    first, second = send(budget, 0.2), send(budget, 0.2)

    budget.observe(first, 0.3, response(0, 120))
    budget.observe(second, 0.4, response(1, 120))

    assert budget.wait(0.4) > 1


def test_a_response_with_as_much_as_the_newest_is_the_newest_itself() -> None:
    """Requests that were sent before it was received show nothing about a new window."""
    budget = make((0.0, 1.0, response(50, 120)))
    first, second, third = send(budget, 2.0), send(budget, 2.0), send(budget, 2.0)
    third.sent = 4.0  # the permit was not used at once

    budget.observe(first, 3.0, response(0, 120))
    budget.observe(second, 5.0, response(0, 120))
    budget.observe(third, 6.0, response(1, 120))

    assert budget.wait(6.0) == 61.0 - 6.0


@pytest.mark.parametrize(
    ("sent", "remaining", "ends"),
    [(1.0, 119, 62.0), (1.5, 119, 62.0), (1.5, 6, 62.0), (1.5, 5, 61.0), (1.5, 4, 61.0)],
)
def test_more_than_before_is_a_new_window(sent: float, remaining: int, ends: float) -> None:
    """It ends `per` seconds after the first response that showed it."""
    newest = (sent, 2.0, response(remaining, 120))
    budget = make((0.0, 1.0, response(5, 120)), newest, (2.5, 3.0, response(0, 120)))

    assert budget.wait(3.0) == ends - 3.0


@pytest.mark.parametrize(("now", "wait"), [(60.9, 0.0), (61.0, ASK_AGAIN)])
def test_when_the_window_has_ended_one_request_is_sent_alone(now: float, wait: float) -> None:
    budget = make((0.0, 1.0, response(100, 120)))
    send(budget, now)

    assert budget.wait(now) == wait


def test_what_is_sent_when_the_window_ends_belongs_to_the_new_one() -> None:
    budget = make((0.0, 1.0, response(100, 120)), (61.0, 62.0, response(0, 120)))

    assert budget.wait(62.0) == 60.0


def test_a_late_response_does_not_make_the_next_request_go_alone_again() -> None:
    budget = make((0.0, 1.0, response(100, 120)))
    late = send(budget, 50.0)
    exchange(budget, [(61.0, 62.0, response(100, 120))])

    budget.observe(late, 63.0, response(90, 120))
    send(budget, 63.0)

    assert budget.wait(63.0) == 0.0


def test_a_response_to_a_permit_without_a_time_counts_as_just_sent() -> None:
    budget, permit = make(), Permit()
    budget.acquire(permit, 0.0)

    budget.observe(permit, 1.0, response(0, 120))

    assert budget.wait(1.0) == 60.0


def test_late_responses_of_a_window_that_is_over_are_ignored() -> None:
    budget = make((0.0, 0.1, response(10, 120)))
    permit = send(budget, 59.0)
    assert budget.wait(60.2) == 0.0

    budget.observe(permit, 60.3, response(0, 120))

    assert budget.wait(60.4) == 0.0


@pytest.mark.parametrize(
    ("after", "closed"),
    [
        *[(7, 7.0), (0, 1.0), (None, 60.0), ("garbage", 60.0), ("1.5", 1.5)],
        *[(119, 119.0), (120, 120.0), (121, 120.0), (86400, 120.0), (999_999_999, 120.0)],
    ],
)
def test_after_a_429_nothing_is_sent_until_retry_after_but_120_seconds_at_most(after: object, closed: float) -> None:
    """`Retry-After: 0` means a second, and without the header a whole window."""
    budget = make((0.0, 0.0, response(status=429, after=after)))

    assert budget.wait(0.0) == pytest.approx(closed)
    assert budget.rate(0.0).closed == pytest.approx(closed)
    assert budget.wait(closed) == 0.0


def test_a_used_up_budget_returns_the_wait() -> None:
    """One that waits for a response does not: that takes milliseconds."""
    budget = make(*[(0.0, 0.5, response(60 - used, 60)) for used in range(1, 61)])

    fresh = make()
    send(fresh, 0.0)

    assert budget.rate(20.5).closed == pytest.approx(40.0)
    assert (fresh.wait(0.1), fresh.rate(0.1).closed) == (ASK_AGAIN, 0.0)


def test_a_rate_has_the_allowed_and_the_used_requests() -> None:
    budget = make((0.0, 0.1, response(limit=120)), (0.2, 0.3, response()), requests=40, per=30.0)
    send(budget, 0.4)

    assert budget.rate(0.4) == Rate(allowed=40, used=3, per=30.0, in_flight=1, closed=0.0, is_stated=True)


def test_after_a_429_one_request_is_sent_alone() -> None:
    budget = make((0.0, 0.0, response(status=429, after=7)))
    send(budget, 7.0)

    assert budget.wait(7.0) == ASK_AGAIN


def test_a_429_without_retry_after_ends_with_the_window_that_is_known() -> None:
    budget = make((0.0, 0.1, response(100, 120)))
    first, second = send(budget, 20.0), send(budget, 20.0)

    budget.observe(first, 20.1, response(0, 120, status=429))
    budget.observe(second, 30.0, response(0, 120, status=429))  # it was sent before the other 429 was received

    assert budget.wait(30.0) == pytest.approx(60.1 - 30.0)


def test_a_429_to_the_first_request_after_a_429_closes_the_budget_again() -> None:
    budget = make((0.0, 0.0, response(status=429, after=7)), (7.0, 7.0, response(status=429)))

    assert budget.wait(7.0) == 60.0


# Without X-RateLimit-Limit


def window(began: float, served: int, *, is_refused: bool = True) -> list[Exchange]:
    """Return the exchanges of a window: some are served, and then comes a 429 without any number."""
    exchanges: list[Exchange] = [(began + number / 10, began + number / 10, response()) for number in range(served)]
    now = began + served / 10
    return exchanges + [(now, now, response(status=429))] * is_refused


SERVED: list[Exchange] = [(float(second), float(second), response()) for second in range(100, 105)]


@pytest.mark.parametrize(
    ("exchanges", "limit"),
    [
        (window(0, 20), 60),
        (window(0, 20) + window(100, 20), 20),
        (window(0, 30) + window(100, 20), 20),
        (window(0, 20) + window(100, 20) + window(200, 12), 12),
        (window(0, 0) + window(100, 0), 1),
        (window(0, 20) + window(302, 20, is_refused=False) + window(304, 0), 60),
        (window(0, 0) + window(300, 0), 1),
        (window(0, 0) + window(301, 0), 60),
        (window(0, 0) + window(301, 0) + window(402, 5), 5),
        ([(0.0, 0.0, response(status=429)), (100.0, 100.0, response(status=429, limit=30))], 30),
        ([(0.0, 0.0, response(limit=30, status=429)), (100.0, 100.0, response(limit=30, status=429))], 30),
        ([*window(0, 20), (70.0, 70.0, response(limit=120)), *window(150, 20)], 20),
        ([*window(0, 0), *SERVED, (105.0, 159.0, response(status=429))], 5),
        ([*window(0, 0), *SERVED, (105.0, 160.0, response(status=429))], 4),
    ],
    ids=[
        "the_first_429_changes_nothing",
        "the_second_one_does",
        "only_the_last_window_counts",
        "it_shrinks_again",
        "never_below_one",
        "not_after_five_windows",
        "after_five_windows_to_the_second",
        "a_second_more_is_too_late",
        "which_then_is_the_first",
        "unless_a_header_tells_it",
        "whenever_it_does",
        "a_header_between_them_changes_nothing",
        "all_that_was_served_within_a_window_counts",
        "and_nothing_before_it",
    ],
)
def test_the_second_429_within_five_windows_shows_what_the_limit_is(exchanges: list[Exchange], limit: int) -> None:
    assert make(*exchanges).limit == limit


@pytest.mark.parametrize("sent", [3.0, 3.1])
def test_a_429_to_what_was_sent_before_the_first_429_is_not_the_second(sent: float) -> None:
    budget = make(*window(0, 20, is_refused=False))
    permits = [send(budget, 3.0) for _ in range(8)]
    permits[-1].sent = sent  # at the latest when the first was received

    for permit in permits:
        budget.observe(permit, 3.1, response(status=429, after=50))

    assert budget.limit == DOCUMENTED


def test_a_limit_from_a_header_is_kept_without_the_header() -> None:
    assert make((0.0, 0.0, response(limit=30)), (1.0, 1.0, response())).limit == 30


@pytest.mark.parametrize(("quiet", "limit"), [(299.0, 20), (300.0, 20), (300.1, 60)])
def test_a_limit_that_was_learned_is_forgotten_after_five_quiet_windows(quiet: float, limit: int) -> None:
    budget = make(*window(0, 20), *window(100, 20))
    end = 102.0 + quiet

    exchange(budget, [(end, end, response())])

    assert budget.limit == limit


def test_a_limit_that_was_learned_is_replaced_by_the_header() -> None:
    budget = make(*window(0, 20), *window(100, 20), (170.0, 170.0, response(limit=120)))

    assert budget.limit == 120


def test_one_request_is_the_lowest_limit_of_ones_own() -> None:
    assert make(requests=1).allowed == 1


UNUSABLE_REQUESTS = "requests must be an integer of at least 1, or None to follow the account's limit."
UNUSABLE_PER = "per must be a number of seconds, more than 0 and at most 1000000."
UNUSABLE_STORAGE = 'storage must be "memory://" or an address such as "redis://localhost:6379".'


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        *[({"requests": requests}, UNUSABLE_REQUESTS) for requests in (0, -1, True, 1.5)],
        *[({"per": per}, UNUSABLE_PER) for per in (0, "60")],
        ({"storage": "mysql://x"}, UNUSABLE_STORAGE),
    ],
    ids=str,
)
def test_an_unusable_pace_is_refused(settings: Any, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Pace(**settings)

    assert str(caught.value) == why


def test_the_address_of_a_storage_is_not_shown() -> None:
    """It can hold a password."""
    assert "secret" not in repr(Pace(storage="redis://:secret@localhost"))


# Simulated servers


@define
class Server:
    """A simulated server: requests arrive some time after they were sent, responses some time later."""

    limiter: Limiter
    latency: Callable[[], float]
    others: Callable[[], int] = field(default=lambda: 0)
    tells: bool = True
    refused: list[float] = field(factory=list[float], init=False)  # when
    served: list[float] = field(factory=list[float], init=False)

    def respond(self, now: float) -> Response:
        for _ in range(self.others()):
            self.limiter.admit(now)
        is_admitted = self.limiter.admit(now)
        (self.served if is_admitted else self.refused).append(now)
        told = self.limiter.headers(now) + (self.limiter.refusal_headers(now, now) if not is_admitted else [])
        headers = {name.lower(): value for name, value in told if self.tells or name == "Retry-After"}
        return Response(200 if is_admitted else 429, headers=headers)

    def run(self, budget: Budget, orders: int, most: int, now: float = 0.0) -> float:
        """Send `orders` requests, at most `most` at a time; return when the last one ended."""
        events = list[tuple[float, int, Permit, Response | None]]()
        number, permit = 0, Permit()
        while orders > 0 or events:
            wait = budget.acquire(permit, now) if orders > 0 and len(events) < most else None
            if wait == 0.0:
                permit.sent, orders, number = now, orders - 1, number + 1
                heapq.heappush(events, (now + self.latency(), number, permit, None))
                permit = Permit()
            elif events and (wait is None or events[0][0] <= now + wait):
                now, number_, ended, found = heapq.heappop(events)
                if found is None:
                    heapq.heappush(events, (now + self.latency(), number_, ended, self.respond(now)))
                else:
                    budget.observe(ended, now, found)
                    orders += found.status != 200
            else:
                now += wait or 0.0
        return now


def between(low: float, high: float, seed: int = 1) -> Callable[[], float]:
    chance = random.Random(seed)  # noqa: S311
    return lambda: chance.uniform(low, high)


LIMITERS = pytest.mark.parametrize("limiter", [Limiter, SlidingWindow, TokenBucket])


@LIMITERS
@given(
    limit=st.integers(1, 150),
    most=st.integers(1, 16),
    slow=st.floats(0.001, 8.0),
    tells=st.booleans(),
    seed=st.integers(),
)
@settings(max_examples=60, deadline=None)
def test_a_limit_that_is_known_is_never_exceeded(  # noqa: PLR0913 - what a server can be like
    limiter: type[Limiter], limit: int, most: int, slow: float, seed: int, *, tells: bool
) -> None:
    """There is no 429, however slow the responses are, with and without rate limit headers."""
    server = Server(limiter(limit, 60.0), between(0, slow, seed), tells=tells)

    server.run(make(requests=limit), 4 * limit, most)

    assert server.refused == []


@LIMITERS
@pytest.mark.parametrize(("limit", "slow"), [(60, 0.3), (120, 0.3), (6000, 0.01)])
def test_nearly_the_whole_of_the_limit_is_used(limiter: type[Limiter], limit: int, slow: float) -> None:
    """A sliding window is recognized, and its freed requests are used as they come."""
    server = Server(limiter(limit, 60.0), between(0.2 * slow, slow))

    server.run(make(), 6 * limit, 8)

    later = server.served[limit:]
    rate = (len(later) - limit) / (later[-limit] - later[0]) * 60  # from the second window's begin to the last one's
    assert server.refused == []
    assert rate >= 0.97 * limit


def test_a_sliding_window_is_recognized_also_in_later_windows() -> None:
    """If little remains at the begin of a window, and own requests alone explain that, it is none of the server's."""
    budget, server = make(), Server(SlidingWindow(600, 60.0), lambda: 0.05)
    budget._windows = 9  # it was not recognized in the first windows

    server.run(budget, 6 * 600, 8)

    later = server.served[600:]
    assert server.refused == []
    assert (len(later) - 600) / (later[-600] - later[0]) * 60 >= 0.97 * 600


@pytest.mark.parametrize("tells_when", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_other_clients_that_use_half_of_the_limit_cost_at_most_one_429_in_a_window(
    seed: int, *, tells_when: bool
) -> None:
    chance = random.Random(seed)  # noqa: S311
    limiter = Limiter(120, 60.0, states_when=tells_when)
    # On average as many requests as ours, each just before one of ours.
    server = Server(limiter, between(0.05, 0.3, seed), lambda: chance.choice([0, 0, 1, 2, 2]))

    took = server.run(make(), 600, 8)

    assert len(server.refused) <= took // 60 + 1
    assert took < 60 * (600 / 40)


@pytest.mark.parametrize("limiter", [Limiter, SlidingWindow])
@pytest.mark.parametrize("limit", [1, 10, 30, 59])
@pytest.mark.parametrize("tells_when", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_a_limit_that_no_response_states_is_learned(
    limiter: type[Limiter], limit: int, seed: int, *, tells_when: bool
) -> None:
    server = Server(limiter(limit, 60.0, states_when=tells_when), between(0.05, 0.3, seed), tells=False)
    budget = make()

    took = server.run(budget, 20 * limit, 8)

    bursts = sum(after - before > 10 for before, after in pairwise([-100.0, *server.refused]))
    assert 2 <= bursts <= 2 * (took // (6 * 60) + 1)  # of six windows two
    assert len(server.refused) <= 9 * bursts  # hardly more than are in flight
    assert took < 22 * 60


def test_a_limit_that_was_learned_is_given_up_when_the_server_admits_more() -> None:
    limiter = Limiter(20, 60.0)
    server, budget = Server(limiter, between(0.05, 0.3), tells=False), make()
    end = server.run(budget, 60, 8)
    assert 18 <= budget.limit <= 20
    limiter.requests = 60

    server.run(budget, 600, 8, end)

    assert budget.limit == DOCUMENTED
    assert len(server.refused) <= 2 * 8
    assert len([moment for moment in server.served if end + 360 <= moment < end + 420]) >= 57
