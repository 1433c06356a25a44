"""The side of the store in memory that people ask of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import BadValue, NoSuchJob
from jqengine.group import Holds
from jqengine.interfaces import IQueueControl
from jqengine.job import Job, Run, Step
from jqengine.lifecycle import JobEvent, JobState, RunEvent, RunState, run_after
from jqengine.queries import (
    JobFilter,
    JobOrder,
    Page,
    RunFilter,
    RunOrder,
    RunReport,
    StatusRange,
    job_cursor,
    report_cursor,
)
from jqengine.store.memoryqueue import KeptRun, MemoryQueue, as_it_is, new_run
from jqengine.store.steps import (
    check_anonymous_run_now,
    check_anonymous_step,
    check_reopening,
    check_run_now,
    is_reopened,
    key_is_held,
    needs_key,
    stepped,
)

T = TypeVar("T")


class SteeredQueue(MemoryQueue):
    """The queue with the rules of its control; see :class:`IQueueControl`."""

    def find_jobs(
        self, wanted: JobFilter, order: JobOrder, after: str | None, limit: int
    ) -> Page[Job]:
        found = [job for job in self._all_jobs(wanted.once) if _is_wanted(job, wanted)]
        if order is JobOrder.NEWEST:
            found.sort(key=lambda job: job.id, reverse=True)
            found = [job for job in found if after is None or job.id < after]
        else:
            found = sorted((job for job in found if _has_come(job)), key=_due_and_id)
            place = None if after is None else _place(after)
            found = [job for job in found if place is None or _due_and_id(job) > place]
        return page_of(found, limit, lambda job: job_cursor(job, order))

    def find_runs(self, wanted: RunFilter, after: str | None, limit: int) -> Page[RunReport]:
        kept = [one for one in self._runs.values() if _is_wanted_run(one, wanted)]
        found = [report_of(one) for one in kept]
        if wanted.job_id is not None:
            found.sort(key=lambda report: report.run.due, reverse=True)
            before = None if after is None else _instant(after)
            found = [one for one in found if before is None or one.run.due < before]
        elif wanted.order is RunOrder.ENDED:
            found = sorted((one for one in found if one.finished), key=_end_and_id, reverse=True)
            place = None if after is None else _place(after)
            found = [one for one in found if place is None or _end_and_id(one) < place]
        else:
            found.sort(key=lambda report: report.run.id, reverse=True)
            found = [one for one in found if after is None or one.run.id < after]
        return page_of(found, limit, lambda report: report_cursor(report, wanted))

    def body(self, run_id: str, attempt: int, offset: int, size: int) -> tuple[bytes, int]:
        for number, result in self.results(run_id):
            if number == attempt:
                return result.body[offset : offset + size], len(result.body)
        raise NoSuchJob(f"there is no result of attempt {attempt} of run {run_id}")

    def steer(self, step: Step, now: float) -> Job:
        kept = self._jobs.get(step.job_id)
        if kept is None:
            return self._steer_anonymous(step, now)
        after = stepped(kept.job, step)
        if after is kept.job:
            return after
        self._check_key(kept.job, after)
        kept.exhausted = kept.exhausted and step.event is not JobEvent.REPLACE
        kept.job = after
        if step.event is JobEvent.CANCEL:
            for run in self._unfinished(after.id):
                if run_after(run.run.state, RunEvent.CANCEL) is not None:
                    _cancel(run, step.reason, now)
        return after

    def run_now(self, job_id: str, run_id: str, now: float) -> Run:
        known = self._runs.get(run_id)
        if known is not None:
            return known.run
        kept = self._jobs.get(job_id)
        if kept is None:
            return self._run_anonymous_now(job_id, now)
        check_run_now(kept.job)
        due = now
        while self._has_run(job_id, due):
            due = round(due + 1e-6, 6)
        run = new_run(kept.job, run_id, job_id, due, RunState.WAITING)._replace(ready=now)
        self._runs[run_id] = KeptRun(run)
        self.groups.ensure(run.policy)
        return run

    def reopen(self, run_id: str, now: float) -> Run:
        kept = self._runs.get(run_id)
        if kept is None:
            raise NoSuchJob(f"there is no run {run_id}")
        if is_reopened(kept.run):
            return kept.run
        of_job = self._jobs.get(kept.run.job_id)
        check_reopening(kept.run, of_job.job.state if of_job is not None else None)
        if kept.last is not None:
            kept.results[kept.run.attempt] = kept.last
        kept.last = kept.finished = kept.owner = None
        kept.run = kept.run._replace(state=RunState.WAITING, ready=now)
        self.groups.ensure(kept.run.policy)
        return kept.run

    def _steer_anonymous(self, step: Step, now: float) -> Job:
        kept = self._anonymous(step.job_id)
        job = as_it_is(kept)
        if not check_anonymous_step(job, kept.run.state, step):
            return job
        if step.event is JobEvent.CANCEL:
            _cancel(kept, step.reason, now)
        else:
            assert step.due is not None
            assert step.schedule is not None
            kept.run = kept.run._replace(due=step.due, ready=step.due)
            definition = replace(job.definition, schedule=step.schedule)
            kept.anonymous = replace(job, definition=definition, anchor=step.due, due=step.due)
        return as_it_is(kept)

    def _run_anonymous_now(self, job_id: str, now: float) -> Run:
        kept = self._anonymous(job_id)
        check_anonymous_run_now(kept.run)
        due = kept.run.due if kept.run.attempt else now
        kept.run = kept.run._replace(due=due, ready=now)
        assert kept.anonymous is not None
        kept.anonymous = replace(kept.anonymous, anchor=due, due=due)
        return kept.run

    def _anonymous(self, job_id: str) -> KeptRun:
        kept = self._runs.get(job_id)
        if kept is None or kept.anonymous is None:
            raise NoSuchJob(f"there is no job {job_id}")
        return kept

    def _check_key(self, before: Job, after: Job) -> None:
        holder = self._holder_of_key(after) if needs_key(before, after) else None
        if holder is not None:
            raise key_is_held(before, after, holder.job.id)

    def _all_jobs(self, once: bool | None) -> Iterable[Job]:
        if once is not True:
            yield from (_without_body(kept.job) for kept in self._jobs.values())
        for run in self._runs.values():
            if run.anonymous is not None and once is not False:
                yield _without_body(as_it_is(run))


class _Store(Protocol):
    """What this side needs of the store it is a part of."""

    queue: SteeredQueue

    def _answer(self, work: Callable[[], T]) -> Deferred[T]: ...


@implementer(IQueueControl)
class MemoryControl:
    """Lists, and steps of single jobs; a part of a store."""

    def find_jobs(
        self: _Store, wanted: JobFilter, order: JobOrder, after: str | None, limit: int
    ) -> Deferred[Page[Job]]:
        """See :meth:`IQueueControl.find_jobs`."""
        return self._answer(lambda: self.queue.find_jobs(wanted, order, after, limit))

    def find_runs(
        self: _Store, wanted: RunFilter, after: str | None, limit: int
    ) -> Deferred[Page[RunReport]]:
        """See :meth:`IQueueControl.find_runs`."""
        return self._answer(lambda: self.queue.find_runs(wanted, after, limit))

    def body(
        self: _Store, run_id: str, attempt: int, offset: int, size: int
    ) -> Deferred[tuple[bytes, int]]:
        """See :meth:`IQueueControl.body`."""
        return self._answer(lambda: self.queue.body(run_id, attempt, offset, size))

    def steer(self: _Store, step: Step, now: float) -> Deferred[Job]:
        """See :meth:`IQueueControl.steer`."""
        return self._answer(lambda: self.queue.steer(step, now))

    def run_now(self: _Store, job_id: str, run_id: str, now: float) -> Deferred[Run]:
        """See :meth:`IQueueControl.run_now`."""
        return self._answer(lambda: self.queue.run_now(job_id, run_id, now))

    def reopen(self: _Store, run_id: str, now: float) -> Deferred[Run]:
        """See :meth:`IQueueControl.reopen`."""
        return self._answer(lambda: self.queue.reopen(run_id, now))

    def set_paused(self: _Store, group: str | None, paused: bool) -> Deferred[bool]:
        """See :meth:`IQueueControl.set_paused`."""
        return self._answer(lambda: self.queue.groups.set_paused(group, paused))

    def holds(self: _Store, now: float) -> Deferred[Holds]:
        """See :meth:`IQueueControl.holds`."""
        return self._answer(lambda: self.queue.holds(now))


def _cancel(kept: KeptRun, reason: str, now: float) -> None:
    kept.run = kept.run._replace(state=RunState.CANCELLED)
    kept.finished, kept.reason = now, reason


def _is_wanted(job: Job, wanted: JobFilter) -> bool:
    definition, request = job.definition, job.definition.request
    return (
        (wanted.states is None or job.state in wanted.states)
        and (wanted.name is None or wanted.name.matches(definition.name))
        and (wanted.target is None or wanted.target.matches(request.target))
        and (wanted.user is None or request.user == wanted.user)
        and (wanted.origin is None or definition.origin == wanted.origin)
    )


def _is_wanted_run(kept: KeptRun, wanted: RunFilter) -> bool:
    run, last, finished = kept.run, kept.last, kept.finished
    return (
        (wanted.job_id is None or run.job_id == wanted.job_id)
        and (wanted.states is None or run.state in wanted.states)
        and (wanted.name is None or wanted.name.matches(run.name))
        and (wanted.target is None or wanted.target.matches(run.request.target))
        and (wanted.user is None or run.request.user == wanted.user)
        and (wanted.statuses is None or (last is not None and _is_in(wanted.statuses, last.status)))
        and (wanted.since is None or (finished is not None and finished >= wanted.since))
        and (wanted.until is None or (finished is not None and finished <= wanted.until))
        and (wanted.node is None or (kept.owner is not None and kept.owner.node == wanted.node))
    )


def _is_in(statuses: StatusRange, status: int) -> bool:
    return statuses.low <= status <= statuses.high


def _end_and_id(report: RunReport) -> tuple[float, str]:
    return report.finished or 0.0, report.run.id


def _has_come(job: Job) -> bool:
    return job.state is JobState.SCHEDULED and job.due is not None


def _due_and_id(job: Job) -> tuple[float, str]:
    return job.due or 0.0, job.id


def _place(after: str) -> tuple[float, str]:
    due, comma, job_id = after.partition(",")
    if not comma:
        raise BadValue(f"no page ends at {after[:60]!r}")
    return _instant(due), job_id


def _instant(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"no page ends at {text[:60]!r}") from None


def page_of(found: list[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """The first *limit* of *found*, which are all there are from its place on."""
    if len(found) > limit:
        return Page(found[:limit], cursor(found[limit - 1]))
    return Page(found, None)


def _without_body(job: Job) -> Job:
    request = replace(job.definition.request, body=b"")
    return replace(job, definition=replace(job.definition, request=request))


def report_of(kept: KeptRun) -> RunReport:
    """A run with how it ended, or that it has not."""
    run, last = kept.run, kept.last
    run = run._replace(request=replace(run.request, body=b""))
    reason = last.reason if last is not None else kept.reason
    started = None if last is None else last.started
    return RunReport(run, None if last is None else last.status, reason, started, kept.finished)
