"""A storm: real engines on real files, killed again and again while clients schedule.

What is planned is thrown by seeded dice; when exactly a kill meets the engine
is up to the machine.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from jqengine.client import JobQueue
from jqengine.errors import JobQueueError
from tests.nursery import Nursery
from tests.simulation.asking import ask
from tests.simulation.final import Final, at_rest, read
from tests.simulation.stores import SqliteShelf
from tests.storm.audit import Evidence
from tests.storm.book import DEAD, Book, lines
from tests.storm.failpoints import MIGRATING, POINTS
from tests.storm.orders import BOOK, CALM, FAIL, LEASE, PROCESS

SHORT_LEASE = 2.0
POINT_WEIGHTS = {MIGRATING: 1}
"""How often a life is to end at some points, where others have three."""

DOOMED = 2.0
"""Seconds that a life has to reach the point at which it is to end."""

PATIENCE = 60.0
"""Seconds for everything to come to rest in the end."""

LINES = """\
* * * * * - /quick --name=minutely --overlap=allow
@every 1s - /quick --name=second --overlap=allow --catchup=all
@every 2s - /slow --name=two --overlap=skip
@every 3s - /flaky --name=three --overlap=queue --catchup=all
@every 4s - /deadly --name=deadly --overlap=skip
@every 5s - /raises --name=raises --attempts=2
@reboot - /quick --name=boot --overlap=allow
@at "now" - /quick --name=once
"""
HEAD = """\
JOBQUEUE_SINK=file:results
JOBQUEUE_REMOVE_ON=never
JOBQUEUE_BACKOFF=100ms
JOBQUEUE_TIMEOUT=30s
"""


@dataclass
class Node:
    """One engine, in its present life.

    :ivar pid: of its process, or ``None`` while it has none.
    :ivar process: what the process is called in the side file.
    :ivar doomed: whether it is to die at a point.
    """

    name: str
    pid: int | None = None
    process: str = ""
    lives: int = 0
    doomed: bool = False


@dataclass
class Clients:
    """Threads that schedule jobs, over whichever engine there is.

    :ivar acknowledged: ids of the jobs that an engine said are on disk.
    """

    addresses: Sequence[str]
    random: Random
    acknowledged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to schedule."""
        for address in self.addresses:
            thread = threading.Thread(target=self._schedule, args=(address,))
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Schedule no more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _schedule(self, address: str) -> None:
        queue = JobQueue(address, timeout=PATIENCE, patience=PATIENCE)
        while not self._stopped.wait(self.random.uniform(0.005, 0.1)):
            path = self.random.choice(("/quick", "/quick", "/flaky", "/slow"))
            after = self.random.choice((None, None, "500ms", "2s"))
            try:
                job = queue.schedule(path, **({} if after is None else {"after": after}))
            except JobQueueError as error:
                self.errors.append(str(error))
            else:
                self.acknowledged.append(job.id)
        queue.close()


class Storm:
    """One storm.

    :param folder: for all files; its path is short, for sockets.
    :param nodes: engines on the one store.
    """

    def __init__(self, folder: Path, seed: int, nodes: int = 1, extra_lines: str = "") -> None:
        self.folder = folder
        self.random = Random(seed)
        self.nodes = [Node(f"node-{number}") for number in range(nodes)]
        self.kills = 0
        self.store = folder / "queue.db"
        self._lines = LINES + extra_lines
        self._book_path = folder / "book"
        self._book = Book(str(self._book_path))
        self._nursery = Nursery()
        addresses = [f"unix:{folder}/{node.name}/amp.sock" for node in self.nodes]
        self.clients = Clients(addresses, Random(seed))
        self.write_crontab()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            if node.pid is not None:
                self.kill(node)
        self.clients.stop()
        self._nursery.close()
        self._book.close()

    def write_crontab(self) -> None:
        """Save the crontab, with another option than before: each time is an edit."""
        attempts = f"JOBQUEUE_ATTEMPTS={self.random.randint(4, 9)}\n"
        # Renamed into place: an engine that reads it just now shall not find it empty.
        aside = self.folder / "jobs.tab.new"
        aside.write_text(HEAD + attempts + self._lines)
        aside.rename(self.folder / "jobs.tab")

    def start(self, node: Node, environ: Mapping[str, str] | None = None) -> None:
        """Start an engine."""
        node.lives += 1
        node.process = f"{node.name}.{node.lives}"
        node.doomed = FAIL in (environ or {})
        state = self.folder / node.name
        environment = {
            BOOK: str(self._book_path),
            PROCESS: node.process,
            LEASE: str(SHORT_LEASE),
            **(environ or {}),
        }
        with (self.folder / f"{node.name}.log").open("a") as log:
            node.pid = self._nursery.start(
                (
                    *("--nodaemon", "--pidfile=", "jobqueue", "--app", "tests.storm.application"),
                    *("--crontab", "jobs.tab", "--http", "off", "--admin", "off"),
                    *("--store", f"sqlite:///{self.store}", "--state-dir", str(state)),
                    *("--job-threads", "4", "--drain-timeout", "10s"),
                ),
                self.folder,
                {**os.environ, **environment},
                log.fileno(),
                log.fileno(),
            )

    def kill(self, node: Node) -> None:
        """Kill an engine where it stands, if it has not died by itself."""
        self.end(node, signal.SIGKILL)
        self.kills += 1

    def end(self, node: Node, how: int) -> None:
        """End an engine and wait until it is gone."""
        assert node.pid is not None
        self.signal(node, how)
        self._nursery.reap(node.pid)
        self._book.note(DEAD, node.process)
        node.pid = None

    def signal(self, node: Node, how: int) -> None:
        """Send a signal; to a zombie it does nothing."""
        assert node.pid is not None
        os.kill(node.pid, how)

    def is_gone(self, node: Node) -> bool:
        """Whether an engine has died by itself; then it may be started again."""
        if node.pid is None or self._nursery.status(node.pid) is None:
            return node.pid is None
        self._book.note(DEAD, node.process)
        self.kills += 1
        node.pid = None
        return True

    def is_up(self, node: Node) -> bool:
        """Whether this life of an engine takes calls from clients."""
        try:
            JobQueue(f"unix:{self.folder}/{node.name}/amp.sock", patience=0.0).stats()
        except JobQueueError:
            return False
        return True

    def blow(self, kills: int) -> None:
        """Kill so often, at random moments, and start again each time."""
        self.clients.start()
        end = self.kills + kills
        while self.kills < end:
            node = self.random.choice(self.nodes)
            for one in self.nodes:
                if self.is_gone(one):
                    self.write_crontab()
                    self.start(one, self._perhaps_doomed())
            time.sleep(self.random.choice((0.05, 0.3, 0.6, 1.0)) * self.random.uniform(0.5, 1.5))
            if self.random.random() < 0.3 and node.pid is not None and not self.is_gone(node):
                self.write_crontab()
                self.signal(node, signal.SIGHUP)
                time.sleep(self.random.uniform(0.0, 0.05))
            if not self._dies_by_itself(node):
                self.kill(node)

    def _dies_by_itself(self, node: Node) -> bool:
        """Whether an engine is gone; one that is to die at a point has time to reach it."""
        deadline = time.monotonic() + (DOOMED if node.doomed else 0.0)
        while not (gone := self.is_gone(node)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return gone

    def _perhaps_doomed(self) -> Mapping[str, str]:
        """Whether a life is to end at a point, and at which, by the dice."""
        if self.random.random() < 0.5:
            return {}
        [point] = self.random.choices(list(POINTS), [POINT_WEIGHTS.get(one, 3) for one in POINTS])
        return {FAIL: f"{point}:{self.random.choice((1, 1, 2, 3, 10, 30))}"}

    def die_at(self, point: str, times: int, seconds: float) -> bool:
        """Let the first engine live until it reaches a point; whether it did in time."""
        [node, *_] = self.nodes
        self.write_crontab()
        self.start(node, {FAIL: f"{point}:{times}"})
        deadline = time.monotonic() + seconds
        while not self.is_gone(node):
            if time.monotonic() > deadline:
                self.kill(node)
                return False
            time.sleep(0.02)
        return True

    def settle(self) -> Evidence:
        """Let everything come to rest, stop cleanly, and see what there is."""
        for node in self.nodes:
            if not self.is_gone(node):
                self.kill(node)
            self.start(node, {CALM: "yes"})
        self.clients.stop()
        horizon = time.time()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._at_rest(horizon):
            time.sleep(0.3)
        for node in self.nodes:
            self.end(node, signal.SIGTERM)
        return Evidence(
            final=self.final(),
            book=list(lines(self._book_path)),
            acknowledged=list(self.clients.acknowledged),
            results=self.folder / "results",
            horizon=horizon,
        )

    def final(self) -> Final:
        """What the store says now."""
        return ask(SqliteShelf(self.store), read)

    def _at_rest(self, horizon: float) -> bool:
        return ask(SqliteShelf(self.store), lambda store: at_rest(store, horizon))
