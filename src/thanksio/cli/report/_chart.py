"""Place verdicts over time in columns of a chart. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio.cli._finding import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thanksio.bulk import Verdict

HEIGHT = 160  # pixels
_MOST, _LEAST = (
    48,
    12,
)  # columns: at most what fits on a phone, at least enough that one order is not as wide as the page
_SIZES = (60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400)  # seconds; each divides the next
_VISIBLE = 3.0  # pixels of the smallest part: one unknown order among hundreds must be visible


@frozen
class Bar:
    """A part of a column. `x` and `width` are percentages, `y` and `height` are pixels."""

    verdict: Verdict
    x: float
    width: float
    y: float
    height: float
    start: int
    count: int


@frozen
class Chart:
    """The bars, the seconds of a column, the time of both ends, and the orders of the highest column."""

    bars: tuple[Bar, ...]
    size: int
    start: int
    end: int
    highest: int


def chart(minutes: Mapping[int, Counter[Verdict]]) -> Chart | None:
    """Return the chart of the verdicts in each minute, None if there are none."""
    if not minutes:
        return None
    span = max(minutes) - min(minutes) + 60
    size = next((size for size in _SIZES if span <= size * (_MOST - 1)), -(-span // (_MOST - 1)))
    columns: dict[int, Counter[Verdict]] = {}
    for minute, counts in minutes.items():
        columns.setdefault(minute // size * size, Counter()).update(counts)
    start, last = min(columns), max(columns)
    number = max(_LEAST, (last - start) // size + 1)
    highest = max(counts.total() for counts in columns.values())
    bars: list[Bar] = []
    for begin, counts in sorted(columns.items()):
        bars += _column(counts, begin, (begin - start) // size, number, highest)
    return Chart(tuple(bars), size, start, start + number * size, highest)


def _column(counts: Counter[Verdict], start: int, place: int, number: int, highest: int) -> list[Bar]:
    """Return the parts of a column. The largest part gives up the height that makes small parts visible."""
    present: list[Verdict] = [verdict for verdict in VERDICTS if counts[verdict]]
    heights: dict[Verdict, float] = {verdict: counts[verdict] * HEIGHT / highest for verdict in present}
    whole = max(sum(heights.values()), _VISIBLE * len(heights))
    largest: Verdict = max(heights, key=heights.__getitem__)
    shown: dict[Verdict, float] = {verdict: max(_VISIBLE, height) for verdict, height in heights.items()}
    shown[largest] = whole - sum(height for verdict, height in shown.items() if verdict != largest)
    bars: list[Bar] = []
    y, width = float(HEIGHT), 100 / number
    for verdict, height in shown.items():
        y -= height
        bars.append(Bar(verdict, place * width, width * 0.9, y, height, start, counts[verdict]))
    return bars
