"""``jobqueue deliveries`` and ``redrive`` against an engine that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.client.conftest import short_path
from tests.client.fake_engine import FakeEngine

DEAD = {
    "id": "d1",
    "run": "r1",
    "job": "j1",
    "attempt": 1,
    "sink": "https://hooks.example.org",
    "state": "dead",
    "ready": "2026-11-24T03:00:00Z",
    "tries": 24,
    "reason": "refused \x1b[31m",
}
SINK = {"sink": "file:out", "pending": 1, "held": 2, "dead": 3, "reason": "is full"}

__all__ = ["short_path"]


@pytest.fixture
def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine with one dead letter, where ``JOBQUEUE_AMP`` says."""
    engine = FakeEngine(short_path / "amp.sock")
    monkeypatch.setenv("JOBQUEUE_AMP", engine.address)

    def page(said: dict[str, Any]) -> dict[str, Any]:
        if "after" in said:
            return {"deliveries": [{**DEAD, "id": "d2"}]}
        return {"deliveries": [DEAD], "next": "d1"}

    engine.answers.update(
        Deliveries=page,
        Sinks=lambda said: {"sinks": [SINK]},
        Redrive=lambda said: {"count": int(said.get("delivery") != b"x")},
        DropDelivery=lambda said: {"count": int(said["delivery"] == b"d1")},
    )
    engine.start()
    yield engine
    engine.stop()


def test_deliveries_of_however_many_pages(run: Run, engine: FakeEngine) -> None:
    outcome = run("deliveries", "--state", "dead", "--sink", "x", "-n", "2")
    assert outcome.status == 0
    heads, first, second = outcome.lines
    assert heads.split()[-3:] == ["TRIES", "SINK", "REASON"]
    assert (first.split()[0], second.split()[0]) == ("d1", "d2")
    assert "\x1b[31m" not in outcome.out
    assert engine.calls("Deliveries") == [
        {"state": b"dead", "sink": b"x", "limit": b"2"},
        {"state": b"dead", "sink": b"x", "limit": b"1", "after": b"d1"},
    ]


def test_deliveries_counted_by_sink(run: Run, engine: FakeEngine) -> None:
    assert run("deliveries", "--sinks").lines[1].split()[:4] == ["file:out", "1", "2", "3"]
    assert json.loads(run("deliveries", "--sinks", "--json").out)[0]["dead"] == 3
    assert [one["id"] for one in json.loads(run("deliveries", "--json").out)] == ["d1", "d2"]


def test_redrive(run: Run, engine: FakeEngine) -> None:
    assert run("redrive", "d1", "d2") == (0, "2 will be tried again\n", "")
    assert run("redrive", "--sink", "file:out") == (0, "1 will be tried again\n", "")
    assert run("redrive", "--all", "--json").out == '{\n  "redriven": 1\n}\n'
    assert run("redrive", "d1", "x") == (
        1,
        "1 will be tried again\n",
        "error: there is no dead delivery x\n",
    )
    assert engine.calls("Redrive")[2] == {"sink": b"file:out"}


def test_dropping(run: Run, engine: FakeEngine) -> None:
    assert run("redrive", "--drop", "d1") == (0, "1 forgotten\n", "")
    assert run("redrive", "--drop", "d2").status == 1
    for arguments in ((), ("--all", "d1"), ("--all", "--drop"), ("--all", "--sink", "x")):
        assert run("redrive", *arguments).status == 2
