"""A real engine from its command line to the results it prints."""

from __future__ import annotations

import signal
import sqlite3
import stat
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.system.engine_process import EngineProcess, engine

APPLICATION = """
import os, threading, time
lock = threading.Lock()

def application(environ, start_response):
    job = environ.get("jobqueue.job")
    line = "%s %s %s %s\\n" % (
        environ["REQUEST_METHOD"], environ["PATH_INFO"],
        job and job["attempt"], environ.get("REMOTE_USER"))
    with lock, open("calls", "a") as calls:
        calls.write(line)
    status = "200 OK"
    if environ["PATH_INFO"].startswith("/status/"):
        status = environ["PATH_INFO"].rpartition("/")[2] + " As asked"
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1.5)
    if environ["PATH_INFO"] == "/stuck":
        threading.Event().wait()
    if environ["PATH_INFO"] == "/die":
        os._exit(7)
    if environ["PATH_INFO"] == "/trusted":
        body = ",".join(sorted(key for key in environ if "JOBQUEUE" in key))
    else:
        body = "body of " + environ["PATH_INFO"]
    start_response(status, [("Content-Type", "text/plain")])
    return [body.encode()]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an application that notes each call in the file ``calls``."""
    (tmp_path / "noting.py").write_text(APPLICATION)
    return tmp_path


def crontab(folder: Path, *lines: str) -> None:
    (folder / "jobs.tab").write_text("\n".join(lines) + "\n")


def calls(folder: Path) -> list[str]:
    """The calls of the application that have been noted."""
    file = folder / "calls"
    return file.read_text().splitlines() if file.exists() else []


def count(folder: Path, sql: str) -> int:
    """The number that *sql* gives, asked of the store's file."""
    database = sqlite3.connect(f"file:{folder}/.jobqueue/jobqueue.db?mode=ro", uri=True)
    try:
        number: int = database.execute(sql).fetchone()[0]
        return number
    finally:
        database.close()


COMMAND = ("--app", "noting", "--crontab", "jobs.tab")


@pytest.mark.parametrize(
    "runner",
    [
        ("twistd", "-n", "--pidfile="),
        ("twistd", "-n", "--pidfile=", "--reactor=asyncio"),
        ("twist", "--log-file=/dev/stderr", "--log-format=text"),
        ("twist", "--log-file=/dev/stderr", "--log-format=text", "--reactor=asyncio"),
    ],
    ids=" ".join,
)
def test_it_serves_and_runs_its_crontab(folder: Path, runner: tuple[str, ...]) -> None:
    crontab(folder, "@every 1s alice POST /tick a=b --name=ticker")
    with engine(folder, *COMMAND, runner=runner) as one:
        assert one.ask("/hello") == (200, b"body of /hello")
        one.until(lambda: "body of /tick" in one.output)
        assert one.stop() in (0, -signal.SIGTERM)
    assert one.output[0].startswith("POST /tick (ticker): 200 OK in 0.")
    assert "POST /tick 1 alice" in calls(folder)
    assert "GET /hello None None" in calls(folder)
    assert one.has_said("The engine has stopped")


def test_the_state_is_for_nobody_else(folder: Path) -> None:
    crontab(folder)
    with engine(folder, *COMMAND):
        state = folder / ".jobqueue"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert stat.S_IMODE((state / "jobqueue.db").stat().st_mode) == 0o600


def test_a_thousand_waiting_jobs_survive_kill_9_and_run_once_each(folder: Path) -> None:
    lines = [f'@when "in 6 seconds" - /job/{number}' for number in range(1000)]
    crontab(folder, *lines)
    with engine(folder, *COMMAND, "--sink", "off") as one:
        one.until(lambda: one.has_said("The engine is up"))
        one.stop(signal.SIGKILL)
    assert calls(folder) == []
    assert count(folder, "SELECT count(*) FROM jobs WHERE state = 'scheduled'") == 1000
    with engine(folder, *COMMAND, "--sink", "off") as one:
        deadline = time.monotonic() + 30
        while count(folder, "SELECT count(*) FROM runs WHERE state = 'finished'") < 1000:
            assert time.monotonic() < deadline, f"only {len(calls(folder))} jobs have run"
            time.sleep(0.1)
        one.stop()
    paths = Counter(line.split()[1] for line in calls(folder))
    assert len(paths) == 1000
    assert set(paths.values()) == {1}
    assert count(folder, "SELECT count(*) FROM jobs WHERE state = 'finished'") == 1000


def test_a_job_that_kills_the_process_does_not_do_so_for_ever(folder: Path) -> None:
    crontab(folder, '@when "in 1 second" - /die --attempts=2 --backoff=none')
    for _ in range(2):
        with EngineProcess(folder, "--http", "tcp:0:interface=127.0.0.1", *COMMAND) as one:
            assert one.wait() == 7
    with engine(folder, *COMMAND) as one:
        one.until(lambda: one.has_said("/die failed: no response (process lost)"))
        one.stop()
    assert calls(folder) == ["GET /die 1 None", "GET /die 2 None"]


def test_sighup_reads_the_crontab_again_and_a_bad_one_changes_nothing(folder: Path) -> None:
    crontab(folder, "@every 1s - /first --name=first", "@every 1h - /other")
    with engine(folder, *COMMAND) as one:
        one.until(lambda: one.has_said("5 jobs") or one.has_said("2 jobs: 2 new"))
        crontab(folder, "@every 1s - /first --name=first", "61 * * * * - /wrong")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: one.has_said("jobs.tab:2:1: "))
        crontab(folder, "@every 1s - /first --name=first --sink=pigeon:x")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: one.has_said("sink: no sink is called pigeon:"))
        crontab(folder, "@every 1s - /second --name=first")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: one.has_said("1 jobs: 0 new, 1 changed, 1 gone"))
        one.until(lambda: "body of /second" in one.output)
        one.stop()
    assert "GET /other None None" not in calls(folder)


def test_sigterm_waits_for_what_runs(folder: Path) -> None:
    crontab(folder, "@every 1s - /slow --name=slow")
    with engine(folder, *COMMAND) as one:
        one.until(lambda: calls(folder))
        one.stop()
    assert one.output[0].startswith("GET /slow (slow): 200 OK in 1.")
    assert count(folder, "SELECT count(*) FROM runs WHERE state = 'running'") == 0


def test_what_does_not_end_is_given_back_with_its_attempt(folder: Path) -> None:
    crontab(folder, '@when "in 1 second" - /stuck')
    with engine(folder, *COMMAND, "--drain-timeout", "500ms") as one:
        one.until(lambda: calls(folder))
        one.stop()
    assert one.has_said("1 jobs are stopped in the middle and will run again")
    assert count(folder, "SELECT attempt FROM runs WHERE state = 'waiting'") == 0


def test_a_second_signal_stops_at_once(folder: Path) -> None:
    crontab(folder, '@when "in 1 second" - /stuck')
    with engine(folder, *COMMAND, "--drain-timeout", "10m") as one:
        one.until(lambda: calls(folder))
        one.process.send_signal(signal.SIGTERM)
        one.until(lambda: one.has_said("Port") and one.has_said("Closed"))
        one.stop()
    assert one.has_said("Asked twice to stop")
    assert count(folder, "SELECT attempt FROM runs WHERE state = 'waiting'") == 0


def test_a_request_that_takes_too_long_is_given_up_and_frees_the_queue(folder: Path) -> None:
    crontab(
        folder,
        '@when "in 1 second" - /stuck --timeout=1s --attempts=1',
        "@every 1s - /tick --name=ticker",
    )
    with engine(folder, *COMMAND, "--job-threads", "1", "--drain-timeout", "0s") as one:
        one.until(lambda: one.has_said("/stuck failed: no response (timeout after 1s)"))
        seen = len(one.output)
        one.until(lambda: "body of /tick" in one.output[seen:])
        one.stop()


def test_a_removed_job_stays_removed_over_restarts_and_it_is_said(folder: Path) -> None:
    crontab(folder, "@every 1s - /status/410 --name=going")
    with engine(folder, *COMMAND) as one:
        one.until(lambda: one.has_said("going is removed from the queue: 410 Gone"))
        one.stop()
    before = len(calls(folder))
    with engine(folder, *COMMAND) as one:
        one.until(lambda: one.has_said("410 Gone"))
        one.stop()
    assert len(calls(folder)) == before


def test_a_one_time_line_fires_once_in_the_life_of_its_identity(folder: Path) -> None:
    crontab(folder, '@when "in 1 second" - /once')
    with engine(folder, *COMMAND) as one:
        one.until(lambda: "body of /once" in one.output)
        one.stop()
    with engine(folder, *COMMAND) as one:
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: sum("jobs: 0 new" in text for text in one.messages) == 2)
        one.stop()
    assert calls(folder) == ["GET /once 1 None"]


def test_no_client_passes_for_the_engine(folder: Path) -> None:
    crontab(folder)
    with engine(folder, *COMMAND) as one:
        for name in (
            "X-Via-JobQueue", "x-via-jobqueue", "X_Via_JobQueue", "x-via_jobqueue",
            "X-Via-JobQueue-Job", "X_VIA_JOBQUEUE_JOB", "X-JobQueue-Run", "x_jobqueue-run",
            "X-JOBQUEUE-DUE", "X-JobQueue_Attempt", "X-Via-JobQueueX",
        ):  # fmt: skip
            assert one.ask("/trusted", **{name: "yes"}) == (200, b""), name
        one.stop()
