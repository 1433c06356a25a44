"""Several workers, as real processes."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from jqengine.client import JobQueue

from .engine_process import PATIENCE, EngineProcess, engine

APPLICATION = """
import os, time

def app(environ, start_response):
    job = environ.get("jobqueue.job")
    time.sleep(0.3 if environ["PATH_INFO"] == "/slow" else 0)
    if job is not None:
        with open("ran", "a") as file:
            file.write(f"{job['run']} {os.getpid()}\\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]
"""

QUIET = ("--app", "site_app:app", "--sink", "off", "--access-log", "off")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site_app.py").write_text(APPLICATION)
    return tmp_path


def test_one_dies_and_nothing_is_lost_one_drains_and_the_other_works(folder: Path) -> None:
    (folder / "jobs.tab").write_text("@daily - /x --name=old\n")
    with engine(folder, *QUIET, "--workers", "2", "--crontab", "jobs.tab") as parent:
        queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock")
        first, second = (node.pid for node in queue.nodes())
        assert {int(parent.ask("/")[1]) for _ in range(40)} <= {first, second}

        # What is scheduled anywhere is run, and waited for, anywhere.
        began = time.monotonic()
        assert queue.schedule("/x").wait(timeout=PATIENCE).ok
        for _ in range(8):
            with JobQueue(queue.address) as another:
                assert another.schedule("/x").wait(timeout=PATIENCE).ok
        assert time.monotonic() - began < 8, "news went by a slow poll"

        # Killed while both are at work.
        jobs = queue.schedule_many({"target": "/slow"} for _ in range(60))
        until(lambda: len(ran(folder)) > 15, "some jobs have run")
        os.kill(first, signal.SIGKILL)
        until(lambda: done(queue) >= 69, "all jobs have run")
        assert len(jobs) == 60
        assert max(Counter(run for run, _ in ran(folder)).values()) <= 2  # cut off, run again
        parent.until(lambda: parent.has_said("is gone: it was ended by signal 9. It is started"))
        parent.until(lambda: parent.has_said("is up again"))

        # The crontab is read once, for both.
        (folder / "jobs.tab").write_text("@daily - /x --name=new\n")
        parent.process.send_signal(signal.SIGHUP)
        until(lambda: {"new"} == names(queue), "the crontab was read again")

        # One drains: the other does all the work.
        nodes = queue.nodes()
        assert queue.drain(nodes[0].name).state in ("drained", "draining")
        until(lambda: queue.nodes()[0].state == "drained", "it has drained")
        (folder / "ran").unlink()
        queue.schedule_many({"target": "/x"} for _ in range(50))
        until(lambda: len(ran(folder)) == 50, "they have run")
        assert {pid for _, pid in ran(folder)} == {nodes[1].pid}
        assert queue.undrain(nodes[0].name).name == nodes[0].name
        queue.close()
        assert parent.stop() == -signal.SIGTERM
    assert all(event.get("worker") for event in parent.events if "Engine" in str(event["logger"]))


def test_workers_end_when_their_parent_is_killed(folder: Path) -> None:
    with engine(folder, *QUIET, "--workers", "2") as parent:
        with JobQueue(f"unix:{folder}/.jobqueue/amp.sock") as queue:
            pids = [node.pid for node in queue.nodes()]
            queue.schedule_many({"target": "/slow"} for _ in range(4))
            until(lambda: queue.stats()["running"] or ran(folder), "they have begun")
        parent.process.kill()
        until(lambda: not any(map(alive, pids)), "the workers have ended")
    runs = Counter(run for run, _ in ran(folder))
    assert list(runs.values()) == [1] * 4, "what ran has ended, and nothing ran twice"
    assert parent.has_said("The parent is gone")


def test_a_worker_whose_reactor_hangs_is_replaced(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(
        "import jqengine.workers.orders as orders\norders.LONGEST_SILENCE = 0.4\n"
    )
    environment = {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"}
    with engine(folder, *QUIET, "--workers", "2", environment=environment) as parent:
        with JobQueue(f"unix:{folder}/.jobqueue/amp.sock") as queue:
            first, _ = (node.pid for node in queue.nodes())
        os.kill(first, signal.SIGSTOP)
        parent.until(lambda: parent.has_said("has said nothing for"))
        parent.until(lambda: parent.has_said("is up again"))
        assert parent.stop() == -signal.SIGTERM


def test_an_application_that_cannot_be_loaded_is_one_line(folder: Path) -> None:
    (folder / "site_app.py").write_text("import nothing_of_that_name\n")
    with EngineProcess(folder, *QUIET, "--workers", "2", "--http", "tcp:0") as parent:
        assert parent.wait() == 1
    [said] = [line for line in parent.messages if line.startswith("jobqueue: ")]
    assert "nothing_of_that_name" in said
    assert not any(event.get("traceback") for event in parent.events)


def test_spooled_jobs_survive_a_kill_and_run_once(folder: Path) -> None:
    store, aside = folder / ".jobqueue/jobqueue.db", folder / "aside.db"
    with engine(folder, *QUIET, "--spool", "on") as one:
        queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock")
        store.rename(aside)
        ids = [queue.schedule("/x").id for _ in range(20)]
        assert one.ask("/")[0] == 200
        one.process.kill()
        one.wait()
    assert len(list((folder / ".jobqueue/spool").glob("*.jobs"))) == 20
    aside.rename(store)
    with engine(folder, *QUIET, "--spool", "on") as one:
        until(lambda: len(ran(folder)) >= 20, "they have run")
        assert queue.stats()["spooled"] == 0
        queue.close()
        assert one.stop() == -signal.SIGTERM
    assert sorted(run for run, _ in ran(folder)) == sorted(ids)


def until(reached: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"not yet: {what}"
        time.sleep(0.02)


def ran(folder: Path) -> list[tuple[str, int]]:
    """Each call of the application for a job: its run, and the process."""
    try:
        lines = (folder / "ran").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def done(queue: JobQueue) -> int:
    counts = queue.stats()
    return counts["finished"] + counts["failed"]


def names(queue: JobQueue) -> set[str | None]:
    return {job.view.name for job in queue.jobs(state="scheduled") if job.view.name}


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
