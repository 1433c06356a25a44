"""What one turn of the reactor has for the threads goes to them together."""

from __future__ import annotations

from jqengine.app.outbox import Outbox
from tests.app.fakes import HandReactor, SameThread


def test_calls_of_one_turn_are_handed_over_at_its_end_and_in_order() -> None:
    reactor, threads = HandReactor(), SameThread(held=True)
    outbox, called = Outbox(reactor, threads), []
    for number in range(3):
        outbox.send(lambda number=number: called.append(number))
    assert not threads.calls
    assert len(reactor.getDelayedCalls()) == 1
    reactor.advance(0)
    assert len(threads.calls) == 3
    threads.work()
    assert called == [0, 1, 2]


def test_a_call_that_comes_while_others_are_handed_over_is_not_lost() -> None:
    reactor, threads = HandReactor(), SameThread()
    outbox, called = Outbox(reactor, threads), []

    def first() -> None:
        called.append("first")
        outbox.send(lambda: called.append("second"))

    outbox.send(first)
    reactor.advance(0)
    assert called == ["first", "second"]


def test_without_time_calls_are_handed_over_at_once() -> None:
    class NoTime:
        def callFromThread(self, function: object) -> None: ...

    called: list[int] = []
    Outbox(NoTime(), SameThread()).send(lambda: called.append(1))
    assert called == [1]
