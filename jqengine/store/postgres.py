"""PostgreSQL: how its connections are made, and what they are told.

The driver is imported when the first store of this kind is made, and not
before: it costs as much of a start as half of the engine.

*Isolation* is READ COMMITTED.  Whatever decides by what it has read holds a lock
on it, and sees what was committed before it had that lock; a claim passes over
rows that others hold.  Under a stricter level the same statements would be
turned away by the hundred, to be tried again, and protect nothing more.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from jqengine.errors import ConfigurationError, StoreError, StoreUnavailable
from jqengine.store import copying, turns
from jqengine.store.migrating import bring_up_to_date
from jqengine.store.postgresmarks import Marks
from jqengine.store.postgrestrouble import trouble_in
from jqengine.store.transacting import Trouble

OLDEST = 130000
"""The first version that the store is tested with, as the server says it."""

_UNLESS_SAID = {
    # Seconds to try one host; with several, each has as many.
    "connect_timeout": "5",
    # A server that is cut off is given up after 25 seconds of silence, and one
    # that does not take what it is sent after 15.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "jqengine",
}

_FOR_ALL = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    # What a node that is frozen in a transaction has locked is free after it.
    "idle_in_transaction_session_timeout": "10s",
    "default_transaction_isolation": "read committed",
    "client_encoding": "UTF8",
}
_FOR_WRITING = {
    # Every question of the writer goes by an index.  What it copies has no
    # statistics, without which a plan may read a table of millions instead.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A plan that may not do otherwise counts as expensive, and would be compiled.
    "jit": "off",
}
_FOR_READING = {"default_transaction_read_only": "on"}

_SECRETS = frozenset({"password", "sslpassword", "passfile", "sslkey"})


class PostgresPlace:
    """A database on a server.  Safe to use from any thread.

    :param url: as libpq takes it: several hosts, sockets and all.
    :raises ConfigurationError: it is malformed, or the driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self.driver = _driver()
        self._url = url
        self._said: dict[str, Any] = self._parsed()
        self.shown = f"store {self._as_shown()}"

    @property
    def complaint(self) -> str:
        """What is wrong with a server, each call is told."""
        return ""

    def create(self) -> None:
        """There is nothing to make: a database is made by its administrator."""

    def close(self) -> None:
        """There is nothing to tidy up."""

    def database(self, *, writing: bool) -> PostgresDatabase:
        """What one of a store's threads needs."""
        return PostgresDatabase(self, writing=writing)

    def connect(self) -> Any:
        """A connection of the driver's own."""
        return self.driver.connect(
            self._url,
            **{name: value for name, value in _UNLESS_SAID.items() if name not in self._said},
        )

    def trouble(self, error: Exception) -> Trouble | None:
        """What *error* says about the database, if it is about the database."""
        return trouble_in(error, self.shown, str(self._said.get("user") or ""))

    def _parsed(self) -> dict[str, Any]:
        try:
            return dict(self.driver.conninfo.conninfo_to_dict(self._url))
        except self.driver.Error as error:
            # What libpq says of it may repeat the password.
            raise ConfigurationError(
                "store postgresql://...: not a URL that libpq understands; expected something"
                " like postgresql://jobqueue@db.example.org:5432/jobqueue"
            ) from (None if "@" in self._url else error)

    def _as_shown(self) -> str:
        said = {name: str(value) for name, value in self._said.items() if name not in _SECRETS}
        hosts = said.get("host", "").split(",")
        ports = said.get("port", "").split(",")
        ports += ports[-1:] * (len(hosts) - len(ports))
        places = [
            f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False)
        ]
        user = f"{said['user']}@" if "user" in said else ""
        return f"postgresql://{user}{','.join(places)}/{said.get('dbname', '')}"


def _driver() -> ModuleType:
    try:
        import psycopg  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigurationError(
            f"store postgresql://...: psycopg cannot be imported ({error});"
            " it comes with `pip install jqengine[postgres]`"
        ) from None
    return psycopg


class PostgresDatabase:
    """A connection's worth of a database.  For one of the store's threads.

    :param writing: whether its transactions change anything.
    """

    def __init__(self, place: PostgresPlace, *, writing: bool) -> None:
        self._place = place
        self._writing = writing
        self._engine_: Engine | None = None
        self._marks = Marks()

    def check(self) -> None:
        """A commit always goes where the connection leads."""

    def connect(self) -> Connection:
        """A connection; for one that writes, the schema is up to date."""
        connection = self._engine.connect()
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def trouble(self, error: Exception) -> Trouble | None:
        """What *error* says about the database, if it is about the database."""
        return self._place.trouble(error)

    def transaction(self, connection: Connection) -> str | None:
        """Leave a mark in the transaction that can be looked for."""
        return self._marks.leave(connection) if self._writing else None

    def was_committed(self, connection: Connection, transaction: str) -> bool:
        """Whether the mark of *transaction* is there.

        :raises StoreUnavailable: it may yet come.
        """
        return self._marks.is_there(connection, transaction, self._place.shown)

    @property
    def _engine(self) -> Engine:
        # Here, in its thread: SQLAlchemy's dialect takes a while to import.
        if self._engine_ is None:
            self._engine_ = create_engine(
                "postgresql+psycopg://",
                creator=self._place.connect,
                poolclass=NullPool,
                # With names instead, values could not be given as tuples.
                paramstyle="format",
            )
        return self._engine_

    def _prepare(self, connection: Connection) -> None:
        with connection.begin():
            self._check_version(connection)
            self._set(connection)
        if not self._writing:
            return
        with connection.begin():
            bring_up_to_date(connection, f"the {self._place.shown}")
        with connection.begin():
            copying.prepare(connection)
            self._marks.prepare(connection)
        turns.attach(connection)

    def _check_version(self, connection: Connection) -> None:
        version = connection.connection.driver_connection.info.server_version  # type: ignore[union-attr]
        if version < OLDEST:
            raise StoreError(
                f"the {self._place.shown} is of PostgreSQL {version // 10000};"
                f" the engine needs {OLDEST // 10000} or newer"
            )

    def _set(self, connection: Connection) -> None:
        settings = _FOR_ALL | (_FOR_WRITING if self._writing else _FOR_READING)
        calls = [f"set_config('{name}', '{value}', false)" for name, value in settings.items()]
        # An accepted job is on disk, whatever the server's own rule is.
        durable = (
            "set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
            " WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)"
        )
        connection.exec_driver_sql(f"SELECT {', '.join([*calls, durable])}")
        if self._writing and self._is_standby(connection):
            raise StoreUnavailable(
                f"the {self._place.shown} is a standby, which takes no changes; name every host"
                " in the URL, and add target_session_attrs=read-write to it"
            )

    @staticmethod
    def _is_standby(connection: Connection) -> bool:
        return bool(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())
