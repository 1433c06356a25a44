"""What the store says at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jqengine.delivery import Delivery
from jqengine.job import Job, Result
from jqengine.lifecycle import UNFINISHED_DELIVERIES, UNFINISHED_RUNS
from jqengine.queries import JobFilter, JobOrder, RunFilter, RunReport


class Row(NamedTuple):
    """A run with all that is kept of it.

    :ivar results: of every recorded attempt, in order.
    """

    report: RunReport
    results: Sequence[tuple[int, Result]]
    deliveries: Sequence[Delivery]


class Final(NamedTuple):
    """The whole of a store.

    :ivar jobs: by id, anonymous ones included.
    :ivar rows: by run id.
    """

    jobs: Mapping[str, Job]
    rows: Mapping[str, Row]


async def read(store: Any) -> Final:
    """Everything in *store*, which has all of its interfaces."""
    jobs: dict[str, Job] = {}
    after = None
    while True:
        page = await store.find_jobs(JobFilter(), JobOrder.NEWEST, after, 500)
        jobs.update((job.id, job) for job in page.items)
        if page.after is None:
            break
        after = page.after
    return Final(jobs, await _rows(store))


async def _rows(store: Any) -> Mapping[str, Row]:
    rows: dict[str, Row] = {}
    after = None
    while True:
        page = await store.find_runs(RunFilter(), after, 500)
        for report in page.items:
            results = await store.results(report.run.id)
            deliveries = await store.deliveries(report.run.id)
            rows[report.run.id] = Row(report, results, deliveries)
        if page.after is None:
            return rows
        after = page.after


async def at_rest(store: Any, horizon: float) -> bool:
    """Whether everything that was due up to *horizon* is over."""
    unfinished = RunFilter(states=UNFINISHED_RUNS)
    page = await store.find_runs(unfinished, None, 1000)
    if any(report.run.due <= horizon for report in page.items):
        return False
    jobs = await store.find_jobs(JobFilter(), JobOrder.DUE, None, 1)
    if any(job.due <= horizon for job in jobs.items):
        return False
    final = await read(store)
    return not any(
        one.state in UNFINISHED_DELIVERIES
        for row in final.rows.values()
        for one in row.deliveries
        if row.report.run.due <= horizon
    )
