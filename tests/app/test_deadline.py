"""A limit that moves costs one delayed call, and still holds."""

from __future__ import annotations

from twisted.internet.task import Clock

from jqengine.app.deadline import Deadline


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.expired: list[float] = []
        self.deadline = Deadline(self.clock, lambda: self.expired.append(self.clock.seconds()))


def test_it_expires_once() -> None:
    bench = Bench()
    bench.deadline.set(10)
    assert bench.deadline.running
    bench.clock.pump([1] * 30)
    assert bench.expired == [10]
    assert not bench.deadline.running


def test_a_limit_that_is_moved_again_and_again_needs_one_delayed_call() -> None:
    bench = Bench()
    for _ in range(100):
        bench.deadline.set(10)
        assert len(bench.clock.getDelayedCalls()) == 1
        bench.clock.advance(1)
    assert bench.expired == []
    bench.clock.pump([1] * 10)
    assert bench.expired == [109]


def test_a_nearer_limit_is_kept_too() -> None:
    bench = Bench()
    bench.deadline.set(60)
    bench.deadline.set(5)
    bench.clock.pump([1] * 10)
    assert bench.expired == [5]


def test_a_lifted_limit_does_not_expire_and_can_be_set_again() -> None:
    bench = Bench()
    bench.deadline.set(10)
    bench.clock.advance(9)
    bench.deadline.lift()
    bench.clock.advance(9)
    assert bench.expired == []
    bench.deadline.set(10)
    bench.clock.pump([1] * 10)
    assert bench.expired == [28]


def test_a_closed_one_leaves_nothing_and_stays_closed() -> None:
    bench = Bench()
    bench.deadline.set(10)
    bench.deadline.close()
    bench.deadline.set(10)
    bench.deadline.close()
    assert bench.clock.getDelayedCalls() == []
    assert not bench.deadline.running


def test_it_can_be_set_while_it_expires() -> None:
    clock = Clock()
    times: list[float] = []

    def again() -> None:
        times.append(clock.seconds())
        deadline.set(10)

    deadline = Deadline(clock, again)
    deadline.set(10)
    clock.pump([1] * 35)
    assert times == [10, 20, 30]
