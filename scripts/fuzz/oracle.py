"""What must hold for every call, whatever a server sent: a true result, within the deadline, without secrets."""

from __future__ import annotations

import copy
import json
import math
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

import thanksio
from fuzz.parse import is_cancelled, is_listed, is_refusal, may_show_order
from thanksio import APIResponseValidationError, Order, OrderNotCancelledError, ThanksIOError
from thanksio._retry import retry_after
from thanksio._verdict import EXCERPT, NoResponse, explain, read_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thanksio._verdict import Outcome

TOKEN = "tk-0123456789-secret"  # noqa: S105 - only the fake accepts it
LETTER = "Dear Jane, nobody else may read this"
LONGEST_TEXT = 1000  # characters of an error's text
SLACK = 0.5  # seconds that a call may outlive its deadline
_MOST_ATTEMPTS = 5  # four of a call, and one under the other path after a 404 or 405
_LONGEST_WAIT = 120.0  # seconds; rule 3
_RETRIED = (404, 405, 408, 425, 429)  # and 5xx; rules 2 and 3


@frozen
class Ended:
    """The end of a call: what it returned or raised, after how many seconds, and what was logged meanwhile."""

    result: object
    seconds: float = 0.0
    logs: str = ""


def problems(ended: Ended, shown: str | None, order_id: int, deadline: float) -> list[str]:
    """List what is wrong with the end of a call; `shown` is the status in which the bytes show the order."""
    wrong = [*_untrue(ended.result, shown, order_id), *_leaks(ended)]
    if ended.seconds > deadline + SLACK:
        wrong.append(f"the call took {ended.seconds:.2f} s, and its deadline was {deadline} s")
    return [*wrong, *_changed_copies(ended.result)] if isinstance(ended.result, ThanksIOError) else wrong


def _untrue(result: object, shown: str | None, order_id: int) -> Iterator[str]:
    if isinstance(result, Order):
        if not is_cancelled(shown) or (type(result.id), result.id) != (int, order_id):
            yield f"order {order_id} was returned as cancelled, and the bytes do not show that"
    elif isinstance(result, OrderNotCancelledError):
        if shown is None or is_cancelled(shown) or not is_listed(shown):
            yield "the error is OrderNotCancelledError, and the bytes do not show that"
        if result.may_have_cancelled:
            yield "may_have_cancelled is True although the order was shown"
    elif isinstance(result, APIResponseValidationError):
        if result.order is not None and (shown is None or is_listed(shown)):
            yield "the error has an order in an unlisted status, and the bytes do not show that"
        if not result.may_have_cancelled:
            yield "may_have_cancelled is False although nothing is known"
    elif not isinstance(result, ThanksIOError):
        yield f"the call ended in {result!r}"


def _changed_copies(error: ThanksIOError) -> Iterator[str]:
    """Check rule 12: an error that is pickled, copied or created from its args is equal."""
    copies = {
        "pickle": pickle.loads(pickle.dumps(error)),  # noqa: S301 - it was pickled here
        "copy": copy.copy(error),
        "error created from its args": type(error)(*json.loads(json.dumps(error.args))),
    }
    for name, other in copies.items():
        if (str(other), other.may_have_cancelled) != (str(error), error.may_have_cancelled):
            yield f"the {name} is {other!r} with may_have_cancelled={other.may_have_cancelled}"


def _leaks(ended: Ended) -> Iterator[str]:
    texts = {"str": str(ended.result), "repr": repr(ended.result), "logs": ended.logs}
    if isinstance(error := ended.result, Exception):
        if len(texts["str"]) >= LONGEST_TEXT:
            yield f"the text of the error has {len(texts['str'])} characters"
        chained = [other for other in (error.__cause__, error.__context__) if other]
        pickled = pickle.dumps(error)
        texts |= {
            "pickle": pickled.decode("latin-1"),
            "copy": "{0!r} {0!s}".format(pickle.loads(pickled)),  # noqa: S301 - it was pickled here
            "cause": repr(chained),
            "traceback": "\n".join(text for one in (error, *chained) for text in _locals(one)),
        }
    for place, text in texts.items():
        yield from secrets_in(text, place)


def _locals(error: BaseException) -> Iterator[str]:
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).is_relative_to(Path(thanksio.__file__).parent):
            yield repr(frame.f_locals)


def secrets_in(text: str, place: str) -> Iterator[str]:
    """Yield each secret that a text contains."""
    for secret, name in ((TOKEN, "token"), (LETTER, "letter")):
        if secret in text:
            yield f"the {name} is in the {place}"


def unread(result: object, shown: str | None) -> Iterator[str]:
    """Check rule 1: if the last response shows the order, its status decides the result."""
    allowed = Order | OrderNotCancelledError if is_listed(shown or "") else APIResponseValidationError
    if shown is not None and not isinstance(result, allowed):
        yield f"the bytes show the order, and the call ended in {result!r}"


def misjudged(result: object, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Check `may_have_cancelled` by rules 1, 5 and 7. It may be True after a refusal that shows a part of an order."""
    if not isinstance(result, ThanksIOError) or isinstance(result, OrderNotCancelledError):
        return
    must = isinstance(result, APIResponseValidationError) or not all(map(_proves_nothing_cancelled, outcomes))
    may = must or any(may_show_order(outcome.body) for outcome in outcomes if not isinstance(outcome, NoResponse))
    if (must and not result.may_have_cancelled) or (result.may_have_cancelled and not may):
        yield f"may_have_cancelled is {result.may_have_cancelled}"


def _proves_nothing_cancelled(outcome: Outcome) -> bool:
    if isinstance(outcome, NoResponse):
        return not outcome.may_have_sent
    return is_refusal(outcome.status, outcome.body, outcome.headers.get("content-encoding", ""))


def wrong_retries(outcomes: Sequence[Outcome], longest_wait: float) -> Iterator[str]:
    """Check rule 3: after which outcomes, how often and after which waits a call makes another attempt."""
    for outcome in outcomes[:-1]:
        if isinstance(outcome, NoResponse):
            may_retry = not outcome.is_permanent
        else:
            may_retry = outcome.status in _RETRIED or outcome.status // 100 == 5  # noqa: PLR2004 - RFC 9110, 15.6
        if not may_retry:
            yield f"there was another attempt after {outcome!r}"
    if len(outcomes) > _MOST_ATTEMPTS:
        yield f"there were {len(outcomes)} attempts"
    if longest_wait > _LONGEST_WAIT:
        yield f"the call waited {longest_wait} s"


def misread(outcome: Outcome, order_id: int) -> Iterator[str]:
    """Call the pure functions alone, because a call does not pass each outcome to each of them."""
    seconds = retry_after(outcome)
    if seconds is not None and not 0 <= seconds < math.inf:
        yield f"the server's wait was read as {seconds} s"
    if not isinstance(outcome, NoResponse):
        read_order(outcome, order_id)
        for text in explain(outcome, lambda text: text.replace(TOKEN, "[redacted]")):
            yield from secrets_in(text, "explanation")
            if len(text) > EXCERPT or not text.isprintable():
                yield f"an explanation is not a short line: {text!r}"
