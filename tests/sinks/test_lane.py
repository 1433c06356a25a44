"""A lane by itself: how much is under way, and what it does in bad times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from jqengine.delivery import ClaimedDeliveries, Delivery
from jqengine.lifecycle import DeliveryState
from jqengine.sinks.lane import CLAIMED_AHEAD, WIDTH, Lane, TryEnd


def a_delivery(number: int) -> Delivery:
    return Delivery(
        id=f"{number:05d}",
        run_id="run",
        attempt=1,
        job_id="job",
        sink="x:",
        lane="x:",
        state=DeliveryState.DELIVERING,
        ready=0.0,
        tries=1,
        removed=None,
        before=None,
        reason="",
    )


class Desk:
    """An office whose deliveries are under way until the test ends them."""

    def __init__(self, count: int = 0) -> None:
        self.clock = Clock()
        self.pending = [a_delivery(number) for number in range(count)]
        self.next_ready: float | None = None
        self.claims: list[int] = []
        self.tries: dict[str, Deferred[TryEnd]] = {}
        self.tried: list[str] = []
        self.closed_lanes = 0
        self.at_once: TryEnd | None = None
        self.held_claims: list[tuple[int, Deferred[ClaimedDeliveries]]] | None = None
        self.lane = Lane("x:", self, self.clock)

    def claim(self, lane: str, limit: int) -> Deferred[ClaimedDeliveries]:
        self.claims.append(limit)
        if self.held_claims is not None:
            answer: Deferred[ClaimedDeliveries] = Deferred()
            self.held_claims.append((limit, answer))
            return answer
        return succeed(self._take(limit))

    def answer_claim(self) -> None:
        assert self.held_claims is not None
        limit, answer = self.held_claims.pop(0)
        answer.callback(self._take(limit))

    def _take(self, limit: int) -> ClaimedDeliveries:
        taken, self.pending = self.pending[:limit], self.pending[limit:]
        return ClaimedDeliveries(tuple(taken), self.next_ready)

    def attempt(self, delivery: Delivery) -> Deferred[TryEnd]:
        self.tried.append(delivery.id)
        if self.at_once is not None:
            return succeed(self.at_once)
        self.tries[delivery.id] = Deferred()
        return self.tries[delivery.id]

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        self.pending = [*deliveries, *self.pending]

    def closed(self, lane: Lane) -> None:
        self.closed_lanes += 1

    def now(self) -> float:
        return self.clock.seconds()

    def end(self, end: TryEnd, count: int = 1) -> None:
        for key in list(self.tries)[:count]:
            self.tries.pop(key).callback(end)


def test_a_few_at_once_and_more_claimed_ahead() -> None:
    desk = Desk(100)
    desk.lane.look()
    assert len(desk.tries) == WIDTH
    assert desk.claims == [CLAIMED_AHEAD]
    desk.end(TryEnd.ARRIVED, 2)
    assert len(desk.tries) == WIDTH
    assert desk.tried == [f"{number:05d}" for number in range(WIDTH + 2)]


def test_everything_in_order_then_it_closes() -> None:
    desk = Desk(100)
    desk.at_once = TryEnd.ARRIVED
    desk.lane.look()
    assert desk.tried == [f"{number:05d}" for number in range(100)]
    assert desk.closed_lanes == 1
    assert not desk.clock.getDelayedCalls()


def test_thousands_that_end_at_once_do_not_pile_up_on_the_stack() -> None:
    desk = Desk(20_000)
    desk.at_once = TryEnd.ARRIVED
    desk.lane.look()
    assert len(desk.tried) == 20_000


def test_it_sleeps_until_the_next_is_ready() -> None:
    desk = Desk()
    desk.next_ready = 10.0
    desk.lane.look()
    desk.clock.advance(9.9)
    assert len(desk.claims) == 1
    desk.pending, desk.next_ready = [a_delivery(1)], None
    desk.clock.advance(0.2)
    assert desk.tried == ["00001"]
    desk.end(TryEnd.ARRIVED)
    assert desk.closed_lanes == 1


def test_it_looks_again_before_long_whatever_the_clock_says() -> None:
    desk = Desk()
    desk.next_ready = 1e9
    desk.lane.look()
    desk.clock.advance(30.1)
    assert len(desk.claims) == 2
    desk.lane.stop()


def test_one_failure_changes_nothing_and_two_narrow_the_lane() -> None:
    desk = Desk(100)
    desk.lane.look()
    desk.end(TryEnd.FAILED)
    assert len(desk.tries) == WIDTH
    desk.end(TryEnd.FAILED)
    assert len(desk.tries) == WIDTH - 1
    assert len(desk.pending) == 100 - WIDTH - 1, "what was claimed ahead is given back"
    desk.end(TryEnd.FAILED, WIDTH - 1)
    assert not desk.tries


def test_a_lane_in_trouble_probes_ever_more_rarely() -> None:
    desk = Desk(1000)
    desk.at_once = TryEnd.FAILED
    desk.lane.look()
    instants = []
    for _ in range(600):
        before = len(desk.tried)
        desk.clock.advance(1)
        instants += [desk.clock.seconds()] * (len(desk.tried) - before)
    assert instants[:6] == [1, 3, 7, 15, 31, 63]
    assert max(b - a for a, b in itertools.pairwise(instants)) == 60
    assert len(desk.tried) == 2 + len(instants)
    desk.lane.stop()


def test_the_first_that_arrives_opens_it_again() -> None:
    desk = Desk(100)
    desk.lane.look()
    desk.end(TryEnd.FAILED, WIDTH)
    desk.clock.advance(60)
    assert len(desk.tries) == 1
    desk.end(TryEnd.ARRIVED)
    assert len(desk.tries) == WIDTH


@pytest.mark.parametrize("end", [TryEnd.REFUSED, TryEnd.NOT_MADE])
def test_what_is_not_the_servers_fault_is_no_trouble(end: TryEnd) -> None:
    desk = Desk(10)
    desk.at_once = end
    desk.lane.look()
    assert len(desk.tried) == 10


def test_a_look_during_a_claim_is_not_lost() -> None:
    desk = Desk()
    desk.held_claims = []
    desk.lane.look()
    desk.lane.look()
    desk.answer_claim()
    assert len(desk.claims) == 2
    desk.pending = [a_delivery(1)]
    desk.answer_claim()
    assert desk.tried == ["00001"]
    desk.lane.stop()


def test_what_is_claimed_while_it_stops_is_given_back() -> None:
    desk = Desk(5)
    desk.held_claims = []
    desk.lane.look()
    desk.lane.stop()
    desk.answer_claim()
    assert len(desk.pending) == 5
    assert not desk.tried
    assert not desk.clock.getDelayedCalls()


def test_stopping_gives_back_what_waits_and_leaves_what_is_under_way() -> None:
    desk = Desk(10)
    desk.lane.look()
    desk.lane.stop()
    assert len(desk.lane.under_way) == WIDTH
    assert len(desk.pending) == 10 - WIDTH
    desk.end(TryEnd.ARRIVED, WIDTH)
    assert len(desk.tried) == WIDTH
