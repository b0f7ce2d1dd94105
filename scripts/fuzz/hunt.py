"""Generate cases at random with Hypothesis, and shrink the one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from fuzz.entries import entry_points
from fuzz.responses import values
from fuzz.run import Run, WrongError
from fuzz.wire import wire

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fuzz.cases import Case
    from fuzz.values import EntryPoint

_BATCH = 50  # examples between two checks of the clock
_ROUNDS = 3  # at least, so that every verdict occurs also on a slow machine


def hunt(run: Run, entry: EntryPoint, cases: SearchStrategy[Case], number: int) -> None:
    """Run a batch of cases through an entry point; `number` is the seed."""

    @seed(number)
    @settings(
        max_examples=_BATCH,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        derandomize=False,
        report_multiple_bugs=False,
    )
    @given(cases)
    def batch(case: Case) -> None:
        run.check(entry, case)

    batch()


def fuzz(seconds: float, start: int) -> int:
    """Run batches through each entry point in turn, until the time is over or a result is wrong."""
    run, rounds = Run(), 0
    with entry_points() as opened:
        while not run.wrong and (rounds < _ROUNDS or run.seconds < seconds):
            for index, entry in enumerate(opened):
                try:
                    hunt(run, entry, values if entry.name == "values" else wire, (start << 32) + 4 * rounds + index)
                except (WrongError, Flaky):
                    break
            rounds += 1
    return run.report()
