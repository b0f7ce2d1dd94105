"""What the client is meant to reach, and where a run shows whether it does. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benching.figures import Goal
from benching.names import PEERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benching.figures import Results

IN_FLIGHT = 50  # where the async client is judged


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
    """Give the ratio of the quickest peer to our client."""
    found = [_ratio("calls", peer, "thanksio")(results) for peer in PEERS]
    return min((ratio for ratio in found if ratio is not None), default=None)


def own_work(results: Results) -> float | None:
    """Give the most that an order of many cost beside its call, in microseconds."""
    return max((one.own * 1e6 for one in results.plain()), default=None)


def growth(results: Results) -> float | None:
    """Give how much longer an order takes in the largest run than in one of ten thousand, or in the smallest."""
    runs = results.plain()
    first = next((one for one in runs if one.ids >= 10_000), None)  # noqa: PLR2004 - a thousand is over in no time
    return runs[-1].total / first.total if first and first is not runs[-1] else None


GOALS = (
    Goal("thanksio, one call after another / httpx", 1.10, _ratio("calls", "thanksio", "httpx")),
    Goal(
        f"thanksio async, rate with {IN_FLIGHT} in flight / httpx async",
        0.95,
        _ratio("in-flight", "httpx async", "thanksio async", IN_FLIGHT),
        at_most=False,
    ),
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
