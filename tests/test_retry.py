"""Rule 3: what is retried, and how long the wait is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TOKEN
from hypothesis import given
from hypothesis import strategies as st

from thanksio import ConfigurationError, RetryPolicy, ThanksIO
from thanksio._retry import LONGEST_RETRY_AFTER, may_retry, retry_after
from thanksio._verdict import NoResponse, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

DATE = "Wed, 04 Oct 2023 02:50:01 GMT"
LOST = NoResponse(may_have_sent=True, reason="the connection broke")


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this machine into another time zone: a date without one is GMT everywhere."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def asked(value: str, **headers: str) -> float | None:
    return retry_after(Response(429, headers={"retry-after": value, **headers}, received=1696387801.0))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("1.5", 1.5),
        (" 42 ", 42.0),
        ("0", 0.0),
        ("90", 90.0),
        ("3600", 3600.0),
        ("2, 5", 5.0),
        ("999999999", 999999999.0),
        ("Wed, 04 Oct 2023 02:50:31 GMT", 30.0),
        ("Wednesday, 04-Oct-23 02:50:31 GMT", 30.0),
        ("Wed Oct  4 02:50:31 2023", 30.0),
        ("Wed, 04 Oct 2023 02:50:31 -0000", 30.0),
        ("Wed, 04 Oct 2023 04:50:31 +0200", 30.0),
        ("Wed, 04 Oct 2023 02:49:01 GMT", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Wed, 04 Oct 2023 02:50:31 GMT, Wed, 04 Oct 2023 02:51:31 GMT", 30.0),
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_a_readable_retry_after_is_taken_in_seconds(value: str, seconds: float) -> None:
    assert asked(value) == asked(value, date=DATE) == seconds


@pytest.mark.parametrize(
    "value",
    ["", " ", "-1", "+5", "soon", "nan", "inf", "1e3", "1_000", "9" * 400, "2, soon", "٣", "0x10", "Wed, 99 Oct", ","]
    + ["Wed, 04 Oct 99999 02:50:31 GMT", DATE[:12]],
)
def test_garbage_is_as_if_nothing_was_asked(value: str) -> None:
    assert asked(value) is None


def test_a_date_counts_from_the_servers_own_clock() -> None:
    assert asked("Wed, 04 Oct 2023 03:00:11 GMT", date="Wed, 04 Oct 2023 03:00:01 GMT") == 10.0


@given(st.text() | st.from_regex(r"[A-Za-z]{0,4},? ?[0-9]{1,5} [A-Za-z]{3} [0-9]{1,6} [0-9:]{0,9} ?[A-Z0-9+-]{0,6}"))
def test_no_header_crashes_the_reading_of_it(value: str) -> None:
    seconds = asked(value, date=value)

    assert seconds is None or seconds >= 0


def test_without_a_response_nothing_is_asked() -> None:
    assert retry_after(LOST) is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 520, 524, 599])
def test_failures_that_may_pass_are_retried(status: int) -> None:
    assert may_retry(Response(status))


@pytest.mark.parametrize("status", [200, 204, 301, 302, 400, 401, 402, 403, 404, 405, 409, 419, 422, 499, 600])
def test_other_statuses_are_not_retried(status: int) -> None:
    assert not may_retry(Response(status))


@pytest.mark.parametrize("may_have_sent", [True, False])
def test_a_missing_response_is_retried_unless_that_cannot_help(*, may_have_sent: bool) -> None:
    assert may_retry(NoResponse(may_have_sent, "the host does not exist"))
    assert not may_retry(NoResponse(may_have_sent, "the host does not exist", is_permanent=True))


def test_the_longest_retry_after_is_two_minutes() -> None:
    assert LONGEST_RETRY_AFTER == 120.0


@pytest.mark.parametrize(
    ("retry", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (9999, 8.0)]
)
def test_the_cap_comes_first_and_then_the_jitter(retry: int, longest: float) -> None:
    policy = RetryPolicy(backoff=0.5, cap=8.0)

    assert policy.wait(retry, None, lambda: 0.0) == 0.0
    assert policy.wait(retry, None, lambda: 0.5) == longest / 2
    assert policy.wait(retry, None, lambda: 1.0) == longest


def test_a_tiny_backoff_doubles_with_every_retry_up_to_the_cap() -> None:
    policy = RetryPolicy(backoff=1e-20, cap=8.0)

    assert [policy.wait(retry, None, lambda: 1.0) for retry in (1, 68, 71)] == [1e-20, 1e-20 * 2**67, 8.0]


def test_a_wait_is_never_shorter_than_the_server_asked() -> None:
    assert RetryPolicy().wait(1, 2.0, lambda: 1.0) == 2.0
    assert RetryPolicy().wait(1, 0.0, lambda: 1.0) == 0.5


@pytest.mark.parametrize("value", [0, -1, 1.5, "4", True, None])
def test_an_unusable_number_of_attempts_is_a_configuration_error(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^max_attempts counts the first attempt: it must be an integer of"):
        RetryPolicy(max_attempts=value)


@pytest.mark.parametrize("name", ["backoff", "cap"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1_000_001, "8", True, None])
def test_an_unusable_number_of_seconds_is_a_configuration_error(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be a number of seconds, .* at most 1000000"):
        RetryPolicy(**{name: value})


def test_a_million_seconds_can_still_be_waited() -> None:
    assert RetryPolicy(backoff=1_000_000, cap=1_000_000).wait(1, None, lambda: 1.0) == 1_000_000


def test_an_invalid_policy_is_an_error_that_shows_how_to_turn_retries_off() -> None:
    with pytest.raises(ConfigurationError, match=r"^retry must be a RetryPolicy; RetryPolicy\(max_attempts=1\) turns"):
        ThanksIO(TOKEN, retry=None)  # type: ignore[arg-type]
