"""Calls that wait until a run of a job is over."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import JobQueueError
from jqengine.interfaces import IRunEvents, IRunObserver
from jqengine.job import Outcome, Result, Run
from jqengine.lifecycle import UNFINISHED_RUNS

Ended = tuple[Run, Result | None]
"""A run that is over, and its last result if it has one."""


@implementer(IRunObserver)
class Waits:
    """Everybody who waits, by job.  For the reactor thread."""

    def __init__(self, events: IRunEvents) -> None:
        self._waiting: dict[str, list[Deferred[Ended]]] = {}
        events.subscribe(self)

    def next_of(self, job_id: str) -> Deferred[Ended]:
        """The next run of a job that ends; cancelling it waits no more."""
        waiter: Deferred[Ended] = Deferred(lambda _: self._forget(job_id, waiter))
        self._waiting.setdefault(job_id, []).append(waiter)
        return waiter

    def began(self, runs: Sequence[Run]) -> None:
        """Nothing that anybody waits for."""

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Answer those who wait for this run, if it is over."""
        state = outcome.verdict.state
        if state not in UNFINISHED_RUNS and run.job_id in self._waiting:
            for waiter in self._waiting.pop(run.job_id):
                waiter.callback((run._replace(state=state), outcome.result))

    def give_up(self, job_id: str, error: JobQueueError) -> None:
        """Fail those who wait for a job of which nothing more will come."""
        for waiter in self._waiting.pop(job_id, ()):
            waiter.errback(error)

    def _forget(self, job_id: str, waiter: Deferred[Ended]) -> None:
        waiting = self._waiting.get(job_id, [])
        if waiter in waiting:
            waiting.remove(waiter)
        if not waiting:
            self._waiting.pop(job_id, None)
