"""Long request bodies lie apart, once each, for as long as somebody has them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import ensureDeferred

from jqengine.interfaces import IStore

from .values import LEASE, NOW, OWNER, a_firing, a_job, an_end

LONG = b"x" * 4097


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Asks the database behind ``sqlite_store``."""

    def rows(question: str) -> list[Any]:
        connection = sqlite3.connect(tmp_path / "queue.db")
        found = connection.execute(question).fetchall()
        connection.close()
        return found

    return rows


@ensureDeferred
async def test_equal_bodies_are_kept_once_and_not_in_the_row(
    sqlite_store: IStore, ask: Any
) -> None:
    job = a_job("name", body=LONG)
    await sqlite_store.add([a_job(body=LONG), a_job(body=LONG), job])
    await sqlite_store.fire([a_firing(job)], NOW)
    assert ask("SELECT count(*), sum(length(body)) FROM runs") == [(3, 0)]
    assert ask("SELECT sum(length(body)) FROM jobs") == [(0,)]
    assert ask("SELECT length(content) FROM bodies") == [(len(LONG),)]


@ensureDeferred
async def test_a_short_body_is_in_the_row(sqlite_store: IStore, ask: Any) -> None:
    await sqlite_store.add([a_job(body=LONG[1:])])
    assert ask("SELECT length(body) FROM runs") == [(4096,)]
    assert ask("SELECT count(*) FROM bodies") == [(0,)]


@ensureDeferred
async def test_a_body_goes_with_the_last_run_that_has_it(sqlite_store: IStore, ask: Any) -> None:
    await sqlite_store.add([a_job(body=LONG), a_job(body=LONG, due=NOW + 10)])
    for now, left in ((NOW, 1), (NOW + 10, 0)):
        runs = await sqlite_store.claim(OWNER, now, 9, LEASE)
        await sqlite_store.record([an_end(run) for run in runs])
        assert await sqlite_store.prune(NOW + 100, 9) == 1
        assert ask("SELECT count(*) FROM bodies") == [(left,)]


@ensureDeferred
async def test_a_body_goes_with_the_definition_that_had_it(sqlite_store: IStore, ask: Any) -> None:
    await sqlite_store.add([a_job("name", body=LONG)])
    await sqlite_store.add([a_job("name", body=LONG + b"y")])
    assert ask("SELECT length(content) FROM bodies") == [(len(LONG) + 1,)]
    await sqlite_store.add([a_job("name")])
    assert ask("SELECT count(*) FROM bodies") == [(0,)]


@ensureDeferred
async def test_a_body_stays_with_a_run_whose_job_was_replaced(
    sqlite_store: IStore, ask: Any
) -> None:
    job = a_job("name", body=LONG)
    await sqlite_store.add([job])
    await sqlite_store.fire([a_firing(job)], NOW)
    await sqlite_store.add([a_job("name")])
    (run,) = await sqlite_store.claim(OWNER, NOW, 9, LEASE)
    assert run.request.body == LONG


@ensureDeferred
async def test_the_body_of_a_job_that_was_not_added_is_not_kept(
    sqlite_store: IStore, ask: Any
) -> None:
    await sqlite_store.add([a_job("first", key="k")])
    await sqlite_store.add([a_job("second", key="k", body=LONG)])
    assert ask("SELECT count(*) FROM bodies") == [(0,)]


@ensureDeferred
async def test_a_claim_takes_what_fits_into_memory(
    sqlite_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jqengine.store.claiming.MOST_BYTES", 25_000)
    shared = bytes(20_000)
    bodies = [b"", b"a" * 20_000, b"b" * 20_000, shared, shared, shared, b"c" * 99_000, b""]
    jobs = [a_job(due=NOW + number, body=body) for number, body in enumerate(bodies)]
    await sqlite_store.add(jobs)
    found = []
    for _ in range(6):
        runs = await sqlite_store.claim(OWNER, NOW + 99, 100, LEASE)
        found.append([jobs.index(next(job for job in jobs if job.id == run.id)) for run in runs])
        assert {run.attempt for run in runs} <= {1}
        assert [run.request.body for run in runs] == [bodies[number] for number in found[-1]]
    assert found == [[0, 1], [2], [3, 4, 5], [6, 7], [], []]
