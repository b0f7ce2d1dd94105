"""The entry_points for hostile responses: as values, and through a socket to the sync and the async client."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from anyio.from_thread import start_blocking_portal
from attrs import define

from fuzz.cases import ORDER_ID, Bytes, Case
from fuzz.logs import Log, logged
from fuzz.oracle import LETTER, TOKEN, Ended, first_answer, problems, shown_status
from fuzz.values import EntryPoint, ValuesEntry, result_of
from thanksio import Order, RetryPolicy
from thanksio.testing import FakeThanksIO, Fault
from thanksio.testing.faults import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


DEADLINE, TIMEOUT = 1.0, 0.15  # seconds of a call through a socket, and of one of its steps
_STUCK = 6.0  # seconds after which a call is ended from outside


@define
class SocketEntry:
    """A client of the fake, which sends any bytes; afterwards the client must still work."""

    name: str
    fake: FakeThanksIO
    log: Log
    cancel: Callable[[int], Order]

    def run(self, case: Case) -> tuple[str, list[str]]:
        """Run one case."""
        assert isinstance(case, Bytes)  # noqa: S101 - for mypy
        self._renew()
        self.fake.faults(Fault("fuzzed", "sends fuzzed bytes", Truth.IDLE, case.respond))
        start = time.monotonic()
        result = _limited(lambda: self.cancel(ORDER_ID))
        seconds = time.monotonic() - start
        self.fake.recover()
        status, encoding, body = first_answer(b"".join(case.pieces))
        shown = shown_status(body, encoding, ORDER_ID) if status // 100 == 2 else None  # noqa: PLR2004
        wrong = problems(Ended(result, seconds, self.log.take()), shown, ORDER_ID, DEADLINE)
        return type(result).__name__, [*wrong, *self._unusable()]

    def _renew(self) -> None:
        """Make the order as it was, and forget what was received, or a long run would remember all of it."""
        order = self.fake.orders[ORDER_ID]
        order.status, order.placed_at = "reviewing", self.fake.now
        self.fake.calls.clear()
        self.log.take()

    def _unusable(self) -> Iterator[str]:
        result = _limited(lambda: self.cancel(ORDER_ID))
        self.fake.check()
        if not isinstance(result, Order) or self.fake.orders[ORDER_ID].status != "cancelled":
            yield f"afterwards the client gives {result!r}"


class _StuckError(BaseException):
    """A call did not end by itself. No Exception, or the client would take it for one of its transport's."""


def _limited(call: Callable[[], Order]) -> object:
    """Return what a call returns or raises, and end one that is stuck."""
    signal.setitimer(signal.ITIMER_REAL, _STUCK)
    try:
        return result_of(call)
    except _StuckError as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise _StuckError


@contextmanager
def entry_points() -> Iterator[list[EntryPoint]]:
    """Open all of them."""
    retry = RetryPolicy(max_attempts=2)
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, _give_up))
        log, portal = stack.enter_context(logged()), stack.enter_context(start_blocking_portal())
        fake = stack.enter_context(FakeThanksIO(token=TOKEN))
        fake.orders[ORDER_ID].fields["message"] = LETTER
        client = stack.enter_context(fake.client(timeout=TIMEOUT, deadline=DEADLINE, retry=retry))
        other = fake.async_client(timeout=TIMEOUT, deadline=DEADLINE, retry=retry)
        stack.callback(portal.call, other.aclose)
        yield [
            ValuesEntry(log),
            SocketEntry("sync", fake, log, client.cancel_order),
            SocketEntry("async", fake, log, lambda order_id: portal.call(other.cancel_order, order_id)),
        ]
