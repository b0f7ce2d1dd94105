"""Change the code that decides in every small way that mutmut knows, and fail if the tests do not notice one of them.

What is changed, and which tests have to notice, stands in pyproject.toml. Every run begins anew; the changed code stays
in mutants/, for `mutmut browse`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTMUT = Path(sys.executable).with_name("mutmut")

# The mutants that nobody can notice: where and how they read, and why that says the same.
EXPLAINED = {
    'thanksio._verdict.x_explain: excerpt = json.dumps(said, ensure_ascii=None) if said else ""': (
        "json asks only whether ensure_ascii is true"
    ),
    (
        'thanksio._verdict.x__document: may_nest = body.count(b"{") + body.count(b"[") >= MAX_DEPTH'
        "  # few that open cannot nest deep"
    ): "what opens just so often is walked as well, and found not to be deeper",
}


def main() -> int:
    """Run mutmut, and fail for a survivor without an explanation and for an explanation without a survivor."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    subprocess.run([MUTMUT, "run"], cwd=ROOT, check=True)
    states = dict(line.strip().split(": ") for line in ask("results", "--all", "true").splitlines())
    diffs = {name: ask("show", name) for name, state in states.items() if state != "killed"}
    survivors = {identity(name, diff): diff for name, diff in diffs.items()}
    for mutant, diff in survivors.items():
        print(f"survivor: {mutant}", EXPLAINED.get(mutant, diff), sep="\n")
    for mutant in sorted(EXPLAINED.keys() - survivors.keys()):
        print(f"explained, but no survivor: {mutant}")
    explained = survivors.keys() & EXPLAINED.keys()
    print(f"mutate: {len(diffs)} of {len(states)} mutants survived, {len(explained)} of them explained.")
    return 0 if survivors.keys() == EXPLAINED.keys() else 1


def ask(*arguments: str) -> str:
    """Give what mutmut answers about the run."""
    return subprocess.run([MUTMUT, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def identity(name: str, diff: str) -> str:
    """Name a mutant by its function and what it has in the place of the original: its number changes with any edit."""
    added = [line[1:].strip() for line in diff.splitlines() if line[:1] == "+" and line[:3] != "+++"]
    return f"{name.partition('__mutmut_')[0]}: {' '.join(added)}"


if __name__ == "__main__":
    sys.exit(main())
