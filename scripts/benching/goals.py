"""The goals of the client, and the figures that show whether they are met. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benching.figures import Goal
from benching.names import PEERS, in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benching.figures import Results

IN_FLIGHT = 50  # calls at a time by which threads and tasks are judged
_UNKEPT = "a connection for each request"


def _ratio(section: str, one: str, other: str, in_flight: int = 0) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        table = results.table(section, in_flight)
        found = table.ratio(one, other) if table else None
        return found.median if found else None

    return measure


def _net(one: str, other: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        table = results.table("import")
        found = table.net(one, other) if table else None
        return found.median * 1e3 if found else None

    return measure


def slowest_lead(results: Results) -> float | None:
    """Return the time of the fastest peer as a multiple of ours."""
    found = [_ratio("calls", peer, "thanksio")(results) for peer in PEERS]
    return min((ratio for ratio in found if ratio is not None), default=None)


def own_work(results: Results) -> float | None:
    """Return the most that an order of many cost beyond its call, in microseconds."""
    return max((one.own * 1e6 for one in results.plain()), default=None)


def growth(results: Results) -> float | None:
    """Return how much longer an order takes in the largest run than in one of ten thousand, or in the smallest."""
    runs = results.plain()
    first = next((one for one in runs if one.ids >= 10_000), None)  # noqa: PLR2004 - a thousand is over in no time
    return runs[-1].total / first.total if first and first is not runs[-1] else None


def _beside(base: str, bounds: Mapping[str, float]) -> Iterator[Goal]:
    """Return the goals of a call's time beside httpx: one call after another, and many in threads and in tasks."""
    kind, comma, rest = base.partition(",")
    tasks = f"{kind} async{comma}{rest}"
    threads = _ratio("in-flight", in_threads("thanksio"), in_threads(base), IN_FLIGHT)
    measures = {
        "calls": ("one call after another", _ratio("calls", "thanksio", base)),
        "threads": (f"{IN_FLIGHT} in threads", threads),
        "tasks": (f"{IN_FLIGHT} in tasks", _ratio("in-flight", "thanksio async", tasks, IN_FLIGHT)),
    }
    for name, (what, measure) in measures.items():
        yield Goal(f"thanksio, {what} / {base}", bounds[name], measure)


GOALS = (
    *_beside("httpx", {"calls": 1.10, "threads": 1.00, "tasks": 0.65}),
    *_beside("httpx, " + _UNKEPT, {"calls": 0.90, "threads": 0.90, "tasks": 0.90}),
    Goal("the quickest peer's nearest call / thanksio", 1.0, slowest_lead, at_most=False),
    Goal("import thanksio, over a bare interpreter", 5.0, _net("import thanksio", "bare interpreter"), unit="ms"),
    Goal(
        "a client that is ready, over importing httpx and attrs",
        15.0,
        _net("client ready", "import httpx, attrs"),
        unit="ms",
    ),
    Goal("an order of many, beside its single call: the most of all sizes", 60.0, own_work, unit="us"),
    Goal("an order of the most ids / one of ten thousand", 1.2, growth),
)
