"""Stores that are held to a contract, and an engine that notes what clients send."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jqengine.client import JobQueue
from tests.client.fake_engine import FakeEngine, job_json
from tests.store.conftest import databases, make_store, played_database, store

__all__ = ["databases", "make_store", "played_database", "store"]


@pytest.fixture
def fake_engine() -> Iterator[FakeEngine]:
    """An engine that accepts everything."""
    with tempfile.TemporaryDirectory(prefix="jq") as folder:
        engine = FakeEngine(Path(folder, "amp.sock"))
        engine.answers["Schedule"] = lambda said: {"job": job_json(said["id"].decode())}
        engine.start()
        yield engine
        engine.stop()


@pytest.fixture
def fake_queue(fake_engine: FakeEngine) -> Iterator[JobQueue]:
    """A client of it."""
    with JobQueue(fake_engine.address, timeout=10, patience=2) as queue:
        yield queue
