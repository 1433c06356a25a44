"""What a job said before its process was killed is not lost."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from tests.system.engine_process import EngineProcess, engine

APPLICATION = """
import time
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] != "/long":
        return [b"quick"]
    def say():
        for number in range(100):
            yield b"step %d\\n" % number
            time.sleep(0.1)
    return say()
"""


def kept(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / ".jobqueue" / "jobqueue.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_killed_engine_leaves_what_its_job_had_said(tmp_path: Path) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    (tmp_path / "jobs.tab").write_text("@reboot - /long --name=long --attempts=1\n")
    arguments = ("--app", "app.wsgi", "--crontab", "jobs.tab", "--sink", "off")
    with engine(tmp_path, *arguments) as one:
        one.until(lambda: kept(tmp_path, "SELECT 1 FROM outputs"))
        one.stop(signal.SIGKILL)
    (tmp_path / "jobs.tab").write_text("# nothing\n")
    with engine(tmp_path, *arguments) as again:
        again.until(lambda: kept(tmp_path, "SELECT 1 FROM runs WHERE state = 'failed'"))
        again.stop()
    ((status, reason, body),) = kept(
        tmp_path, "SELECT status, reason, response_body FROM runs WHERE name = 'long'"
    )
    assert (status, reason) == (0, "process lost")
    assert bytes(body).startswith(b"step 0\nstep 1\n")  # type: ignore[call-overload]
    assert kept(tmp_path, "SELECT 1 FROM outputs") == []


def test_results_and_health_are_served_where_the_option_says(tmp_path: Path) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    (tmp_path / "jobs.tab").write_text("@reboot - /x --name=once\n")
    arguments = ("--app", "app.wsgi", "--crontab", "jobs.tab", "--sink", "off", "--http", "off")
    admin = ("--admin", "tcp:0:interface=127.0.0.1")
    with EngineProcess(tmp_path, *arguments, *admin) as one:
        one.until(lambda: one.has_said("The engine is up"))
        assert one.ask("/-/readyz") == (200, b"ready\n")
        one.until(lambda: one.ask("/jobs/once/latest")[0] == 200)
        assert one.ask("/jobs/once/latest") == (200, b"quick")
        assert b"<title>once</title>" in one.ask("/jobs/once/feed.atom")[1]


def test_the_admin_listener_is_for_this_machine(tmp_path: Path) -> None:
    (tmp_path / "app.wsgi").write_text(APPLICATION)
    arguments = ("--app", "app.wsgi", "--http", "off", "--admin", "tcp:0")
    with EngineProcess(tmp_path, *arguments) as one:
        assert one.wait() == 1
        assert any("can be reached from other machines" in text for text in one.messages)
