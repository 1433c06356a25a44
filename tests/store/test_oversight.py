"""Close looks and corrections, the same of every store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.delivery import Dispatch, NewDelivery
from jqengine.errors import NoSuchJob, NotPossible
from jqengine.job import Definition, Job, Schedule, Step, Syntax
from jqengine.lifecycle import DeliveryState, JobEvent, JobState, RunState
from jqengine.queries import Amended, DeliveryFilter, Pattern, RunFilter, RunOrder, StatusRange

from .values import LEASE, NOW, OWNER, a_firing, a_job, an_end

LONG = b"0123456789" * 1000


def changed(job: Job, **request: Any) -> Definition:
    """The definition of *job*, its request changed."""
    return replace(job.definition, request=replace(job.definition.request, **request))


@ensureDeferred
async def test_all_that_is_known_of_a_run(store: Any) -> None:
    job = a_job(body=LONG)
    await store.add([job])
    waiting = await store.run_account(job.id)
    assert (waiting.body_size, waiting.node, waiting.report.status) == (len(LONG), None, None)
    assert waiting.report.run.request.body == b""
    [run] = await store.claim(OWNER, NOW, 1, LEASE)
    running = await store.run_account(job.id)
    assert (running.node, running.boot) == OWNER
    assert running.lease_until == NOW + LEASE
    await store.record([an_end(run, 500)])
    ended = await store.run_account(job.id)
    assert (ended.report.run.state, ended.report.status, ended.node) == ("failed", 500, OWNER.node)
    assert await store.run_account("f" * 26) is None


@ensureDeferred
@pytest.mark.parametrize("body", [b"short", LONG, b""])
async def test_a_piece_of_a_requests_body(store: Any, body: bytes) -> None:
    alone, named = a_job(body=body), a_job("sync", body=body)
    await store.add([alone, named])
    for job in (alone, named):
        assert await store.request_body(job.id, 0, 3) == (body[:3], len(body))
        assert await store.request_body(job.id, 4, 9) == (body[4:13], len(body))
    with pytest.raises(NoSuchJob, match="no run and no job has the id"):
        await store.request_body("f" * 26, 0, 9)


@ensureDeferred
@pytest.mark.parametrize("name", ["sync", None])
async def test_a_job_gets_another_definition_and_keeps_its_time(
    store: Any, name: str | None
) -> None:
    job = a_job(name, body=LONG)
    await store.add([job])
    [held] = [await store.job(job.id)]
    new = changed(held, method="POST", target="/new", body=b"n" * 5000)
    after = await store.amend(job.id, held.definition, Amended(new, None), NOW)
    assert (after.definition, after.due, after.id) == (new, job.due, job.id)
    assert await store.job(job.id) == after
    with pytest.raises(NotPossible, match="was changed meanwhile"):
        await store.amend(job.id, held.definition, Amended(held.definition, None), NOW)


@ensureDeferred
async def test_a_job_gets_another_time(store: Any) -> None:
    job = a_job("sync")
    await store.add([job])
    schedule = Schedule(syntax=Syntax.EVERY, text="9s", zone="UTC")
    new = replace(job.definition, schedule=schedule)
    after = await store.amend(job.id, job.definition, Amended(new, (NOW, NOW + 9)), NOW)
    assert (after.due, after.anchor, after.created, after.fired) == (NOW + 9, NOW + 9, NOW, 0)
    await store.steer(Step(job.id, JobEvent.CANCEL, reason="x"), NOW)
    with pytest.raises(NotPossible, match="is cancelled; give it another time as well"):
        await store.amend(job.id, new, Amended(changed(after, target="/z"), None), NOW)
    again = await store.amend(job.id, new, Amended(new, (NOW, NOW + 5)), NOW)
    assert (again.state, again.due) == (JobState.SCHEDULED, NOW + 5)


@ensureDeferred
async def test_a_one_time_job_that_has_begun_stays_as_it_is(store: Any) -> None:
    job = a_job()
    await store.add([job])
    every = replace(job.definition, schedule=Schedule(syntax=Syntax.EVERY, text="9s", zone="UTC"))
    with pytest.raises(NotPossible, match="is due once; schedule another job"):
        await store.amend(job.id, job.definition, Amended(every, (NOW, NOW + 9)), NOW)
    await store.claim(OWNER, NOW, 1, LEASE)
    with pytest.raises(NotPossible, match="is running and cannot be changed"):
        await store.amend(job.id, job.definition, Amended(changed(job), None), NOW)
    with pytest.raises(NoSuchJob):
        await store.amend("f" * 26, job.definition, Amended(job.definition, None), NOW)


@ensureDeferred
async def test_a_key_that_another_holds_is_not_given(store: Any) -> None:
    job, holder = a_job("sync"), a_job("other", key="k")
    await store.add([job, holder])
    policy = replace(job.definition.policy, key="k")
    new = replace(job.definition, policy=policy)
    with pytest.raises(NotPossible, match=f"cannot have the key 'k': job {holder.id} holds it"):
        await store.amend(job.id, job.definition, Amended(new, None), NOW)
    await store.steer(Step(holder.id, JobEvent.CANCEL, reason="x"), NOW)
    assert (await store.amend(job.id, job.definition, Amended(new, None), NOW)).definition == new


@ensureDeferred
async def test_a_run_with_a_changed_request(store: Any) -> None:
    job = a_job("sync", body=LONG)
    await store.add([job])
    request = replace(job.definition.request, target="/other", body=b"z" * 6000)
    run = await store.run_changed(job.id, "f" * 26, request, NOW)
    assert (run.request, run.state, run.ready) == (request, RunState.WAITING, NOW)
    assert await store.run_changed(job.id, "f" * 26, request, NOW + 1) == run
    assert (await store.job(job.id)).definition.request == job.definition.request
    [claimed] = [one for one in await store.claim(OWNER, NOW, 9, LEASE) if one.id == run.id]
    assert claimed.request == request
    await store.steer(Step(job.id, JobEvent.CANCEL, reason="x"), NOW)
    with pytest.raises(NotPossible, match="does not run any more"):
        await store.run_changed(job.id, "d" * 26, request, NOW)


async def _with_deliveries(store: Any) -> tuple[Job, list[str]]:
    """Three results of a job to one sink and one of an anonymous job to another."""
    job, alone = a_job("sync"), a_job()
    await store.add([job, alone])
    await store.fire([a_firing(job, *(NOW - n for n in range(3)), next_due=NOW + 9)], NOW)
    runs = sorted(await store.claim(OWNER, NOW, 9, LEASE), key=lambda run: run.id)
    ids = []
    for number, run in enumerate(runs):
        sink = "file:x" if run.job_id == job.id else "https://hooks.example.org/secret?x=1"
        new = NewDelivery(f"d{number}", sink, sink[:5], False, None)
        ids.append(new.id)
        await store.record([an_end(run, 200)._replace(dispatch=Dispatch((new,)))])
    return job, ids


@ensureDeferred
async def test_deliveries_by_run_job_sink_and_state(store: Any) -> None:
    job, ids = await _with_deliveries(store)

    async def found(**wanted: Any) -> list[str]:
        pages, after = [], None
        while True:
            page = await store.find_deliveries(DeliveryFilter(**wanted), after, 2)
            pages += page.items
            after = page.after
            if after is None:
                return [one.id for one in pages]

    everything = await found()
    assert everything == sorted(ids, reverse=True)
    of_job = await found(job_id=job.id)
    assert len(of_job) == 3
    assert await found(sink="file:x") == of_job
    held = await found(states=frozenset({DeliveryState.HELD}))
    assert len(held) == 2
    [alone] = set(everything) - set(of_job)
    [one] = (await store.find_deliveries(DeliveryFilter(), None, 9)).items[
        everything.index(alone) : everything.index(alone) + 1
    ]
    assert await found(run_id=one.run_id) == [alone]
    assert await found(job_id=one.run_id) == [alone]
    assert await found(states=frozenset({DeliveryState.DEAD})) == []


@ensureDeferred
async def test_what_is_under_way_to_each_sink_and_what_is_dropped(store: Any) -> None:
    from jqengine.delivery import DeliveryEnd

    await _with_deliveries(store)
    claimed = await store.claim_deliveries(OWNER, "file:", NOW + 5, 9, LEASE)
    [one] = claimed.deliveries
    with pytest.raises(NotPossible, match="the delivery is delivering; only a dead one"):
        await store.drop_delivery(one.id)
    ends = [DeliveryEnd(one.id, DeliveryState.DEAD, NOW + 5, "no disk")]
    await store.end_deliveries(OWNER, ends, NOW + 5)
    states = {one.sink: one for one in await store.sink_states()}
    assert "secret" not in "".join(states)
    file = states["file:x"]
    assert (file.pending, file.held, file.dead, file.reason) == (1, 1, 1, "no disk")
    assert await store.drop_delivery(one.id) is True
    assert await store.drop_delivery(one.id) is False
    assert {one.sink: one.dead for one in await store.sink_states()}["file:x"] == 0


@ensureDeferred
async def test_runs_by_how_and_when_they_ended(store: Any) -> None:
    jobs = [a_job(user="bob" if n % 2 else None) for n in range(7)]
    named = a_job("nightly")
    await store.add([*jobs, named])
    await store.fire([a_firing(named, NOW, next_due=NOW + 9)], NOW)
    runs = await store.claim(OWNER, NOW, 99, LEASE)
    ends = []
    for number, run in enumerate(runs[:-1]):
        end = an_end(run, (200, 404, 503)[number % 3])
        ends.append(end._replace(result=end.result._replace(finished=NOW + number // 2)))
    await store.record(ends)

    async def found(**wanted: Any) -> list[Any]:
        pages, after = [], None
        while True:
            asked = RunFilter(**{"order": RunOrder.ENDED, **wanted})
            page = await store.find_runs(asked, after, 2)
            pages += page.items
            after = page.after
            if after is None:
                return pages

    everything = await found()
    places = [(one.finished, one.run.id) for one in everything]
    assert places == sorted(places, reverse=True)
    assert len(places) == len(ends)
    assert {one.status for one in await found(statuses=StatusRange.parse("4xx"))} == {404}
    assert {one.run.state for one in await found(states=frozenset({RunState.FAILED}))} == {"failed"}
    since = await found(since=NOW + 1, until=NOW + 2)
    assert {one.finished for one in since} == {NOW + 1, NOW + 2}
    assert all(one.run.request.user == "bob" for one in await found(user="bob"))
    assert len(await found(node=OWNER.node)) == len(ends)
    assert await found(node="elsewhere") == []
    assert len(await found(name=Pattern.parse("night*"), order=RunOrder.NEWEST)) == 1
    running = await found(states=frozenset({RunState.RUNNING}), order=RunOrder.NEWEST)
    assert [one.run.id for one in running] == [runs[-1].id]
