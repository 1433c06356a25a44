"""Nothing of a cancelled job begins any more, whatever becomes of what is under way."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import NotPossible
from jqengine.job import Job, Owner, Receipt, Run, Step
from jqengine.lifecycle import JobEvent, RunState

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end

LATER = NOW + 1000


async def _running(store: Any) -> tuple[Job, Run]:
    """A job, and its run under way."""
    job = a_job("sync")
    await store.add([job])
    await store.fire([a_firing(job)], NOW)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    return job, run


async def _cancel(store: Any, job: Job) -> None:
    await store.steer(Step(job.id, JobEvent.CANCEL, reason="on request"), NOW + 1)


async def _is_over(store: Any, job: Job, attempt: int) -> None:
    (run,) = await store.runs(job.id, 9)
    assert (run.state, run.attempt) == (RunState.CANCELLED, attempt)
    assert await store.claim(OWNER, LATER, 9, LEASE) == []
    assert await store.next_ready() is None
    assert await store.prune(LATER, 9) == 1, "it has ended"


@ensureDeferred
async def test_what_is_given_back_is_cancelled_with_its_job(store: Any) -> None:
    job, run = await _running(store)
    other = a_job()
    await store.add([other])
    (kept,) = await store.claim(OWNER, NOW, 1, LEASE)
    await _cancel(store, job)
    assert await store.give_back(OWNER, [run.id, kept.id], NOW + 2) == 2
    (again,) = await store.claim(OWNER, LATER, 9, LEASE)
    assert again.id == other.id
    await store.record([an_end(again)])
    await store.prune(LATER, 1)
    await _is_over(store, job, attempt=0)


@ensureDeferred
@pytest.mark.parametrize("restore", [False, True])
async def test_what_would_be_tried_again_is_cancelled_with_its_job(
    store: Any, restore: bool
) -> None:
    job, run = await _running(store)
    await _cancel(store, job)
    said = await store.record([a_retry(run, 503, restore=restore)])
    assert list(said) == [Receipt.WITHDRAWN]
    assert said[0], "the result is accepted"
    assert [result.status for _, result in await store.results(run.id)] == [503]
    await _is_over(store, job, attempt=0 if restore else 1)


@ensureDeferred
async def test_what_its_process_left_behind_is_cancelled_with_its_job(store: Any) -> None:
    job, _ = await _running(store)
    await _cancel(store, job)
    (lost,) = await store.recover(Owner("node-1", "boot-2"), NOW + 5, LEASE)
    retry = a_retry(lost, 0, owner=Owner("node-1", "boot-2"))
    assert list(await store.record([retry])) == [Receipt.WITHDRAWN]
    await _is_over(store, job, attempt=1)


@ensureDeferred
async def test_an_end_is_an_end_though_the_job_is_cancelled(store: Any) -> None:
    job, run = await _running(store)
    await _cancel(store, job)
    assert list(await store.record([an_end(run, 200)])) == [Receipt.ACCEPTED]
    assert (await store.runs(job.id, 1))[0].state is RunState.FINISHED


@ensureDeferred
async def test_a_run_of_a_cancelled_job_is_not_reopened(store: Any) -> None:
    job, run = await _running(store)
    await store.record([an_end(run, 500)])
    await _cancel(store, job)
    with pytest.raises(NotPossible, match="sync is cancelled and does not run any more"):
        await store.reopen(run.id, NOW + 5)


@ensureDeferred
async def test_who_lost_the_claim_cancels_nothing(store: Any) -> None:
    job, run = await _running(store)
    await _cancel(store, job)
    stale = a_retry(run, 503, owner=Owner("node-2", "boot-9"))
    assert list(await store.record([stale])) == [Receipt.REFUSED]
    assert await store.give_back(Owner("node-2", "boot-9"), [run.id], NOW + 2) == 0
    assert (await store.runs(job.id, 1))[0].state is RunState.RUNNING
