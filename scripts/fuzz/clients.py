"""Run a case on a client: as outcomes without a socket, or as bytes from a server; and list what is wrong."""

from __future__ import annotations

import faulthandler
import io
import logging
import math
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from anyio.from_thread import start_blocking_portal

from fuzz.oracle import (
    LETTER,
    TOKEN,
    Ended,
    first_response,
    misjudged,
    misread,
    problems,
    shown_status,
    unread,
    wrong_retries,
)
from fuzz.strategies import ORDER_ID, Bytes, Outcomes
from thanksio import Order, RetryPolicy, ThanksIO
from thanksio._call import Send
from thanksio._verdict import Response
from thanksio.testing import FakeThanksIO, Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thanksio._call import Call, Step
    from thanksio._verdict import Outcome

Judged: TypeAlias = tuple[str, list[str]]  # the name of the result, and everything that is wrong
Entry: TypeAlias = "Callable[[Any], Judged]"
DEADLINE, TIMEOUT = 1.0, 0.15  # seconds of a call through a socket, and of one of its steps
_STUCK = 10.0  # seconds after which the run is ended with a traceback


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Collect what all packages log, except httpcore, whose DEBUG records have the headers of responses."""
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    handler.addFilter(lambda record: record.name.partition(".")[0] != "httpcore")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class ScriptedClient(ThanksIO):
    """A client whose attempts have the given outcomes, and whose waits take no time."""

    def __init__(self, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__(TOKEN, deadline=1000.0, transport=httpx.MockTransport(lambda _: httpx.Response(500)))
        self.outcomes = outcomes
        self.attempts: list[Outcome] = []
        self.time = self.longest_wait = 0.0

    def _now(self) -> float:
        return self.time

    def _random(self) -> float:
        return 0.5

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        self.longest_wait = max(self.longest_wait, seconds)

    def _step(self, call: Call, step: Step) -> Any:  # noqa: ANN401 - what each step returns
        if not isinstance(step, Send):
            return super()._step(call, step)
        self.attempts.append(self.outcomes[min(len(self.attempts), len(self.outcomes) - 1)])
        return self.attempts[-1]


def run_outcomes(log: io.StringIO, case: Outcomes, kind: type[ScriptedClient] = ScriptedClient) -> Judged:
    """Run a case without a socket, where a response that shows the order must be recognized, too."""
    log.truncate(log.seek(0))
    client = kind(case.outcomes)
    result = _result(partial(client.cancel_order, case.order_id))
    last, shown = client.attempts[-1], None
    if isinstance(last, Response):
        shown = shown_status(last.status, last.body, last.headers.get("content-encoding", ""), case.order_id)
    wrong = problems(Ended(result, logs=log.getvalue()), shown, case.order_id, math.inf)
    wrong += [*unread(result, shown), *misjudged(result, client.attempts)]
    wrong += wrong_retries(client.attempts, client.longest_wait)
    wrong += [problem for outcome in case.outcomes for problem in misread(outcome, case.order_id)]
    return type(result).__name__, wrong


def _result(call: Callable[[], Order]) -> object:
    """Return what a call returns or raises."""
    faulthandler.dump_traceback_later(_STUCK, exit=True)
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - also one of another package
        return error
    finally:
        faulthandler.cancel_dump_traceback_later()


def run_bytes(fake: FakeThanksIO, log: io.StringIO, cancel: Callable[[], Order], case: Bytes) -> Judged:
    """Run a case on a client of the fake. The client must work afterwards."""
    order = fake.orders[ORDER_ID]
    order.status, order.placed_at = "reviewing", fake.now
    fake.calls.clear()
    log.truncate(log.seek(0))
    fake.faults(Fault("fuzzed", "sends fuzzed bytes", Truth.IDLE, lambda _: list(case.steps)))
    start = time.monotonic()
    result = _result(cancel)
    seconds = time.monotonic() - start
    fake.recover()
    response = first_response(b"".join(step for step in case.steps if isinstance(step, bytes)))
    wrong = problems(Ended(result, seconds, log.getvalue()), shown_status(*response, ORDER_ID), ORDER_ID, DEADLINE)
    again = _result(cancel)
    fake.check()
    if not isinstance(again, Order) or order.status != "cancelled":
        wrong.append(f"the next call ended in {again!r}")
    return type(result).__name__, wrong


@contextmanager
def entries() -> Iterator[dict[str, Entry]]:
    """Open a client of each kind, by name."""
    with ExitStack() as stack:
        log, portal = stack.enter_context(logged()), stack.enter_context(start_blocking_portal())
        fake = stack.enter_context(FakeThanksIO(token=TOKEN))
        fake.orders[ORDER_ID].fields["message"] = LETTER
        options: Any = {"timeout": TIMEOUT, "deadline": DEADLINE, "retry": RetryPolicy(max_attempts=2)}
        client, async_client = stack.enter_context(fake.client(**options)), fake.async_client(**options)
        stack.callback(portal.call, async_client.aclose)
        yield {
            "outcomes": partial(run_outcomes, log),
            "sync": partial(run_bytes, fake, log, partial(client.cancel_order, ORDER_ID)),
            "async": partial(run_bytes, fake, log, partial(portal.call, async_client.cancel_order, ORDER_ID)),
        }
