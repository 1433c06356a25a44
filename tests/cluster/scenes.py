"""One node of two that is frozen, or cut from the database."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.ledger import summary, violations
from tests.cluster.nodes import Node, Nodes, Relay, Visitors
from tests.cluster.storm import steps, wait_for_the_end, write_crontab
from tests.postgres import Databases, Server, rows

BEYOND_A_LEASE = 80.0
"""Seconds: a lease, and the time until somebody looks whether it has run out."""


def frozen(folder: Path, _seconds: float) -> list[str]:
    """A node with a job under way is stopped for longer than its lease, and thawed."""
    with a_database(folder) as (_, url):
        one, two = (Node(folder, name, url) for name in ("one", "two"))
        with Nodes(one, two):
            job = one.queue().schedule("/slow?5").id
            time.sleep(1)
            runner = one if node_of(url, job) == name_in(one) else two
            other = two if runner is one else one
            runner.signal(signal.SIGSTOP)
            time.sleep(BEYOND_A_LEASE)
            status = other.queue().wait(job, timeout=60).status
            runner.signal(signal.SIGCONT)
            time.sleep(8)
            said = runner.log()
        wrong = [] if status == 200 else [f"the other node's answer is {status}"]
        if "its claim was lost" not in said:
            wrong.append("the thawed node's result was not refused")
        results = rows(url, f"SELECT attempt, node FROM runs WHERE id = '{job}'")
        print(f"the run ended as {results}; the thawed node: {refusal(said)}")
        return wrong + list(violations(url, folder / "book", {}))


def cut(folder: Path, _seconds: float) -> list[str]:
    """A node does not reach the database for a minute."""
    with a_database(folder) as (server, url):
        relay = Relay(f"{server.folder}/.s.PGSQL.{server.port}")
        name = url.partition("?")[0].rpartition("/")[2]
        far = f"postgresql://jobqueue@127.0.0.1:{relay.port}/{name}?sslmode=disable"
        crontab = folder / "jobs.tab"
        write_crontab(crontab, 20, 5)
        one = Node(folder, "near", url, "--crontab", str(crontab))
        two = Node(folder, "far", far, "--crontab", str(crontab))
        with Nodes(one, two), Visitors(one, two) as visitors:
            time.sleep(10)
            relay.cut.set()
            time.sleep(60)
            claimed = calls_of(folder, "far")
            time.sleep(5)
            still = calls_of(folder, "far") - claimed
            relay.cut.clear()
            time.sleep(45)
            recovered = calls_of(folder, "far") - claimed
            write_crontab(crontab, 0, 0)
            for node in (one, two):
                node.signal(signal.SIGHUP)
            wait_for_the_end(url)
        print(
            f"cut off: {still} jobs begun in its last 5 s; {recovered} in 45 s after it;"
            f" {visitors.asked} requests, slowest {visitors.slowest:.2f} s,"
            f" {len(visitors.failed)} failed; {summary(url, folder / 'book')}"
        )
        wrong = visitors.failed + ([f"{still} jobs begun while it was cut off"] if still else [])
        if not recovered:
            wrong.append("it did not recover")
        return wrong + list(violations(url, folder / "book", steps(20, 5)))


@contextmanager
def a_database(folder: Path) -> Iterator[tuple[Server, str]]:
    """A server with one."""
    server = Server(folder / "pg")
    server.create()
    server.start()
    try:
        yield server, Databases(server.url("postgres")).make()
    finally:
        server.stop()


def node_of(url: str, run_id: str) -> str:
    """The node that has a run."""
    [(node,)] = rows(url, f"SELECT node FROM runs WHERE id = '{run_id}'")
    return str(node)


def name_in(node: Node) -> str:
    """What a node calls itself in the database."""
    return (node.folder / "state" / "node").read_text().strip()


def calls_of(folder: Path, node: str) -> int:
    """How many jobs *node* has begun."""
    lines = (folder / "book").read_text().splitlines()
    return sum(line.split()[2] == node for line in lines)


def refusal(log: str) -> str:
    """The line that says that a result was refused."""
    return next((line for line in log.splitlines() if "claim was lost" in line), "nothing")[:300]
