"""The queue's rules in plain Python, one step at a time, nothing on disk.

Written to be read: nothing in it is indexed, everything is looked for.  What
each method means is said in :class:`~jqengine.interfaces.IStore`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from operator import attrgetter

from jqengine.errors import KeyHeld
from jqengine.group import ALL_PAUSED, Holds
from jqengine.job import NO_RESPONSE, Firing, Job, Outcome, Owner, Receipt, Result, Run
from jqengine.lifecycle import (
    UNFINISHED_JOBS,
    UNFINISHED_RUNS,
    JobEvent,
    JobState,
    RunState,
    job_after,
)
from jqengine.plan import CrontabPlan
from jqengine.retention import Usage
from jqengine.sinkurl import watches
from jqengine.store.decisions import (
    CRONTAB,
    JOB_CANCELLED,
    LINE_GONE,
    PUT_OFF,
    cancelled_with_job,
    held_key,
    in_place_of,
    is_anonymous,
    is_exhausted,
    is_there_already,
    may_be_refused,
)
from jqengine.store.followups import add_follow_ups
from jqengine.store.memorycontinuations import MemoryContinuations
from jqengine.store.memorydeliveries import MemoryDeliveries
from jqengine.store.memorygroups import MemoryGroups
from jqengine.store.memorynodes import MemoryNodes


@dataclass(slots=True)
class _KeptJob:
    job: Job
    accepted_as: str
    exhausted: bool = False


@dataclass(slots=True)
class KeptRun:
    """A run with all that is known of it."""

    run: Run
    anonymous: Job | None = None
    owner: Owner | None = None
    lease_until: float | None = None
    results: dict[int, Result] = field(default_factory=dict)
    last: Result | None = None
    finished: float | None = None
    reason: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether the run has not ended."""
        return self.run.state in UNFINISHED_RUNS


class MemoryQueue:
    """Everything that a store remembers: the work of IStore, IQueueControl and IDeliveryStore.

    :param new_id: makes ids for the runs of jobs.
    """

    def __init__(self, new_id: Callable[[float], str]) -> None:
        self._new_id = new_id
        self._jobs: dict[str, _KeptJob] = {}
        self._runs: dict[str, KeptRun] = {}
        self._outputs: dict[tuple[str, int], dict[int, bytes]] = {}
        self.deliveries = MemoryDeliveries(self._result_of)
        self.continuations = MemoryContinuations()
        self.groups = MemoryGroups()
        self.nodes = MemoryNodes()

    # Accepting jobs.

    def add(self, jobs: Sequence[Job]) -> Sequence[Job]:
        ready, kept = self.continuations.put_requests(jobs, self._was_accepted)
        undo = self._as_it_was() if any(map(may_be_refused, ready)) else _nothing
        try:
            answers = [self._add(job) for job in ready]
        except KeyHeld:
            undo()
            raise
        self.continuations.use_up(ready, answers, kept)
        return answers

    def _as_it_was(self) -> Callable[[], None]:
        """What takes back all that is accepted from now on."""
        jobs = {key: copy(kept) for key, kept in self._jobs.items()}
        runs = {key: copy(kept) for key, kept in self._runs.items()}
        groups = self.groups.copy()

        def undo() -> None:
            self._jobs, self._runs, self.groups = jobs, runs, groups

        return undo

    def _was_accepted(self, job_id: str) -> bool:
        kept = self._jobs.values()
        return job_id in self._runs or any(job_id in (one.job.id, one.accepted_as) for one in kept)

    def _add(self, job: Job) -> Job:
        if is_anonymous(job):
            return self._add_anonymous(job)
        for old in (self._old(job), self._holder_of_key(job)):
            if old is not None and job.id in (old.job.id, old.accepted_as):
                return old.job
        return self._accept(job)

    def _add_anonymous(self, job: Job) -> Job:
        assert job.due is not None
        if job.id in self._runs:
            return as_it_is(self._runs[job.id])
        run = new_run(job, job.id, job.id, job.due, RunState.WAITING)
        self._runs[job.id] = KeptRun(run, anonymous=job)
        self.groups.said(job.definition.policy)
        return job

    def _accept(self, job: Job) -> Job:
        old = self._old(job)
        holder = self._holder_of_key(job)
        if holder is not None and holder is not old:
            return self._settle(holder, job)
        accepted = job if old is None else in_place_of(old.job, job)
        kept = _KeptJob(accepted, job.id, is_exhausted(accepted))
        self._jobs[accepted.id] = kept
        self._finish_if_exhausted(kept)
        self.groups.said(accepted.definition.policy)
        return accepted

    def _settle(self, holder: _KeptJob, job: Job) -> Job:
        """What comes of the *holder* of the key of *job*."""
        unbegun = [one for one in self._unfinished(holder.job.id) if _is_unbegun(one.run)]
        settled = held_key(holder.job, job, lambda: bool(unbegun))
        if settled.job is holder.job:
            return holder.job
        holder.job, holder.accepted_as = settled.job, job.id
        holder.exhausted = is_exhausted(settled.job)
        definition = settled.job.definition
        for one in unbegun:
            if settled.puts_off:
                one.run = one.run._replace(state=RunState.CANCELLED)
                one.finished, one.reason = job.created, PUT_OFF
            elif settled.rewrites:
                one.run = one.run._replace(
                    request=definition.request, policy=definition.policy, sinks=definition.sinks
                )
        self.groups.said(definition.policy)
        return settled.job

    def _old(self, job: Job) -> _KeptJob | None:
        identity = job.definition.identity
        for kept in self._jobs.values():
            if identity is not None and kept.job.definition.identity == identity:
                return kept
        return self._jobs.get(job.id)

    def _holder_of_key(self, job: Job) -> _KeptJob | None:
        key = job.definition.policy.key
        for kept in self._jobs.values():
            same = key is not None and kept.job.definition.policy.key == key
            if same and kept.job.state in UNFINISHED_JOBS:
                return kept
        return None

    def crontab_jobs(self) -> Sequence[Job]:
        jobs = (kept.job for kept in self._jobs.values())
        return sorted((job for job in jobs if job.definition.origin == CRONTAB), key=_id)

    def apply(self, plan: CrontabPlan) -> None:
        for job_id in plan.retire:
            self._move(job_id, JobEvent.RETIRE, LINE_GONE)
        for job in (*plan.add, *plan.replace):
            old = self._old(job)
            if old is None or not is_there_already(old.job, job):
                self._accept(job)

    # Firing.

    def due_jobs(self, now: float, limit: int) -> Sequence[tuple[Job, int]]:
        due = [kept.job for kept in self._jobs.values() if _is_due(kept.job, now)]
        due.sort(key=lambda job: job.due or 0.0)
        return [(job, len(list(self._unfinished(job.id)))) for job in due[:limit]]

    def fire(self, firings: Sequence[Firing], now: float) -> int:
        return sum(self._fire(firing, now) for firing in firings)

    def _fire(self, firing: Firing, now: float) -> int:
        kept = self._jobs.get(firing.job_id)
        if kept is None or kept.job.state is not JobState.SCHEDULED:
            return 0
        if kept.job.due != firing.expected:
            return 0
        made = sum(self._make_run(kept.job, due, now, firing.held) for due in firing.runs)
        for skip in firing.skips:
            self._make_skip(kept.job, skip.due, now, skip.reason)
        more = len(firing.runs) + len(firing.skips)
        kept.job = replace(kept.job, due=firing.next_due, fired=kept.job.fired + more)
        kept.exhausted = firing.exhausted
        self._finish_if_exhausted(kept)
        return made

    def _make_run(self, job: Job, due: float, now: float, held: bool) -> bool:
        if self._has_run(job.id, due):
            return False
        held = held and any(self._unfinished(job.id))
        state = RunState.HELD if held else RunState.WAITING
        run = new_run(job, self._new_id(now), job.id, due, state)
        self._runs[run.id] = KeptRun(run)
        self.groups.ensure(run.policy)
        return True

    def _make_skip(self, job: Job, due: float, now: float, reason: str) -> None:
        if not self._has_run(job.id, due):
            run = new_run(job, self._new_id(now), job.id, due, RunState.SKIPPED)
            self._runs[run.id] = KeptRun(run, finished=now, reason=reason)

    def _has_run(self, job_id: str, due: float) -> bool:
        return any(kept.run.due == due for kept in self._runs_of(job_id))

    # Claiming.

    def claim(self, owner: Owner, now: float, limit: int, lease: float) -> Sequence[Run]:
        waiting = (kept for kept in self._runs.values() if kept.run.state is RunState.WAITING)
        ready = [kept for kept in waiting if kept.run.ready <= now]
        ready.sort(key=lambda kept: (kept.run.policy.priority, kept.run.ready))
        may_begin = self.groups.claimable([kept.run for kept in ready], self._running(), limit, now)
        claimed = [self._runs[run.id] for run in may_begin]
        for kept in claimed:
            kept.owner, kept.lease_until = owner, now + lease
            attempt = kept.run.attempt + 1
            kept.run = kept.run._replace(state=RunState.RUNNING, attempt=attempt)
        return [self._with_validators(kept.run) for kept in claimed]

    def _running(self) -> Counter[str]:
        """How many runs of each group are under way."""
        runs = (kept.run for kept in self._runs.values() if kept.run.state is RunState.RUNNING)
        return Counter(run.policy.group for run in runs if run.policy.group is not None)

    def _with_validators(self, run: Run) -> Run:
        if run.job_id == run.id or not watches(run.sinks):
            return run
        return run._replace(validators=self.deliveries.validators(run.job_id))

    def give_back(self, owner: Owner, run_ids: Sequence[str], now: float) -> int:
        return sum(self._give_back(owner, self._runs.get(run_id), now) for run_id in run_ids)

    def _give_back(self, owner: Owner, kept: KeptRun | None, now: float) -> bool:
        if kept is None or not _holds(kept, owner):
            return False
        self._wait_again(kept, kept.run.ready, kept.run.attempt - 1)
        self._withdraw_if_cancelled(kept, now)
        return True

    def recover(self, owner: Owner, now: float, lease: float, others: bool) -> Sequence[Run]:
        left = [
            kept
            for kept in self._runs.values()
            if _is_of_earlier_boot(kept, owner) or (others and _is_given_up(kept, owner, now))
        ]
        for kept in left:
            kept.owner, kept.lease_until = owner, now + lease
        return [kept.run for kept in left]

    def renew(self, owner: Owner, now: float, lease: float) -> int:
        held = [kept for kept in self._runs.values() if _holds(kept, owner)]
        for kept in held:
            kept.lease_until = now + lease
        return len(held)

    def next_ready(self) -> float | None:
        jobs = (kept.job for kept in self._jobs.values())
        runs = (kept.run for kept in self._runs.values())
        due = [job.due for job in jobs if job.state is JobState.SCHEDULED and job.due is not None]
        waiting = (run for run in runs if run.state is RunState.WAITING)
        return min((*due, *self.groups.opening(waiting, self._running())), default=None)

    # Recording.

    def record(self, outcomes: Sequence[Outcome]) -> Sequence[Receipt]:
        outcomes = [self._with_output(outcome) for outcome in outcomes]
        accepted = [self._end_attempt(outcome) for outcome in outcomes]
        ended = [
            one
            for one, held in zip(outcomes, accepted, strict=True)
            if held and one.verdict.state is not RunState.WAITING
        ]
        self._settle_jobs([one for one in ended if one.job_id in self._jobs])
        for outcome in ended:
            self.deliveries.record(outcome)
        add_follow_ups(ended, self.add)
        return accepted

    def keep_output(self, run_id: str, attempt: int, position: int, data: bytes) -> None:
        """See :meth:`~jqengine.interfaces.IOutputStore.keep_output`."""
        if run_id in self._runs:
            self._outputs.setdefault((run_id, attempt), {})[position] = data

    def _with_output(self, outcome: Outcome) -> Outcome:
        said = self._outputs.pop((outcome.run_id, outcome.attempt), {})
        if outcome.result.status != NO_RESPONSE or outcome.result.body or not said:
            return outcome
        body = b"".join(data for _, data in sorted(said.items()))
        return outcome._replace(result=outcome.result._replace(body=body))

    def _end_attempt(self, outcome: Outcome) -> Receipt:
        kept = self._runs.get(outcome.run_id)
        if kept is None or not _holds(kept, outcome.owner):
            return Receipt.REFUSED
        if kept.run.attempt != outcome.attempt:
            return Receipt.REFUSED
        verdict = outcome.verdict
        if verdict.state is RunState.WAITING:
            assert verdict.ready is not None
            kept.results[outcome.attempt] = outcome.result
            self._wait_again(kept, verdict.ready, outcome.attempt - verdict.restore)
            if self._withdraw_if_cancelled(kept, outcome.result.finished):
                return Receipt.WITHDRAWN
        else:
            kept.last, kept.finished = outcome.result, outcome.result.finished
            kept.run = kept.run._replace(state=verdict.state)
        return Receipt.ACCEPTED

    def _withdraw_if_cancelled(self, kept: KeptRun, now: float) -> bool:
        """Cancel a run that waits, if its job is cancelled."""
        of_job = self._jobs.get(kept.run.job_id)
        if of_job is None or of_job.job.state is not JobState.CANCELLED:
            return False
        kept.run = kept.run._replace(state=RunState.CANCELLED)
        kept.finished, kept.reason = now, JOB_CANCELLED
        return True

    def _wait_again(self, kept: KeptRun, ready: float, attempt: int) -> None:
        kept.owner = kept.lease_until = None
        kept.run = kept.run._replace(state=RunState.WAITING, ready=ready, attempt=attempt)

    def _settle_jobs(self, outcomes: Sequence[Outcome]) -> None:
        statuses = {one.job_id: one.result.status for one in outcomes}
        for outcome in outcomes:
            if outcome.verdict.remove is not None:
                self._remove(self._jobs[outcome.job_id], outcome.verdict.remove, outcome.result)
        for job_id, status in statuses.items():
            kept = self._jobs[job_id]
            kept.job = replace(kept.job, previous_status=status)
            self._release(job_id, status)
            self._finish_if_exhausted(kept)

    def _remove(self, kept: _KeptJob, reason: str, result: Result) -> None:
        if not kept.exhausted:
            self._move(kept.job.id, JobEvent.REMOVE, reason)
        if kept.job.state is JobState.REMOVED:
            for one in self._held(kept.job.id):
                one.run = one.run._replace(state=RunState.CANCELLED)
                one.finished = result.finished
                one.reason = cancelled_with_job(reason)

    def _release(self, job_id: str, status: int) -> None:
        held = self._held(job_id)
        if held and len(held) == len(list(self._unfinished(job_id))):
            first = min(held, key=lambda one: one.run.due)
            first.run = first.run._replace(state=RunState.WAITING, previous_status=status)

    def _finish_if_exhausted(self, kept: _KeptJob) -> None:
        if kept.exhausted and not any(self._unfinished(kept.job.id)):
            kept.job = replace(
                kept.job, state=job_after(kept.job.state, JobEvent.EXHAUST) or kept.job.state
            )

    def _move(self, job_id: str, event: JobEvent, reason: str) -> None:
        kept = self._jobs.get(job_id)
        state = job_after(kept.job.state, event) if kept is not None else None
        if kept is not None and state is not None:
            kept.job = replace(kept.job, state=state, due=None, reason=reason)

    def run_with_result(self, run_id: str, attempt: int | None) -> tuple[Run, Result | None] | None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.run_with_result`."""
        if run_id not in self._runs:
            return None
        found = self._result_of(run_id, attempt)
        return self._runs[run_id].run, found[1] if found else None

    def _result_of(self, run_id: str, attempt: int | None) -> tuple[Run, Result] | None:
        results = dict(self.results(run_id))
        found = max(results, default=None) if attempt is None else attempt
        if found not in results:
            return None
        return self._runs[run_id].run._replace(attempt=found), results[found]

    # Asking.

    def job(self, job_id: str) -> Job | None:
        if job_id in self._jobs:
            return self._jobs[job_id].job
        kept = self._runs.get(job_id)
        return as_it_is(kept) if kept is not None and kept.anonymous is not None else None

    def job_named(self, identity: str) -> Job | None:
        jobs = (kept.job for kept in self._jobs.values())
        return next((job for job in jobs if job.definition.identity == identity), None)

    def runs(self, job_id: str, limit: int) -> Sequence[Run]:
        found = sorted(self._runs_of(job_id), key=lambda kept: kept.run.due, reverse=True)
        return [kept.run for kept in found[:limit]]

    def results(self, run_id: str) -> Sequence[tuple[int, Result]]:
        kept = self._runs.get(run_id)
        if kept is None:
            return []
        if kept.last is None:
            return sorted(kept.results.items())
        earlier = ((number, one) for number, one in kept.results.items())
        before = [pair for pair in earlier if pair[0] < kept.run.attempt]
        return [*sorted(before), (kept.run.attempt, kept.last)]

    def stats(self, now: float) -> dict[str, int]:
        jobs = [kept.job for kept in self._jobs.values()]
        runs = [kept.run for kept in self._runs.values()]
        due = [job.due for job in jobs if job.state is JobState.SCHEDULED and job.due is not None]
        ready = [run.ready for run in runs if run.state is RunState.WAITING]
        ends = [run.state for run in runs]
        counts = {
            "scheduled": sum(instant > now for instant in (*due, *ready)),
            "due": sum(instant <= now for instant in (*due, *ready)),
            "running": ends.count(RunState.RUNNING),
            "finished": ends.count(RunState.FINISHED),
            "failed": ends.count(RunState.FAILED),
            "removed": sum(job.state is JobState.REMOVED for job in jobs),
        }
        return counts | {ALL_PAUSED: 1} if self.groups.all_paused else counts

    # Forgetting.

    def prune(self, before: float, limit: int) -> int:
        ended = (kept for kept in self._runs.values() if not kept.unfinished)
        old = [kept.run for kept in ended if kept.finished is not None and kept.finished < before]
        old.sort(key=lambda run: self._runs[run.id].finished or 0.0)
        old = [run for run in old if not self.deliveries.needs(run.id, self._may_run_again)]
        for run in old[:limit]:
            del self._runs[run.id]
            self.deliveries.forget(run.id)
        for job_id in {run.job_id for run in old[:limit]}:
            self._forget_job(job_id)
        names = {run.policy.group for run in old[:limit]}
        self.groups.forget_idle(names, set(self._groups_in_use()), before)
        return len(old[:limit])

    def _groups_in_use(self) -> Iterator[str | None]:
        """The groups of unfinished jobs and runs."""
        for of_job in self._jobs.values():
            if of_job.job.state in UNFINISHED_JOBS:
                yield of_job.job.definition.policy.group
        yield from (kept.run.policy.group for kept in self._runs.values() if kept.unfinished)

    def holds(self, now: float) -> Holds:
        """See :meth:`~jqengine.interfaces.IQueueControl.holds`."""
        return self.groups.holds([kept.run for kept in self._runs.values()], now)

    def usage(self) -> Usage:
        """See :meth:`~jqengine.interfaces.IStore.usage`."""
        ended = [kept for kept in self._runs.values() if kept.finished is not None]
        return Usage(len(ended), sum(len(kept.last.body) for kept in ended if kept.last))

    def _may_run_again(self, job_id: str) -> bool:
        kept = self._jobs.get(job_id)
        return kept is not None and kept.job.state not in (JobState.FINISHED, JobState.CANCELLED)

    def _forget_job(self, job_id: str) -> None:
        kept = self._jobs.get(job_id)
        if kept is None or kept.job.definition.origin == CRONTAB or any(self._runs_of(job_id)):
            return
        if kept.job.state in (JobState.FINISHED, JobState.CANCELLED):
            del self._jobs[job_id]
            self.deliveries.forget_job(job_id)

    def _runs_of(self, job_id: str) -> Iterator[KeptRun]:
        return (kept for kept in self._runs.values() if kept.run.job_id == job_id)

    def _unfinished(self, job_id: str) -> Iterator[KeptRun]:
        return (kept for kept in self._runs_of(job_id) if kept.unfinished)

    def _held(self, job_id: str) -> Sequence[KeptRun]:
        return [kept for kept in self._runs_of(job_id) if kept.run.state is RunState.HELD]


def new_run(job: Job, run_id: str, job_id: str, due: float, state: RunState) -> Run:
    """A run of *job* that nobody has claimed."""
    definition = job.definition
    return Run(
        id=run_id,
        job_id=job_id,
        name=definition.name,
        due=due,
        request=definition.request,
        policy=definition.policy,
        sinks=definition.sinks,
        state=state,
        ready=due,
        attempt=0,
        previous_status=job.previous_status,
    )


def as_it_is(kept: KeptRun) -> Job:
    """The anonymous job that is *kept*, as far as it has come."""
    assert kept.anonymous is not None
    begun = kept.run.attempt > 0 or not kept.unfinished
    return replace(
        kept.anonymous,
        state=_state_of_anonymous(kept),
        due=None if begun else kept.run.due,
        fired=int(begun),
        previous_status=kept.last.status if kept.last else kept.anonymous.previous_status,
        reason=kept.last.reason if kept.last else kept.reason,
    )


def _state_of_anonymous(kept: KeptRun) -> JobState:
    if kept.unfinished:
        return JobState.SCHEDULED
    return JobState.CANCELLED if kept.run.state is RunState.CANCELLED else JobState.FINISHED


def _nothing() -> None:
    """There is nothing to undo."""


def _is_unbegun(run: Run) -> bool:
    return run.attempt == 0 and run.state in (RunState.WAITING, RunState.HELD)


def _is_due(job: Job, now: float) -> bool:
    return job.state is JobState.SCHEDULED and job.due is not None and job.due <= now


def _holds(kept: KeptRun, owner: Owner) -> bool:
    return kept.run.state is RunState.RUNNING and kept.owner == owner


def _is_of_earlier_boot(kept: KeptRun, owner: Owner) -> bool:
    if kept.run.state is not RunState.RUNNING or kept.owner is None:
        return False
    return kept.owner.node == owner.node and kept.owner.boot != owner.boot


def _is_given_up(kept: KeptRun, owner: Owner, now: float) -> bool:
    if kept.run.state is not RunState.RUNNING or kept.owner is None or kept.lease_until is None:
        return False
    return kept.owner.node != owner.node and kept.lease_until < now


_id = attrgetter("id")
