"""Steps of single jobs and runs, as people ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import NoSuchJob, NotPossible
from jqengine.job import Job, Outcome, Schedule, Step, Syntax
from jqengine.lifecycle import JOB_TRANSITIONS, JobEvent, JobState, RunState

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end, new_id

LATER = Schedule(syntax=Syntax.EVERY, text="1h", zone="UTC")


def a_step(job: Job | str, event: JobEvent, **said: Any) -> Step:
    job_id = job if isinstance(job, str) else job.id
    if event is JobEvent.REPLACE:
        said = {"due": NOW + 3600, "schedule": LATER, **said}
    if event is JobEvent.RESUME:
        said = {"due": NOW + 60, **said}
    return Step(job_id, event, reason=f"{event} on request", **said)


STEPS = (JobEvent.CANCEL, JobEvent.PAUSE, JobEvent.RESUME, JobEvent.REPLACE)


async def _in_state(store: Any, state: JobState) -> Job:
    """A named job that has come to *state* in an ordinary way."""
    job = a_job("sync")
    await store.add([job])
    if state is JobState.PAUSED:
        await store.steer(a_step(job, JobEvent.PAUSE), NOW)
    elif state is JobState.CANCELLED:
        await store.steer(a_step(job, JobEvent.CANCEL), NOW)
    elif state in (JobState.REMOVED, JobState.FINISHED):
        over = state is JobState.FINISHED
        await store.fire([a_firing(job, next_due=None if over else NOW + 9, exhausted=over)], NOW)
        (run,) = await store.claim(OWNER, NOW, 1, LEASE)
        await store.record([an_end(run, 404, remove="404")])
    elif state is JobState.RETIRED:
        pytest.skip("only a crontab's job is retired")
    found = await store.job(job.id)
    assert found is not None
    assert found.state is state
    return found


@ensureDeferred
@pytest.mark.parametrize("event", STEPS)
@pytest.mark.parametrize("state", [one for one in JobState if one is not JobState.RETIRED])
async def test_every_step_from_every_state(store: Any, state: JobState, event: JobEvent) -> None:
    job = await _in_state(store, state)
    after = JOB_TRANSITIONS.get((state, event))
    there_already = (
        state in {to for (_, cause), to in JOB_TRANSITIONS.items() if cause is event}
        and event is not JobEvent.REPLACE
    )
    if after is None and there_already:
        assert await store.steer(a_step(job, event), NOW) == job
        assert await store.job(job.id) == job
    elif after is None:
        with pytest.raises(NotPossible, match=f"^sync is {state} and cannot be "):
            await store.steer(a_step(job, event), NOW)
        assert await store.job(job.id) == job
    else:
        answer = await store.steer(a_step(job, event), NOW)
        assert answer.state is after
        assert await store.job(job.id) == answer


@ensureDeferred
async def test_a_paused_job_does_not_fire_and_a_resumed_one_does(store: Any) -> None:
    job = await _in_state(store, JobState.PAUSED)
    assert job.due == NOW
    assert await store.due_jobs(NOW, 10) == []
    resumed = await store.steer(a_step(job, JobEvent.RESUME, due=NOW + 60), NOW)
    assert (resumed.due, resumed.reason) == (NOW + 60, "")
    assert [one.id for one, _ in await store.due_jobs(NOW + 60, 10)] == [job.id]


@ensureDeferred
async def test_cancelling_takes_the_runs_that_have_not_begun_with_it(store: Any) -> None:
    job = a_job("sync")
    await store.add([job])
    await store.fire([a_firing(job, NOW, NOW + 1, NOW + 2, held=True)], NOW)
    (running,) = await store.claim(OWNER, NOW + 5, 1, LEASE)
    cancelled = await store.steer(a_step(job, JobEvent.CANCEL), NOW + 6)
    assert (cancelled.due, cancelled.reason) == (None, "cancel on request")
    states = {run.due: run.state for run in await store.runs(job.id, 10)}
    assert states == {
        NOW: RunState.RUNNING, NOW + 1: RunState.CANCELLED, NOW + 2: RunState.CANCELLED,
    }  # fmt: skip
    assert await store.record([an_end(running, 200)]) == [True]
    assert await store.claim(OWNER, NOW + 99, 9, LEASE) == []
    found = await store.job(job.id)
    assert found is not None
    assert found.state is JobState.CANCELLED


@ensureDeferred
async def test_another_time_begins_anew(store: Any) -> None:
    job = a_job("sync", times=1)
    await store.add([job])
    await store.fire([a_firing(job, next_due=None, exhausted=True)], NOW)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([an_end(run, 200)])
    answer = await store.steer(a_step(job, JobEvent.REPLACE), NOW + 1)
    assert answer.definition.schedule == LATER
    assert (answer.state, answer.due, answer.anchor, answer.fired) == (
        JobState.SCHEDULED, NOW + 3600, NOW + 3600, 0,
    )  # fmt: skip
    # It is no longer exhausted: the end of a run does not finish it.
    await store.fire([a_firing(answer, next_due=NOW + 7200)], NOW + 3600)
    (run,) = await store.claim(OWNER, NOW + 3600, 1, LEASE)
    await store.record([an_end(run, 200)])
    found = await store.job(job.id)
    assert found is not None
    assert found.state is JobState.SCHEDULED


@ensureDeferred
async def test_a_paused_job_given_another_time_stays_paused_for_the_same_reason(
    store: Any,
) -> None:
    job = await _in_state(store, JobState.PAUSED)
    answer = await store.steer(a_step(job, JobEvent.REPLACE), NOW)
    assert (answer.state, answer.reason) == (JobState.PAUSED, job.reason)


@ensureDeferred
async def test_a_job_cannot_come_back_while_another_holds_its_key(store: Any) -> None:
    first, second = a_job("one", key="k"), a_job("two", key="k")
    await store.add([first])
    await store.steer(a_step(first, JobEvent.CANCEL), NOW)
    assert list(await store.add([second])) == [second]
    with pytest.raises(NotPossible, match=f"job {second.id} holds its key 'k'"):
        await store.steer(a_step(first, JobEvent.REPLACE), NOW)
    assert (await store.job(first.id)).state is JobState.CANCELLED


@ensureDeferred
async def test_an_anonymous_job_is_cancelled_until_it_is_claimed(store: Any) -> None:
    waiting, claimed = a_job(), a_job()
    await store.add([claimed])
    await store.claim(OWNER, NOW, 1, LEASE)
    await store.add([waiting])
    answer = await store.steer(a_step(waiting, JobEvent.CANCEL), NOW)
    assert (answer.state, answer.reason) == (JobState.CANCELLED, "cancel on request")
    assert await store.steer(a_step(waiting, JobEvent.CANCEL), NOW) == answer
    assert await store.job(waiting.id) == answer
    assert await store.claim(OWNER, NOW, 9, LEASE) == []
    with pytest.raises(NotPossible, match="GET / is running and cannot be cancelled"):
        await store.steer(a_step(claimed, JobEvent.CANCEL), NOW)


@ensureDeferred
async def test_an_anonymous_job_is_given_another_time_until_it_is_claimed(store: Any) -> None:
    job = a_job()
    await store.add([job])
    answer = await store.steer(a_step(job, JobEvent.REPLACE), NOW)
    assert (answer.due, answer.definition.schedule) == (NOW + 3600, LATER)
    assert await store.job(job.id) == answer
    assert await store.claim(OWNER, NOW + 3599, 9, LEASE) == []
    (run,) = await store.claim(OWNER, NOW + 3600, 9, LEASE)
    assert run.due == NOW + 3600
    with pytest.raises(NotPossible, match="is running and cannot be given another time"):
        await store.steer(a_step(job, JobEvent.REPLACE), NOW)
    await store.record([a_retry(run, 503, ready=NOW + 4000)])
    with pytest.raises(NotPossible, match="has begun and cannot be given another time"):
        await store.steer(a_step(job, JobEvent.REPLACE), NOW)


@ensureDeferred
@pytest.mark.parametrize("event", [JobEvent.PAUSE, JobEvent.RESUME])
async def test_an_anonymous_job_is_not_paused(store: Any, event: JobEvent) -> None:
    job = a_job()
    await store.add([job])
    with pytest.raises(NotPossible, match="is due once and has no name"):
        await store.steer(a_step(job, event), NOW)


@ensureDeferred
async def test_nobody_is_steered(store: Any) -> None:
    for call in (
        store.steer(a_step("0" * 26, JobEvent.CANCEL), NOW),
        store.run_now("0" * 26, new_id(NOW), NOW),
        store.reopen("0" * 26, NOW),
        store.body("0" * 26, 1, 0, 10),
    ):
        with pytest.raises(NoSuchJob, match="0" * 26):
            await call


@ensureDeferred
async def test_a_step_that_fails_harms_no_other_call(store: Any) -> None:
    job = a_job("sync")
    adding = store.add([job])
    failing = store.steer(a_step("0" * 26, JobEvent.CANCEL), NOW)
    counting = store.stats(NOW)
    assert list(await adding) == [job]
    with pytest.raises(NoSuchJob):
        await failing
    assert (await counting)["due"] == 1


@ensureDeferred
async def test_run_now_makes_a_run_and_leaves_the_schedule(store: Any) -> None:
    job = a_job("sync", due=NOW + 100, body=b"x" * 10_000)
    await store.add([job])
    run = await store.run_now(job.id, run_id := new_id(NOW), NOW + 5)
    assert (run.id, run.job_id, run.due, run.state) == (run_id, job.id, NOW + 5, RunState.WAITING)
    assert run.request == job.definition.request
    assert await store.job(job.id) == job
    assert await store.run_now(job.id, run_id, NOW + 6) == run
    other = await store.run_now(job.id, new_id(NOW), NOW + 5)
    assert other.due > run.due
    claimed = await store.claim(OWNER, NOW + 5, 9, LEASE)
    assert {one.id for one in claimed} == {run.id, other.id}


@ensureDeferred
@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.REMOVED, JobState.FINISHED])
async def test_run_now_of_a_job_that_rests(store: Any, state: JobState) -> None:
    job = await _in_state(store, state)
    run = await store.run_now(job.id, new_id(NOW), NOW + 50)
    (claimed,) = await store.claim(OWNER, NOW + 50, 9, LEASE)
    assert claimed.id == run.id
    assert await store.record([an_end(claimed, 500, remove="500")]) == [True]
    expected = JobState.FINISHED if state is JobState.FINISHED else JobState.REMOVED
    assert (await store.job(job.id)).state is expected


@ensureDeferred
async def test_run_now_of_a_cancelled_job_is_refused(store: Any) -> None:
    job = await _in_state(store, JobState.CANCELLED)
    with pytest.raises(NotPossible, match="sync is cancelled and does not run any more"):
        await store.run_now(job.id, new_id(NOW), NOW)


@ensureDeferred
async def test_run_now_brings_an_anonymous_job_forward(store: Any) -> None:
    job = a_job(due=NOW + 1000)
    await store.add([job])
    run = await store.run_now(job.id, new_id(NOW), NOW + 5)
    assert (run.id, run.due) == (job.id, NOW + 5)
    assert (await store.job(job.id)).due == NOW + 5
    (claimed,) = await store.claim(OWNER, NOW + 5, 9, LEASE)
    with pytest.raises(NotPossible, match="is running"):
        await store.run_now(job.id, new_id(NOW), NOW + 6)
    await store.record([an_end(claimed, 200)])
    with pytest.raises(NotPossible, match="finished; an ended run can be retried"):
        await store.run_now(job.id, new_id(NOW), NOW + 7)


@ensureDeferred
async def test_run_now_ends_the_wait_for_another_attempt(store: Any) -> None:
    job = a_job()
    await store.add([job])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([a_retry(run, 503, ready=NOW + 600)])
    again = await store.run_now(job.id, new_id(NOW), NOW + 5)
    assert (again.due, again.ready, again.attempt) == (NOW, NOW + 5, 1)
    (run,) = await store.claim(OWNER, NOW + 5, 1, LEASE)
    assert run.attempt == 2


@ensureDeferred
@pytest.mark.parametrize("name", [None, "sync"])
@pytest.mark.parametrize("status", [200, 404])
async def test_a_reopened_run_has_one_more_attempt_and_keeps_its_results(
    store: Any, name: str | None, status: int
) -> None:
    job = a_job(name)
    await store.add([job])
    if name:
        await store.fire([a_firing(job)], NOW)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([an_end(run, status)])
    reopened = await store.reopen(run.id, NOW + 50)
    assert (reopened.state, reopened.ready, reopened.attempt) == (RunState.WAITING, NOW + 50, 1)
    assert [result.status for _, result in await store.results(run.id)] == [status]
    assert await store.reopen(run.id, NOW + 60) == reopened
    assert await store.claim(OWNER, NOW + 49, 9, LEASE) == []
    (again,) = await store.claim(OWNER, NOW + 50, 9, LEASE)
    assert again.attempt == 2
    assert await store.record([an_end(again, 201)]) == [True]
    found = await store.results(run.id)
    assert [(number, result.status) for number, result in found] == [(1, status), (2, 201)]
    assert (await store.runs(job.id, 1))[0].state is RunState.FINISHED


@ensureDeferred
async def test_only_what_has_ended_is_reopened(store: Any) -> None:
    job = a_job()
    await store.add([job])
    assert (await store.reopen(job.id, NOW)).state is RunState.WAITING
    await store.claim(OWNER, NOW, 1, LEASE)
    with pytest.raises(NotPossible, match="is running; only an ended one is retried"):
        await store.reopen(job.id, NOW)


@ensureDeferred
async def test_a_body_in_pieces_of_any_attempt(store: Any) -> None:
    job = a_job()
    await store.add([job])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([_saying(b"first", a_retry(run, 503, ready=NOW))])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.record([_saying(bytes(range(256)) * 1000, an_end(run))])
    assert await store.body(run.id, 1, 1, 3) == (b"irs", 5)
    assert await store.body(run.id, 2, 255_990, 100) == (bytes(range(246, 256)), 256_000)
    assert await store.body(run.id, 2, 256_000, 100) == (b"", 256_000)
    with pytest.raises(NoSuchJob, match="no result of attempt 3"):
        await store.body(run.id, 3, 0, 100)


def _saying(body: bytes, outcome: Outcome) -> Outcome:
    return outcome._replace(result=outcome.result._replace(body=body))
