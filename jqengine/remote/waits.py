"""Calls that wait until a run of a job is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import JobQueueError
from jqengine.interfaces import IRunEvents, IRunObserver
from jqengine.job import Outcome, Result, Run
from jqengine.lifecycle import UNFINISHED_RUNS

Ended = tuple[Run, Result | None]
"""A run that is over, and its last result if it has one."""

Mark = tuple[str, int]
"""What tells one end of a run from another: its id, and the attempt."""


class _Waiter(NamedTuple):
    """Somebody who waits.

    :ivar before: the last end of a run that there was before.
    """

    answer: Deferred[Ended]
    before: Mark | None


def mark_of(run: Run) -> Mark:
    """That of the end of *run*."""
    return run.id, run.attempt


@implementer(IRunObserver)
class Waits:
    """Everybody who waits, by job.  For the reactor thread."""

    def __init__(self, events: IRunEvents) -> None:
        self._waiting: dict[str, list[_Waiter]] = {}
        events.subscribe(self)

    @property
    def jobs(self) -> Sequence[str]:
        """The ids of the jobs that somebody waits for."""
        return tuple(self._waiting)

    def next_of(self, job_id: str, before: Mark | None = None) -> Deferred[Ended]:
        """The next run of a job that ends; cancelling it waits no more.

        :param before: the last end that is known already.
        """
        answer: Deferred[Ended] = Deferred(lambda _: self._forget(job_id, waiter))
        waiter = _Waiter(answer, before)
        self._waiting.setdefault(job_id, []).append(waiter)
        return answer

    def began(self, runs: Sequence[Run]) -> None:
        """Nothing that anybody waits for."""

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Answer those who wait for this run, if it is over."""
        state = outcome.verdict.state
        if state not in UNFINISHED_RUNS and run.job_id in self._waiting:
            self.answer(run.job_id, (run._replace(state=state), outcome.result))

    def answer(self, job_id: str, ended: Ended) -> None:
        """Answer those who wait for a job and do not know of this end yet."""
        waiting = self._waiting.pop(job_id, [])
        mark = mark_of(ended[0])
        still = [waiter for waiter in waiting if waiter.before == mark]
        if still:
            self._waiting[job_id] = still
        for waiter in waiting:
            if waiter.before != mark:
                waiter.answer.callback(ended)

    def give_up(self, job_id: str, error: JobQueueError) -> None:
        """Fail those who wait for a job of which nothing more will come."""
        for waiter in self._waiting.pop(job_id, ()):
            waiter.answer.errback(error)

    def _forget(self, job_id: str, waiter: _Waiter) -> None:
        waiting = self._waiting.get(job_id, [])
        if waiter in waiting:
            waiting.remove(waiter)
        if not waiting:
            self._waiting.pop(job_id, None)
