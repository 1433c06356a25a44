"""Keys that are held, as an application meets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, request

from jqengine.eager import Eager, eager
from jqengine.errors import BadValue, KeyHeld

NOW = "2026-11-24T03:00:00Z"


@pytest.fixture
def engine() -> Iterator[Eager]:
    app = Flask(__name__)

    @app.get("/<path:path>")
    def answer(path: str) -> str:
        queue = request.environ["jobqueue"]
        if path == "again":
            queue.schedule("/followed", key="k", duplicate="replace")
        if path == "rejected":
            queue.on_success().schedule("/never", key="k", duplicate="reject")
        return path

    with eager(app, now=NOW) as engine:
        yield engine


def ran(engine: Eager, duration: str = "0s") -> list[str]:
    return [run.text for run in engine.advance(duration)]


def test_a_burst_gives_one_run(engine: Eager) -> None:
    jobs = []
    for number in range(5):
        job = engine.queue.schedule(f"/{number}", key="k", duplicate="debounce", after="30s")
        assert not job.existing
        assert ran(engine, "10s") == []
        jobs.append(job.id)
    assert len(set(jobs)) == 1
    assert ran(engine, "20s") == ["4"]
    assert ran(engine, "1h") == []


def test_what_comes_while_it_runs_follows(engine: Eager) -> None:
    job = engine.queue.schedule("/again", key="k")
    assert ran(engine, "1s") == ["again", "followed"]
    assert engine.queue.job(job.id).state == "finished"


def test_of_a_batch_one_that_is_refused_harms_no_other(engine: Eager) -> None:
    first, refused, _ = engine.queue.schedule_many(
        [
            {"target": "/a", "key": "k", "after": "1m"},
            {"target": "/b", "key": "k", "duplicate": "reject"},
            {"target": "/c"},
        ]
    )
    assert isinstance(refused, KeyHeld)
    assert str(refused) == f"job {first.id}, GET /a, holds the key 'k'"
    assert ran(engine) == ["c"]
    replaced, existing = engine.queue.schedule_many(
        [{"target": "/d", "key": "k", "duplicate": "replace"}, {"target": "/e", "key": "k"}]
    )
    assert [one.id for one in (replaced, existing)] == [first.id, first.id]
    assert ran(engine, "1m") == ["d"]


def test_a_success_with_a_follow_up_that_is_refused_is_one(engine: Eager) -> None:
    engine.queue.schedule("/x", key="k", after="1h")
    engine.queue.schedule("/rejected")
    [run] = engine.run_due()
    assert (run.text, run.status) == ("rejected", 200)
    assert ran(engine, "1h") == ["x"]


def test_a_duplicate_without_a_key_is_refused(engine: Eager) -> None:
    with pytest.raises(BadValue, match="it says what becomes of a key that is held; give a key"):
        engine.queue.schedule("/x", duplicate="replace")
    with pytest.raises(BadValue, match="'last' is none of first, replace, reject, debounce"):
        engine.queue.schedule("/x", key="k", duplicate="last")
