"""The application's job threads: runs go in, results come back in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from twisted.logger import Logger
from zope.interface import implementer

from jqengine.app.mailbox import Mailbox
from jqengine.app.threads import ApplicationThreads, IThreadsReactor
from jqengine.interfaces import Deliver, IJobHost
from jqengine.job import NO_RESPONSE, Result, Run
from jqengine.request.capture import describe_exception
from jqengine.request.environ import EnvironBuilder


class Call(Protocol):
    """Calls the application and waits for its response."""

    def __call__(self, environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        """The result; given up once *wanted* is false."""


class _Stage(Enum):
    """Where a handed-over run stands."""

    QUEUED = auto()  # no thread has begun it
    RUNNING = auto()  # its thread is in the application
    DONE = auto()  # its result is on the way to the reactor
    STUCK = auto()  # abandoned, while its thread was in the application
    DROPPED = auto()  # abandoned or taken back at any other time


# Members of an Enum are slow to reach through their class.
_QUEUED, _RUNNING, _DONE = _Stage.QUEUED, _Stage.RUNNING, _Stage.DONE


_Key = tuple[str, int]
"""A run and its attempt: whoever lost a claim may be given the run again
while a thread is still at work on the attempt before."""


class _Handover:
    """One run in the host's hands."""

    __slots__ = ("key", "replaced", "run", "stage", "started")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.key = _key(run)
        self.stage = _QUEUED
        self.started = 0.0
        self.replaced = False

    def wanted(self) -> bool:
        """Whether anybody still waits for the result."""
        return self.stage is _RUNNING


@implementer(IJobHost)
class JobHost:
    """Runs jobs in *threads*.

    A thread cannot be stopped.  When a run is abandoned while its thread is in
    the application, another thread takes that one's place, up to *spare* of
    them, so that a few requests that hang do not stop all jobs.  The stuck
    thread ends when the application lets go of it.

    :param build: makes the environ of a run; called in a job thread.
    :param call: calls the application with it; called in a job thread.
    :param deliver: takes results, on the reactor thread.
    :param may_begin: whether a run that waits may be begun; asked in job threads.
        While it may not, it waits to be taken back.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: IThreadsReactor,
        threads: ApplicationThreads,
        *,
        build: EnvironBuilder,
        call: Call,
        deliver: Deliver,
        spare: int,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reactor = reactor
        self._pool = threads
        self._build = build
        self._call = call
        self._hand_back = deliver
        self._spare = spare
        self._may_begin = may_begin
        self._mailbox = Mailbox(reactor, self._receive)
        self._waiting: deque[_Handover] = deque()
        self._lock = threading.Lock()  # for the stages, the dict and the count
        self._handovers: dict[_Key, _Handover] = {}
        self._stuck = 0

    @property
    def threads(self) -> int:
        """Size of the job pool."""
        return self._pool.size

    @property
    def stuck(self) -> int:
        """Number of threads still busy with abandoned runs."""
        return self._stuck

    @property
    def able(self) -> bool:
        """Whether any thread is left that is not stuck."""
        return self._stuck < self.threads + self._spare

    def run(self, runs: Sequence[Run]) -> None:
        """Queue *runs* for the pool, in this order."""
        handovers = [_Handover(run) for run in runs]
        with self._lock:
            self._handovers.update((one.key, one) for one in handovers)
        self._waiting.extend(handovers)
        # A thread goes on while anything waits: one call for each that may be idle.
        for _ in range(min(len(runs), self.threads)):
            self._pool.callInThread(self._work)

    def unstarted(self) -> Sequence[Run]:
        """Take back every queued run that no thread has begun."""
        with self._lock:
            queued = [one for one in self._handovers.values() if one.stage is _QUEUED]
            for handover in queued:
                handover.stage = _Stage.DROPPED
                del self._handovers[handover.key]
        return [handover.run for handover in queued]

    def overdue(self) -> Sequence[Run]:
        """Runs that a thread began longer ago than their policy's timeout."""
        now = self._reactor.seconds()
        with self._lock:
            return [
                one.run
                for one in self._handovers.values()
                if one.stage is _RUNNING and now - one.started > one.run.policy.timeout
            ]

    def abandon(self, run: Run) -> None:
        """Stop caring about a run: its result, should it come, is dropped."""
        with self._lock:
            handover = self._handovers.pop(_key(run), None)
            if handover is None:
                return
            if handover.stage is not _RUNNING:
                handover.stage = _Stage.DROPPED
                return
            handover.stage = _Stage.STUCK
            self._stuck += 1
            handover.replaced = self._stuck <= self._spare
        self._replace(handover)

    def _replace(self, handover: _Handover) -> None:
        if handover.replaced:
            self._pool.add()
            # The stuck thread was to go on with what waits.
            self._pool.callInThread(self._work)
        self._log.warn(
            "{job} does not end; {stuck} job threads are stuck{remedy}",
            job=handover.run.label,
            run=handover.run.id,
            stuck=self._stuck,
            remedy="" if handover.replaced else ", and no more are started in their place",
        )

    def _receive(self, batch: Sequence[tuple[_Handover, Result]]) -> None:
        wanted = []
        with self._lock:
            for handover, result in batch:
                if handover.stage is _DONE:
                    del self._handovers[handover.key]
                    wanted.append((handover.run, result))
        if wanted:
            self._hand_back(wanted)

    # From here on in a job thread.

    def _work(self) -> None:
        while (handover := self._next()) is not None:
            result = self._result(handover)
            if self._end(handover):
                self._mailbox.post((handover, result))
            elif handover.replaced:
                self._pool.end_this_thread()
                return

    def _next(self) -> _Handover | None:
        """Begin the next run that is still wanted."""
        while self._waiting and self._may_begin():
            try:
                handover = self._waiting.popleft()
            except IndexError:  # another thread was faster
                return None
            handover.started = self._reactor.seconds()
            with self._lock:
                if handover.stage is _QUEUED:
                    handover.stage = _RUNNING
                    return handover
        return None

    def _result(self, handover: _Handover) -> Result:
        run = handover.run
        try:
            return self._call(self._build(run), wanted=handover.wanted)
        except BaseException as error:
            # Ours to mend, and still the run must end.
            self._log.failure("The request of {job} could not be made", job=run.label)
            reason = describe_exception(error)
            return Result(NO_RESPONSE, reason, (), b"", False, run.ready, run.ready)

    def _end(self, handover: _Handover) -> bool:
        """Whether the result is wanted; if not, the thread is no longer stuck."""
        with self._lock:
            if handover.stage is _RUNNING:
                handover.stage = _DONE
                return True
            self._stuck -= 1
            return False


def _key(run: Run) -> _Key:
    return run.id, run.attempt
