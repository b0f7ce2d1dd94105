"""What a run of the fuzzer has met, and the report on it."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio import errors

if TYPE_CHECKING:
    from fuzzing.cases import Case
    from fuzzing.verdict import Door

_EVERY = 5.0  # seconds between two lines of progress
MUST_MEET = {"Order", "OrderNotCancelledError", "APIResponseValidationError", "APIConnectionError"}
_STATUS_ERRORS = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.APIStatusError)}
_SEVERAL = 5  # of them


class WrongError(AssertionError):
    """Something that must never happen has happened."""


@define
class Run:
    """What has been met so far, by door and verdict, and what went wrong last."""

    met: dict[str, Counter[str]] = field(factory=dict)
    wrong: tuple[Door, Case, list[str]] | None = None
    start: float = field(factory=time.monotonic)
    told: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.start

    def check(self, door: Door, case: Case) -> None:
        """Run a case, and raise WrongError if anything is wrong with it."""
        try:
            verdict, problems = door.run(case)
        except Exception as error:  # noqa: BLE001 - a function that is called for itself has raised it
            verdict, problems = "", [f"it raised {error!r}"]
        if problems:
            if self.wrong is None:
                print("Something is wrong. Looking for the smallest case of it ...", flush=True)
            self.wrong = door, case, problems
            raise WrongError
        self.met.setdefault(door.name, Counter())[verdict] += 1
        if self.seconds - self.told >= _EVERY:
            self.told = self.seconds
            print(f"{self.seconds:4.0f} s: {self._line()}", flush=True)

    def _line(self) -> str:
        examples = ", ".join(f"{door} {counts.total():,}" for door, counts in self.met.items())
        verdicts = sum(self.met.values(), Counter[str]()).most_common(4)
        return f"{examples}; {', '.join(f'{name} {count:,}' for name, count in verdicts)}, ..."

    def unmet(self) -> list[str]:
        """Name what has not been met: a run that leads to few verdicts has tested little."""
        found = [
            f"{name}, at {door}" for door, counts in self.met.items() for name in sorted(MUST_MEET - counts.keys())
        ]
        kinds = _STATUS_ERRORS & set[str]().union(*self.met.values())
        return found if len(kinds) >= _SEVERAL else [*found, f"{_SEVERAL} kinds of APIStatusError"]

    def _table(self) -> str:
        """Count examples by verdict and door."""
        names = [name for name, _ in sum(self.met.values(), Counter[str]()).most_common()]
        lines = [f"{'':28}" + "".join(f"{door:>10}" for door in self.met)]
        lines += [f"{name:28}" + "".join(f"{counts[name]:>10,}" for counts in self.met.values()) for name in names]
        return "\n".join([*lines, f"{'all':28}" + "".join(f"{counts.total():>10,}" for counts in self.met.values())])

    def report(self) -> int:
        """Print what came of it; 1 means that something is wrong, or that the run was worth little."""
        print(f"\n{self._table()}\n")
        if self.wrong:
            door, case, problems = self.wrong
            print(f"At the door {door.name}:", *dict.fromkeys(problems), sep="\n  ")
            print(f"\nThe smallest case that was found, to paste into a test:\n\n{case.paste()}")
            return 1
        unmet = self.unmet()
        if unmet:
            print("The run was worth little. It has not met:", *unmet, sep="\n  ")
            return 1
        print(f"Nothing is wrong after {self.seconds:.0f} s.")
        return 0
