"""The application's job threads: runs go in, results come back in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from jqengine.app.mailbox import Mailbox
from jqengine.app.threads import ApplicationThreads
from jqengine.interfaces import Deliver, IJobHost
from jqengine.job import NO_RESPONSE, Result, Run
from jqengine.request.environ import EnvironBuilder


class IHostReactor(IReactorTime, IReactorFromThreads):
    """What a job host needs of a reactor; ``seconds`` is called in any thread."""


class Call(Protocol):
    """Calls the application and waits for its response; never raises."""

    def __call__(self, environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        """The result; given up once *wanted* is false."""


_Key = tuple[str, int]


@implementer(IJobHost)
class JobHost:
    """Runs jobs in *threads*.

    A run that is abandoned keeps its thread until the application returns.
    Such a stuck thread is replaced, up to *spare* of them, so that a few
    requests that hang do not stop all jobs.

    Each attempt in a thread has an entry in ``_begun``.  Whoever takes the
    entry out, the thread that has a result or the reactor that abandons it,
    decides what becomes of the attempt; taking out is atomic.

    :param build: makes the environ of a run; called in a job thread.
    :param call: calls the application with it; called in a job thread.
    :param deliver: gets the results, on the reactor thread.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: IHostReactor,
        threads: ApplicationThreads,
        *,
        build: EnvironBuilder,
        call: Call,
        deliver: Deliver,
        spare: int,
    ) -> None:
        self.threads = threads.size
        self.stuck = 0
        self._reactor = reactor
        self._pool = threads
        self._build = build
        self._call = call
        self._deliver = deliver
        self._spare = spare
        self._waiting: deque[Run] = deque()
        self._begun: dict[_Key, tuple[Run, float]] = {}
        self._replaced: set[_Key] = set()
        self._dropped: set[_Key] = set()
        self._mailbox: Mailbox[tuple[Run, Result]] = Mailbox(reactor, self._receive)

    def run(self, runs: Sequence[Run]) -> None:
        """Queue *runs* for the pool, in this order."""
        self._waiting.extend(runs)
        # A thread goes on while anything waits, so there is no need of a call
        # for each run, only of one for each thread that may be idle.
        for _ in range(min(len(runs), self.threads)):
            self._pool.callInThread(self._work)

    def unstarted(self) -> Sequence[Run]:
        """Take back every queued run that no thread has begun."""
        runs = []
        while (run := self._next()) is not None:
            runs.append(run)
        return runs

    def overdue(self) -> Sequence[Run]:
        """Runs that a thread began longer ago than their policy's timeout."""
        now = self._reactor.seconds()
        begun = list(self._begun.values())
        return [run for run, since in begun if now - since > run.policy.timeout]

    def abandon(self, run: Run) -> None:
        """Drop the result of a run, should it still come, and replace its thread."""
        key = _key(run)
        replaced = len(self._replaced) < self._spare
        if replaced:
            # Before the entry goes: the thread looks here once it is gone.
            self._replaced.add(key)
        if self._begun.pop(key, None) is None:
            self._replaced.discard(key)
            self._dropped.add(key)
            return
        self.stuck += 1
        if replaced:
            self._pool.add()
        self._log.warn(
            "{job} does not end; {stuck} job threads are stuck{remedy}",
            job=run.label,
            run=run.id,
            stuck=self.stuck,
            remedy="" if replaced else " and no more are started in their place",
        )

    def _receive(self, batch: Sequence[tuple[Run, Result]]) -> None:
        if self._dropped:
            batch = [one for one in batch if not self._is_dropped(one[0])]
        self._deliver(batch)

    def _is_dropped(self, run: Run) -> bool:
        if _key(run) not in self._dropped:
            return False
        self._dropped.remove(_key(run))
        return True

    def _came_back(self, run: Run) -> None:
        self.stuck -= 1
        self._log.info("{job} has ended after all; its answer is dropped", job=run.label)

    # From here on in a job thread.

    def _work(self) -> None:
        while (run := self._next()) is not None:
            key = _key(run)
            self._begun[key] = (run, self._reactor.seconds())
            result = self._attempt(run, partial(self._begun.__contains__, key))
            if self._begun.pop(key, None) is not None:
                self._mailbox.post((run, result))
                continue
            self._reactor.callFromThread(self._came_back, run)
            if key in self._replaced:
                self._replaced.remove(key)
                self._pool.end_this_thread()
                return

    def _attempt(self, run: Run, wanted: Callable[[], bool]) -> Result:
        try:
            return self._call(self._build(run), wanted=wanted)
        except BaseException:
            # Ours to mend, and still the run must end.
            self._log.failure("The request of {job} could not be made", job=run.label)
            return Result(NO_RESPONSE, "internal error", (), b"", False, run.ready, run.ready)

    def _next(self) -> Run | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None


def _key(run: Run) -> _Key:
    return run.id, run.attempt
