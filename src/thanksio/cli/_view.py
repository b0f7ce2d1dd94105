"""The state of a run at a moment, as values and as one line of text. Pure."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from attrs import frozen

from thanksio.cli._finding import VERDICTS, WORDS
from thanksio.cli._format import clock, duration, minute, pluralize, zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thanksio._rate_limit import Rate
    from thanksio.bulk import Verdict

_SOON = 2.0  # seconds; a shorter time left is not shown


@frozen
class View:
    """A run at a moment. `speed` is in orders a second, 0 if unknown; times are Unix times."""

    now: float
    total: int
    counts: Mapping[Verdict, int]
    rate: Rate
    speed: float
    window: tuple[float, int] | None = None  # the end of the one that ends next, and its order
    is_stopping: bool = False
    pause: tuple[int, float] | None = None  # orders that are asked for again, and in how many seconds
    is_over: bool = False  # nothing more is sent or awaited

    @property
    def done(self) -> int:
        """The number of orders with a verdict."""
        return sum(self.counts.values())

    @property
    def left(self) -> float:
        """The seconds until the end, by the rate limit and by the speed so far."""
        waiting = self.total - self.done - self.rate.in_flight
        free = max(0, self.rate.allowed - self.rate.used)
        windows = math.ceil(max(0, waiting - free) / self.rate.allowed)
        first = self.rate.closed or self.rate.per  # until the next window begins
        by_limit = first + (windows - 1) * self.rate.per if windows else self.rate.closed
        by_speed = (self.total - self.done) / self.speed if self.speed else 0.0
        return max(by_limit, by_speed)

    @property
    def counted(self) -> str:
        """The number of orders for each verdict."""
        counts = self.counts
        shown = [f"{counts[verdict]:,} {WORDS[verdict]}" for verdict in VERDICTS if counts[verdict]]
        return ", ".join(shown) or "none settled yet"

    @property
    def speedometer(self) -> str:
        """How much of the limit is used."""
        return f"{self.rate.used:,} of {self.rate.allowed:,} {minute(self.rate.per)}"

    @property
    def what_next(self) -> str:
        """What the run is waiting for, and for how long."""
        flying, pause = self.rate.in_flight, self.rate.closed
        if self.is_over:
            left = self.total - self.done
            return f"stopped: {pluralize(left)} without a verdict" if left else "done"
        if self.is_stopping and flying:
            return f"stopping: {pluralize(flying)} in flight; press Ctrl-C again to end without waiting for them"
        if self.pause and not self.is_stopping:
            return f"{pluralize(self.pause[0])} not settled, next attempt in {duration(math.ceil(self.pause[1]))}"
        if self.is_stopping or self.done == self.total:
            return "stopping" if self.is_stopping else "done"
        end = f"about {duration(self.left)} left" if self.left >= _SOON else "less than a minute left"
        return f"waiting for the rate limit, {duration(math.ceil(pause))}; {end}" if pause >= 1 else end

    @property
    def warning(self) -> str:
        """The cancellation window that ends next, empty if none is known."""
        if self.window is None or self.is_over:
            return ""
        end, order = self.window
        return (
            f"next cancellation window to close: order {order} at {clock(end, self.now)}, in {duration(end - self.now)}"
        )

    @property
    def line(self) -> str:
        """The state in one line of a log."""
        then = time.localtime(self.now)
        stamp = f"{time.strftime('%H:%M:%S', then)} {zone(then)}"
        if self.is_stopping and not self.is_over:
            return f"{stamp} {self.what_next}"
        parts = [f"{stamp} {self.done:,} of {self.total:,}: {self.counted}", f"{self.rate.in_flight:,} in flight"]
        return "; ".join([*parts, self.speedometer, self.what_next, *([self.warning] if self.warning else [])])
