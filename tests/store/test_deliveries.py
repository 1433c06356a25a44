"""The contract of :class:`jqengine.interfaces.IDeliveryStore`, for every store."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from zope.interface.verify import verifyObject

from jqengine.delivery import (
    Delivery,
    DeliveryEnd,
    Dispatch,
    Fingerprint,
    NewDelivery,
    Publication,
    Validators,
)
from jqengine.interfaces import IDeliveryStore
from jqengine.job import Outcome, Owner, Run, Step
from jqengine.lifecycle import DeliveryState, JobEvent, RunState
from tests.store.values import LEASE, NOW, OWNER, a_job, a_retry, an_end, new_id

NEXT_BOOT = Owner(OWNER.node, "boot-2")
OTHER_NODE = Owner("node-2", "boot-1")
SINK, LANE = "https://hooks.example.org/x", "https://hooks.example.org"
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


class Side:
    """A store with shorter words for what these tests do often."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.jobs: dict[str, Any] = {}
        self.instant = NOW

    async def a_run(self, name: str | None = None, sinks: tuple[str, ...] = (SINK,)) -> Run:
        """Claim a run, of the recurring job *name* or of an anonymous one."""
        self.instant += 1
        if name is None:
            await self.store.add([a_job(due=self.instant, sinks=sinks)])
        elif name not in self.jobs:
            (self.jobs[name],) = await self.store.add([a_job(name, due=self.instant, sinks=sinks)])
        if name is not None:
            await self.store.run_now(self.jobs[name].id, new_id(self.instant), self.instant)
        (run,) = await self.store.claim(OWNER, self.instant, 1, LEASE)
        return run

    async def end(
        self,
        run: Run,
        *deliveries: NewDelivery,
        fingerprint: Fingerprint | None = None,
        body: bytes = b"body",
    ) -> Outcome:
        """Record the end of *run* with *deliveries*."""
        outcome = an_end(run)
        outcome = outcome._replace(
            result=outcome.result._replace(finished=self.instant, body=body),
            dispatch=Dispatch(deliveries, fingerprint),
        )
        assert await self.store.record([outcome]) == [True]
        return outcome

    async def delivery(self, name: str | None = "job", **changes: Any) -> str:
        """A recorded delivery; its id."""
        new = a_delivery(**changes)
        await self.end(await self.a_run(name), new)
        return new.id

    async def claim(
        self, limit: int = 10, owner: Owner = OWNER, lane: str = LANE
    ) -> list[Delivery]:
        claimed = await self.store.claim_deliveries(owner, lane, self.instant, limit, LEASE)
        return list(claimed.deliveries)

    async def finish(self, delivery: Delivery, **changes: Any) -> None:
        end = DeliveryEnd(delivery.id, DeliveryState.DELIVERED, self.instant, "")
        await self.store.end_deliveries(OWNER, [end._replace(**changes)], self.instant)


def a_delivery(**changes: Any) -> NewDelivery:
    return NewDelivery(new_id(NOW), SINK, LANE, False, None)._replace(**changes)


def a_fingerprint(digest: str, etag: str | None = None, modified: str | None = None) -> Fingerprint:
    return Fingerprint(Validators(etag, modified), digest)


@pytest.fixture
def side(store: Any) -> Side:
    return Side(store)


def test_the_interface(store: Any) -> None:
    assert verifyObject(IDeliveryStore, store)


@ensureDeferred
async def test_a_delivery_is_written_with_its_result(side: Side) -> None:
    run = await side.a_run("job")
    new = a_delivery(removed="410 Gone")
    outcome = await side.end(run, new)
    (delivery,) = await side.store.deliveries(run.id)
    assert delivery == Delivery(
        id=new.id,
        run_id=run.id,
        attempt=1,
        job_id=run.job_id,
        sink=SINK,
        lane=LANE,
        state=DeliveryState.PENDING,
        ready=outcome.result.finished,
        tries=0,
        removed="410 Gone",
        before=None,
        reason="",
    )
    assert await side.store.lanes() == {LANE: delivery.ready}


@ensureDeferred
async def test_a_refused_result_writes_no_delivery(side: Side) -> None:
    run = await side.a_run()
    await side.store.give_back(OWNER, [run.id], NOW)
    outcome = an_end(run)._replace(dispatch=Dispatch((a_delivery(),)))
    assert await side.store.record([outcome]) == [False]
    assert await side.store.deliveries(run.id) == []


@ensureDeferred
async def test_an_attempt_that_goes_on_dispatches_nothing(side: Side) -> None:
    run = await side.a_run()
    outcome = a_retry(run, ready=NOW)._replace(dispatch=Dispatch((a_delivery(),)))
    assert await side.store.record([outcome]) == [True]
    assert await side.store.deliveries(run.id) == []


@ensureDeferred
async def test_a_claim_takes_the_ready_ones_of_a_lane_in_order(side: Side) -> None:
    ids = [await side.delivery(None) for _ in range(5)]
    other = await side.delivery(None, lane="other", sink="other:")
    assert await side.store.lanes() == {LANE: NOW + 1, "other": side.instant}
    first = await side.claim(3)
    assert [one.id for one in first] == ids[:3]
    assert {(one.state, one.tries) for one in first} == {(DeliveryState.DELIVERING, 1)}
    assert [one.id for one in await side.claim(3, OTHER_NODE)] == ids[3:]
    assert await side.claim() == []
    assert [one.id for one in await side.claim(lane="other")] == [other]


@ensureDeferred
async def test_a_claim_says_when_the_next_is_ready(side: Side) -> None:
    await side.delivery(None)
    await side.delivery(None)
    store, instant = side.store, side.instant
    early = await store.claim_deliveries(OWNER, LANE, NOW, 10, LEASE)
    assert (early.deliveries, early.next_ready) == ((), NOW + 1)
    part = await store.claim_deliveries(OWNER, LANE, instant, 1, LEASE)
    assert part.next_ready == NOW + 2
    (one,) = part.deliveries
    await side.finish(one, state=DeliveryState.PENDING, ready=instant + 60, reason="no")
    rest = await store.claim_deliveries(OWNER, LANE, instant, 10, LEASE)
    assert (len(rest.deliveries), rest.next_ready) == (1, instant + 60)
    nothing = await store.claim_deliveries(OWNER, "nothing", instant, 10, LEASE)
    assert (nothing.deliveries, nothing.next_ready) == ((), None)


@ensureDeferred
async def test_deliveries_of_one_job_and_sink_wait_for_each_other(side: Side) -> None:
    ids = [await side.delivery("job") for _ in range(3)]
    elsewhere = await side.delivery("job", sink="https://hooks.example.org/y")
    of_another = await side.delivery("another")
    first = await side.claim()
    assert [one.id for one in first] == [ids[0], elsewhere, of_another]
    await side.finish(first[1])
    await side.finish(first[2])
    assert await side.claim() == []
    await side.finish(first[0], state=DeliveryState.PENDING, ready=side.instant)
    (again,) = await side.claim()
    assert (again.id, again.tries) == (ids[0], 2)
    await side.finish(again)
    (second,) = await side.claim()
    assert second.id == ids[1]
    await side.finish(second, state=DeliveryState.DEAD, reason="no")
    (third,) = await side.claim()
    assert third.id == ids[2]


@ensureDeferred
async def test_many_of_one_job_come_one_by_one_in_one_batch(side: Side) -> None:
    run = await side.a_run("job")
    news = [a_delivery() for _ in range(120)]
    await side.end(run, *news)
    for expected in news[:5]:
        (one,) = await side.claim()
        assert one.id == expected.id
        await side.finish(one)


@ensureDeferred
async def test_many_of_one_time_jobs_wait_for_nobody(side: Side) -> None:
    run = await side.a_run()
    news = [a_delivery() for _ in range(120)]
    await side.end(run, *news)
    assert len(await side.claim(200)) == 120


@ensureDeferred
async def test_only_the_holder_ends_a_try(side: Side) -> None:
    await side.delivery(None)
    (one,) = await side.claim()
    end = DeliveryEnd(one.id, DeliveryState.DELIVERED, NOW, "")
    for owner in (OTHER_NODE, NEXT_BOOT):
        await side.store.end_deliveries(owner, [end], NOW)
        await side.store.give_back_deliveries(owner, [one.id])
    assert (await side.store.deliveries(one.run_id))[0].state is DeliveryState.DELIVERING
    await side.finish(one, reason="")
    (done,) = await side.store.deliveries(one.run_id)
    assert (done.state, done.tries) == (DeliveryState.DELIVERED, 1)
    await side.finish(one, state=DeliveryState.DEAD)
    assert await side.store.deliveries(one.run_id) == [done]


@ensureDeferred
async def test_what_is_given_back_was_not_tried(side: Side) -> None:
    await side.delivery("job")
    await side.delivery("job")
    (one,) = await side.claim()
    await side.store.give_back_deliveries(OWNER, [one.id, "unknown"])
    (again,) = await side.claim()
    assert (again.id, again.tries) == (one.id, 1)


@ensureDeferred
async def test_recovery_takes_up_earlier_boots_and_leases_that_ran_out(side: Side) -> None:
    for _ in range(3):
        await side.delivery(None)
    (mine,) = await side.claim(1)
    (others,) = await side.claim(1, OTHER_NODE)
    (ours_now,) = await side.claim(1, NEXT_BOOT)
    assert await side.store.recover_deliveries(NEXT_BOOT, side.instant) == 1
    (again,) = await side.claim(10, NEXT_BOOT)
    assert (again.id, again.tries) == (mine.id, 2)
    side.instant += LEASE
    assert await side.store.recover_deliveries(NEXT_BOOT, side.instant) == 3
    again = await side.claim(10, NEXT_BOOT)
    assert {one.id for one in again} == {mine.id, others.id, ours_now.id}


@ensureDeferred
async def test_the_parts_of_a_delivery(side: Side) -> None:
    run = await side.a_run("job")
    outcome = await side.end(run, a_delivery())
    (one,) = await side.claim()
    found, result, before = await side.store.delivery_parts(one)
    assert (found.id, found.sinks, found.request) == (run.id, run.sinks, run.request)
    assert (found.attempt, result, before) == (1, outcome.result, None)
    assert await side.store.delivery_parts(one._replace(run_id="unknown")) is None
    assert await side.store.delivery_parts(one._replace(attempt=9)) is None


@ensureDeferred
async def test_a_delivery_keeps_its_result_when_the_run_runs_again(side: Side) -> None:
    run = await side.a_run("job")
    first = await side.end(run, a_delivery(), body=b"first")
    await side.store.reopen(run.id, side.instant)
    (again,) = await side.store.claim(OWNER, side.instant, 1, LEASE)
    await side.end(again, a_delivery(), body=b"second")
    (one,) = await side.claim()
    _, result, _ = await side.store.delivery_parts(one)
    assert (one.attempt, result) == (1, first.result)
    await side.finish(one)
    (two,) = await side.claim()
    _, result, _ = await side.store.delivery_parts(two)
    assert (two.attempt, result.body) == (2, b"second")


@ensureDeferred
async def test_a_run_with_one_of_its_results(side: Side) -> None:
    run = await side.a_run("job")
    assert await side.store.run_with_result(run.id, None) == (run, None)
    assert await side.store.record([a_retry(run, ready=side.instant)]) == [True]
    (again,) = await side.store.claim(OWNER, side.instant, 1, LEASE)
    await side.end(again, body=b"second")
    for attempt, body in ((None, b"second"), (2, b"second")):
        found, result = await side.store.run_with_result(run.id, attempt)
        assert (found.id, found.attempt, result.body) == (run.id, 2, body)
    _, first = await side.store.run_with_result(run.id, 1)
    assert first.status == 500
    assert (await side.store.run_with_result(run.id, 9))[1] is None
    assert await side.store.run_with_result("unknown", None) is None


@ensureDeferred
async def test_dead_letters_are_listed_and_redriven(side: Side) -> None:
    for _ in range(3):
        await side.delivery(None)
    claimed = await side.claim()
    for one in claimed:
        await side.finish(one, state=DeliveryState.DEAD, reason="no such user")
    dead = await side.store.dead_deliveries(None, 2)
    assert [(one.id, one.reason) for one in dead] == [
        (one.id, "no such user") for one in claimed[:2]
    ]
    assert [one.id for one in await side.store.dead_deliveries(dead[1].id, 2)] == [claimed[2].id]
    side.instant += 100
    lanes = await side.store.redrive([claimed[0].id, claimed[2].id, "unknown"], side.instant)
    assert lanes == [LANE]
    assert await side.store.redrive([claimed[0].id], side.instant) == []
    again = await side.claim()
    assert [(one.id, one.tries) for one in again] == [(claimed[0].id, 1), (claimed[2].id, 1)]
    assert [one.id for one in await side.store.dead_deliveries(None, 9)] == [claimed[1].id]


@ensureDeferred
async def test_only_a_change_writes_what_waits_for_one(side: Side) -> None:
    async def ended(fingerprint: Fingerprint | None) -> list[bool]:
        run = await side.a_run("job")
        news = (a_delivery(if_changed=True, sink="a:"), a_delivery(sink="b:"))
        await side.end(run, *news, fingerprint=fingerprint)
        written = {one.sink for one in await side.store.deliveries(run.id)}
        return [sink in written for sink in ("a:", "b:")]

    assert await ended(a_fingerprint("one")) == [True, True]
    assert await ended(a_fingerprint("one")) == [False, True]
    assert await ended(None) == [False, True]
    assert await ended(a_fingerprint("two")) == [True, True]
    assert await ended(a_fingerprint("three", '"3"')) == [True, True]
    assert await ended(a_fingerprint("changed body", '"3"')) == [False, True]
    assert await ended(a_fingerprint("changed body", '"4"')) == [True, True]


@ensureDeferred
async def test_a_change_names_the_success_before_it(side: Side) -> None:
    first = await side.a_run("job")
    await side.end(first, fingerprint=a_fingerprint("one"), body=b"one")
    second = await side.a_run("job")
    news = (a_delivery(if_changed=True, sink="a:"), a_delivery(sink="b:"))
    await side.end(second, *news, fingerprint=a_fingerprint("two"), body=b"two")
    changed, always = await side.store.deliveries(second.id)
    assert (changed.before, always.before) == (first.id, None)
    _, _, before = await side.store.delivery_parts(changed)
    assert before is not None
    assert before.body == b"one"


@ensureDeferred
async def test_the_next_run_of_a_job_that_watches_has_validators(side: Side) -> None:
    sinks = ("mailto:a@example.org#on=change",)
    run = await side.a_run("watching", sinks)
    assert run.validators is None
    await side.end(run, fingerprint=a_fingerprint("one", '"1"', DATE))
    run = await side.a_run("watching", sinks)
    assert run.validators == Validators('"1"', DATE)
    await side.end(run, fingerprint=a_fingerprint("two"))
    run = await side.a_run("watching", sinks)
    assert run.validators == Validators(None, None)


@ensureDeferred
async def test_no_other_job_has_validators(side: Side) -> None:
    run = await side.a_run("job")
    await side.end(run, fingerprint=a_fingerprint("one", '"1"'))
    assert (await side.a_run("job")).validators is None
    assert (await side.a_run(None, ("x:#on=change",))).validators is None


def a_publication(path: str, run: Run, **changes: Any) -> Publication:
    return Publication(
        path=path,
        job_id=run.job_id,
        run_id=run.id,
        attempt=1,
        headers=(("Content-Type", "text/html"), ("Vary", "*")),
        etag='"1"',
        modified=1_800_000_000,
        size=3,
    )._replace(**changes)


@ensureDeferred
async def test_what_is_published_is_remembered_by_its_path(side: Side) -> None:
    run, other = await side.a_run("job"), await side.a_run("other")
    await side.end(run, body=b"one")
    await side.end(other, body=b"two")
    first, second = a_publication("/a", run), a_publication("/é", other)
    for publication in (first, second):
        await side.store.publish(publication)
    assert list(await side.store.publications()) == [first, second]
    assert await side.store.published_body(first) == b"one"
    replaced = a_publication("/a", other, etag='W/"2"')
    await side.store.publish(replaced)
    assert list(await side.store.publications()) == [replaced, second]
    assert await side.store.published_body(replaced) == b"two"
    assert await side.store.published_body(first._replace(run_id="unknown")) is None


@ensureDeferred
async def test_results_are_kept_while_something_needs_them(side: Side) -> None:
    delivering, dead, done = [await side.a_run(name) for name in ("a", "b", "c")]
    for run in (delivering, dead, done):
        await side.end(run, a_delivery())
    for one in await side.claim():
        if one.run_id == dead.id:
            await side.finish(one, state=DeliveryState.DEAD)
        if one.run_id == done.id:
            await side.finish(one)
    old = await side.a_run("d")
    await side.end(old, fingerprint=a_fingerprint("one"))
    latest = await side.a_run("d")
    await side.end(latest, fingerprint=a_fingerprint("two"))
    published = await side.a_run("e")
    await side.end(published)
    await side.store.publish(a_publication("/x", published))
    assert await side.store.prune(side.instant + 1000, 100) == 3
    kept = [delivering.id, latest.id, published.id]
    for run in (delivering, dead, done, old, latest, published):
        assert bool(await side.store.results(run.id)) is (run.id in kept)
        assert bool(await side.store.deliveries(run.id)) is (run.id == delivering.id)


@ensureDeferred
async def test_what_a_forgotten_job_was_compared_by_is_forgotten(side: Side) -> None:
    sinks = ("x:#on=change",)
    run = await side.a_run("watching", sinks)
    await side.end(run, fingerprint=a_fingerprint("one", '"1"'))
    await side.store.steer(Step(run.job_id, JobEvent.CANCEL), side.instant)
    assert await side.store.prune(side.instant + 1000, 100) == 1
    assert await side.store.job(run.job_id) is None


@ensureDeferred
async def test_nothing_of_it_is_lost_when_the_store_is_opened_again(make_store: Any) -> None:
    store = make_store()
    await store.open()
    side = Side(store)
    run = await side.a_run("job")
    await side.end(run, a_delivery(), fingerprint=a_fingerprint("one"), body=b"one")
    await store.publish(a_publication("/x", run))
    await store.close()
    again = make_store()
    await again.open()
    try:
        assert list(await again.lanes()) == [LANE]
        (publication,) = await again.publications()
        assert await again.published_body(publication) == b"one"
    finally:
        await again.close()


@ensureDeferred
async def test_what_a_lost_run_has_said_is_its_body(side: Side) -> None:
    run, other = await side.a_run("job"), await side.a_run("other")
    for position, data in ((0, b"one "), (2, b"two "), (5, b"three")):
        await side.store.keep_output(run.id, 1, position, data)
        await side.store.keep_output(other.id, 1, position, data)
    await side.store.keep_output("unknown", 1, 0, b"x")
    lost = an_end(run, 0)
    lost = lost._replace(
        result=lost.result._replace(body=b"", reason="process lost"),
        verdict=lost.verdict._replace(state=RunState.FAILED),
    )
    assert await side.store.record([lost, an_end(other)]) == [True, True]
    ((_, result),) = await side.store.results(run.id)
    assert (result.reason, result.body) == ("process lost", b"one two three")
    ((_, result),) = await side.store.results(other.id)
    assert result.body == an_end(other).result.body


@ensureDeferred
async def test_the_oldest_are_forgotten_first_and_the_usage_says_what_is_left(side: Side) -> None:
    runs = [await side.a_run(None) for _ in range(6)]
    for number, run in enumerate(runs):
        outcome = an_end(run, 500) if number % 2 else an_end(run)
        finished = NOW + 100 - number
        if number % 2:
            outcome = outcome._replace(
                verdict=outcome.verdict._replace(state=RunState.FAILED),
            )
        await side.store.record(
            [outcome._replace(result=outcome.result._replace(finished=finished))]
        )
    before = await side.store.usage()
    assert before.ended == 6
    assert before.size > 0
    assert await side.store.prune(NOW + 1000, 4) == 4
    left = [run.id for run in runs if await side.store.results(run.id)]
    assert left == [runs[0].id, runs[1].id]
    assert (await side.store.usage()).ended == 2
