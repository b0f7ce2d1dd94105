"""Send hostile responses to the client for a while, and stop at the first wrong result."""

from __future__ import annotations

import argparse
import random
import sys

from fuzzing import drawn


def main() -> int:
    """Fuzz for the given time; return 1 if something is wrong, or if the run met too few verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="that of another run, to see its cases again")
    options = parser.parse_args()
    start = random.SystemRandom().randrange(1, 10**6) if options.seed is None else options.seed
    print(f"Fuzzing for {options.seconds:g} s; --seed {start} makes the same cases again.", flush=True)
    return drawn.fuzz(options.seconds, start)


if __name__ == "__main__":
    sys.exit(main())
