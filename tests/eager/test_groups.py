"""Limits, keys and pauses, from an application through every part but the disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from jqengine.eager import Eager, eager
from jqengine.errors import BadValue, NoSuchJob

NOW = "2026-11-24T03:00:00Z"


@pytest.fixture
def engine() -> Iterator[Eager]:
    app = Flask(__name__)
    app.get("/<path:path>")(lambda path: path)
    with eager(app, now=NOW) as engine:
        yield engine


def ran(runs: list[Any]) -> list[str]:
    return [run.text for run in runs]


def test_a_rate_holds(engine: Eager) -> None:
    engine.queue.schedule_many(
        [{"target": f"/{n}"} for n in range(4)], group="mail", rate="2/1m", concurrency=1
    )
    assert ran(engine.run_due()) == ["0", "1"]
    assert ran(engine.advance("29s")) == []
    assert ran(engine.advance("2s")) == ["2"]
    [mail] = engine.queue.groups()
    assert (mail.name, mail.rate, mail.concurrency) == ("mail", "2/1m", 1)
    assert (mail.running, mail.waiting, mail.paused) == (0, 1, False)
    assert ran(engine.advance("1m")) == ["3"]


def test_a_group_and_everything_are_paused(engine: Eager) -> None:
    queue = engine.queue
    assert queue.pause(group="mail").paused
    queue.schedule("/mail", group="mail")
    queue.schedule("/other")
    assert ran(engine.run_due()) == ["other"]
    assert queue.pause_all()
    assert not queue.pause_all()
    queue.schedule("/later")
    assert not queue.resume(group="mail").paused
    assert ran(engine.advance("1h")) == []
    assert queue.stats()["all_paused"] == 1
    assert queue.resume_all()
    assert sorted(ran(engine.run_due())) == ["later", "mail"]
    assert "all_paused" not in queue.stats()


def test_what_is_refused(engine: Eager) -> None:
    queue = engine.queue
    with pytest.raises(NoSuchJob, match="there is no group mial"):
        queue.resume(group="mial")
    with pytest.raises(BadValue, match="'' is not a name"):
        queue.pause(group="")
    with pytest.raises(BadValue, match="rate: it is the limit of a group; give a group"):
        queue.schedule("/x", rate="1/1m")
    with pytest.raises(TypeError, match="a job or a group, and not both"):
        queue.pause("0" * 26, group="mail")  # type: ignore[call-overload]


def test_the_name_of_a_job_with_limits_is_its_group(engine: Eager) -> None:
    job = engine.queue.schedule("/x", name="sync", every="1m", concurrency=1)
    assert job.view.policy["group"] == "sync"
    assert job.view.policy["concurrency"] == 1
