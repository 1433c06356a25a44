"""What becomes of a job whose key an unfinished job holds."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import KeyHeld
from jqengine.job import Duplicate, Job, Overlap, Request, Schedule, Step, Syntax
from jqengine.lifecycle import JobEvent, JobState, RunState

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end

LATER = NOW + 100
AFTER = Schedule(syntax=Syntax.AFTER, text="100s", zone="UTC")


def keyed(duplicate: Duplicate = Duplicate.FIRST, **said: Any) -> Job:
    return a_job(**{"key": "k", "duplicate": duplicate} | said)


async def _put(store: Any, *jobs: Job) -> list[Job]:
    return list(await store.add(jobs))


async def _fire(store: Any, job: Job, now: float = NOW) -> None:
    found = await store.job(job.id)
    assert await store.fire([a_firing(found, next_due=None)], now) == 1


async def _ran(store: Any, now: float) -> list[str]:
    """What is asked of the application by *now*."""
    for job, _ in await store.due_jobs(now, 9):
        await store.fire([a_firing(job, next_due=None)], now)
    runs = await store.claim(OWNER, now, 9, LEASE)
    await store.record([an_end(run) for run in runs])
    return [run.request.target for run in runs]


@ensureDeferred
async def test_the_first_is_the_answer_unless_said(store: Any) -> None:
    holder = keyed(target="/one")
    await _put(store, holder)
    assert await _put(store, keyed(target="/two", due=LATER)) == [holder]
    assert await _ran(store, LATER) == ["/one"]


@ensureDeferred
async def test_a_replacement_keeps_the_id_and_the_due_time(store: Any) -> None:
    holder = keyed(target="/one", due=LATER, priority=3)
    await _put(store, holder)
    new = keyed(Duplicate.REPLACE, target="/two", body=b"x" * 9000, due=NOW, sinks=("stdout:",))
    (job,) = await _put(store, new)
    assert (job.id, job.due, job.anchor) == (holder.id, LATER, LATER)
    said = new.definition
    assert job.definition.request == said.request
    assert (job.definition.policy, job.definition.sinks) == (said.policy, ("stdout:",))
    assert job.definition.schedule == holder.definition.schedule
    assert await store.job(holder.id) == job
    assert await store.job(new.id) is None
    assert await _ran(store, LATER) == ["/two"]


@ensureDeferred
async def test_each_debounce_puts_the_run_off(store: Any) -> None:
    first = keyed(Duplicate.DEBOUNCE, target="/1", due=NOW + 30)
    await _put(store, first)
    for seconds in (40, 50):
        new = keyed(Duplicate.DEBOUNCE, target=f"/{seconds}", due=NOW + seconds, schedule=AFTER)
        (job,) = await _put(store, new)
        assert (job.id, job.due, job.definition.schedule) == (first.id, NOW + seconds, AFTER)
    assert await _ran(store, NOW + 45) == []
    assert await _ran(store, NOW + 50) == ["/50"]
    assert await _ran(store, NOW + 500) == []
    (again,) = await _put(store, keyed(Duplicate.DEBOUNCE, due=NOW + 600))
    assert again.id != first.id, "the other one is finished"


@ensureDeferred
@pytest.mark.parametrize("duplicate", [Duplicate.REPLACE, Duplicate.DEBOUNCE])
async def test_the_same_call_again_changes_nothing(store: Any, duplicate: Duplicate) -> None:
    holder = keyed(due=LATER)
    new = keyed(duplicate, target="/two", due=LATER + 5)
    await _put(store, holder, new)
    before = await store.job(holder.id)
    assert await _put(store, new) == [before]
    late = a_job(id=new.id, key="k", duplicate=duplicate, due=LATER + 50)
    assert await _put(store, late) == [before], "its time is read anew when it comes again"
    assert await _put(store, holder) == [before]


@ensureDeferred
async def test_who_wants_to_be_refused_is_and_nothing_of_the_call_happens(store: Any) -> None:
    holder = keyed(due=LATER)
    await _put(store, holder)
    others = [a_job(due=LATER), a_job("named", due=LATER), keyed(key="other", due=LATER)]
    with pytest.raises(KeyHeld, match=f"job {holder.id}, GET /, holds the key 'k'"):
        await _put(store, *others, keyed(Duplicate.REJECT))
    assert [await store.job(job.id) for job in others] == [None] * 3
    accepted = keyed(Duplicate.REJECT, key="free", due=LATER)
    assert await _put(store, accepted) == [accepted]
    assert await _put(store, accepted) == [accepted], "it does not refuse itself"


@ensureDeferred
@pytest.mark.parametrize("duplicate", [Duplicate.REPLACE, Duplicate.DEBOUNCE])
async def test_a_line_of_a_crontab_is_not_changed(store: Any, duplicate: Duplicate) -> None:
    line = a_job("line", key="k", origin="crontab", due=LATER)
    await _put(store, line)
    with pytest.raises(KeyHeld, match="line, a line of the crontab, holds the key 'k'"):
        await _put(store, keyed(duplicate))
    assert await _put(store, keyed()) == [line]


@ensureDeferred
async def test_a_name_is_not_taken_away(store: Any) -> None:
    named = a_job("one", key="k", due=LATER, overlap=Overlap.QUEUE)
    await _put(store, named)
    with pytest.raises(KeyHeld, match="one, holds the key 'k', not two"):
        await _put(store, a_job("two", key="k", duplicate=Duplicate.REPLACE))
    (job,) = await _put(store, keyed(Duplicate.REPLACE, target="/two"))
    assert (job.id, job.definition.name, job.due) == (named.id, "one", LATER)
    (job,) = await _put(store, a_job("one", key="k", duplicate=Duplicate.REJECT, due=LATER))
    assert job.id == named.id, "its own name replaces it as ever"


@ensureDeferred
@pytest.mark.parametrize("held", [False, True])
async def test_a_run_that_waits_gets_the_new_request(store: Any, held: bool) -> None:
    holder = keyed(target="/one", overlap=Overlap.QUEUE)
    await _put(store, holder)
    if held:
        await store.fire([a_firing(holder, NOW, NOW + 1, next_due=None, held=True)], NOW + 1)
    else:
        await _fire(store, holder)
    new = keyed(Duplicate.REPLACE, target="/two", body=b"y" * 9000, priority=-1, group="g")
    (job,) = await _put(store, new)
    assert (job.id, job.due, job.state) == (holder.id, None, JobState.SCHEDULED)
    assert await _ran(store, NOW + 1) == ["/two"]
    assert await _ran(store, NOW + 1) == (["/two"] if held else [])
    assert (await store.job(holder.id)).state is JobState.FINISHED


@ensureDeferred
async def test_a_run_that_waits_is_put_off(store: Any) -> None:
    holder = keyed(target="/one")
    await _put(store, holder)
    await _fire(store, holder)
    (job,) = await _put(store, keyed(Duplicate.DEBOUNCE, target="/two", due=LATER))
    assert (job.id, job.due) == (holder.id, LATER)
    (run,) = await store.runs(holder.id, 9)
    assert run.state is RunState.CANCELLED
    assert await _ran(store, NOW + 50) == []
    assert await _ran(store, LATER) == ["/two"]
    assert (await store.job(holder.id)).state is JobState.FINISHED


@ensureDeferred
@pytest.mark.parametrize("duplicate", [Duplicate.REPLACE, Duplicate.DEBOUNCE])
@pytest.mark.parametrize("again", [False, True])
async def test_a_run_under_way_is_left_alone_and_the_new_one_follows(
    store: Any, duplicate: Duplicate, again: bool
) -> None:
    holder = keyed(target="/one")
    await _put(store, holder)
    await _fire(store, holder)
    (run,) = await store.claim(OWNER, NOW, 9, LEASE)
    if again:
        await store.record([a_retry(run, ready=NOW + 30)])
    (job,) = await _put(store, keyed(duplicate, target="/two", due=LATER))
    assert (job.id, job.due, job.fired) == (holder.id, LATER, 0)
    if again:
        (run,) = await store.claim(OWNER, NOW + 30, 9, LEASE)
    assert run.request.target == "/one"
    assert list(await store.record([an_end(run)])) == [True]
    assert (await store.job(holder.id)).state is JobState.SCHEDULED
    assert await _ran(store, LATER) == ["/two"]
    assert (await store.job(holder.id)).state is JobState.FINISHED


@ensureDeferred
async def test_what_follows_at_the_very_instant_is_not_lost(store: Any) -> None:
    holder = keyed(target="/one")
    await _put(store, holder)
    await _fire(store, holder)
    (run,) = await store.claim(OWNER, NOW, 9, LEASE)
    await _put(store, keyed(Duplicate.REPLACE, target="/two", due=NOW))
    await store.record([an_end(run)])
    assert await _ran(store, NOW + 1) == ["/two"]


@ensureDeferred
async def test_a_paused_holder_stays_paused(store: Any) -> None:
    holder = keyed(due=LATER)
    await _put(store, holder)
    await store.steer(Step(holder.id, JobEvent.PAUSE, reason="on request"), NOW)
    (job,) = await _put(store, keyed(Duplicate.DEBOUNCE, due=LATER + 5))
    assert (job.state, job.due) == (JobState.PAUSED, LATER + 5)


@ensureDeferred
async def test_one_key_several_times_in_one_call(store: Any) -> None:
    jobs = [
        keyed(due=LATER, target="/1"),
        keyed(Duplicate.REPLACE, due=NOW, target="/2"),
        keyed(Duplicate.DEBOUNCE, due=LATER + 5, target="/3"),
        keyed(due=NOW, target="/4"),
    ]
    answers = await _put(store, *jobs)
    assert {job.id for job in answers} == {jobs[0].id}
    assert await _ran(store, LATER) == []
    assert await _ran(store, LATER + 5) == ["/3"]


@ensureDeferred
async def test_long_bodies_of_what_was_replaced_are_forgotten(sqlite_store: Any) -> None:
    for number in range(3):
        job = keyed(Duplicate.REPLACE, due=LATER, body=bytes([number]) * 9000)
        await _put(sqlite_store, job)
    found = await sqlite_store.job((await sqlite_store.due_jobs(LATER, 1))[0][0].id)
    assert found.definition.request == Request(target="/", body=bytes([2]) * 9000)
    count = await sqlite_store._writer.submit(
        lambda connection: connection.exec_driver_sql("SELECT count(*) FROM bodies").scalar()
    )
    assert count == 1
