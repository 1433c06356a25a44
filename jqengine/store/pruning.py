"""Forgetting what ended long ago.  For the store's writer thread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, select, text, union_all

from jqengine.lifecycle import UNFINISHED_RUNS, JobState, RunState
from jqengine.retention import Usage
from jqengine.store.bodyfiles import doom, size_of_files, sweep
from jqengine.store.deliverytables import needed
from jqengine.store.dispatching import forget_fingerprints
from jqengine.store.groups import forget_idle
from jqengine.store.schema import job_from_crontab, jobs, runs, text_of
from jqengine.store.selecting import forget_bodies, select_in, slices
from jqengine.store.turns import take_turn

_ENDED = [text_of(state) for state in RunState if state not in UNFINISHED_RUNS]
_FORGETTABLE = [text_of(JobState.FINISHED), text_of(JobState.CANCELLED)]


def prune(connection: Connection, before: float, limit: int) -> int:
    """See :meth:`jqengine.interfaces.IStore.prune`."""
    take_turn(connection)
    sweep(connection)
    old = connection.execute(_oldest(before, limit)).all()
    doom(connection, [row.id for row in old])
    for some in slices(row.id for row in old):
        connection.execute(delete(runs).where(runs.c.id.in_(some)))
    freed = _forget_jobs(connection, {row.job_id for row in old if row.job_id is not None})
    forget_bodies(connection, freed.union(row.body_id for row in old))
    forget_idle(connection, {row.group_name for row in old if row.group_name is not None}, before)
    return len(old)


def _oldest(before: float, limit: int) -> Select[Any]:
    """The runs that ended first, read state by state, as the index has them."""
    of_states = [
        select(runs.c.id, runs.c.job_id, runs.c.body_id, runs.c.group_name, runs.c.finished)
        .where(runs.c.finished.is_not(None), runs.c.state == state, runs.c.finished < before)
        .where(~needed)
        .order_by(runs.c.finished)
        .limit(limit)
        .subquery()
        for state in _ENDED
    ]
    ended = union_all(*(select(*one.c) for one in of_states)).subquery()
    return select(ended).order_by(ended.c.finished).limit(limit)


def usage(connection: Connection) -> Usage:
    """See :meth:`jqengine.interfaces.IStore.usage`.  For the reader thread."""
    ended = connection.scalar(select(func.count()).where(runs.c.finished.is_not(None)))
    size = connection.scalar(text(_SIZES[connection.dialect.name])) or 0
    return Usage(ended or 0, size + size_of_files(connection))


_SIZES = {
    "sqlite": "SELECT (page_count - freelist_count) * page_size"
    " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}


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
