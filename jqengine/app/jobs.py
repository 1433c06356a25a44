"""Jobs in the application's threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from jqengine.app.mailbox import Mailbox
from jqengine.app.threads import ApplicationThreads, IThreadsReactor
from jqengine.interfaces import Deliver, IClock, IJobHost
from jqengine.job import NO_RESPONSE, Result, Run
from jqengine.request.capture import describe_exception

Build = Callable[[Run], dict[str, Any]]
"""Makes the environ of a run."""

Call = Callable[[dict[str, Any], Callable[[], bool]], Result]
"""Calls the application with an environ, for as long as the second argument says so."""


class _Stage(Enum):
    """Where a handed-over run stands."""

    QUEUED = auto()  # no thread has begun it
    RUNNING = auto()  # its thread is in the application
    DONE = auto()  # its result is on the way to the reactor
    STUCK = auto()  # abandoned, while its thread was in the application
    DROPPED = auto()  # abandoned or taken back at any other time


class _Handover:
    """One run in the host's hands."""

    __slots__ = ("replaced", "run", "stage", "started")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.stage = _Stage.QUEUED
        self.started = 0.0
        self.replaced = False

    def wanted(self) -> bool:
        """Whether anybody still waits for the result."""
        return self.stage is _Stage.RUNNING


@implementer(IJobHost)
class JobHost:
    """Runs jobs in a pool of threads of their own.

    A thread cannot be stopped.  When a run is abandoned while its thread is in
    the application, a further thread takes that one's place, up to *spares* of
    them; the stuck thread ends when the application lets go of it.

    :param build: makes the environ of a run; called in a job thread.
    :param call: calls the application; called in a job thread.
    :param deliver: takes results, on the reactor thread.
    :param clock: tells the time of a run for which *build* or *call* raised.
    :param spares: how many threads may stand in for stuck ones.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IThreadsReactor,
        pool: ApplicationThreads,
        build: Build,
        call: Call,
        deliver: Deliver,
        clock: IClock,
        spares: int,
    ) -> None:
        self._reactor = reactor
        self._pool = pool
        self._build = build
        self._call = call
        self._hand_over = deliver
        self._clock = clock
        self._spares = spares
        self._mailbox = Mailbox(reactor, self._receive)
        self._lock = threading.Lock()  # for all that follows, and for every stage
        self._handovers: dict[str, _Handover] = {}
        self._stuck = 0

    @property
    def threads(self) -> int:
        """Size of the job pool."""
        return self._pool.size

    @property
    def stuck(self) -> int:
        """Number of threads still busy with abandoned runs."""
        return self._stuck

    def run(self, runs: Sequence[Run]) -> None:
        """Queue *runs* for the pool, in this order."""
        handovers = [_Handover(run) for run in runs]
        with self._lock:
            self._handovers.update((one.run.id, one) for one in handovers)
        for handover in handovers:
            self._pool.callInThread(self._perform, handover)

    def unstarted(self) -> Sequence[Run]:
        """Take back every queued run that no thread has begun."""
        with self._lock:
            queued = [one for one in self._handovers.values() if one.stage is _Stage.QUEUED]
            for handover in queued:
                handover.stage = _Stage.DROPPED
                del self._handovers[handover.run.id]
        return [handover.run for handover in queued]

    def overdue(self) -> Sequence[Run]:
        """Runs that a thread began longer ago than their policy's timeout."""
        now = self._reactor.seconds()
        with self._lock:
            return [
                one.run
                for one in self._handovers.values()
                if one.stage is _Stage.RUNNING and now - one.started > one.run.policy.timeout
            ]

    def abandon(self, run: Run) -> None:
        """Stop caring about a run: its result, should it come, is dropped."""
        with self._lock:
            handover = self._handovers.pop(run.id, None)
            if handover is None:
                return
            if handover.stage is not _Stage.RUNNING:
                handover.stage = _Stage.DROPPED
                return
            handover.stage = _Stage.STUCK
            self._stuck += 1
            handover.replaced = self._stuck <= self._spares
        if handover.replaced:
            self._pool.add()

    def _perform(self, handover: _Handover) -> None:
        """Run one handover to its end, in a job thread."""
        if not self._begin(handover):
            return
        result = self._result(handover)
        if self._end(handover):
            self._mailbox.post((handover, result))
        elif handover.replaced:
            self._pool.end_this_thread()

    def _begin(self, handover: _Handover) -> bool:
        handover.started = self._reactor.seconds()
        with self._lock:
            if handover.stage is not _Stage.QUEUED:
                return False
            handover.stage = _Stage.RUNNING
            return True

    def _result(self, handover: _Handover) -> Result:
        try:
            return self._call(self._build(handover.run), handover.wanted)
        except BaseException as error:
            self._log.failure("Run {run} could not be called", run=handover.run.id)
            now = self._clock.now()
            return Result(NO_RESPONSE, describe_exception(error), (), b"", False, now, now)

    def _end(self, handover: _Handover) -> bool:
        with self._lock:
            if handover.stage is _Stage.STUCK:
                self._stuck -= 1
                return False
            handover.stage = _Stage.DONE
            return True

    def _receive(self, batch: Sequence[tuple[_Handover, Result]]) -> None:
        wanted = []
        with self._lock:
            for handover, result in batch:
                if handover.stage is _Stage.DONE:
                    del self._handovers[handover.run.id]
                    wanted.append((handover.run, result))
        if wanted:
            self._hand_over(wanted)
