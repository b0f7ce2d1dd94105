"""The door of values: the verdict and the course of a call, without a socket."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import httpx
from attrs import define

from fuzzing.cases import Case, Outcome, Values
from fuzzing.oracle import TOKEN, Ended, problems, secrets_in, shown_status
from thanksio import Order, OrderNotCancelledError, ThanksIO, ThanksIOError
from thanksio._retry import retry_after
from thanksio._verdict import EXCERPT, Answer, NoAnswer, explain, read_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fuzzing.logs import Log
    from thanksio._call import Attempt, Call


class Door(Protocol):
    """Lets one case in, and gives what came out: the name of the verdict, and everything that is wrong with it."""

    name: str

    def run(self, case: Case) -> tuple[str, list[str]]:
        """Run one case."""


def result_of(call: Callable[[], Order]) -> object:
    """Give what a call returns or raises, whatever it is."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - what is foreign must be seen
        return error


class Told(ThanksIO):
    """A client whose attempts end as they are told to, and whose waits pass at once."""

    def __init__(self, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__(TOKEN, transport=httpx.MockTransport(lambda _: httpx.Response(500)))
        self.outcomes = outcomes
        self.met: list[Outcome] = []
        self.time = 0.0

    def _now(self) -> float:
        return self.time

    def _random(self) -> float:
        return 0.5

    def _sleep(self, seconds: float) -> None:
        self.time += seconds

    def _attempt(self, _call: Call, _attempt: Attempt) -> Outcome:
        self.met.append(self.outcomes[min(len(self.met), len(self.outcomes) - 1)])
        return self.met[-1]


def _hide(text: str) -> str:
    return text.replace(TOKEN, "[token]")


@define
class ValuesDoor:
    """The verdict and the course of a call, without a socket."""

    log: Log
    client: type[Told] = Told
    name: str = "values"

    def run(self, case: Case) -> tuple[str, list[str]]:
        """Run one case; here, what the bytes show must be seen, too."""
        assert isinstance(case, Values)  # noqa: S101 - for mypy
        client = self.client(case.outcomes)
        result = result_of(lambda: client.cancel_order(case.order_id))
        shown = _shown(client.met[-1], case.order_id)
        wrong = problems(Ended(result, logs=self.log.take()), shown, case.order_id, math.inf)
        if shown is not None and not isinstance(result, Order | OrderNotCancelledError):
            wrong.append(f"the bytes show the order, and the call ended in {result!r}")
        wrong += _doubtful(result, client.met)
        wrong += [problem for outcome in case.outcomes for problem in _misread(outcome, case.order_id)]
        return type(result).__name__, wrong


def _shown(outcome: Outcome, order_id: int) -> str | None:
    if isinstance(outcome, NoAnswer) or outcome.status // 100 != 2:  # noqa: PLR2004 - RFC 9110, section 15.3
        return None
    return shown_status(outcome.body, outcome.headers.get("content-encoding", ""), order_id)


def _doubtful(result: object, met: list[Outcome]) -> Iterator[str]:
    """Compare `may_have_cancelled` with what the README says of it."""
    if not isinstance(result, ThanksIOError):
        return
    doubt = any(map(_is_lost, met)) and not isinstance(result, OrderNotCancelledError)
    if result.may_have_cancelled is not doubt:
        yield f"may_have_cancelled is {result.may_have_cancelled}"


def _is_lost(outcome: Outcome) -> bool:
    if isinstance(outcome, NoAnswer):
        return outcome.sent
    return outcome.status // 100 != 4 or outcome.status in {408, 499}  # noqa: PLR2004 - RFC 9110, section 15.5


def _misread(outcome: Outcome, order_id: int) -> Iterator[str]:
    """Look at the pure functions alone, for a call does not ask each of them about each answer."""
    asked = retry_after(outcome)
    if asked is not None and not 0 <= asked < math.inf:
        yield f"the server is said to have asked to wait {asked} s"
    if isinstance(outcome, Answer):
        read_order(outcome, order_id)
        for text in explain(outcome, _hide):
            yield from secrets_in(text, "explanation")
            if len(text) > EXCERPT or not text.isprintable():
                yield f"an explanation is no short line: {text!r}"
