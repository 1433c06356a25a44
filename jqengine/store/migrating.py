"""Bringing a database up to the schema of this version.

Alembic takes a while to import, so it is not asked unless the revision noted
in the database differs from ours.
"""

from __future__ import annotations

import threading

from sqlalchemy import Connection, Text, column, inspect, select, table

from jqengine.errors import SchemaTooNew, StoreError
from jqengine.store.schema import REVISION, REVISION_TABLE, metadata
from jqengine.store.turns import TURN

_noted = table(REVISION_TABLE, column("version_num", Text))

_one_at_a_time = threading.Lock()
"""Alembic hands the connection to its scripts in a global variable."""


def bring_up_to_date(connection: Connection, place: str) -> None:
    """Make or change the tables as needed, in the transaction of *connection*.

    For the store's writer thread.

    :param place: what to call the database in an error.
    :raises SchemaTooNew: a version of this software that knows more wrote it.
    :raises StoreError: another application keeps its tables there.
    """
    revision = noted_revision(connection)
    if revision == REVISION:
        return
    if connection.dialect.name == "postgresql":
        _wait_for_others(connection)
        revision = noted_revision(connection)
    if revision != REVISION:
        _migrate(connection, revision, place)


def _wait_for_others(connection: Connection) -> None:
    """Let nodes that start at one time bring the database up to date one by one."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")


def noted_revision(connection: Connection) -> str | None:
    """The revision of the database, or ``None`` when it has no tables of ours."""
    if not inspect(connection).has_table(REVISION_TABLE):
        return None
    return connection.scalar(select(_noted.c.version_num))


def _migrate(connection: Connection, revision: str | None, place: str) -> None:
    # Here, not above: it doubles the time to import the store, and is needed
    # once in the life of a database.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "jqengine.store:migrations")
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaTooNew(
            f"{place} was written by a newer version of jqengine "
            f"(its schema is {revision}, this version knows {REVISION}); upgrade jqengine"
        )
    if revision is None:
        _refuse_tables_of_others(connection, place)
    config.attributes["connection"] = connection
    with _one_at_a_time:
        command.upgrade(config, "head")


def _refuse_tables_of_others(connection: Connection, place: str) -> None:
    taken = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if taken:
        raise StoreError(
            f"{place} already has a table of its own named {taken[0]}; "
            "the engine needs a database to itself, or on PostgreSQL a schema"
        )
