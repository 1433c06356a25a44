"""The side of the store in memory for those who look closely and put things right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.delivery import Delivery
from jqengine.errors import NoSuchJob
from jqengine.interfaces import IOversight
from jqengine.job import Definition, Job, Request, Run
from jqengine.lifecycle import UNFINISHED_DELIVERIES, DeliveryState, RunState
from jqengine.queries import Amended, DeliveryFilter, Page, RunAccount, SinkState
from jqengine.sinkurl import label_of
from jqengine.store.amending import amended_anonymous, amended_job
from jqengine.store.memorycontrol import SteeredQueue, page_of, report_of
from jqengine.store.memoryqueue import KeptRun, as_it_is, new_run
from jqengine.store.oversight import as_states
from jqengine.store.steps import check_run_now

T = TypeVar("T")

_COUNTED = UNFINISHED_DELIVERIES | {DeliveryState.DEAD}


class OverseenQueue(SteeredQueue):
    """The queue with the rules of its oversight; see :class:`IOversight`."""

    def run_account(self, run_id: str) -> RunAccount | None:
        kept = self._runs.get(run_id)
        if kept is None:
            return None
        owner = kept.owner
        return RunAccount(
            report=report_of(kept),
            body_size=len(kept.run.request.body),
            node=None if owner is None else owner.node,
            boot=None if owner is None else owner.boot,
            lease_until=kept.lease_until,
        )

    def request_body(self, key: str, offset: int, size: int) -> tuple[bytes, int]:
        if key in self._runs:
            body = self._runs[key].run.request.body
        elif key in self._jobs:
            body = self._jobs[key].job.definition.request.body
        else:
            raise NoSuchJob(f"no run and no job has the id {key}")
        return body[offset : offset + size], len(body)

    def find_deliveries(
        self, wanted: DeliveryFilter, after: str | None, limit: int
    ) -> Page[Delivery]:
        found = [one for one in self.deliveries.everything() if _is_wanted(one, wanted)]
        found.sort(key=lambda one: one.id, reverse=True)
        found = [one for one in found if after is None or one.id < after]
        return page_of(found, limit, lambda one: one.id)

    def sink_states(self) -> Sequence[SinkState]:
        counts: Counter[tuple[str, str]] = Counter()
        reasons: dict[str, str] = {}
        for one in sorted(self.deliveries.everything()):
            if one.state in _COUNTED:
                label = label_of(one.sink)
                counts[label, one.state] += 1
                reasons[label] = one.reason or reasons.get(label, "")
        return as_states(counts, reasons)

    def amend(self, job_id: str, seen: Definition, amended: Amended, now: float) -> Job:
        kept = self._jobs.get(job_id)
        if kept is None:
            return self._amend_anonymous(job_id, seen, amended)
        after = amended_job(kept.job, seen, amended)
        self._check_key(kept.job, after)
        kept.exhausted = kept.exhausted and amended.time is None
        kept.job = after
        self.groups.said(after.definition.policy)
        return after

    def run_changed(self, job_id: str, run_id: str, request: Request, now: float) -> Run:
        known = self._runs.get(run_id)
        if known is not None:
            return known.run
        kept = self._jobs.get(job_id)
        if kept is None:
            raise NoSuchJob(f"there is no job {job_id}")
        check_run_now(kept.job)
        due = now
        while self._has_run(job_id, due):
            due = round(due + 1e-6, 6)
        run = new_run(kept.job, run_id, job_id, due, RunState.WAITING)
        self._runs[run_id] = KeptRun(run._replace(ready=now, request=request))
        return self._runs[run_id].run

    def _amend_anonymous(self, job_id: str, seen: Definition, amended: Amended) -> Job:
        kept = self._anonymous(job_id)
        after = amended_anonymous(as_it_is(kept), kept.run.state, seen, amended)
        definition = after.definition
        kept.run = kept.run._replace(
            request=definition.request, policy=definition.policy, sinks=definition.sinks
        )
        if amended.time is not None:
            assert after.due is not None
            kept.run = kept.run._replace(due=after.due, ready=after.due)
        kept.anonymous = after
        self.groups.said(definition.policy)
        return as_it_is(kept)

    def drop_delivery(self, delivery_id: str) -> bool:
        return self.deliveries.drop(delivery_id)


class _Store(Protocol):
    """What this side needs of the store it is a part of."""

    queue: OverseenQueue

    def _answer(self, work: Callable[[], T]) -> Deferred[T]: ...


@implementer(IOversight)
class MemoryOversight:
    """Close looks and corrections; a part of a store."""

    def run_account(self: _Store, run_id: str) -> Deferred[RunAccount | None]:
        """See :meth:`IOversight.run_account`."""
        return self._answer(lambda: self.queue.run_account(run_id))

    def request_body(
        self: _Store, run_or_job_id: str, offset: int, size: int
    ) -> Deferred[tuple[bytes, int]]:
        """See :meth:`IOversight.request_body`."""
        return self._answer(lambda: self.queue.request_body(run_or_job_id, offset, size))

    def find_deliveries(
        self: _Store, wanted: DeliveryFilter, after: str | None, limit: int
    ) -> Deferred[Page[Delivery]]:
        """See :meth:`IOversight.find_deliveries`."""
        return self._answer(lambda: self.queue.find_deliveries(wanted, after, limit))

    def drop_delivery(self: _Store, delivery_id: str) -> Deferred[bool]:
        """See :meth:`IOversight.drop_delivery`."""
        return self._answer(lambda: self.queue.drop_delivery(delivery_id))

    def sink_states(self: _Store) -> Deferred[Sequence[SinkState]]:
        """See :meth:`IOversight.sink_states`."""
        return self._answer(lambda: self.queue.sink_states())

    def amend(
        self: _Store, job_id: str, seen: Definition, amended: Amended, now: float
    ) -> Deferred[Job]:
        """See :meth:`IOversight.amend`."""
        return self._answer(lambda: self.queue.amend(job_id, seen, amended, now))

    def run_changed(
        self: _Store, job_id: str, run_id: str, request: Request, now: float
    ) -> Deferred[Run]:
        """See :meth:`IOversight.run_changed`."""
        return self._answer(lambda: self.queue.run_changed(job_id, run_id, request, now))


def _is_wanted(delivery: Delivery, wanted: DeliveryFilter) -> bool:
    return (
        (wanted.run_id is None or delivery.run_id == wanted.run_id)
        and (wanted.job_id is None or delivery.job_id == wanted.job_id)
        and (wanted.states is None or delivery.state in wanted.states)
        and (wanted.sink is None or wanted.sink in (delivery.sink, label_of(delivery.sink)))
    )
