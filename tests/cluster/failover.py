"""The primary is killed, and its standby promoted."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

from jqengine.errors import JobQueueError
from tests.cluster.ledger import summary, violations
from tests.cluster.nodes import Node, Nodes, Visitors
from tests.cluster.storm import steps, wait_for_the_end, write_crontab
from tests.postgres import Databases, Server, rows

STANDBY = "standby"

_OURS = {"wal_level": "replica", "max_wal_senders": "5", "hot_standby": "on"}


def failover(folder: Path, _seconds: float) -> list[str]:
    """Two nodes, a synchronous standby, clients and visitors all the time."""
    primary = Server(folder / "one", 54331, _OURS)
    primary.create()
    primary.start()
    standby = copy_of(primary, Server(folder / "two", 54332, _OURS))
    standby.start()
    primary.stop()
    # From now on a commit waits for both disks.
    primary.settings["synchronous_standby_names"] = STANDBY
    primary.start()
    url = url_of_both(primary, standby)
    crontab = folder / "jobs.tab"
    write_crontab(crontab, 20, 5)
    nodes = [Node(folder, name, url, "--crontab", str(crontab)) for name in ("a", "b")]
    try:
        with Nodes(*nodes), Visitors(*nodes) as visitors, Clients(*nodes) as clients:
            time.sleep(10)
            killed = time.monotonic()
            primary.stop(signal.SIGQUIT)
            time.sleep(3)
            standby.run("pg_ctl", "promote", "-D", str(standby.data))
            promoted = time.monotonic()
            clients.accepted_after(promoted)
            back = time.monotonic()
            time.sleep(20)
            clients.stop()
            write_crontab(crontab, 0, 0)
            for node in nodes:
                node.signal(signal.SIGHUP)
            wait_for_the_end(standby.url("jobs"))
        now = standby.url("jobs")
        known = {run_id for (run_id,) in rows(now, "SELECT id FROM runs")}
        lost = [one for one in clients.accepted if one not in known]
        print(
            f"promoted {promoted - killed:.1f} s after the kill, jobs taken again"
            f" {back - promoted:.1f} s later; {len(clients.accepted)} jobs accepted,"
            f" {len(lost)} lost, {clients.refused} refused; {visitors.asked} requests, slowest"
            f" {visitors.slowest:.2f} s, {len(visitors.failed)} failed;"
            f" {summary(now, folder / 'book')}"
        )
        return [
            *(f"job {one} was accepted and is lost" for one in lost),
            *visitors.failed,
            *violations(now, folder / "book", steps(20, 5)),
        ]
    finally:
        primary.stop()
        standby.stop()


def copy_of(primary: Server, standby: Server) -> Server:
    """Make *standby* follow *primary*; both have the database ``jobs``."""
    Databases(primary.url("postgres")).execute("CREATE DATABASE jobs")
    standby.make_folder()
    conninfo = f"{primary.conninfo('postgres')} application_name={STANDBY}"
    standby.run("pg_basebackup", "-D", str(standby.data), "-R", "-d", conninfo, "-c", "fast")
    return standby


def url_of_both(primary: Server, standby: Server) -> str:
    """The URL that finds whichever takes changes."""
    hosts = f"host={primary.folder},{standby.folder}&port={primary.port},{standby.port}"
    return f"postgresql:///jobs?user=jobqueue&{hosts}&target_session_attrs=read-write"


class Clients:
    """A thread that schedules jobs, and remembers which were accepted.

    :ivar accepted: their ids; :ivar refused: how many were not.
    """

    def __init__(self, *nodes: Node) -> None:
        self.accepted: list[str] = []
        self.refused = 0
        self._instants: list[float] = []
        self._nodes = nodes
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._schedule)

    def __enter__(self) -> Clients:
        self._thread.start()
        return self

    def __exit__(self, *_said: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Schedule no more."""
        self._gone.set()
        self._thread.join()

    def accepted_after(self, instant: float) -> None:
        """Wait until a job is accepted that was not asked for before *instant*."""
        last = time.monotonic() + 60
        while not self._instants or self._instants[-1] < instant:
            assert time.monotonic() < last, "no job is accepted any more"
            time.sleep(0.05)

    def _schedule(self) -> None:
        queues = [node.queue() for node in self._nodes]
        while not self._gone.wait(0.01):
            for queue in queues:
                asked = time.monotonic()
                try:
                    self.accepted.append(queue.schedule("/client").id)
                    self._instants.append(asked)
                except JobQueueError:
                    self.refused += 1
