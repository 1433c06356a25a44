"""Every question of the store is answered by an index.

A whole life of a queue is played on one connection, every statement is written
down, and SQLite is asked how it would look for the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from jqengine.job import Owner, Skip
from jqengine.plan import CrontabPlan
from jqengine.store import claiming, firing, groups, intake, pruning, reading, recording
from jqengine.store.schema import metadata
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from jqengine.units import Rate

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end, an_id_factory

Plan = list[str]

IN_LINE = "group_name=? AND finished=? AND state=?"
"""How the index of runs in groups begins."""

FREE = "state=? AND group_name=?"
"""How the index of runs without a group begins; it is their state, and no group."""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection that writes, to an empty store."""
    file = SqliteFile(str(tmp_path / "queue.db"))
    file.create()
    connection = SqliteDatabase(file, writing=True).connect()
    yield connection
    connection.close()


class Questions:
    """Plays operations and tells the plans of the statements they execute."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: dict[str, Plan] = {}

    def ask(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        statements: list[str] = []
        driver: Any = self._connection.connection.driver_connection
        with self._connection.begin():
            driver.set_trace_callback(statements.append)
            try:
                answer = operation(self._connection, *arguments)
            finally:
                driver.set_trace_callback(None)
            for statement in statements:
                if re.match(r"(WITH|SELECT|UPDATE|DELETE)\b", statement):
                    self.plans[statement] = self._plan(driver, statement)
        return answer

    def _plan(self, driver: Any, statement: str) -> Plan:
        return [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]

    def of(self, beginning: str) -> list[Plan]:
        """The plans, each once, of the statements that begin so."""
        found = [
            plan for said, plan in self.plans.items() if re.match(beginning, " ".join(said.split()))
        ]
        assert found
        return [plan for number, plan in enumerate(found) if plan not in found[:number]]


@pytest.fixture
def questions(connection: Connection) -> Questions:
    """The plans of everything that a queue does in its life."""
    asked = Questions(connection)
    new_id = an_id_factory()
    jobs = [a_job(f"job{number}", key=f"k{number}", body=b"x" * 5000) for number in range(3)]
    lines = [a_job("line", origin="crontab"), a_job("gone", origin="crontab")]
    asked.ask(intake.add, [*jobs, *(a_job(priority=number % 3) for number in range(120))])
    limits = {"group": "mail", "concurrency": 1, "rate": Rate(5, 60.0)}
    asked.ask(intake.add, [a_job(priority=number % 2, **limits) for number in range(70)])
    asked.ask(groups.set_paused, "mail", True)
    asked.ask(groups.set_paused, "mail", False)
    asked.ask(intake.apply, CrontabPlan(add=tuple(lines)))
    changed = a_job("line", id=lines[0].id, origin="crontab")
    asked.ask(intake.apply, CrontabPlan(replace=(changed,), retire=(lines[1].id,)))
    asked.ask(firing.due_jobs, NOW, 500)
    firings = [a_firing(job, skips=[Skip(NOW - 1, "late")], held=True) for job in jobs]
    asked.ask(firing.fire, [*firings, a_firing(lines[0], next_due=None)], NOW, new_id)
    asked.ask(claiming.next_ready)
    runs = asked.ask(claiming.claim, OWNER, NOW, 500, LEASE)
    asked.ask(claiming.give_back, OWNER, [runs[0].id], NOW)
    asked.ask(recording.record, [a_retry(run) for run in runs[1:3]])
    asked.ask(recording.record, [an_end(run, 410, remove="gone") for run in runs])
    asked.ask(claiming.recover, Owner("node-1", "boot-2"), NOW, LEASE, True)
    for question in (
        (reading.job, jobs[0].id),
        (reading.job, runs[5].id),
        (reading.job_named, "line"),
        (reading.crontab_jobs,),
        (reading.runs_of, jobs[0].id, 10),
        (reading.results, runs[5].id),
        (reading.stats, NOW),
        (pruning.prune, NOW + 100, 500),
    ):
        asked.ask(*question)
    return asked


def test_no_table_is_read_from_end_to_end(questions: Questions) -> None:
    scans = {
        step
        for plan in questions.plans.values()
        for step in plan
        if (scan := re.match(r"SCAN (\w+)", step)) and scan[1] in metadata.tables
    }
    # No more than are claimed at once, and all of which are wanted.
    assert scans == {
        "SCAN runs USING INDEX runs_running",
        "SCAN jobs USING INDEX jobs_crontab",
    }


def test_a_claim_reads_the_first_ready_runs_and_sorts_nothing(questions: Questions) -> None:
    (see,) = questions.of(r"SELECT runs.id, .* ORDER BY runs.ready")
    assert see == [f"SEARCH runs USING INDEX runs_waiting ({FREE} AND priority=? AND ready<?)"]
    (take,) = questions.of(r"UPDATE runs SET state='running'.* IN \(SELECT")
    assert take == [
        "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)",
        "LIST SUBQUERY 1",
        f"SEARCH runs USING COVERING INDEX runs_waiting ({FREE} AND priority=? AND ready<?)",
    ]


def test_a_claim_finds_the_groups_that_are_open_and_their_first_runs(questions: Questions) -> None:
    (groups_open,) = questions.of(r"SELECT groups.name,.* ORDER BY groups.opens")
    assert groups_open == ["SEARCH groups USING INDEX groups_open (opens>? AND opens<?)"]
    (running,) = questions.of(r"SELECT count\(\*\) AS .* runs.group_name = ")
    assert running == [f"SEARCH runs USING COVERING INDEX runs_group ({IN_LINE})"]
    (see,) = questions.of(r"SELECT runs.priority, runs.ready.*runs.group_name = .*LIMIT")
    first_ready = f"{IN_LINE} AND priority=? AND ready<?"
    assert see == [f"SEARCH runs USING INDEX runs_group ({first_ready})"]
    for plan in questions.of(r"WITH RECURSIVE level.*runs.group_name = "):
        assert [step for step in plan if "runs" in step] == [
            f"SEARCH runs USING COVERING INDEX runs_group ({IN_LINE})",
            f"SEARCH runs USING COVERING INDEX runs_group ({IN_LINE} AND priority>?)",
            f"SEARCH runs USING COVERING INDEX runs_group ({IN_LINE} AND priority=?)",
        ]


def test_priorities_are_stepped_along_not_read_through(questions: Questions) -> None:
    for plan in questions.of(r"WITH RECURSIVE level.*group_name IS NULL"):
        assert [step for step in plan if "runs" in step] == [
            f"SEARCH runs USING COVERING INDEX runs_waiting ({FREE})",
            f"SEARCH runs USING COVERING INDEX runs_waiting ({FREE} AND priority>?)",
            f"SEARCH runs USING COVERING INDEX runs_waiting ({FREE} AND priority=?)",
        ]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (r"SELECT jobs.id.* WHERE jobs.state = 'scheduled' AND jobs.due <=", "INDEX jobs_due"),
        (r"SELECT min\(jobs.due", "COVERING INDEX jobs_due"),
        (r"SELECT jobs.*WHERE jobs.origin = 'crontab'", "INDEX jobs_crontab"),
        (r"SELECT runs.job_id, runs.due FROM runs .*due =", "COVERING INDEX runs_firing"),
        (r"UPDATE runs SET node=.* RETURNING", "INDEX runs_running"),
        (r"SELECT count\(runs.ready.*group_name IS NULL", "COVERING INDEX runs_waiting"),
        (r"SELECT count\(runs.ready.*group_name IS NOT NULL", "COVERING INDEX runs_in_line"),
        (r"SELECT count\(jobs.due", "COVERING INDEX jobs_due"),
        (r"SELECT count.*finished IS NOT NULL AND runs.state =", "COVERING INDEX runs_ended"),
        (r"SELECT .*runs.finished <", "INDEX runs_ended"),
    ],
)
def test_a_question_uses_its_index(questions: Questions, statement: str, index: str) -> None:
    for plan in questions.of(statement):
        assert any(index in step for step in plan)
