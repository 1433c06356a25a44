"""``add`` and ``apply``: what gets into the queue, and in whose place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.interfaces import IStore
from jqengine.job import Catchup, Overlap, Schedule, Syntax
from jqengine.lifecycle import JobState, RunState
from jqengine.plan import CrontabPlan
from jqengine.units import Backoff, StatusSet

from .values import LEASE, NOW, OWNER, a_firing, a_job, an_end, new_id

EVERYTHING: dict[str, Any] = {
    "method": "POST",
    "target": "/päth?x=%20&y='\"",
    "headers": (("Accept", "*/*"), ("X-É", "\xff")),
    "body": b"\x00\xff body",
    "user": "älice",
    "protocol": "HTTP/1.1",
    "attempts": 7,
    "backoff": Backoff(1.5, 90.25, jitter=False),
    "timeout": 12.5,
    "remove_on": StatusSet.parse("0,410,500-599"),
    "catchup": Catchup.ALL,
    "catchup_window": 60.5,
    "overlap": Overlap.QUEUE,
    "priority": -3,
    "sinks": ("stdout:", "mailto:a@b?subject=c#on=failure"),
    "syntax": Syntax.AT,
    "text": "4pm + 3 days",
    "zone": "Europe/Paris",
    "times": 4,
    "until": NOW + 1e6,
    "jitter": 2.5,
}


@ensureDeferred
@pytest.mark.parametrize("name", [None, "named"])
@pytest.mark.parametrize("said", [{}, EVERYTHING], ids=["defaults", "everything"])
async def test_a_job_comes_back_as_it_was_accepted(
    store: IStore, name: str | None, said: dict[str, Any]
) -> None:
    job = a_job(name, due=NOW + 0.123456, **said)
    assert list(await store.add([job])) == [job]
    assert await store.job(job.id) == job
    assert await store.job("0" * 26) is None


@ensureDeferred
@pytest.mark.parametrize("size", [0, 4096, 4097, 3_000_000])
@pytest.mark.parametrize("name", [None, "named"])
async def test_a_body_of_any_size_reaches_the_run(
    store: IStore, name: str | None, size: int
) -> None:
    job = a_job(name, body=bytes(index % 251 for index in range(size)))
    await store.add([job])
    assert await store.job(job.id) == job
    if name:
        await store.fire([a_firing(job)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    assert run.request == job.definition.request
    assert list(await store.runs(job.id, 1)) == [run]


@ensureDeferred
async def test_an_anonymous_job_is_a_run_from_the_start(store: IStore) -> None:
    job = a_job(due=NOW + 5, user="bob")
    await store.add([job])
    (run,) = await store.runs(job.id, 10)
    assert (run.id, run.job_id, run.due, run.state) == (job.id, job.id, NOW + 5, RunState.WAITING)
    assert run.request == job.definition.request
    assert await store.due_jobs(NOW + 5, 10) == []


@ensureDeferred
async def test_many_at_once_keep_their_order(store: IStore) -> None:
    jobs = [a_job(None if number % 3 else f"job-{number}") for number in range(170)]
    assert list(await store.add(jobs)) == jobs
    runs = await store.claim(OWNER, NOW, 500, LEASE)
    assert [run.id for run in runs] == [job.id for job in jobs if not job.definition.identity]
    due = [job for job, _ in await store.due_jobs(NOW, 500)]
    assert sorted(job.id for job in due) == [job.id for job in jobs if job.definition.identity]


@ensureDeferred
@pytest.mark.parametrize("name", [None, "named"])
async def test_a_job_sent_again_is_not_added_again(store: IStore, name: str | None) -> None:
    job, other = a_job(name), a_job()
    await store.add([job])
    if name:
        await store.fire([a_firing(job)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 10, LEASE)])
    as_it_is = await store.job(job.id)
    assert as_it_is != job
    assert list(await store.add([other, job])) == [other, as_it_is]
    assert await store.job(job.id) == as_it_is


@ensureDeferred
async def test_a_job_sent_again_after_it_replaced_another_is_not_added_again(
    store: IStore,
) -> None:
    first, second = a_job("name"), a_job("name", due=NOW + 60)
    await store.add([first])
    (answer,) = await store.add([second])
    await store.fire([a_firing(answer, next_due=NOW + 120)], NOW + 60)
    (again,) = await store.add([second])
    assert (again.id, again.due, again.fired) == (first.id, NOW + 120, 1)


@ensureDeferred
async def test_the_same_job_twice_in_one_call_is_added_once(store: IStore) -> None:
    anonymous, named = a_job(), a_job("named")
    answers = await store.add([anonymous, named, anonymous, named])
    assert list(answers) == [anonymous, named, anonymous, named]
    assert len(await store.claim(OWNER, NOW, 10, LEASE)) == 1


@ensureDeferred
async def test_a_known_identity_is_replaced_and_keeps_its_id(store: IStore) -> None:
    old = a_job("name", target="/old", body=b"x" * 5000)
    await store.add([old])
    new = a_job("name", due=NOW + 60, target="/new", created=NOW + 1)
    (answer,) = await store.add([new])
    assert answer == replace(new, id=old.id)
    assert await store.job(old.id) == await store.job_named("name") == answer
    assert await store.job(new.id) is None


@ensureDeferred
async def test_of_two_in_one_call_the_later_one_stays(store: IStore) -> None:
    first, second = a_job("name", target="/first"), a_job("name", target="/second")
    answers = await store.add([first, second])
    assert answers[1] == replace(second, id=first.id)
    assert await store.job_named("name") == answers[1]


@ensureDeferred
async def test_a_replaced_job_keeps_its_last_status_and_starts_to_count_anew(
    store: IStore,
) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    await store.record([an_end(run, 404)])
    (answer,) = await store.add([a_job("name", due=NOW + 60, target="/new")])
    assert (answer.previous_status, answer.fired, answer.due) == (404, 0, NOW + 60)
    assert await store.job(job.id) == answer


@ensureDeferred
async def test_a_replaced_job_does_not_fire_a_due_time_twice(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    assert await store.fire([a_firing(job)], NOW) == 1
    await store.add([a_job("name")])
    assert await store.fire([a_firing(job)], NOW) == 0
    assert len(await store.runs(job.id, 10)) == 1


@ensureDeferred
async def test_a_finished_job_of_that_name_begins_again(store: IStore) -> None:
    job = a_job("name")
    await store.add([job])
    await store.fire([a_firing(job, next_due=None)], NOW)
    await store.record([an_end(run) for run in await store.claim(OWNER, NOW, 10, LEASE)])
    assert (await store.job(job.id)).state is JobState.FINISHED
    (answer,) = await store.add([a_job("name", due=NOW + 60)])
    assert (answer.id, answer.state) == (job.id, JobState.SCHEDULED)
    assert [one.id for one, _ in await store.due_jobs(NOW + 60, 10)] == [job.id]


@ensureDeferred
@pytest.mark.parametrize("name", [None, "second"])
async def test_a_key_is_held_by_one_unfinished_job(store: IStore, name: str | None) -> None:
    first = a_job("first", key="k")
    second, third = a_job(name, key="k", body=b"x" * 5000), a_job(name, key="other")
    assert list(await store.add([first, second, third])) == [first, first, third]
    assert list(await store.add([second])) == [first]
    assert await store.job(second.id) is None


@ensureDeferred
async def test_an_anonymous_job_holds_its_key_until_its_run_has_ended(store: IStore) -> None:
    first, second = a_job(key="k"), a_job(key="k")
    await store.add([first])
    await store.fire([a_firing(first, next_due=None)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    assert run.policy.key == "k"
    assert [job.id for job in await store.add([second])] == [first.id]
    await store.record([an_end(run, 500)])
    assert list(await store.add([second])) == [second]


@ensureDeferred
async def test_a_job_can_change_its_own_key_and_pass_the_old_one_on(store: IStore) -> None:
    first, second = a_job("first", key="k"), a_job("second", key="l")
    await store.add([first, second])
    changed = [a_job("first"), a_job("second", key="k")]
    assert [job.definition.policy.key for job in await store.add(changed)] == [None, "k"]
    (refused,) = await store.add([a_job("first", key="k")])
    assert refused.id == second.id


@ensureDeferred
async def test_a_key_can_pass_from_a_later_job_to_an_earlier_one(store: IStore) -> None:
    first, second = a_job("first"), a_job("second", key="k")
    await store.add([first, second])
    await store.add([a_job("second"), a_job("first", key="k")])
    found = [(await store.job(job.id)).definition.policy.key for job in (first, second)]
    assert found == ["k", None]


@ensureDeferred
async def test_nothing_of_a_call_is_added_when_a_part_cannot_be(sqlite_store: IStore) -> None:
    impossible = a_job("impossible", priority=2**70)
    with pytest.raises(OverflowError):
        await sqlite_store.add([a_job(), a_job("name"), impossible])
    assert await sqlite_store.job_named("name") is None
    assert await sqlite_store.next_ready() is None


@ensureDeferred
async def test_a_plan_adds_replaces_and_retires(store: IStore) -> None:
    stays, changes, goes = (a_job(name, origin="crontab") for name in ("stays", "changes", "goes"))
    await store.apply(CrontabPlan(add=(stays, changes, goes)))
    assert list(await store.crontab_jobs()) == [stays, changes, goes]
    changed = a_job("changes", id=changes.id, due=NOW + 60, target="/new", origin="crontab")
    added = a_job("added", origin="crontab", id=new_id(NOW))
    await store.apply(CrontabPlan(add=(added,), replace=(changed,), retire=(goes.id,)))
    retired = replace(goes, state=JobState.RETIRED, due=None, reason="its crontab line is gone")
    assert list(await store.crontab_jobs()) == [stays, changed, retired, added]
    assert await store.next_ready() == NOW


@ensureDeferred
async def test_other_jobs_are_not_of_the_crontab(store: IStore) -> None:
    await store.add([a_job(), a_job("client")])
    assert list(await store.crontab_jobs()) == []


@ensureDeferred
async def test_a_changed_line_brings_a_removed_job_back(store: IStore) -> None:
    job = a_job("name", origin="crontab")
    await store.apply(CrontabPlan(add=(job,)))
    await store.fire([a_firing(job)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    await store.record([an_end(run, 410, remove="410 Gone")])
    changed = a_job("name", id=job.id, due=NOW + 60, text="5m", origin="crontab")
    await store.apply(CrontabPlan(replace=(changed,)))
    found = await store.job(job.id)
    assert (found.state, found.due, found.reason) == (JobState.SCHEDULED, NOW + 60, "")
    assert found.definition.schedule == Schedule(syntax=Syntax.EVERY, text="5m", zone="UTC")


@ensureDeferred
async def test_a_line_whose_key_is_held_waits_and_harms_no_other(store: IStore) -> None:
    holder = a_job("holder", key="k")
    await store.add([holder])
    refused, added = a_job("refused", key="k", origin="crontab"), a_job("added", origin="crontab")
    await store.apply(CrontabPlan(add=(refused, added)))
    assert list(await store.crontab_jobs()) == [added]


@ensureDeferred
async def test_a_replacement_that_has_no_due_time_left_is_finished(store: IStore) -> None:
    await store.add([a_job("name")])
    ended = a_job("name", due=None, state=JobState.FINISHED)
    (answer,) = await store.add([ended])
    assert answer.state is JobState.FINISHED


@ensureDeferred
async def test_the_plan_of_a_second_node_for_the_same_line_changes_nothing(store: IStore) -> None:
    mine, theirs = (a_job("line", due=NOW + late, origin="crontab") for late in (10, 11))
    await store.apply(CrontabPlan(add=(mine,)))
    await store.apply(CrontabPlan(add=(theirs,)))
    assert list(await store.crontab_jobs()) == [mine]


@ensureDeferred
async def test_nor_does_it_when_the_first_has_fired_and_is_finished(store: IStore) -> None:
    mine, theirs = (a_job("line", due=NOW + late, origin="crontab") for late in (0, 1))
    await store.apply(CrontabPlan(add=(mine,)))
    await store.fire([a_firing(mine, next_due=None)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    await store.record([an_end(run)])
    await store.apply(CrontabPlan(add=(theirs,)))
    (found,) = await store.crontab_jobs()
    assert (found.state, found.due, found.fired) == (JobState.FINISHED, None, 1)


@ensureDeferred
async def test_a_line_that_comes_back_and_one_for_every_start_are_due_anew(store: IStore) -> None:
    gone = a_job("gone", origin="crontab")
    reboot = a_job("reboot", origin="crontab", syntax=Syntax.REBOOT)
    await store.apply(CrontabPlan(add=(gone, reboot)))
    await store.apply(CrontabPlan(retire=(gone.id,)))
    later = [replace(job, due=NOW + 60, anchor=NOW + 60) for job in (gone, reboot)]
    await store.apply(CrontabPlan(replace=tuple(later)))
    assert list(await store.crontab_jobs()) == later


@ensureDeferred
async def test_a_recurring_job_said_again_as_it_is_keeps_its_due_time(store: IStore) -> None:
    job = a_job("name", due=NOW + 60)
    schedule = replace(job.definition.schedule, syntax=Syntax.EVERY, text="10m")
    job = replace(job, definition=replace(job.definition, schedule=schedule))
    await store.add([job])
    again = replace(job, id=a_job("name").id, created=NOW + 50, anchor=NOW + 650, due=NOW + 650)
    (answer,) = await store.add([again])
    assert answer == job
    assert await store.job_named("name") == job
    definition = replace(job.definition, sinks=("stdout:",))
    other = replace(again, id=a_job().id, definition=definition)
    (answer,) = await store.add([other])
    assert answer.due == NOW + 650


@ensureDeferred
async def test_a_line_that_changes_in_its_last_run_is_finished_after_it(store: IStore) -> None:
    job = a_job("line", origin="crontab")
    await store.apply(CrontabPlan(add=(job,)))
    await store.fire([a_firing(job, next_due=None)], NOW)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    changed = a_job("line", id=job.id, due=None, anchor=NOW, fired=1, attempts=9, origin="crontab")
    await store.apply(CrontabPlan(replace=(changed,)))
    assert (await store.job(job.id)).state is JobState.SCHEDULED
    await store.record([an_end(run)])
    assert (await store.job(job.id)).state is JobState.FINISHED


@ensureDeferred
async def test_a_line_that_changes_and_has_nothing_to_come_is_finished(store: IStore) -> None:
    jobs = [
        a_job("line", due=None, fired=1, origin="crontab"),
        a_job("reboot", due=None, syntax=Syntax.REBOOT, origin="crontab"),
    ]
    await store.apply(CrontabPlan(add=tuple(jobs)))
    states = [job.state for job in await store.crontab_jobs()]
    assert states == [JobState.FINISHED, JobState.SCHEDULED]


@ensureDeferred
async def test_an_edit_does_not_give_back_a_due_time_that_fired_meanwhile(store: IStore) -> None:
    job = a_job("line", origin="crontab")
    await store.apply(CrontabPlan(add=(job,)))
    edited = replace(job, definition=replace(job.definition, sinks=("stdout:",)))
    await store.fire([a_firing(job, next_due=NOW + 10)], NOW)
    await store.apply(CrontabPlan(replace=(edited,)))
    kept = await store.job_named("line")
    assert kept is not None
    assert (kept.due, kept.fired) == (NOW + 10, 1)
    assert kept.definition == edited.definition
