"""``due_jobs`` and ``fire``: every due time becomes a run or a skip, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_twisted import ensureDeferred

from jqengine.interfaces import IStore
from jqengine.job import Skip
from jqengine.lifecycle import JobState, RunState
from jqengine.plan import CrontabPlan

from .values import LEASE, NOW, OWNER, a_firing, a_job, an_end

WAITING, HELD, SKIPPED = RunState.WAITING, RunState.HELD, RunState.SKIPPED


async def states(store: IStore, job_id: str) -> dict[float, RunState]:
    """The state of each run of a job, by due time from NOW."""
    return {run.due - NOW: run.state for run in await store.runs(job_id, 100)}


@ensureDeferred
async def test_due_jobs_come_longest_due_first(store: IStore) -> None:
    jobs = [a_job(f"job{due}", due=NOW + due) for due in (0, -5, 1, -10)]
    await store.add([*jobs, a_job("never", due=None), a_job(due=NOW - 20)])
    due = await store.due_jobs(NOW, 10)
    assert list(due) == [(jobs[3], 0), (jobs[1], 0), (jobs[0], 0)]
    assert list(await store.due_jobs(NOW, 2)) == list(due)[:2]


@ensureDeferred
async def test_due_jobs_tell_how_many_runs_are_unfinished(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    held = a_firing(job, NOW - 2, NOW - 1, NOW, next_due=NOW + 1, held=True)
    await store.fire([held], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    ((_, unfinished),) = await store.due_jobs(NOW + 1, 10)
    assert unfinished == 3
    await store.record([an_end(run)])
    ((_, unfinished),) = await store.due_jobs(NOW + 1, 10)
    assert unfinished == 2


@ensureDeferred
async def test_a_firing_makes_runs_and_skips_and_moves_the_job_on(store: IStore) -> None:
    job = a_job("name", user="alice", priority=3, sinks=("stdout:",))
    await store.add([job])
    skips = [Skip(NOW - 20, "too old"), Skip(NOW - 10, "overlap")]
    assert await store.fire([a_firing(job, NOW - 1, NOW, skips=skips)], NOW) == 2
    assert await store.job(job.id) == replace(job, due=NOW + 10, fired=4)
    assert await states(store, job.id) == {0: WAITING, -1: WAITING, -10: SKIPPED, -20: SKIPPED}
    latest = (await store.runs(job.id, 1))[0]
    assert latest.request == job.definition.request
    assert (latest.policy, latest.sinks, latest.name) == (
        job.definition.policy,
        ("stdout:",),
        "name",
    )
    assert (latest.ready, latest.attempt, latest.previous_status) == (NOW, 0, None)


@ensureDeferred
async def test_a_run_keeps_what_its_job_said_when_it_fired(store: IStore) -> None:
    job = a_job("name", target="/old")
    await store.add([job])
    await store.fire([a_firing(job)], NOW)
    await store.add([a_job("name", target="/new")])
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    assert run.request.target == "/old"


@ensureDeferred
@pytest.mark.parametrize("expected", [NOW - 1, NOW + 1])
async def test_a_firing_of_a_job_that_has_moved_does_nothing(
    store: IStore, expected: float
) -> None:
    job, other = a_job("name"), a_job("other")
    await store.add([job, other])
    firings = [a_firing(job, expected=expected), a_firing(other)]
    assert await store.fire(firings, NOW) == 1
    assert await store.job(job.id) == job
    assert await states(store, job.id) == {}
    assert await store.fire([a_firing(other)], NOW) == 0


@ensureDeferred
async def test_a_firing_of_a_retired_or_unknown_job_does_nothing(store: IStore) -> None:
    job = a_job("name", origin="crontab")
    unknown = a_job("unknown")
    await store.apply(CrontabPlan(add=(job,)))
    await store.apply(CrontabPlan(retire=(job.id,)))
    assert await store.fire([a_firing(job), a_firing(unknown)], NOW) == 0


@ensureDeferred
async def test_two_steps_of_one_job_in_one_call(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    first = a_firing(job, next_due=NOW + 1)
    second = a_firing(job, NOW + 1, expected=NOW + 1, next_due=NOW + 2)
    assert await store.fire([first, second, first], NOW + 1) == 2
    assert await store.job(job.id) == replace(job, due=NOW + 2, fired=2)


@ensureDeferred
async def test_more_firings_than_one_statement_takes(store: IStore) -> None:
    jobs = [a_job(f"job{number}") for number in range(1201)]
    await store.add(jobs)
    assert await store.fire([a_firing(job) for job in jobs], NOW) == 1201
    assert len(await store.claim(OWNER, NOW, 2000, LEASE)) == 1201
    assert await store.due_jobs(NOW, 1) == []


@ensureDeferred
async def test_held_runs_wait_for_the_run_before_them(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    held = a_firing(job, NOW - 2, NOW - 1, NOW, next_due=NOW + 1, held=True)
    await store.fire([held], NOW)
    assert await states(store, job.id) == {-2: WAITING, -1: HELD, 0: HELD}
    more = a_firing(job, NOW + 1, expected=NOW + 1, next_due=NOW + 2, held=True)
    await store.fire([more], NOW + 1)
    assert (await states(store, job.id))[1] is HELD


@ensureDeferred
async def test_a_held_firing_whose_run_before_has_ended_meanwhile_waits_to_be_claimed(
    store: IStore,
) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, next_due=NOW + 1)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 1, LEASE)])
    more = a_firing(job, NOW + 1, expected=NOW + 1, held=True)
    await store.fire([more], NOW + 1)
    assert (await states(store, job.id))[1] is WAITING


@ensureDeferred
async def test_a_held_run_is_not_left_behind_a_due_time_that_came_before(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 1, LEASE)])
    await store.add([a_job("name", target="/new", created=NOW + 1)])
    held = a_firing(job, NOW, NOW + 1, held=True)
    assert await store.fire([held], NOW + 1) == 1
    assert (await states(store, job.id))[1] is WAITING


@ensureDeferred
async def test_an_exhausted_job_is_finished_when_it_has_no_unfinished_run(store: IStore) -> None:
    skipped, running = a_job("skipped"), a_job("running")
    await store.add([skipped, running])
    skip = a_firing(skipped, skips=[Skip(NOW, "missed")], next_due=None)
    await store.fire([skip, a_firing(running, next_due=None)], NOW)
    assert (await store.job(skipped.id)).state is JobState.FINISHED
    assert (await store.job(running.id)).state is JobState.SCHEDULED
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 1, LEASE)])
    assert (await store.job(running.id)).state is JobState.FINISHED


@ensureDeferred
async def test_a_reboot_job_has_no_due_time_and_yet_is_not_finished(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, next_due=None, exhausted=False)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 1, LEASE)])
    found = await store.job(job.id)
    assert (found.state, found.due) == (JobState.SCHEDULED, None)
