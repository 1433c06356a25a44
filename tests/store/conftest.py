"""The stores that are held to the contract of :class:`jqengine.interfaces.IStore`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from jqengine.interfaces import IStore
from jqengine.store.memory import MemoryStore
from jqengine.store.opening import store_for
from jqengine.store.postgres import PostgresPlace
from tests.postgres import databases

from .played_postgres import PlayedPostgres, empty, played_database
from .values import an_id_factory

__all__ = ["databases", "played_database"]


@pytest.fixture(params=["memory", "memory, later", "sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes stores of one kind, not yet open; each continues what the one before left."""
    from twisted.internet import reactor

    new_id = an_id_factory()
    if request.param == "sqlite":
        return lambda: store_for(f"sqlite:///{tmp_path}/queue.db", reactor, new_id)
    if request.param == "postgresql":
        url = request.getfixturevalue("played_database")
        empty(url)
        return lambda: PlayedPostgres(PostgresPlace(url), reactor, new_id)
    queue = MemoryStore(new_id).queue
    later = reactor if request.param == "memory, later" else None
    return lambda: MemoryStore(new_id, later, queue)


@pytest_twisted.async_yield_fixture
async def store(make_store: Any) -> AsyncIterator[IStore]:
    """An open, empty store."""
    store = make_store()
    await store.open()
    yield store
    await store.close()


@pytest_twisted.async_yield_fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Any]:
    """An open, empty SQLite store at ``queue.db``."""
    from twisted.internet import reactor

    store = store_for(f"sqlite:///{tmp_path}/queue.db", reactor, an_id_factory())
    await store.open()
    yield store
    await store.close()
