"""Durable jobs a second on PostgreSQL: one, two and three nodes, and the neighbours.

``python -m tests.bench.bench_postgres [COUNT]`` starts a server of its own with
``fsync`` on.  Ours are real ``twistd`` nodes: COUNT jobs that are all due at one
instant are added, and what counts is the time from that instant until the last
result is on disk.  The neighbours run in a process of their own each, and what
is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jqengine.identity import IdFactory
from jqengine.news import Topic
from jqengine.store import intake
from jqengine.store.postgres import PostgresPlace
from jqengine.store.postgreschannel import NAME
from jqengine.store.transacting import Transactions
from tests.bench.jobs_ours import APPLICATION, a_job
from tests.cluster.nodes import PATIENCE
from tests.postgres import Databases, a_server, connect, rows

COUNT = 30_000
BATCH = 2_000
ROUNDS = 3
LEAD = 3.0
"""Seconds between the last job that is added and the instant when all are due."""

PEERS = {"Procrastinate": ("procrastinate", 3_000), "PgQueuer": ("pgqueuer", 10_000)}

SERVER = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


def main(arguments: list[str]) -> None:
    """Measure, and print a table."""
    count = int(arguments[0]) if arguments else COUNT
    with a_server(**SERVER) as server:
        databases = Databases(server.url("postgres"))
        print(f"{'system':<28}{'enqueued/s':>12}{'run/s':>10}   of {ROUNDS} rounds the median")
        for nodes in (1, 2, 3):
            show(f"jqengine, {nodes} nodes", [ours(databases, nodes, count) for _ in range(ROUNDS)])
        for name, (module, most) in PEERS.items():
            if importlib.util.find_spec(module) is None:
                print(f"{name:<28}is not installed")
                continue
            show(name, [peer(databases, module, min(count, most)) for _ in range(ROUNDS)])


def show(name: str, figures: list[tuple[float, float]]) -> None:
    """A line of the table."""
    added, ran = (sorted(column)[len(figures) // 2] for column in zip(*figures, strict=True))
    print(f"{name:<28}{added:>12,.0f}{ran:>10,.0f}", flush=True)


def ours(databases: Databases, nodes: int, count: int) -> tuple[float, float]:
    """Jobs a second: enqueued, and run by so many *nodes*."""
    url = databases.make()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "noop.py").write_text(APPLICATION)
        running = [a_node(folder, number, url) for number in range(nodes)]
        try:
            wait_until(lambda: len(known_nodes(url)) == nodes)
            added, due = add(url, count)
            wait_until(lambda: finished(url) == count)
            [(last,)] = rows(url, "SELECT max(finished) FROM runs")
        finally:
            for node in running:
                node.terminate()
            for node in running:
                node.wait(PATIENCE)
    return count / added, count / (last - due)


def a_node(folder: str, number: int, url: str) -> subprocess.Popen[bytes]:
    """A node that serves nobody."""
    twistd = str(Path(sys.executable).with_name("twistd"))
    state = Path(folder, f"state-{number}")
    return subprocess.Popen(
        [
            *(twistd, "-n", "--pidfile=", "jobqueue", "--app", "noop.py", "--store", url),
            *("--http", "off", "--admin", "off", "--sink", "off", "--state-dir", str(state)),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def known_nodes(url: str) -> list[tuple[Any, ...]]:
    """The nodes that have signed on."""
    try:
        return list(rows(url, "SELECT name FROM nodes"))
    except Exception:
        return []  # nobody has made the tables yet


def finished(url: str) -> int:
    """How many runs have a result."""
    time.sleep(0.2)
    [(count,)] = rows(url, "SELECT count(*) FROM runs WHERE finished IS NOT NULL")
    return int(count)


def add(url: str, count: int) -> tuple[float, float]:
    """Add jobs; the seconds it took, and when all of them are due."""
    new_id = IdFactory(random.getrandbits)
    writer = Transactions(PostgresPlace(url).database(writing=True), None)
    due = round(time.time() + count / 5_000 + LEAD, 6)
    jobs = [a_job(new_id(due), due) for _ in range(count)]
    began = time.monotonic()
    for start in range(0, count, BATCH):
        some = jobs[start : start + BATCH]
        writer.perform([lambda connection, some=some: intake.add(connection, some)])
    took = time.monotonic() - began
    writer.close()
    with connect(url) as connection:
        connection.execute(f"NOTIFY {NAME}, '{Topic.READY}'")
    assert time.time() < due, "the jobs were due before they were all there"
    return took, due


def wait_until(condition: Any) -> None:
    """Wait, but not for ever."""
    last = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < last, "it takes too long"
        time.sleep(0.1)


def peer(databases: Databases, module: str, count: int) -> tuple[float, float]:
    """Jobs a second of a neighbour: enqueued, and run."""
    conninfo = databases.make()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.peers.{module}_postgres", str(count)],
        env={**os.environ, "PEER_POSTGRES": conninfo},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    line = next(one for one in done.stdout.splitlines() if one.startswith('{"count"'))
    said = json.loads(line)
    return count / said["add"], count / said["run"]


if __name__ == "__main__":
    main(sys.argv[1:])
