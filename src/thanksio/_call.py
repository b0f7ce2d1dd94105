"""The steps of one call, decided without carrying out any of them.

`call_steps` is a generator of values. It yields a step, `Sleep`, `Acquire` or `Send`, is sent its outcome, and
returns the order as the server showed it or raises the one error that states what is true. The sync and the
async client carry out the same steps; everything that a call decides is decided here.
"""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias, get_args

from attrs import define, field, frozen

from thanksio._models import Order, PathVariant
from thanksio._retry import LONGEST_RETRY_AFTER, RetryPolicy, may_retry, retry_after
from thanksio._verdict import (
    SUCCESS,
    NoResponse,
    Outcome,
    Reading,
    Response,
    Unreadable,
    explain,
    is_refusal,
    may_have_cancelled,
    next_step,
    read_order,
    safe_fields,
    sanitize,
    status_error,
    trace_of,
)
from thanksio.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    ConfigurationError,
    InvalidOrderIdError,
    OrderNotCancelledError,
    ThanksIOError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from thanksio._rate_limit import Permit
    from thanksio._rate_limit_storage import RateLimiter
    from thanksio._verdict import Redact

CancelPath: TypeAlias = Literal["auto", "order", "orders"]

_DIGITS = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST_ID = 2**63 - 1  # our own limit: known ids have five digits
_NOT_SERVED = frozenset({404, 405})
_SHOWN_ID = 40  # characters of an invalid id that its error shows


def parse_order_id(order_id: object) -> int:
    """Return the order id, or raise InvalidOrderIdError: an id such as `..` would change the path."""
    number = 0
    if isinstance(order_id, str):
        number = int(order_id) if _DIGITS.fullmatch(order_id) else 0
    elif isinstance(order_id, int | SupportsIndex) and not isinstance(order_id, bool):  # such as numpy's integers
        number = operator.index(order_id)
    if 1 <= number <= _LARGEST_ID:
        return number
    raise InvalidOrderIdError(
        f"Invalid order id {_shown(order_id)}: it must be an integer from 1 to 2**63 - 1, or its digits. Nothing was "
        f"sent. {InvalidOrderIdError.advice}"
    )


def _shown(order_id: object) -> str:
    if isinstance(order_id, str):
        return repr(order_id[:_SHOWN_ID])
    if isinstance(order_id, int) and abs(order_id) <= 10**_SHOWN_ID:
        return repr(order_id)
    return f"of type {type(order_id).__name__}"


@define
class PathVariants:
    """The two documented paths, and which of them the server is known to serve."""

    setting: CancelPath
    known: PathVariant | None = None

    def __attrs_post_init__(self) -> None:
        if self.setting not in get_args(CancelPath):
            raise ConfigurationError('cancel_path must be "auto", "order" or "orders".')
        if self.setting != "auto":
            self.known = self.setting

    def learn(self, path: PathVariant, outcome: Outcome) -> None:
        """Remember the path under which the operation itself refused.

        Redirects, 429, 5xx, pages and a 2xx without an order can come from anything in front of it and prove nothing.
        """
        if self.known or isinstance(outcome, NoResponse):
            return
        if outcome.status not in _NOT_SERVED and not may_retry(outcome) and is_refusal(outcome):
            self.known = path

    def other(self, outcome: Outcome) -> PathVariant | None:
        """Return the path to try after the first, if the outcome may only mean that the first is not served."""
        if self.known or isinstance(outcome, NoResponse) or outcome.status not in _NOT_SERVED:
            return None
        return "orders"  # while neither is known, a call begins with "order"


@frozen
class Sleep:
    """Sleep for some seconds. `backoff` is the whole wait before a retry, and is set on its first slice only."""

    seconds: float
    backoff: float = 0.0


@frozen
class Acquire:
    """Request a permit within `left` seconds; the outcome is 0 if it was granted, else the wait before asking again."""

    left: float


@frozen
class Send:
    """Send the request within `left` seconds; the outcome is a Response or a NoResponse."""

    path: PathVariant
    left: float


Step: TypeAlias = Sleep | Acquire | Send
Steps: TypeAlias = "Generator[Step, Any, Reading]"


def _not_stopped() -> str:
    return ""


@define(eq=False)
class Call:
    """What is known so far of one call.

    `limiter` is set if each attempt needs a permit. `is_queued` says that the call first waits for its turn, however
    long that takes, and that its deadline counts from then. `stop_reason` returns why nothing more may be sent, and is
    asked again after at most `slice` seconds of sleep.
    """

    order_id: int
    redact: Redact = field(repr=False)
    limiter: RateLimiter | None = field(default=None, repr=False)
    permit: Permit | None = field(default=None, repr=False)
    is_queued: bool = False
    stop_reason: Callable[[], str] = field(default=_not_stopped, repr=False)
    slice: float = math.inf
    attempts: int = 0
    may_have_cancelled: bool = False
    began: float | None = None
    trace: Mapping[str, object] = field(factory=dict[str, object])  # of the last response

    def error(self, kind: type[ThanksIOError], what: str, advice: str = "", **facts: object) -> ThanksIOError:
        """Return an error with what happened, what is true now and what to do next."""
        truth = "It is unknown whether it was cancelled." if self.may_have_cancelled else "This call did not cancel it."
        known: dict[str, object] = {"may_have_cancelled": self.may_have_cancelled, "attempts": self.attempts}
        known |= {"advice": advice} if advice else {}
        message = f"Order {self.order_id}: {what} {truth} {advice or kind.advice}"
        return kind(message, {**known, **self.trace, **facts})


def call_steps(  # noqa: PLR0913 - what a call depends on, each thing once
    call: Call,
    paths: PathVariants,
    policy: RetryPolicy,
    deadline: float,
    *,
    now: Callable[[], float],
    random: Callable[[], float],
) -> Steps:
    """Yield the steps of `call`; return the order as the server showed it, or raise the error for the result."""
    if call.is_queued:
        yield from _acquire(call, math.inf, now)
    call.began = now()
    end, retries = call.began + deadline, 0
    path, not_served = paths.known or "order", None
    while True:
        if call.limiter:
            yield from _acquire(call, end, now)
        if why := call.stop_reason():
            raise _unsent(call, APIConnectionError, why)
        call.attempts += 1
        outcome: Outcome = yield Send(path, end - now())
        if isinstance(outcome, Response):
            call.trace = trace_of(outcome, call.redact)
        if isinstance(outcome, Response) and outcome.status in SUCCESS:
            reading = read_order(outcome, call.order_id)
            call.may_have_cancelled = isinstance(reading, Unreadable) or not reading.is_listed
            if isinstance(reading, Unreadable):
                raise _unreadable(outcome, reading, call)
            paths.known = paths.known or path
            return reading
        call.may_have_cancelled |= may_have_cancelled(outcome)
        other = None if not_served else paths.other(outcome)
        if other and isinstance(outcome, Response) and now() < end:
            path, not_served = other, outcome
            continue
        paths.learn(path, outcome)
        retries += 1
        wait = _wait_before_retry(outcome, retries, policy, random)
        if wait is None or now() + wait >= end:
            raise _failure(_telling(outcome, not_served), call, timed_out=now() >= end)
        yield from _sleep(call, wait, wait)


def _wait_before_retry(
    outcome: Outcome, retries: int, policy: RetryPolicy, random: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the next attempt, None if there is none."""
    asked = retry_after(outcome)
    asks_too_much = asked is not None and asked > LONGEST_RETRY_AFTER
    if not may_retry(outcome) or retries >= policy.max_attempts or asks_too_much:
        return None
    return policy.wait(retries, asked, random)


def _sleep(call: Call, seconds: float, backoff: float = 0.0) -> Generator[Step, Any, None]:
    """Sleep in slices, so that a run that was stopped does not wait for its calls."""
    while seconds > 0 and not call.stop_reason():
        step = min(seconds, call.slice)
        yield Sleep(step, backoff)
        seconds, backoff = seconds - step, 0.0


def _acquire(call: Call, end: float, now: Callable[[], float]) -> Generator[Step, Any, None]:
    """Wait for a permit, unless nothing more may be sent, and raise if there is none before `end`."""
    while call.limiter and call.permit and not call.permit.is_held and not call.stop_reason():
        wait = yield Acquire(end - now())
        if wait and now() + wait >= end:
            raise _unsent(call, APITimeoutError, call.limiter.shortage, has_no_permit=True)
        yield from _sleep(call, wait)


def _unsent(call: Call, kind: type[ThanksIOError], why: str, *, has_no_permit: bool = False) -> ThanksIOError:
    what = f"nothing{' more' if call.attempts else ''} was sent, because {why}."
    return call.error(kind, what, has_no_permit=has_no_permit)


def _unreadable(response: Response, reading: Unreadable, call: Call) -> ThanksIOError:
    what = f"the server responded with {response.status}, but the response {reading.why}."
    return call.error(APIResponseValidationError, what, is_json=reading.is_json)


def to_order(reading: Reading, call: Call) -> Order:
    """Return the order if it is cancelled, and raise an error with it if it is not, or if its status is not listed."""
    order = Order.from_dict(reading.fields)
    if reading.is_cancelled:
        return order
    status = sanitize(reading.status, call.redact, 40)
    shown = safe_fields(reading.fields, call.redact)
    if reading.is_listed:
        what = f'the server shows it in status "{status}".'
        error = call.error(OrderNotCancelledError, what, next_step(reading), order=shown)
    else:
        what = f'the server shows it in status "{status}", which the contract does not list.'
        error = call.error(APIResponseValidationError, what, order=shown)
    vars(error)["order"] = order
    raise error


def _telling(outcome: Outcome, not_served: Response | None) -> Outcome:
    """Return the 404 if one path responded with 404 and the other with 405: only the 404 is about the order."""
    tells_less = isinstance(outcome, Response) and outcome.status == 405  # noqa: PLR2004
    return not_served if tells_less and not_served else outcome


def _failure(outcome: Outcome, call: Call, *, timed_out: bool) -> ThanksIOError:
    if isinstance(outcome, NoResponse):
        return _connection_error(outcome, call, timed_out=timed_out)
    kind = status_error(outcome)
    message, excerpt = explain(outcome, call.redact)
    return call.error(
        kind,
        f"the server responded with {outcome.status}{_quoted(sanitize(message, call.redact, 200))}",
        "" if is_refusal(outcome) else _advice_for_page(outcome, kind),
        status_code=outcome.status,
        message=message,
        retry_after=retry_after(outcome),
        body=excerpt,
    )


def _quoted(message: str) -> str:
    """Return the end of a sentence that quotes the server's message, which can be empty or a sentence itself."""
    if not message:
        return "."
    return f': "{message}"' if message.endswith(".") else f': "{message}".'


def _advice_for_page(outcome: Response, kind: type[ThanksIOError]) -> str:
    """Return advice for a 4xx that the API may not have written, empty for other statuses."""
    is_client_error = 400 <= outcome.status < 500  # noqa: PLR2004
    return f"It may come from a proxy or firewall, not from the API. {kind.advice}" if is_client_error else ""


def _connection_error(outcome: NoResponse, call: Call, *, timed_out: bool) -> ThanksIOError:
    kind = APITimeoutError if outcome.timed_out or timed_out else APIConnectionError
    attempts = f"{call.attempts} attempts" if call.attempts > 1 else "1 attempt"
    last = "the last failed because" if call.attempts > 1 else "it failed because"
    advice = f"{outcome.advice} {kind.advice}".strip() if not outcome.is_permanent else outcome.advice
    return call.error(kind, f"no response in {attempts}; {last} {outcome.reason}.", advice, **_if_permanent(outcome))


def _if_permanent(outcome: NoResponse) -> dict[str, object]:
    """Mark failures that a retry cannot fix, so that a run stops."""
    return {"is_permanent": True} if outcome.is_permanent else {}
