"""The source of a run's orders, and where their results are kept: the caller's iterable, or a journal."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import define, field

from thanksio._call import parse_order_id
from thanksio.bulk._journal import Journal
from thanksio.bulk._results import CancelResult, from_row, to_row
from thanksio.bulk._run import Job
from thanksio.bulk._window import is_time, read_time
from thanksio.errors import ConfigurationError, InvalidOrderIdError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Iterator

    from thanksio._models import Order

OrderId: TypeAlias = int | str
Given: TypeAlias = "OrderId | tuple[OrderId, object]"

JournalPath: TypeAlias = "str | os.PathLike[str] | Journal"

_CHUNK = 1000  # orders that are written in one step


class Source(Protocol):
    """Orders to be sent, one after another."""

    can_block: bool  # on a disk

    @abstractmethod
    def load(self) -> Iterator[list[CancelResult]]:
        """Prepare step by step, and yield the results that are known without sending anything."""

    @abstractmethod
    def next(self) -> Job | None:
        """Return the next order."""

    @abstractmethod
    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Keep the result of an order."""

    @abstractmethod
    def rest(self) -> Iterator[Job]:
        """Yield the orders that were not sent."""

    @abstractmethod
    def end(self) -> None:
        """Record that nothing more is sent."""


@define
class IterableSource:
    """The orders in the sequence of the caller's iterable; no result is kept."""

    orders: Iterator[Given]
    can_block: bool = field(default=False, init=False)

    def load(self) -> Iterator[list[CancelResult]]:
        """Yield nothing: no result is known."""
        return iter(())

    def next(self) -> Job | None:
        """Return the next order."""
        return next(self.rest(), None)

    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Keep nothing."""

    def rest(self) -> Iterator[Job]:
        """Yield the orders that were not reached."""
        return (Job(_pair(given)[0]) for given in self.orders)

    def end(self) -> None:
        """Do nothing."""


def _pair(given: Given) -> tuple[OrderId, object]:
    """Return the number and the time; anything that is not a pair is returned as an id, which is then invalid."""
    if isinstance(given, tuple) and len(given) == 2:  # noqa: PLR2004 - a pair has two
        return given
    return given, None


@define
class JournalSource:
    """The orders of a journal: each once, the earliest end of a cancellation window first."""

    orders: Iterator[Given]
    journal: Journal
    make_order: Callable[[dict[str, Any]], Order]
    contract: str  # its version
    can_block: bool = field(default=True, init=False)

    def load(self) -> Iterator[list[CancelResult]]:
        """Write all orders, and yield the results of invalid ones, then those that earlier runs have settled."""
        with self.journal.loading():
            while chunk := list(islice(self.orders, _CHUNK)):
                usable, unusable = _sorted_out(chunk)
                self.journal.add(usable)
                yield unusable
        for row in self.journal.settled_before():
            yield [from_row(row, self.make_order)]

    def next(self) -> Job | None:
        """Return the next order, once the journal has it as in flight."""
        return self.journal.next()

    def settle(self, result: CancelResult, allowed: int | None) -> None:
        """Write the result."""
        self.journal.settle(to_row(result, decided=time.time(), allowed=allowed, contract=self.contract))

    def rest(self) -> Iterator[Job]:
        """Yield the orders of this run that were not sent."""
        return self.journal.left()

    def end(self) -> None:
        """Write that the run has ended."""
        self.journal.end()


@contextmanager
def opened(
    orders: Iterator[Given],
    journal: JournalPath | None,
    base_url: str,
    make_order: Callable[[dict[str, Any]], Order],
    contract: str,
) -> Generator[Source]:
    """Open the journal, if there is one, for the duration of a run; a journal that the caller opened stays open."""
    if journal is None:
        yield IterableSource(orders)
    elif isinstance(journal, Journal):
        yield JournalSource(orders, journal, make_order, contract)
    else:
        with Journal(journal, base_url) as own:
            yield JournalSource(orders, own, make_order, contract)


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
        raise ConfigurationError(f"The time of order {order_id} {error}. Nothing was sent.") from None
