"""Jobs scheduled a second through a client, each acknowledged: ours and our neighbours'.

``python -m tests.bench.bench_schedule [JOBS]`` starts an engine in a process of its own and
schedules through one blocking client, one call at a time, from 50 threads, and in bulk; and
the same with Huey (SQLite with fsync, Redis) and RQ.  Nothing of it is due, so nothing runs.
All take turns, several rounds, and the medians are printed.

A call to us, or to Huey on SQLite, returns when its job is on disk, so one call at a time
measures the disk: the first line says how many commits a second it takes.  Redis is asked to
sync its log once a second, so its figures are those of memory.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from jqengine.client import JobQueue
from tests.bench.peers.common import redis_server, timed
from tests.interop.conftest import APPLICATION, amp_addresses
from tests.system.engine_process import engine

ROUNDS = 5
THREADS = 50
NOOP = "tests.bench.peers.rq_redis.noop"


@dataclass
class Measure:
    """One way of one system to schedule *count* jobs."""

    system: str
    how: str
    count: int
    action: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of all rounds, a second."""
        return self.count / statistics.median(self.seconds)


def main() -> None:
    """Measure, and print a table."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    # Not in /tmp, which may be memory.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jq", dir="/var/tmp")))
        measures = [
            *_disk(stack, folder),
            *_ours(stack, folder, many),
            *_huey_on_sqlite(folder),
            *_on_redis(stack),
        ]
        for _ in range(ROUNDS):
            for measure in measures:
                measure.seconds.append(timed(measure.action))
    print(f"\n{'':<22}{'how':<28}{'a second':>10}")
    for one in measures:
        print(f"{one.system:<22}{one.how:<28}{one.rate:>10,.0f}")


def _disk(stack: ExitStack, folder: Path) -> Iterator[Measure]:
    """Commits of SQLite as the store uses it."""
    database = sqlite3.connect(folder / "commits.db", isolation_level=None)
    stack.enter_context(closing(database))
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE noted (at REAL)")

    def commit(_number: int) -> None:
        database.execute("INSERT INTO noted VALUES (?)", (time.monotonic(),))

    yield Measure("this disk", "commits", 200, lambda: _each(commit, 200))


def _ours(stack: ExitStack, folder: Path, many: int) -> Iterator[Measure]:
    (folder / "echoing.py").write_text(APPLICATION)
    arguments = ("--app", "echoing", "--sink", "off", "--admin", "off", "--amp", "unix:amp.sock")
    one = stack.enter_context(engine(folder, *arguments))
    queue = stack.enter_context(JobQueue(amp_addresses(one)[0]))

    def schedule(number: int) -> None:
        queue.schedule(f"/{number}", after="1d")

    def bulk() -> None:
        answers = queue.schedule_many(({"target": f"/{n}"} for n in range(many)), after="1d")
        assert len(answers) == many

    yield Measure("jqengine", "one call at a time", 300, lambda: _each(schedule, 300))
    yield Measure("jqengine", f"{THREADS} threads", 2_000, lambda: _in_threads(schedule, 2_000))
    yield Measure("jqengine", f"schedule_many, {many:,}", many, bulk)


def _huey_on_sqlite(folder: Path) -> Iterator[Measure]:
    if _is_missing("huey"):
        return
    from huey import SqliteHuey

    task = SqliteHuey(filename=str(folder / "huey.db"), fsync=True).task()(_noop)
    name = "Huey, SQLite, fsync"

    def add(_number: int) -> None:
        task.schedule(delay=86_400)

    yield Measure(name, "one call at a time", 300, lambda: _each(add, 300))
    yield Measure(name, f"{THREADS} threads", 300, lambda: _in_threads(add, 300))


def _on_redis(stack: ExitStack) -> Iterator[Measure]:
    if shutil.which("redis-server") is None:
        print("redis-server is not installed: no figures with it")
        return
    stack.enter_context(redis_server())
    yield from _huey_on_redis()
    yield from _rq()


def _huey_on_redis() -> Iterator[Measure]:
    if _is_missing("huey"):
        return
    from huey import RedisHuey

    task = RedisHuey(url=os.environ["PEER_REDIS"]).task()(_noop)

    def add(_number: int) -> None:
        task.schedule(delay=86_400)

    yield Measure("Huey, Redis", "one call at a time", 3_000, lambda: _each(add, 3_000))


def _rq() -> Iterator[Measure]:
    if _is_missing("rq"):
        return
    from redis import Redis
    from rq import Queue

    queue = Queue(connection=Redis.from_url(os.environ["PEER_REDIS"]))

    def add(_number: int) -> None:
        queue.enqueue(NOOP)

    def bulk() -> None:
        queue.enqueue_many([Queue.prepare_data(NOOP) for _ in range(10_000)])

    yield Measure("RQ, Redis", "one call at a time", 1_000, lambda: _each(add, 1_000))
    yield Measure("RQ, Redis", "enqueue_many, 10,000", 10_000, bulk)


def _is_missing(package: str) -> bool:
    missing = importlib.util.find_spec(package) is None
    if missing:
        print(f"{package} is not installed: no figures of it")
    return missing


def _noop() -> str:
    return "done"


def _each(action: Callable[[int], object], count: int) -> None:
    for number in range(count):
        action(number)


def _in_threads(action: Callable[[int], object], count: int) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        done: Iterable[object] = pool.map(action, range(count))
        list(done)


if __name__ == "__main__":
    main()
