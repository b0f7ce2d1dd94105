"""Draw results as SVG that needs no script and no font, with light and dark colours. Pure.

A picture brings its own background: a page can be dark where the system is light.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from attrs import field, frozen

from benching.figures import spread
from benching.names import PEERS
from benching.report import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benching.figures import Results, Table

    Points = Sequence[tuple[float, float]]

# The colours of the page about a run, after Okabe and Ito.
_STYLE = """
:root{--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--ours:#0072b2;--raw:#7d8590;--other:#c98500;
--peer:#a8457f}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--text:#e6e9ec;--soft:#a3acb5;--line:#3b434b;--ours:#4aa8e0;
--raw:#97a0a9;--other:#e9a820;--peer:#e39ac6}}
.page{fill:var(--page);stroke:var(--line)}
text{font:13px system-ui,sans-serif;fill:var(--text);
paint-order:stroke;stroke:var(--page);stroke-width:3px}
.head{font-weight:600;font-size:15px}.soft{fill:var(--soft);font-size:12px}.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--line)}.one{stroke:var(--soft);stroke-dasharray:4 3}.range{stroke:var(--text);stroke-width:1.5}
.ours{--c:var(--ours)}.raw{--c:var(--raw)}.other{--c:var(--other)}.peer{--c:var(--peer)}
rect.bar,circle{fill:var(--c)}path{fill:none;stroke:var(--c);stroke-width:2}
path.d1{stroke-dasharray:7 4}
"""
_WIDTH = 820
_ROW = 26  # height of a bar's place
_LETTER = 7.0  # width of a letter in a note, as wide as it may be
_KINDS = {
    "ours": "this client",
    "other": "the libraries below it, alone",
    "peer": "another vendor's client, with its own response",
    "raw": "a socket",
}
_SHOWN = {  # of the contenders in flight, those that differ; results.txt has all
    "raw asyncio": "raw",
    "httpx async": "other",
    "thanksio async": "ours",
    "thanksio in threads": "ours d1",
}


def kind(name: str) -> str:
    """Return the kind of a contender, which decides its colour."""
    if name in PEERS:
        return "peer"
    return "ours" if name.startswith("thanksio") else "raw" if name.startswith("raw") else "other"


def _svg(height: float, title: str, inside: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}"><style>{_STYLE}</style>'
        f'<rect class="page" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1:.0f}" rx="10"/>'
        f'<text class="head" x="20" y="30">{escape(title)}</text>\n' + "\n".join(inside) + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, look: str = "") -> str:
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def bars(table: Table, base: str) -> str:
    """Draw how long each takes, as multiples of one of them, and the quartiles over each bar's end."""
    found = {name: ratio for name in table.samples if (ratio := table.ratio(name, base))}
    names = sorted(found, key=lambda name: found[name].median)
    most = max((found[name].high for name in names), default=1.0)
    left, right, top = 18.0 + 8 * max(map(len, names), default=0), 130.0, 56.0
    scale = (_WIDTH - left - right) / most
    bottom = top + _ROW * len(names)
    lines = [f'<path class="one" style="stroke:var(--soft)" d="M{left + scale:.1f} {top - 6:.1f}V{bottom:.1f}"/>']
    for nth, name in enumerate(names):
        y, ratio = top + _ROW * nth, found[name]
        lines += [
            _text(left - 10, y + 16, name, "end"),
            _bar(kind(name), left, y + 4, max(1, ratio.median * scale)),
            _level(left + ratio.low * scale, left + ratio.high * scale, y + _ROW / 2),
            _text(left + max(ratio.high, ratio.median) * scale + 8, y + 17, _said(table, name, ratio.median)),
        ]
    note = f"times as long as {base}, which is the dashed line (medians); a thin line joins the quartiles"
    lines += [_text(20, bottom + 22, note, "soft"), *_legend({kind(name) for name in names}, bottom + 34)]
    return _svg(bottom + 60, f"{table.title}: less is better", lines)


def _bar(look: str, x: float, y: float, width: float) -> str:
    return f'<rect class="bar {look}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_ROW - 8}" rx="2"/>'


def _legend(kinds: Iterable[str], y: float) -> Iterator[str]:
    """Explain the colours that are used."""
    x = 20.0
    for look, words in _KINDS.items():
        if look in kinds:
            yield f'<rect class="bar {look}" x="{x:.1f}" y="{y:.1f}" width="12" height="12" rx="2"/>'
            yield _text(x + 18, y + 11, words, "soft")
            x += 40 + len(words) * _LETTER


def _level(start: float, end: float, y: float) -> str:
    return f'<line class="range" x1="{start:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _said(table: Table, name: str, ratio: float) -> str:
    took = spread(table.samples[name])
    return f"{ratio:.2f}" + (f" · {figure(took.median * 1e6)} µs" if took else "")


@frozen
class _Axis:
    """Values along one side of a plot. A logarithm leaves room for what differs a hundred times."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    ticks: Sequence[float] = field(factory=list)

    def at(self, value: float) -> float:
        """Return the place of a value."""
        low, high, value = (math.log(one) if self.is_log else one for one in (self.low, self.high, value))
        part = (value - low) / (high - low) if high > low else 0.5
        return self.start + part * (self.end - self.start)


def _decades(low: float, high: float) -> list[float]:
    steps = (digit * 10.0**power for power in range(-1, 9) for digit in (1, 2, 5))
    return [step for step in steps if low * 0.999 <= step <= high * 1.001]


def _steps(high: float) -> list[float]:
    """Return round values from 0 to the highest, at most six."""
    step = next(digit * 10.0**power for power in range(9) for digit in (1, 2, 5) if high <= digit * 10.0**power * 5)
    return [step * nth for nth in range(int(-(-high // step)) + 1)]


def _lines(
    title: str, series: Mapping[str, Points], looks: Mapping[str, str], words: tuple[str, str], *, log_y: bool
) -> str:
    """Draw values over a growing number, each line with its name at its end."""
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    plot_x = _Axis(xs[0], xs[-1], 70, _WIDTH - 200, is_log=True, ticks=xs)
    steps = _decades(min(ys) / 1.5, max(ys) * 1.5) if log_y else _steps(max(ys))
    low, high = (min(ys) / 1.5, max(ys) * 1.5) if log_y else (0.0, steps[-1])
    plot_y = _Axis(low, high, 330, 64, is_log=log_y, ticks=steps)
    parts = [*_grid(plot_x, plot_y), _text(70, 52, words[1], "soft"), _text(_WIDTH - 200, 372, words[0], "soft end")]
    for name, points in series.items():
        path = "M" + "L".join(f"{plot_x.at(x):.1f} {plot_y.at(y):.1f}" for x, y in points)
        parts.append(f'<g class="{looks[name].split()[0]}"><path class="{looks[name]}" d="{path}"/>')
        parts += [f'<circle cx="{plot_x.at(x):.1f}" cy="{plot_y.at(y):.1f}" r="3"/>' for x, y in points]
        parts.append("</g>")
    ends = {name: (plot_x.at(points[-1][0]), plot_y.at(points[-1][1])) for name, points in series.items()}
    return _svg(388, title, [*parts, *_names(ends)])


def _grid(plot_x: _Axis, plot_y: _Axis) -> Iterator[str]:
    for value in plot_y.ticks:
        y = plot_y.at(value)
        yield f'<line class="grid" x1="70" x2="{plot_x.end}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(62, y + 4, f"{value:,.0f}", "soft end")
    for value in plot_x.ticks:
        yield _text(plot_x.at(value), 350, f"{value:,.0f}", "soft mid")


def _names(ends: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    """Write each name beside its line's end, none over another."""
    last = -math.inf
    for name, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        last = max(y, last + 16)
        yield _text(x + 10, last + 4, name)


def throughput(results: Results) -> str | None:
    """Draw calls a second over the calls in flight; None if fewer than two numbers of these were measured."""
    tables = sorted((table for table in results.tables if table.in_flight), key=lambda table: table.in_flight)
    if len(tables) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    series = {
        name: [
            (float(table.in_flight), 1 / took.median)
            for table in tables
            if name in table.samples and (took := spread(table.samples[name]))
        ]
        for name in _SHOWN
    }
    drawn = {name: points for name, points in series.items() if points}
    title = "Calls a second over calls in flight, of one process"
    return _lines(title, drawn, _SHOWN, ("calls in flight", "calls a second"), log_y=True)


def memory(results: Results) -> str | None:
    """Draw the most memory of a bulk run over its orders; None if fewer than two sizes were measured."""
    looks = {"sync": "ours", "async": "ours d1"}
    series = {
        kind: sorted((float(one.ids), one.peak) for one in results.bulks if one.kind == kind and not one.journal)
        for kind in looks
    }
    drawn = {name: points for name, points in series.items() if points}
    if max(map(len, drawn.values()), default=0) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    title = "Memory of a process that cancels many orders, at most"
    return _lines(title, drawn, looks, ("orders", "MB"), log_y=False)


def pictures(results: Results) -> dict[str, str]:
    """Return the pictures for which there are enough results, by file name."""
    found = results.table("calls")
    calls = bars(found, "httpx") if found and "httpx" in found.samples else None
    drawn = {"calls.svg": calls, "in-flight.svg": throughput(results), "memory.svg": memory(results)}
    return {name: picture for name, picture in drawn.items() if picture}
