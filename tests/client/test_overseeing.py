"""The two clients offer the same to those who look closely, and say it alike."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from jqengine.client import JobQueue, RunView
from jqengine.client.overseeing import Overseeing as Blocking
from jqengine.errors import BadValue, NoSuchJob
from jqengine.remote.clientoverseeing import Overseeing as Twisted
from tests.client.fake_engine import FakeEngine, job_json, run_json

ONLY_BLOCKING = {"histories", "run_now_as", "schedule_as", "would_schedule"}
"""For pages and the API, which are blocking."""


def methods(owner: type) -> set[str]:
    return {name for name, value in vars(owner).items() if inspect.isfunction(value)}


def test_the_twisted_client_offers_the_same() -> None:
    assert methods(Twisted) == methods(Blocking) - ONLY_BLOCKING


def test_filters_are_named_alike() -> None:
    from jqengine.wire.filters import DELIVERY_FILTERS, JOB_FILTERS, RUN_FILTERS

    for name, filters in (
        ("jobs_page", JOB_FILTERS), ("runs_page", RUN_FILTERS), ("deliveries", DELIVERY_FILTERS),
    ):  # fmt: skip
        parameters = set(inspect.signature(getattr(Blocking, name)).parameters)
        assert filters == parameters - {"self", "after", "limit"}


def test_pages(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Jobs"] = lambda said: {"jobs": [job_json("a")], "next": "x"}
    engine.answers["Runs"] = lambda said: {"runs": [run_json("r")]}
    page = queue.jobs_page(state="removed", once=False, limit=7, after="y")
    assert ([job.id for job in page.items], page.next) == (["a"], "x")
    assert engine.calls("Jobs") == [
        {"state": b"removed", "once": b"0", "order": b"newest", "limit": b"7", "after": b"y"}
    ]
    assert queue.runs_page("j", status=503).next is None
    assert engine.calls("Runs") == [{"job": b"j", "status": b"503", "limit": b"100"}]


def test_an_edit_says_what_is_different_and_what_is_cleared(
    queue: JobQueue, engine: FakeEngine
) -> None:
    engine.answers["Edit"] = lambda said: {
        "job": job_json("a"), "version": "v", "due-before": "2026-11-24T03:00:00Z",
    }  # fmt: skip
    done = queue.edit(name="sync", attempts=5, remove_on=[410], clear=["user"], check=True)
    assert str(done.due_before) == "2026-11-24 03:00:00+00:00"
    assert engine.calls("Edit") == [
        {"name": b"sync", "attempts": b"5", "remove-on": b"410", "clear": b'["user"]',
         "check": b"1"}
    ]  # fmt: skip
    with pytest.raises(TypeError, match="unexpected keyword argument 'attemps'"):
        queue.edit("a", attemps=5)  # type: ignore[call-arg]


def test_a_long_body_of_an_edit_is_uploaded(queue: JobQueue, engine: FakeEngine) -> None:
    engine.answers["Upload"] = lambda said: {"size": len(said["data"])}
    engine.answers["Edit"] = lambda said: {"job": job_json("a"), "version": "v"}
    queue.edit("a", body=b"x" * 150_000)
    assert len(engine.calls("Upload")) == 3
    [said] = engine.calls("Edit")
    assert "body" not in said
    assert said["upload"] == engine.calls("Upload")[0]["upload"]


def test_many_jobs_get_an_answer_each(queue: JobQueue, engine: FakeEngine) -> None:
    def paused(said: dict[str, bytes]) -> dict[str, Any]:
        if said["job"] == b"gone":
            return {"_error": ("NO_SUCH_JOB", "there is no job gone")}
        return {"job": job_json(said["job"].decode(), state="paused")}

    engine.answers["Pause"] = paused
    first, second = queue.change_many(["a", "gone"], "pause")
    assert not isinstance(first, Exception)
    assert first.state == "paused"
    assert isinstance(second, NoSuchJob)
    engine.answers["RunNow"] = lambda said: {"run": run_json(said["id"].decode())}
    [run] = queue.change_many(["a"], "run")
    assert isinstance(run, RunView)
    with pytest.raises(BadValue, match="'explode' is none of pause, resume, cancel, run"):
        queue.change_many(["a"], "explode")
    with pytest.raises(BadValue, match="at most 1000 jobs at once"):
        queue.change_many(["a"] * 1001, "pause")


def test_a_piece_of_a_body(queue: JobQueue, engine: FakeEngine) -> None:
    body = b"0123456789" * 10_000

    def piece(said: dict[str, bytes]) -> dict[str, Any]:
        start = int(said["offset"])
        return {"data": body[start : start + 60_000], "size": len(body)}

    engine.answers["RequestBody"] = engine.answers["Body"] = piece
    assert queue.request_body("r") == body
    assert queue.request_body("r", limit=7) == body[:7]
    assert queue.response_body("r", 1, limit=70_000) == body[:70_000]
    assert len(engine.calls("RequestBody")) == 3
