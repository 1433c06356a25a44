"""Replay one seed, or play many.

    python -m tests.simulation --seed 733
    python -m tests.simulation --seeds 1-20000 --processes 2 --store sqlite

The exit status is 1 if a promise was broken.  Every broken one is printed, and
after it what happened to the run or job it is about.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from twisted.logger import globalLogBeginner

from tests.simulation.history import lines
from tests.simulation.ledger import violations
from tests.simulation.plants import PLANTS, planted
from tests.simulation.world import World

MOST_SHOWN = 5
"""Violations of one seed that are printed; more say the same."""

AT_ONCE = 10
"""Seeds that are handed to a process together."""


class Played(NamedTuple):
    """What came of one seed.

    :ivar digest: of the whole history; the same whenever the seed is played.
    :ivar trace: the history, or the part of it that explains the violations.
    """

    seed: int
    violations: Sequence[str]
    digest: str
    trace: Sequence[str]


def play(seed: int, *, store: str = "memory", plant: str | None = None, about: str = "") -> Played:
    """Play one seed.

    :param plant: a bug to play it with.
    :param about: what the lines of the trace shall mention; without it, what
        the violations are about.
    """
    with planted(plant):
        seen = World(seed, store).run()
    wrong = violations(seen)
    whole = list(lines(seen.history))
    subjects = [about] if about else [one.partition(":")[0] for one in wrong[:MOST_SHOWN]]
    trace = [line for line in whole if any(subject in line for subject in subjects)]
    digest = sha256("\n".join(whole).encode()).hexdigest()[:16]
    return Played(seed, wrong, digest, trace)


def main(arguments: Sequence[str]) -> int:
    """Play what the *arguments* ask for."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    about = "  " if options.trace == "all" else options.trace
    one = partial(play, store=options.store, plant=options.plant, about=about)
    count = broken = 0
    for played in _play_all(one, _seeds(options), options.processes):
        count += 1
        broken += bool(played.violations)
        _show(played, options)
        if broken and options.stop:
            break
    took = time.monotonic() - began
    print(f"{count} seeds, {broken} with broken promises, {took:.1f} s")
    return 1 if broken else 0


def _play_all(one: partial[Played], seeds: Iterable[int], processes: int) -> Iterator[Played]:
    if processes == 1:
        _be_quiet()
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(processes, initializer=_be_quiet) as pool:
        yield from pool.map(one, seeds, chunksize=AT_ONCE)


def _be_quiet() -> None:
    """Have nobody keep what the engine logs, with all that hangs on it."""
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False)


def _show(played: Played, options: argparse.Namespace) -> None:
    if options.digests:
        print(f"seed {played.seed}: {played.digest}")
    if played.violations:
        print(f"seed {played.seed} breaks promises:")
        for one in played.violations[:MOST_SHOWN]:
            print(f"  {one}")
        if len(played.violations) > MOST_SHOWN:
            print(f"  and {len(played.violations) - MOST_SHOWN} more")
    if played.trace and (options.trace or options.seed is not None):
        print("\n".join(played.trace))
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="play this one and show what went wrong")
    which.add_argument("--seeds", metavar="A-B", help="play all of these")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory")
    parser.add_argument("--processes", type=int, default=1, metavar="N")
    parser.add_argument("--plant", choices=PLANTS, help="play with a bug made on purpose")
    parser.add_argument(
        "--trace", default="", metavar="TEXT", help="show what mentions this, such as an id, or all"
    )
    parser.add_argument("--digests", action="store_true", help="print a digest of each history")
    parser.add_argument("--stop", action="store_true", help="at the first broken promise")
    return parser


def _seeds(options: argparse.Namespace) -> Iterable[int]:
    if options.seed is not None:
        return [options.seed]
    first, _, last = options.seeds.partition("-")
    return range(int(first), int(last) + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
