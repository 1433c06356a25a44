"""Lists of runs, a page at a time.  For the store's reader thread.

As :mod:`.listing` says of all lists: a page begins where the one before it
ended, found by an index, and looks at a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, literal, null, or_, select

from jqengine.lifecycle import UNFINISHED_RUNS, RunState
from jqengine.queries import Page, RunFilter, RunOrder, RunReport, report_cursor
from jqengine.store import paging
from jqengine.store.paging import (
    between,
    floor_of_ids,
    instant_and_id,
    instant_of,
    like,
    one_of,
    page_of,
)
from jqengine.store.rows import RUN_COLUMNS, run_from
from jqengine.store.schema import run_running, runs, text_of

ENDED_STATES = tuple(state for state in sorted(RunState) if state not in UNFINISHED_RUNS)

_NO_BODY: dict[str, ColumnElement[Any]] = {
    "body": literal(b"").label("body"),
    "body_id": null().label("body_id"),
}
REPORT_COLUMNS = (
    *(_NO_BODY.get(name, runs.c[name]) for name in RUN_COLUMNS),
    runs.c.status,
    runs.c.reason,
    runs.c.started,
    runs.c.finished,
)
_RUNS = select(*REPORT_COLUMNS)
_JUST_RUNNING = frozenset({RunState.RUNNING})

_over = runs.c.finished.is_not(None)


def find_runs(
    connection: Connection, wanted: RunFilter, after: str | None, limit: int
) -> Page[RunReport]:
    """See :meth:`jqengine.interfaces.IQueueControl.find_runs`."""
    if wanted.job_id is not None:
        rows, floor = _of_job(connection, wanted, wanted.job_id, after, limit)
    elif wanted.order is RunOrder.ENDED:
        rows, floor = _by_end(connection, wanted, after, limit)
    else:
        rows, floor = _newest(connection, wanted, after, limit)
    return page_of(
        [report_from(row) for row in rows], limit, floor, lambda one: report_cursor(one, wanted)
    )


def report_from(row: Sequence[Any]) -> RunReport:
    """The report that *row*, the columns :data:`REPORT_COLUMNS`, says."""
    *run, status, reason, started, finished = tuple(row)
    return RunReport(run_from(tuple(run), {}), status, reason or "", started, finished)


Found = tuple[Sequence[Row[Any]], str | None]


def _newest(connection: Connection, wanted: RunFilter, after: str | None, limit: int) -> Found:
    if wanted.states == _JUST_RUNNING:
        # Few among many: their own index, and no floor.
        running = select(runs.c.id).where(run_running).limit(paging.MOST_LOOKED_AT)
        query, floor = _RUNS.where(runs.c.id.in_(running)), None
    else:
        times = (wanted.states, wanted.since, wanted.until)
        picky = _picks(wanted) or any(one is not None for one in times)
        query, floor = _RUNS, floor_of_ids(connection, runs, after) if picky else None
    query = query.where(*between(runs.c.id, floor, after), *_matching(wanted, wanted.states))
    return connection.execute(query.order_by(runs.c.id.desc()).limit(limit + 1)).all(), floor


def _of_job(
    connection: Connection, wanted: RunFilter, job_id: str, after: str | None, limit: int
) -> Found:
    place = [] if after is None else [runs.c.due < instant_of(after)]
    of_job = [runs.c.job_id == job_id, *place]
    matching = list(_matching(wanted, wanted.states))
    floor = None
    if matching:
        lowest = select(runs.c.due).where(*of_job).order_by(runs.c.due.desc())
        floor = connection.scalar(lowest.limit(1).offset(paging.MOST_LOOKED_AT - 1))
        if floor is not None:
            of_job.append(runs.c.due >= floor)
    query = _RUNS.where(*of_job, *matching).order_by(runs.c.due.desc()).limit(limit + 1)
    alone = _RUNS.where(runs.c.id == job_id, runs.c.job_id.is_(None), *place, *matching)
    rows = connection.execute(query).all() or connection.execute(alone).all()
    return rows, None if floor is None else repr(floor)


def _by_end(connection: Connection, wanted: RunFilter, after: str | None, limit: int) -> Found:
    """The latest ends first: one state after the other, each by its part of the index."""
    states = [one for one in ENDED_STATES if wanted.states is None or one in wanted.states]
    place = None if after is None else instant_and_id(after)
    bounds = [*_within(wanted, runs.c.finished), *_before(place)]
    floors = [_floor_of_ends(connection, state, bounds) for state in states if _picks(wanted)]
    floor = max((one for one in floors if one is not None), default=None)
    if floor is not None:
        bounds.append(runs.c.finished >= floor)
    rows = [
        row
        for state in states
        for row in connection.execute(
            _ended(_RUNS, state)
            .where(*bounds, *_matching(wanted, None))
            .order_by(runs.c.finished.desc(), runs.c.id.desc())
            .limit(limit + 1)
        )
    ]
    rows.sort(key=lambda row: (row.finished, row.id), reverse=True)
    # Behind all that ended at the instant of the floor, whatever their ids.
    return rows, None if floor is None else f"{floor!r},"


def _picks(wanted: RunFilter) -> bool:
    """Whether many rows of an index may have to be looked at for one that is wanted."""
    picks = (wanted.name, wanted.target, wanted.user, wanted.statuses, wanted.node)
    return any(one is not None for one in picks)


def _floor_of_ends(
    connection: Connection, state: RunState, bounds: Sequence[ColumnElement[bool]]
) -> float | None:
    ends = _ended(select(runs.c.finished), state).where(*bounds)
    lowest: float | None = connection.scalar(
        ends.order_by(runs.c.finished.desc()).limit(1).offset(paging.MOST_LOOKED_AT - 1)
    )
    return lowest


def _ended(query: Select[Any], state: RunState) -> Select[Any]:
    return query.where(_over, runs.c.state == text_of(state))


def _before(place: tuple[float, str] | None) -> Iterable[ColumnElement[bool]]:
    if place is not None:
        instant, run_id = place
        yield runs.c.finished <= instant
        yield or_(runs.c.finished < instant, runs.c.id < run_id)


def _within(wanted: RunFilter, finished: ColumnElement[float]) -> Iterable[ColumnElement[bool]]:
    if wanted.since is not None:
        yield finished >= wanted.since
    if wanted.until is not None:
        yield finished <= wanted.until


def _matching(
    wanted: RunFilter, states: Iterable[RunState] | None
) -> Iterable[ColumnElement[bool]]:
    if states is not None:
        # Not the column itself, lest all in that state be found by it, and be sorted.
        yield one_of(runs.c.state.concat(""), states)
    if wanted.name is not None:
        yield like(runs.c.name, wanted.name)
    if wanted.target is not None:
        yield like(runs.c.target, wanted.target)
    if wanted.user is not None:
        yield runs.c.user == wanted.user
    if wanted.statuses is not None:
        yield runs.c.status.between(*wanted.statuses)
    if wanted.node is not None:
        yield runs.c.node == wanted.node
    if wanted.order is RunOrder.NEWEST or wanted.job_id is not None:
        yield from _within(wanted, runs.c.finished)
