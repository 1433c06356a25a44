"""Ending runs of cancelled jobs that would wait again.

Cancelling a job cancels what waits.  A run that is under way goes on; but if
its attempt does not end it, be it that it failed or that its engine stopped,
nothing of the job begins any more.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from jqengine.lifecycle import JobState, RunState
from jqengine.store.decisions import JOB_CANCELLED
from jqengine.store.hot import HotStatement
from jqengine.store.schema import jobs, run_waiting, runs, text_of
from jqengine.store.selecting import select_in

_WITHDRAW = HotStatement(
    runs.update()
    .where(runs.c.id == bindparam("run_id"), run_waiting)
    .values(
        state=text_of(RunState.CANCELLED), finished=bindparam("instant"), reason=bindparam("why")
    ),
    "why",
    "instant",
    "run_id",
)


def runs_of_cancelled_jobs(connection: Connection, run_ids: Iterable[str]) -> set[str]:
    """Those of *run_ids* whose job is cancelled.

    Their jobs cannot be cancelled by anybody else before this transaction ends,
    who would not see that a run is about to wait.
    """
    query = select(runs.c.id, jobs.c.state).join_from(runs, jobs, runs.c.job_id == jobs.c.id)
    found = select_in(connection, query.with_for_update(of=jobs), runs.c.id, run_ids)
    return {row.id for row in found if row.state == JobState.CANCELLED.value}


def withdraw(connection: Connection, run_ids: Iterable[str], now: float) -> None:
    """Cancel those of *run_ids* that wait."""
    _WITHDRAW.change_each(connection, [(JOB_CANCELLED, now, run_id) for run_id in run_ids])
