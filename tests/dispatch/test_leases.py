"""Claims are kept alive, and those of the dead are taken over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred, fail

from jqengine.dispatch.leases import FRESH, INTERVAL, LEASE
from jqengine.errors import StoreUnavailable
from jqengine.job import Owner
from jqengine.lifecycle import RunState
from tests.dispatch.engineroom import EngineRoom
from tests.dispatch.test_dispatcher import add, once, result_of, states


@pytest.fixture
def room() -> EngineRoom:
    return EngineRoom()


@pytest.fixture
def other(room: EngineRoom) -> Iterator[EngineRoom]:
    """Another node on the same store and the same clock, both stopped in the end."""
    one = EngineRoom(room.store, node="other", timers=room.timers)
    yield one
    room.store.trouble = None
    stopped = [each.stop() for each in (room, one) if each.dispatcher.running]
    for each in (room, one):
        each.dispatcher.hurry()
    room.pass_time(40)
    assert all(each.called for each in stopped)
    assert room.timers.getDelayedCalls() == []


def test_a_long_run_is_nobody_elses(room: EngineRoom, other: EngineRoom) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    other.start()
    room.pass_time(10 * LEASE)
    assert len(room.host.running) == 1
    assert other.host.running == []
    room.answer_all()
    assert states(room.store, "once-0001") == [(0, RunState.FINISHED)]


def test_a_node_that_is_gone_loses_its_runs_and_its_late_results(
    room: EngineRoom, other: EngineRoom
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    other.start()
    room.leases.stopService()
    room.pass_time(LEASE + INTERVAL + 3)
    [run] = other.host.running
    assert run.attempt == 2
    room.answer_all()
    assert room.delivery.delivered == []
    assert states(room.store, "once-0001") == [(0, RunState.RUNNING)]
    other.answer_all()
    assert len(other.delivery.delivered) == 1
    assert [n for n, _ in result_of(room.store.results("once-0001"))] == [1, 2]


def test_a_node_that_cannot_renew_claims_nothing_more(
    room: EngineRoom, other: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.start()

    def renew(owner: Owner, now: float, lease: float) -> Deferred[int]:
        return fail(StoreUnavailable("the line is cut"))

    monkeypatch.setattr(room.store, "renew", renew)
    room.pass_time(FRESH + 1)
    add(room, once(1))
    room.pass_time(LEASE)
    assert room.host.running == []
    monkeypatch.undo()
    room.pass_time(LEASE)
    assert len(room.host.running) == 1


def test_its_own_runs_are_not_taken_over_after_a_long_silence(
    room: EngineRoom, other: EngineRoom
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    room.clock.offset += 10 * LEASE
    room.pass_time(2 * INTERVAL)
    assert [run.attempt for run in room.host.running] == [1]
    room.answer_all()
    assert states(room.store, "once-0001") == [(0, RunState.FINISHED)]


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_is_set_takes_no_run_from_those_who_live(
    room: EngineRoom, other: EngineRoom, step: float
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    # From now on the other one looks before this one has renewed.
    room.pass_time(INTERVAL - 1)
    other.start()
    room.pass_time(INTERVAL - 1)
    for each in (other, room):
        each.clock.offset += step
    room.pass_time(3 * LEASE)
    assert len(room.host.running) == 1
    assert other.host.running == []


def test_after_the_clock_is_set_the_dead_lose_their_runs_a_lease_later(
    room: EngineRoom, other: EngineRoom
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    other.start()
    room.leases.stopService()
    for each in (other, room):
        each.clock.offset += 3600
    room.pass_time(2 * LEASE)
    assert [run.attempt for run in other.host.running] == [2]


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
def test_a_late_result_does_not_stand_for_the_attempt_that_came_back(
    room: EngineRoom, other: EngineRoom, order: tuple[int, int]
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    room.leases.stopService()
    other.start()
    room.pass_time(LEASE + INTERVAL + 3)
    other.answer_all(500)
    other.stop()
    room.leases.startService()
    room.pass_time(LEASE)
    begun = {run.attempt: run for run in room.host.running}
    assert begun.keys() == {1, 3}
    for attempt in order:
        room.answer(begun[attempt], status=200 + attempt)
        room.pass_time(1)
    assert states(room.store, "once-0001") == [(0, RunState.FINISHED)]
    results = result_of(room.store.results("once-0001"))
    assert [(number, one.status) for number, one in results] == [(1, 0), (2, 500), (3, 203)]
    assert room.recorder.in_hand == 0
    assert [result.status for _, result in room.delivery.delivered] == [203]


def test_a_node_that_starts_when_the_clock_was_set_takes_no_run_from_those_who_live(
    room: EngineRoom, other: EngineRoom
) -> None:
    add(room, once(1, timeout=1e5))
    room.start()
    for each in (other, room):
        each.clock.offset += 3600
    other.start()
    room.pass_time(3 * LEASE)
    assert other.host.running == []
