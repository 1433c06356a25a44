"""Let something befall a cluster: ``python -m tests.cluster NAME [--minutes 5]``.

``storm``     three nodes, 200 crontab entries, nodes killed and restarted all the time
``frozen``    a node stopped for longer than its lease, and thawed
``cut``       a node that does not reach the database for a minute
``failover``  the primary killed, its standby promoted, while jobs and visitors come in

The exit status is 1 if a promise was broken; then everything is kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster.failover import failover
from tests.cluster.scenes import cut, frozen
from tests.cluster.storm import storm

SCENES: dict[str, Callable[[Path, float], list[str]]] = {
    "storm": storm,
    "frozen": frozen,
    "cut": cut,
    "failover": failover,
}


def main(arguments: Sequence[str]) -> int:
    """Do what the *arguments* ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="cluster"))
    # The server runs as somebody else, who must find its own folder in it.
    folder.chmod(0o711)
    wrong = SCENES[options.scene](folder, options.minutes * 60)
    for one in wrong[:50]:
        print(f"  {one}")
    if wrong:
        print(f"{len(wrong)} promises broken; everything is in {folder}")
        return 1
    print("nothing is broken")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
