"""One run of our own pipeline, in a process of its own: durable in, run, durable out.

``python -m tests.bench.jobs_ours COUNT`` adds COUNT no-op jobs to a fresh
SQLite store, acknowledged on disk, then runs them all through the application
and prints the seconds of both halves as JSON.  History is kept: every run ends
as a row with status, headers, body and times.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import random
import sys
import tempfile
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from jqengine.clock import SystemClock
from jqengine.config import resolve
from jqengine.engine import Engine, make_engine
from jqengine.identity import IdFactory
from jqengine.job import Definition, Job, Policy, Request, Schedule, Syntax
from jqengine.launch import collect_less_often, use_monotonic_time
from jqengine.lifecycle import JobState

APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""
BATCH = 5_000


def a_job(number: str, now: float) -> Job:
    return Job(
        id=number,
        definition=Definition(
            identity=None,
            name=None,
            request=Request(target="/noop"),
            schedule=Schedule(syntax=Syntax.NOW, text="", zone="UTC"),
            policy=POLICY,
        ),
        state=JobState.SCHEDULED,
        created=now,
        anchor=now,
        due=now,
    )


POLICY = Policy()


async def measure(count: int) -> None:
    # As twistd starts an engine.
    use_monotonic_time(reactor)
    collect_less_often()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        Path(folder, "noop.py").write_text(APPLICATION)
        os.chdir(folder)
        settings = resolve(
            {
                "app": ["noop"],
                "http": ["off"],
                "admin": ["off"],
                "sink": ["off"],
                "state-dir": [folder + "/state"],
            },
            {},
            directory=folder,
            system_zone=lambda: "UTC",
        )
        engine = make_engine(settings, reactor=reactor, clock=SystemClock(), random=random.Random())
        await engine.privilegedStartService()
        await engine.startService()
        adding = await add(engine, count)
        running = await run(engine, count)
        await engine.stopService()
    print(json.dumps({"count": count, "add": adding, "run": running}))


async def add(engine: Engine, count: int) -> float:
    """Seconds until all jobs are on disk; the dispatcher does not know of them yet."""
    store, new_id = engine._store, IdFactory(random.getrandbits)
    now = time.time()
    jobs = [a_job(new_id(now), now) for _ in range(count)]
    began = time.monotonic()
    for start in range(0, count, BATCH):
        await store.add(jobs[start : start + BATCH])
    return time.monotonic() - began


async def run(engine: Engine, count: int) -> float:
    """Seconds until every job has its result on disk."""
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    if profile:
        profile.enable()
    began = time.monotonic()
    engine._jobs.look()  # type: ignore[union-attr]
    while (await engine._store.stats(time.time()))["finished"] < count:
        await deferLater(reactor, 0.05)
    took = time.monotonic() - began
    if profile:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    return took


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(measure(int(sys.argv[1]))))
