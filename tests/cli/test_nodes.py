"""``jobqueue nodes``, ``drain`` and ``undrain`` against an engine that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.client.conftest import short_path
from tests.client.fake_engine import FakeEngine

NODE = {
    "name": "north-1",
    "state": "up",
    "since": "2026-11-24T03:00:00Z",
    "beat": "2026-11-24T04:00:00Z",
    "started": "2026-11-24T03:00:00Z",
    "running": 3,
    "threads": 10,
    "version": "1.2",
    "host": "north\x1b[31m",
    "pid": 77,
}

__all__ = ["short_path"]


@pytest.fixture
def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine of two nodes, a page each, where ``JOBQUEUE_AMP`` says."""
    engine = FakeEngine(short_path / "amp.sock")
    monkeypatch.setenv("JOBQUEUE_AMP", engine.address)

    def page(said: dict[str, Any]) -> dict[str, Any]:
        if "after" in said:
            return {"nodes": [{**NODE, "name": "south-1"}]}
        return {"nodes": [NODE], "next": "north-1"}

    def changed(state: str) -> Any:
        def change(said: dict[str, Any]) -> dict[str, Any]:
            if said["node"] != b"north-1":
                return {"_error": ("NO_SUCH_NODE", "there is no node 'west'")}
            return {"node": {**NODE, "state": state}}

        return change

    engine.answers.update(Nodes=page, Drain=changed("draining"), Undrain=changed("up"))
    engine.start()
    yield engine
    engine.stop()


def test_nodes_of_however_many_pages(run: Run, engine: FakeEngine) -> None:
    outcome = run("nodes")
    assert outcome.status == 0
    heads, first, second = outcome.lines
    assert heads.split()[:3] == ["NAME", "STATE", "SINCE"]
    assert (first.split()[:2], second.split()[0]) == (["north-1", "up"], "south-1")
    assert "(77)" in first
    assert "\x1b[31m" not in outcome.out
    assert [one["name"] for one in json.loads(run("nodes", "--json").out)] == ["north-1", "south-1"]


def test_a_node_is_drained_and_may_claim_again(run: Run, engine: FakeEngine) -> None:
    assert run("drain", "north-1").lines == ["north-1 is draining"]
    assert run("undrain", "north-1").lines == ["north-1 is up"]


def test_of_several_a_wrong_one_stops_none(run: Run, engine: FakeEngine) -> None:
    outcome = run("drain", "west", "north-1")
    assert outcome.status == 1
    assert outcome.lines == ["north-1 is draining"]
    assert "there is no node 'west'" in outcome.err
