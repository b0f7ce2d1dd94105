"""Rules 1 to 5 and 7 as values: the steps of a call, without a socket, a clock or a wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CANCELLED, LETTER, TOKEN, order
from hypothesis import given
from hypothesis import strategies as st

from thanksio import RetryPolicy, ThanksIOError, errors
from thanksio._call import Acquire, Call, CancelPath, PathVariants, Send, Sleep, call_steps, parse_order_id, to_order
from thanksio._rate_limit import Permit
from thanksio._verdict import NoResponse, Outcome, Reading, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOOD = Response(200, json.dumps(CANCELLED).encode())
REVIEWING = Response(200, json.dumps(order("reviewing")).encode())
UNLISTED = Response(200, json.dumps(order("canceled")).encode())
UNREADABLE = Response(200, b"<html>")
LOST = NoResponse(may_have_sent=True, reason="the connection broke")
LATE = NoResponse(may_have_sent=True, reason="the server sent nothing within 1 s", timed_out=True)
UNSENT = NoResponse(may_have_sent=False, reason="connection refused")
UNTRUSTED = NoResponse(
    may_have_sent=False, reason="its certificate is not trusted", is_permanent=True, advice="Trust its authority."
)
NO = b'{"message": "no"}'


def status(code: int, body: bytes = NO, **headers: str) -> Response:
    """Return a response whose body is, if nothing else is given, the API's own refusal."""
    return Response(code, body, {name.replace("_", "-"): value for name, value in headers.items()})


def page(code: int, **headers: str) -> Response:
    """Return a response of which only the status looks like the API's."""
    return status(code, b"<html><title>Attention</title></html>", **headers)


class Run:
    """A call led through scripted outcomes, each of which takes `each` seconds."""

    def __init__(  # noqa: PLR0913 - what a call depends on
        self,
        *outcomes: Outcome,
        path: CancelPath = "auto",
        policy: RetryPolicy | None = None,
        deadline: float = 90.0,
        each: float = 0.0,
        paths: PathVariants | None = None,
        permits: list[float] | None = None,
        **call: Any,
    ) -> None:
        self.time = 0.0
        self.attempts: list[Send] = []
        self.sleeps: list[Sleep] = []
        self.acquires: list[float] = []
        self.reading: Reading | None = None
        self.error: ThanksIOError | None = None
        self.paths = paths or PathVariants(path)
        self.call = Call(37294, redact=str, **call)
        self._permits = iter(permits or [])
        self._lead(iter(outcomes), policy or RetryPolicy(), deadline, each)

    def _lead(self, outcomes: Iterator[Outcome], policy: RetryPolicy, deadline: float, each: float) -> None:
        steps = call_steps(self.call, self.paths, policy, deadline, now=lambda: self.time, random=lambda: 1.0)
        reported: object = None
        try:
            while True:
                step = steps.send(reported)
                if isinstance(step, Send):
                    self.attempts.append(step)
                    self.time += each
                    reported = next(outcomes, None) or pytest.fail("the script is too short")
                elif isinstance(step, Acquire):
                    self.acquires.append(step.left)
                    reported = next(self._permits)
                    assert self.call.permit is not None
                    self.call.permit.is_held = not reported
                else:
                    self.sleeps.append(step)
                    self.time += step.seconds
                    reported = None
        except StopIteration as end:
            self.reading = end.value
        except ThanksIOError as error:
            self.error = error

    @property
    def tried(self) -> list[str]:
        return [attempt.path for attempt in self.attempts]

    @property
    def waits(self) -> list[float]:
        return [step.backoff for step in self.sleeps if step.backoff]

    def result(self) -> object:
        """Return what the caller gets."""
        assert self.reading is not None
        try:
            return to_order(self.reading, self.call)
        except ThanksIOError as error:
            return error


# Ids


class Index:
    """An integer of another library, such as numpy's."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __index__(self) -> int:
        return self._number


@pytest.mark.parametrize(
    ("given_id", "number"),
    [(1, 1), ("1", 1), (37294, 37294), ("37294", 37294), (Index(7), 7)]
    + [(2**63 - 1, 2**63 - 1), (str(2**63 - 1), 2**63 - 1)],
)
def test_an_order_id_becomes_an_int(given_id: Any, number: int) -> None:
    parsed = parse_order_id(given_id)

    assert (type(parsed), parsed) == (int, number)


INVALID: dict[str, tuple[object, str]] = {
    "zero": (0, "0"),
    "negative": (-1, "-1"),
    "true": (True, "True"),
    "fraction": (1.0, "of type float"),
    "none": (None, "of type NoneType"),
    "bytes": (b"1", "of type bytes"),
    "negative index": (Index(-1), "of type Index"),
    "too large": (2**63, str(2**63)),
    "too large, in digits": (str(2**63), repr(str(2**63))),
    "40 zeros": (10**40, str(10**40)),
    "41 digits and more": (10**40 + 1, "of type int"),
    "5,000 digits": (10**5000, "of type int"),
    "empty": ("", "''"),
    "leading zero": ("01", "'01'"),
    "sign": ("+1", "'+1'"),
    "space": (" 1", "' 1'"),
    "newline": ("1\n", repr("1\n")),
    "path": ("..", "'..'"),
    "other digits": ("\u0663", "'\u0663'"),
    "long": ("x" * 41, repr("x" * 40)),
}


@pytest.mark.parametrize(("given_id", "shown"), INVALID.values(), ids=INVALID.keys())
def test_an_invalid_order_id_raises(given_id: Any, shown: str) -> None:
    with pytest.raises(errors.InvalidOrderIdError) as caught:
        parse_order_id(given_id)

    assert str(caught.value) == (
        f"Invalid order id {shown}: it must be an integer from 1 to 2**63 - 1, or its digits. Nothing was sent. "
        "Pass the order id, such as 37294."
    )
    assert caught.value.may_have_cancelled is False


# Rule 1: the verdict


def test_a_cancelled_order_is_returned() -> None:
    run = Run(GOOD)

    found: Any = run.result()
    assert (found.id, found.status) == (37294, "cancelled")
    assert run.call.may_have_cancelled is False


def test_an_order_in_another_listed_status_raises() -> None:
    run = Run(REVIEWING)

    error: Any = run.result()
    assert type(error) is errors.OrderNotCancelledError
    assert (error.status, error.may_have_cancelled, error.attempts) == ("reviewing", False, 1)
    assert error.order.message == LETTER
    assert str(error) == (
        'Order 37294: the server shows it in status "reviewing". This call did not cancel it. Orders in this status '
        "can be cancelled: call again. If that fails, check it in the thanks.io dashboard."
    )


def test_an_order_in_a_status_that_is_not_listed_is_unknown() -> None:
    run = Run(UNLISTED)

    error: Any = run.result()
    assert type(error) is errors.APIResponseValidationError
    assert (error.status, error.may_have_cancelled, error.attempts) == ("canceled", True, 1)
    assert error.order is not None
    assert error.order.message == LETTER
    assert str(error) == (
        'Order 37294: the server shows it in status "canceled", which the contract does not list. It is unknown '
        "whether it was cancelled. Call again, or check the order in the thanks.io dashboard."
    )


def test_a_status_is_shown_without_secrets_and_short() -> None:
    call = Call(37294, redact=lambda text: text.replace(TOKEN, "[redacted]"))
    document = order(f"{TOKEN}\n{'x' * 50}")["order"]
    steps = call_steps(call, PathVariants("auto"), RetryPolicy(), 90.0, now=lambda: 0.0, random=lambda: 1.0)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(Response(200, json.dumps({"order": document}).encode()))

    with pytest.raises(errors.APIResponseValidationError) as caught:
        to_order(end.value.value, call)

    assert f'in status "[redacted] {"x" * 28}…", which' in str(caught.value)
    assert caught.value.status == f"[redacted] {'x' * 50}"
    assert caught.value.args[1]["order"]["status"] == f"[redacted] {'x' * 50}"


@pytest.mark.parametrize("first", [LOST, status(500), page(403)], ids=["lost", "500", "page"])
@pytest.mark.parametrize(("last", "unknown"), [(GOOD, False), (REVIEWING, False), (UNLISTED, True)])
def test_only_a_listed_status_settles_earlier_attempts(first: Outcome, last: Response, *, unknown: bool) -> None:
    """Rule 12, within one call; `may_have_cancelled` of a queued call can come from an earlier run."""
    for run in (Run(LOST, last), Run(first, last), Run(last, may_have_cancelled=True)):
        if run.reading is not None:
            assert run.call.may_have_cancelled is unknown
        else:
            assert run.error is not None
            assert run.error.may_have_cancelled is True


def test_a_response_that_cannot_be_read_is_unknown() -> None:
    run = Run(UNREADABLE)

    assert type(run.error) is errors.APIResponseValidationError
    assert (run.error.may_have_cancelled, run.error.attempts) == (True, 1)
    assert (run.error.order, run.error.status) == (None, "")
    assert str(run.error) == (
        "Order 37294: the server responded with 200, but the response is not a JSON object. It is unknown whether it "
        "was cancelled. Call again, or check the order in the thanks.io dashboard."
    )


@pytest.mark.parametrize("code", [199, 300])
def test_only_2xx_is_read_for_the_order(code: int) -> None:
    run = Run(Response(code, GOOD.body))

    assert run.reading is None
    assert type(run.error) is errors.APIStatusError


@pytest.mark.parametrize("code", [200, 299])
def test_any_2xx_is_read_for_the_order(code: int) -> None:
    assert Run(Response(code, GOOD.body)).reading is not None


# Rule 2: the two paths


@pytest.mark.parametrize("code", [404, 405])
@pytest.mark.parametrize("make", [status, page])
def test_auto_tries_the_other_path_once(code: int, make: Callable[[int], Response]) -> None:
    assert Run(make(code), GOOD).tried == ["order", "orders"]
    assert Run(make(code), status(404)).tried == ["order", "orders"]


@pytest.mark.parametrize(("first", "second"), [(404, 405), (405, 404), (404, 404)])
def test_a_404_under_either_path_is_raised_rather_than_a_405(first: int, second: int) -> None:
    run = Run(status(first), status(second))

    assert type(run.error) is errors.OrderNotFoundError
    assert run.error.attempts == 2
    assert run.error.may_have_cancelled is False


def test_a_405_under_both_paths_is_raised_as_it_is() -> None:
    assert type(Run(status(405), status(405)).error) is errors.APIStatusError


def test_of_a_404_and_another_error_the_other_error_is_raised() -> None:
    assert type(Run(status(404), status(422)).error) is errors.CancellationRefusedError
    assert type(Run(status(405), *[LOST] * 4).error) is errors.APIConnectionError


REFUSING = [400, 401, 402, 403, 409, 410, 422]


@pytest.mark.parametrize("code", REFUSING)
def test_a_page_does_not_fix_the_path(code: int) -> None:
    """It may come from something in front of the operation."""
    assert Run(page(code)).paths.known is None


@pytest.mark.parametrize("code", REFUSING)
def test_the_path_under_which_the_operation_refused_is_kept(code: int) -> None:
    first = Run(status(code))
    assert first.paths.known == "order"

    second = Run(status(404), paths=first.paths)

    assert second.tried == ["order"]
    assert type(second.error) is errors.OrderNotFoundError


@pytest.mark.parametrize("code", [404, 405])
def test_a_404_or_405_does_not_fix_the_path(code: int) -> None:
    assert Run(status(code), status(code)).paths.known is None


@pytest.mark.parametrize("response", [GOOD, REVIEWING, UNLISTED], ids=["cancelled", "reviewing", "canceled"])
def test_the_path_that_returned_the_order_is_kept(response: Response) -> None:
    run = Run(status(404), response)
    assert run.paths.known == "orders"

    assert Run(GOOD, paths=run.paths).tried == ["orders"]
    assert Run(status(404), paths=run.paths).tried == ["orders"]


def test_a_2xx_without_an_order_does_not_fix_the_path() -> None:
    """A captive portal responds with 200 to everything."""
    assert Run(UNREADABLE).paths.known is None


@pytest.mark.parametrize("code", [301, 408, 425, 429, 500, 502, 503, 520])
def test_what_can_come_from_a_gateway_does_not_fix_the_path(code: int) -> None:
    assert Run(*[status(code)] * 4).paths.known is None


def test_the_known_path_is_not_replaced() -> None:
    paths = PathVariants("auto", known="order")

    paths.learn("orders", status(422))

    assert paths.known == "order"


def test_a_404_after_a_retry_still_tries_the_other_path() -> None:
    run = Run(status(503), status(404), GOOD)

    assert run.tried == ["order", "order", "orders"]
    assert run.reading is not None


def test_a_retry_after_a_404_stays_with_the_other_path() -> None:
    assert Run(status(404), status(503), GOOD).tried == ["order", "orders", "orders"]


@pytest.mark.parametrize("path", ["order", "orders"])
def test_a_fixed_path_is_never_left(path: CancelPath) -> None:
    assert Run(status(404), path=path).tried == [path]
    assert Run(status(503), GOOD, path=path).tried == [path, path]


def test_changing_the_path_is_not_a_retry() -> None:
    run = Run(status(404), GOOD, policy=RetryPolicy(max_attempts=1))

    assert run.reading is not None
    assert run.waits == []


@pytest.mark.parametrize("setting", ["both", "", None])
def test_an_unknown_path_setting_raises(setting: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match=r'^cancel_path must be "auto", "order" or "orders"\.$'):
        PathVariants(setting)


# Rule 3: retry


RETRIED: dict[str, Outcome] = {
    "lost": LOST,
    "late": LATE,
    "unsent": UNSENT,
    **{str(code): status(code) for code in (408, 425, 429, 500, 520)},
    **{f"{code} page": page(code) for code in (408, 425, 429, 500, 520)},
}


@pytest.mark.parametrize("outcome", RETRIED.values(), ids=RETRIED.keys())
def test_a_failure_that_may_pass_is_tried_four_times_with_growing_waits(outcome: Outcome) -> None:
    run = Run(*[outcome] * 5)

    assert run.waits == [0.5, 1.0, 2.0]
    assert run.error is not None
    assert run.error.attempts == 4


def test_a_permanent_failure_is_not_retried() -> None:
    run = Run(LOST, UNTRUSTED)

    assert type(run.error) is errors.APIConnectionError
    assert (run.error.attempts, run.error.may_have_cancelled, run.error.is_permanent) == (2, True, True)
    assert len(Run(UNTRUSTED).attempts) == 1
    assert str(Run(UNTRUSTED).error) == (
        "Order 37294: no response in 1 attempt; it failed because its certificate is not trusted. This call did not "
        "cancel it. Trust its authority."
    )


def test_a_failure_that_may_pass_is_not_permanent() -> None:
    error = Run(*[UNSENT] * 4).error

    assert isinstance(error, errors.APIConnectionError)
    assert error.is_permanent is False
    assert "is_permanent" not in error.args[1]


def test_advice_about_a_connection_comes_before_that_of_the_error() -> None:
    told = NoResponse(may_have_sent=False, reason="it refused", advice="Look at the proxy.")

    assert str(Run(*[told] * 4).error).endswith("Look at the proxy. " + errors.APIConnectionError.advice)


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_max_attempts_counts_the_first(attempts: int) -> None:
    assert len(Run(*[LOST] * 9, policy=RetryPolicy(max_attempts=attempts)).attempts) == attempts


@pytest.mark.parametrize("code", [301, 400, 401, 402, 403, 409, 418, 422, 499])
@pytest.mark.parametrize("make", [status, page])
def test_other_statuses_are_not_retried(code: int, make: Callable[[int], Response]) -> None:
    assert len(Run(make(code)).attempts) == 1


def test_retry_after_is_used_where_it_is_longer() -> None:
    assert Run(status(429, retry_after="7"), status(503, retry_after="0.1"), GOOD).waits == [7.0, 1.0]


@pytest.mark.parametrize(("code", "kind"), [(429, errors.RateLimitError), (503, errors.ServerError)])
def test_a_retry_after_above_120_seconds_ends_the_call_at_once(code: int, kind: type[ThanksIOError]) -> None:
    run = Run(status(code, retry_after="120.1"), GOOD, deadline=1000.0)

    assert type(run.error) is kind
    assert isinstance(run.error, errors.APIStatusError)
    assert (run.error.attempts, run.error.retry_after, run.waits) == (1, 120.1, [])
    assert Run(status(code, retry_after="120"), GOOD, deadline=1000.0).waits == [120.0]


def test_a_cap_above_120_seconds_is_not_what_the_server_asked() -> None:
    policy = RetryPolicy(backoff=500.0, cap=500.0)

    assert Run(status(503), GOOD, deadline=1000.0, policy=policy).waits == [500.0]


# Rule 4: the deadline


def test_each_attempt_gets_what_is_left() -> None:
    run = Run(LOST, LOST, GOOD, deadline=10.0, each=2.0)

    assert [attempt.left for attempt in run.attempts] == [10.0, 7.5, 4.5]


@pytest.mark.parametrize(("deadline", "attempts"), [(0.5, 1), (0.51, 2)])
def test_a_wait_that_would_end_at_the_deadline_is_not_started(deadline: float, attempts: int) -> None:
    run = Run(LOST, GOOD, deadline=deadline)

    assert len(run.attempts) == attempts
    assert run.time < deadline


def test_a_retry_after_beyond_the_deadline_ends_the_call() -> None:
    run = Run(status(429, retry_after="100"), deadline=90.0)

    assert isinstance(run.error, errors.RateLimitError)
    assert run.error.retry_after == 100.0
    assert run.waits == []


def test_the_error_states_the_number_of_attempts() -> None:
    once = Run(LOST, policy=RetryPolicy(max_attempts=1))
    twice = Run(LOST, LOST, policy=RetryPolicy(max_attempts=2))

    assert str(once.error) == (
        "Order 37294: no response in 1 attempt; it failed because the connection broke. It is unknown whether it was "
        "cancelled. Call again: repeating a cancel is harmless, and the response should show the order as it is."
    )
    assert "no response in 2 attempts; the last failed because the connection broke." in str(twice.error)


def test_the_error_has_the_last_of_several_failures() -> None:
    error = Run(LOST, UNSENT, policy=RetryPolicy(max_attempts=2)).error

    assert "the last failed because connection refused. It is unknown whether it was cancelled." in str(error)


@pytest.mark.parametrize(
    ("outcome", "deadline", "kind"),
    [
        (LOST, 1.5, errors.APITimeoutError),
        (LOST, 1.6, errors.APIConnectionError),
        (LATE, 90.0, errors.APITimeoutError),
    ],
)
def test_a_timeout_is_an_error_of_its_own(outcome: Outcome, deadline: float, kind: type[ThanksIOError]) -> None:
    run = Run(outcome, deadline=deadline, each=1.5, policy=RetryPolicy(max_attempts=1))

    assert type(run.error) is kind
    assert isinstance(run.error, TimeoutError) is (kind is errors.APITimeoutError)


@pytest.mark.parametrize(("deadline", "attempts"), [(1.5, 1), (1.6, 2)])
def test_the_other_path_is_not_tried_after_the_deadline(deadline: float, attempts: int) -> None:
    assert len(Run(status(404), GOOD, deadline=deadline, each=1.5).attempts) == attempts


# Waiting for the rate limit, and stopping


class Limiter:
    """What a call asks a rate limiter itself."""

    shortage = "there is no room"


def limited(*outcomes: Outcome, permits: list[float], **settings: Any) -> Run:
    call: dict[str, Any] = {"limiter": Limiter(), "permit": Permit(), "permits": permits} | settings
    return Run(*outcomes, **call)


def test_each_attempt_needs_a_permit() -> None:
    run = limited(GOOD, permits=[2.0, 1.0, 0.0])

    assert run.reading is not None
    assert run.acquires == [90.0, 88.0, 87.0]
    assert run.sleeps == [Sleep(2.0), Sleep(1.0)]
    assert run.attempts == [Send("order", 87.0)]


def test_a_permit_that_is_held_is_not_asked_for_again() -> None:
    run = limited(GOOD, permits=[], permit=Permit(is_held=True))

    assert (run.acquires, run.sleeps, len(run.attempts)) == ([], [], 1)


@pytest.mark.parametrize(("wait", "is_granted"), [(89.9, True), (90.0, False), (float("inf"), False)])
def test_a_permit_that_comes_after_the_deadline_is_not_waited_for(wait: float, *, is_granted: bool) -> None:
    run = limited(GOOD, permits=[wait, 0.0])

    assert (run.reading is not None) is is_granted
    if not is_granted:
        assert type(run.error) is errors.APITimeoutError
        assert (run.error.attempts, run.error.may_have_cancelled, run.sleeps) == (0, False, [])
        assert str(run.error) == (
            "Order 37294: nothing was sent, because there is no room. This call did not cancel it. "
            + errors.APITimeoutError.advice
        )


def test_a_permit_is_granted_even_if_no_time_is_left() -> None:
    """The server is asked as long as the deadline allows; a permit that costs no wait costs no time."""
    assert limited(GOOD, permits=[0.0], deadline=0.1).reading is not None


def test_a_queued_call_waits_for_its_turn_as_long_as_that_takes() -> None:
    run = limited(GOOD, permits=[500.0, 0.0], is_queued=True)

    assert run.acquires == [float("inf")] * 2
    assert run.call.began == 500.0
    assert [attempt.left for attempt in run.attempts] == [90.0]


def test_a_call_that_is_not_queued_begins_at_once() -> None:
    run = limited(GOOD, permits=[5.0, 0.0])

    assert run.call.began == 0.0


def test_sleep_is_sliced_and_the_backoff_is_passed_once() -> None:
    run = Run(status(503, retry_after="2.5"), GOOD, slice=1.0)

    assert run.sleeps == [Sleep(1.0, 2.5), Sleep(1.0), Sleep(0.5)]
    assert Run(status(503, retry_after="2.5"), GOOD).sleeps == [Sleep(2.5, 2.5)]


def test_a_stopped_call_sends_nothing() -> None:
    run = Run(stop_reason=lambda: "the client was closed")

    assert type(run.error) is errors.APIConnectionError
    assert (run.error.attempts, run.error.may_have_cancelled, run.attempts) == (0, False, [])
    assert "Order 37294: nothing was sent, because the client was closed. This call did" in str(run.error)


def test_a_call_that_is_stopped_between_attempts_sends_nothing_more() -> None:
    reasons = iter(["", ""])
    run = Run(LOST, slice=0.1, stop_reason=lambda: next(reasons, "the run was stopped"))

    assert run.error is not None
    assert (run.error.attempts, run.error.may_have_cancelled, len(run.sleeps)) == (1, True, 1)
    assert "nothing more was sent, because the run was stopped. It is unknown whether" in str(run.error)


def test_a_stopped_call_does_not_ask_for_a_permit() -> None:
    run = limited(permits=[], stop_reason=lambda: "the run was stopped")

    assert (run.acquires, run.attempts) == ([], [])


# Rules 5 and 7: may_have_cancelled


UNKNOWN: dict[str, tuple[list[Outcome], bool]] = {
    "unsent": ([UNSENT], False),
    "permanent": ([UNTRUSTED], False),
    "lost": ([LOST], True),
    "timeout after sending": ([LATE], True),
    "lost, then unsent": ([LOST, UNSENT], True),
    "unsent, then lost": ([UNSENT, LOST], True),
    "unsent, then unsent": ([UNSENT, UNSENT], False),
    "500": ([status(500)], True),
    "302": ([status(302)], True),
    "unreadable": ([UNREADABLE], True),
    "unsent, then unreadable": ([UNSENT, Response(204)], True),
    **{str(code): ([status(code)], False) for code in (400, 401, 402, 403, 409, 410, 418, 422, 429)},
    **{f"{code} page": ([page(code)], True) for code in (400, 401, 402, 403, 409, 410, 418, 422, 429)},
    "404 twice": ([status(404), status(404)], False),
    "404, then a page": ([status(404), page(404)], True),
    "a page, then 404": ([page(404), status(404)], True),
    "405, then a page": ([status(405), page(405)], True),
    "RFC 9457": ([status(403, b'{"type": "about:blank", "status": "x", "message": "no"}')], True),
    "408": ([status(408)], True),
    "425": ([status(425)], True),
    "499": ([status(499)], True),
    "lost, then 400": ([LOST, status(400)], True),
    "lost, then 409": ([LOST, status(409)], True),
    "lost, then 422": ([LOST, status(422)], True),
    "503, then 422": ([status(503), status(422)], True),
    "lost, then 401": ([LOST, status(401)], True),
    "lost, then 429": ([LOST, status(429)], True),
    "lost, then 404 twice": ([LOST, status(404), status(404)], True),
    "429, then 422": ([status(429), status(422)], False),
    "429 page, then 422": ([page(429), status(422)], True),
    "425, then 422": ([status(425), status(422)], True),
}


@pytest.mark.parametrize(("outcomes", "unknown"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_may_have_cancelled_until_every_attempt_is_settled(outcomes: list[Outcome], *, unknown: bool) -> None:
    run = Run(*outcomes, policy=RetryPolicy(max_attempts=len(outcomes)))

    assert run.error is not None
    assert run.error.may_have_cancelled is unknown
    assert ("It is unknown whether it was cancelled." in str(run.error)) is unknown
    assert ("This call did not cancel it." in str(run.error)) is not unknown
    assert run.error.attempts == len(outcomes)


@pytest.mark.parametrize("outcome", [UNSENT, status(422), status(429), status(404)])
def test_what_an_earlier_run_left_unknown_stays_unknown(outcome: Outcome) -> None:
    run = Run(*[outcome] * 4, may_have_cancelled=True)

    assert run.error is not None
    assert run.error.may_have_cancelled is True


def test_a_later_response_that_shows_the_order_settles_it() -> None:
    run = Run(LOST, status(500), REVIEWING)

    assert run.reading is not None
    assert run.call.may_have_cancelled is False


PAGE_ADVICE = "It may come from a proxy or firewall, not from the API. "


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (status(403), errors.PermissionDeniedError.advice),
        (page(403), PAGE_ADVICE + errors.PermissionDeniedError.advice),
        (page(400), PAGE_ADVICE + errors.CancellationRefusedError.advice),
        (page(499), PAGE_ADVICE + errors.APIStatusError.advice),
        (page(500), errors.ServerError.advice),
        (page(302), errors.APIStatusError.advice),
    ],
)
def test_a_4xx_page_is_not_said_to_be_the_apis(response: Response, advice: str) -> None:
    error = Run(response, policy=RetryPolicy(max_attempts=1)).error

    assert isinstance(error, errors.APIStatusError)
    assert error.advice == advice
    assert str(error).endswith(f"cancelled. {advice}" if error.may_have_cancelled else f"cancel it. {advice}")


def test_an_error_holds_what_the_server_said() -> None:
    body = json.dumps({"message": "x" * 300, "code": "slow"}).encode()
    error = Run(status(429, body, retry_after="1.5"), policy=RetryPolicy(max_attempts=1)).error

    assert type(error) is errors.RateLimitError
    assert (error.status_code, error.message, error.retry_after) == (429, "x" * 300, 1.5)
    assert error.body == json.dumps({"message": "x" * 300, "code": "slow"})
    assert f'the server responded with 429: "{"x" * 199}…". This call' in str(error)
    assert "the server responded with 422. This call" in str(Run(status(422, b'{"errors": []}')).error)


outcomes = st.sampled_from(
    [GOOD, REVIEWING, UNLISTED, LOST, LATE, UNSENT, UNTRUSTED, Response(200, b"{}")]
) | st.builds(
    status,
    st.integers(100, 999),
    st.sampled_from([NO, b"", b"<html>"]),
    retry_after=st.sampled_from(["", "0", "5", "1000", "x"]),
)


@given(
    st.lists(outcomes, min_size=12, max_size=12),
    st.integers(1, 5),
    st.sampled_from(["auto", "order", "orders"]),
    st.floats(0.1, 100),
    st.floats(0, 10),
)
def test_every_call_ends_in_the_order_or_one_of_our_errors(
    script: list[Outcome], attempts: int, path: CancelPath, deadline: float, each: float
) -> None:
    run = Run(*script, path=path, policy=RetryPolicy(max_attempts=attempts), deadline=deadline, each=each)

    assert (run.reading is None) is (run.error is not None)
    assert len(run.attempts) == run.call.attempts <= attempts + 1
    assert all(attempt.left > 0 for attempt in run.attempts)
    if run.error is not None:
        met = script[: len(run.attempts)]
        lost = [outcome for outcome in met if isinstance(outcome, NoResponse) and outcome.may_have_sent]
        assert run.error.may_have_cancelled or not lost
