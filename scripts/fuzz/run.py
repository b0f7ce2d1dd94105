"""Count the results of a run of the fuzzer, and report on them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from thanksio import errors

if TYPE_CHECKING:
    from fuzz.cases import Case
    from fuzz.values import EntryPoint

_EVERY = 5.0  # seconds between two lines of progress
MUST_MEET = {"Order", "OrderNotCancelledError", "APIResponseValidationError", "APIConnectionError"}
_STATUS_ERRORS = {name for name in errors.__all__ if issubclass(getattr(errors, name), errors.APIStatusError)}
_SEVERAL = 5  # of them


class WrongError(AssertionError):
    """A result is wrong."""


@define
class Run:
    """What has been met so far, by entry and verdict, and what went wrong last."""

    met: dict[str, Counter[str]] = field(factory=dict)
    wrong: tuple[EntryPoint, Case, list[str]] | None = None
    start: float = field(factory=time.monotonic)
    told: float = 0.0

    @property
    def seconds(self) -> float:
        """The seconds since its start."""
        return time.monotonic() - self.start

    def check(self, entry: EntryPoint, case: Case) -> None:
        """Run a case, and raise WrongError if anything is wrong with it."""
        try:
            verdict, problems = entry.run(case)
        except Exception as error:  # noqa: BLE001 - a function that is called for itself has raised it
            verdict, problems = "", [f"it raised {error!r}"]
        if problems:
            if self.wrong is None:
                print("A result is wrong. Looking for the smallest case ...", flush=True)
            self.wrong = entry, case, problems
            raise WrongError
        self.met.setdefault(entry.name, Counter())[verdict] += 1
        if self.seconds - self.told >= _EVERY:
            self.told = self.seconds
            print(f"{self.seconds:4.0f} s: {self._line()}", flush=True)

    def _line(self) -> str:
        examples = ", ".join(f"{entry} {counts.total():,}" for entry, counts in self.met.items())
        verdicts = sum(self.met.values(), Counter[str]()).most_common(4)
        return f"{examples}; {', '.join(f'{name} {count:,}' for name, count in verdicts)}, ..."

    def unmet(self) -> list[str]:
        """Return the verdicts that did not occur: a run with few verdicts has tested little."""
        found = [
            f"{name}, at {entry}" for entry, counts in self.met.items() for name in sorted(MUST_MEET - counts.keys())
        ]
        kinds = _STATUS_ERRORS & set[str]().union(*self.met.values())
        return found if len(kinds) >= _SEVERAL else [*found, f"{_SEVERAL} kinds of APIStatusError"]

    def _table(self) -> str:
        """Count examples by verdict and entry."""
        names = [name for name, _ in sum(self.met.values(), Counter[str]()).most_common()]
        lines = [f"{'':28}" + "".join(f"{entry:>10}" for entry in self.met)]
        lines += [f"{name:28}" + "".join(f"{counts[name]:>10,}" for counts in self.met.values()) for name in names]
        return "\n".join([*lines, f"{'all':28}" + "".join(f"{counts.total():>10,}" for counts in self.met.values())])

    def report(self) -> int:
        """Print the results; return 1 if one is wrong, or if too few verdicts occurred."""
        print(f"\n{self._table()}\n")
        if self.wrong:
            entry, case, problems = self.wrong
            print(f"At the entry point {entry.name}:", *dict.fromkeys(problems), sep="\n  ")
            print(f"\nThe smallest case, to paste into a test:\n\n{case.paste()}")
            return 1
        unmet = self.unmet()
        if unmet:
            print("The run tested too little. These verdicts did not occur:", *unmet, sep="\n  ")
            return 1
        print(f"No wrong result after {self.seconds:.0f} s.")
        return 0
