"""Small questions that several operations ask.  For the store's threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Select,
    any_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)

from jqengine.job import Job
from jqengine.lifecycle import JOB_TRANSITIONS, RUN_TRANSITIONS, JobEvent, RunEvent
from jqengine.store.continuationtables import continuations
from jqengine.store.rows import Bodies, anonymous_job_from, job_from, long_bodies
from jqengine.store.schema import bodies, jobs, runs, text_of

T = TypeVar("T")

MOST_PARAMETERS = 500
"""Values in one ``IN`` list; every database takes more."""


def slices(values: Iterable[T], size: int = MOST_PARAMETERS) -> Iterator[list[T]]:
    """*values* in lists of at most *size*."""
    source = iter(values)
    while some := list(islice(source, size)):
        yield some


def select_in(
    connection: Connection, query: Select[Any], column: ColumnElement[Any], values: Iterable[Any]
) -> Iterator[Row[Any]]:
    """Rows of *query* whose *column* is one of *values*."""
    if connection.dialect.name == "postgresql":
        # One text for any number of values, which the server has prepared.
        array = list(values)
        if array:
            is_wanted = column == any_(literal(array, ARRAY(column.type)))
            yield from connection.execute(query.where(is_wanted))
        return
    for some in slices(values):
        yield from connection.execute(query.where(column.in_(some)))


def bodies_of(connection: Connection, ids: Iterable[str | None]) -> Bodies:
    """The contents of ``bodies`` by id; *ids* may repeat and hold ``None``."""
    wanted = {key for key in ids if key}
    rows = select_in(connection, select(bodies.c.id, bodies.c.content), bodies.c.id, wanted)
    return {row.id: row.content for row in rows}


def sizes_of_bodies(connection: Connection, ids: Iterable[str | None]) -> dict[str, int]:
    """The lengths of ``bodies`` by id, without reading them; *ids* may repeat and hold ``None``."""
    wanted = {key for key in ids if key}
    if not wanted:
        return {}
    lengths = select(bodies.c.id, func.length(bodies.c.content).label("length"))
    return {row.id: row.length for row in select_in(connection, lengths, bodies.c.id, wanted)}


def keep_bodies(connection: Connection, new: Iterable[Job]) -> None:
    """Put the long request bodies of *new* jobs in ``bodies``."""
    keep_contents(connection, long_bodies(new))


def keep_contents(connection: Connection, found: Bodies) -> None:
    """Put what is not there yet in ``bodies``."""
    if not found:
        return
    known = {row.id for row in select_in(connection, select(bodies.c.id), bodies.c.id, found)}
    values = [{"id": key, "content": found[key]} for key in found.keys() - known]
    if values:
        connection.execute(insert(bodies), values)


def forget_bodies(connection: Connection, ids: Iterable[str | None]) -> None:
    """Delete those of ``bodies`` that no job, run or continuation has any more."""
    unused = (
        ~exists().where(runs.c.body_id == bodies.c.id),
        ~exists().where(jobs.c.body_id == bodies.c.id),
        ~exists().where(continuations.c.body_id == bodies.c.id),
    )
    for some in slices(key for key in ids if key):
        connection.execute(delete(bodies).where(bodies.c.id.in_(some), *unused))


def jobs_from(connection: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
    """The jobs that *rows*, all columns of ``jobs``, say."""
    contents = bodies_of(connection, (row.body_id for row in rows))
    return [job_from(row, contents) for row in rows]


def anonymous_jobs(connection: Connection, ids: Iterable[str]) -> dict[str, Job]:
    """Those of *ids* that are anonymous one-time jobs."""
    query = select(runs).where(runs.c.job_id.is_(None))
    rows = list(select_in(connection, query, runs.c.id, ids))
    contents = bodies_of(connection, (row.body_id for row in rows))
    return {row.id: anonymous_job_from(row, contents) for row in rows}


def states_before(event: JobEvent | RunEvent) -> list[ColumnElement[str]]:
    """The states from which *event* can happen."""
    table = JOB_TRANSITIONS if isinstance(event, JobEvent) else RUN_TRANSITIONS
    return [text_of(state) for state, cause in table if cause is event]
