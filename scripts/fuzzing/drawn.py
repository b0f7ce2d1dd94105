"""The first engine: Hypothesis makes cases at random, and makes the one that fails as small as it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from fuzzing.answers import values
from fuzzing.doors import doors
from fuzzing.run import Run, WrongError
from fuzzing.wire import wire

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fuzzing.cases import Case
    from fuzzing.verdict import Door

_BATCH = 50  # examples between two looks at the clock
_ROUNDS = 3  # at least, so that a slow machine meets every verdict, too


def hunt(run: Run, door: Door, cases: SearchStrategy[Case], number: int) -> None:
    """Run a batch of cases through an entry point; `number` decides which."""

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
        run.check(door, case)

    batch()


def fuzz(seconds: float, start: int) -> int:
    """Run batches through one entry point after the other, until the time is over or something is wrong."""
    run, rounds = Run(), 0
    with doors() as opened:
        while not run.wrong and (rounds < _ROUNDS or run.seconds < seconds):
            for index, door in enumerate(opened):
                try:
                    hunt(run, door, values if door.name == "values" else wire, (start << 32) + 4 * rounds + index)
                except (WrongError, Flaky):
                    break
            rounds += 1
    return run.report()
