"""Put verdicts into columns of time that fit a picture, in constant memory however long the run was. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thanksio.bulk import Verdict

# Seconds; each divides the next. A minute at least: a limit is of a minute, and within one it is used in a burst.
SIZES = (60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400)
GAP = 13  # a pause that is left out takes the room of so many columns, when columns are as narrow as they get
_HELD = 2000  # columns in memory; more than any picture has, so that what is merged here would be merged there, too
_PAUSE = 300  # seconds without a verdict that may be left out: longer than any window of a limit
_EMPTY = 12  # and so many columns, so that a pause which is cheap to show is shown


@define
class Column:
    """What was decided from `start` on, and how many requests a minute the account then allowed, if that is known."""

    start: int
    counts: Counter[Verdict] = field(factory=Counter["Verdict"])
    allowed: int | None = None
    heard: float = float("-inf")  # when that was known

    def take(self, other: Column) -> None:
        """Add what another column counted."""
        self.counts.update(other.counts)
        if other.allowed is not None and other.heard >= self.heard:
            self.allowed, self.heard = other.allowed, other.heard


@frozen
class Stretches:
    """Columns of `size` seconds, side by side but for the long pauses between the stretches."""

    size: int
    stretches: list[list[Column]]

    @property
    def columns(self) -> list[Column]:
        """All columns, the empty ones included."""
        return [column for stretch in self.stretches for column in stretch]


@define
class Timeline:
    """Verdicts as they are read, in any order."""

    size: int = SIZES[0]
    _columns: dict[int, Column] = field(factory=dict[int, Column])

    def add(self, verdict: Verdict, moment: float, allowed: int | None) -> None:
        """Count one verdict."""
        start = int(moment // self.size * self.size)
        column = Column(start, Counter({verdict: 1}), allowed, moment)
        self._columns.setdefault(start, Column(start)).take(column)
        if len(self._columns) > _HELD:
            self.size = _larger(self.size)
            self._columns = _merged(self._columns, self.size)

    def fitted(self, most: int) -> Stretches:
        """Give the columns of the smallest size at which they fit into the room of `most`."""
        size, columns = self.size, self._columns
        while _room(parts := _parts(columns, size), size) > most:
            size = _larger(size)
            columns = _merged(columns, size)
        stretches = [_filled(columns, part, size) for part in parts]
        if stretches:
            _pad(stretches[-1], most // 12 - _room(parts, size), size)
        return Stretches(size, stretches)


def _larger(size: int) -> int:
    return next((larger for larger in SIZES if larger > size), 2 * size)


def _merged(columns: Mapping[int, Column], size: int) -> dict[int, Column]:
    merged: dict[int, Column] = {}
    for column in columns.values():
        start = column.start // size * size
        merged.setdefault(start, Column(start)).take(column)
    return merged


def _parts(columns: Mapping[int, Column], size: int) -> list[tuple[int, int]]:
    """Give the first and the last start of each stretch between the pauses that are left out."""
    starts = sorted(columns)
    pause = max(_PAUSE, _EMPTY * size)
    breaks = [(before, after) for before, after in pairwise(starts) if after - before - size >= pause]
    firsts = starts[:1] + [after for _, after in breaks]
    lasts = [before for before, _ in breaks] + starts[-1:]
    return list(zip(firsts, lasts, strict=True))


def _room(parts: list[tuple[int, int]], size: int) -> int:
    return sum((last - first) // size + 1 for first, last in parts) + GAP * (len(parts) - 1)


def _filled(columns: Mapping[int, Column], part: tuple[int, int], size: int) -> list[Column]:
    """Put empty columns where nothing was decided; what was allowed last is allowed on."""
    filled: list[Column] = []
    allowed: int | None = None
    for start in range(part[0], part[1] + size, size):
        column = columns.get(start, Column(start))
        allowed = allowed if column.allowed is None else column.allowed
        filled.append(Column(start, column.counts, allowed))
    return filled


def _pad(stretch: list[Column], missing: int, size: int) -> None:
    """Let time go on after a short run, so that one order does not become a column as wide as the page."""
    stretch += [Column(stretch[-1].start + size * number) for number in range(1, missing + 1)]
