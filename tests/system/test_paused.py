"""What is paused stays so over restarts of a real engine, and it says so."""

from __future__ import annotations

from pathlib import Path

from jqengine.client import JobQueue
from tests.system.engine_process import engine
from tests.system.test_engine import COMMAND, calls, folder

__all__ = ["folder"]


def test_a_pause_outlives_the_engine_and_is_said(folder: Path) -> None:
    (folder / "jobs.tab").write_text("")
    with engine(folder, *COMMAND) as one, JobQueue(str(folder / ".jobqueue/amp.sock")) as queue:
        one.until(lambda: one.has_said("The engine is up"))
        assert queue.pause_all()
        queue.pause(group="mail")
        queue.schedule("/waiting", group="mail")
        one.stop()
    with engine(folder, *COMMAND) as one, JobQueue(str(folder / ".jobqueue/amp.sock")) as queue:
        one.until(lambda: one.has_said("The engine is up"))
        assert one.has_said("Everything is paused: no job begins until")
        assert one.has_said("The group 'mail' is paused, and 1 of its runs wait")
        assert queue.resume_all()
        queue.schedule("/other").wait(timeout=20)
        assert calls(folder) == ["GET /other 1 None"]
        queue.resume(group="mail")
        one.until(lambda: len(calls(folder)) == 2)
        one.stop()
