"""``kill -9`` of the engine in the middle of ``schedule_many``."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jqengine.client import Job, JobQueue
from jqengine.errors import NotConnected
from tests.interop.conftest import amp_addresses
from tests.system.engine_process import engine

ARGUMENTS = ("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock")
ALL = 40_000


def _targets(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / ".jobqueue/jobqueue.db") as database:
        return Counter(target for (target,) in database.execute("SELECT target FROM runs"))


def _schedule_for_ever(queue: JobQueue, acknowledged: list[str]) -> None:
    while True:
        first = len(acknowledged)
        targets = [f"/{number}" for number in range(first, first + 500)]
        answers = queue.schedule_many([{"target": one} for one in targets], after="1h")
        assert all(isinstance(answer, Job) for answer in answers)
        acknowledged += targets


def test_every_job_acknowledged_is_there_and_none_twice(folder: Path) -> None:
    acknowledged: list[str] = []
    with engine(folder, *ARGUMENTS) as one, JobQueue(amp_addresses(one)[0], patience=0) as queue:
        killer = threading.Timer(0.5, lambda: one.process.send_signal(signal.SIGKILL))
        killer.start()
        with pytest.raises(NotConnected):
            _schedule_for_ever(queue, acknowledged)
        killer.join()
    with engine(folder, *ARGUMENTS):
        found = _targets(folder)
    assert len(acknowledged) >= 500
    assert set(acknowledged) <= set(found)
    assert set(found.values()) == {1}
    # What was under way may be there or not, but nothing beyond it.
    assert len(found) <= len(acknowledged) + 500


def test_a_client_that_waits_for_the_engine_schedules_all_and_none_twice(folder: Path) -> None:
    half_sent = threading.Event()

    def jobs():  # type: ignore[no-untyped-def]
        for number in range(ALL):
            if number == ALL // 2:
                half_sent.set()
            yield {"target": f"/{number}"}

    with ThreadPoolExecutor(1) as pool:
        with engine(folder, *ARGUMENTS) as one:
            queue = JobQueue(amp_addresses(one)[0], patience=60)
            answers = pool.submit(queue.schedule_many, jobs(), after="1h")
            assert half_sent.wait(60)
            one.process.send_signal(signal.SIGKILL)
            one.wait()
        with engine(folder, *ARGUMENTS):
            assert all(isinstance(answer, Job) for answer in answers.result(120))
            assert len({answer.id for answer in answers.result() if isinstance(answer, Job)}) == ALL
            found = _targets(folder)
            queue.close()
    assert len(found) == ALL
    assert set(found.values()) == {1}
