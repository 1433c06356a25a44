"""The wall clock stepped an hour forward and back under a real engine."""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jqengine.client import JobQueue
from tests.system.engine_process import EngineProcess

HOUR = 3600.0
APPLICATION = """
import os, time
calls = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def application(environ, start_response):
    run = environ.get("HTTP_X_JOBQUEUE_RUN")
    if environ["PATH_INFO"] == "/slow":
        time.sleep(2.0)
    if run:
        name = environ["jobqueue.job"]["name"] or "-"
        os.write(calls, f"{name} {run}\\n".encode())
    start_response("200 OK", [])
    return [b"here"]
"""
CRONTAB = """\
* * * * * - /x --name=minutely
@every 1s - /x --name=often
"""
MOST = 4
"""Calls of ``often`` in two seconds and a little, when nothing storms."""


class Stepped:
    """An engine whose clock is set by hand."""

    def __init__(self, folder: Path, one: EngineProcess) -> None:
        self.engine = one
        self.queue = JobQueue(f"unix:{folder}/.jobqueue/amp.sock")
        self._folder = folder

    def set_clock(self, ahead: float) -> None:
        """Set the clock so many seconds ahead of the machine's."""
        with open(self._folder / "step", "r+b") as file:
            file.write(struct.pack("d", ahead))

    def calls(self, name: str) -> list[str]:
        """Which runs of a job the application was called for."""
        lines = (self._folder / "calls").read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")]

    def calls_within(self, name: str, seconds: float) -> int:
        """How many there are in the next *seconds*."""
        before = len(self.calls(name))
        time.sleep(seconds)
        return len(self.calls(name)) - before

    def is_ready(self) -> bool:
        """Whether it is."""
        return self.engine.ask("/-/readyz", port=self.engine.admin_port)[0] == 200

    def takes_up(self, **schedule: str) -> None:
        """Wait until a job that is accepted now has run."""
        job = self.queue.schedule("/x", **schedule)
        self.engine.until(lambda: job.id in self.calls("-"))


@contextmanager
def stepped(folder: Path) -> Iterator[Stepped]:
    (folder / "app.wsgi").write_text(APPLICATION)
    (folder / "jobs.tab").write_text(CRONTAB)
    (folder / "step").write_bytes(struct.pack("d", 0.0))
    (folder / "calls").touch()
    place = str(Path(__file__).with_name("stepped_clock"))
    loopback = "tcp:0:interface=127.0.0.1"
    with EngineProcess(
        folder,
        *("--app", "app.wsgi", "--crontab", "jobs.tab", "--sink", "off"),
        *("--http", loopback, "--admin", loopback),
        environment={
            "CALLS": str(folder / "calls"),
            "CLOCK_STEP": str(folder / "step"),
            "PYTHONPATH": os.pathsep.join((place, os.environ.get("PYTHONPATH", ""))),
        },
    ) as one:
        one.until(lambda: one.has_said("The engine is up"))
        yield Stepped(folder, one)


def test_an_hour_forward_and_back(tmp_path: Path) -> None:
    with stepped(tmp_path) as one:
        one.engine.until(lambda: len(one.calls("often")) > 1)
        later = one.queue.schedule("/x", after="30 minutes")
        slow = one.queue.schedule("/slow")
        minutely = len(one.calls("minutely"))

        one.set_clock(HOUR)
        one.engine.until(lambda: one.engine.has_said("The clock was stepped by +3600 s"))
        one.engine.until(lambda: later.id in one.calls("-"))
        assert 1 <= one.calls_within("often", 2.2) <= MOST
        assert len(one.calls("minutely")) - minutely <= 2
        one.takes_up()

        one.set_clock(0.0)
        one.engine.until(lambda: one.engine.has_said("The clock was stepped by -3600 s"))
        # Its next due time is an hour ahead, and no due time comes twice.
        assert one.calls_within("often", 1.0) <= 1
        one.takes_up()
        one.takes_up(after="200ms")
        assert one.is_ready()

        one.set_clock(HOUR)
        assert 1 <= one.calls_within("often", 2.2) <= MOST
        one.engine.until(lambda: slow.id in one.calls("-"))
        assert one.is_ready()
        assert one.engine.ask("/") == (200, b"here")
        one.engine.stop()
        called = Counter(run for name in ("-", "often", "minutely") for run in one.calls(name))
        assert max(called.values()) == 1
    with sqlite3.connect(tmp_path / ".jobqueue" / "jobqueue.db") as store:
        query = (
            "SELECT count(*) FROM runs WHERE attempt > 1 OR state NOT IN ('finished', 'skipped')"
        )
        assert store.execute(query).fetchone() == (0,)
        (unexplained,) = store.execute(
            "SELECT count(*) FROM runs WHERE state = 'skipped' AND coalesce(reason, '') = ''"
        ).fetchone()
        assert unexplained == 0
