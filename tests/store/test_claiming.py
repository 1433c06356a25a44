"""``claim``, ``give_back``, ``recover``, ``next_ready``: who runs what, and when."""

from __future__ import annotations

from dataclasses import replace

from pytest_twisted import ensureDeferred
from twisted.internet.defer import gatherResults

from jqengine.interfaces import IStore
from jqengine.job import Owner
from jqengine.lifecycle import RunState

from .values import LEASE, NOW, OWNER, a_firing, a_job, a_retry, an_end

REBOOTED = Owner("node-1", "boot-2")
NEIGHBOUR = Owner("node-2", "boot-1")


@ensureDeferred
async def test_a_claimed_run_is_running_with_its_attempt_counted(store: IStore) -> None:
    job = a_job(user="alice")
    await store.add([job])
    (before,) = await store.runs(job.id, 1)
    (run,) = await store.claim(OWNER, NOW, 10, LEASE)
    assert run == before._replace(state=RunState.RUNNING, attempt=1)
    assert list(await store.runs(job.id, 1)) == [run]
    assert await store.claim(OWNER, NOW, 10, LEASE) == []


@ensureDeferred
async def test_claims_go_by_priority_then_by_instant_then_by_arrival(store: IStore) -> None:
    wanted = [(-2, 5), (-2, 9), (0, 1), (0, 3), (0, 3), (0, 3), (7, 0)]
    jobs = [a_job(due=NOW + due, priority=priority) for priority, due in wanted]
    for job in (jobs[6], jobs[3], jobs[1], jobs[4], jobs[0], jobs[5], jobs[2]):
        await store.add([job])
    first = await store.claim(OWNER, NOW + 9, 4, LEASE)
    second = await store.claim(OWNER, NOW + 9, 10, LEASE)
    assert [run.id for run in (*first, *second)] == [job.id for job in jobs]


@ensureDeferred
async def test_what_is_not_ready_is_not_claimed_whatever_its_priority(store: IStore) -> None:
    early = [a_job(due=NOW, priority=number) for number in range(3)]
    late = [a_job(due=NOW + 1, priority=number - 10) for number in range(20)]
    await store.add([*late, *early])
    assert [run.id for run in await store.claim(OWNER, NOW + 0.5, 50, LEASE)] == [
        job.id for job in early
    ]
    assert len(await store.claim(OWNER, NOW + 1, 50, LEASE)) == 20


@ensureDeferred
async def test_a_limit_holds_across_priorities(store: IStore) -> None:
    await store.add([a_job(priority=number % 5) for number in range(50)])
    claims = [await store.claim(OWNER, NOW, 12, LEASE) for _ in range(6)]
    assert [len(runs) for runs in claims] == [12, 12, 12, 12, 2, 0]
    priorities = [run.policy.priority for runs in claims for run in runs]
    assert priorities == sorted(priorities)


@ensureDeferred
async def test_none_are_claimed_for_a_limit_of_none(store: IStore) -> None:
    await store.add([a_job()])
    assert await store.claim(OWNER, NOW, 0, LEASE) == []


@ensureDeferred
async def test_no_run_is_given_to_two_owners(store: IStore) -> None:
    jobs = [a_job(priority=number % 3) for number in range(100)]
    await store.add(jobs)
    owners = [OWNER, NEIGHBOUR, REBOOTED, OWNER]
    claims = await gatherResults([store.claim(owner, NOW, 30, LEASE) for owner in owners])
    taken = [run.id for runs in claims for run in runs]
    assert sorted(taken) == [job.id for job in jobs]


@ensureDeferred
async def test_a_claim_given_back_has_its_attempt_and_its_place_again(store: IStore) -> None:
    first, second = a_job(due=NOW - 1), a_job()
    await store.add([second, first])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    assert await store.give_back(OWNER, [run.id], NOW) == 1
    assert list(await store.runs(first.id, 1)) == [run._replace(state=RunState.WAITING, attempt=0)]
    assert [one.id for one in await store.claim(OWNER, NOW, 9, LEASE)] == [first.id, second.id]


@ensureDeferred
async def test_only_its_owner_gives_a_claim_back(store: IStore) -> None:
    await store.add([a_job()])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    for stranger in (REBOOTED, NEIGHBOUR):
        assert await store.give_back(stranger, [run.id], NOW) == 0
    assert await store.give_back(OWNER, [run.id, run.id, "unknown"], NOW) == 1
    assert await store.give_back(OWNER, [run.id], NOW) == 0


@ensureDeferred
async def test_what_is_given_back_cannot_be_recorded(store: IStore) -> None:
    await store.add([a_job()])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.give_back(OWNER, [run.id], NOW)
    assert list(await store.record([an_end(run)])) == [False]


@ensureDeferred
async def test_a_new_boot_takes_over_what_earlier_ones_left_running(store: IStore) -> None:
    await store.add([a_job() for _ in range(3)])
    (lost,) = await store.claim(OWNER, NOW, 1, LEASE)
    (others,) = await store.claim(NEIGHBOUR, NOW, 1, LEASE)
    assert list(await store.recover(REBOOTED, NOW, LEASE)) == [lost]
    assert await store.recover(REBOOTED, NOW, LEASE) == []
    assert list(await store.record([an_end(lost, owner=OWNER)])) == [False]
    assert list(await store.record([an_end(lost, owner=REBOOTED)])) == [True]
    assert list(await store.record([an_end(others, owner=NEIGHBOUR)])) == [True]


@ensureDeferred
async def test_a_recovered_run_keeps_its_body(store: IStore) -> None:
    job = a_job(body=b"x" * 10_000)
    await store.add([job])
    await store.claim(OWNER, NOW, 1, LEASE)
    (run,) = await store.recover(REBOOTED, NOW, LEASE)
    assert run.request == job.definition.request


@ensureDeferred
async def test_the_next_instant_is_the_earliest_of_all(store: IStore) -> None:
    assert await store.next_ready() is None
    await store.add([a_job("reboot", due=None)])
    assert await store.next_ready() is None
    job = a_job("job", due=NOW + 20)
    await store.add([job])
    assert await store.next_ready() == NOW + 20
    await store.add([a_job(due=NOW + 15, priority=9), a_job(due=NOW + 10, priority=1)])
    assert await store.next_ready() == NOW + 10
    (run,) = await store.claim(OWNER, NOW + 10, 1, LEASE)
    assert await store.next_ready() == NOW + 15
    await store.record([a_retry(run, ready=NOW + 12)])
    assert await store.next_ready() == NOW + 12
    await store.claim(OWNER, NOW + 15, 9, LEASE)
    await store.fire([replace_due(a_firing(job))], NOW + 20)
    assert await store.next_ready() == NOW + 20


def replace_due(firing):  # type: ignore[no-untyped-def]
    return firing._replace(next_due=None, exhausted=False)


@ensureDeferred
async def test_jobs_that_are_not_scheduled_do_not_count_as_next(store: IStore) -> None:
    job = a_job("job")
    await store.add([replace(job, state=job.state.PAUSED)])
    assert await store.next_ready() is None
    assert await store.due_jobs(NOW, 10) == []


@ensureDeferred
async def test_a_lease_that_has_ended_is_anybodys(store: IStore) -> None:
    await store.add([a_job()])
    (run,) = await store.claim(OWNER, NOW, 1, LEASE)
    assert await store.recover(NEIGHBOUR, NOW + LEASE, LEASE) == []
    assert await store.renew(OWNER, NOW + LEASE, LEASE) == 1
    assert await store.recover(NEIGHBOUR, NOW + LEASE + 1, LEASE) == []
    assert await store.recover(OWNER, NOW + 2 * LEASE + 1, LEASE) == [], "its own is no loss"
    (taken,) = await store.recover(NEIGHBOUR, NOW + 2 * LEASE + 1, LEASE)
    assert (taken.id, taken.attempt) == (run.id, 1)
    assert await store.renew(OWNER, NOW, LEASE) == 0
    assert list(await store.record([an_end(run, owner=OWNER)])) == [False]
    assert list(await store.record([an_end(taken, owner=NEIGHBOUR)])) == [True]


@ensureDeferred
async def test_others_are_left_alone_when_that_is_wished(store: IStore) -> None:
    await store.add([a_job(), a_job()])
    (lost,) = await store.claim(OWNER, NOW, 1, LEASE)
    await store.claim(NEIGHBOUR, NOW, 1, LEASE)
    much_later = NOW + 9 * LEASE
    assert list(await store.recover(REBOOTED, much_later, LEASE, False)) == [lost]
