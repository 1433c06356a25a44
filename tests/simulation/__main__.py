"""Replay one seed, or play many: ``python -m tests.simulation --seed N``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from twisted.logger import globalLogBeginner

from tests.simulation.history import lines
from tests.simulation.ledger import violations
from tests.simulation.world import World


def main(arguments: Sequence[str]) -> int:
    """Play what the *arguments* ask for; 1 if a promise was broken."""
    options = _parser().parse_args(arguments)
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False)
    bad = 0
    began = time.monotonic()
    count = 0
    for seed in _seeds(options):
        count += 1
        t = time.monotonic()
        seen = World(seed, options.store).run()
        t1 = time.monotonic()
        wrong = violations(seen)
        if options.times:
            print(f"seed {seed}: {t1-t:.3f} {time.monotonic()-t1:.3f} {len(seen.history)}")
        if wrong:
            bad += 1
            print(f"seed {seed}: {len(wrong)} violations")
            for one in wrong[: options.most]:
                print(f"    {one}")
        if options.trace:
            print("\n".join(lines(seen.history, options.about)))
        sys.stdout.flush()
    print(f"{count} seeds, {bad} with violations, {time.monotonic() - began:.1f} s")
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--about", default="")
    parser.add_argument("--most", type=int, default=5)
    return parser


def _seeds(options: argparse.Namespace) -> Iterator[int]:
    if options.seed is not None:
        yield options.seed
    if options.seeds:
        first, _, last = options.seeds.partition("-")
        yield from range(int(first), int(last) + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
