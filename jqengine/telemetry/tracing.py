"""What becomes of jobs, told as spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred
from zope.interface import alsoProvides, implementer, providedBy

from jqengine.delivery import Delivery
from jqengine.interfaces import IClock, IRunObserver, IStore
from jqengine.job import Job, Outcome, Run
from jqengine.telemetry.exporting import Exporting
from jqengine.telemetry.spans import of_acceptance, of_attempt, of_delivery


@implementer(IRunObserver)
class JobSpans:
    """Makes spans of what it is told.  For the reactor thread."""

    def __init__(self, exporting: Exporting, clock: IClock) -> None:
        self._exporting = exporting
        self._clock = clock

    def began(self, runs: Sequence[Run]) -> None:
        """Nothing yet: a span is of what has ended."""

    def ended(self, run: Run, outcome: Outcome) -> None:
        """An attempt ended; the jobs that it has scheduled for its success came with it."""
        self._exporting.add(of_attempt(run, outcome))
        follow_ups = outcome.dispatch.follow_ups
        if follow_ups:
            self.accepted(follow_ups, outcome.result.finished)

    def accepted(self, jobs: Sequence[Job], began: float) -> None:
        """*jobs*, asked for at *began*, are on disk."""
        for span in of_acceptance(jobs, began, max(self._clock.now(), began)):
            self._exporting.add(span)

    def tried(self, delivery: Delivery, run: Run, began: float, failure: str | None) -> None:
        """A delivery was tried; *failure* says why in vain, if it was."""
        ended = max(self._clock.now(), began)
        self._exporting.add(of_delivery(delivery, run, began, ended, failure))


class ToldOfJobs:
    """A store, and somebody who is told of the jobs that it accepts.

    :param accepted: called with them and the instant at which they were asked for.
    """

    def __init__(
        self, store: IStore, clock: IClock, accepted: Callable[[Sequence[Job], float], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._accepted = accepted

    def add(self, jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        """See :meth:`jqengine.interfaces.IStore.add`."""
        began = self._clock.now()

        def accept(answers: Sequence[Job]) -> Sequence[Job]:
            # What stands for an older job was not accepted now.
            ours = [job for job, answer in zip(jobs, answers, strict=True) if job.id == answer.id]
            if ours:
                self._accepted(ours, began)
            return answers

        return self._store.add(jobs).addCallback(accept)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def told_of_jobs(
    store: Any, clock: IClock, accepted: Callable[[Sequence[Job], float], None]
) -> Any:
    """*store* as it is, but for :class:`ToldOfJobs`."""
    told = ToldOfJobs(cast(IStore, store), clock, accepted)
    alsoProvides(told, providedBy(store))
    return told
