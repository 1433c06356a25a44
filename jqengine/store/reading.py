"""Questions that people ask.  For the store's reader thread.

They see every change that was asked for before them, and perhaps later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, case, func, select

from jqengine.group import ALL_PAUSED
from jqengine.job import Job, Result, Run
from jqengine.lifecycle import JobState, RunState
from jqengine.store.bodyfiles import whole
from jqengine.store.groups import is_all_paused
from jqengine.store.rows import (
    RESULT_COLUMNS,
    RUN_COLUMNS,
    result_from,
    run_from,
)
from jqengine.store.schema import (
    attempts,
    job_from_crontab,
    job_scheduled,
    jobs,
    run_free,
    run_in_line,
    run_running,
    runs,
    text_of,
)
from jqengine.store.selecting import anonymous_jobs, bodies_of, jobs_from


def job(connection: Connection, job_id: str) -> Job | None:
    """See :meth:`jqengine.interfaces.IStore.job`."""
    found = _one_job(connection, select(jobs).where(jobs.c.id == job_id))
    if found is not None:
        return found
    return anonymous_jobs(connection, [job_id]).get(job_id)


def job_named(connection: Connection, identity: str) -> Job | None:
    """See :meth:`jqengine.interfaces.IStore.job_named`."""
    return _one_job(connection, select(jobs).where(jobs.c.identity == identity))


def crontab_jobs(connection: Connection) -> Sequence[Job]:
    """See :meth:`jqengine.interfaces.IStore.crontab_jobs`."""
    query = select(jobs).where(job_from_crontab).order_by(jobs.c.id)
    return jobs_from(connection, connection.execute(query).all())


def _one_job(connection: Connection, query: Select[Any]) -> Job | None:
    found = jobs_from(connection, connection.execute(query).all())
    return found[0] if found else None


def runs_of(connection: Connection, job_id: str, limit: int) -> Sequence[Run]:
    """See :meth:`jqengine.interfaces.IStore.runs`."""
    columns = select(*(runs.c[name] for name in RUN_COLUMNS))
    of_job = columns.where(runs.c.job_id == job_id).order_by(runs.c.due.desc()).limit(limit)
    anonymous = columns.where(runs.c.id == job_id, runs.c.job_id.is_(None)).limit(limit)
    rows = connection.execute(of_job).all() or connection.execute(anonymous).all()
    contents = bodies_of(connection, (row.body_id for row in rows))
    return [run_from(tuple(row), contents) for row in rows]


def results(connection: Connection, run_id: str) -> Sequence[tuple[int, Result]]:
    """See :meth:`jqengine.interfaces.IStore.results`."""
    last = connection.execute(
        select(runs.c.attempt, *(runs.c[name] for name in RESULT_COLUMNS)).where(
            runs.c.id == run_id, runs.c.status.is_not(None)
        )
    ).one_or_none()
    earlier = connection.execute(
        select(attempts.c.attempt, *(attempts.c[name] for name in RESULT_COLUMNS))
        .where(attempts.c.run_id == run_id)
        .order_by(attempts.c.attempt)
    ).all()
    # An attempt that was not counted may have left a row with the last one's number.
    kept = [row for row in earlier if last is None or row.attempt < last.attempt]
    found = kept if last is None else [*kept, last]
    return [(row.attempt, whole(connection, result_from(tuple(row)[1:]))) for row in found]


def stats(connection: Connection, now: float) -> dict[str, int]:
    """See :meth:`jqengine.interfaces.IStore.stats`."""
    jobs_due, jobs_to_come = _split_at(connection, jobs.c.due, now, job_scheduled)
    free_due, free_to_come = _split_at(connection, runs.c.ready, now, run_free)
    grouped_due, grouped_to_come = _split_at(connection, runs.c.ready, now, run_in_line)
    counts = {
        "scheduled": jobs_to_come + free_to_come + grouped_to_come,
        "due": jobs_due + free_due + grouped_due,
        "running": _count(connection, run_running),
        "finished": _count(connection, _ended(RunState.FINISHED)),
        "failed": _count(connection, _ended(RunState.FAILED)),
        "removed": _count(connection, jobs.c.state == text_of(JobState.REMOVED)),
    }
    return counts | {ALL_PAUSED: 1} if is_all_paused(connection) else counts


def _split_at(
    connection: Connection, instant: Column[float], now: float, where: ColumnElement[bool]
) -> tuple[int, int]:
    """How many of the rows *where* have their *instant* up to *now*, and after."""
    reached = func.sum(case((instant <= now, 1), else_=0))
    query = select(func.count(instant), func.coalesce(reached, 0)).where(where)
    total, up_to_now = connection.execute(query).one()
    return up_to_now, total - up_to_now


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).where(where)) or 0


def _ended(state: RunState) -> ColumnElement[bool]:
    return and_(runs.c.finished.is_not(None), runs.c.state == text_of(state))
