"""Large bodies lie in files beside the database, and nobody notices."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.job import Run
from jqengine.store import bodyfiles
from jqengine.store.bodyfiles import LONGEST_INLINE
from tests.store.values import LEASE, NOW, OWNER, a_job, a_retry, an_end

LARGE = bytes(range(256)) * (LONGEST_INLINE // 256 + 1)
LOOKALIKE = b"\0jqengine-body:../../etc/passwd:5"


def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "queue.bodies"
    return sorted(folder.iterdir()) if folder.exists() else []


async def ended(store: Any, body: bytes, due: float = NOW, retry: bool = False) -> Run:
    """A run that has ended with *body*."""
    await store.add([a_job(due=due)])
    (run,) = await store.claim(OWNER, due, 1, LEASE)
    if retry:
        outcome = a_retry(run, ready=due)
        await store.record([outcome._replace(result=outcome.result._replace(body=body))])
        (run,) = await store.claim(OWNER, due, 1, LEASE)
    outcome = an_end(run)
    assert await store.record([outcome._replace(result=outcome.result._replace(body=body))]) == [
        True
    ]
    return run  # type: ignore[no-any-return]


@ensureDeferred
async def test_a_large_body_reads_back_from_wherever_it_is_read(
    sqlite_store: Any, tmp_path: Path
) -> None:
    store = sqlite_store
    run = await ended(store, LARGE, retry=True)
    assert [result.body for _, result in await store.results(run.id)] == [LARGE, LARGE]
    for attempt in (1, 2):
        found, result = await store.run_with_result(run.id, attempt)
        assert (found.id, result.body, result.truncated) == (run.id, LARGE, False)
        assert await store.body(run.id, attempt, 1000, 50) == (LARGE[1000:1050], len(LARGE))
        assert await store.body(run.id, attempt, len(LARGE), 50) == (b"", len(LARGE))
    (file,) = files(tmp_path)
    assert file.read_bytes() == LARGE
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("body", [b"", b"short", LARGE[:LONGEST_INLINE], b"\0jqengine"])
@ensureDeferred
async def test_any_other_stays_in_its_row(body: bytes, sqlite_store: Any, tmp_path: Path) -> None:
    run = await ended(sqlite_store, body)
    ((_, result),) = await sqlite_store.results(run.id)
    assert result.body == body
    assert files(tmp_path) == []


@pytest.mark.parametrize("body", [LOOKALIKE, b"\0jqengine-body:", b"\0jqengine-body:x:1"])
@ensureDeferred
async def test_a_body_that_looks_like_a_reference_is_only_a_body(
    body: bytes, sqlite_store: Any, tmp_path: Path
) -> None:
    run = await ended(sqlite_store, body)
    ((_, result),) = await sqlite_store.results(run.id)
    assert result.body == body
    assert await sqlite_store.body(run.id, 1, 0, 100) == (body, len(body))
    assert len(files(tmp_path)) == 1


@ensureDeferred
async def test_a_file_that_is_gone_is_a_body_that_was_cut_off(
    sqlite_store: Any, tmp_path: Path
) -> None:
    run = await ended(sqlite_store, LARGE)
    files(tmp_path)[0].unlink()
    ((_, result),) = await sqlite_store.results(run.id)
    assert (result.body, result.truncated) == (b"", True)
    assert await sqlite_store.body(run.id, 1, 0, 10) == (b"", len(LARGE))


@ensureDeferred
async def test_files_go_with_their_runs(sqlite_store: Any, tmp_path: Path) -> None:
    for number in range(3):
        await ended(sqlite_store, LARGE + b"%d" % number, NOW + number)
    kept = await ended(sqlite_store, LARGE + b"kept", NOW + 10)
    (tmp_path / "queue.bodies" / "left-0123456789abcdef.new").write_bytes(b"half")
    full = (await sqlite_store.usage()).size
    assert full > 4 * len(LARGE)
    assert await sqlite_store.prune(NOW + 1000, 3) == 3
    assert len(files(tmp_path)) == 5, "not before it is certain that the runs are gone"
    await sqlite_store.prune(0.0, 1)
    assert (await sqlite_store.usage()).size < full - 3 * len(LARGE)
    for _ in range(2):
        await sqlite_store.prune(0.0, 1)
    (file,) = files(tmp_path)
    assert file.name.startswith(kept.id)


@ensureDeferred
async def test_a_disk_without_room_refuses_the_result_and_nothing_else(
    sqlite_store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    await sqlite_store.add([a_job(), a_job()])
    large, small = await sqlite_store.claim(OWNER, NOW, 2, LEASE)
    outcome = an_end(large)
    outcome = outcome._replace(result=outcome.result._replace(body=LARGE))
    with monkeypatch.context() as patched:
        patched.setattr(bodyfiles.os, "fsync", full)
        refused, accepted = sqlite_store.record([outcome]), sqlite_store.record([an_end(small)])
        with pytest.raises(StoreFull, match="No space left on device"):
            await refused
        assert await accepted == [True]
    assert await sqlite_store.record([outcome]) == [True]


@ensureDeferred
async def test_a_directory_that_cannot_be_written_is_trouble_of_the_store(
    sqlite_store: Any, tmp_path: Path
) -> None:
    (tmp_path / "queue.bodies").write_text("in the way")
    await sqlite_store.add([a_job()])
    (run,) = await sqlite_store.claim(OWNER, NOW, 1, LEASE)
    outcome = an_end(run)
    with pytest.raises(StoreUnavailable, match="cannot write to"):
        await sqlite_store.record([outcome._replace(result=outcome.result._replace(body=LARGE))])
    os.unlink(tmp_path / "queue.bodies")
