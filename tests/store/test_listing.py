"""Pages of jobs and runs."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import BadValue
from jqengine.job import Job, Step
from jqengine.lifecycle import JobEvent, JobState, RunState
from jqengine.queries import JobFilter, JobOrder, Pattern, RunFilter
from jqengine.store import paging

from .values import LEASE, NOW, OWNER, a_firing, a_job, an_end

ALL = JobFilter()


async def _all_jobs(
    store: Any, wanted: JobFilter = ALL, order: JobOrder = JobOrder.NEWEST, limit: int = 3
) -> list[Job]:
    """Every page, one after the other."""
    found: list[Job] = []
    after: str | None = None
    for _ in range(100):
        page = await store.find_jobs(wanted, order, after, limit)
        assert len(page.items) <= limit
        found += page.items
        after = page.after
        if after is None:
            return found
    raise AssertionError("the list does not end")


async def _some_jobs(store: Any) -> dict[str, Job]:
    """Jobs of every kind, the oldest first; the letters are their targets."""
    jobs = {
        "a": a_job("alpha", target="/a", user="alice", due=NOW + 50),
        "b": a_job(target="/b", due=NOW + 40, priority=5),
        "c": a_job("Alphabet", target="/c", origin="crontab", due=NOW + 30),
        "d": a_job(target="/d", user="alice", due=NOW + 20),
        "e": a_job("beta", target="/d/e", due=NOW + 10),
        "f": a_job(target="/D", due=NOW + 20),
        "g": a_job(target="/g", due=NOW + 5, priority=-1),
    }
    for job in jobs.values():
        await store.add([job])
    await store.steer(Step(jobs["e"].id, JobEvent.PAUSE), NOW)
    await store.steer(Step(jobs["f"].id, JobEvent.CANCEL), NOW)
    return jobs


def _letters(jobs: dict[str, Job], found: list[Job]) -> str:
    letter_of = {job.id: letter for letter, job in jobs.items()}
    return "".join(letter_of[job.id] for job in found)


@ensureDeferred
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_every_job_is_on_one_page_the_newest_first(store: Any, limit: int) -> None:
    jobs = await _some_jobs(store)
    assert _letters(jobs, await _all_jobs(store, limit=limit)) == "gfedcba"


@ensureDeferred
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_by_due_time_the_soonest_first(store: Any, limit: int) -> None:
    jobs = await _some_jobs(store)
    found = await _all_jobs(store, order=JobOrder.DUE, limit=limit)
    assert _letters(jobs, found) == "gdcba"


@ensureDeferred
async def test_due_at_the_same_instant(store: Any) -> None:
    jobs = [a_job(due=NOW + 7) for _ in range(10)] + [a_job(f"n{n}", due=NOW + 7) for n in range(5)]
    await store.add(jobs)
    found = await _all_jobs(store, order=JobOrder.DUE, limit=4)
    assert [job.id for job in found] == sorted(job.id for job in jobs)


@ensureDeferred
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"states": frozenset({JobState.SCHEDULED})}, "gdcba"),
        ({"states": frozenset({JobState.PAUSED})}, "e"),
        ({"states": frozenset({JobState.CANCELLED})}, "f"),
        ({"states": frozenset({JobState.PAUSED, JobState.CANCELLED})}, "fe"),
        ({"states": frozenset({JobState.REMOVED})}, ""),
        ({"name": Pattern.parse("alpha")}, "a"),
        ({"name": Pattern.parse("alpha*")}, "a"),
        ({"name": Pattern.parse("*")}, "eca"),
        ({"name": Pattern.parse("al%")}, ""),
        ({"target": Pattern.parse("/d*")}, "ed"),
        ({"target": Pattern.parse("/d")}, "d"),
        ({"target": Pattern.parse("*")}, "gfedcba"),
        ({"user": "alice"}, "da"),
        ({"origin": "crontab"}, "c"),
        ({"user": "alice", "states": frozenset({JobState.SCHEDULED})}, "da"),
        ({"user": "alice", "target": Pattern.parse("/a*")}, "a"),
    ],
)
async def test_filters_combine(store: Any, wanted: dict[str, Any], expected: str) -> None:
    jobs = await _some_jobs(store)
    assert _letters(jobs, await _all_jobs(store, JobFilter(**wanted))) == expected
    by_due = await _all_jobs(store, JobFilter(**wanted), JobOrder.DUE)
    assert sorted(_letters(jobs, by_due)) == sorted(set(expected) - set("ef"))


@ensureDeferred
async def test_a_listed_job_is_whole_but_for_its_body(store: Any) -> None:
    jobs = [a_job("sync", body=b"x" * 9000, user="alice", attempts=7), a_job(body=b"y")]
    await store.add(jobs)
    for found in (await store.find_jobs(ALL, JobOrder.NEWEST, None, 9)).items:
        job = await store.job(found.id)
        assert job is not None
        request = job.definition.request
        assert found.definition.request == type(request)(
            method=request.method, target=request.target, user=request.user
        )
        assert (found.state, found.due, found.definition.policy) == (
            job.state, job.due, job.definition.policy,
        )  # fmt: skip


@ensureDeferred
@pytest.mark.parametrize(
    ("order", "after"), [(JobOrder.DUE, "x"), (JobOrder.DUE, "x,y"), (JobOrder.DUE, "12")]
)
async def test_a_place_that_is_none_is_refused(store: Any, order: JobOrder, after: str) -> None:
    with pytest.raises(BadValue, match="no page ends at"):
        await store.find_jobs(ALL, order, after, 10)
    with pytest.raises(BadValue, match="no page ends at"):
        await store.find_runs(RunFilter(job_id="0" * 26), "x", 10)


@ensureDeferred
async def test_few_among_many_come_in_short_pages(
    sqlite_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_LOOKED_AT", 10)
    jobs = [a_job(user="bob" if n % 37 == 0 else None) for n in range(100)]
    await sqlite_store.add(jobs)
    wanted = JobFilter(user="bob")
    first = await sqlite_store.find_jobs(wanted, JobOrder.NEWEST, None, 50)
    assert first.items == []
    assert first.after is not None
    found = await _all_jobs(sqlite_store, wanted, limit=50)
    assert [job.id for job in found] == [job.id for job in reversed(jobs[::37])]
    assert len(await _all_jobs(sqlite_store, limit=50)) == 100


@ensureDeferred
async def test_runs_of_one_job_and_of_all(store: Any) -> None:
    job, alone = a_job("sync"), a_job()
    await store.add([job, alone])
    await store.fire([a_firing(job, *(NOW - n for n in range(7)), next_due=NOW + 9)], NOW)
    claimed = await store.claim(OWNER, NOW, 4, LEASE)
    await store.record([an_end(claimed[0], 200), an_end(claimed[1], 500)])
    of_job = RunFilter(job_id=job.id)
    found, after = [], None
    while True:
        page = await store.find_runs(of_job, after, 3)
        found += page.items
        after = page.after
        if after is None:
            break
    assert [one.run.due for one in found] == [NOW - n for n in range(7)]
    everything = await store.find_runs(RunFilter(), None, 100)
    ids = [one.run.id for one in everything.items]
    assert ids == sorted(ids, reverse=True)
    assert set(ids) == {alone.id, *(one.run.id for one in found)}
    second = await store.find_runs(RunFilter(), ids[0], 100)
    assert [one.run.id for one in second.items] == ids[1:]
    (one,) = (await store.find_runs(RunFilter(job_id=alone.id), None, 10)).items
    assert one.run.id == alone.id


@ensureDeferred
async def test_runs_in_some_states_with_how_they_ended(store: Any) -> None:
    jobs = [a_job(body=b"z") for _ in range(4)]
    await store.add(jobs)
    claimed = await store.claim(OWNER, NOW, 3, LEASE)
    ends = [an_end(claimed[0], 200), an_end(claimed[1], 500)]
    await store.record(ends)
    (failed,) = (
        await store.find_runs(RunFilter(states=frozenset({RunState.FAILED})), None, 9)
    ).items
    result = ends[1].result
    assert failed[1:] == (500, result.reason, result.started, result.finished)
    assert failed.run.request.body == b""
    (waiting,) = (
        await store.find_runs(RunFilter(states=frozenset({RunState.WAITING})), None, 9)
    ).items
    assert (waiting.status, waiting.finished) == (None, None)
    both = frozenset({RunState.FAILED, RunState.FINISHED})
    assert len((await store.find_runs(RunFilter(states=both), None, 9)).items) == 2
