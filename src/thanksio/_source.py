"""Where the orders of a run come from, and where their verdicts go: what the caller gave, or a journal."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import define, field

from thanksio import errors
from thanksio._call import parse_order_id
from thanksio._hour import is_time, read_time
from thanksio._journal import MAX_CENTS, Entry, Journal
from thanksio.bulk import CancelResult, Work, is_settled
from thanksio.errors import APIStatusError, ConfigurationError, InvalidOrderIdError, OrderNotCancelledError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Iterator

    from thanksio._models import Order
    from thanksio.errors import ThanksIOError

OrderId: TypeAlias = int | str
Given: TypeAlias = "OrderId | tuple[OrderId, object]"

JournalPath: TypeAlias = "str | os.PathLike[str] | Journal"

_CHUNK = 1000
_WORDS = 500  # characters of an error that a journal keeps


class Source(Protocol):
    """Orders to be sent, one after another."""

    can_block: bool  # on a disk

    @abstractmethod
    def load(self) -> Iterator[list[CancelResult]]:
        """Prepare step by step, and give the results that are known without sending anything."""

    @abstractmethod
    def next(self) -> Work | None:
        """Give the order whose turn it is."""

    @abstractmethod
    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Take what came of an order."""

    @abstractmethod
    def rest(self) -> Iterator[Work]:
        """Give the orders that were not sent."""

    @abstractmethod
    def end(self) -> None:
        """Take note that nothing more is sent."""


@define
class Plain:
    """The orders as they were given; nothing is remembered of them."""

    orders: Iterator[Given]
    can_block: bool = field(default=False, init=False)

    def load(self) -> Iterator[list[CancelResult]]:
        """Nothing is known."""
        return iter(())

    def next(self) -> Work | None:
        """Give the next one."""
        return next((Work(_pair(given)[0]) for given in self.orders), None)

    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Nothing is kept."""

    def rest(self) -> Iterator[Work]:
        """Give those that were not reached."""
        return (Work(_pair(given)[0]) for given in self.orders)

    def end(self) -> None:
        """Nothing is open."""


def _pair(given: Given) -> tuple[OrderId, object]:
    """Give the number and the time; what is no pair stands for itself, and is no number."""
    if isinstance(given, tuple) and len(given) == 2:  # noqa: PLR2004 - a pair has two
        return given
    return given, None


@define
class Kept:
    """The orders as a journal keeps them: each once, the earliest end of its hour first."""

    orders: Iterator[Given]
    journal: Journal
    make_order: Callable[[dict[str, Any]], Order]
    contract: str  # its version
    can_block: bool = field(default=True, init=False)

    def load(self) -> Iterator[list[CancelResult]]:
        """Write all orders down, give those that are none, and then those that earlier runs have settled."""
        with self.journal.loading():
            while chunk := list(islice(self.orders, _CHUNK)):
                usable, unusable = _sorted_out(chunk)
                self.journal.add(usable)
                yield unusable
        for entry in self.journal.settled_before():
            yield [_remembered(entry, self.make_order)]

    def next(self) -> Work | None:
        """Give the order whose turn it is, once the journal says that it is being sent."""
        return self.journal.next()

    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Write the verdict down."""
        self.journal.settle(_entry(result, allowed, self.contract))

    def rest(self) -> Iterator[Work]:
        """Give those that the journal still holds for this run."""
        return self.journal.left()

    def end(self) -> None:
        """Write down that the run is over."""
        self.journal.end()


@contextmanager
def opened(
    orders: Iterator[Given],
    journal: JournalPath | None,
    base_url: str,
    make_order: Callable[[dict[str, Any]], Order],
    contract: str,
) -> Generator[Source]:
    """Open the journal, if there is one, for as long as a run goes on; one that the caller has opened stays open."""
    if journal is None:
        yield Plain(orders)
    elif isinstance(journal, Journal):
        yield Kept(orders, journal, make_order, contract)
    else:
        with Journal(journal, base_url) as own:
            yield Kept(orders, own, make_order, contract)


def _sorted_out(chunk: Iterable[Given]) -> tuple[list[tuple[int, float | None]], list[CancelResult]]:
    usable: list[tuple[int, float | None]] = []
    unusable: list[CancelResult] = []
    for given in chunk:
        order_id, placed = _pair(given)
        try:
            usable.append((parse_order_id(order_id), _placed(order_id, placed)))
        except InvalidOrderIdError as error:
            unusable.append(CancelResult(order_id, "not_tried", error=error))
    return usable, unusable


def _placed(order_id: OrderId, value: object) -> float | None:
    if is_time(value):
        return float(value)
    try:
        return read_time(value)
    except ValueError as error:
        what = f"What is said of when order {order_id} was placed {error}. Nothing was sent."
        raise ConfigurationError(what) from None


def _entry(result: CancelResult, allowed: int | None, contract: str) -> Entry:
    error = result.error
    return Entry(
        order_id=int(result.order_id),
        state=result.verdict,
        placed=None,
        closes=None,
        attempts=result.attempts,
        seconds=result.seconds,
        first_sent=None,
        sent=None,
        decided=time.time(),
        status=status_of(result),
        kind=type(error).__name__ if error else "",
        error=str(error)[:_WORDS] if error else "",
        cents=cents_of(result),
        allowed=allowed,
        contract=contract,
        settled=is_settled(result),
    )


def cents_of(result: CancelResult) -> int | None:
    """Return the US cents that were authorized for an order, None if the server did not say, or not plausibly."""
    cents = getattr(result.order, "authorization_total", None)
    return cents if type(cents) is int and 0 <= cents <= MAX_CENTS else None


def status_of(result: CancelResult) -> str:
    """Give the order's own word, or the HTTP status that came in its place; empty if nothing came."""
    error = result.error
    if isinstance(error, OrderNotCancelledError):
        return error.status
    return str(error.status_code) if isinstance(error, APIStatusError) else "cancelled" if error is None else ""


def _remembered(entry: Entry, make_order: Callable[[dict[str, Any]], Order]) -> CancelResult:
    """Make the result of an order anew from what the journal says; of the order itself it holds the facts alone."""
    order, error = None, None
    if entry.state in {"cancelled", "not_cancelled"}:
        cents = {} if entry.cents is None else {"authorization_total": entry.cents}
        order = make_order({"id": entry.order_id, "status": entry.status} | cents)
    if entry.kind:
        error = _error(entry, order)
    state: Any = entry.state
    return CancelResult(entry.order_id, state, order, error, entry.attempts, entry.seconds)


def _error(entry: Entry, order: Order | None) -> ThanksIOError:
    facts: dict[str, object] = {"attempts": entry.attempts, "may_have_cancelled": False}
    if order is not None:
        return OrderNotCancelledError(entry.error, facts | {"order": order.to_dict()})
    return errors.CancellationRefusedError(entry.error, facts | {"status_code": int(entry.status or 0)})
