"""Lists of jobs, a page at a time.  For the store's reader thread.

A page begins where the one before it ended, found by an index, and looks at a
bounded number of rows however few of them match: a search among millions costs
many short questions, not one that everybody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    func,
    literal,
    null,
    or_,
    select,
)

from jqengine.errors import NoSuchJob
from jqengine.job import Job
from jqengine.lifecycle import JobState, RunState
from jqengine.queries import JobFilter, JobOrder, Page, job_cursor
from jqengine.store import paging
from jqengine.store.bodyfiles import LONGEST_REFERENCE, part_in_file
from jqengine.store.claiming import levels
from jqengine.store.decisions import CRONTAB
from jqengine.store.paging import (
    between,
    floor_of_ids,
    instant_and_id,
    like,
    one_of,
    page_of,
)
from jqengine.store.rows import anonymous_job_from, job_from
from jqengine.store.schema import attempts, job_scheduled, jobs, runs

_NO_BODY: dict[str, ColumnElement[Any]] = {
    "body": literal(b"").label("body"),
    "body_id": null().label("body_id"),
}
_JOBS = select(*(_NO_BODY.get(column.name, column) for column in jobs.columns))
_ANONYMOUS = select(
    *(
        _NO_BODY.get(column.name, column)
        for column in runs.columns
        if column.name not in ("response_headers", "response_body")
    )
).where(runs.c.job_id.is_(None))
_QUERIES: Mapping[Table, Select[Any]] = {jobs: _JOBS, runs: _ANONYMOUS}
_READERS: Mapping[Table, Callable[[Row[Any]], Job]] = {
    jobs: lambda row: job_from(row, {}),
    runs: lambda row: anonymous_job_from(row, {}),
}
_EXCEPTIONAL = frozenset({JobState.PAUSED, JobState.REMOVED})
_LAST_ID = "g"
"""Sorts behind every id."""

_STATES_OF_ANONYMOUS = {
    JobState.SCHEDULED: (RunState.HELD, RunState.WAITING, RunState.RUNNING),
    JobState.FINISHED: (RunState.FINISHED, RunState.FAILED, RunState.SKIPPED),
    JobState.CANCELLED: (RunState.CANCELLED,),
}


def find_jobs(
    connection: Connection, wanted: JobFilter, order: JobOrder, after: str | None, limit: int
) -> Page[Job]:
    """See :meth:`jqengine.interfaces.IQueueControl.find_jobs`."""
    if order is JobOrder.NEWEST:
        return _newest_jobs(connection, wanted, after, limit)
    return _jobs_by_due(connection, wanted, after, limit)


def _newest_jobs(
    connection: Connection, wanted: JobFilter, after: str | None, limit: int
) -> Page[Job]:
    tables = [table for table in (jobs, runs) if _may_hold(table, wanted)]
    floors = [floor_of_ids(connection, table, after) for table in tables if not _are_few(wanted)]
    floor = max((one for one in floors if one is not None), default=None)
    found: list[Job] = []
    for table in tables:
        place = between(table.c.id, floor, after)
        query = _QUERIES[table].where(*_matching(table, wanted), *place)
        rows = connection.execute(query.order_by(table.c.id.desc()).limit(limit + 1))
        found += map(_READERS[table], rows)
    found.sort(key=lambda job: job.id, reverse=True)
    return page_of(found, limit, floor, lambda job: job_cursor(job, JobOrder.NEWEST))


def _jobs_by_due(
    connection: Connection, wanted: JobFilter, after: str | None, limit: int
) -> Page[Job]:
    place = None if after is None else instant_and_id(after)
    strands = list(_strands(connection, wanted))
    ceiling = _ceiling(connection, strands, place) if _is_picky(wanted) else None
    found: list[Job] = []
    for strand in strands:
        due, key = strand.due, strand.table.c.id
        query = _QUERIES[strand.table].where(*strand.where, *_behind(due, key, place))
        if ceiling is not None:
            query = query.where(due <= ceiling)
        query = query.where(*_matching(strand.table, wanted)).order_by(due, key)
        found += map(_READERS[strand.table], connection.execute(query.limit(limit + 1)))
    found.sort(key=lambda job: (job.due or 0.0, job.id))
    # Behind all that are due at the ceiling, whatever their ids.
    end = None if ceiling is None else f"{ceiling!r},{_LAST_ID}"
    return page_of(found, limit, end, lambda job: job_cursor(job, JobOrder.DUE))


class _Strand(NamedTuple):
    """Jobs that an index has in the order of their due times."""

    table: Table
    due: Column[float]
    where: tuple[ColumnElement[bool], ...]


def _strands(connection: Connection, wanted: JobFilter) -> Iterable[_Strand]:
    if _may_hold(jobs, wanted):
        yield _Strand(jobs, jobs.c.due, (job_scheduled, jobs.c.due.is_not(None)))
    if _may_hold(runs, wanted):
        # One priority after the other: the index puts each in order, and no sort is needed.
        for in_line, priority in levels(connection):
            ready = (in_line, runs.c.priority == priority)
            yield _Strand(runs, runs.c.ready, (*ready, runs.c.attempt == 0))


def _ceiling(
    connection: Connection, strands: Iterable[_Strand], place: tuple[float, str] | None
) -> float | None:
    """The due time up to which one page looks, or ``None`` if that is all there are."""
    highest: list[float | None] = []
    for due, key, where in ((one.due, one.table.c.id, one.where) for one in strands):
        query = select(due).where(*where[:2], *_behind(due, key, place)).order_by(due)
        highest.append(connection.scalar(query.limit(1).offset(paging.MOST_LOOKED_AT - 1)))
    return min((one for one in highest if one is not None), default=None)


def _behind(
    due: Column[float], key: Column[str], place: tuple[float, str] | None
) -> Iterable[ColumnElement[bool]]:
    if place is not None:
        yield due >= place[0]
        yield or_(due > place[0], key > place[1])


def body(
    connection: Connection, run_id: str, attempt: int, offset: int, size: int
) -> tuple[bytes, int]:
    """See :meth:`jqengine.interfaces.IQueueControl.body`."""
    for table, key in ((runs, runs.c.id), (attempts, attempts.c.run_id)):
        content = table.c.response_body
        part = func.substr(content, offset + 1, size)
        head = func.substr(content, 1, LONGEST_REFERENCE)
        found = connection.execute(
            select(part, func.length(content), head).where(
                key == run_id, table.c.attempt == attempt, table.c.status.is_not(None)
            )
        ).one_or_none()
        if found is not None:
            in_row = (bytes(found[0] or b""), found[1])
            return part_in_file(connection, bytes(found[2]), offset, size) or in_row
    raise NoSuchJob(f"there is no result of attempt {attempt} of run {run_id}")


def _may_hold(table: Table, wanted: JobFilter) -> bool:
    """Whether a row of *table* can be a job that is wanted."""
    if table is jobs:
        return wanted.once is not True
    return (
        wanted.once is not False
        and wanted.origin != CRONTAB
        and (wanted.states is None or bool(_run_states(wanted.states)))
    )


def _is_picky(wanted: JobFilter) -> bool:
    """Whether many rows may have to be looked at for one that is wanted."""
    picks = (wanted.states, wanted.name, wanted.target, wanted.user, wanted.origin)
    return any(one is not None for one in picks)


def _are_few(wanted: JobFilter) -> bool:
    """Whether all that are wanted are in states that need somebody."""
    return wanted.states is not None and wanted.states <= _EXCEPTIONAL


def _matching(table: Table, wanted: JobFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.states is not None:
        states = wanted.states if table is jobs else _run_states(wanted.states)
        # Few are found by their state; of many, an index of that would not have the order.
        yield one_of(table.c.state if _are_few(wanted) else table.c.state.concat(""), states)
    if wanted.name is not None:
        yield like(table.c.name, wanted.name)
    if wanted.target is not None:
        yield like(table.c.target, wanted.target)
    if wanted.user is not None:
        yield table.c.user == wanted.user
    if wanted.origin is not None:
        yield table.c.origin == wanted.origin


def _run_states(states: Iterable[JobState]) -> list[RunState]:
    """The states of an anonymous job's run that make it a job of one of *states*."""
    return [run for state in states for run in _STATES_OF_ANONYMOUS.get(state, ())]
