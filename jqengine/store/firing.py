"""Turning due times into runs.  For the store's writer thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, true, update

from jqengine.job import Firing, Job, Policy
from jqengine.lifecycle import JobState, RunState
from jqengine.news import Topic
from jqengine.store.ballast import require_room
from jqengine.store.blocks import Each, insert_in_blocks
from jqengine.store.codec import policy_from
from jqengine.store.constructs import NotByIndex
from jqengine.store.groups import look_at
from jqengine.store.news import tell
from jqengine.store.rows import NEW_RUN_COLUMNS, request_of
from jqengine.store.rows import Row as NewRunRow
from jqengine.store.schema import job_scheduled, jobs, run_unfinished, runs, text_of
from jqengine.store.selecting import jobs_from, select_in, slices
from jqengine.store.turns import take_turn

_UNFINISHED_OF_JOB = (
    select(func.count())
    .select_from(runs)
    .where(run_unfinished, runs.c.job_id == jobs.c.id)
    .scalar_subquery()
)

_DUE = (
    select(jobs, _UNFINISHED_OF_JOB.label("unfinished"))
    .where(job_scheduled, jobs.c.due <= bindparam("now"))
    .order_by(jobs.c.due)
    .limit(bindparam("most"))
)

_ADVANCE = Each(
    {
        "next_due": jobs.c.due.type,
        "more": jobs.c.fired.type,
        "is_exhausted": jobs.c.exhausted.type,
        "moved_id": jobs.c.id.type,
    },
    lambda said: (
        update(jobs)
        .where(jobs.c.id == said["moved_id"])
        .values(
            due=said["next_due"],
            fired=jobs.c.fired + said["more"],
            exhausted=said["is_exhausted"],
        )
    ),
)

FINISH_EXHAUSTED = Each(
    {"ended_id": jobs.c.id.type},
    lambda said: (
        update(jobs)
        .where(jobs.c.id == said["ended_id"])
        .where(NotByIndex(jobs.c.state) == text_of(JobState.SCHEDULED))
        .where(jobs.c.exhausted == true())
        .where(~exists().where(run_unfinished, runs.c.job_id == jobs.c.id))
        .values(state=text_of(JobState.FINISHED))
    ),
)
"""Ends a job that has neither a due time nor an unfinished run left."""


_INSERT_RUNS = insert_in_blocks(insert(runs), NEW_RUN_COLUMNS)

_KNOWN = Each(
    {"of_job": runs.c.job_id.type, "due_time": runs.c.due.type},
    lambda said: select(runs.c.job_id, runs.c.due).where(
        runs.c.job_id == said["of_job"], runs.c.due == said["due_time"]
    ),
)
"""The due times that have a run; a job that was replaced may come by one again."""


def due_jobs(connection: Connection, now: float, limit: int) -> Sequence[tuple[Job, int]]:
    """See :meth:`jqengine.interfaces.IStore.due_jobs`."""
    rows = connection.execute(_DUE, {"now": now, "most": limit}).all()
    return list(zip(jobs_from(connection, rows), (row.unfinished for row in rows), strict=True))


def fire(
    connection: Connection, firings: Sequence[Firing], now: float, new_id: Callable[[float], str]
) -> int:
    """See :meth:`jqengine.interfaces.IStore.fire`."""
    take_turn(connection)
    require_room(connection)
    return sum(_fire(connection, some, now, new_id) for some in slices(firings))


def _fire(
    connection: Connection, firings: Sequence[Firing], now: float, new_id: Callable[[float], str]
) -> int:
    at_hand = {row.id: row for row in _jobs_of(connection, firings)}
    valid = list(_still_valid(firings, {job_id: row.due for job_id, row in at_hand.items()}))
    if not valid:
        return 0
    made = list(_new_runs(connection, valid, at_hand))
    _INSERT_RUNS.change(connection, [run.row(new_id(now), now) for run in made])
    look_at(connection, _groups_of(made))
    _ADVANCE.change(connection, _steps(valid))
    exhausted = {(one.job_id,) for one in valid if one.exhausted}
    if exhausted:
        FINISH_EXHAUSTED.change(connection, list(exhausted))
        tell(connection, Topic.ENDED)
    tell(connection, Topic.READY)
    return sum(run.state is not RunState.SKIPPED for run in made)


def _groups_of(made: Iterable[_NewRun]) -> dict[str, Policy | None]:
    """The groups in which something has come to wait, with a policy of each."""
    waiting = (run.job for run in made if run.state is RunState.WAITING)
    return {
        job.group_name: policy_from(job.policy, job.priority, job.key)
        for job in waiting
        if job.group_name is not None
    }


def _jobs_of(connection: Connection, firings: Iterable[Firing]) -> Iterator[Row[Any]]:
    query = select(jobs).where(job_scheduled).with_for_update()
    return select_in(connection, query, jobs.c.id, {one.job_id for one in firings})


def _still_valid(firings: Iterable[Firing], due: dict[str, float | None]) -> Iterator[Firing]:
    """The *firings* whose job is where they expect it; each moves *due* on."""
    for firing in firings:
        if due.get(firing.job_id) == firing.expected:
            due[firing.job_id] = firing.next_due
            yield firing


class _NewRun(NamedTuple):
    job: Row[Any]
    due: float
    state: RunState
    reason: str | None

    def row(self, run_id: str, now: float) -> NewRunRow:
        return (
            run_id,
            self.job.id,
            self.state.value,
            self.due,
            self.due,
            0,
            now,
            self.job.name,
            self.job.origin,
            None,
            self.job.previous_status,
            *request_of(self.job),
            self.reason,
            now if self.state is RunState.SKIPPED else None,
            self.job.continuation,
            self.job.group_name,
        )


def _new_runs(
    connection: Connection, firings: Sequence[Firing], at_hand: Mapping[str, Row[Any]]
) -> Iterator[_NewRun]:
    busy = _busy(connection, at_hand)
    said = dict.fromkeys((one.job_id, due) for one in firings for due in _due_times(one))
    known = {(job_id, due) for job_id, due in _KNOWN.rows(connection, list(said))}

    def is_new(job_id: str, due: float) -> bool:
        new = (job_id, due) not in known
        known.add((job_id, due))
        return new

    for firing in firings:
        job = at_hand[firing.job_id]
        for due in firing.runs:
            if is_new(job.id, due):
                held = firing.held and job.id in busy
                yield _NewRun(job, due, RunState.HELD if held else RunState.WAITING, None)
                busy.add(job.id)
        for skip in firing.skips:
            if is_new(job.id, skip.due):
                yield _NewRun(job, skip.due, RunState.SKIPPED, skip.reason)


def _due_times(firing: Firing) -> Iterator[float]:
    yield from firing.runs
    yield from (skip.due for skip in firing.skips)


def _busy(connection: Connection, job_ids: Iterable[str]) -> set[str]:
    """Those of *job_ids* that have an unfinished run."""
    query = select(runs.c.job_id).where(run_unfinished).distinct()
    return {row.job_id for row in select_in(connection, query, runs.c.job_id, job_ids)}


def _steps(firings: Iterable[Firing]) -> list[NewRunRow]:
    """How far each job has moved on, in one step."""
    fired: Counter[str] = Counter()
    last: dict[str, Firing] = {}
    for one in firings:
        fired[one.job_id] += len(one.runs) + len(one.skips)
        last[one.job_id] = one
    return [(one.next_due, fired[key], one.exhausted, key) for key, one in last.items()]
