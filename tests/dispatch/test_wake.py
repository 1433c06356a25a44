"""The bell of the loop."""

from __future__ import annotations

from twisted.internet.task import Clock

from jqengine.dispatch.wake import Bell


def test_a_ring_ends_the_wait() -> None:
    clock = Clock()
    bell = Bell(clock)
    woken: list[None] = []
    bell.wait(30).addCallback(woken.append)
    assert woken == []
    bell.ring()
    assert woken == [None]
    assert clock.getDelayedCalls() == []


def test_a_ring_before_the_wait_is_not_lost_and_counts_once() -> None:
    clock = Clock()
    bell = Bell(clock)
    bell.ring()
    bell.ring()
    assert bell.wait(30).called
    waiting = bell.wait(30)
    assert not waiting.called
    clock.advance(30)
    assert waiting.called


def test_the_time_ends_the_wait() -> None:
    clock = Clock()
    waiting = Bell(clock).wait(5)
    clock.advance(4.9)
    assert not waiting.called
    clock.advance(0.1)
    assert waiting.called


def test_no_time_at_all_lets_others_run_first() -> None:
    clock = Clock()
    waiting = Bell(clock).wait(0)
    assert not waiting.called
    clock.advance(0)
    assert waiting.called
