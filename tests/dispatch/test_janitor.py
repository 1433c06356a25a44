"""The janitor keeps a store within its limits, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from jqengine.dispatch.janitor import AT_ONCE, INTERVAL, Janitor
from jqengine.errors import StoreUnavailable
from jqengine.retention import Retention, Usage

NOW = 1_800_000_000.0
DAY = 86400.0


class Shelf:
    """Ended runs by the instant they ended; a run takes ten bytes, the shelf a hundred."""

    def __init__(self, *finished: float, needed: int = 0) -> None:
        self.finished = sorted(finished)
        self.needed = needed
        self.limits: list[int] = []
        self.away = False

    def prune(self, before: float, limit: int) -> Deferred[int]:
        if self.away:
            return fail(StoreUnavailable("away"))
        self.limits.append(limit)
        old = [one for one in self.finished[self.needed :] if one < before][:limit]
        self.finished = [one for one in self.finished if one not in old]
        return succeed(len(old))

    def usage(self) -> Deferred[Usage]:
        return succeed(Usage(len(self.finished), 100 + 10 * len(self.finished)))


class WallClock:
    def now(self) -> float:
        return NOW


@pytest.fixture
def reactor() -> Iterator[Clock]:
    clock = Clock()
    yield clock
    assert not clock.getDelayedCalls()


def swept(shelf: Shelf, reactor: Clock, **limits: float) -> Janitor:
    janitor = Janitor(
        reactor=reactor,
        clock=WallClock(),
        store=shelf,  # type: ignore[arg-type]
        retention=Retention(**limits),  # type: ignore[arg-type]
    )
    janitor.startService()
    return janitor


def ages(*days: float) -> list[float]:
    return [NOW - one * DAY for one in days]


def test_what_is_too_old_goes(reactor: Clock) -> None:
    shelf = Shelf(*ages(0, 1, 6.9, 7.1, 30))
    swept(shelf, reactor, age=7 * DAY).stopService()
    assert shelf.finished == sorted(ages(0, 1, 6.9))


def test_what_is_too_many_goes_the_oldest_first(reactor: Clock) -> None:
    shelf = Shelf(*ages(*range(10)))
    swept(shelf, reactor, count=3).stopService()
    assert shelf.finished == sorted(ages(0, 1, 2))
    swept(shelf, reactor, count=3).stopService()
    assert len(shelf.finished) == 3


def test_what_is_too_large_goes_until_it_fits(reactor: Clock) -> None:
    shelf = Shelf(*range(3 * AT_ONCE))
    swept(shelf, reactor, size=100 + 10 * 2 * AT_ONCE).stopService()
    assert len(shelf.finished) == 2 * AT_ONCE


def test_what_cannot_be_made_to_fit_is_left(reactor: Clock) -> None:
    shelf = Shelf(*range(10))
    swept(shelf, reactor, size=50).stopService()
    assert shelf.finished == []
    needed = Shelf(*range(10), needed=4)
    swept(needed, reactor, size=50).stopService()
    assert needed.finished == [0, 1, 2, 3]


def test_a_great_many_go_bit_by_bit(reactor: Clock) -> None:
    shelf = Shelf(*range(2 * AT_ONCE + 1))
    swept(shelf, reactor, count=0).stopService()
    assert shelf.limits == [AT_ONCE, AT_ONCE, 1]


def test_it_comes_every_minute_and_a_store_that_is_away_is_visited_again(reactor: Clock) -> None:
    shelf = Shelf(*ages(8))
    shelf.away = True
    janitor = swept(shelf, reactor, age=7 * DAY)
    assert shelf.finished
    shelf.away = False
    reactor.advance(INTERVAL)
    assert not shelf.finished
    janitor.stopService()
    shelf.finished = ages(9)
    reactor.advance(INTERVAL * 3)
    assert shelf.finished


def test_without_limits_nobody_comes(reactor: Clock) -> None:
    shelf = Shelf(*ages(1000))
    swept(shelf, reactor).stopService()
    assert shelf.limits == []
    assert inf > len(shelf.finished) == 1
