"""Room that is kept for the day when the disk is full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import StoreFull
from jqengine.job import Result
from jqengine.store.ballast import LARGEST, Ballast, NoRoom
from jqengine.store.sql import SqlStore
from jqengine.store.sqlite import SqliteFile
from tests.smalldisk import fill, small_disk

from .values import LEASE, NOW, OWNER, a_job, an_end, an_id_factory

MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB, of which 2 MiB are ballast."""
    with small_disk(tmp_path / "disk", 32 * MIB) as place:
        yield place


def a_store(path: Path) -> SqlStore:
    from twisted.internet import reactor

    return SqlStore(SqliteFile(str(path), 0.1), reactor, an_id_factory())


def large(result: Result, size: int) -> Result:
    return result._replace(body=os.urandom(size))


@ensureDeferred
async def test_on_a_full_disk_what_runs_is_recorded_and_nothing_is_begun(disk: Path) -> None:
    store = a_store(disk / "queue.db")
    await store.open()
    await store.add([a_job() for _ in range(20)])
    running = await store.claim(OWNER, NOW, 10, LEASE)
    assert (disk / "queue.ballast").stat().st_size == 2 * MIB
    assert store.complaint == ""

    filler = fill(disk)
    refusal = f"the disk that holds the store {disk}/queue.db is full"
    with pytest.raises(StoreFull, match=refusal):
        await store.add([a_job(body=os.urandom(MIB))])
    for ask in (lambda: store.add([a_job()]), lambda: store.claim(OWNER, NOW, 1, LEASE)):
        with pytest.raises(NoRoom, match=refusal):
            await ask()
    assert not (disk / "queue.ballast").exists()
    assert store.complaint.startswith(refusal)
    assert "new jobs are taken again with 4.0 MiB" in store.complaint
    assert await store.renew(OWNER, NOW, LEASE) == 10
    assert all(await store.record([an_end(run) for run in running[:5]]))
    assert await store.prune(inf, 3) == 3

    filler.unlink()
    assert len(await store.claim(OWNER, NOW, 99, LEASE)) == 10
    assert store.complaint == ""
    assert (disk / "queue.ballast").stat().st_size == 2 * MIB
    assert all(await store.record([an_end(run) for run in running[5:]]))
    await store.close()
    assert [one.name for one in disk.iterdir()] == ["queue.db"]


@ensureDeferred
async def test_a_full_disk_at_the_start(disk: Path) -> None:
    store = a_store(disk / "queue.db")
    await store.open()
    await store.add([a_job()])
    # As a process that was killed leaves it.
    (disk / "queue.ballast").rename(disk / "kept")
    await store.close()
    (disk / "kept").rename(disk / "queue.ballast")
    filler = fill(disk)

    store = a_store(disk / "queue.db")
    await store.open()
    assert (await store.stats(NOW))["due"] == 1
    with pytest.raises(StoreFull):
        await store.add([a_job(body=os.urandom(MIB))])
    filler.unlink()
    await store.add([a_job()])
    await store.close()


@ensureDeferred
async def test_a_file_for_a_body_that_does_not_fit_leaves_nothing(disk: Path) -> None:
    store = a_store(disk / "queue.db")
    await store.open()
    await store.add([a_job(), a_job()])
    one, other = await store.claim(OWNER, NOW, 2, LEASE)
    filler = fill(disk, leave=3 * MIB)
    end = an_end(one)
    with pytest.raises(StoreFull, match=r"queue\.bodies"):
        await store.record([end._replace(result=large(end.result, 6 * MIB))])
    assert list((disk / "queue.bodies").iterdir()) == []
    assert await store.record([an_end(other)])
    filler.unlink()
    assert await store.record([end._replace(result=large(end.result, 6 * MIB))])
    await store.close()


@ensureDeferred
async def test_all_processes_of_a_store_refuse_together(disk: Path) -> None:
    stores = [a_store(disk / "queue.db") for _ in range(2)]
    for store in stores:
        await store.open()
    filler = fill(disk)
    with pytest.raises(StoreFull):
        await stores[0].add([a_job(body=os.urandom(MIB))])
    for store in stores:
        with pytest.raises(NoRoom):
            await store.add([a_job()])
    filler.unlink()
    for store in stores:
        await store.add([a_job()])
        await store.close()


def test_a_large_disk_keeps_what_is_enough(tmp_path: Path) -> None:
    ballast = Ballast(str(tmp_path / "ballast"), "queue.db")
    ballast.look()
    ballast.require_room()
    found = (tmp_path / "ballast").stat()
    assert found.st_size == LARGEST == found.st_blocks * 512
    assert ballast.remove()
    assert not ballast.remove()


def test_a_place_where_nothing_can_be_kept_says_so(tmp_path: Path) -> None:
    ballast = Ballast(str(tmp_path / "missing" / "ballast"), "queue.db")
    ballast.look()
    with pytest.raises(NoRoom, match=r"beside the store queue\.db: No such file or directory"):
        ballast.require_room()
