"""The Flask example's own jobs, run in a test as its authors would."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jqengine.testing import Eager, eager

EXAMPLE = Path(__file__).parents[2] / "doc/examples/flask_app"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Eager]]:
    """Alice's browser, and the engine."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from notes_app import create_app

    app = create_app(str(tmp_path))
    browser = app.test_client()
    browser.post("/login", data={"name": "alice", "password": "wonderland"})
    with eager(app, now="2026-11-24T03:00:00Z") as engine:
        yield browser, engine
    del sys.modules["notes_app"], sys.modules["notes_jobs"]


def test_a_digest_is_asked_for_and_waited_for(engine: tuple[Any, Eager]) -> None:
    browser, eager_engine = engine
    asked = browser.post("/digests", data={"format": "long"})
    assert asked.status_code == 202
    digest = browser.get(f"/digests/{asked.json['id']}")
    assert digest.text == "alice had 0 notes at 2026-11-24T03:00:00Z (long).\n"
    assert [ran.user for ran in eager_engine.results] == ["alice"]


def test_a_digest_of_tomorrow_comes_tomorrow_unless_it_is_taken_back(
    engine: tuple[Any, Eager],
) -> None:
    browser, eager_engine = engine
    ids = [browser.post("/digests", data={"when": "tomorrow at 8am"}).json["id"] for _ in range(2)]
    assert {one["id"] for one in browser.get("/digests").json} == set(ids)
    assert browser.post(f"/digests/{ids[0]}/cancel").json["state"] == "cancelled"
    [ran] = eager_engine.advance("2 days")
    assert ran.job == ids[1]
    assert ran.text == "alice had 0 notes at 2026-11-25T08:00:00Z (short).\n"
