"""Steps of single jobs and runs that people ask for.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, null, select, update

from jqengine.errors import NoSuchJob
from jqengine.job import Job, Run, Step
from jqengine.lifecycle import JobEvent, JobState, RunEvent, RunState
from jqengine.news import Topic
from jqengine.store.ballast import require_room
from jqengine.store.codec import policy_from, schedule_text
from jqengine.store.decisions import SHORTEST
from jqengine.store.groups import look_at
from jqengine.store.news import tell
from jqengine.store.rows import (
    NEW_RUN_COLUMNS,
    RESULT_COLUMNS,
    RUN_COLUMNS,
    anonymous_job_from,
    request_of,
    run_from,
)
from jqengine.store.schema import attempts, job_unfinished, jobs, run_unfinished, runs
from jqengine.store.selecting import bodies_of, jobs_from, states_before
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
from jqengine.store.turns import take_turn


def steer(connection: Connection, step: Step, now: float) -> Job:
    """See :meth:`jqengine.interfaces.IQueueControl.steer`."""
    take_turn(connection)
    tell(connection, Topic.ENDED if step.event is JobEvent.CANCEL else Topic.READY)
    row = job_row(connection, step.job_id)
    if row is None:
        return _steer_anonymous(connection, step, now)
    [job] = jobs_from(connection, [row])
    after = stepped(job, step)
    if after is job:
        return job
    check_key(connection, job, after)
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            state=after.state.value,
            reason=after.reason,
            due=after.due,
            anchor=after.anchor,
            fired=after.fired,
            exhausted=row.exhausted and step.event is not JobEvent.REPLACE,
            schedule=schedule_text(after.definition.schedule),
        )
    )
    if step.event is JobEvent.CANCEL:
        _cancel_runs(connection, job.id, step.reason, now)
    return after


def run_now(connection: Connection, job_id: str, run_id: str, now: float) -> Run:
    """See :meth:`jqengine.interfaces.IQueueControl.run_now`."""
    take_turn(connection)
    require_room(connection)
    tell(connection, Topic.READY)
    known = run_row(connection, run_id)
    if known is not None:
        return run_in(connection, known)
    row = job_row(connection, job_id)
    if row is None:
        return _run_anonymous_now(connection, job_id, now)
    [job] = jobs_from(connection, [row])
    check_run_now(job)
    values = new_run(row, run_id, free_due_time(connection, job_id, now), now)
    connection.execute(insert(runs).values(values))
    look_at_group_of(connection, row)
    made = run_row(connection, run_id)
    assert made is not None
    return run_in(connection, made)


def look_at_group_of(connection: Connection, row: Row[Any]) -> None:
    """Have the group of a job or run, which has come to wait, looked at."""
    if row.group_name is not None:
        look_at(connection, {row.group_name: policy_from(row.policy, row.priority, row.key)})


def reopen(connection: Connection, run_id: str, now: float) -> Run:
    """See :meth:`jqengine.interfaces.IQueueControl.reopen`."""
    take_turn(connection)
    require_room(connection)
    tell(connection, Topic.READY)
    row = run_row(connection, run_id)
    if row is None:
        raise NoSuchJob(f"there is no run {run_id}")
    if is_reopened(run_in(connection, row)):
        return run_in(connection, row)
    check_reopening(run_in(connection, row), _state_of_job(connection, row.job_id))
    _keep_result(connection, row)
    forgotten = {name: null() for name in RESULT_COLUMNS}
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(state=RunState.WAITING.value, ready=now, node=null(), boot=null(), **forgotten)
    )
    look_at_group_of(connection, row)
    return run_in(connection, row)._replace(state=RunState.WAITING, ready=now)


def _steer_anonymous(connection: Connection, step: Step, now: float) -> Job:
    row = anonymous_row(connection, step.job_id)
    job = anonymous_job_from(row, bodies_of(connection, [row.body_id]))
    if not check_anonymous_step(job, RunState(row.state), step):
        return job
    if step.event is JobEvent.CANCEL:
        values: dict[str, Any] = {
            "state": RunState.CANCELLED.value,
            "finished": now,
            "reason": step.reason,
        }
    else:
        assert step.schedule is not None
        text = schedule_text(step.schedule)
        values = {"due": step.due, "ready": step.due, "schedule": text}
    connection.execute(update(runs).where(runs.c.id == step.job_id).values(values))
    look_at_group_of(connection, row)
    changed = anonymous_row(connection, step.job_id)
    return anonymous_job_from(changed, bodies_of(connection, [changed.body_id]))


def _run_anonymous_now(connection: Connection, job_id: str, now: float) -> Run:
    row = anonymous_row(connection, job_id)
    run = run_in(connection, row)
    check_anonymous_run_now(run)
    due = run.due if run.attempt else now
    connection.execute(update(runs).where(runs.c.id == job_id).values(due=due, ready=now))
    look_at_group_of(connection, row)
    return run._replace(due=due, ready=now)


def check_key(connection: Connection, before: Job, after: Job) -> None:
    """Make sure that a job which comes back, or is given a key, does not find it taken."""
    if not needs_key(before, after):
        return
    key = after.definition.policy.key
    holder = connection.scalar(select(jobs.c.id).where(jobs.c.key == key, job_unfinished))
    if holder is not None:
        raise key_is_held(before, after, holder)


def _cancel_runs(connection: Connection, job_id: str, reason: str, now: float) -> None:
    """Cancel the runs of a job that have not begun."""
    connection.execute(
        update(runs)
        .where(run_unfinished, runs.c.job_id == job_id)
        .where(runs.c.state.in_(states_before(RunEvent.CANCEL)))
        .values(state=RunState.CANCELLED.value, finished=now, reason=reason)
    )


def free_due_time(connection: Connection, job_id: str, now: float) -> float:
    """*now*, or the first instant after it at which the job has no run."""
    due = now
    of_job = select(runs.c.id).where(runs.c.job_id == job_id)
    while connection.scalar(of_job.where(runs.c.due == due)) is not None:
        due = round(due + SHORTEST, 6)
    return due


def new_run(job: Row[Any], run_id: str, due: float, now: float) -> dict[str, Any]:
    """The row of a run of *job*, which is its row."""
    row = (
        run_id,
        job.id,
        RunState.WAITING.value,
        due,
        now,
        0,
        now,
        job.name,
        job.origin,
        None,
        job.previous_status,
        *request_of(job),
        None,
        None,
        job.continuation,
        job.group_name,
    )
    return dict(zip(NEW_RUN_COLUMNS, row, strict=True))


def _keep_result(connection: Connection, row: Row[Any]) -> None:
    """Move the result of the last attempt to those before it."""
    if row.status is None:
        return
    same = (attempts.c.run_id == row.id, attempts.c.attempt == row.attempt)
    connection.execute(delete(attempts).where(*same))
    connection.execute(
        insert(attempts).values(
            run_id=row.id,
            attempt=row.attempt,
            node=row.node or "",
            boot=row.boot or "",
            **{name: getattr(row, name) for name in RESULT_COLUMNS},
        )
    )


def job_row(connection: Connection, job_id: str) -> Row[Any] | None:
    """The row of a job, kept as it is until the transaction ends."""
    return connection.execute(
        select(jobs).where(jobs.c.id == job_id).with_for_update()
    ).one_or_none()


def _state_of_job(connection: Connection, job_id: str | None) -> JobState | None:
    row = None if job_id is None else job_row(connection, job_id)
    return None if row is None else JobState(row.state)


def run_row(connection: Connection, run_id: str) -> Row[Any] | None:
    """The row of a run, kept as it is until the transaction ends."""
    return connection.execute(
        select(runs).where(runs.c.id == run_id).with_for_update()
    ).one_or_none()


def anonymous_row(connection: Connection, job_id: str) -> Row[Any]:
    """The row of a run that is a job by itself.

    :raises NoSuchJob: there is none.
    """
    row = run_row(connection, job_id)
    if row is None or row.job_id is not None:
        raise NoSuchJob(f"there is no job {job_id}")
    return row


def run_in(connection: Connection, row: Row[Any]) -> Run:
    """The run that *row*, all columns of ``runs``, says."""
    values = tuple(getattr(row, name) for name in RUN_COLUMNS)
    return run_from(values, bodies_of(connection, [row.body_id]))
