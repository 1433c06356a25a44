"""Lists of jobs and runs, a page at a time.  For the store's reader thread.

A page begins where the one before it ended, found by an index, and looks at a
bounded number of rows however few of them match: a search among millions costs
many short questions, not one that everybody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    func,
    literal,
    null,
    or_,
    select,
)

from jqengine.errors import BadValue, NoSuchJob
from jqengine.job import Job
from jqengine.lifecycle import JobState, RunState
from jqengine.queries import (
    JobFilter,
    JobOrder,
    Page,
    Pattern,
    RunFilter,
    RunReport,
    job_cursor,
    run_cursor,
)
from jqengine.store.bodyfiles import LONGEST_REFERENCE, part_in_file
from jqengine.store.claiming import levels
from jqengine.store.rows import RUN_COLUMNS, anonymous_job_from, job_from, run_from
from jqengine.store.schema import attempts, job_scheduled, jobs, run_waiting, runs, text_of

MOST_LOOKED_AT = 20_000
"""Rows of a table that one page may look at, about."""

T = TypeVar("T")

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
_RUNS = select(
    *(_NO_BODY.get(name, runs.c[name]) for name in RUN_COLUMNS),
    runs.c.status,
    runs.c.reason,
    runs.c.started,
    runs.c.finished,
)

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
    floors = [_floor(connection, table, after) for table in (jobs, runs)]
    floor = max((one for one in floors if one is not None), default=None)

    def newest(query: Select[Any], table: Table) -> Sequence[Row[Any]]:
        place = _between(table.c.id, floor, after)
        return connection.execute(
            query.where(*place).order_by(table.c.id.desc()).limit(limit + 1)
        ).all()

    named = newest(_JOBS.where(*_matching(jobs, wanted, _job_states(wanted))), jobs)
    alone = newest(_ANONYMOUS.where(*_matching(runs, wanted, _run_states(wanted))), runs)
    found = sorted(_as_jobs(named, alone), key=lambda job: job.id, reverse=True)
    return _page(found, limit, floor, lambda job: job_cursor(job, JobOrder.NEWEST))


def _jobs_by_due(
    connection: Connection, wanted: JobFilter, after: str | None, limit: int
) -> Page[Job]:
    place = None if after is None else _due_and_id(after)

    def soonest(query: Select[Any], due: Column[float], key: Column[str]) -> Sequence[Row[Any]]:
        if place is not None:
            query = query.where(due >= place[0], or_(due > place[0], key > place[1]))
        return connection.execute(query.order_by(due, key).limit(limit + 1)).all()

    named = soonest(
        _JOBS.where(job_scheduled, jobs.c.due.is_not(None)).where(
            *_matching(jobs, wanted, _job_states(wanted))
        ),
        jobs.c.due,
        jobs.c.id,
    )
    # One priority after the other: the index puts each in order, and no sort is needed.
    waiting = _ANONYMOUS.where(run_waiting, runs.c.attempt == 0).where(
        *_matching(runs, wanted, _run_states(wanted))
    )
    alone = [
        row
        for priority in levels(connection)
        for row in soonest(waiting.where(runs.c.priority == priority), runs.c.ready, runs.c.id)
    ]
    found = sorted(_as_jobs(named, alone), key=lambda job: (job.due or 0.0, job.id))
    return _page(found, limit, None, lambda job: job_cursor(job, JobOrder.DUE))


def find_runs(
    connection: Connection, wanted: RunFilter, after: str | None, limit: int
) -> Page[RunReport]:
    """See :meth:`jqengine.interfaces.IQueueControl.find_runs`."""
    query = _RUNS.limit(limit + 1)
    if wanted.states is not None:
        query = query.where(_in(runs.c.state, wanted.states))
    floor = None
    if wanted.job_id is None:
        floor = _floor(connection, runs, after)
        query = query.where(*_between(runs.c.id, floor, after)).order_by(runs.c.id.desc())
    else:
        query = _runs_of_job(query, wanted.job_id, None if after is None else _instant(after))
    found = [_report(row) for row in connection.execute(query)]
    return _page(found, limit, floor, lambda report: run_cursor(report.run, wanted))


def _runs_of_job(query: Select[Any], job_id: str, before: float | None) -> Select[Any]:
    if before is not None:
        query = query.where(runs.c.due < before)
    of_job = or_(runs.c.job_id == job_id, and_(runs.c.id == job_id, runs.c.job_id.is_(None)))
    return query.where(of_job).order_by(runs.c.due.desc())


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
            in_row = (bytes(found[0]), found[1])
            return part_in_file(connection, bytes(found[2]), offset, size) or in_row
    raise NoSuchJob(f"there is no result of attempt {attempt} of run {run_id}")


def _page(found: Sequence[T], limit: int, floor: str | None, cursor: Callable[[T], str]) -> Page[T]:
    """The first *limit* of *found*, of which one more was asked for than that."""
    if len(found) > limit:
        return Page(found[:limit], cursor(found[limit - 1]))
    return Page(found, floor)


def _floor(connection: Connection, table: Table, after: str | None) -> str | None:
    """The id down to which one page looks, or ``None`` if that is all there are."""
    ids = select(table.c.id).where(*_between(table.c.id, None, after))
    lowest: str | None = connection.scalar(
        ids.order_by(table.c.id.desc()).limit(1).offset(MOST_LOOKED_AT - 1)
    )
    return lowest


def _between(
    key: ColumnElement[str], floor: str | None, after: str | None
) -> Iterable[ColumnElement[bool]]:
    if after is not None:
        yield key < after
    if floor is not None:
        yield key >= floor


def _matching(
    table: Table, wanted: JobFilter, states: Iterable[JobState | RunState] | None
) -> Iterable[ColumnElement[bool]]:
    if states is not None:
        yield _in(table.c.state, states)
    if wanted.name is not None:
        yield _like(table.c.name, wanted.name)
    if wanted.target is not None:
        yield _like(table.c.target, wanted.target)
    if wanted.user is not None:
        yield table.c.user == wanted.user
    if wanted.origin is not None:
        yield table.c.origin == wanted.origin


def _job_states(wanted: JobFilter) -> Iterable[JobState] | None:
    return wanted.states


def _run_states(wanted: JobFilter) -> Iterable[RunState] | None:
    """The states of an anonymous job's run that make it a job of a wanted state."""
    if wanted.states is None:
        return None
    return [run for state in wanted.states for run in _STATES_OF_ANONYMOUS.get(state, ())]


def _in(column: ColumnElement[str], states: Iterable[JobState | RunState]) -> ColumnElement[bool]:
    return column.in_([text_of(state) for state in sorted(states)])


def _like(column: ColumnElement[str], pattern: Pattern) -> ColumnElement[bool]:
    if not pattern.prefix:
        return column == pattern.text
    # Not LIKE, which knows wildcards, and in SQLite no difference of case.
    return func.substr(column, 1, len(pattern.text)) == pattern.text


def _as_jobs(named: Iterable[Row[Any]], alone: Iterable[Row[Any]]) -> list[Job]:
    return [
        *(job_from(row, {}) for row in named),
        *(anonymous_job_from(row, {}) for row in alone),
    ]


def _report(row: Row[Any]) -> RunReport:
    *run, status, reason, started, finished = tuple(row)
    return RunReport(run_from(tuple(run), {}), status, reason or "", started, finished)


def _due_and_id(after: str) -> tuple[float, str]:
    due, comma, job_id = after.partition(",")
    if not comma:
        raise BadValue(f"no page ends at {after[:60]!r}")
    return _instant(due), job_id


def _instant(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"no page ends at {text[:60]!r}") from None
