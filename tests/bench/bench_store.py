"""Durable jobs a second in the store alone, and what it costs when there are many.

Run it with ``python -m tests.bench.bench_store``, with ``--large`` for the
tables of up to a million rows.  Huey on SQLite takes part if it is installed.
The machine and its disk set the figures; the ratios are what to keep.  CPU is
that of the whole process for one job, and steadier than the clock.
"""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from jqengine.identity import IdFactory
from jqengine.interfaces import IStore
from jqengine.job import (
    Definition,
    Job,
    Outcome,
    Owner,
    Policy,
    Request,
    Result,
    Run,
    Schedule,
    Syntax,
    Verdict,
)
from jqengine.lifecycle import JobState, RunState
from jqengine.store.opening import store_for

BATCH = 500
HEADERS = (("Content-Type", "text/plain"), ("Content-Length", "123"))
BODY = b"a body of one hundred and twenty-three bytes " * 3
OWNER = Owner("bench", "boot")
FINISHED = Verdict(RunState.FINISHED, None, False, None, "200")
SCHEDULE = Schedule(syntax=Syntax.NOW, text="", zone="UTC")

new_id = IdFactory(random.getrandbits)


def some_jobs(count: int, wait: float = 0.0, priority: int = 0) -> list[Job]:
    """Anonymous one-time jobs, due in *wait* seconds."""
    now = time.time()
    policy = Policy(priority=priority)
    return [_job(now, now + wait, number, policy) for number in range(count)]


def _job(now: float, due: float, number: int, policy: Policy) -> Job:
    return Job(
        id=new_id(now),
        definition=Definition(
            identity=None,
            name=None,
            request=Request(target=f"/some/path?number={number}"),
            schedule=SCHEDULE,
            policy=policy,
            sinks=("stdout:",),
        ),
        state=JobState.SCHEDULED,
        created=now,
        anchor=due,
        due=due,
    )


def outcomes_of(runs: Sequence[Run]) -> list[Outcome]:
    """A result with headers and body for each of *runs*."""
    now = time.time()
    return [
        Outcome(
            run.id,
            run.job_id,
            OWNER,
            run.attempt,
            Result(200, "OK", HEADERS, BODY, False, now, now),
            FINISHED,
        )
        for run in runs
    ]


class Stopwatch:
    """Measures what is done a second, and CPU for each."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def say(self, label: str, count: int) -> float:
        wall = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        print(f"  {label:48}{count / wall:>10,.0f} a second {cpu / count * 1e6:>8.1f} us CPU")
        return count / wall


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder on the disk that is measured: the working directory's."""
    with tempfile.TemporaryDirectory(prefix="bench-store-", dir=".") as folder:
        yield Path(folder).resolve()


async def with_store(work: Callable[[IStore], Awaitable[None]]) -> None:
    """Do *work* on a new store."""
    with a_folder() as folder:
        store = store_for(f"sqlite:///{folder}/queue.db", reactor, new_id)
        await store.open()
        await work(store)
        await store.close()


async def add_all(store: IStore, jobs: Sequence[Job], size: int, at_once: int) -> None:
    """Add *jobs* by *size*, with *at_once* calls under way."""
    source = iter([jobs[start : start + size] for start in range(0, len(jobs), size)])

    async def one_after_the_other() -> None:
        for some in source:
            await store.add(some)

    await gatherResults([Deferred.fromCoroutine(one_after_the_other()) for _ in range(at_once)])


async def run_all(store: IStore, at_once: int) -> int:
    """Claim and record until nothing is left, with *at_once* batches under way."""
    done = 0

    async def batch_after_batch() -> None:
        nonlocal done
        runs = await store.claim(OWNER, time.time(), BATCH, 60.0)
        while runs:
            # As the dispatcher does it: the next claim shares the commit.
            recorded = store.record(outcomes_of(runs))
            claimed = store.claim(OWNER, time.time(), BATCH, 60.0)
            assert all(await recorded)
            done += len(runs)
            runs = await claimed

    await gatherResults([Deferred.fromCoroutine(batch_after_batch()) for _ in range(at_once)])
    return done


async def throughput(store: IStore) -> None:
    print("\nadd, acknowledged on disk")
    for label, count, size, at_once in (
        ("one at a time", 2_000, 1, 1),
        ("one at a time, 100 callers at once", 40_000, 1, 100),
        ("500 at a time", 100_000, 500, 2),
        ("5,000 at a time", 150_000, 5_000, 2),
    ):
        jobs = some_jobs(count)
        watch = Stopwatch()
        await add_all(store, jobs, size, at_once)
        watch.say(label, count)
    print(f"\nclaim {BATCH}, record {BATCH} with status, headers, body and times")
    for label, count, at_once in (("one batch at a time", None, 1), ("two batches", 150_000, 2)):
        if count:
            await add_all(store, some_jobs(count), 5_000, 2)
        watch = Stopwatch()
        done = await run_all(store, at_once)
        watch.say(label, done)


async def claim_times(store: IStore, label: str) -> None:
    """Print how long the claim of one run that is ready takes, as of a timer."""
    times = []
    for _ in range(200):
        await store.add(some_jobs(1, priority=5))
        start = time.perf_counter()
        runs = await store.claim(OWNER, time.time(), 10, 60.0)
        times.append(time.perf_counter() - start)
        assert runs
        await store.record(outcomes_of(runs))
    times.sort()
    start = time.perf_counter()
    await store.next_ready()
    ready = time.perf_counter() - start
    start = time.perf_counter()
    await store.stats(time.time())
    stats = time.perf_counter() - start
    print(
        f"  {label:40}claim p50 {times[100] * 1e3:6.2f} ms  p95 {times[190] * 1e3:6.2f} ms"
        f"   next_ready {ready * 1e3:6.2f} ms   stats {stats * 1e3:7.1f} ms"
    )


async def grown(store: IStore) -> None:
    print("\nclaim one ready run (add, claim and record each on disk)")
    await claim_times(store, "empty")
    for before, after in ((0, 100_000), (100_000, 1_000_000)):
        for start in range(before, after, 50_000):
            # Ahead of the ready ones in priority, so a claim has to get past them.
            await add_all(store, some_jobs(50_000, wait=1e6, priority=start % 3), 5_000, 2)
        await claim_times(store, f"{after:,} pending, not ready")


async def grown_history(store: IStore) -> None:
    for _ in range(20):
        await add_all(store, some_jobs(50_000), 5_000, 2)
        await run_all(store, 2)
    await claim_times(store, "1,000,000 finished")
    for _ in range(20):
        await add_all(store, some_jobs(50_000), 5_000, 2)
    start = time.perf_counter()
    runs = await store.claim(OWNER, time.time(), BATCH, 60.0)
    spent = time.perf_counter() - start
    print(f"  claim of {len(runs)} with 1,000,000 ready and as many finished {spent * 1e3:6.2f} ms")


async def people_asking(store: IStore) -> None:
    """How much the questions of people delay the dispatcher."""
    await add_all(store, some_jobs(200_000, wait=1e6), 5_000, 2)
    await claim_times(store, "200,000 pending, nobody asks")
    asking = True

    async def ask() -> None:
        while asking:
            await store.stats(time.time())

    asked = Deferred.fromCoroutine(ask())
    await claim_times(store, "200,000 pending, stats without end")
    asking = False
    await asked


def imports() -> None:
    """Print what it costs to import the store and to open it."""
    print("\nfrom nothing to an open store, in a new process")
    program = """
import sys, time
start = time.perf_counter()
from twisted.internet import reactor
twisted = time.perf_counter()
import sqlalchemy
alchemy = time.perf_counter()
from jqengine.store.opening import store_for
ours = time.perf_counter()
def opened(_):
    print(*(round((b - a) * 1e3) for a, b in ((twisted, alchemy), (alchemy, ours),
        (ours, time.perf_counter()))))
    store.close().addCallback(lambda _: reactor.stop())
store = store_for(f"sqlite:///{sys.argv[1]}/queue.db", reactor, lambda now: "")
reactor.callWhenRunning(lambda: store.open().addCallback(opened))
reactor.run()
"""
    with a_folder() as folder:
        for label in ("a new database (Alembic is imported)", "a known one"):
            told = subprocess.run(
                [sys.executable, "-c", program, str(folder)],
                capture_output=True,
                text=True,
                check=True,
            )
            alchemy, ours, opening = told.stdout.split()
            print(f"  {label:40}SQLAlchemy {alchemy} ms, the store {ours} ms, open {opening} ms")


def huey() -> None:
    """Print what Huey does on SQLite with fsync, its tasks doing nothing."""
    if find_spec("huey") is None:
        print("\nHuey is not installed")
        return
    from huey import SqliteHuey

    print("\nHuey, SQLite with fsync, results kept, one thread")
    with a_folder() as folder:
        queue: Any = SqliteHuey("bench", filename=str(folder / "huey.db"), fsync=True)

        @queue.task()
        def nothing(number: int) -> int:
            return number

        count = 5_000
        watch = Stopwatch()
        for number in range(count):
            nothing(number)
        watch.say("enqueue", count)
        watch = Stopwatch()
        for _ in range(count):
            queue.execute(queue.dequeue())
        watch.say("run", count)


def disk() -> None:
    """Print how long the disk takes to sync a page, which bounds all else."""
    with a_folder() as folder, open(folder / "page", "wb", buffering=0) as file:
        times = []
        for _ in range(200):
            file.write(bytes(4096))
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    times.sort()
    print(
        f"fsync p50 {times[100] * 1e3:.2f} ms, p95 {times[190] * 1e3:.2f} ms;"
        f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


async def main(_reactor: object, *options: str) -> None:
    """Everything, in one run."""
    disk()
    imports()
    await with_store(throughput)
    huey()
    print()
    await with_store(people_asking)
    if "--large" in options:
        await with_store(grown)
        await with_store(grown_history)


if __name__ == "__main__":
    react(lambda _reactor: Deferred.fromCoroutine(main(_reactor, *sys.argv[1:])))
