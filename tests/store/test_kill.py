"""What was acknowledged is there after kill -9, at whatever moment."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_twisted import ensureDeferred

from jqengine.job import Owner
from jqengine.store.opening import store_for

from .values import LEASE, NOW, an_id_factory

ROUNDS = 20
REBOOTED = Owner("killed", "second boot")


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    """The process that makes workers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.kill_child"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait(10)


def work_and_kill(
    nursery: subprocess.Popen[str], path: Path, acknowledged: int
) -> dict[str, list[str]]:
    """Let a worker work on the store at *path*, and kill it at its so-manyth word."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{path}\n")
    nursery.stdin.flush()
    said: dict[str, list[str]] = {"worker": [], "added": [], "ended": [], "dead": []}
    for number, line in enumerate(nursery.stdout):
        word, value = line.split()
        said[word].append(value)
        if number == acknowledged:
            os.kill(int(said["worker"][0]), signal.SIGKILL)
        if word == "dead":
            return said
    raise AssertionError("the nursery ended")


def ids_by_state(path: Path) -> dict[str, set[str]]:
    """What is in the database, which must be whole."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    found: dict[str, set[str]] = {"waiting": set(), "running": set(), "finished": set()}
    for run_id, state in connection.execute("SELECT id, state FROM runs"):
        found[state].add(run_id)
    connection.close()
    return found


@ensureDeferred
@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_what_was_acknowledged_is_there_once(
    nursery: subprocess.Popen[str], tmp_path: Path, seed: int
) -> None:
    from twisted.internet import reactor

    path = tmp_path / "queue.db"
    said = work_and_kill(nursery, path, random.Random(seed).randrange(1, 600))
    store = store_for(f"sqlite:///{path}", reactor, an_id_factory())
    await store.open()
    taken_over = await store.recover(REBOOTED, NOW, LEASE)
    claimed = await store.claim(REBOOTED, NOW, 100_000, LEASE)
    await store.close()
    found = ids_by_state(path)
    assert found["waiting"] == set()
    assert set(said["added"]) <= found["running"] | found["finished"]
    assert set(said["ended"]) <= found["finished"]
    assert sorted(run.id for run in (*taken_over, *claimed)) == sorted(found["running"])
