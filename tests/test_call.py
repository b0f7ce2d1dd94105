"""Rules 2 to 4 as values: the course of a call, without a socket, a clock or a wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from conftest import CANCELLED, order
from hypothesis import given
from hypothesis import strategies as st

from thanksio import RetryPolicy, ThanksIOError, errors
from thanksio._call import Attempt, Call, CancelPath, Outcome, Spellings, course
from thanksio._verdict import Answer, NoAnswer, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = Answer(200, json.dumps(CANCELLED).encode())
REVIEWING = Answer(200, json.dumps(order("reviewing")).encode())
LOST = NoAnswer(sent=True, timed_out=False, cause=httpx.ReadError("reset"))
LATE = NoAnswer(sent=True, timed_out=True, cause=httpx.ReadTimeout("late"))
REFUSED = NoAnswer(sent=False, timed_out=False, cause=httpx.ConnectError("refused"))


class Run:
    """A call led through scripted outcomes, each of which takes `each` seconds."""

    def __init__(
        self,
        *outcomes: Outcome,
        path: CancelPath = "auto",
        policy: RetryPolicy | None = None,
        deadline: float = 90.0,
        each: float = 0.0,
        spellings: Spellings | None = None,
    ) -> None:
        self.time = 0.0
        self.attempts: list[Attempt] = []
        self.reading: Reading | None = None
        self.error: ThanksIOError | None = None
        self.spellings = spellings or Spellings(path)
        self.call = Call(37294, hide=str)
        self._lead(iter(outcomes), policy or RetryPolicy(), deadline, each)

    def _lead(self, outcomes: Iterator[Outcome], policy: RetryPolicy, deadline: float, each: float) -> None:
        steps = course(self.call, self.spellings, policy, deadline, now=lambda: self.time, random=lambda: 1.0)
        try:
            attempt = next(steps)
            while True:
                self.attempts.append(attempt)
                self.time += attempt.wait + each
                attempt = steps.send(next(outcomes, None) or pytest.fail("the script is too short"))
        except StopIteration as end:
            self.reading = end.value
        except ThanksIOError as error:
            self.error = error

    @property
    def spelled(self) -> list[str]:
        return [attempt.spelling for attempt in self.attempts]

    @property
    def waits(self) -> list[float]:
        return [attempt.wait for attempt in self.attempts]


def status(code: int, **headers: str) -> Answer:
    return Answer(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


# Rule 2: the two spellings


@pytest.mark.parametrize("code", [404, 405])
def test_auto_tries_the_other_spelling_once(code: int) -> None:
    assert Run(status(code), GOOD).spelled == ["order", "orders"]
    assert Run(status(code), status(404)).spelled == ["order", "orders"]


@pytest.mark.parametrize(("first", "second"), [(404, 405), (405, 404), (404, 404)])
def test_a_404_under_either_spelling_is_what_the_caller_is_told(first: int, second: int) -> None:
    run = Run(status(first), status(second))

    assert type(run.error) is errors.OrderNotFoundError
    assert run.error.attempts == 2
    assert run.error.may_have_cancelled is False


def test_a_405_under_both_spellings_is_told_as_it_is() -> None:
    assert type(Run(status(405), status(405)).error) is errors.APIStatusError


@pytest.mark.parametrize("code", [400, 401, 402, 403, 409, 410, 422])
def test_a_refusal_in_html_proves_no_spelling(code: int) -> None:
    """It may come from what stands in front of the operation."""
    assert Run(Answer(code, b"<html>")).spellings.served is None


@pytest.mark.parametrize("code", [400, 401, 402, 403, 409, 410, 422])
def test_a_spelling_under_which_the_operation_refused_is_kept(code: int) -> None:
    first = Run(Answer(code, b'{"message": "no"}'))
    assert first.spellings.served == "order"

    second = Run(status(404), spellings=first.spellings)

    assert second.spelled == ["order"]
    assert type(second.error) is errors.OrderNotFoundError


@pytest.mark.parametrize("answer", [GOOD, REVIEWING], ids=["cancelled", "reviewing"])
def test_the_spelling_that_gave_a_2xx_is_kept(answer: Answer) -> None:
    run = Run(status(404), answer)
    assert run.spellings.served == "orders"

    assert Run(GOOD, spellings=run.spellings).spelled == ["orders"]
    assert Run(status(404), spellings=run.spellings).spelled == ["orders"]


def test_a_2xx_without_an_order_proves_no_spelling() -> None:
    """A captive portal answers 200 to everything."""
    assert Run(Answer(200, b"<html>")).spellings.served is None


@pytest.mark.parametrize("code", [301, 408, 425, 429, 500, 502, 503, 520])
def test_what_stands_in_front_of_the_operation_proves_no_spelling(code: int) -> None:
    run = Run(status(code), status(code), status(code), status(code))

    assert run.spellings.served is None


def test_a_spelling_that_fails_before_it_says_404_is_still_left() -> None:
    run = Run(status(503), status(404), GOOD)

    assert run.spelled == ["order", "order", "orders"]
    assert run.reading is not None


@pytest.mark.parametrize("path", ["order", "orders"])
def test_a_fixed_spelling_is_never_left(path: CancelPath) -> None:
    assert Run(status(404), path=path).spelled == [path]
    assert Run(status(503), GOOD, path=path).spelled == [path, path]


def test_changing_the_spelling_is_no_retry() -> None:
    run = Run(status(404), GOOD, policy=RetryPolicy(max_attempts=1))

    assert run.reading is not None
    assert run.waits == [0.0, 0.0]


def test_an_unknown_spelling_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError):
        Spellings("both")  # type: ignore[arg-type]


# Rule 3: retry


@pytest.mark.parametrize(
    "outcome", [LOST, LATE, REFUSED, status(408), status(425), status(429), status(500), status(520)]
)
def test_a_failure_that_may_pass_is_tried_four_times_with_growing_waits(outcome: Outcome) -> None:
    run = Run(*[outcome] * 5)

    assert run.waits == [0.0, 0.5, 1.0, 2.0]
    assert run.error is not None
    assert run.error.attempts == 4


def test_what_a_repetition_cannot_help_is_not_repeated() -> None:
    run = Run(LOST, NoAnswer(sent=False, timed_out=False, cause=OSError("closed"), final=True))

    assert run.error is not None
    assert (run.error.attempts, run.error.may_have_cancelled) == (1, True)


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_max_attempts_counts_the_first(attempts: int) -> None:
    assert len(Run(*[LOST] * 9, policy=RetryPolicy(max_attempts=attempts)).attempts) == attempts


@pytest.mark.parametrize("code", [301, 400, 401, 402, 403, 409, 418, 422, 499])
def test_an_answer_that_stands_is_not_repeated(code: int) -> None:
    assert len(Run(status(code)).attempts) == 1


def test_retry_after_is_obeyed_where_it_is_longer() -> None:
    assert Run(status(429, retry_after="7"), status(503, retry_after="0.1"), GOOD).waits == [0.0, 7.0, 1.0]


# Rule 4: the deadline


def test_each_attempt_is_told_what_is_left() -> None:
    run = Run(LOST, LOST, GOOD, deadline=10.0, each=2.0)

    assert [attempt.left for attempt in run.attempts] == [10.0, 7.5, 4.5]


def test_a_wait_that_ends_after_the_deadline_is_not_begun() -> None:
    run = Run(status(429, retry_after="3600"), deadline=90.0)

    assert isinstance(run.error, errors.RateLimitError)
    assert run.error.retry_after == 3600.0
    assert run.waits == [0.0]


def test_attempts_are_counted_in_words() -> None:
    once = Run(LOST, policy=RetryPolicy(max_attempts=1))
    twice = Run(LOST, LOST, policy=RetryPolicy(max_attempts=2))

    assert "no answer came in 1 attempt; the last ended in ReadError (reset)." in str(once.error)
    assert "no answer came in 2 attempts; the last" in str(twice.error)


def test_past_the_deadline_the_error_says_so() -> None:
    run = Run(LOST, deadline=1.0, each=1.5)

    assert type(run.error) is errors.APITimeoutError
    assert isinstance(run.error, TimeoutError)
    assert "before the deadline of the call" in str(run.error)


def test_no_other_spelling_is_tried_after_the_deadline() -> None:
    assert len(Run(status(404), deadline=1.0, each=1.5).attempts) == 1


# may_have_cancelled


DOUBT = {
    "refused": ([REFUSED], False),
    "lost": ([LOST], True),
    "timeout after sending": ([LATE], True),
    "lost, then refused": ([LOST, REFUSED], True),
    "refused, then lost": ([REFUSED, LOST], True),
    "500": ([status(500)], True),
    "302": ([status(302)], True),
    "unreadable": ([Answer(200, b"<html>")], True),
    "refused, then unreadable": ([REFUSED, Answer(204)], True),
    "401": ([status(401)], False),
    "402": ([status(402)], False),
    "403": ([status(403)], False),
    "404 twice": ([status(404), status(404)], False),
    "429": ([status(429)], False),
    "400": ([status(400)], False),
    "409": ([status(409)], False),
    "422": ([status(422)], False),
    "408": ([status(408)], True),
    "499": ([status(499)], True),
    "lost, then 400": ([LOST, status(400)], True),
    "lost, then 409": ([LOST, status(409)], True),
    "lost, then 422": ([LOST, status(422)], True),
    "503, then 422": ([status(503), status(422)], True),
    "lost, then 401": ([LOST, status(401)], True),
    "lost, then 429": ([LOST, status(429)], True),
    "lost, then 404 twice": ([LOST, status(404), status(404)], True),
    "429, then 422": ([status(429), status(422)], False),
}


@pytest.mark.parametrize(("outcomes", "doubt"), DOUBT.values(), ids=DOUBT.keys())
def test_may_have_cancelled_until_an_answer_shows_the_order(outcomes: list[Outcome], *, doubt: bool) -> None:
    run = Run(*outcomes, policy=RetryPolicy(max_attempts=len(outcomes)))

    assert run.error is not None
    assert run.error.may_have_cancelled is doubt
    assert ("nobody can say yet" in str(run.error)) is doubt
    assert run.error.attempts == len(outcomes)


def test_a_later_answer_that_shows_the_order_settles_it() -> None:
    run = Run(LOST, status(500), REVIEWING)

    assert run.reading is not None
    assert run.call.doubt is False


outcomes = st.sampled_from([GOOD, REVIEWING, LOST, LATE, REFUSED, Answer(200, b"{}")]) | st.builds(
    status, st.integers(100, 999), retry_after=st.sampled_from(["", "0", "5", "1000", "x"])
)


@given(
    st.lists(outcomes, min_size=12, max_size=12),
    st.integers(1, 5),
    st.sampled_from(["auto", "order", "orders"]),
    st.floats(0.1, 100),
    st.floats(0, 10),
)
def test_every_course_ends_in_the_order_or_one_of_our_errors(
    script: list[Outcome], attempts: int, path: CancelPath, deadline: float, each: float
) -> None:
    run = Run(*script, path=path, policy=RetryPolicy(max_attempts=attempts), deadline=deadline, each=each)

    assert (run.reading is None) is (run.error is not None)
    assert len(run.attempts) == run.call.attempts <= attempts + 1
    assert all(attempt.left > 0 for attempt in run.attempts)
    if run.error is not None:
        lost = [outcome for outcome in script[: len(run.attempts)] if isinstance(outcome, NoAnswer) and outcome.sent]
        assert run.error.may_have_cancelled or not lost
