"""Nodes, by the contract of :class:`jqengine.interfaces.INodeStore`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import pytest_twisted

from jqengine.errors import NoSuchNode
from jqengine.job import Owner
from jqengine.node import FORGOTTEN_AFTER, MISSING_AFTER, Beat, Node, NodeState

SAID = Beat(
    owner=Owner("north", "b1"),
    host="n.example",
    pid=7,
    version="1.0",
    started=1000.0,
    threads=10,
    running=0,
)


@pytest_twisted.ensureDeferred
async def test_a_node_is_known_from_its_first_beat_on(store: Any) -> None:
    assert await store.nodes() == []
    known = await store.beat(SAID, 1000.5)
    assert known == Node(said=SAID, beat=1000.5, drained=None, stopped=False)
    assert await store.nodes() == [known]


@pytest_twisted.ensureDeferred
async def test_each_beat_takes_the_place_of_the_one_before(store: Any) -> None:
    await store.beat(SAID, 1000.5)
    busy = replace(SAID, running=3)
    assert await store.beat(busy, 1015.5) == Node(
        said=busy, beat=1015.5, drained=None, stopped=False
    )
    assert len(await store.nodes()) == 1


@pytest_twisted.ensureDeferred
async def test_nodes_come_by_name(store: Any) -> None:
    for name in ("south", "east", "north"):
        await store.beat(replace(SAID, owner=Owner(name, "b")), 1000.0)
    assert [one.name for one in await store.nodes()] == ["east", "north", "south"]


@pytest_twisted.ensureDeferred
async def test_a_node_that_signs_off_is_stopped_until_it_beats_again(store: Any) -> None:
    await store.beat(replace(SAID, running=2), 1000.0)
    await store.sign_off(SAID.owner, 1020.0)
    [gone] = await store.nodes()
    assert gone.stopped
    assert (gone.beat, gone.said.running) == (1020.0, 0)
    back = await store.beat(replace(SAID, owner=Owner("north", "b2")), 1030.0)
    assert not back.stopped


@pytest_twisted.ensureDeferred
async def test_an_earlier_boot_signs_nobody_off(store: Any) -> None:
    await store.beat(replace(SAID, owner=Owner("north", "b2")), 1000.0)
    await store.sign_off(SAID.owner, 1001.0)
    assert not (await store.nodes())[0].stopped


@pytest_twisted.ensureDeferred
async def test_a_drain_stays_over_beats_and_boots_until_it_is_taken_back(store: Any) -> None:
    await store.beat(SAID, 1000.0)
    assert (await store.drain("north", 1005.0)).drained == 1005.0
    assert (await store.drain("north", 1006.0)).drained == 1005.0
    assert (await store.beat(SAID, 1015.0)).drained == 1005.0
    await store.sign_off(SAID.owner, 1016.0)
    again = replace(SAID, owner=Owner("north", "b2"))
    assert (await store.beat(again, 1020.0)).drained == 1005.0
    assert (await store.drain("north", None)).drained is None
    assert (await store.beat(again, 1030.0)).drained is None


@pytest_twisted.ensureDeferred
async def test_a_node_that_nobody_knows_cannot_be_drained(store: Any) -> None:
    with pytest.raises(NoSuchNode, match="there is no node 'west'"):
        await store.drain("west", 1000.0)


@pytest_twisted.ensureDeferred
async def test_who_has_not_been_heard_of_for_a_day_is_forgotten(store: Any) -> None:
    await store.beat(replace(SAID, owner=Owner("south", "b")), 1000.0)
    await store.beat(SAID, 1000.0 + FORGOTTEN_AFTER)
    assert len(await store.nodes()) == 2
    await store.beat(SAID, 1000.5 + FORGOTTEN_AFTER)
    assert [one.name for one in await store.nodes()] == ["north"]


@pytest.mark.parametrize(
    ("changed", "now", "state", "since"),
    [
        ({}, 1015.0, NodeState.UP, 1000.0),
        ({}, 1010.0 + MISSING_AFTER, NodeState.UP, 1000.0),
        ({}, 1010.5 + MISSING_AFTER, NodeState.MISSING, 1010.0),
        ({"drained": 1005.0}, 1015.0, NodeState.DRAINED, 1005.0),
        ({"drained": 1005.0, "said": replace(SAID, running=1)}, 1015.0, NodeState.DRAINING, 1005.0),
        ({"stopped": True}, 1010.5 + MISSING_AFTER, NodeState.STOPPED, 1010.0),
        ({"drained": 1005.0}, 1010.5 + MISSING_AFTER, NodeState.MISSING, 1010.0),
    ],
)
def test_how_a_node_is(changed: Any, now: float, state: NodeState, since: float) -> None:
    node = replace(Node(said=SAID, beat=1010.0, drained=None, stopped=False), **changed)
    assert (node.state(now), node.since(now)) == (state, since)
