"""Every list that people ask for is found by an index, whatever it is filtered by."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Connection

from jqengine.lifecycle import DeliveryState, JobState, RunState
from jqengine.queries import (
    DeliveryFilter,
    JobFilter,
    JobOrder,
    Pattern,
    RunFilter,
    RunOrder,
    StatusRange,
)
from jqengine.store import intake, listing, oversight, runlisting

from .test_plans import Questions, connection
from .values import NOW, a_job

__all__ = ["connection"]

JOB_PARTS: dict[str, Any] = {
    "states": frozenset({JobState.SCHEDULED, JobState.CANCELLED}),
    "name": Pattern.parse("a*"),
    "user": "bob",
    "once": False,
}
RUN_PARTS: dict[str, Any] = {
    "states": frozenset({RunState.FAILED}),
    "name": Pattern.parse("a*"),
    "user": "bob",
    "statuses": StatusRange(500, 599),
    "since": NOW,
    "node": "node-1",
}
DELIVERY_PARTS: dict[str, Any] = {
    "run_id": "r",
    "job_id": "j",
    "sink": "file:x",
    "states": frozenset({DeliveryState.DEAD}),
}
FEW = {"SCAN deliveries USING INDEX deliveries_in_order", "SCAN level", "SCAN levels"}
"""What is read through because all of it, or a bounded part, is wanted."""


def some_of(parts: dict[str, Any]) -> list[dict[str, Any]]:
    """None of *parts*, each alone, each two together, and all."""
    chosen = [names for size in (0, 1, 2) for names in combinations(parts, size)]
    return [{name: parts[name] for name in names} for names in (*chosen, tuple(parts))]


QUESTIONS: list[Callable[[Connection], Any]] = [
    *(
        partial(listing.find_jobs, wanted=JobFilter(**said), order=order, after=after, limit=9)
        for said in some_of(JOB_PARTS)
        for order, after in (
            (JobOrder.NEWEST, None),
            (JobOrder.NEWEST, "f"),
            (JobOrder.DUE, None),
            (JobOrder.DUE, "7.5,f"),
        )
    ),
    *(
        partial(runlisting.find_runs, wanted=RunFilter(**said, order=order), after=after, limit=9)
        for said in some_of(RUN_PARTS)
        for order, after in (
            (RunOrder.NEWEST, None),
            (RunOrder.NEWEST, "f"),
            (RunOrder.ENDED, None),
            (RunOrder.ENDED, "7.5,f"),
        )
    ),
    *(
        partial(runlisting.find_runs, wanted=RunFilter(**said, job_id="j"), after="7.5", limit=9)
        for said in some_of(RUN_PARTS)
    ),
    *(
        partial(oversight.find_deliveries, wanted=DeliveryFilter(**said), after="f", limit=9)
        for said in some_of(DELIVERY_PARTS)
    ),
    partial(runlisting.find_runs, wanted=RunFilter(states=frozenset({RunState.RUNNING})),
            after=None, limit=9),
    oversight.sink_states,
    partial(oversight.run_account, run_id="r"),
    partial(oversight.request_body, key="r", offset=0, size=9)
]  # fmt: skip


def test_no_list_reads_a_table_in_another_order_than_it_wants(connection: Connection) -> None:
    questions = Questions(connection)
    questions.ask(intake.add, [a_job(name) for name in ("a", "b", None, None)])
    for question in QUESTIONS:
        try:
            questions.ask(question)
        except LookupError:
            raise
        except Exception as error:
            assert "has the id" in str(error)  # noqa: PT017 - of the body of no run
    for statement, plan in questions.plans.items():
        if not statement.startswith(("SELECT", "WITH")):
            continue
        for step in plan:
            # In the order of its key and from a place on, or with a limit: a scan that ends soon.
            scan = re.fullmatch(r"SCAN (\w+)", step)
            assert scan is None or step in FEW, f"{step}: {statement}"
            few = any(name in str(plan) for name in ("runs_running", "ROUTINE level", "s_run "))
            assert step != "USE TEMP B-TREE FOR ORDER BY" or few, statement


def test_jobs_that_need_somebody_are_found_by_their_state(connection: Connection) -> None:
    questions = Questions(connection)
    wanted = JobFilter(states=frozenset({JobState.REMOVED}))
    questions.ask(
        partial(listing.find_jobs, wanted=wanted, order=JobOrder.NEWEST, after=None, limit=9)
    )
    [plan] = questions.plans.values()
    assert plan[0] == "SEARCH jobs USING INDEX jobs_due (state=?)"


@pytest.mark.parametrize("order", RunOrder)
def test_runs_by_their_end_come_from_the_index_of_ends(
    connection: Connection, order: RunOrder
) -> None:
    questions = Questions(connection)
    questions.ask(partial(runlisting.find_runs, wanted=RunFilter(order=order), after=None, limit=9))
    wanted = "runs_ended" if order is RunOrder.ENDED else "sqlite_autoindex_runs"
    for plan in questions.of(r"SELECT runs.id, runs.job_id"):
        assert any(wanted in step for step in plan), plan
