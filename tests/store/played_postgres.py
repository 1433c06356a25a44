"""The store on PostgreSQL, its database on a clock that is played.

Leases go by the clock of the database, and these tests play in another year.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from jqengine.delivery import ClaimedDeliveries
from jqengine.job import Owner, Run
from jqengine.store.hot import execute
from jqengine.store.postgres import PostgresPlace
from jqengine.store.schema import metadata
from jqengine.store.sql import SqlStore
from tests.postgres import Databases, connect

_PLAYED = (
    "CREATE OR REPLACE FUNCTION jobqueue_now() RETURNS double precision LANGUAGE sql"
    " VOLATILE AS $$SELECT current_setting('jobqueue_test.now')::double precision$$"
)


@pytest.fixture(scope="session")
def played_database(databases: Databases) -> str:
    """The URL of a database with our tables, and a clock that tests set."""
    url = databases.make()
    PostgresPlace(url).database(writing=True).connect().close()
    with connect(url) as connection:
        connection.execute(_PLAYED)
    return url


def empty(url: str) -> None:
    """Leave nothing in the tables but what the migrations have put there."""
    names = [f'"{table.name}"' for table in metadata.sorted_tables if table.name != "groups"]
    with connect(url) as connection:
        connection.execute("; ".join(f"DELETE FROM {name}" for name in reversed(names)))
        connection.execute("DELETE FROM groups WHERE name <> ''")
        connection.execute("UPDATE groups SET paused = false, opens = NULL")


def _set_clock(connection: Connection, now: float) -> None:
    execute(connection, f"SELECT set_config('jobqueue_test.now', '{now!r}', false)")


class PlayedPostgres(SqlStore):
    """For each call that has to do with leases it is as late as the caller says."""

    def _it_is(self, now: float) -> None:
        self._writer.submit(partial(_set_clock, now=now)).addErrback(lambda _: None)

    def claim(self, owner: Owner, now: float, limit: int, lease: float) -> Deferred[Sequence[Run]]:
        self._it_is(now)
        return super().claim(owner, now, limit, lease)

    def recover(
        self, owner: Owner, now: float, lease: float, others: bool = True
    ) -> Deferred[Sequence[Run]]:
        self._it_is(now)
        return super().recover(owner, now, lease, others)

    def renew(self, owner: Owner, now: float, lease: float) -> Deferred[int]:
        self._it_is(now)
        return super().renew(owner, now, lease)

    def claim_deliveries(
        self, owner: Owner, lane: str, now: float, limit: int, lease: float
    ) -> Deferred[ClaimedDeliveries]:
        self._it_is(now)
        return super().claim_deliveries(owner, lane, now, limit, lease)

    def recover_deliveries(self, owner: Owner, now: float) -> Deferred[int]:
        self._it_is(now)
        return super().recover_deliveries(owner, now)
