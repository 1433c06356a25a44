"""What the end of a run changes in its job and in the runs behind it.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, exists, false, null, or_, update

from jqengine.job import Outcome
from jqengine.lifecycle import JobEvent, JobState, RunState
from jqengine.news import Topic
from jqengine.store.blocks import Each
from jqengine.store.decisions import cancelled_with_job
from jqengine.store.firing import FINISH_EXHAUSTED
from jqengine.store.groups import groups_of, look_at
from jqengine.store.hot import HotStatement
from jqengine.store.news import tell
from jqengine.store.schema import jobs, run_unfinished, runs, text_of
from jqengine.store.selecting import states_before

_OF_JOB = {"status": jobs.c.previous_status.type, "ended_id": jobs.c.id.type}

_NOTE_STATUS = Each(
    _OF_JOB,
    lambda said: (
        update(jobs).where(jobs.c.id == said["ended_id"]).values(previous_status=said["status"])
    ),
)

_REMOVE = HotStatement(
    update(jobs)
    .where(
        jobs.c.id == bindparam("removed_id"),
        jobs.c.state.in_(states_before(JobEvent.REMOVE)),
        jobs.c.exhausted == false(),
    )
    .values(state=text_of(JobState.REMOVED), due=null(), reason=bindparam("why")),
    "why",
    "removed_id",
)

_held = runs.c.state == text_of(RunState.HELD)
_CANCEL_HELD = HotStatement(
    update(runs)
    .where(run_unfinished, runs.c.job_id == bindparam("removed_id"), _held)
    .where(
        exists().where(jobs.c.id == bindparam("same_id"), jobs.c.state == text_of(JobState.REMOVED))
    )
    .values(
        state=text_of(RunState.CANCELLED), finished=bindparam("instant"), reason=bindparam("why")
    ),
    "why",
    "instant",
    "removed_id",
    "same_id",
)

_before = runs.alias("before")
_unfinished_before = exists().where(
    _before.c.job_id == runs.c.job_id,
    _before.c.finished.is_(None),
    or_(_before.c.state != text_of(RunState.HELD), _before.c.due < runs.c.due),
)
_RELEASE = Each(
    _OF_JOB,
    lambda said: (
        update(runs)
        .where(run_unfinished, runs.c.job_id == said["ended_id"], _held, ~_unfinished_before)
        .values(state=text_of(RunState.WAITING), previous_status=said["status"])
    ),
)


def settle_jobs(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Bring the jobs of runs that have ended up to date.

    An anonymous job is its own run and has nothing to settle.
    """
    of_jobs = [one for one in outcomes if one.job_id != one.run_id]
    if not of_jobs:
        return
    last = {one.job_id: one.result.status for one in of_jobs}
    statuses = [(status, job_id) for job_id, status in last.items()]
    _NOTE_STATUS.change(connection, statuses)
    _remove_jobs(connection, [one for one in of_jobs if one.verdict.remove is not None])
    if _RELEASE.change(connection, statuses):
        tell(connection, Topic.READY)
        look_at(connection, groups_of(connection, runs.c.job_id, list(last)))
    FINISH_EXHAUSTED.change(connection, [(job_id,) for job_id in last])


def _remove_jobs(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Take jobs out of the queue, and the runs that have not begun with them."""
    _REMOVE.change_each(connection, [(one.verdict.remove, one.job_id) for one in outcomes])
    held = [
        (
            cancelled_with_job(one.verdict.remove or ""),
            one.result.finished,
            one.job_id,
            one.job_id,
        )
        for one in outcomes
    ]
    _CANCEL_HELD.change_each(connection, held)
