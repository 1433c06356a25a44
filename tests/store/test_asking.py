"""``stats``, ``prune``, ``open`` and ``close``: the rest of the contract."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import gatherResults
from zope.interface.verify import verifyObject

from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IStore
from jqengine.job import Skip
from jqengine.lifecycle import JobState
from jqengine.plan import CrontabPlan

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end


def test_a_store_has_every_method_of_the_contract(make_store: Any) -> None:
    assert verifyObject(IStore, make_store())


@ensureDeferred
async def test_nothing_asked_is_nothing_done(store: IStore) -> None:
    assert list(await store.add([])) == []
    assert await store.apply(CrontabPlan()) is None
    assert await store.fire([], NOW) == 0
    assert list(await store.record([])) == []
    assert await store.give_back(OWNER, [], NOW) == 0
    assert await store.next_ready() is None


@ensureDeferred
async def test_counts(store: IStore) -> None:
    nothing = dict.fromkeys(("scheduled", "due", "running", "finished", "failed", "removed"), 0)
    assert await store.stats(NOW) == nothing
    recurring, removed = a_job("recurring"), a_job("removed")
    await store.add([recurring, removed, a_job("later", due=NOW + 5), a_job("reboot", due=None)])
    await store.add([a_job(due=NOW + number) for number in range(3)])
    await store.fire([a_firing(removed)], NOW)
    assert await store.stats(NOW) == nothing | {"scheduled": 4, "due": 3}
    first, second = await store.claim(OWNER, NOW, 9, LEASE)
    assert await store.stats(NOW + 1) == nothing | {"scheduled": 3, "due": 2, "running": 2}
    outcomes = [an_end(first), an_end(second, 410)]
    gone = [
        one._replace(verdict=one.verdict._replace(remove="gone"))
        for one in outcomes
        if one.job_id == removed.id
    ]
    await store.record([*(one for one in outcomes if one.job_id != removed.id), *gone])
    counts = await store.stats(NOW + 99)
    assert counts["scheduled"] == counts["running"] == 0
    assert (counts["due"], counts["removed"]) == (4, 1)
    assert counts["finished"] + counts["failed"] == 2


@ensureDeferred
async def test_a_question_sees_every_change_asked_for_before_it(store: IStore) -> None:
    job = a_job()
    changes = [store.add([a_job() for _ in range(2000)]) for _ in range(3)]
    asked = [store.add([job]), store.job(job.id), store.stats(NOW)]
    _, found, counts = await gatherResults(asked)
    assert found == job
    assert counts["due"] == 6001
    await gatherResults(changes)


@ensureDeferred
async def test_calls_take_effect_in_their_order(store: IStore) -> None:
    jobs = [a_job(), a_job()]
    answers = await gatherResults(
        [
            store.claim(OWNER, NOW, 9, LEASE),
            store.add(jobs[:1]),
            store.claim(OWNER, NOW, 9, LEASE),
            store.add(jobs[1:]),
            store.claim(OWNER, NOW, 9, LEASE),
        ]
    )
    assert [len(answers[number]) for number in (0, 2, 4)] == [0, 1, 1]


async def with_old_runs(store: IStore) -> dict[str, Any]:
    """Five runs that ended, one that has not, and two jobs."""
    finished, recurring = a_job("finished"), a_job("recurring")
    await store.add([finished, recurring, a_job(), a_job(body=b"x" * 5000)])
    skip = Skip(NOW - 5, "missed")
    await store.fire(
        [a_firing(finished, NOW, skips=[skip], next_due=None), a_firing(recurring)], NOW
    )
    runs = await store.claim(OWNER, NOW, 9, LEASE)
    await store.record([a_retry(run, ready=NOW) for run in runs])
    runs = await store.claim(OWNER, NOW, 9, LEASE)
    await store.record([an_end(run) for run in runs])
    unfinished = a_job(due=NOW + 1)
    await store.add([unfinished])
    return {"finished": finished, "recurring": recurring, "runs": runs, "unfinished": unfinished}


@ensureDeferred
async def test_nothing_is_forgotten_before_its_time(store: IStore) -> None:
    kept = await with_old_runs(store)
    assert await store.prune(NOW, 100) == 0
    for run in kept["runs"]:
        assert len(await store.results(run.id)) == 2


@ensureDeferred
async def test_old_runs_are_forgotten_in_slices_with_their_attempts(store: IStore) -> None:
    kept = await with_old_runs(store)
    assert [await store.prune(NOW + 100, 2) for _ in range(4)] == [2, 2, 1, 0]
    for run in kept["runs"]:
        assert list(await store.results(run.id)) == []
        assert list(await store.runs(run.job_id, 9)) == []
    assert (await store.stats(NOW))["finished"] == 0
    assert await store.job(kept["unfinished"].id) == kept["unfinished"]


@ensureDeferred
async def test_a_finished_job_is_forgotten_with_its_last_run(store: IStore) -> None:
    kept = await with_old_runs(store)
    await store.prune(NOW + 100, 100)
    assert await store.job(kept["finished"].id) is None
    recurring = await store.job(kept["recurring"].id)
    assert (recurring.state, recurring.previous_status) == (JobState.SCHEDULED, 200)


@ensureDeferred
async def test_a_finished_job_of_a_crontab_is_remembered(store: IStore) -> None:
    job = a_job("once", origin="crontab")
    await store.add([job])
    await store.fire([a_firing(job, next_due=None)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 9, LEASE)])
    assert await store.prune(NOW + 100, 100) == 1
    assert (await store.job(job.id)).state is JobState.FINISHED


@ensureDeferred
async def test_everything_is_there_after_a_restart(make_store: Any) -> None:
    first = make_store()
    await first.open()
    jobs = [a_job("name", user="alice"), a_job(due=NOW + 5)]
    await first.add(jobs)
    await first.close()
    second = make_store()
    await second.open()
    assert [await second.job(job.id) for job in jobs] == jobs
    await second.close()


@ensureDeferred
async def test_a_store_that_is_not_open_says_so(make_store: Any) -> None:
    store = make_store()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.add([a_job()])
    await store.open()
    await store.close()
    for ask in (lambda: store.add([a_job()]), lambda: store.stats(NOW)):
        with pytest.raises(StoreUnavailable, match="not open"):
            await ask()


@ensureDeferred
async def test_closing_finishes_what_was_asked_before(make_store: Any) -> None:
    store = make_store()
    await store.open()
    job = a_job()
    asked = [*(store.add([a_job()]) for _ in range(50)), store.add([job]), store.job(job.id)]
    closed = store.close()
    assert (await gatherResults(asked))[-1] == job
    await closed
    await store.close()
