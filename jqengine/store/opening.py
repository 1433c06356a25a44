"""From a store URL to a store."""

from __future__ import annotations

import os
from collections.abc import Callable

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from twisted.internet.interfaces import IReactorFromThreads

from jqengine.errors import ConfigurationError
from jqengine.interfaces import IChannel
from jqengine.store.postgres import PostgresPlace
from jqengine.store.postgreschannel import PostgresChannel
from jqengine.store.sql import SqlStore
from jqengine.store.sqlite import SqliteFile


def store_for(
    url: str,
    reactor: IReactorFromThreads,
    new_id: Callable[[float], str],
    channel: IChannel | None = None,
) -> SqlStore:
    """The store that *url* names; nothing is opened yet.

    :param url: ``sqlite:///PATH``, as SQLAlchemy writes it: three slashes and
        a path relative to the working directory of this moment, or four and an
        absolute one; or ``postgresql://USER@HOST:PORT/DATABASE``, as libpq
        takes it, with several hosts too.
    :param new_id: makes ids of runs from instants; called in any thread.
    :param channel: to the other processes of this machine that have this store.
    :raises ConfigurationError: there is no such kind of store, or the URL
        names no file.
    """
    if url.startswith(_POSTGRES):
        place = PostgresPlace(url)
        # What other machines have to tell comes this way alone.
        return SqlStore(place, reactor, new_id, PostgresChannel(place, reactor))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"store {url!r}: not a URL; {_EXPECTED}") from error
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(
            f"store {_shown(parsed)}: no store of the kind {parsed.drivername!r}; {_EXPECTED}"
        )
    return SqlStore(SqliteFile(_path(parsed)), reactor, new_id, channel)


_POSTGRES = ("postgresql://", "postgres://")

_EXPECTED = (
    "expected something like sqlite:////var/lib/jobqueue/jobqueue.db"
    " or postgresql://jobqueue@db.example.org:5432/jobqueue"
)


def _path(url: URL) -> str:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            f"store {_shown(url)}: names no file, and a queue in memory is not durable; {_EXPECTED}"
        )
    if url.host or url.query:
        raise ConfigurationError(
            f"store {_shown(url)}: a path and nothing else belongs in it; {_EXPECTED}"
        )
    return os.path.abspath(url.database)


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
