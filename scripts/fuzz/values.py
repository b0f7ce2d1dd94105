"""The entry of values: the verdict and the steps of a call, without a socket."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from attrs import define

from fuzz.cases import Case, Outcome, Values
from fuzz.oracle import TOKEN, Ended, is_listed, is_refusal, may_show_order, problems, secrets_in, shown_status
from thanksio import APIResponseValidationError, Order, OrderNotCancelledError, ThanksIO, ThanksIOError
from thanksio._call import Send
from thanksio._retry import retry_after
from thanksio._verdict import EXCERPT, NoResponse, Response, explain, read_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fuzz.logs import Log
    from thanksio._call import Call, Step


_MOST_ATTEMPTS = 4  # of a call, those after a 404 or 405 under the other path apart
_LONGEST_WAIT = 120.0  # seconds; rule 3
_REPEATED = frozenset({404, 405, 408, 425, 429})  # and 5xx; rules 2 and 3


class EntryPoint(Protocol):
    """Runs a case, and returns the name of the verdict and everything that is wrong with it."""

    name: str

    def run(self, case: Case) -> tuple[str, list[str]]:
        """Run one case."""


def result_of(call: Callable[[], Order]) -> object:
    """Return what a call returns or raises, whatever it is."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - what is foreign must be seen
        return error


class Told(ThanksIO):
    """A client whose attempts have the outcomes that it is given, and whose waits pass at once."""

    def __init__(self, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__(TOKEN, deadline=1000.0, transport=httpx.MockTransport(lambda _: httpx.Response(500)))
        self.outcomes = outcomes
        self.met: list[Outcome] = []
        self.time = self.longest_wait = 0.0

    def _now(self) -> float:
        return self.time

    def _random(self) -> float:
        return 0.5

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        self.longest_wait = max(self.longest_wait, seconds)

    def _step(self, call: Call, step: Step) -> Any:  # noqa: ANN401 - what each step reports
        if not isinstance(step, Send):
            return super()._step(call, step)
        self.met.append(self.outcomes[min(len(self.met), len(self.outcomes) - 1)])
        return self.met[-1]


def _redact(text: str) -> str:
    return text.replace(TOKEN, "[redacted]")


@define
class ValuesEntry:
    """The verdict and the steps of a call, without a socket."""

    log: Log
    client: type[Told] = Told
    name: str = "values"

    def run(self, case: Case) -> tuple[str, list[str]]:
        """Run one case; at this entry a response that shows the order has to be read as such, too."""
        assert isinstance(case, Values)  # noqa: S101 - for mypy
        client = self.client(case.outcomes)
        result = result_of(lambda: client.cancel_order(case.order_id))
        shown = _shown(client.met[-1], case.order_id)
        wrong = problems(Ended(result, logs=self.log.take()), shown, case.order_id, math.inf)
        wrong += _unread(result, shown)
        wrong += _misjudged(result, client.met)
        wrong += _repeated(client)
        wrong += [problem for outcome in case.outcomes for problem in _misread(outcome, case.order_id)]
        return type(result).__name__, wrong


def _shown(outcome: Outcome, order_id: int) -> str | None:
    if isinstance(outcome, NoResponse) or outcome.status // 100 != 2:  # noqa: PLR2004 - RFC 9110, section 15.3
        return None
    return shown_status(outcome.body, outcome.headers.get("content-encoding", ""), order_id)


def _unread(result: object, shown: str | None) -> Iterator[str]:
    """Check rule 1 where the response shows the order: the order itself says which end of the call is right."""
    if shown is None:
        return
    if not isinstance(result, Order | OrderNotCancelledError if is_listed(shown) else APIResponseValidationError):
        yield f"the bytes show the order, and the call ended in {result!r}"


def _misjudged(result: object, met: list[Outcome]) -> Iterator[str]:
    """Compare `may_have_cancelled` with rules 1, 5 and 7. A refusal that shows a part of an order may be doubted."""
    if not isinstance(result, ThanksIOError) or isinstance(result, OrderNotCancelledError):
        return
    is_unread = isinstance(result, APIResponseValidationError)
    must = is_unread or any(not _is_settled(outcome) for outcome in met)
    may = must or any(isinstance(outcome, Response) and may_show_order(outcome.body) for outcome in met)
    if (must and not result.may_have_cancelled) or (result.may_have_cancelled and not may):
        yield f"may_have_cancelled is {result.may_have_cancelled}"


def _is_settled(outcome: Outcome) -> bool:
    if isinstance(outcome, NoResponse):
        return not outcome.may_have_sent
    return is_refusal(outcome.status, outcome.body, outcome.headers.get("content-encoding", ""))


def _repeated(client: Told) -> Iterator[str]:
    """Check rule 3: what is repeated, how often, and after which waits."""
    for outcome in client.met[:-1]:
        if isinstance(outcome, NoResponse):
            may = not outcome.is_permanent
        else:
            may = outcome.status in _REPEATED or outcome.status // 100 == 5  # noqa: PLR2004 - RFC 9110, section 15.6
        if not may:
            yield f"the attempt was repeated after {outcome!r}"
    if len(client.met) > _MOST_ATTEMPTS + 1:
        yield f"there were {len(client.met)} attempts"
    if client.longest_wait > _LONGEST_WAIT:
        yield f"the call waited {client.longest_wait} s"


def _misread(outcome: Outcome, order_id: int) -> Iterator[str]:
    """Call the pure functions alone, because a call does not ask each of them about each response."""
    asked = retry_after(outcome)
    if asked is not None and not 0 <= asked < math.inf:
        yield f"the server has asked to wait {asked} s"
    if isinstance(outcome, Response):
        read_order(outcome, order_id)
        for text in explain(outcome, _redact):
            yield from secrets_in(text, "explanation")
            if len(text) > EXCERPT or not text.isprintable():
                yield f"an explanation is no short line: {text!r}"
