"""Whether a storm broke a promise: from the side file, the sink's files and the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from jqengine.job import Job, Syntax
from jqengine.lifecycle import UNFINISHED_RUNS, DeliveryState, JobState, RunState
from tests.simulation.duebook import Epoch, broken_chain
from tests.simulation.final import Final, Row
from tests.simulation.history import WORLD, Moment
from tests.storm.book import BEGAN, DEAD, DYING, ENDED, Line

NEVER = float("inf")


class Evidence(NamedTuple):
    """What a storm leaves behind.

    :ivar acknowledged: ids of jobs that clients were told are on disk.
    :ivar results: the folder of the ``file:`` sink.
    :ivar horizon: the instant up to which every due time must have been seen to.
    """

    final: Final
    book: Sequence[Line]
    acknowledged: Sequence[str]
    results: Path
    horizon: float


class Call(NamedTuple):
    """One call of the application.

    :ivar until: seconds at which it was not under way any more.
    """

    began: Line
    ended: Line | None
    until: float


def violations(evidence: Evidence) -> list[str]:
    """Everything that is wrong, nothing when all is well."""
    return list(_violations(evidence))


def _violations(evidence: Evidence) -> Iterator[str]:
    final, calls = evidence.final, calls_by_run(evidence.book)
    for job_id in evidence.acknowledged:
        if job_id not in final.jobs:
            yield f"{job_id}: was acknowledged and is not in the store"
    for run_id in calls.keys() - final.rows.keys():
        yield f"{run_id}: was run and is not in the store"
    for run_id, row in final.rows.items():
        yield from _of_row(row, evidence.horizon)
        yield from _of_calls(row, calls.get(run_id, ()))
        yield from _of_deliveries(row, evidence.results, evidence.horizon)
    for job in final.jobs.values():
        if job.definition.origin == "crontab":
            yield from _of_due_times(job, final, evidence.horizon)


def calls_by_run(book: Sequence[Line]) -> Mapping[str, list[Call]]:
    """The calls of the application, in the order in which they began."""
    ends = {line.execution: line for line in book if line.what == ENDED}
    deaths: dict[str, float] = {}
    for line in book:
        if line.what in (DYING, DEAD):
            deaths.setdefault(line.process, line.at)
    calls: dict[str, list[Call]] = {}
    for line in book:
        if line.what == BEGAN:
            ended = ends.get(line.execution)
            until = ended.at if ended else deaths.get(line.process, NEVER)
            calls.setdefault(line.run, []).append(Call(line, ended, until))
    return calls


def _of_row(row: Row, horizon: float) -> Iterator[str]:
    run = row.report.run
    if run.state is RunState.RUNNING or (run.state in UNFINISHED_RUNS and run.due <= horizon):
        yield f"{run.id}: is {run.state} in the end"
    if run.state is RunState.SKIPPED and not row.report.reason:
        yield f"{run.id}: was skipped without a reason"
    numbers = [number for number, _ in row.results]
    if numbers != list(range(1, run.attempt + 1)):
        yield f"{run.id}: of {run.attempt} attempts the results {numbers} are kept"
    if run.attempt > run.policy.attempts:
        yield f"{run.id}: attempt {run.attempt} of {run.policy.attempts}"


def _of_calls(row: Row, calls: Sequence[Call]) -> Iterator[str]:
    """The application was called once for each attempt, one after the other,
    and what is recorded is what it said."""
    run_id = row.report.run.id
    numbers = [call.began.attempt for call in calls]
    if len(set(numbers)) < len(numbers):
        yield f"{run_id}: attempts {numbers} were begun"
    for earlier, later in pairwise(calls):
        if later.began.at < earlier.until:
            yield f"{run_id}: attempt {later.began.attempt} begins beside {earlier.began.attempt}"
    said = {(call.began.attempt, call.began.execution) for call in calls if call.ended}
    for number, result in row.results:
        if result.body and (number, result.body.decode()) not in said:
            yield f"{run_id}: the result of attempt {number} is not what was said"
    if row.report.run.state is RunState.FINISHED and not row.results[-1][1].body:
        yield f"{run_id}: is finished without what was said"


def _of_deliveries(row: Row, folder: Path, horizon: float) -> Iterator[str]:
    """Each end of a run is a file, and nothing else is.

    What ended while the engines stopped waits for their next start.
    """
    run = row.report.run
    files = sorted(folder.glob(f"{run.id}-*"))
    expected = [
        one
        for one in row.deliveries
        if one.state is not DeliveryState.PENDING or one.ready <= horizon
    ]
    for one in expected:
        if one.state is not DeliveryState.DELIVERED:
            yield f"{run.id}: its delivery is {one.state} in the end"
    if len(expected) != len(files) or len(files) > 1:
        yield f"{run.id}: {len(row.deliveries)} deliveries, and the files {files}"
    for file in files:
        _, result = row.results[-1]
        if file.read_bytes() != result.body:
            yield f"{run.id}: its file is not its result"


def _of_due_times(job: Job, final: Final, horizon: float) -> Iterator[str]:
    runs = sorted(
        (row.report.run for row in final.rows.values() if row.report.run.job_id == job.id),
        key=lambda run: run.due,
    )
    syntax = job.definition.schedule.syntax
    if syntax is Syntax.AT and len(runs) != 1:
        yield f"{job.id}: is one time and has {len(runs)} runs"
    if syntax in (Syntax.EVERY, Syntax.CRON):
        begin = replace(job, due=job.anchor, fired=0)
        yield from broken_chain(
            Epoch(begin, Moment(0.0, 0.0, WORLD), [(run.due, False) for run in runs])
        )
        if job.state is not JobState.SCHEDULED or job.due is None or job.due <= horizon:
            yield f"{job.id}: is {job.state} and due at {job.due}, which nobody saw to"
