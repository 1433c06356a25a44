"""A process that works on a store until it is killed, for :mod:`.test_kill`.

It imports everything once, then forks a worker for each path that it reads;
what a worker has been told is on disk it prints, a line each.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from twisted.internet.defer import Deferred

from jqengine.job import Job, Outcome, Owner, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.store.opening import store_for
from tests.store.values import LEASE, a_job, a_result, an_id_factory

OWNER = Owner("killed", "first boot")
TALK = os.fdopen(os.dup(1), "w", buffering=1)


def say(word: str, ids: Sequence[str]) -> None:
    """Tell the test, in one write."""
    TALK.write("".join(f"{word} {one}\n" for one in ids))


def work(path: str) -> None:
    """Add, claim and record as fast as possible, for ever."""
    from twisted.internet import reactor

    store = store_for(f"sqlite:///{path}", reactor, an_id_factory())

    def added(jobs: Sequence[Job]) -> None:
        say("added", [job.id for job in jobs])

    def end(runs: Sequence[Run]) -> Deferred[None]:
        finished = Verdict(RunState.FINISHED, None, False, None, "200")
        outcomes = [
            Outcome(run.id, run.job_id, OWNER, run.attempt, a_result(), finished) for run in runs
        ]
        return store.record(outcomes).addCallback(lambda _: say("ended", [run.id for run in runs]))

    async def add(size: int) -> None:
        while True:
            added(await store.add([a_job(body=b"x" * 100) for _ in range(size)]))

    async def run() -> None:
        while True:
            await end(await store.claim(OWNER, time.time() + 1e9, 20, LEASE))

    async def everything() -> None:
        await store.open()
        for coroutine in (*(add(1) for _ in range(10)), add(200), run()):
            Deferred.fromCoroutine(coroutine)

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(everything()))
    reactor.run()


if __name__ == "__main__":
    for line in sys.stdin:
        worker = os.fork()
        if not worker:
            work(line.strip())
            os._exit(0)
        say("worker", [str(worker)])
        os.waitpid(worker, 0)
        say("dead", [str(worker)])
