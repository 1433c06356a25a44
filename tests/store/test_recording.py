"""``record``: fenced ends of attempts, and what they change behind them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.interfaces import IStore
from jqengine.job import Job, Owner, Run
from jqengine.lifecycle import JobState, RunState

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_result, a_retry, an_end


async def a_claimed_run(store: IStore, job: Job, **firing: Any) -> Run:
    """The run of *job* that is next, claimed."""
    await store.add([job])
    if job.definition.identity:
        await store.fire([a_firing(job, **firing)], NOW)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    return run


@ensureDeferred
@pytest.mark.parametrize(
    ("status", "state"), [(200, RunState.FINISHED), (0, RunState.FAILED), (404, RunState.FAILED)]
)
@pytest.mark.parametrize("name", [None, "name"])
async def test_a_result_is_kept_with_its_run(
    store: IStore, name: str | None, status: int, state: RunState
) -> None:
    run = await a_claimed_run(store, a_job(name))
    assert list(await store.record([an_end(run, status)])) == [True]
    assert list(await store.results(run.id)) == [(1, a_result(status))]
    assert list(await store.runs(run.job_id, 9)) == [run._replace(state=state)]


@ensureDeferred
async def test_every_part_of_a_result_comes_back(store: IStore) -> None:
    run = await a_claimed_run(store, a_job())
    result = a_result(
        599, reason="", headers=(("Set-Cookie", "a"), ("Set-Cookie", "b")), truncated=True
    )._replace(body=bytes(range(256)) * 9000)
    await store.record([an_end(run, 599)._replace(result=result)])
    assert list(await store.results(run.id)) == [(1, result)]


@ensureDeferred
@pytest.mark.parametrize(
    "change",
    [
        {"owner": Owner("node-1", "boot-2")},
        {"owner": Owner("node-2", "boot-1")},
        {"attempt": 2},
        {"attempt": 0},
        {"run_id": "unknown"},
    ],
)
@pytest.mark.parametrize("make", [an_end, a_retry])
async def test_a_claim_that_is_not_held_is_refused_and_changes_nothing(
    store: IStore, make: Any, change: dict[str, Any]
) -> None:
    run = await a_claimed_run(store, a_job("name"))
    job = await store.job(run.job_id)
    refused = make(run, 410, remove="410 Gone")._replace(**change)
    assert list(await store.record([refused])) == [False]
    assert await store.job(run.job_id) == job
    assert list(await store.runs(run.job_id, 9)) == [run]
    assert list(await store.results(run.id)) == []
    assert list(await store.record([an_end(run)])) == [True]


@ensureDeferred
async def test_a_result_is_recorded_once(store: IStore) -> None:
    run = await a_claimed_run(store, a_job())
    assert list(await store.record([an_end(run), an_end(run, 500)])) == [True, False]
    assert list(await store.record([an_end(run, 500), a_retry(run)])) == [False, False]
    assert list(await store.results(run.id)) == [(1, a_result(200))]


@ensureDeferred
async def test_refused_ones_do_not_harm_the_others_of_a_large_batch(store: IStore) -> None:
    await store.add([a_job() for _ in range(130)])
    runs = await store.claim(OWNER, NOW, 130, LEASE)
    await store.give_back(OWNER, [runs[7].id, runs[99].id], NOW)
    answers = await store.record([an_end(run) for run in runs])
    assert [number for number, held in enumerate(answers) if not held] == [7, 99]
    for number in (7, 99):
        assert list(await store.results(runs[number].id)) == []
    assert list(await store.results(runs[129].id)) == [(1, a_result(200))]
    assert len(await store.claim(OWNER, NOW, 200, LEASE)) == 2


@ensureDeferred
async def test_ends_and_retries_of_a_large_batch_each_get_their_answer(store: IStore) -> None:
    await store.add([a_job() for _ in range(120)])
    runs = await store.claim(OWNER, NOW, 120, LEASE)
    outcomes = [a_retry(run) if number % 3 else an_end(run) for number, run in enumerate(runs)]
    assert list(await store.record(outcomes)) == [True] * 120
    assert len(await store.claim(OWNER, NOW + 30, 200, LEASE)) == 80


@ensureDeferred
async def test_a_retry_waits_with_its_attempt_counted_and_its_result_kept(store: IStore) -> None:
    run = await a_claimed_run(store, a_job("name"))
    await store.record([a_retry(run, 503, ready=NOW + 30)])
    (waiting,) = await store.runs(run.job_id, 9)
    assert waiting == run._replace(state=RunState.WAITING, ready=NOW + 30)
    assert (await store.job(run.job_id)).previous_status is None
    assert await store.claim(OWNER, NOW + 29, 9, LEASE) == []
    (second,) = await store.claim(OWNER, NOW + 30, 9, LEASE)
    assert second.attempt == 2
    await store.record([an_end(second, 200)])
    assert list(await store.results(run.id)) == [(1, a_result(503)), (2, a_result(200))]


@ensureDeferred
async def test_an_attempt_that_is_restored_gives_its_number_to_the_next(store: IStore) -> None:
    run = await a_claimed_run(store, a_job())
    for status in (503, 429):
        await store.record([a_retry(run, status, ready=NOW, restore=True)])
        (run,) = await store.claim(OWNER, NOW, 9, LEASE)
        assert run.attempt == 1
        assert list(await store.results(run.id)) == [(1, a_result(status))]
    await store.record([an_end(run, 200)])
    assert list(await store.results(run.id)) == [(1, a_result(200))]


@ensureDeferred
async def test_the_job_remembers_the_status_and_tells_its_next_run(store: IStore) -> None:
    job = a_job("name")
    run = await a_claimed_run(store, job)
    assert run.previous_status is None
    await store.record([an_end(run, 404)])
    assert (await store.job(job.id)).previous_status == 404
    await store.fire([a_firing(job, NOW + 10, expected=NOW + 10)], NOW + 10)
    (second,) = await store.claim(OWNER, NOW + 10, 1, LEASE)
    assert second.previous_status == 404


@ensureDeferred
async def test_an_anonymous_job_shows_how_it_stands(store: IStore) -> None:
    job = a_job(due=NOW)
    run = await a_claimed_run(store, job)
    running = await store.job(job.id)
    assert (running.state, running.due, running.fired) == (JobState.SCHEDULED, None, 1)
    await store.record([a_retry(run, ready=NOW)])
    assert (await store.job(job.id)).state is JobState.SCHEDULED
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([an_end(run, 404, remove="404 is in remove-on")])
    ended = await store.job(job.id)
    assert (ended.state, ended.previous_status) == (JobState.FINISHED, 404)


@ensureDeferred
async def test_the_end_of_a_run_releases_the_one_held_behind_it(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    held = a_firing(job, NOW - 2, NOW - 1, NOW, held=True)
    await store.fire([held], NOW)
    for due, status, previous in ((-2, 200, None), (-1, 500, 200), (0, 204, 500)):
        (run,) = await store.claim(OWNER, NOW, 9, LEASE)
        assert (run.due, run.previous_status) == (NOW + due, previous)
        await store.record([a_retry(run, ready=NOW)])
        (run,) = await store.claim(OWNER, NOW, 9, LEASE)
        await store.record([an_end(run, status)])
    assert await store.claim(OWNER, NOW, 9, LEASE) == []


@ensureDeferred
async def test_a_held_run_waits_for_every_run_before_it(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, NOW - 1, NOW)], NOW)
    held = a_firing(job, NOW + 10, expected=NOW + 10, next_due=NOW + 20, held=True)
    await store.fire([held], NOW + 10)
    first, second = await store.claim(OWNER, NOW + 10, 9, LEASE)
    await store.record([an_end(second)])
    assert await store.claim(OWNER, NOW + 10, 9, LEASE) == []
    await store.record([an_end(first)])
    (third,) = await store.claim(OWNER, NOW + 10, 9, LEASE)
    assert third.due == NOW + 10


@ensureDeferred
async def test_a_held_run_waits_for_one_of_a_later_due_time_that_is_under_way(
    store: IStore,
) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job)], NOW)
    held = a_firing(job, NOW + 10, expected=NOW + 10, next_due=NOW + 20, held=True)
    await store.fire([held], NOW + 10)
    await store.fire([a_firing(job, NOW + 20, expected=NOW + 20)], NOW + 20)
    first, later = await store.claim(OWNER, NOW + 20, 9, LEASE)
    await store.record([an_end(first)])
    assert await store.claim(OWNER, NOW + 20, 9, LEASE) == []
    await store.record([an_end(later)])
    assert [run.due for run in await store.claim(OWNER, NOW + 20, 9, LEASE)] == [NOW + 10]


@ensureDeferred
async def test_a_verdict_removes_the_job_and_what_is_held_behind(store: IStore) -> None:
    job = a_job("name")
    run = await a_claimed_run(store, job, next_due=NOW + 1)
    held = a_firing(job, NOW + 1, expected=NOW + 1, next_due=NOW + 2, held=True)
    await store.fire([held], NOW + 1)
    await store.record([an_end(run, 410, remove="410 Gone")])
    removed = await store.job(job.id)
    assert (removed.state, removed.due) == (JobState.REMOVED, None)
    assert (removed.reason, removed.previous_status) == ("410 Gone", 410)
    assert [one.state for one in await store.runs(job.id, 9)] == [
        RunState.CANCELLED,
        RunState.FAILED,
    ]
    assert await store.next_ready() is None


@ensureDeferred
async def test_a_removed_job_lets_the_runs_that_wait_go_on(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, NOW - 1, NOW)], NOW)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([an_end(run, 410, remove="410 Gone")])
    assert len(await store.claim(OWNER, NOW, 9, LEASE)) == 1


@ensureDeferred
async def test_of_two_ends_in_one_call_the_one_that_removes_wins(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, NOW - 1, NOW)], NOW)
    held = a_firing(job, NOW + 10, expected=NOW + 10, next_due=NOW + 20, held=True)
    await store.fire([held], NOW + 10)
    first, second = await store.claim(OWNER, NOW + 10, 9, LEASE)
    await store.record([an_end(first), an_end(second, 410, remove="410 Gone")])
    assert (await store.job(job.id)).state is JobState.REMOVED
    assert await store.claim(OWNER, NOW + 10, 9, LEASE) == []


@ensureDeferred
async def test_an_exhausted_job_is_finished_not_removed(store: IStore) -> None:
    job = a_job("name")
    run = await a_claimed_run(store, job, next_due=None)
    await store.record([an_end(run, 404, remove="404 is in remove-on")])
    found = await store.job(job.id)
    assert (found.state, found.reason, found.previous_status) == (JobState.FINISHED, "", 404)


@ensureDeferred
async def test_an_exhausted_job_is_finished_with_its_last_run(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, NOW - 1, NOW, next_due=None)], NOW)
    first, second = await store.claim(OWNER, NOW, 9, LEASE)
    await store.record([an_end(first)])
    assert (await store.job(job.id)).state is JobState.SCHEDULED
    await store.record([an_end(second)])
    assert (await store.job(job.id)).state is JobState.FINISHED
