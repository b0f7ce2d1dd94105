"""Send hostile responses to the client for a while, and stop at the first wrong result."""

from __future__ import annotations

import argparse
import random
import sys

from fuzz.hunt import fuzz


def main() -> int:
    """Fuzz for the given time; return 1 if a result is wrong, or if too few verdicts occurred."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="seed of another run, to repeat its cases")
    options = parser.parse_args()
    start = random.SystemRandom().randrange(1, 10**6) if options.seed is None else options.seed
    print(f"Fuzzing for {options.seconds:g} s; --seed {start} repeats the same cases.", flush=True)
    return fuzz(options.seconds, start)


if __name__ == "__main__":
    sys.exit(main())
