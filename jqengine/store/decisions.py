"""What every store decides alike.  Pure."""

from __future__ import annotations

from dataclasses import replace

from jqengine.job import Job, Syntax
from jqengine.lifecycle import UNFINISHED_JOBS, JobEvent, JobState, job_after

CRONTAB = "crontab"
"""The origin of jobs that crontabs maintain."""

LINE_GONE = "its crontab line is gone"
JOB_CANCELLED = "its job was cancelled"


def is_anonymous(job: Job) -> bool:
    """Whether *job* is nothing but a run.

    A job with a key is not, though it have no identity: that two unfinished
    jobs never share a key is seen to where jobs are kept.
    """
    definition = job.definition
    return definition.identity is None and definition.policy.key is None and job.due is not None


GOING_ON = frozenset({Syntax.CRON, Syntax.EVERY})
"""Syntaxes whose due times do not depend on when a job is accepted, or should not."""


def goes_on(old: Job, new: Job) -> bool:
    """Whether *new* says nothing that *old* does not do already."""
    return (
        old.definition == new.definition
        and old.definition.schedule.syntax in GOING_ON
        and old.state in UNFINISHED_JOBS
        and None not in (old.due, new.due)
    )


def has_moved_on(old: Job, new: Job) -> bool:
    """Whether *old* has fired since *new* was made of it to keep its due times.

    A crontab is compared with what the queue was a moment ago.
    """
    same_life = (old.created, old.anchor) == (new.created, new.anchor)
    return same_life and new.due is not None and old.fired > new.fired


def in_place_of(old: Job, new: Job) -> Job:
    """*new* with what stays when it replaces *old*: id, last status, a pause.

    An application that schedules its recurring jobs whenever it starts must not
    push their due times away: said again as it is, such a job goes on.

    Not ``created``, from which a time text is read: whoever made *new* has set
    it.  A replacement without a due time left is finished and stays so.
    """
    if goes_on(old, new):
        return old
    state = job_after(old.state, JobEvent.REPLACE) or new.state
    if new.state is JobState.FINISHED:
        state = new.state
    if has_moved_on(old, new):
        new = replace(new, due=old.due, fired=old.fired)
    return replace(
        new,
        id=old.id,
        state=state,
        previous_status=old.previous_status if new.previous_status is None else new.previous_status,
        reason=old.reason if state is old.state is JobState.PAUSED else new.reason,
    )


def is_exhausted(job: Job) -> bool:
    """Whether no due time of *job* is to come; its last run may be under way."""
    return job.due is None and job.definition.schedule.syntax is not Syntax.REBOOT


def is_there_already(old: Job, new: Job) -> bool:
    """Whether *old* of the crontab has become what *new* is to make of it.

    Nodes that read one crontab at one time plan the same, and the plan that
    comes second must not give the job another due time, or a second life.  A
    line that has come back is not there yet, and ``@reboot`` is due anew at
    each start.
    """
    return (
        old.definition == new.definition
        and old.state is not JobState.RETIRED
        and new.definition.schedule.syntax is not Syntax.REBOOT
    )


def cancelled_with_job(reason: str) -> str:
    """Why a held run does not run when its job was removed for *reason*."""
    return f"its job was removed: {reason}"
