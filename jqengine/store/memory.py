"""A store in memory: for tests, simulations, and nothing durable.

It keeps the contract of :class:`~jqengine.interfaces.IStore` but for the disk,
and is held to it by the same suite as the durable one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from jqengine.errors import JobQueueError, StoreError, StoreUnavailable
from jqengine.interfaces import (
    IContinuationStore,
    IDeliveryStore,
    INodeStore,
    IQueueControl,
    IStore,
    IWakeups,
)
from jqengine.job import Firing, Job, Outcome, Owner, Receipt, Result, Run
from jqengine.plan import CrontabPlan
from jqengine.retention import Usage
from jqengine.store.memorycontinuations import MemoryContinuationSide
from jqengine.store.memorycontrol import MemoryControl
from jqengine.store.memorydeliveryside import MemoryDeliverySide
from jqengine.store.memorynodes import MemoryNodeSide
from jqengine.store.memoryoversight import MemoryOversight, OverseenQueue
from jqengine.store.news import Wakeups

T = TypeVar("T")


@implementer(IStore, IQueueControl, IDeliveryStore, IContinuationStore, INodeStore, IWakeups)
class MemoryStore(
    MemoryControl,
    MemoryOversight,
    MemoryDeliverySide,
    MemoryContinuationSide,
    MemoryNodeSide,
    Wakeups,
):
    """A store whose queue lasts as long as the object that holds it.

    :param new_id: makes ids for the runs of jobs.
    :param reactor: where answers come in a later turn, as from a real store;
        with ``None`` every Deferred has fired when it is given.
    :param queue: what an earlier store has left, to play a restart.
    :ivar trouble: while it is set, every call fails with it and does nothing.
    """

    complaint = ""

    def __init__(
        self,
        new_id: Callable[[float], str],
        reactor: IReactorTime | None = None,
        queue: OverseenQueue | None = None,
    ) -> None:
        self._reactor = reactor
        self.queue = queue or OverseenQueue(new_id)
        self.trouble: StoreError | None = None
        self._open = False

    def open(self) -> Deferred[None]:
        """Begin to take calls."""
        self._open = self.trouble is None
        return self._answer(lambda: None)

    def close(self) -> Deferred[None]:
        """Take no more calls."""
        closed = succeed(None) if self._reactor is None else self._later(lambda: None)
        self._open = False
        return closed

    def add(self, jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        """See :meth:`IStore.add`."""
        return self._answer(lambda: self.queue.add(jobs))

    def crontab_jobs(self) -> Deferred[Sequence[Job]]:
        """See :meth:`IStore.crontab_jobs`."""
        return self._answer(lambda: self.queue.crontab_jobs())

    def apply(self, plan: CrontabPlan) -> Deferred[None]:
        """See :meth:`IStore.apply`."""
        return self._answer(lambda: self.queue.apply(plan))

    def due_jobs(self, now: float, limit: int) -> Deferred[Sequence[tuple[Job, int]]]:
        """See :meth:`IStore.due_jobs`."""
        return self._answer(lambda: self.queue.due_jobs(now, limit))

    def fire(self, firings: Sequence[Firing], now: float) -> Deferred[int]:
        """See :meth:`IStore.fire`."""
        return self._answer(lambda: self.queue.fire(firings, now))

    def claim(self, owner: Owner, now: float, limit: int, lease: float) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.claim`."""
        return self._answer(lambda: self.queue.claim(owner, now, limit, lease))

    def record(self, outcomes: Sequence[Outcome]) -> Deferred[Sequence[Receipt]]:
        """See :meth:`IStore.record`."""
        return self._answer(lambda: self.queue.record(outcomes))

    def give_back(self, owner: Owner, run_ids: Sequence[str], now: float) -> Deferred[int]:
        """See :meth:`IStore.give_back`."""
        return self._answer(lambda: self.queue.give_back(owner, run_ids, now))

    def recover(
        self, owner: Owner, now: float, lease: float, others: bool = True
    ) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.recover`."""
        return self._answer(lambda: self.queue.recover(owner, now, lease, others))

    def renew(self, owner: Owner, now: float, lease: float) -> Deferred[int]:
        """See :meth:`IStore.renew`."""
        return self._answer(lambda: self.queue.renew(owner, now, lease))

    def next_ready(self) -> Deferred[float | None]:
        """See :meth:`IStore.next_ready`."""
        return self._answer(lambda: self.queue.next_ready())

    def job(self, job_id: str) -> Deferred[Job | None]:
        """See :meth:`IStore.job`."""
        return self._answer(lambda: self.queue.job(job_id))

    def job_named(self, identity: str) -> Deferred[Job | None]:
        """See :meth:`IStore.job_named`."""
        return self._answer(lambda: self.queue.job_named(identity))

    def runs(self, job_id: str, limit: int) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.runs`."""
        return self._answer(lambda: self.queue.runs(job_id, limit))

    def results(self, run_id: str) -> Deferred[Sequence[tuple[int, Result]]]:
        """See :meth:`IStore.results`."""
        return self._answer(lambda: self.queue.results(run_id))

    def stats(self, now: float) -> Deferred[dict[str, int]]:
        """See :meth:`IStore.stats`."""
        return self._answer(lambda: self.queue.stats(now))

    def prune(self, before: float, limit: int) -> Deferred[int]:
        """See :meth:`IStore.prune`."""
        return self._answer(lambda: self.queue.prune(before, limit))

    def usage(self) -> Deferred[Usage]:
        """See :meth:`IStore.usage`."""
        return self._answer(lambda: self.queue.usage())

    def _answer(self, step: Callable[[], T]) -> Deferred[T]:
        if self.trouble is not None:
            return self._fail(self.trouble)
        if not self._open:
            return self._fail(StoreUnavailable("the store is not open"))
        try:
            answer = step()
        except JobQueueError as error:
            return self._fail(error)
        return succeed(answer) if self._reactor is None else self._later(lambda: answer)

    def _fail(self, error: JobQueueError) -> Deferred[T]:
        if self._reactor is None:
            return fail(error)
        return self._later(lambda: None).addCallback(lambda _: fail(error))

    def _later(self, answer: Callable[[], T]) -> Deferred[T]:
        assert self._reactor is not None
        deferred: Deferred[T] = Deferred()
        self._reactor.callLater(0, lambda: deferred.callback(answer()))
        return deferred
