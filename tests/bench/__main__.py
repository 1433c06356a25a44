"""``python -m tests.bench [NAME ...] [--write]``: the benchmarks, all or those named.

With ``--write``, those that have something for the performance page write it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PREFIX = "bench_"


def main() -> int:
    """Run each in a process of its own; how many failed."""
    known = sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob("bench_*"))
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    wanted = [word for word in sys.argv[1:] if word not in options] or known
    unknown = set(wanted) - set(known)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; expected some of {', '.join(known)}")
        return 2
    failed = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"tests.bench.{PREFIX}{name}", *options]
        failed += subprocess.run(command).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
