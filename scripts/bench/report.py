"""The times of each contender, the goals, and both as one table, one chart and JSON. Pure."""

from __future__ import annotations

import json
import operator
import statistics
from html import escape
from typing import TYPE_CHECKING

from attrs import Factory, asdict, define, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Tables = dict[str, "Table"]

_SCALE = {"us": 1e6, "ms": 1e3, "x": 1}


@define
class Table:
    """The times of each contender by round, in seconds, and notes. The others are compared with the first one."""

    title: str
    unit: str = "us"
    rounds: dict[str, list[float]] = Factory(dict[str, list[float]])
    notes: dict[str, str] = Factory(dict[str, str])

    def run(self, contenders: Mapping[str, Callable[[], float]], rounds: int) -> Table:
        """Measure each in each round, starting with another one each time; the first round does not count."""
        self.rounds = {name: [] for name in contenders}
        names = list(contenders)
        for _ in range(rounds + 1):
            for name in names:
                self.rounds[name].append(contenders[name]())
            names = names[1:] + names[:1]
        for times in self.rounds.values():
            del times[0]
        return self

    def compare(
        self, name: str, base: str | None = None, how: Callable[[float, float], float] = operator.truediv
    ) -> list[float]:
        """Return the quartiles of one contender beside another in the same rounds."""
        figures = list(map(how, self.rounds[name], self.rounds[base or next(iter(self.rounds))]))
        return statistics.quantiles(figures if len(figures) > 1 else figures * 2, n=4, method="inclusive")


@frozen
class Goal:
    """A bound on the time of one contender: as a multiple of another's, or as the time beyond it."""

    section: str
    name: str
    base: str
    most: float
    unit: str = "x"


GOALS = (
    Goal("calls", "thanksio", "httpx", 1.10),
    Goal("calls", "thanksio", "httpx, new connections", 0.90),
    Goal("threads", "thanksio", "httpx", 1.00),
    Goal("threads", "thanksio", "httpx, new connections", 0.90),
    Goal("tasks", "thanksio async", "httpx async", 0.65),
    Goal("tasks", "thanksio async", "httpx async, new connections", 0.90),
    *(Goal("calls", "thanksio", peer, 1.00) for peer in ("postgrid-python", "lob-python", "openai", "stripe")),
    Goal("start", "import thanksio", "bare interpreter", 5.0, "ms"),
    Goal("start", "client ready", "import httpx, httpcore, attrs", 15.0, "ms"),
    Goal("bulk", "10,000 in threads", "10,000 in threads, single call", 60.0, "us"),
    Goal("bulk", "100,000 in threads", "100,000 in threads, single call", 60.0, "us"),
    Goal("bulk", "100,000 in threads", "10,000 in threads", 1.20),
    Goal("bulk", "10,000 in tasks", "10,000 in tasks, single call", 60.0, "us"),
    Goal("bulk", "100,000 in tasks", "100,000 in tasks, single call", 60.0, "us"),
    Goal("bulk", "100,000 in tasks", "10,000 in tasks", 1.20),
)


def as_text(about: Mapping[str, str], tables: Tables) -> str:
    """Return the goals and one table of all figures."""
    lines = [f"{name + ':':<12}{text}" for name, text in about.items()]
    lines += ["", f"{'Goals':<66}{'bound':>12}{'measured':>12}", *(_goal(goal, tables) for goal in GOALS)]
    return "\n".join([*lines, *(line for table in tables.values() for line in _rows(table)), ""])


def _goal(goal: Goal, tables: Tables) -> str:
    table, measured, judged = tables.get(goal.section), "-", "not measured"
    if table and {goal.name, goal.base} <= table.rounds.keys():
        how = operator.truediv if goal.unit == "x" else operator.sub
        figure = table.compare(goal.name, goal.base, how)[1] * _SCALE[goal.unit]
        measured, judged = f"{figure:.2f} {goal.unit}", "met" if figure <= goal.most else "NOT MET"
    name = f"  {goal.section}: {goal.name} {'/' if goal.unit == 'x' else '-'} {goal.base}"
    return f"{name:<66}{f'{goal.most:.2f} {goal.unit}':>12}{measured:>12}  {judged}"


def _rows(table: Table) -> Iterator[str]:
    """Yield a section: the median time of each contender, and its ratio to the first one with quartiles."""
    yield from ("", f"{table.title:<48}{table.unit:>10}{'ratio':>8}{'quartiles':>14}")
    for name, times in table.rounds.items():
        low, median, high = table.compare(name)
        time = statistics.median(times) * _SCALE[table.unit]
        spread = f"{low:.2f}..{high:.2f}"
        yield f"  {name:<46}{time:>10,.1f}{median:>8.2f}{spread:>14}  {table.notes.get(name, '')}".rstrip()


def as_json(about: Mapping[str, str], tables: Tables) -> str:
    """Return every round as JSON; times in seconds."""
    return json.dumps({"about": about} | {name: asdict(table) for name, table in tables.items()}, indent=1) + "\n"


def chart(tables: Tables) -> str:
    """Return the time of a call as bars, in multiples of bare httpx's, as SVG."""
    bars: list[tuple[str, float]] = []
    for table in (tables[section] for section in ("calls", "threads", "tasks")):
        bars.append((f"{table.title}, as a multiple of {next(iter(table.rounds))}", 0.0))
        bars += [(name, table.compare(name)[1]) for name in table.rounds]
    scale = 380 / max(ratio for _, ratio in bars)
    size = f'width="680" height="{24 * len(bars) + 12}"'
    style = "<style>text{font:13px sans-serif;fill:#333}.s{font-weight:bold}.o{fill:#0a6}rect{fill:#9ab}</style>"
    parts = [_bar(18 + 24 * at, name, ratio, scale) for at, (name, ratio) in enumerate(bars)]
    ground = f'<rect {size} style="fill:#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}{ground}{"".join(parts)}</svg>\n'


def _bar(y: int, name: str, ratio: float, scale: float) -> str:
    if not ratio:
        return f'<text class="s" x="8" y="{y}">{escape(name)}</text>'
    kind = ' class="o"' if name.startswith("thanksio") else ""
    return (
        f'<text x="216" y="{y}" text-anchor="end">{escape(name)}</text>'
        f'<rect{kind} x="224" y="{y - 13}" width="{ratio * scale:.0f}" height="17"/>'
        f'<text x="{230 + ratio * scale:.0f}" y="{y}">{ratio:.2f}</text>'
    )
