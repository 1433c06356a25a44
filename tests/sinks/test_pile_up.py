"""A sink that is down for ten minutes while ten thousand results pile up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import Clock

from jqengine.identity import IdFactory
from jqengine.job import Outcome, Owner, Result, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.deliverer import Deliverer
from jqengine.store.opening import store_for
from tests.sinks.delivering import NOW, REDACTOR, GivingFactory, Receiver
from tests.sinks.values import FixedClock, some_tools
from tests.store.values import a_job

JOBS = 50
SECONDS = 600
RESULTS = 10_000
BODY = b"x" * 10_000
OWNER = Owner("node", "boot")
SINK = "test:down"


def memory() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class World:
    """A deliverer on a played clock over a real store."""

    def __init__(self, directory: Path) -> None:
        self.clock, self.timers = FixedClock(), Clock()
        self.receiver = Receiver()
        new_id = IdFactory(lambda bits: 1)
        self.store = store_for(f"sqlite:///{directory}/queue.db", reactor, new_id)
        factory = GivingFactory(self.receiver)
        self.deliverer = Deliverer(
            reactor=self.timers,
            clock=self.clock,
            store=self.store,
            catalogue=Catalogue({"test": factory}, some_tools()),
            redactor=REDACTOR,
            owner=OWNER,
            new_id=new_id,
            random=lambda: 0.5,
            drain_timeout=1.0,
        )
        self.recorded: list[tuple[str, str]] = []

    async def end_runs(self, jobs: list[Any], count: int) -> None:
        """Let *count* runs of *jobs* end now."""
        numbers = range(len(self.recorded), len(self.recorded) + count)
        now = self.clock.now()
        started = [
            self.store.run_now(jobs[one % len(jobs)].id, f"{one:026d}", now) for one in numbers
        ]
        await gatherResults(started)
        runs = list(await self.store.claim(OWNER, self.clock.now() + 1, count, 60.0))
        outcomes = [self._outcome(run) for run in runs]
        await self.store.record([outcome for _, outcome in outcomes])
        for run, outcome in outcomes:
            self.recorded.append((run.job_id, run.id))
            self.deliverer.deliver(run, outcome)

    def _outcome(self, run: Run) -> tuple[Run, Outcome]:
        instant = self.clock.now()
        result = Result(200, "OK", (), run.id.encode() + BODY, False, instant, instant)
        verdict = Verdict(RunState.FINISHED, None, False, None, "")
        dispatch = self.deliverer.plan(run, result, verdict)
        return run, Outcome(run.id, run.job_id, OWNER, run.attempt, result, verdict, dispatch)

    async def pass_a_second(self) -> None:
        """Both clocks go on, and what that sets off in the store is done."""
        self.clock.instant += 1
        self.timers.advance(1)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing happens any more without the clock."""
        before = -1
        while before != len(self.receiver.parcels):
            before = len(self.receiver.parcels)
            for _ in range(4):
                await self.store.lanes()
                await self.store.published_body(NOTHING)


class _Nothing:
    run_id = "none"
    attempt = 1


NOTHING: Any = _Nothing()


@ensureDeferred
async def test_memory_stays_flat_and_all_arrive_in_order_afterwards(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.store.open()
    try:
        names = [f"job {number}" for number in range(JOBS)]
        jobs = list(
            await world.store.add([a_job(name, due=NOW + 1e6, sinks=(SINK,)) for name in names])
        )
        world.deliverer.startService()
        world.receiver.answer = lambda parcel: ConnectionError("down")
        await world.end_runs(jobs, 100)
        before = memory()
        for second in range(SECONDS):
            due = (RESULTS - 100) * (second + 1) // SECONDS + 100 - len(world.recorded)
            await world.end_runs(jobs, due)
            await world.pass_a_second()
        assert len(world.recorded) == RESULTS
        assert len(world.receiver.parcels) < 60, "a server that is down is not hammered"
        grown = [memory() - before]

        arrived: list[tuple[str, str]] = []

        def take(parcel: Any) -> None:
            arrived.append((parcel.run.job_id, parcel.run.id))
            assert parcel.result.body.startswith(parcel.run.id.encode())

        world.receiver.parcels = Counted()
        world.receiver.answer = take
        for _ in range(1500):
            await world.pass_a_second()
            if len(arrived) == RESULTS:
                break
        grown.append(memory() - before)
        assert max(grown) < RESULTS * len(BODY) // 4, grown
        for job in jobs:
            expected = [run_id for job_id, run_id in world.recorded if job_id == job.id]
            assert [run_id for job_id, run_id in arrived if job_id == job.id] == expected
    finally:
        await world.deliverer.stopService()
        await world.store.close()


class Counted(list):  # type: ignore[type-arg]
    """A list that keeps nothing but how much it was given."""

    count = 0

    def append(self, item: object) -> None:
        self.count += 1

    def __len__(self) -> int:
        return self.count
