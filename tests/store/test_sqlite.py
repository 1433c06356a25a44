"""The file beneath a store: how it is made, and what goes wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.store.opening import store_for
from jqengine.store.sql import SqlStore
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from tests.smalldisk import small_disk

from .values import LEASE, NOW, OWNER, a_job, an_id_factory


def a_store(path: Path, patience: float = 0.1) -> SqlStore:
    from twisted.internet import reactor

    return SqlStore(SqliteFile(str(path), patience), reactor, an_id_factory())


async def refusal(path: Path) -> str:
    """Why a store cannot be opened at *path*; it leaves nothing running."""
    with pytest.raises(StoreError) as caught:
        await a_store(path).open()
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@ensureDeferred
async def test_the_files_are_for_nobody_else(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = a_store(tmp_path / "queue.db")
        await store.open()
        await store.add([a_job()])
        await store.stats(NOW)
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
        await store.close()
    finally:
        os.umask(before)
    names = ("queue.ballast", "queue.db", "queue.db-shm", "queue.db-wal")
    assert modes == dict.fromkeys(names, 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["queue.db"]


@ensureDeferred
async def test_what_is_committed_is_synced(tmp_path: Path) -> None:
    database = SqliteDatabase(file := SqliteFile(str(tmp_path / "queue.db")), writing=True)
    file.create()
    connection = database.connect()
    said = {
        name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    connection.close()
    assert said == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


@ensureDeferred
async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file or directory" in await refusal(tmp_path / "missing" / "queue.db")


@ensureDeferred
async def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    assert "Is a directory" in await refusal(tmp_path)


@ensureDeferred
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "queue.db").touch(0o400)
    assert "Permission denied" in await refusal(tmp_path / "queue.db")


@ensureDeferred
async def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "queue.db").write_text("Dear diary,\n" * 1000)
    assert "is not an SQLite database" in await refusal(tmp_path / "queue.db")
    assert (tmp_path / "queue.db").read_text().startswith("Dear diary")


@ensureDeferred
async def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    store = a_store(path)
    await store.open()
    await store.add([a_job() for _ in range(500)])
    await store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    assert "is damaged" in await refusal(path)


def test_a_place_without_a_write_ahead_log() -> None:
    # SQLite in memory is such a place.
    database = SqliteDatabase(SqliteFile(":memory:"), writing=True)
    with pytest.raises(StoreError, match="cannot keep a write-ahead log"):
        database.connect()


@ensureDeferred
async def test_a_lock_that_is_held_too_long_and_then_released(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    store = a_store(path)
    await store.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    calls = [store.add([a_job()]), store.claim(OWNER, NOW, 9, LEASE)]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=f"{path} is locked by another process"):
            await call
    assert (await store.stats(NOW))["due"] == 0
    other.execute("COMMIT")
    other.close()
    await store.add([a_job()])
    assert (await store.stats(NOW))["due"] == 1
    await store.close()


@ensureDeferred
async def test_a_file_that_goes_and_comes_back(tmp_path: Path) -> None:
    path, aside = tmp_path / "queue.db", tmp_path / "aside.db"
    store = a_store(path)
    await store.open()
    job = a_job()
    await store.add([job])
    path.rename(aside)
    for ask in (lambda: store.add([a_job()]), lambda: store.job(job.id)):
        with pytest.raises(StoreUnavailable, match=f"{path} is gone"):
            await ask()
    aside.rename(path)
    assert await store.job(job.id) == job
    await store.add([a_job()])
    await store.close()


@ensureDeferred
async def test_a_file_whose_place_another_has_taken(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    store = a_store(path)
    await store.open()
    path.rename(tmp_path / "aside.db")
    shutil.copy(tmp_path / "aside.db", path)
    with pytest.raises(StoreUnavailable, match="another file has taken the place"):
        await store.add([a_job()])
    await store.close()


@pytest.fixture(name="small_disk")
def a_small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    with small_disk(tmp_path / "disk", 8 * 2**20) as place:
        yield place


@ensureDeferred
async def test_a_full_disk_loses_nothing_and_takes_up_work_when_there_is_room(
    small_disk: Path,
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    store = a_store(small_disk / "queue.db")
    await store.open()
    accepted: list[str] = []

    async def fill() -> None:
        while True:
            job = a_job(body=b"x" * 2000)
            await store.add([job])
            accepted.append(job.id)

    with pytest.raises(StoreFull, match=f"the disk that holds the store {small_disk}/queue.db"):
        await fill()
    assert (await store.stats(NOW))["due"] == len(accepted) > 50
    ballast.unlink()
    await store.add([a_job()])
    claimed = await store.claim(OWNER, NOW, 50, LEASE)
    assert [run.id for run in claimed] == accepted[:50]
    await store.close()


@ensureDeferred
async def test_a_call_too_large_for_the_disk_does_not_harm_those_beside_it(
    small_disk: Path,
) -> None:
    store = a_store(small_disk / "queue.db")
    await store.open()
    small, large, last = a_job(), a_job(body=bytes(12_000_000)), a_job()
    calls = [store.add([job]) for job in (small, large, last)]
    assert await calls[0] == [small]
    with pytest.raises(StoreFull):
        await calls[1]
    assert await calls[2] == [last]
    await store.close()


@ensureDeferred
async def test_an_error_of_reading_or_writing_costs_the_connection_not_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_store(tmp_path / "queue.db")
    await store.open()

    def broken(*_arguments: object, **_named: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("jqengine.store.intake.add", broken)
        with pytest.raises(StoreUnavailable, match=r"disk I/O error \(SQLITE_IOERR_FSYNC\)"):
            await store.add([a_job()])
    job = a_job()
    await store.add([job])
    assert await store.job(job.id) == job
    await store.close()


@ensureDeferred
async def test_a_path_that_looks_like_a_url(tmp_path: Path) -> None:
    from twisted.internet import reactor

    path = tmp_path / "a b%20c#d?.db"
    store: Any = SqlStore(SqliteFile(str(path)), reactor, an_id_factory())
    await store.open()
    await store.add([a_job()])
    await store.close()
    assert path.exists()


@ensureDeferred
async def test_a_relative_path_is_that_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twisted.internet import reactor

    monkeypatch.chdir(tmp_path)
    store = store_for("sqlite:///queue.db", reactor, an_id_factory())
    monkeypatch.chdir("/")
    await store.open()
    await store.close()
    assert (tmp_path / "queue.db").exists()
