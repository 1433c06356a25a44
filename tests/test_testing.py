"""The played reactor and clock, which users may test with."""

from __future__ import annotations

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from zope.interface.verify import verifyObject

from jqengine.interfaces import IClock
from jqengine.testing import START, PlayedClock, PlayedReactor


@pytest.fixture
def reactor() -> PlayedReactor:
    return PlayedReactor()


def test_they_are_what_they_stand_for(reactor: PlayedReactor) -> None:
    assert verifyObject(IReactorTime, reactor)
    assert verifyObject(IReactorFromThreads, reactor)
    assert verifyObject(IClock, PlayedClock(reactor.seconds))


def test_calls_are_made_in_time_each_at_its_instant(reactor: PlayedReactor) -> None:
    made: list[tuple[str, float]] = []

    def note(name: str) -> None:
        made.append((name, reactor.seconds()))

    reactor.callLater(3, note, "late")
    reactor.callLater(1, note, name="early")
    reactor.callLater(1, note, "early too")
    reactor.callLater(9, note, "never")
    reactor.advance(5)
    assert made == [("early", 1.0), ("early too", 1.0), ("late", 3.0)]
    assert reactor.seconds() == 5.0
    assert len(reactor.getDelayedCalls()) == 1


def test_what_a_call_schedules_is_made_in_the_same_advance(reactor: PlayedReactor) -> None:
    ticks: list[float] = []
    loop = LoopingCall(lambda: ticks.append(reactor.seconds()))
    loop.clock = reactor
    loop.start(10, now=False)
    reactor.advance(35)
    loop.stop()
    assert ticks == [10.0, 20.0, 30.0]
    assert reactor.getDelayedCalls() == []


def test_calls_from_threads_come_before_timers(reactor: PlayedReactor) -> None:
    made: list[str] = []
    reactor.callLater(0, made.append, "timer")
    reactor.callFromThread(made.append, "first")
    reactor.callFromThread(made.append, "second")
    assert reactor.next_due() == 0.0
    reactor.advance(0)
    assert made == ["first", "second", "timer"]
    assert reactor.next_due() is None


def test_a_call_can_be_moved_and_cancelled(reactor: PlayedReactor) -> None:
    made: list[str] = []
    moved = reactor.callLater(1, made.append, "moved")
    later = reactor.callLater(2, made.append, "later")
    cancelled = reactor.callLater(2, made.append, "cancelled")
    moved.reset(4)
    later.delay(1)
    cancelled.cancel()
    assert (moved.getTime(), later.getTime()) == (4.0, 3.0)
    assert (moved.active(), cancelled.active()) == (True, False)
    reactor.advance(10)
    assert made == ["later", "moved"]
    with pytest.raises(AlreadyCalled):
        moved.cancel()
    with pytest.raises(AlreadyCancelled):
        cancelled.reset(1)


def test_a_call_in_the_past_is_refused(reactor: PlayedReactor) -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        reactor.callLater(-1, print)


def test_what_a_call_raises_comes_out_and_the_rest_is_still_made(reactor: PlayedReactor) -> None:
    made: list[str] = []
    reactor.callLater(1, [].pop)
    reactor.callLater(1, made.append, "next")
    with pytest.raises(IndexError):
        reactor.advance(2)
    reactor.advance(0)
    assert made == ["next"]


def test_a_late_call_is_made_when_time_has_come_to_it(reactor: PlayedReactor) -> None:
    made: list[float] = []
    reactor.callLater(1, lambda: made.append(reactor.seconds()))
    assert reactor.next_due() == 1.0
    reactor.run_next(60.0)
    assert made == [60.0]


def test_the_order_of_calls_of_one_instant_can_be_chosen() -> None:
    numbers = iter([3.0, 1.0, 2.0])
    reactor, made = PlayedReactor(lambda: next(numbers)), []
    for name in "abc":
        reactor.callLater(1, made.append, name)
    reactor.advance(1)
    assert made == ["b", "c", "a"]


def test_a_step_of_the_clock_is_nothing_to_timers(reactor: PlayedReactor) -> None:
    clock = PlayedClock(reactor.seconds)
    waited = deferLater(reactor, 10, clock.now)
    reactor.advance(5)
    clock.step(-3600)
    assert clock.now() == START + 5 - 3600
    reactor.advance(5)
    found: list[float] = []
    waited.addCallback(found.append)
    assert found == [START + 10 - 3600]


def test_two_clocks_can_go_with_one_time(reactor: PlayedReactor) -> None:
    here, there = PlayedClock(reactor.seconds, start=100.0), PlayedClock(reactor.seconds, 200.0)
    reactor.advance(1)
    there.step(7)
    assert (here.now(), there.now()) == (101.0, 208.0)
