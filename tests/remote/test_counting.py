"""Counts that are quick are fresh; those that are slow are given at once, a little old."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from jqengine.errors import StoreUnavailable
from jqengine.remote.counting import OLDEST, RESTED, Counts, Stats


class Counted:
    """Counts that a test makes by hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.asked: list[Deferred[Stats]] = []
        self.counts = Counts(self.clock, self._ask)

    def _ask(self) -> Deferred[Stats]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def stats(self) -> Deferred[Stats]:
        """Ask."""
        return Deferred.fromCoroutine(self.counts.stats())

    def count(self, number: int, seconds: float) -> None:
        """The last question is answered after some time."""
        self.clock.advance(seconds)
        self.asked[-1].callback({"finished": number})


@pytest.fixture
def counted() -> Counted:
    return Counted()


def given(answer: Deferred[Stats]) -> int | None:
    """What an answer is, if it has come."""
    return answer.result["finished"] if answer.called else None  # type: ignore[attr-defined,no-any-return]


def test_quick_counts_are_made_for_each(counted: Counted) -> None:
    for number in range(3):
        answer = counted.stats()
        counted.count(number, 0.001)
        assert given(answer) == number


def test_slow_counts_are_given_at_once_and_made_again_meanwhile(counted: Counted) -> None:
    first = counted.stats()
    counted.count(1, 0.1)
    assert given(first) == 1
    assert given(counted.stats()) == 1
    assert len(counted.asked) == 1
    counted.clock.advance(0.1 * RESTED + 0.01)
    assert [given(counted.stats()) for _ in range(2)] == [1, 1]
    assert len(counted.asked) == 2
    counted.count(2, 0.1)
    assert given(counted.stats()) == 2


def test_counts_that_are_too_old_are_waited_for_together(counted: Counted) -> None:
    counted.stats()
    counted.count(1, 0.1)
    counted.clock.advance(OLDEST + 1)
    answers = [counted.stats() for _ in range(2)]
    assert [given(one) for one in answers] == [None, None]
    counted.count(2, 0.1)
    assert [given(one) for one in answers] == [2, 2]
    assert len(counted.asked) == 2


def test_a_store_that_is_away_is_told_to_all(counted: Counted) -> None:
    counted.stats()
    counted.count(1, 0.1)
    counted.clock.advance(OLDEST + 1)
    answers = [counted.stats() for _ in range(2)]
    counted.asked[-1].errback(StoreUnavailable("away"))
    failed: list[object] = []
    for one in answers:
        one.addErrback(lambda failure: failed.append(failure.trap(StoreUnavailable)))
    assert len(failed) == 2
    again = counted.stats()
    counted.count(3, 0.1)
    assert given(again) == 3
