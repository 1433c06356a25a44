"""Jobs scheduled a second through a client, each acknowledged: ours and our neighbours'.

``python -m tests.bench.bench_schedule [JOBS]`` starts an engine in a process of its own and
schedules through one blocking client, one call at a time, from 50 threads, and in bulk; then
the same with Huey (SQLite with fsync, Redis) and RQ.  Nothing of it is due, so nothing runs.

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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jqengine.client import JobQueue
from tests.bench.peers.common import redis_server, timed
from tests.interop.conftest import APPLICATION, amp_addresses
from tests.system.engine_process import engine

ROUNDS = 3
THREADS = 50
ONE_BY_ONE = 2_000
NOOP = "tests.bench.peers.rq_redis.noop"
Row = tuple[str, str, float]


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"commits a second of this disk: {_commits():,.0f}\n")
    rows = [*_ours(many), *_peers()]
    print(f"{'':<22}{'how':<34}{'jobs/s':>10}")
    for system, how, rate in rows:
        print(f"{system:<22}{how:<34}{rate:>10,.0f}")


def _ours(many: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="jq", dir=_disk()) as name:
        folder = Path(name)
        (folder / "echoing.py").write_text(APPLICATION)
        arguments = ("--app", "echoing", "--sink", "off", "--amp", "unix:amp.sock")
        with engine(folder, *arguments) as one, JobQueue(amp_addresses(one)[0]) as queue:
            return _measured(queue, many)


def _measured(queue: JobQueue, many: int) -> list[Row]:
    def schedule(number: int) -> None:
        queue.schedule(f"/{number}", after="1d")

    def bulk() -> None:
        answers = queue.schedule_many(({"target": f"/{n}"} for n in range(many)), after="1d")
        assert len(answers) == many

    queue.stats()
    return [
        ("jqengine", "one call at a time", _rate(500, lambda: _each(schedule, range(500)))),
        ("jqengine", f"{THREADS} threads, one client", _rate(
            ONE_BY_ONE, lambda: _in_threads(schedule, ONE_BY_ONE)
        )),
        ("jqengine", f"schedule_many, {many:,}", _rate(many, bulk)),
    ]  # fmt: skip


def _peers() -> Iterable[Row]:
    if importlib.util.find_spec("huey") is not None:
        yield from _huey_on_sqlite()
    if shutil.which("redis-server") is None:
        print("redis-server is not installed: no figures of it")
        return
    with redis_server():
        yield from (row for peer in (_huey_on_redis, _rq) for row in _if_there(peer))


def _if_there(peer: Callable[[], list[Row]]) -> list[Row]:
    try:
        return peer()
    except ImportError as error:
        print(f"{error.name} is not installed: no figures of it")
        return []


def _huey_on_sqlite() -> list[Row]:
    from huey import SqliteHuey

    with tempfile.TemporaryDirectory(dir=_disk()) as folder:
        huey = SqliteHuey(filename=f"{folder}/huey.db", fsync=True)
        task = huey.task()(_noop)

        def add(_number: int) -> None:
            task.schedule(delay=86_400)

        name = "Huey, SQLite, fsync"
        alone = _rate(500, lambda: _each(add, range(500)))
        together = _rate(500, lambda: _in_threads(add, 500))
        return [(name, "one call at a time", alone), (name, f"{THREADS} threads", together)]


def _huey_on_redis() -> list[Row]:
    from huey import RedisHuey

    task = RedisHuey(url=os.environ["PEER_REDIS"]).task()(_noop)

    def add(_number: int) -> None:
        task.schedule(delay=86_400)

    return [("Huey, Redis", "one call at a time", _rate(5_000, lambda: _each(add, range(5_000))))]


def _rq() -> list[Row]:
    from redis import Redis
    from rq import Queue

    queue = Queue(connection=Redis.from_url(os.environ["PEER_REDIS"]))

    def add(_number: int) -> None:
        queue.enqueue(NOOP)

    def bulk() -> None:
        queue.enqueue_many([Queue.prepare_data(NOOP) for _ in range(10_000)])

    return [
        ("RQ, Redis", "one call at a time", _rate(2_000, lambda: _each(add, range(2_000)))),
        ("RQ, Redis", "enqueue_many, 10,000", _rate(10_000, bulk)),
    ]


def _noop() -> str:
    return "done"


def _rate(count: int, action: Callable[[], object]) -> float:
    """The median of some rounds, a second."""
    return count / statistics.median(timed(action) for _ in range(ROUNDS))


def _each(action: Callable[[int], object], numbers: Iterable[int]) -> None:
    for number in numbers:
        action(number)


def _in_threads(action: Callable[[int], object], count: int) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(action, range(count)))


def _commits() -> float:
    """Commits a second of SQLite as the store uses it."""
    with tempfile.TemporaryDirectory(dir=_disk()) as folder:
        database = sqlite3.connect(f"{folder}/commits.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE noted (at REAL)")
        began = time.monotonic()
        for _ in range(200):
            database.execute("INSERT INTO noted VALUES (?)", (time.monotonic(),))
        rate = 200 / (time.monotonic() - began)
        database.close()
    return rate


def _disk() -> str:
    """Not /tmp, where that is memory."""
    found = subprocess.run(["stat", "-f", "-c", "%T", "/tmp"], capture_output=True, text=True)
    return "/var/tmp" if found.stdout.strip() == "tmpfs" else "/tmp"


if __name__ == "__main__":
    main()
