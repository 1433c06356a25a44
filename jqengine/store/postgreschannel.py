"""News between nodes by NOTIFY and LISTEN.

Not in the transaction that has something to tell: PostgreSQL lets only one such
transaction commit at a time, the wait for the disk included, and nodes would
stand in line for each other.  A thread tells afterwards, on a connection whose
commits wait for no disk, and whatever has come up meanwhile it tells as one.
Should its process die in between, the others find out when they next look.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from threading import Lock, Thread
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from zope.interface import implementer

from jqengine.interfaces import IChannel
from jqengine.news import Topic
from jqengine.store.news import Heard
from jqengine.store.postgres import PostgresPlace

NAME = "jqengine"
"""Of the channel, in PostgreSQL.  It is known only within its database."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
"""Seconds between two tries to connect."""

PROBE = 15.0
"""Seconds without news after which the connection is tried."""

_EVERYTHING = frozenset(Topic)


@implementer(IChannel)
class PostgresChannel:
    """A connection and a thread that do nothing else."""

    _log = Logger()

    def __init__(self, place: PostgresPlace, reactor: IReactorFromThreads) -> None:
        self._place = place
        self._reactor = reactor
        self._heard: Heard = lambda _topics: None
        self._lock = Lock()
        self._to_tell: set[Topic] = set()
        self._thread: Thread | None = None
        self._closed: Deferred[None] | None = None
        self._wake: tuple[int, int] = (-1, -1)
        self._away = False

    def open(self, heard: Heard) -> Deferred[None]:
        """See :meth:`IChannel.open`."""
        self._heard = heard
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._thread = Thread(target=self._work, name="store channel", daemon=True)
        self._thread.start()
        return succeed(None)

    def announce(self, topics: frozenset[Topic]) -> None:
        """See :meth:`IChannel.announce`."""
        with self._lock:
            self._to_tell |= topics
            self._ring()

    def close(self) -> Deferred[None]:
        """See :meth:`IChannel.close`."""
        closed: Deferred[None] = Deferred()
        if self._thread is None:
            return succeed(None)
        with self._lock:
            self._closed = closed
            self._ring()
        return closed

    def _ring(self) -> None:
        """Wake the thread; the lock is held."""
        if self._thread is not None:
            # Else it has more rings than it needs already.
            with suppress(BlockingIOError):
                os.write(self._wake[1], b"!")

    def _ended(self) -> None:
        thread, self._thread = self._thread, None
        closed, self._closed = self._closed, None
        for end in self._wake:
            os.close(end)
        if thread is not None and closed is not None:
            thread.join()
            closed.callback(None)

    # From here on in the thread.

    def _work(self) -> None:
        pause = FIRST_PAUSE
        while self._closed is None:
            began = monotonic()
            try:
                with self._place.connect() as connection:
                    self._carry(connection)
            except Exception as error:
                self._complain(error)
            if self._closed is None:
                pause = FIRST_PAUSE if monotonic() - began > PROBE else pause
                self._sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        self._reactor.callFromThread(self._ended)

    def _carry(self, connection: Any) -> None:
        """Tell and hear until the connection is lost or the channel is closed."""
        connection.autocommit = True
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET statement_timeout = '10s'")
        connection.execute(f"LISTEN {NAME}")
        own = connection.info.backend_pid
        if self._away:
            self._away = False
            self._log.info("The {store} sends news again", store=self._place.shown)
            # What has happened meanwhile nobody has told.
            self._pass_on(_EVERYTHING)
        while True:
            self._tell(connection)
            if self._closed is not None:
                return
            if not self._wait(connection, PROBE):
                connection.execute("SELECT 1")
            heard = [one for one in connection.notifies(timeout=0) if one.pid != own]
            self._pass_on(frozenset(topic for one in heard for topic in _topics(one.payload)))

    def _tell(self, connection: Any) -> None:
        with self._lock:
            topics, self._to_tell = self._to_tell, set()
        if topics:
            try:
                connection.execute("SELECT pg_notify(%s, %s)", (NAME, " ".join(sorted(topics))))
            except Exception:
                with self._lock:
                    self._to_tell |= topics
                raise

    def _wait(self, connection: Any, seconds: float) -> bool:
        """Until there is something to tell or to hear; whether there is."""
        ready, _, _ = select.select([connection.fileno(), self._wake[0]], [], [], seconds)
        if self._wake[0] in ready:
            os.read(self._wake[0], 4096)
        return bool(ready)

    def _sleep(self, seconds: float) -> None:
        """Pause, unless the channel is closed meanwhile."""
        last = monotonic() + seconds
        while self._closed is None and (left := last - monotonic()) > 0:
            ready, _, _ = select.select([self._wake[0]], [], [], left)
            if ready:
                os.read(self._wake[0], 4096)

    def _pass_on(self, topics: frozenset[Topic]) -> None:
        if topics:
            self._reactor.callFromThread(self._heard, topics)

    def _complain(self, error: Exception) -> None:
        if self._away:
            return
        self._away = True
        trouble = self._place.trouble(error)
        self._log.warn(
            "No news of other nodes for now, which are looked at twice a minute: {error}",
            error=error if trouble is None else trouble.error,
        )


def _topics(payload: str) -> frozenset[Topic]:
    """Those of *payload* that this version knows."""
    return frozenset(topic for topic in Topic if topic.value in payload.split())
