"""Draw verdicts over time against the rate that was allowed, as SVG that needs no script. Pure."""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio.cli.report._summary import FIRST, NAMES
from thanksio.cli.report._timeline import SIZES
from thanksio.cli.report._words import clock, day, duration, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thanksio.bulk import Verdict
    from thanksio.cli.report._timeline import Column, Stretches

_TOP, _BOTTOM, _RIGHT, _LEFT = 40, 46, 12, 34.0  # room for words around the plot
_DIGIT = 7.8  # width of the widest digit in the font that the style sets, rounded up
_LEAST = 4.0  # height of the smallest part of a column: one unknown order among hundreds must be seen
_LABEL = 74.0  # between two times on the axis, at least
_PAUSE = 80.0  # width of a pause that is left out, with its length in words
_STEPS = sorted({*SIZES, 10, 120, 600, 7200, 14400})


@frozen
class _Plot:
    """Where things are: `pitch` is the width of a column's place, `scale` the height of one order."""

    width: int
    height: int
    left: float
    pitch: float
    step: int
    ticks: int

    @property
    def base(self) -> int:
        return self.height - _BOTTOM

    @property
    def scale(self) -> float:
        return (self.base - _TOP) / (self.step * self.ticks)

    def y(self, value: float) -> float:
        return self.base - value * self.scale


def picture(shown: Stretches, began: list[float], *, width: int, height: int, name: str) -> str:
    """Draw columns of verdicts and the line of what was allowed; `began` are the times at which runs began."""
    plot = _plot(shown, width, height)
    places = list(_places(shown, plot))
    return (
        f'<svg class="{name}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">Verdicts over time, and the requests allowed</title>'
        f'<desc id="{name}-d">{_described(shown)}</desc>'
        f'<text x="0" y="14">Orders and requests in {duration(shown.size)}</text>'
        + "".join(_grid(plot))
        + "".join(_pauses(shown, places, plot))
        + "".join(_column(column, x, plot) for stretch in places for column, x in stretch)
        + "".join(_starts(began, places, shown.size, plot))
        + _allowed(shown, places, plot)
        + "".join(_times(shown, places, plot))
        + "</svg>"
    )


def _plot(shown: Stretches, width: int, height: int) -> _Plot:
    columns = shown.columns
    highest = max(max(column.counts.total(), per_column(column, shown.size) or 0) for column in columns)
    step, ticks = _round_steps(highest)
    left = max(_LEFT, len(f"{step * ticks:,}") * _DIGIT + 10)
    room = width - left - _RIGHT - _PAUSE * (len(shown.stretches) - 1)
    return _Plot(width, height, left, room / len(columns), step, ticks)


def _round_steps(highest: float) -> tuple[int, int]:
    """Give a step of 1, 2 or 5 times a power of ten, and how many of them, at most five, reach the highest value."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * 5 >= highest)
    return step, max(1, int(-(-highest // step)))


def per_column(column: Column, size: int) -> float | None:
    """Give how many requests were allowed in a column's time."""
    return None if column.allowed is None else column.allowed * size / 60


def _places(shown: Stretches, plot: _Plot) -> Iterator[list[tuple[Column, float]]]:
    x = plot.left
    for stretch in shown.stretches:
        yield [(column, x + number * plot.pitch) for number, column in enumerate(stretch)]
        x += len(stretch) * plot.pitch + _PAUSE


def _described(shown: Stretches) -> str:
    columns = shown.columns
    busiest = max(columns, key=lambda column: column.counts.total())
    end = max(column.start for column in columns if column.counts) + shown.size
    pauses = len(shown.stretches) - 1
    return (
        f"From {stamp(columns[0].start)} to {stamp(end)} UTC in columns of {duration(shown.size)}; the highest, at "
        f"{clock(busiest.start)}, counts {_counted(busiest)}."
        + (f" {pauses} long pause{'s' if pauses > 1 else ''} left out." if pauses else "")
    )


def _counted(column: Column) -> str:
    return ", ".join(f"{column.counts[verdict]:,} {name}" for verdict, name in NAMES.items() if column.counts[verdict])


def _grid(plot: _Plot) -> Iterator[str]:
    for tick in range(plot.ticks + 1):
        y = plot.y(tick * plot.step)
        yield f'<path class="grid" d="M{plot.left:.1f} {y:.1f}H{plot.width - _RIGHT}"/>'
        yield f'<text class="end" x="{plot.left - 6:.1f}" y="{y + 4:.1f}">{tick * plot.step:,}</text>'


def _pauses(shown: Stretches, places: list[list[tuple[Column, float]]], plot: _Plot) -> Iterator[str]:
    """Say how long nothing was decided, where the axis is cut."""
    for before, after in pairwise(places):
        (last, x), first = before[-1], after[0][0]
        x, y = x + plot.pitch, (plot.base + _TOP) / 2
        middle = x + _PAUSE / 2
        yield f'<rect class="pause" x="{x:.1f}" y="{_TOP}" width="{_PAUSE}" height="{plot.base - _TOP}"/>'
        yield f'<text class="mid" x="{middle:.1f}" y="{y:.1f}">pause</text>'
        length = duration(first.start - last.start - shown.size)
        yield f'<text class="mid" x="{middle:.1f}" y="{y + 17:.1f}">{length}</text>'


def _column(column: Column, x: float, plot: _Plot) -> str:
    """Draw one column, the cancelled on top: what needs a person stands on the axis. Hovering tells the numbers."""
    y, width, parts = float(plot.base), plot.pitch - min(2.0, plot.pitch / 5), ""
    for verdict, height in _heights(column, plot.scale).items():
        y -= height
        parts += _bar(verdict, x, y, width, height)
    return f"<g><title>{clock(column.start)}: {_counted(column)}</title>{parts}</g>" if parts else ""


def _heights(column: Column, scale: float) -> dict[Verdict, float]:
    """Give each part the height to be seen; the cancelled, who are many, yield it, so that the whole is true."""
    counts = column.counts
    heights: dict[Verdict, float] = {
        verdict: max(_LEAST, counts[verdict] * scale) for verdict in FIRST if counts[verdict]
    }
    if counts["cancelled"]:
        heights["cancelled"] = max(_LEAST, counts.total() * scale - sum(heights.values()))
    return heights


def _bar(verdict: Verdict, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="v {verdict}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _starts(began: list[float], places: list[list[tuple[Column, float]]], size: int, plot: _Plot) -> Iterator[str]:
    """Mark where each run but the first began, at the first column that it can be in."""
    flat = [place for stretch in places for place in stretch]
    for moment in began[1:]:
        x = next((x for column, x in flat if column.start + size > moment), None)
        if x is not None:
            yield f'<path class="start" d="M{x - 1:.1f} {plot.base + 5}V{_TOP - 8}"/>'


def _allowed(shown: Stretches, places: list[list[tuple[Column, float]]], plot: _Plot) -> str:
    """Draw the step line, in the colour of the text over a wider one in that of the page."""
    line = ""
    for stretch in places:
        draw = "M"  # a move begins a part of the line, and a line goes on with it
        for column, x in stretch:
            value = per_column(column, shown.size)
            line += "" if value is None else f"{draw}{x:.1f} {plot.y(value):.1f}H{x + plot.pitch:.1f}"
            draw = "M" if value is None else "L"
    return f'<path class="halo" d="{line}"/><path class="allowed" d="{line}"/>' if line else ""


def _times(shown: Stretches, places: list[list[tuple[Column, float]]], plot: _Plot) -> Iterator[str]:
    """Write times under the axis: where a stretch begins, and at round times after it, none over another."""
    step = next((step for step in _STEPS if _wide_enough(step, shown.size, plot)), SIZES[-1])
    free, today = 0.0, ""
    for stretch in places:
        for number, (column, x) in enumerate(stretch):
            text = clock(column.start)
            half = max(len(text) * _DIGIT / 2, 3 * _DIGIT)  # a day is as wide as six digits
            wanted = number == 0 or column.start % step == 0
            if not wanted or x - half < free or x + half > plot.width:
                continue
            free = x + half + 8
            yield f'<path class="grid" d="M{x:.1f} {plot.base}v5"/>'
            yield f'<text class="mid" x="{x:.1f}" y="{plot.base + 21}">{text}</text>'
            if today != (today := day(column.start)):
                yield f'<text class="mid" x="{x:.1f}" y="{plot.base + 38}">{today}</text>'


def _wide_enough(step: int, size: int, plot: _Plot) -> bool:
    return step % size == 0 and step // size * plot.pitch >= _LABEL
