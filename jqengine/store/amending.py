"""What giving a job another definition does to it.  Pure; for every store."""

from __future__ import annotations

from dataclasses import replace

from jqengine.errors import ChangedMeanwhile, NotPossible
from jqengine.job import Definition, Job, Syntax
from jqengine.lifecycle import JobEvent, JobState, RunState, job_after
from jqengine.queries import Amended

_OPEN = frozenset({JobState.SCHEDULED, JobState.PAUSED, JobState.REMOVED})
"""States in which a job may get another definition without another time."""


def amended_job(job: Job, seen: Definition, amended: Amended) -> Job:
    """*job* with the definition, and if there is one the time, of *amended*.

    :param seen: what the change was made from.
    :raises NotPossible: the job is over.
    :raises ChangedMeanwhile: it has changed since then.
    """
    if job.definition != seen:
        raise ChangedMeanwhile(f"{job.label} was changed meanwhile; look at it again")
    if amended.time is None:
        if job.state not in _OPEN:
            raise NotPossible(f"{job.label} is {job.state}; give it another time as well")
        return replace(job, definition=amended.definition)
    state = job_after(job.state, JobEvent.REPLACE)
    if state is None:
        raise NotPossible(f"{job.label} is {job.state} and cannot be changed")
    created, due = amended.time
    return replace(
        job,
        definition=amended.definition,
        state=state,
        created=created,
        anchor=due,
        due=due,
        fired=0,
        reason=job.reason if state is JobState.PAUSED else "",
    )


def amended_anonymous(job: Job, state: RunState, seen: Definition, amended: Amended) -> Job:
    """The same for a job that is nothing but a run, which is in *state*.

    :raises NotPossible: it has begun, or would be more than a run.
    """
    if state is not RunState.WAITING or job.due is None:
        now = "has begun" if state is RunState.WAITING else f"is {state}"
        raise NotPossible(f"{job.label} {now} and cannot be changed")
    definition = amended.definition
    if definition.policy.key is not None:
        raise NotPossible(f"{job.label} has no name and is due once; such a job gets no key")
    if definition.schedule.syntax in (Syntax.REBOOT, Syntax.CRON, Syntax.EVERY):
        raise NotPossible(f"{job.label} is due once; schedule another job that is due again")
    return amended_job(job, seen, amended)
