"""A real engine in trouble: HTTP goes on, readiness says why, and it comes out by itself."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jqengine.client import JobQueue
from jqengine.errors import JobQueueError
from tests.smalldisk import fill, small_disk
from tests.system.engine_process import EngineProcess

APPLICATION = """
import os, time
calls = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def application(environ, start_response):
    path, run = environ["PATH_INFO"], environ.get("HTTP_X_JOBQUEUE_RUN")
    if run:
        os.write(calls, f"{run}\\n".encode())
    if path == "/hang":
        time.sleep(60)
    if path == "/raise":
        raise RuntimeError("broken everywhere")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 20_000 if run else b"here"]
"""
PATIENCE = 30.0


class Patient:
    """An engine that is to get into trouble.

    :param folder: where it runs; the application's calls are noted beside it.
    """

    def __init__(self, folder: Path, one: EngineProcess) -> None:
        self.engine = one
        self.calls = folder.parent / "calls"
        self.queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock", timeout=PATIENCE)

    def ready(self) -> tuple[int, str]:
        """What readiness says."""
        status, body = self.engine.ask("/-/readyz", port=self.engine.admin_port)
        return status, body.decode()

    def is_ready(self) -> bool:
        """Whether it is."""
        return self.ready() == (200, "ready\n")

    def complains(self, of: str) -> bool:
        """Whether it is not ready, and says *of* what."""
        status, said = self.ready()
        return status == 503 and of in said

    def ran(self) -> Counter[str]:
        """How often each run was begun."""
        return Counter(self.calls.read_text().split())


@contextmanager
def patient(folder: Path, *arguments: str, crontab: str = "") -> Iterator[Patient]:
    (folder / "app.wsgi").write_text(APPLICATION)
    (folder / "jobs.tab").write_text(crontab)
    loopback = "tcp:0:interface=127.0.0.1"
    command = ("--app", "app.wsgi", "--crontab", "jobs.tab", "--http", loopback)
    with EngineProcess(
        folder,
        *(*command, "--admin", loopback, *arguments),
        environment={"CALLS": str(folder.parent / "calls")},
    ) as one:
        one.until(lambda: one.has_said("The engine is up"))
        yield Patient(folder, one)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of an engine."""
    folder = tmp_path / "engine"
    folder.mkdir()
    return folder


def test_a_full_disk_loses_no_job_and_harms_no_visitor(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 48 * 2**20) as disk,
        patient(
            disk,
            *("--sink", "file:results"),
            crontab="@every 1s - /second --name=second --overlap=allow\n",
        ) as one,
    ):
        accepted = [job.id for job in one.queue.schedule_many([{"target": "/job"}] * 50)]
        filler = fill(disk)
        refused = ""
        while not refused:
            try:
                accepted.append(one.queue.schedule("/job", data={"x": "y" * 3000}).id)
            except JobQueueError as error:
                refused = str(error)
        assert f"the disk that holds the store {disk}/.jobqueue/jobqueue.db is full" in refused
        one.engine.until(lambda: one.complains("jobqueue.db is full"))
        for _ in range(20):
            assert one.engine.ask("/") == (200, b"here")
        held = len(one.ran())
        time.sleep(1.5)
        assert len(one.ran()) <= held + 2

        filler.unlink()
        one.engine.until(one.is_ready)
        accepted.append(one.queue.schedule("/job").id)
        one.engine.until(lambda: set(accepted) <= set(one.ran()))
        one.engine.stop()
        ran = one.ran()
        assert max(ran.values()) == 1
        assert len(ran) >= len(accepted) + 1
        # What was open when the disk was full is whole.
        with sqlite3.connect(disk / ".jobqueue" / "jobqueue.db") as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            runs = dict(store.execute("SELECT state, count(*) FROM runs GROUP BY state"))
            (deliveries,) = store.execute("SELECT count(*) FROM deliveries").fetchone()
        assert runs.keys() <= {"finished", "skipped"}
        assert runs["finished"] == len(ran) == deliveries
        # Nothing is left of files for which there was no room.
        assert not [one for one in (disk / "results").rglob("*") if one.stat().st_size < 20_000]


def test_a_store_that_is_locked_and_one_that_is_gone(folder: Path) -> None:
    with patient(folder, "--sink", "off", crontab="@every 1s - /s --name=s\n") as one:
        store = folder / ".jobqueue" / "jobqueue.db"
        other = sqlite3.connect(store, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        one.engine.until(lambda: one.complains("the store does not answer"))
        assert one.engine.ask("/") == (200, b"here")
        other.execute("COMMIT")
        other.close()
        one.engine.until(one.is_ready)

        store.rename(folder / "aside")
        one.engine.until(lambda: one.complains(f"the store {store} is gone"))
        with pytest.raises(JobQueueError, match="put it back where it was"):
            one.queue.schedule("/job")
        assert one.engine.ask("/") == (200, b"here")
        store.write_bytes((folder / "aside").read_bytes())
        one.engine.until(lambda: one.complains("another file has taken the place"))
        store.unlink()
        (folder / "aside").rename(store)
        one.engine.until(one.is_ready)
        job = one.queue.schedule("/job")
        one.engine.until(lambda: one.ran()[job.id])
        one.engine.stop()
        assert max(one.ran().values()) == 1


def test_an_application_that_hangs_in_every_thread(folder: Path) -> None:
    options = ("--sink", "off", "--job-threads", "1", "--timeout", "200ms", "--attempts", "1")
    with patient(folder, *options) as one:
        for _ in range(2):
            one.queue.schedule("/hang")
        one.engine.until(lambda: one.complains("all job threads are stuck: 2 requests"))
        assert one.engine.ask("/") == (200, b"here")
        waiting = one.queue.schedule("/job")
        time.sleep(0.5)
        assert waiting.id not in one.ran()
        assert one.engine.has_said("2 job threads are stuck, and no more are started")
    with patient(folder, *options) as one:
        one.engine.until(lambda: one.ran()[waiting.id] == 1)
        assert one.is_ready()


def test_an_application_that_raises_everywhere(folder: Path) -> None:
    options = ("--sink", "off", "--attempts", "1", "--job-threads", "2")
    with patient(folder, *options) as one:
        jobs = one.queue.schedule_many([{"target": "/raise"}] * 30)
        assert one.engine.ask("/raise")[0] == 500
        one.engine.until(lambda: len(one.ran()) == len(jobs))
        one.engine.until(lambda: one.queue.stats()["failed"] == len(jobs))
        assert one.is_ready()
        assert one.engine.ask("/") == (200, b"here")
        one.engine.stop()


def test_a_state_directory_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2**20) as disk:
        (disk / "app.wsgi").write_text(APPLICATION)
        fill(disk)
        environment = {"CALLS": os.devnull}
        with EngineProcess(disk, "--app", "app.wsgi", environment=environment) as one:
            assert one.wait() == 1
            assert one.has_said("No space left on device")
