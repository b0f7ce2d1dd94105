"""Send hostile responses to the client for a while, and stop at the first wrong result."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.clients import entries
from fuzz.strategies import outcomes, wire
from thanksio import errors

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fuzz.clients import Entry
    from fuzz.strategies import Case

Counts: TypeAlias = dict[str, Counter[str]]  # results by entry and name
_CASES: dict[str, tuple[SearchStrategy[Case], int]] = {  # of a batch, after which the clock is checked
    "outcomes": (outcomes, 200),  # these take no time
    "sync": (wire(), 50),
    "async": (wire(), 50),
}
_ROUNDS = 3  # at least, so that every result occurs on a slow machine, too
REQUIRED = ("Order", "OrderNotCancelledError", "APIResponseValidationError", "APIConnectionError")
_STATUS_ERRORS = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.APIStatusError)}
_SEVERAL = 5  # of them


class WrongError(AssertionError):
    """A result is wrong; the text has the case, to paste into a test."""


def batch(entry: Entry, cases: SearchStrategy[Case], examples: int, number: int) -> Counter[str]:
    """Run a batch of cases with a seed, and count the results; raise WrongError with the smallest case that fails."""
    counts: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        report_multiple_bugs=False,
    )
    @given(cases)
    def run(case: Case) -> None:
        try:
            name, problems = entry(case)
        except Exception as error:  # noqa: BLE001 - raised by a function that was called alone
            name, problems = "", [f"it raised {error!r}"]
        if problems:
            wrong = "\n  ".join(dict.fromkeys(problems))
            raise WrongError(f"  {wrong}\n\nThe smallest case, to paste into a test:\n\n{case.paste()}")
        counts[name] += 1

    run()
    return counts


def fuzz(seconds: float, number: int) -> Counts:
    """Run batches on each entry in turn until the time is over, and count the results by entry and name."""
    start, rounds = time.monotonic(), 0
    counts: Counts = {name: Counter() for name in _CASES}
    with entries() as opened:
        while rounds < _ROUNDS or time.monotonic() - start < seconds:
            for index, (name, (cases, examples)) in enumerate(_CASES.items()):
                counts[name] += batch(opened[name], cases, examples, (number << 32) + len(_CASES) * rounds + index)
            rounds += 1
            done = ", ".join(f"{name} {found.total():,}" for name, found in counts.items())
            print(f"{time.monotonic() - start:4.0f} s: {done}", flush=True)
    return counts


def missing(counts: Counts) -> list[str]:
    """Return the results that did not occur: a run with few kinds of results has tested little."""
    found = [f"{name}, {entry}" for entry, names in counts.items() for name in REQUIRED if name not in names]
    kinds = _STATUS_ERRORS & set[str]().union(*counts.values())
    return found if len(kinds) >= _SEVERAL else [*found, f"{_SEVERAL} kinds of APIStatusError"]


def main() -> int:
    """Fuzz for the given time; return 1 if a result is wrong, or if too few kinds of results occurred."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="repeats a run")
    options = parser.parse_args()
    print(f"Fuzzing for {options.seconds:g} s; --seed {options.seed} repeats the same cases.", flush=True)
    try:
        counts = fuzz(options.seconds, options.seed)
    except (WrongError, ExceptionGroup) as error:  # Hypothesis groups the errors of a case that fails only sometimes
        print("A result is wrong:", *getattr(error, "exceptions", (error,)), sep="\n")
        return 1
    for name, found in counts.items():
        print(f"{name}:", *(f"{count:8,} {kind}" for kind, count in found.most_common()), sep="\n")
    if absent := missing(counts):
        print("The run tested too little. These results did not occur:", *absent, sep="\n  ")
        return 1
    print("No wrong result.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
