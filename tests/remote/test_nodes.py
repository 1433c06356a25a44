"""What clients are told of nodes, and what they can ask of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jqengine.job import Owner
from jqengine.node import MISSING_AFTER, Beat
from tests.remote.office import NOW, Client, Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def client(office: Office) -> Iterator[Client]:
    client = office.connect()
    yield client
    client.leave()


def beats(office: Office, name: str, running: int = 0) -> None:
    said = Beat(
        owner=Owner(name, "b1"),
        host="host.example",
        pid=7,
        version="1.2",
        started=NOW,
        threads=10,
        running=running,
    )
    office.store.beat(said, office.wall.now())


def test_every_node_is_described_by_name(office: Office, client: Client) -> None:
    beats(office, "south", running=2)
    beats(office, "north")
    said = client.gets("Nodes")
    assert [one["name"] for one in said["nodes"]] == ["north", "south"]
    south: dict[str, Any] = said["nodes"][1]
    assert south == {
        "name": "south",
        "state": "up",
        "since": south["started"],
        "beat": south["started"],
        "started": south["started"],
        "running": 2,
        "threads": 10,
        "version": "1.2",
        "host": "host.example",
        "pid": 7,
    }
    assert "next" not in said


def test_a_page_goes_on_where_the_one_before_ended(office: Office, client: Client) -> None:
    for number in range(5):
        beats(office, f"n{number}")
    first = client.gets("Nodes", limit=2)
    second = client.gets("Nodes", limit=2, after=first["next"])
    last = client.gets("Nodes", limit=2, after=second["next"])
    pages = [[one["name"] for one in page["nodes"]] for page in (first, second, last)]
    assert pages == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    assert "next" not in last


def test_one_that_is_not_heard_of_is_missing(office: Office, client: Client) -> None:
    beats(office, "north")
    office.clock.advance(MISSING_AFTER + 1)
    [node] = client.gets("Nodes")["nodes"]
    assert (node["state"], node["since"]) == ("missing", node["beat"])


def test_a_node_is_drained_and_may_claim_again(office: Office, client: Client) -> None:
    beats(office, "north", running=1)
    woken = office.woken
    assert client.gets("Drain", node="north")["node"]["state"] == "draining"
    assert office.woken == woken + 1, "this node looks whether it is meant"
    beats(office, "north")
    assert client.gets("Nodes")["nodes"][0]["state"] == "drained"
    assert client.gets("Undrain", node="north")["node"]["state"] == "up"


@pytest.mark.parametrize("command", ["Drain", "Undrain"])
def test_a_node_that_nobody_knows(client: Client, command: str) -> None:
    assert client.refused(command, node="west") == ("NO_SUCH_NODE", "there is no node 'west'")


def test_a_page_of_no_size(client: Client) -> None:
    assert client.refused("Nodes", limit=0)[0] == "BAD_VALUE"
