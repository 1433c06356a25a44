"""The durable queue on SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from zope.interface import implementer

from jqengine.interfaces import (
    IChannel,
    IContinuationStore,
    IDeliveryStore,
    INodeStore,
    IQueueControl,
    IStore,
    IWakeups,
)
from jqengine.job import Firing, Job, Outcome, Owner, Receipt, Result, Run
from jqengine.measures import StoreMeasures
from jqengine.plan import CrontabPlan
from jqengine.retention import Usage
from jqengine.store import claiming, firing, intake, pruning, reading, recording
from jqengine.store.news import NoChannel, Wakeups
from jqengine.store.sqlcontinuations import SqlContinuations
from jqengine.store.sqlcontrol import SqlControl
from jqengine.store.sqldeliveries import SqlDeliveries
from jqengine.store.sqlnodes import SqlNodes
from jqengine.store.sqloversight import SqlOversight
from jqengine.store.thread import StoreThread
from jqengine.store.transacting import Database, Operation
from jqengine.units import format_duration

T = TypeVar("T")


class Place(Protocol):
    """Where a database is."""

    def create(self) -> None:
        """Make it, if it is ours to make.

        :raises StoreError: that cannot be done.
        """

    def database(self, *, writing: bool) -> Database:
        """What one of a store's threads needs of it."""

    @property
    def complaint(self) -> str:
        """Why it takes no new jobs though it answers; empty when it takes them."""

    def close(self) -> None:
        """Tidy up, when no thread uses it any more."""


@implementer(IStore, IQueueControl, IDeliveryStore, IContinuationStore, INodeStore, IWakeups)
class SqlStore(SqlControl, SqlOversight, SqlDeliveries, SqlContinuations, SqlNodes, Wakeups):
    """A store in a database, with a thread that writes and one that reads.

    Questions of the dispatcher go through the writer, in their place between
    its changes.  Questions of people go to the reader, once the changes asked
    for before them are on disk; there they delay nobody.

    :param place: where the database is.
    :param new_id: makes ids for the runs of jobs, in the writer's thread.
    :param channel: to the other processes that have this store.
    """

    _log = Logger()

    def __init__(
        self,
        place: Place,
        reactor: IReactorFromThreads,
        new_id: Callable[[float], str],
        channel: IChannel | None = None,
    ) -> None:
        self._place = place
        self._new_id = new_id
        self._channel: IChannel = channel or NoChannel()
        writer, reader = place.database(writing=True), place.database(writing=False)
        self._writer = StoreThread("store writer", writer, reactor, self._channel.announce)
        self._reader = StoreThread("store reader", reader, reactor)

    @property
    def measures(self) -> StoreMeasures:
        """What the writer does."""
        return self._writer.measures

    @property
    def outstanding(self) -> int:
        """How many calls have no answer yet."""
        return self._writer.outstanding + self._reader.outstanding

    def open(self) -> Deferred[None]:
        """Create the database if need be, start the threads, bring the schema up to date."""
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self._place.create()
        self._writer.start()
        try:
            await self._writer.submit(_nothing)
        except Exception:
            await self._writer.stop()
            self._place.close()
            raise
        self._reader.start()
        await self._channel.open(self.heard)

    def close(self) -> Deferred[None]:
        """Finish what was asked before, then release threads and files."""
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        # The writer last: SQLite tidies up when its last connection is closed.
        await self._writer_done()
        await self._reader.stop()
        await self._writer.stop()
        self._place.close()
        await self._channel.close()

    @property
    def complaint(self) -> str:
        """See :attr:`IStore.complaint`."""
        return self._place.complaint

    def add(self, jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        """See :meth:`IStore.add`."""
        return self._writer.submit(partial(intake.add, new=jobs), len(jobs))

    def crontab_jobs(self) -> Deferred[Sequence[Job]]:
        """See :meth:`IStore.crontab_jobs`."""
        return self._ask(reading.crontab_jobs)

    def apply(self, plan: CrontabPlan) -> Deferred[None]:
        """See :meth:`IStore.apply`."""
        rows = len(plan.add) + len(plan.replace) + len(plan.retire)
        applied = self._writer.submit(partial(intake.apply, plan=plan), rows)
        return applied.addCallback(self._warn, plan)

    def due_jobs(self, now: float, limit: int) -> Deferred[Sequence[tuple[Job, int]]]:
        """See :meth:`IStore.due_jobs`."""
        return self._writer.submit(partial(firing.due_jobs, now=now, limit=limit))

    def fire(self, firings: Sequence[Firing], now: float) -> Deferred[int]:
        """See :meth:`IStore.fire`."""
        fire = partial(firing.fire, firings=firings, now=now, new_id=self._new_id)
        return self._writer.submit(fire, len(firings))

    def claim(self, owner: Owner, now: float, limit: int, lease: float) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.claim`."""
        claim = partial(claiming.claim, owner=owner, now=now, limit=limit, lease=lease)
        return self._writer.submit(claim, limit)

    def record(self, outcomes: Sequence[Outcome]) -> Deferred[Sequence[Receipt]]:
        """See :meth:`IStore.record`."""
        return self._writer.submit(partial(recording.record, outcomes=outcomes), len(outcomes))

    def give_back(self, owner: Owner, run_ids: Sequence[str], now: float) -> Deferred[int]:
        """See :meth:`IStore.give_back`."""
        give_back = partial(claiming.give_back, owner=owner, run_ids=run_ids, now=now)
        return self._writer.submit(give_back, len(run_ids))

    def recover(
        self, owner: Owner, now: float, lease: float, others: bool = True
    ) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.recover`."""
        recover = partial(claiming.recover, owner=owner, now=now, lease=lease, others=others)
        return self._writer.submit(recover)

    def renew(self, owner: Owner, now: float, lease: float) -> Deferred[int]:
        """See :meth:`IStore.renew`."""
        return self._writer.submit(partial(claiming.renew, owner=owner, now=now, lease=lease))

    def next_ready(self) -> Deferred[float | None]:
        """See :meth:`IStore.next_ready`."""
        return self._writer.submit(claiming.next_ready)

    def job(self, job_id: str) -> Deferred[Job | None]:
        """See :meth:`IStore.job`."""
        return self._ask(partial(reading.job, job_id=job_id))

    def job_named(self, identity: str) -> Deferred[Job | None]:
        """See :meth:`IStore.job_named`."""
        return self._ask(partial(reading.job_named, identity=identity))

    def runs(self, job_id: str, limit: int) -> Deferred[Sequence[Run]]:
        """See :meth:`IStore.runs`."""
        return self._ask(partial(reading.runs_of, job_id=job_id, limit=limit))

    def results(self, run_id: str) -> Deferred[Sequence[tuple[int, Result]]]:
        """See :meth:`IStore.results`."""
        return self._ask(partial(reading.results, run_id=run_id))

    def stats(self, now: float) -> Deferred[dict[str, int]]:
        """See :meth:`IStore.stats`."""
        return self._ask(partial(reading.stats, now=now))

    def prune(self, before: float, limit: int) -> Deferred[int]:
        """See :meth:`IStore.prune`."""
        return self._writer.submit(partial(pruning.prune, before=before, limit=limit), limit)

    def usage(self) -> Deferred[Usage]:
        """See :meth:`IStore.usage`."""
        return self._ask(pruning.usage)

    def _ask(self, question: Operation[T]) -> Deferred[T]:
        """Ask the reader, but not before what was asked of the writer is done."""
        if self._writer.idle:
            return self._reader.submit(question)
        return self._writer_done().addCallback(lambda _: self._reader.submit(question))

    def _writer_done(self) -> Deferred[None]:
        done = self._writer.submit(_nothing)
        return done.addErrback(lambda _: None)

    def _warn(self, applied: intake.Applied, plan: CrontabPlan) -> None:
        if applied.before is not None and plan.author is not None:
            ago = max(plan.author.instant - applied.before.instant, 0.0)
            self._log.warn(
                "The crontab of this node takes the place of what node {node} applied {ago} ago",
                node=applied.before.node,
                ago=format_duration(round(ago)),
            )
        for job, holder in applied.refused:
            self._log.warn(
                "{job} of the crontab waits for a reload: its key {key!r} is held by {holder}",
                job=job.label,
                key=job.definition.policy.key,
                holder=holder.label,
            )


def _nothing(_connection: object) -> None:
    """Come and go: done when everything before it is."""
