"""Three nodes with one crontab, killed and started again all the time."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random

from tests.cluster.ledger import summary, unfinished, violations
from tests.cluster.nodes import Node, Nodes
from tests.postgres import Databases, Server

EVERY_SECOND = 150
EVERY_MINUTE = 50

LEASE = 60.0
"""Seconds after which what a killed node had claimed goes to another."""


def write_crontab(path: Path, seconds: int = EVERY_SECOND, minutes: int = EVERY_MINUTE) -> None:
    """A crontab in which no due time may be passed over."""
    lines = ["JOBQUEUE_OVERLAP=allow", "JOBQUEUE_CATCHUP=all", "JOBQUEUE_ATTEMPTS=20"]
    lines += [f"@every 1s - /second/{n} --name=second-{n}" for n in range(seconds)]
    lines += [f"* * * * * - /minute/{n} --name=minute-{n}" for n in range(minutes)]
    path.write_text("\n".join(lines) + "\n")


def steps(seconds: int = EVERY_SECOND, minutes: int = EVERY_MINUTE) -> dict[str, float]:
    """Seconds between the due times of each job, by its name."""
    return {
        **{f"second-{n}": 1.0 for n in range(seconds)},
        **{f"minute-{n}": 60.0 for n in range(minutes)},
    }


def storm(folder: Path, seconds: float) -> list[str]:
    """Blow for so many *seconds*; what was broken."""
    random = Random(1)
    crontab = folder / "jobs.tab"
    write_crontab(crontab)
    server = Server(folder / "pg")
    server.create()
    server.start()
    url = Databases(server.url("postgres")).make()
    kills = 0
    nodes = [Node(folder, f"node-{n}", url, "--crontab", str(crontab)) for n in range(3)]
    try:
        with Nodes(*nodes):
            last = time.monotonic() + seconds
            while time.monotonic() < last:
                time.sleep(random.uniform(1.0, 6.0))
                node = random.choice(nodes)
                node.signal(signal.SIGKILL)
                kills += 1
                time.sleep(random.uniform(0.0, 3.0))
                node.start()
            # No more due times, and patience for what the last kills have cut off.
            write_crontab(crontab, 0, 0)
            for node in nodes:
                node.wait_until_up()
                node.signal(signal.SIGHUP)
            wait_for_the_end(url)
        print(f"{kills} kills in {seconds:.0f} s; {summary(url, folder / 'book')}")
        return list(violations(url, folder / "book", steps()))
    finally:
        server.stop()


def wait_for_the_end(url: str) -> None:
    """Wait until every run has ended, or should have."""
    last = time.monotonic() + 3 * LEASE
    time.sleep(5)
    while unfinished(url) and time.monotonic() < last:
        time.sleep(1)
