"""Change the code that decides in every small way that mutmut knows, and fail if the tests miss one of the changes.

pyproject.toml says what is changed and which tests have to fail. Every run starts from scratch; the changed code is
left in mutants/ for `mutmut browse`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = Path(sys.executable).with_name("mutmut")

# What mutmut says of a mutant that the tests notice; one that runs into the timeout loops for ever, and so fails them.
NOTICED = {"killed", "timeout"}
# The mutants that no test can notice: where they are, how they read, and why they behave the same.
CAST = "cast returns its second argument, whatever the first is"
MERELY_FASTER = "_payload returns such a body as it is, only after a few more steps"
EXPLAINED = {
    "thanksio._verdict.x_read_order: order = cast(None, order)": CAST,
    "thanksio._verdict.x__children: return cast(None, value).values()": CAST,
    "thanksio._verdict.x__children: return cast(None, value) if isinstance(value, list) else ()": CAST,
    "thanksio._verdict.x__document: document = cast(None, document)": CAST,
    "thanksio._verdict.x__document: is_plain = None": MERELY_FASTER,
    "thanksio._verdict.x__document: body = response.body if (is_plain) and False else _payload(response)": (
        MERELY_FASTER
    ),
    'thanksio._verdict.x_explain: excerpt = json.dumps(said, ensure_ascii=None) if said else ""': (
        "json asks only whether ensure_ascii is true"
    ),
    (
        'thanksio._verdict.x__document: may_nest = body.count(b"{") + body.count(b"[") >= MAX_DEPTH'
        "  # fewer brackets cannot nest deeper"
    ): "a body with exactly that many brackets is walked as well, and found not to be deeper",
    "thanksio._rate_limit.xǁBudgetǁobserve: self._hear(sent, None, None)": (
        "the time is stored only with a number that remains, and a lost response tells none"
    ),
}


def main() -> int:
    """Run mutmut, and fail for a survivor without an explanation and for an explanation without a survivor."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    subprocess.run([MUTMUT, "run"], cwd=ROOT, check=True)
    states = dict(line.strip().split(": ") for line in ask("results", "--all", "true").splitlines())
    diffs = {name: ask("show", name) for name, state in states.items() if state not in NOTICED}
    survivors = {identity(name, diff): diff for name, diff in diffs.items()}
    for mutant, diff in survivors.items():
        print(f"survivor: {mutant}", EXPLAINED.get(mutant, diff), sep="\n")
    for mutant in sorted(EXPLAINED.keys() - survivors.keys()):
        print(f"explained, but no survivor: {mutant}")
    explained = survivors.keys() & EXPLAINED.keys()
    print(f"mutate: {len(diffs)} of {len(states)} mutants survived, {len(explained)} of them explained.")
    return 0 if survivors.keys() == EXPLAINED.keys() else 1


def ask(*arguments: str) -> str:
    """Return what mutmut prints about the run."""
    return subprocess.run([MUTMUT, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def identity(name: str, diff: str) -> str:
    """Name a mutant by its function and its changed line, because its number changes with any edit."""
    added = [line[1:].strip() for line in diff.splitlines() if line[:1] == "+" and line[:3] != "+++"]
    return f"{name.partition('__mutmut_')[0]}: {' '.join(added)}"


if __name__ == "__main__":
    sys.exit(main())
