"""Blow up a storm: ``python -m tests.storm --kills 500 [--seed N] [--nodes 2]``.

The exit status is 1 if a promise was broken.  The folder of a storm that broke
one is kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.storm.audit import Evidence, calls_by_run, violations
from tests.storm.storm import Storm


def main(arguments: Sequence[str]) -> int:
    """Do what the *arguments* ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    began = time.monotonic()
    with Storm(folder, options.seed, options.nodes) as storm:
        storm.blow(options.kills)
        evidence = storm.settle()
    wrong = violations(evidence)
    print(summary(evidence, storm.kills, time.monotonic() - began))
    for one in wrong:
        print(f"  {one}")
    if wrong:
        print(f"everything is in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def summary(evidence: Evidence, kills: int, seconds: float) -> str:
    """What there was, for people."""
    rows = evidence.final.rows.values()
    states = Counter(str(row.report.run.state) for row in rows)
    calls = sum(map(len, calls_by_run(evidence.book).values()))
    lost = sum(result.reason == "process lost" for row in rows for _, result in row.results)
    places = Counter(line.where for line in evidence.book if line.where)
    died = ", ".join(f"{count} {where}" for where, count in places.most_common())
    kept = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return (
        f"{kills} kills in {seconds:.0f} s: {len(evidence.acknowledged)} jobs acknowledged; "
        f"runs: {kept}; {calls} calls of the application, {lost} attempts cut off; "
        f"of the kills, {died or 'none'}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
