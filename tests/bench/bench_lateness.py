"""Lateness: how long after its due time a job begins, with many jobs pending.

``python -m tests.bench.bench_lateness [PENDING ...]`` fills a store with jobs
that are due in a day, then gives the engine jobs that come due at known
instants: some alone on an idle engine, then many a second.  Lateness is the
instant the application was entered minus the due time, as the history has it.
Resident memory and the time of one claim are measured beside it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from jqengine.clock import SystemClock
from jqengine.config import resolve
from jqengine.engine import Engine, make_engine
from jqengine.identity import IdFactory
from jqengine.job import Job
from tests.bench.jobs_ours import APPLICATION, BATCH, a_job

PENDING = (0, 10_000, 100_000, 1_000_000)
DAY = 86_400.0
IDLE_JOBS, IDLE_SECONDS = 200, 10.0
BUSY_JOBS, BUSY_SECONDS = 10_000, 10.0


def main(arguments: list[str]) -> None:
    """One process for each size, so that memory is that of the size alone."""
    print(f"{'pending':>10}{'idle p50':>10}{'p99':>8}{'max':>8}{'busy p50':>12}{'p99':>8}{'max':>8}"
          f"{'claim':>10}{'memory':>10}   (ms, MB)")  # fmt: skip
    for pending in [int(one) for one in arguments] or PENDING:
        finished = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_lateness", "--one", str(pending)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        said = json.loads(finished.stdout.splitlines()[-1])
        idle, busy = said["idle"], said["busy"]
        print(f"{pending:>10,}{idle[0]:>10.1f}{idle[1]:>8.1f}{idle[2]:>8.1f}"
              f"{busy[0]:>12.1f}{busy[1]:>8.1f}{busy[2]:>8.1f}"
              f"{said['claim']:>10.2f}{said['memory']:>10.1f}", flush=True)  # fmt: skip


async def measure(pending: int) -> None:
    """Fill a store, then give it jobs that are due soon."""
    reactor.seconds = time.monotonic  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        Path(folder, "noop.py").write_text(APPLICATION)
        os.chdir(folder)
        engine = an_engine(folder)
        await engine.privilegedStartService()
        await engine.startService()
        await fill(engine, pending)
        idle = await lateness(engine, IDLE_JOBS, IDLE_SECONDS)
        busy = await lateness(engine, BUSY_JOBS, BUSY_SECONDS)
        claim = await claim_time(engine)
        memory = resident()
        await engine.stopService()
    print(json.dumps({"idle": idle, "busy": busy, "claim": claim, "memory": memory}))


def an_engine(folder: str) -> Engine:
    settings = resolve(
        {"app": ["noop"], "http": ["off"], "sink": ["off"], "state-dir": [folder + "/state"]},
        {},
        directory=folder,
        system_zone=lambda: "UTC",
    )
    return make_engine(settings, reactor=reactor, clock=SystemClock(), random=random.Random(1))


async def fill(engine: Engine, pending: int) -> None:
    """Add jobs that are due in a day."""
    new_id, now = IdFactory(random.getrandbits), time.time()
    for start in range(0, pending, BATCH):
        size = min(BATCH, pending - start)
        await engine._store.add([due_at(new_id, now, now + DAY + n) for n in range(size)])


def due_at(new_id: IdFactory, now: float, due: float) -> Job:
    due = round(due, 6)
    return replace(a_job(new_id(now), now), due=due, anchor=due)


async def lateness(engine: Engine, count: int, seconds: float) -> list[float]:
    """Median, 99th percentile and longest lateness in milliseconds."""
    new_id, now = IdFactory(random.getrandbits), time.time()
    first = now + 2
    jobs = [due_at(new_id, now, first + seconds * n / count) for n in range(count)]
    for start in range(0, count, BATCH):
        await engine._store.add(jobs[start : start + BATCH])
    engine._jobs.look()  # type: ignore[union-attr]
    await deferLater(reactor, first + seconds + 1 - time.time())
    late = []
    for job in jobs:
        [(_, result)] = await engine._store.results(job.id)
        late.append((result.started - job.due) * 1000)  # type: ignore[operator]
    late.sort()
    return [late[count // 2], late[int(count * 0.99)], late[-1]]


async def claim_time(engine: Engine) -> float:
    """Milliseconds of a turn of the store in which nothing is ready."""
    owner = engine._state.owner  # type: ignore[union-attr]
    began = time.monotonic()
    for _ in range(50):
        await engine._store.claim(owner, time.time(), 100, 60.0)
    return (time.monotonic() - began) * 1000 / 50


def resident() -> float:
    """Megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        react(lambda _: Deferred.fromCoroutine(measure(int(sys.argv[2]))))
    else:
        main(sys.argv[1:])
