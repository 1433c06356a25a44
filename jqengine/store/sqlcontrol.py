"""The side of a SQL store that people ask of."""

from __future__ import annotations

from functools import partial
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.group import Holds
from jqengine.interfaces import IQueueControl
from jqengine.job import Job, Run, Step
from jqengine.queries import JobFilter, JobOrder, Page, RunFilter, RunReport
from jqengine.store import control, groups, listing, runlisting
from jqengine.store.thread import StoreThread
from jqengine.store.transacting import Operation

T = TypeVar("T")


class _Threads(Protocol):
    """What this side needs of the store it is a part of."""

    _writer: StoreThread

    def _ask(self, question: Operation[T]) -> Deferred[T]: ...


@implementer(IQueueControl)
class SqlControl:
    """Lists, and steps of single jobs; a part of a store."""

    def find_jobs(
        self: _Threads, wanted: JobFilter, order: JobOrder, after: str | None, limit: int
    ) -> Deferred[Page[Job]]:
        """See :meth:`IQueueControl.find_jobs`."""
        find = partial(listing.find_jobs, wanted=wanted, order=order, after=after, limit=limit)
        return self._ask(find)

    def find_runs(
        self: _Threads, wanted: RunFilter, after: str | None, limit: int
    ) -> Deferred[Page[RunReport]]:
        """See :meth:`IQueueControl.find_runs`."""
        return self._ask(partial(runlisting.find_runs, wanted=wanted, after=after, limit=limit))

    def body(
        self: _Threads, run_id: str, attempt: int, offset: int, size: int
    ) -> Deferred[tuple[bytes, int]]:
        """See :meth:`IQueueControl.body`."""
        find = partial(listing.body, run_id=run_id, attempt=attempt, offset=offset, size=size)
        return self._ask(find)

    def steer(self: _Threads, step: Step, now: float) -> Deferred[Job]:
        """See :meth:`IQueueControl.steer`."""
        return self._writer.submit(partial(control.steer, step=step, now=now))

    def run_now(self: _Threads, job_id: str, run_id: str, now: float) -> Deferred[Run]:
        """See :meth:`IQueueControl.run_now`."""
        return self._writer.submit(partial(control.run_now, job_id=job_id, run_id=run_id, now=now))

    def reopen(self: _Threads, run_id: str, now: float) -> Deferred[Run]:
        """See :meth:`IQueueControl.reopen`."""
        return self._writer.submit(partial(control.reopen, run_id=run_id, now=now))

    def set_paused(self: _Threads, group: str | None, paused: bool) -> Deferred[bool]:
        """See :meth:`IQueueControl.set_paused`."""
        return self._writer.submit(partial(groups.set_paused, name=group, paused=paused))

    def holds(self: _Threads, now: float) -> Deferred[Holds]:
        """See :meth:`IQueueControl.holds`."""
        return self._ask(partial(groups.holds, now=now))
