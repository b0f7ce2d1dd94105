"""Send hostile responses to the client for a while, and stop at the first wrong result."""

from __future__ import annotations

import argparse
import faulthandler
import io
import logging
import math
import random
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz import oracle
from fuzz.oracle import LETTER, TOKEN, Ended
from fuzz.strategies import ORDER_ID, Bytes, Outcomes, outcomes, wire
from thanksio import Order, RetryPolicy, ThanksIO, errors
from thanksio._call import Send
from thanksio._verdict import Response
from thanksio.testing import FakeThanksIO, Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

    from fuzz.strategies import Case
    from thanksio._call import Call, Step
    from thanksio._verdict import Outcome

Judged: TypeAlias = tuple[str, list[str]]  # the name of the result, and everything that is wrong
Entry: TypeAlias = "Callable[[Any], Judged]"
DEADLINE, TIMEOUT = 1.0, 0.15  # seconds of a call through a socket, and of one of its steps
_STUCK = 10.0  # seconds after which the run is ended with a traceback
Counts: TypeAlias = dict[str, Counter[str]]  # results by entry and name
_CASES: dict[str, tuple[SearchStrategy[Case], int]] = {  # of a batch, after which the clock is checked
    "outcomes": (outcomes, 400),  # these take no time
    "sync": (wire(), 50),
    "async": (wire(), 50),
}
_ROUNDS = 3  # at least, so that every result occurs on a slow machine, too
REQUIRED = ("Order", "OrderNotCancelledError", "APIResponseValidationError", "APIConnectionError")
_STATUS_ERRORS = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.APIStatusError)}
_SEVERAL = 5  # of them


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
        shown = oracle.shown_status(last.status, last.body, last.headers.get("content-encoding", ""), case.order_id)
    wrong = oracle.problems(Ended(result, logs=log.getvalue()), shown, case.order_id, math.inf)
    wrong += [*oracle.unread(result, shown), *oracle.misjudged(result, client.attempts)]
    wrong += oracle.wrong_retries(client.attempts, client.longest_wait)
    wrong += [problem for outcome in case.outcomes for problem in oracle.misread(outcome, case.order_id)]
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
    response = oracle.first_response(b"".join(step for step in case.steps if isinstance(step, bytes)))
    wrong = oracle.problems(
        Ended(result, seconds, log.getvalue()), oracle.shown_status(*response, ORDER_ID), ORDER_ID, DEADLINE
    )
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


class WrongError(AssertionError):
    """A result is wrong; the text has the case, to paste into a test."""


def batch(entry: Entry, cases: SearchStrategy[Case], examples: int, number: int) -> Counter[str]:
    """Run a batch of cases with a seed, and count the results; raise WrongError with the smallest case that fails."""
    counts: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        report_multiple_bugs=False,
    )
    @given(cases)
    def run(case: Case) -> None:
        try:
            name, problems = entry(case)
        except Exception as error:  # noqa: BLE001 - raised by a function that was called alone
            name, problems = "", [f"it raised {error!r}"]
        if problems:
            wrong = "\n  ".join(dict.fromkeys(problems))
            raise WrongError(f"  {wrong}\n\nThe smallest case, to paste into a test:\n\n{case.paste()}")
        counts[name] += 1

    run()
    return counts


def fuzz(seconds: float, number: int) -> Counts:
    """Run batches on each entry in turn until the time is over, and count the results by entry and name."""
    start, rounds = time.monotonic(), 0
    counts: Counts = {name: Counter() for name in _CASES}
    with entries() as opened:
        while rounds < _ROUNDS or time.monotonic() - start < seconds:
            for index, (name, (cases, examples)) in enumerate(_CASES.items()):
                counts[name] += batch(opened[name], cases, examples, (number << 32) + len(_CASES) * rounds + index)
            rounds += 1
            done = ", ".join(f"{name} {found.total():,}" for name, found in counts.items())
            print(f"{time.monotonic() - start:4.0f} s: {done}", flush=True)
    return counts


def missing(counts: Counts) -> list[str]:
    """Return the results that did not occur: a run with few kinds of results has tested little."""
    found = [f"{name}, {entry}" for entry, names in counts.items() for name in REQUIRED if name not in names]
    kinds = _STATUS_ERRORS & set[str]().union(*counts.values())
    return found if len(kinds) >= _SEVERAL else [*found, f"{_SEVERAL} kinds of APIStatusError"]


def main() -> int:
    """Fuzz for the given time; return 1 if a result is wrong, or if too few kinds of results occurred."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats a run")
    options = parser.parse_args()
    print(f"Fuzzing for {options.seconds:g} s; --seed {options.seed} repeats the same cases.", flush=True)
    try:
        counts = fuzz(options.seconds, options.seed)
    except (WrongError, ExceptionGroup) as error:  # Hypothesis groups the errors of a case that fails only sometimes
        print("A result is wrong:", *getattr(error, "exceptions", (error,)), sep="\n")
        return 1
    for name, found in counts.items():
        print(f"{name}:", *(f"{count:8,} {kind}" for kind, count in found.most_common()), sep="\n")
    if absent := missing(counts):
        print("The run tested too little. These results did not occur:", *absent, sep="\n  ")
        return 1
    print("No wrong result.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
