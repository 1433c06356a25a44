"""Forgetting what ended long ago.  For the store's writer thread."""

from __future__ import annotations

from sqlalchemy import Connection, delete, exists, select

from jqengine.lifecycle import UNFINISHED_RUNS, JobState, RunState
from jqengine.store.deliverytables import needed
from jqengine.store.dispatching import forget_fingerprints
from jqengine.store.schema import job_from_crontab, jobs, runs, text_of
from jqengine.store.selecting import forget_bodies, select_in, slices

_ENDED = [text_of(state) for state in RunState if state not in UNFINISHED_RUNS]
_FORGETTABLE = [text_of(JobState.FINISHED), text_of(JobState.CANCELLED)]


def prune(connection: Connection, before: float, limit: int) -> int:
    """See :meth:`jqengine.interfaces.IStore.prune`."""
    old = connection.execute(
        select(runs.c.id, runs.c.job_id, runs.c.body_id)
        .where(runs.c.finished.is_not(None), runs.c.state.in_(_ENDED), runs.c.finished < before)
        .where(~needed)
        .limit(limit)
    ).all()
    for some in slices(row.id for row in old):
        connection.execute(delete(runs).where(runs.c.id.in_(some)))
    freed = _forget_jobs(connection, {row.job_id for row in old if row.job_id is not None})
    forget_bodies(connection, freed.union(row.body_id for row in old))
    return len(old)


def _forget_jobs(connection: Connection, job_ids: set[str]) -> set[str | None]:
    """Delete those jobs that ended and have no run left; the bodies they had.

    One from a crontab is kept: that it fired once must be known as long as
    its line is there.
    """
    query = select(jobs.c.id, jobs.c.body_id).where(
        jobs.c.state.in_(_FORGETTABLE),
        ~job_from_crontab,
        ~exists().where(runs.c.job_id == jobs.c.id),
    )
    gone = list(select_in(connection, query, jobs.c.id, job_ids))
    for some in slices(row.id for row in gone):
        connection.execute(delete(jobs).where(jobs.c.id.in_(some)))
    forget_fingerprints(connection, (row.id for row in gone))
    return {row.body_id for row in gone}
