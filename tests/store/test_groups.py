"""Groups: how many of their runs begin, and when; what is paused."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.group import Group
from jqengine.job import Job, Overlap, Owner, Run, Step
from jqengine.lifecycle import JobEvent, RunState
from jqengine.queries import JobFilter, JobOrder
from jqengine.units import Rate

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end, new_id

MINUTELY = Rate(2, 60.0)
LATER = NOW + 1e6


def of_mail(**said: Any) -> Job:
    return a_job(**{"group": "mail"} | said)


async def _claimed(store: Any, now: float = NOW, limit: int = 100) -> list[str]:
    return [run.id for run in await store.claim(OWNER, now, limit, LEASE)]


async def _group(store: Any, name: str = "mail", now: float = NOW) -> Any:
    (report,) = [one for one in (await store.holds(now)).reports if one.group.name == name]
    return report


@ensureDeferred
async def test_a_group_has_no_more_under_way_than_it_may(store: Any) -> None:
    jobs = [of_mail(concurrency=2) for _ in range(5)]
    others = [a_job() for _ in range(3)]
    await store.add([*jobs, *others])
    assert sorted(await _claimed(store)) == [job.id for job in (*jobs[:2], *others)]
    assert await _claimed(store) == []
    assert await store.next_ready() is None, "time alone does not help"


@ensureDeferred
@pytest.mark.parametrize("how", ["end", "retry", "give back"])
async def test_whatever_ends_an_attempt_makes_room(store: Any, how: str) -> None:
    jobs = [of_mail(concurrency=1) for _ in range(2)]
    await store.add(jobs)
    (run,) = await store.claim(OWNER, NOW, 9, LEASE)
    if how == "end":
        await store.record([an_end(run)])
    elif how == "retry":
        await store.record([a_retry(run, ready=NOW + 30)])
    else:
        await store.give_back(OWNER, [run.id], NOW)
    assert (await store.next_ready() or 0.0) <= NOW
    expected = jobs[0] if how == "give back" else jobs[1]
    assert await _claimed(store) == [expected.id]


@ensureDeferred
async def test_what_is_taken_over_is_still_under_way(store: Any) -> None:
    await store.add([of_mail(concurrency=1) for _ in range(2)])
    await store.claim(OWNER, NOW, 9, LEASE)
    rebooted = Owner("node-1", "boot-2")
    (lost,) = await store.recover(rebooted, NOW, LEASE)
    assert await _claimed(store) == []
    await store.record([an_end(lost, 500, owner=rebooted)])
    assert len(await _claimed(store)) == 1


@ensureDeferred
async def test_a_bucket_lets_a_burst_begin_and_then_refills_evenly(store: Any) -> None:
    jobs = [of_mail(rate=MINUTELY) for _ in range(5)]
    await store.add(jobs)
    assert await _claimed(store) == [job.id for job in jobs[:2]]
    for number, begins in ((2, NOW + 30), (3, NOW + 60)):
        ready = await store.next_ready()
        assert begins < ready < begins + 0.001
        assert await _claimed(store, begins - 1) == []
        assert (await store.next_ready()) == ready
        assert await _claimed(store, ready) == [jobs[number].id]


@ensureDeferred
async def test_a_bucket_holds_no_more_than_it_holds(store: Any) -> None:
    await store.add([of_mail(rate=MINUTELY) for _ in range(5)])
    await _claimed(store)
    assert len(await _claimed(store, NOW + 1000)) == 2


@ensureDeferred
async def test_each_attempt_takes_a_token_and_none_comes_back(store: Any) -> None:
    job = of_mail(rate=MINUTELY)
    await store.add([job])
    for again in ("retry", "give back"):
        (run,) = await store.claim(OWNER, NOW, 9, LEASE)
        if again == "retry":
            await store.record([a_retry(run, ready=NOW)])
        else:
            await store.give_back(OWNER, [run.id], NOW)
    assert await _claimed(store) == []
    assert len(await _claimed(store, NOW + 31)) == 1


@ensureDeferred
async def test_no_time_is_counted_twice_when_clocks_disagree(store: Any) -> None:
    await store.add([of_mail(rate=Rate(1, 10.0)) for _ in range(5)])
    assert len(await _claimed(store, NOW + 5)) == 1
    assert await _claimed(store, NOW) == []
    assert await _claimed(store, NOW + 14) == []
    assert len(await _claimed(store, NOW + 16)) == 1


@ensureDeferred
async def test_a_clock_that_was_set_back_does_not_stop_a_group(store: Any) -> None:
    await store.add([of_mail(due=NOW - 7200, rate=Rate(1, 10.0)) for _ in range(5)])
    assert len(await _claimed(store)) == 1
    assert await _claimed(store, NOW - 3600) == []
    assert await store.next_ready() < NOW - 3580
    assert len(await _claimed(store, NOW - 3589)) == 1


@ensureDeferred
async def test_the_newest_job_says_what_holds(store: Any) -> None:
    await store.add([of_mail(concurrency=1, rate=MINUTELY) for _ in range(9)])
    assert len(await _claimed(store)) == 1
    await store.add([of_mail(due=LATER)])
    assert (await _group(store)).group.concurrency == 1, "it says nothing"
    await store.add([of_mail(due=LATER, concurrency=3)])
    assert len(await _claimed(store)) == 1, "the bucket is as empty as it was"
    await store.add([of_mail(due=LATER, rate=Rate(0, 0.0))])
    assert len(await _claimed(store)) == 1
    await store.add([of_mail(due=LATER, concurrency=0)])
    assert len(await _claimed(store)) == 6
    report = await _group(store)
    assert (report.group, report.running, report.waiting) == (Group("mail"), 9, 4)


@ensureDeferred
async def test_what_is_sent_again_is_not_the_newest(store: Any) -> None:
    first = of_mail(concurrency=1, due=LATER)
    await store.add([first])
    await store.add([of_mail(concurrency=3, due=LATER)])
    await store.add([first])
    assert (await _group(store)).group.concurrency == 3


@ensureDeferred
async def test_of_a_batch_the_last_says_what_holds(store: Any) -> None:
    await store.add([of_mail(concurrency=n) for n in (3, 1, 2)])
    assert len(await _claimed(store)) == 2


@ensureDeferred
async def test_groups_and_others_go_by_priority_and_then_by_instant(store: Any) -> None:
    jobs = [
        a_job(due=NOW + 4, priority=-1, group="a", concurrency=2),
        a_job(due=NOW + 1),
        a_job(due=NOW + 2, group="b"),
        a_job(due=NOW + 3),
        a_job(due=NOW + 3.5, group="a"),
        a_job(due=NOW + 5, group="a"),
        a_job(due=NOW + 6, group="b"),
        a_job(due=NOW, priority=3, group="c"),
        a_job(due=NOW, priority=4),
    ]
    await store.add(list(reversed(jobs)))
    assert await _claimed(store, NOW + 9, 3) == [job.id for job in jobs[:3]]
    second = [jobs[n] for n in (3, 4, 6)]  # of group a two are under way
    assert await _claimed(store, NOW + 9, 3) == [job.id for job in second]
    assert await _claimed(store, NOW + 9) == [job.id for job in jobs[7:]]


@ensureDeferred
@pytest.mark.parametrize("limits", [{}, {"concurrency": 3}, {"rate": Rate(4, 1.0)}])
async def test_what_is_not_ready_yet_is_not_claimed_and_known(store: Any, limits: Any) -> None:
    await store.add([of_mail(due=NOW + 9, priority=-5, **limits), of_mail(due=NOW + 5, **limits)])
    assert await _claimed(store) == []
    assert await store.next_ready() == NOW + 5
    assert len(await _claimed(store, NOW + 5)) == 1
    assert await store.next_ready() == NOW + 9


@ensureDeferred
async def test_the_runs_of_a_recurring_job_are_in_its_group(store: Any) -> None:
    job = a_job("sync", group="mail", rate=MINUTELY, overlap=Overlap.ALLOW)
    await store.add([job])
    await store.fire([a_firing(job, NOW, NOW + 1, NOW + 2, next_due=NOW + 10)], NOW + 2)
    runs = await store.claim(OWNER, NOW + 2, 9, LEASE)
    assert [run.due for run in runs] == [NOW, NOW + 1]
    assert {run.policy.group for run in runs} == {"mail"}


@ensureDeferred
async def test_a_run_that_is_released_is_looked_at(store: Any) -> None:
    job = a_job("sync", group="mail", concurrency=1)
    await store.add([job])
    await store.fire([a_firing(job, NOW, NOW + 1, held=True)], NOW + 2)
    (run,) = await store.claim(OWNER, NOW + 2, 9, LEASE)
    assert run.due == NOW
    await store.record([an_end(run)])
    assert len(await _claimed(store, NOW + 2)) == 1


@ensureDeferred
@pytest.mark.parametrize("how", ["run now", "reopen", "bring forward", "another time"])
async def test_what_people_do_is_looked_at(store: Any, how: str) -> None:
    job = a_job("sync", due=LATER, group="mail") if how == "run now" else of_mail(due=LATER)
    if how == "reopen":
        job = of_mail()
    await store.add([job])
    claimed = await _claimed(store)
    if how == "run now":
        await store.run_now(job.id, new_id(NOW), NOW)
    elif how == "reopen":
        (run,) = await store.runs(job.id, 1)
        await store.record([an_end(run, 500)])
        assert await _claimed(store) == []
        await store.reopen(run.id, NOW)
    elif how == "bring forward":
        await store.run_now(job.id, new_id(NOW), NOW)
    else:
        schedule = job.definition.schedule
        step = Step(job.id, JobEvent.REPLACE, due=NOW, schedule=schedule)
        await store.steer(step, NOW)
    assert len(await _claimed(store)) == 1, claimed


@ensureDeferred
@pytest.mark.parametrize("group", ["mail", None])
async def test_what_is_paused_does_not_begin_and_what_runs_goes_on(
    store: Any, make_store: Any, group: str | None
) -> None:
    jobs = [of_mail() for _ in range(3)]
    await store.add(jobs)
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    assert await store.set_paused(group, True)
    assert not await store.set_paused(group, True)
    assert await _claimed(store) == []
    assert await store.next_ready() is None
    await store.add([of_mail()])
    assert await _claimed(store) == []
    assert list(await store.record([an_end(run)])) == [True]
    assert await _claimed(store) == []
    held = await store.holds(NOW)
    assert held.all_paused == (group is None)
    assert (await _group(store)).group.paused == (group is not None)
    assert (await store.stats(NOW)).get("all_paused") == (1 if group is None else None)
    assert await store.set_paused(group, False)
    assert not await store.set_paused(group, False)
    assert len(await _claimed(store)) == 3
    assert "all_paused" not in await store.stats(NOW)


@ensureDeferred
async def test_a_pause_of_a_group_leaves_others_alone(store: Any) -> None:
    other, alone = a_job(group="other"), a_job()
    await store.add([of_mail(), other, alone])
    await store.set_paused("mail", True)
    assert sorted(await _claimed(store)) == [other.id, alone.id]


@ensureDeferred
async def test_a_group_is_paused_before_there_is_anything_in_it(store: Any) -> None:
    assert await store.set_paused("mail", True)
    await store.add([of_mail(concurrency=5)])
    assert await _claimed(store) == []
    report = await _group(store)
    assert (report.group.concurrency, report.group.paused, report.waiting) == (5, True, 1)
    assert not await store.set_paused("unknown", False)


@ensureDeferred
async def test_a_pause_and_a_bucket_outlive_the_store(make_store: Any) -> None:
    store = make_store()
    await store.open()
    await store.add([of_mail(rate=MINUTELY) for _ in range(5)])
    await _claimed(store)
    await store.set_paused("mail", True)
    await store.set_paused(None, True)
    await store.close()
    store = make_store()
    await store.open()
    assert await _claimed(store, NOW + 30) == []
    await store.set_paused(None, False)
    assert await _claimed(store, NOW + 30) == []
    await store.set_paused("mail", False)
    assert len(await _claimed(store, NOW + 30)) == 1
    await store.close()


@ensureDeferred
async def test_due_times_come_while_all_is_paused(store: Any) -> None:
    job = a_job("sync")
    await store.add([job])
    await store.set_paused(None, True)
    assert await store.next_ready() == NOW
    assert await store.fire([a_firing(job)], NOW) == 1
    assert await _claimed(store) == []
    assert await store.next_ready() == NOW + 10


@ensureDeferred
async def test_an_idle_group_is_forgotten_with_the_last_of_its_runs(store: Any) -> None:
    await store.add([of_mail(rate=MINUTELY), a_job("kept", due=LATER, group="kept", concurrency=1)])
    await store.add([a_job(group="held"), a_job(group="kept")])
    await store.set_paused("held", True)
    runs = await store.claim(OWNER, NOW, 9, LEASE)
    await store.record([an_end(run) for run in runs])
    await store.prune(NOW + 30, 9)
    assert [one.group.name for one in (await store.holds(NOW)).reports] == ["held", "kept", "mail"]
    await store.add([of_mail()])
    (run,) = await store.claim(OWNER, NOW, 9, LEASE)
    await store.record([an_end(run)])
    await store.prune(NOW + 61, 9)
    assert [one.group.name for one in (await store.holds(NOW)).reports] == ["held", "kept"]


@ensureDeferred
async def test_a_run_that_comes_back_brings_its_limits_along(store: Any) -> None:
    jobs = [of_mail(concurrency=1), of_mail(concurrency=1)]
    await store.add(jobs)
    for _ in jobs:
        (run,) = await store.claim(OWNER, NOW, 9, LEASE)
        await store.record([an_end(run, 500)._replace(result=_long_ago(run))])
    await store.prune(NOW - 50, 1)
    assert (await store.holds(NOW)).reports == ()
    (again,) = [run for job in jobs for run in await store.runs(job.id, 1)]
    await store.reopen(again.id, NOW)
    assert (await _group(store)).group.concurrency == 1


def _long_ago(run: Run) -> Any:
    return an_end(run, 500).result._replace(finished=NOW - 100)


@ensureDeferred
async def test_a_cancelled_run_makes_no_room_and_takes_none(store: Any) -> None:
    jobs = [of_mail(concurrency=1) for _ in range(3)]
    await store.add(jobs)
    await _claimed(store)
    await store.steer(Step(jobs[1].id, JobEvent.CANCEL, reason="on request"), NOW)
    assert await _claimed(store) == []
    (run,) = await store.runs(jobs[0].id, 1)
    assert run.state is RunState.RUNNING
    await store.record([an_end(run)])
    assert await _claimed(store) == [jobs[2].id]


@ensureDeferred
async def test_a_thousand_groups_are_looked_at_and_none_is_passed_over(store: Any) -> None:
    jobs = [a_job(group=f"user {n}", concurrency=1) for n in range(1100) for _ in range(2)]
    await store.add(jobs)
    claimed: list[Run] = []
    while (ready := await store.next_ready()) is not None and ready <= NOW:
        claimed += await store.claim(OWNER, NOW, 900, LEASE)
    assert sorted(run.policy.group for run in claimed) == sorted(f"user {n}" for n in range(1100))


@ensureDeferred
async def test_a_job_to_come_is_found_by_its_due_time(store: Any) -> None:
    jobs = [of_mail(due=NOW + 3), a_job(due=NOW + 1), of_mail(due=NOW + 2, priority=7)]
    await store.add(jobs)
    page = await store.find_jobs(JobFilter(), JobOrder.DUE, None, 9)
    assert [job.id for job in page.items] == [jobs[n].id for n in (1, 2, 0)]
    assert (await store.stats(NOW + 2))["due"] == 2
