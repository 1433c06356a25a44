"""What a step that a person asks for does to a job or run.  Pure; for every store."""

from __future__ import annotations

from dataclasses import replace

from jqengine.errors import NotPossible
from jqengine.job import Job, Run, Step
from jqengine.lifecycle import (
    JOB_TRANSITIONS,
    UNFINISHED_JOBS,
    JobEvent,
    JobState,
    RunEvent,
    RunState,
    job_after,
    run_after,
)

_DONE = {
    JobEvent.CANCEL: "cancelled",
    JobEvent.PAUSE: "paused",
    JobEvent.RESUME: "resumed",
    JobEvent.REPLACE: "given another time",
}

_NO_RUN_NOW = frozenset({JobState.CANCELLED, JobState.RETIRED})


def stepped(job: Job, step: Step) -> Job:
    """*job* after *step*; itself if it is there already.

    :raises NotPossible: the job is in no state for it.
    """
    state = job_after(job.state, step.event)
    if state is None:
        if step.event is not JobEvent.REPLACE and job.state in _states_after(step.event):
            return job
        raise NotPossible(f"{job.label} is {job.state} and cannot be {_DONE[step.event]}")
    changed = replace(job, state=state, reason=_reason(job, state, step))
    if step.event is JobEvent.CANCEL:
        return replace(changed, due=None)
    if step.event is JobEvent.RESUME:
        return replace(changed, due=step.due)
    if step.event is JobEvent.REPLACE and step.schedule is not None:
        definition = replace(job.definition, schedule=step.schedule)
        return replace(changed, definition=definition, anchor=step.due, due=step.due, fired=0)
    return changed


def needs_key(before: Job, after: Job) -> bool:
    """Whether a job that was *before* has to take the key that it has *after*."""
    key = after.definition.policy.key
    if key is None or after.state not in UNFINISHED_JOBS:
        return False
    return before.state not in UNFINISHED_JOBS or before.definition.policy.key != key


def key_is_held(before: Job, after: Job, holder_id: str) -> NotPossible:
    """What is wrong when the key of *after* is another job's."""
    key = after.definition.policy.key
    if before.state in UNFINISHED_JOBS:
        return NotPossible(f"{before.label} cannot have the key {key!r}: job {holder_id} holds it")
    return NotPossible(f"{before.label} cannot come back: job {holder_id} holds its key {key!r}")


def check_anonymous_step(job: Job, state: RunState, step: Step) -> bool:
    """Whether *step* changes an anonymous job, whose run is in *state*.

    :raises NotPossible: it cannot be done.
    """
    if step.event is JobEvent.CANCEL:
        if state is RunState.CANCELLED:
            return False
        if run_after(state, RunEvent.CANCEL) is not None:
            return True
    elif step.event is JobEvent.REPLACE:
        if state is RunState.WAITING and job.due is not None:
            return True
    else:
        raise NotPossible(
            f"{job.label} is due once and has no name; such a job cannot be {_DONE[step.event]},"
            " but it can be cancelled and given another time"
        )
    now = "has begun" if state is RunState.WAITING else f"is {state}"
    raise NotPossible(f"{job.label} {now} and cannot be {_DONE[step.event]}")


def check_run_now(job: Job) -> None:
    """Make sure that a run of *job*, which is more than a run, may be made.

    :raises NotPossible: it is over.
    """
    if job.state in _NO_RUN_NOW:
        raise NotPossible(f"{job.label} is {job.state} and does not run any more")


def check_anonymous_run_now(run: Run) -> None:
    """Make sure that an anonymous job's *run* can be made due.

    :raises NotPossible: it has ended, or is under way.
    """
    if run.state is RunState.RUNNING:
        raise NotPossible(f"{run.label} is running")
    if run.state is not RunState.WAITING:
        raise NotPossible(f"{run.label} is {run.state}; an ended run can be retried")


def is_reopened(run: Run) -> bool:
    """Whether *run* waits for an attempt already; it may be reopened if not.

    :raises NotPossible: it has not ended, or never began.
    """
    if run.state is RunState.WAITING:
        return True
    if run_after(run.state, RunEvent.REOPEN) is None:
        raise NotPossible(f"the run of {run.label} is {run.state}; only an ended one is retried")
    return False


def check_reopening(run: Run, state: JobState | None) -> None:
    """Make sure that an ended *run* of a job in *state* may have one more attempt.

    :param state: of its job, if it has one that is more than a run.
    :raises NotPossible: nothing of the job begins any more.
    """
    if state is JobState.CANCELLED:
        raise NotPossible(f"{run.label} is {state} and does not run any more")


def _reason(job: Job, state: JobState, step: Step) -> str:
    """Why a job is in the state it comes to; what is scheduled needs none."""
    if step.event is JobEvent.REPLACE and state is JobState.PAUSED:
        return job.reason
    return "" if state is JobState.SCHEDULED else step.reason


def _states_after(event: JobEvent) -> set[JobState]:
    return {state for (_, cause), state in JOB_TRANSITIONS.items() if cause is event}
