"""Engines that are not, and clients of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jqengine.client import JobQueue
from tests.client.fake_engine import FakeEngine, job_json


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="jq") as directory:
        yield Path(directory)


@pytest.fixture
def engine(short_path: Path) -> Iterator[FakeEngine]:
    """An engine that accepts everything."""
    engine = FakeEngine(short_path / "amp.sock")
    engine.answers["Schedule"] = lambda said: {
        "job": job_json(said["id"].decode(), target=said["target"].decode()),
        "existing": 0,
    }
    engine.answers["Show"] = lambda said: {"job": job_json(said["job"].decode())}
    engine.answers["Stats"] = lambda said: {"stats": {"due": 1}}
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def queue(engine: FakeEngine) -> Iterator[JobQueue]:
    """A client of it."""
    with JobQueue(engine.address, timeout=10, patience=2) as queue:
        yield queue
