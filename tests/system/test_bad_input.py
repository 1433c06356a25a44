"""Whatever is wrong, twistd says so in one line, ends with a status, and has started nothing."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.engine_process import engine

Prepare = Callable[[Path], None]


def write(name: str, text: str) -> Prepare:
    return lambda folder: (folder / name).write_text(text) and None


def unwritable(folder: Path) -> None:
    """A file where the state directory should be made: even root cannot write there."""
    (folder / "blocked").write_text("")


def newer_store(folder: Path) -> None:
    """A store that a version to come has written."""
    with engine(folder, "--app", "plain") as one:
        one.stop()
    database = sqlite3.connect(folder / ".jobqueue/jobqueue.db")
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
    revision = next(name for name in tables if "revision" in name or "alembic" in name)
    database.execute(f"UPDATE {revision} SET version_num = '9999'")
    database.commit()
    database.close()


TWISTD = str(Path(sys.executable).with_name("twistd"))
PLAIN = ("--app", "plain")
SEVEN = "".join(f"* * * * * - /{n}\n" for n in range(6)) + "99 * * * * - /b\n"

CASES: dict[str, tuple[Prepare | None, tuple[str, ...], tuple[str, ...]]] = {
    "unknown option": (None, (*PLAIN, "--jobthreads", "3"), ("--jobthreads", "--job-threads")),
    "bad value": (None, (*PLAIN, "--threads", "many"), ("--threads", "'many'", "whole number")),
    "no application": (None, (), ("--app",)),
    "no such module": (None, ("--app", "nowhere.wsgi"), ("nowhere",)),
    "no callable": (
        write("empty.py", "x = 1\n"), ("--app", "empty"), ("empty", "application"),
    ),
    "module that raises": (
        write("raising.py", "\nraise ValueError('boom')\n"),
        ("--app", "raising"),
        ("ValueError", "boom", "raising.py:2"),
    ),
    "crontab with a bad field on line 7": (
        write("jobs.tab", SEVEN),
        (*PLAIN, "--crontab", "jobs.tab"),
        ("jobs.tab:7:1: ", "99", "minute"),
    ),
    "six time fields": (
        write("jobs.tab", "0 0 3 * * * - /nightly\n"),
        (*PLAIN, "--crontab", "jobs.tab"),
        ("jobs.tab:1:", "five"),
    ),
    "no such crontab": (
        None, (*PLAIN, "--crontab", "missing.tab"), ("missing.tab", "No such file"),
    ),
    "unknown zone": (
        None, (*PLAIN, "--timezone", "Europe/Pariss"), ("Europe/Pariss", "Europe/Paris"),
    ),
    "unknown zone in a crontab": (
        write("jobs.tab", "CRON_TZ=Mars/Base\n"),
        (*PLAIN, "--crontab", "jobs.tab"),
        ("jobs.tab:1:", "Mars/Base"),
    ),
    "unwritable state directory": (
        unwritable, (*PLAIN, "--state-dir", "blocked/state"), ("blocked/state", "directory"),
    ),
    "store of a newer schema": (newer_store, PLAIN, ("jobqueue.db", "newer")),
    "store that is no database": (
        write("notes.txt", "not a database, and long enough to have a header " * 40),
        (*PLAIN, "--store", "sqlite:///notes.txt"),
        ("notes.txt", "not an SQLite database"),
    ),
    "unknown store": (None, (*PLAIN, "--store", "redis://x"), ("redis",)),
    "bad endpoint": (None, (*PLAIN, "--http", "8080x"), ("--http", "8080x")),
    "unknown sink": (None, (*PLAIN, "--sink", "carrier-pigeon:x"), ("--sink", "carrier-pigeon")),
    "bad settings file": (
        write("engine.toml", "[jobqueue]\nthread = 3\n"),
        (*PLAIN, "--config", "engine.toml"),
        ("engine.toml", "thread", "threads"),
    ),
}  # fmt: skip


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TWISTD, "-n", "--pidfile=", "jobqueue", "--admin", "off", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(finished: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong."""
    assert finished.returncode == 1, finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    lines = [line for line in finished.stderr.splitlines() if "jobqueue: " in line]
    assert len(lines) == 1, finished.stderr
    return lines[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.py").write_text(
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'']\n"
    )
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_one_line_says_what_and_where(folder: Path, case: str) -> None:
    prepare, arguments, parts = CASES[case]
    if prepare:
        prepare(folder)
    before = sorted(folder.iterdir())
    if "--http" not in arguments:
        arguments = ("--http", "tcp:0:interface=127.0.0.1", *arguments)
    line = complaint(start(folder, *arguments))
    for part in parts:
        assert part in line, line
    left = {one.name for one in folder.iterdir()} - {one.name for one in before}
    assert left <= {"__pycache__", ".jobqueue"}


def test_a_port_in_use_is_found_before_anything_is_kept(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = start(folder, *PLAIN, "--http", f"tcp:{port}:interface=127.0.0.1")
    line = complaint(finished)
    assert str(port) in line
    assert "in use" in line
    assert not (folder / ".jobqueue").exists()


def test_a_second_engine_on_one_state_directory_is_refused(folder: Path) -> None:
    with engine(folder, *PLAIN) as one:
        line = complaint(start(folder, *PLAIN, "--http", "tcp:0:interface=127.0.0.1"))
        assert f"process {one.process.pid}" in line
        assert one.ask("/")[0] == 200
        one.stop()


def test_a_bad_variable_is_named(folder: Path) -> None:
    line = complaint(start(folder, *PLAIN, JOBQUEUE_JOB_THREADS="x"))
    assert "JOBQUEUE_JOB_THREADS" in line
    line = complaint(start(folder, *PLAIN, JOBQUEUE_JOB_THREAD="3"))
    assert "JOBQUEUE_JOB_THREADS" in line


def test_every_error_of_a_crontab_is_counted(folder: Path) -> None:
    (folder / "jobs.tab").write_text("99 * * * * - /a\n* 99 * * * - /b\n* * 99 * * - /c\n")
    line = complaint(start(folder, *PLAIN, "--crontab", "jobs.tab"))
    assert "jobs.tab:1:1: " in line
    assert "2 more" in line
