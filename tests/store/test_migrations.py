"""The schema: made, recognised, refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_twisted import ensureDeferred
from sqlalchemy import create_engine
from twisted.internet.defer import gatherResults

from jqengine.errors import SchemaTooNew, StoreError
from jqengine.interfaces import IStore
from jqengine.store.migrating import bring_up_to_date, noted_revision
from jqengine.store.opening import store_for
from jqengine.store.schema import REVISION, REVISION_TABLE, metadata
from jqengine.store.sqlite import SqliteDatabase, SqliteFile

from .values import LEASE, NOW, OWNER, a_job, an_id_factory


def a_store(folder: Path) -> Any:
    from twisted.internet import reactor

    return store_for(f"sqlite:///{folder}/queue.db", reactor, an_id_factory())


def schema_of(connection: Any) -> dict[str, str]:
    """The statements that would make what is there, without quotes and spaces."""
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    ).all()
    return {
        name: "".join(sql.replace('"', "").split()) for name, sql in rows if name != REVISION_TABLE
    }


def test_the_migrations_lead_to_the_schema_that_the_code_means() -> None:
    migrated, meant = create_engine("sqlite://"), create_engine("sqlite://")
    with migrated.begin() as connection:
        bring_up_to_date(connection, "the store")
        made = schema_of(connection)
    with meant.begin() as connection:
        metadata.create_all(connection)
        assert made == schema_of(connection)


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", "jqengine.store:migrations")
    return config


def every_revision() -> list[str]:
    steps = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return [step.revision for step in steps]


def test_the_newest_migration_is_the_one_the_code_knows() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [REVISION]


@pytest.mark.parametrize("revision", every_revision())
def test_a_database_of_any_version_is_brought_up_to_date(revision: str) -> None:
    old, meant = create_engine("sqlite://"), create_engine("sqlite://")
    config = alembic_config()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("INSERT INTO bodies VALUES ('kept', 'x')")
    with old.begin() as connection:
        assert noted_revision(connection) == revision
        bring_up_to_date(connection, "the store")
        assert noted_revision(connection) == REVISION
        assert connection.exec_driver_sql("SELECT id FROM bodies").all() == [("kept",)]
        made = schema_of(connection)
    with meant.begin() as connection:
        metadata.create_all(connection)
        assert made == schema_of(connection)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("power cut")

    file = SqliteFile(str(tmp_path / "queue.db"))
    file.create()
    database = SqliteDatabase(file, writing=True)
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            database.connect()
    connection = database.connect()
    assert noted_revision(connection) == REVISION
    connection.close()


def test_a_database_that_is_up_to_date_is_left_alone() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        assert noted_revision(connection) is None
        bring_up_to_date(connection, "the store")
        assert noted_revision(connection) == REVISION
        connection.exec_driver_sql("DROP TABLE attempts")
        bring_up_to_date(connection, "the store")
        assert "attempts" not in schema_of(connection)


def test_alembic_is_not_imported_unless_it_is_needed(tmp_path: Path) -> None:
    program = """
import sys
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
file = SqliteFile(sys.argv[1])
file.create()
SqliteDatabase(file, writing=True).connect().close()
print("alembic" in sys.modules)
"""
    path = str(tmp_path / "queue.db")
    said = [
        subprocess.run(
            [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]


@ensureDeferred
async def test_a_newer_schema_is_refused_in_one_line(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    await store.open()
    await store.close()
    with sqlite3.connect(tmp_path / "queue.db") as connection:
        connection.execute(f"UPDATE {REVISION_TABLE} SET version_num = '9999'")
    connection.close()
    before = (tmp_path / "queue.db").read_bytes()
    with pytest.raises(SchemaTooNew) as caught:
        await store.open()
    assert str(caught.value) == (
        f"the store {tmp_path}/queue.db was written by a newer version of jqengine "
        f"(its schema is 9999, this version knows {REVISION}); upgrade jqengine"
    )
    assert (tmp_path / "queue.db").read_bytes() == before


@ensureDeferred
async def test_tables_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "queue.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('theirs')")
        connection.execute("CREATE TABLE jobs (theirs TEXT)")
    connection.close()
    store = a_store(tmp_path)
    with pytest.raises(StoreError, match="already has a table of its own named jobs"):
        await store.open()
    with sqlite3.connect(tmp_path / "queue.db") as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("alembic_version",), ("jobs",)]


@ensureDeferred
async def test_ten_nodes_may_start_on_an_empty_database_at_once(tmp_path: Path) -> None:
    stores: list[IStore] = [a_store(tmp_path) for _ in range(10)]
    await gatherResults([store.open() for store in stores])
    await gatherResults([store.add([a_job() for _ in range(5)]) for store in stores])
    claims = await gatherResults([store.claim(OWNER, NOW, 50, LEASE) for store in stores])
    assert sum(len(runs) for runs in claims) == 50
    await gatherResults([store.close() for store in stores])
