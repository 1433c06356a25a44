"""A node beats, and does as it is asked."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from jqengine.dispatch.presence import INTERVAL, Presence
from jqengine.dispatch.wake import Bell
from jqengine.errors import StoreUnavailable
from jqengine.job import Owner
from jqengine.news import Topic
from jqengine.node import Beat, NodeState
from jqengine.store.memory import MemoryStore
from tests.dispatch.engineroom import EngineRoom, PlayedClock
from tests.dispatch.test_dispatcher import add, once, result_of
from tests.dispatch.values import NOW


class Scene:
    def __init__(self) -> None:
        self.timers = Clock()
        self.clock = PlayedClock(self.timers)
        self.store: Any = MemoryStore(lambda now: "id")
        self.store.open()
        self.bell = Bell(self.timers)
        self.running = 0
        self.idle: Deferred[None] = succeed(None)
        self.presence = Presence(
            reactor=self.timers,
            clock=self.clock,
            store=self.store,
            beat=self.beat,
            bell=self.bell,
            idle=lambda: self.idle,
        )

    def beat(self) -> Beat:
        return Beat(
            owner=Owner("north", "b1"),
            host="h",
            pid=1,
            version="1",
            started=self.clock.offset,
            threads=10,
            running=self.running,
        )

    def state(self) -> NodeState:
        [node] = self.store.nodes().result
        state: NodeState = node.state(self.clock.now())
        return state

    def rung(self) -> bool:
        """Whether the bell was rung since the last question."""
        waiting = self.bell.wait(0.0)
        rung = waiting.called
        self.timers.advance(0)
        return rung

    def asked(self, since: float | None) -> None:
        """Another process drains this node, or lets it claim again."""
        self.store.drain("north", since)
        self.presence.heard(frozenset({Topic.NODES}))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_claims_once_the_store_knows_it(scene: Scene) -> None:
    assert not scene.presence.may_claim
    scene.presence.startService()
    assert scene.presence.may_claim
    assert scene.rung()
    assert scene.state() is NodeState.UP


def test_it_beats_again_and_again(scene: Scene) -> None:
    scene.presence.startService()
    scene.running = 4
    scene.timers.advance(INTERVAL)
    [node] = scene.store.nodes().result
    assert (node.beat, node.said.running) == (scene.clock.now(), 4)


def test_a_drained_node_claims_no_more_until_it_may_again(scene: Scene) -> None:
    scene.presence.startService()
    scene.rung()
    scene.idle = Deferred()
    scene.running = 2
    scene.asked(scene.clock.now())
    assert not scene.presence.may_claim
    assert scene.rung(), "so that what no thread has begun is given back"
    assert scene.state() is NodeState.DRAINING
    scene.running = 0
    scene.idle.callback(None)
    assert scene.state() is NodeState.DRAINED
    assert not scene.rung()
    scene.asked(None)
    assert scene.presence.may_claim
    assert scene.rung()


def test_without_news_the_next_beat_tells(scene: Scene) -> None:
    scene.presence.startService()
    scene.store.drain("north", scene.clock.now())
    assert scene.presence.may_claim
    scene.timers.advance(INTERVAL)
    assert not scene.presence.may_claim


def test_a_node_that_was_drained_before_claims_nothing_from_its_start_on(scene: Scene) -> None:
    scene.store.beat(scene.beat(), scene.clock.now())
    scene.store.drain("north", scene.clock.now())
    scene.presence.startService()
    assert not scene.presence.may_claim


def test_a_store_in_trouble_changes_nothing(scene: Scene) -> None:
    scene.presence.startService()
    scene.store.trouble = StoreUnavailable("gone")
    scene.timers.advance(INTERVAL)
    assert scene.presence.may_claim
    scene.store.trouble = None
    scene.timers.advance(INTERVAL)
    [node] = scene.store.nodes().result
    assert node.beat == scene.clock.now()


def test_other_news_is_none_of_its_business(scene: Scene) -> None:
    scene.presence.startService()
    scene.store.drain("north", scene.clock.now())
    scene.presence.heard(frozenset({Topic.READY, Topic.ENDED}))
    assert scene.presence.may_claim


def test_it_signs_off(scene: Scene) -> None:
    scene.presence.startService()
    stopped = scene.presence.stopService()
    assert stopped.called
    assert scene.state() is NodeState.STOPPED
    assert scene.timers.getDelayedCalls() == []
    scene.presence.look()
    assert scene.state() is NodeState.STOPPED


def test_what_a_drained_node_has_not_begun_is_anybodys_and_what_it_has_begun_ends() -> None:
    room = EngineRoom()
    may = [True]
    room.dispatcher._may_claim = lambda: may[0]
    add(room, *(once(number) for number in range(1, 6)))
    room.start()
    room.pass_time(1)
    begun = [run.id for run in room.host.running]
    assert len(begun) == 2
    may[0] = False
    room.dispatcher.look()
    room.pass_time(1)
    assert room.host.queued == []
    assert [run.id for run in room.host.running] == begun
    while room.answer_all():
        room.pass_time(1)
    assert room.recorder.in_hand == 0
    assert result_of(room.store.stats(NOW + 5))["due"] == 3

    other = EngineRoom(room.store, node="other", timers=room.timers).start()
    room.pass_time(1)
    while other.answer_all():
        room.pass_time(1)
    assert result_of(room.store.stats(NOW + 100))["finished"] == 5
    for one in (room, other):
        one.stop()
    assert room.timers.getDelayedCalls() == []
