"""Write results as text for people and as JSON for machines. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import asdict

from benching.figures import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benching.figures import Bulk, Judged, Results, Spread, Table

_SCALES = {"us": 1e6, "ms": 1e3}


def figure(value: float) -> str:
    """Write a figure with three significant digits, and never with an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _spread(found: Spread | None, scale: float = 1.0) -> tuple[str, str]:
    if found is None:
        return "-", ""
    return figure(found.median * scale), f"{figure(found.low * scale)}..{figure(found.high * scale)}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Align columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if nth else cell.ljust(width)
            for nth, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(f"  {line}".rstrip() for line in lines)


def table_text(table: Table) -> str:
    """Write a table, the fastest first, and below it the contenders that are missing."""
    bases = [base for base in table.bases if base in table.samples]
    word = "rate / " if table.in_flight else "/ "
    head = ["", table.unit, "quartiles", *(["calls/s"] if table.in_flight else [])]
    for base in bases:
        head += [f"{word}{base}", "quartiles"]
    head += [f"- {table.net_of}"] if table.net_of else []
    rows = [[*head, *table.more], *(_row(table, name, bases) for name in _by_median(table))]
    said = {name: "failed" if name in table.samples else "is not available" for name in table.absent}
    missing = [f"  {name} {said[name]}: {why}" for name, why in table.absent.items()]
    return "\n".join([table.title, aligned(rows), *missing])


def _by_median(table: Table) -> list[str]:
    medians = {name: found.median for name, took in table.samples.items() if (found := spread(took))}
    return sorted(medians, key=lambda name: medians[name])


def _row(table: Table, name: str, bases: Iterable[str]) -> list[str]:
    took, scale = spread(table.samples[name]), _SCALES[table.unit]
    row = [name, *_spread(took, scale)]
    row += [figure(1 / took.median)] if table.in_flight and took else []
    for base in bases:
        row += _spread(table.ratio(base, name) if table.in_flight else table.ratio(name, base))
    row += [_spread(table.net(name, table.net_of), scale)[0]] if table.net_of else []
    return row + [figure(column[name]) if name in column else "" for column in table.more.values()]


def bulk_text(title: str, bulks: Iterable[Bulk]) -> str:
    """Write what orders of many cost."""
    head = ["", "us per order", "us of a single call", "own us per order", "peak MB", "MB over 1,000"]
    runs = list(bulks)
    least = {(one.kind, one.journal): one.peak for one in sorted(runs, key=lambda one: -one.ids)}
    rows = [
        [
            one.name,
            *(figure(seconds * 1e6) for seconds in (one.total, one.single, one.own)),
            figure(one.peak),
            f"{one.peak - least[one.kind, one.journal]:+.1f}",
        ]
        for one in runs
    ]
    return f"{title}\n{aligned([head, *rows])}"


def goals_text(judged: Iterable[Judged]) -> str:
    """Write each goal, what was measured, and whether it is met."""
    rows = [["", "goal", "measured", ""]]
    for one in judged:
        goal = one.goal
        bound = f"{'at most' if goal.at_most else 'at least'} {figure(goal.bound)} {goal.unit}"
        met = {True: "met", False: "NOT MET", None: "not measured"}[one.met]
        rows.append([goal.text, bound, "-" if one.figure is None else f"{figure(one.figure)} {goal.unit}", met])
    return f"Goals\n{aligned(rows)}"


def text(about: Mapping[str, str], results: Results, judged: Sequence[Judged]) -> str:
    """Write all of it."""
    facts = [f"{name + ':':<13}{value}" for name, value in about.items()]
    parts = ["\n".join(facts), goals_text(judged), *results_text(results)]
    return "\n\n".join(parts) + "\n"


def results_text(results: Results) -> list[str]:
    """Write the tables of the sections that were run."""
    parts = [table_text(table) for table in results.tables]
    plain = [one for one in results.bulks if not one.journal]
    kept = [one for one in results.bulks if one.journal]
    without = [one for one in plain if one.kind == "sync" and one.ids in {other.ids for other in kept}]
    parts += [bulk_text("Journal on, and off where that was measured", [*without, *kept])] if kept else []
    return parts + ([bulk_text("Many orders on an instant transport", plain)] if plain else [])


def machine_text(about: Mapping[str, str], results: Results, judged: Sequence[Judged]) -> str:
    """Write all of it as JSON, each round's figures included."""
    goals = [
        {"goal": one.goal.text, "bound": one.goal.bound, "at_most": one.goal.at_most, "unit": one.goal.unit}
        | {"measured": one.figure, "met": one.met}
        for one in judged
    ]
    whole = {"about": dict(about), "goals": goals, **asdict(results)}
    return json.dumps(_rounded(whole), indent=1) + "\n"


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
