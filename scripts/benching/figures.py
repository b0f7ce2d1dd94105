"""Turn samples into figures: medians, quartiles, ratios of the same round, and whether a goal is met. Pure."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, TypeAlias

from attrs import Factory, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Samples: TypeAlias = Mapping[str, Sequence[float | None]]  # seconds, one for each round; None where it failed


@frozen
class Spread:
    """The median of some figures, and their quartiles."""

    median: float
    low: float
    high: float


def spread(figures: Iterable[float | None]) -> Spread | None:
    """Return the median and the quartiles of the figures that are not None; None if there are none."""
    there = sorted(figure for figure in figures if figure is not None)
    if not there:
        return None
    if len(there) == 1:
        return Spread(there[0], there[0], there[0])
    low, median, high = statistics.quantiles(there, n=4, method="inclusive")
    return Spread(median, low, high)


def _paired(
    how: Callable[[float, float], float], ones: Iterable[float | None], others: Iterable[float | None]
) -> list[float]:
    pairs = zip(ones, others, strict=True)
    return [how(one, other) for one, other in pairs if one is not None and other is not None]


def ratios(ones: Iterable[float | None], others: Iterable[float | None]) -> list[float]:
    """Divide round by round, so that what slowed a whole round slows neither side of a ratio."""
    return _paired(lambda one, other: one / other, ones, others)


def differences(ones: Iterable[float | None], others: Iterable[float | None]) -> list[float]:
    """Subtract round by round."""
    return _paired(lambda one, other: one - other, ones, others)


@frozen
class Table:
    """What was measured side by side: one figure of each contender for each round.

    `bases` are those that the others are divided by, `net_of` the one that is subtracted from them. `more` holds
    further columns, and `absent` says why a contender is missing.
    """

    section: str
    title: str
    unit: str
    samples: Samples
    bases: tuple[str, ...] = ()
    net_of: str = ""
    more: Mapping[str, Mapping[str, float]] = Factory(dict)
    absent: Mapping[str, str] = Factory(dict)
    in_flight: int = 0

    def ratio(self, one: str, other: str) -> Spread | None:
        """Return how many times as long one takes as another."""
        if one not in self.samples or other not in self.samples:
            return None
        return spread(ratios(self.samples[one], self.samples[other]))

    def net(self, one: str, other: str) -> Spread | None:
        """Return how much longer one takes than another."""
        if one not in self.samples or other not in self.samples:
            return None
        return spread(differences(self.samples[one], self.samples[other]))


@frozen
class Bulk:
    """What an order of many costs on an instant transport, in seconds, beside a single call in the same process."""

    ids: int
    kind: str
    journal: bool
    total: float
    single: float
    own: float
    peak: float  # MB

    @property
    def name(self) -> str:
        """Return which run of orders this was."""
        return f"{self.ids:,} {self.kind}{', journal' if self.journal else ''}"


@frozen
class Results:
    """All that a run has measured."""

    tables: Sequence[Table] = ()
    bulks: Sequence[Bulk] = ()

    def table(self, section: str, in_flight: int = 0) -> Table | None:
        """Find a table, if its section was run."""
        found = (table for table in self.tables if table.section == section and table.in_flight == in_flight)
        return next(found, None)

    def plain(self) -> list[Bulk]:
        """Return the bulk runs of the sync client without a journal, the smallest first."""
        return sorted((one for one in self.bulks if one.kind == "sync" and not one.journal), key=lambda one: one.ids)


@frozen
class Goal:
    """A bound for a figure."""

    text: str
    bound: float
    measure: Callable[[Results], float | None]
    at_most: bool = True
    unit: str = "x"


@frozen
class Judged:
    """A goal and what was measured; `met` is None if nothing was."""

    goal: Goal
    figure: float | None

    @property
    def met(self) -> bool | None:
        """Return whether the figure is within the bound; None if nothing was measured."""
        if self.figure is None:
            return None
        return self.figure <= self.goal.bound if self.goal.at_most else self.figure >= self.goal.bound


def judged(goals: Iterable[Goal], results: Results) -> list[Judged]:
    """Compare the results with the goals."""
    return [Judged(goal, goal.measure(results)) for goal in goals]
