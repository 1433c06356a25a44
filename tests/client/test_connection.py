"""One connection for many threads and for every process; lost and found again."""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jqengine.client import JobQueue
from jqengine.errors import LimitReached, NotConnected, NotInTime
from jqengine.wire.asks import Ask, Backlog
from tests.client.fake_engine import FakeEngine, HangUp, job_json, result_json, run_json


def test_where_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOBQUEUE_AMP", raising=False)
    assert repr(JobQueue()) == "<JobQueue at unix:.jobqueue/amp.sock>"
    monkeypatch.setenv("JOBQUEUE_AMP", "unix:/run/a.sock")
    assert JobQueue().address == "unix:/run/a.sock"
    assert JobQueue("tcp:127.0.0.1:1").address == "tcp:127.0.0.1:1"


def test_nobody_there_is_an_error_that_says_where(short_path: Path) -> None:
    queue = JobQueue(f"unix:{short_path}/amp.sock", patience=0)
    with pytest.raises(NotConnected, match=f"no engine answers at unix:{short_path}/amp.sock: No"):
        queue.stats()
    assert isinstance(NotConnected(), ConnectionError)


def test_an_engine_that_comes_late_is_found(short_path: Path) -> None:
    engine = FakeEngine(short_path / "amp.sock")
    engine.answers["Stats"] = lambda _: {"stats": {}}
    starter = threading.Timer(0.2, engine.start)
    starter.start()
    with JobQueue(engine.address, patience=10) as queue:
        assert queue.stats() == {}
    starter.join()
    engine.stop()


def test_one_connection_serves_many_threads(queue: JobQueue, engine: FakeEngine) -> None:
    def schedule(number: int) -> tuple[str, str]:
        target = f"/{number}"
        return target, queue.schedule(target).view.target

    with ThreadPoolExecutor(20) as pool:
        pairs = list(pool.map(schedule, range(400)))
    assert all(asked == answered for asked, answered in pairs)
    assert engine.connections == 1


def test_a_thread_that_waits_long_holds_up_nobody(queue: JobQueue, engine: FakeEngine) -> None:
    """The leader waits for the longest; the others' answers must reach them all the same."""
    release: list[bytes] = []
    done = threading.Event()

    def wait(said: dict[str, bytes]) -> None:
        release.append(said["job"])

    engine.answers["Wait"] = wait
    engine.answers["Release"] = lambda _: None
    waiter = threading.Thread(target=lambda: (_waited(queue), done.set()))
    waiter.start()
    while not release:
        time.sleep(0.005)
    for _ in range(50):
        assert queue.stats() == {"due": 1}
    assert not done.is_set()
    engine.hang_up()
    engine.answers["Wait"] = lambda _: {"run": run_json("r"), "result": result_json()}
    waiter.join(10)
    assert done.is_set()


def _waited(queue: JobQueue) -> None:
    assert queue.wait("j").status == 200


def test_a_lost_call_is_made_again_with_the_same_id(queue: JobQueue, engine: FakeEngine) -> None:
    accept = engine.answers["Schedule"]
    lost = iter([True, True])

    def lose_two(said: dict[str, bytes]) -> dict[str, Any] | None:
        if next(lost, False):
            raise HangUp
        return accept(said)

    engine.answers["Schedule"] = lose_two
    job = queue.schedule("/x")
    assert {said["id"].decode() for said in engine.calls("Schedule")} == {job.id}
    assert len(engine.calls("Schedule")) == 3


def test_only_what_was_not_answered_is_sent_again(queue: JobQueue, engine: FakeEngine) -> None:
    lost = iter([False, False, True])
    ids: list[str] = []

    def answer(said: dict[str, bytes]) -> dict[str, Any]:
        if next(lost, False):
            raise HangUp
        these = [job["id"] for job in json.loads(said["jobs"])]
        ids.extend(these)
        return {"answers": these}

    engine.answers["ScheduleMany"] = answer
    answers = queue.schedule_many([{"target": f"/{n}"} for n in range(8000)])
    assert [one.id for one in answers] == sorted(set(ids))  # type: ignore[union-attr]
    assert len(answers) == 8000


def test_the_pieces_of_a_body_are_sent_again_with_their_job(
    queue: JobQueue, engine: FakeEngine
) -> None:
    sizes: dict[int, int] = {}
    lost = iter([True])

    def upload(said: dict[str, bytes]) -> dict[str, Any]:
        sizes[engine.connections] = sizes.get(engine.connections, 0) + len(said["data"])
        return {"size": 1}

    def schedule(said: dict[str, bytes]) -> dict[str, Any]:
        if next(lost, False):
            raise HangUp
        return {"job": job_json(said["id"].decode()), "existing": 0}

    engine.answers.update(Upload=upload, Schedule=schedule)
    queue.schedule("/x", body=b"x" * 200_000)
    assert sizes == {1: 200_000, 2: 200_000}


def test_an_engine_that_comes_back_is_found_by_a_client_at_rest(
    queue: JobQueue, engine: FakeEngine
) -> None:
    queue.stats()
    engine.stop()
    engine.start()
    assert queue.stats() == {"due": 1}
    assert len(engine.calls("Stats")) == 2  # the end of the first was seen before the call


def test_patience_ends(engine: FakeEngine) -> None:
    def hang_up(_said: dict[str, bytes]) -> None:
        raise HangUp

    engine.answers["Stats"] = hang_up
    with (
        JobQueue(engine.address, patience=0.3) as queue,
        pytest.raises(NotConnected, match="the connection to the engine was lost"),
    ):
        queue.stats()
    assert 2 <= engine.connections < 20


def test_an_answer_that_does_not_come_is_not_waited_for(engine: FakeEngine) -> None:
    engine.answers["Jobs"] = lambda _: None
    with JobQueue(engine.address, timeout=0.1) as queue:
        with pytest.raises(NotInTime, match="has not answered in time"):
            queue.jobs()
        assert queue.stats() == {"due": 1}


def test_what_is_too_long_is_refused_and_the_connection_goes_on(queue: JobQueue) -> None:
    with pytest.raises(LimitReached, match="Schedule: b'user' cannot be sent"):
        queue.schedule("/x", user="x" * 70_000)
    assert queue.stats() == {"due": 1}


def test_a_sender_reads_when_the_engine_would_else_read_no_more(
    queue: JobQueue, engine: FakeEngine
) -> None:
    """Both directions full: an engine that answers before it reads on must not stall us."""
    engine.answers["ScheduleMany"] = lambda said: {"answers": ["x" * 60_000], "jobs": said["jobs"]}
    asks = [Ask("ScheduleMany", {"jobs": b"x" * 60_000}) for _ in range(100)]
    answers: list[Any] = []
    queue._connection.link().exchange(Backlog(asks), answers, 20)
    assert len(answers) == 100


def test_closed_and_used_again(queue: JobQueue, engine: FakeEngine) -> None:
    queue.stats()
    queue.close()
    queue.close()
    assert queue.stats() == {"due": 1}
    assert engine.connections == 2


def test_nothing_is_left_open(engine: FakeEngine) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with JobQueue(engine.address) as queue:
            queue.stats()
            engine.hang_up()
            queue.stats()
    gc.collect()
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < deadline:
        time.sleep(0.01)  # the fake's own ends close on its threads
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_forked_process_makes_a_connection_of_its_own(
    queue: JobQueue, engine: FakeEngine
) -> None:
    first = queue.schedule("/parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ids = {queue.schedule("/child").id for _ in range(3)}
            status = 0 if first.id not in ids and len(ids) == 3 else 2
        finally:
            os._exit(status)
    assert queue.schedule("/parent").view.target == "/parent"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert queue.stats() == {"due": 1}
    assert engine.connections == 2
    targets = [said["target"] for said in engine.calls("Schedule")]
    assert sorted(targets) == [b"/child"] * 3 + [b"/parent"] * 2
    assert len({said["id"] for said in engine.calls("Schedule")}) == 5


def test_a_fork_while_another_thread_is_in_a_call(queue: JobQueue, engine: FakeEngine) -> None:
    """Locks of the parent's threads are held for ever in the child; it must not need them."""
    asked = threading.Event()
    engine.answers["Wait"] = lambda _: asked.set()  # type: ignore[func-returns-value]

    def wait() -> None:
        with pytest.raises(NotConnected):
            queue.wait("j")

    thread = threading.Thread(target=wait)
    thread.start()
    assert asked.wait(5)
    child = os.fork()
    if child == 0:
        os._exit(0 if queue.stats() == {"due": 1} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    engine.stop()
    thread.join(20)
    assert not thread.is_alive()
