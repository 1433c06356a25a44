"""What every store decides alike.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from jqengine.errors import KeyHeld
from jqengine.job import Duplicate, Job, Syntax
from jqengine.lifecycle import UNFINISHED_JOBS, JobEvent, JobState, job_after

CRONTAB = "crontab"
"""The origin of jobs that crontabs maintain."""

SHORTEST = 1e-6
"""Seconds between the due times of two runs of a job: what instants are rounded to."""

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


PUT_OFF = "put off by a later job of its key"


class KeyHolder(NamedTuple):
    """The job that holds a key, now that another one has asked for that.

    :ivar job: as it is from now on.
    :ivar rewrites: whether its runs that have not begun get its request.
    :ivar puts_off: whether these are cancelled, as it is due later.
    """

    job: Job
    rewrites: bool = False
    puts_off: bool = False


def held_key(holder: Job, new: Job, has_unbegun: Callable[[], bool]) -> KeyHolder:
    """What comes of *holder*, which is unfinished, when *new* asks for its key.

    A request that takes the place of another is never lost: if no due time of
    the holder is to come, it goes to the run that has not begun, and if that
    has, the job is due once more.

    :param has_unbegun: tells whether a run of the holder waits that has not begun.
    :raises KeyHeld: *new* wants to be refused, or cannot take the place.
    """
    duplicate = new.definition.policy.duplicate
    if duplicate is Duplicate.FIRST:
        return KeyHolder(holder)
    _check_place(holder, new)
    said, definition = new.definition, holder.definition
    definition = replace(definition, request=said.request, policy=said.policy, sinks=said.sinks)
    may_wait = duplicate is Duplicate.DEBOUNCE or holder.due is None
    unbegun = may_wait and has_unbegun()
    if duplicate is Duplicate.REPLACE and (holder.due is not None or unbegun):
        return KeyHolder(replace(holder, definition=definition), rewrites=unbegun)
    due = new.due
    if due is not None and due == holder.anchor:
        due = round(due + SHORTEST, 6)  # of one instant a job has one run
    anew = replace(
        holder,
        definition=replace(definition, schedule=said.schedule),
        created=new.created,
        anchor=due,
        due=due,
        fired=0,
    )
    return KeyHolder(anew, puts_off=unbegun)


def may_be_refused(job: Job) -> bool:
    """Whether :func:`held_key` may refuse *job*."""
    return job.definition.policy.duplicate is not Duplicate.FIRST


def _check_place(holder: Job, new: Job) -> None:
    key, name = new.definition.policy.key, new.definition.name
    if new.definition.policy.duplicate is Duplicate.REJECT:
        raise KeyHeld(f"job {holder.id}, {holder.label}, holds the key {key!r}")
    if holder.definition.origin == CRONTAB:
        raise KeyHeld(f"{holder.label}, a line of the crontab, holds the key {key!r}")
    if name not in (None, holder.definition.name):
        raise KeyHeld(f"job {holder.id}, {holder.label}, holds the key {key!r}, not {name}")


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
