"""The job host: each run handed over comes back once, unless it is abandoned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest_twisted
from twisted.internet import reactor, task
from zope.interface.verify import verifyObject

from jqengine.app.jobs import JobHost
from jqengine.app.threads import ApplicationThreads
from jqengine.interfaces import IJobHost
from jqengine.job import Policy, Request, Result, Run
from jqengine.lifecycle import RunState
from tests.app.fakes import HandReactor, SameThread


def a_run(number: int = 1, **changes: Any) -> Run:
    run = Run(
        id=f"run-{number}",
        job_id="job-1",
        name=None,
        due=1000.0,
        request=Request(target=f"/{number}"),
        policy=Policy(timeout=60.0),
        sinks=(),
        state=RunState.RUNNING,
        ready=1000.0,
        attempt=1,
        previous_status=None,
    )
    return run._replace(**changes)


def an_answer(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
    return Result(200, "OK", (), environ["path"], False, 1.0, 2.0)


def build(run: Run) -> dict[str, Any]:
    return {"path": run.request.target.encode()}


class Bench:
    """A host on a reactor and a pool that are stepped by hand."""

    def __init__(self, call: Any = an_answer, build: Any = build, size: int = 2) -> None:
        self.reactor = HandReactor()
        self.may_begin = True
        self.pool = SameThread(held=True)
        self.pool.size = size
        self.pool.added = 0
        self.pool.ended = 0
        self.pool.add = self._add
        self.pool.end_this_thread = self._end
        self.batches: list[Sequence[tuple[Run, Result]]] = []
        self.host = JobHost(
            self.reactor,
            self.pool,
            build=build,
            call=call,
            deliver=self.batches.append,
            spare=1,
            may_begin=lambda: self.may_begin,
        )

    def _add(self) -> None:
        self.pool.added += 1

    def _end(self) -> None:
        self.pool.ended += 1

    @property
    def delivered(self) -> list[str]:
        return [run.id for batch in self.batches for run, _ in batch]


def test_it_is_a_job_host() -> None:
    host = Bench().host
    assert verifyObject(IJobHost, host)
    assert (host.threads, host.stuck) == (2, 0)


def test_runs_are_done_in_order_and_come_back_in_one_batch() -> None:
    bench = Bench()
    runs = [a_run(number) for number in range(5)]
    bench.host.run(runs)
    assert bench.batches == []
    bench.pool.work()
    assert bench.batches == []
    assert bench.reactor.look() == 1
    assert [run for run, _ in bench.batches[0]] == runs
    assert [result.body for _, result in bench.batches[0]] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_what_no_thread_has_begun_can_be_taken_back_and_is_then_not_run() -> None:
    bench = Bench()
    runs = [a_run(number) for number in range(3)]
    bench.host.run(runs)
    assert bench.host.unstarted() == runs
    assert bench.host.unstarted() == []
    bench.pool.work()
    bench.reactor.look()
    assert bench.batches == []


def test_what_may_not_begin_waits_to_be_taken_back() -> None:
    bench = Bench()
    runs = [a_run(number) for number in range(3)]
    bench.may_begin = False
    bench.host.run(runs)
    bench.pool.work()
    assert bench.host.unstarted() == runs
    bench.may_begin = True
    bench.host.run(runs)
    bench.pool.work()
    bench.reactor.look()
    assert [run for run, _ in bench.batches[0]] == runs


def test_a_run_taken_back_can_be_handed_over_again() -> None:
    bench = Bench()
    bench.host.run([a_run()])
    bench.host.unstarted()
    bench.host.run([a_run(attempt=2)])
    bench.pool.work()
    bench.reactor.look()
    assert bench.batches == [[(a_run(attempt=2), bench.batches[0][0][1])]]


def test_two_attempts_of_a_run_whose_claim_was_lost_both_come_back() -> None:
    bench = Bench()
    first, second = a_run(), a_run(attempt=2)
    bench.host.run([first])
    bench.host.run([second, a_run(2)])
    bench.pool.work()
    bench.reactor.look()
    assert [run for run, _ in bench.batches[0]] == [first, second, a_run(2)]


def test_an_abandoned_run_is_dropped_before_it_begins() -> None:
    bench = Bench()
    bench.host.run([a_run(1), a_run(2)])
    bench.host.abandon(a_run(1))
    bench.pool.work()
    bench.reactor.look()
    assert bench.delivered == ["run-2"]
    assert bench.host.stuck == 0


def test_an_abandoned_run_is_dropped_when_its_result_is_already_on_the_way() -> None:
    bench = Bench()
    bench.host.run([a_run(1), a_run(2)])
    bench.pool.work()
    bench.host.abandon(a_run(1))
    bench.reactor.look()
    assert bench.delivered == ["run-2"]


def test_abandoning_what_has_been_delivered_or_never_came_does_nothing() -> None:
    bench = Bench()
    bench.host.run([a_run(1)])
    bench.pool.work()
    bench.reactor.look()
    bench.host.abandon(a_run(1))
    bench.host.abandon(a_run(9))
    assert (bench.host.stuck, bench.pool.added) == (0, 0)


def test_a_run_abandoned_in_its_thread_is_stuck_until_that_comes_back() -> None:
    seen: list[Any] = []

    def call(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        if environ["path"] == b"/1":
            seen.append(wanted())
            bench.host.abandon(a_run(1))
            seen.append((wanted(), bench.host.stuck, bench.pool.added))
        return an_answer(environ, wanted=wanted)

    bench = Bench(call)
    bench.host.run([a_run(1)])
    bench.pool.work()
    bench.reactor.look()
    assert seen == [True, (False, 1, 1)]
    assert bench.batches == []
    assert (bench.host.stuck, bench.pool.ended) == (0, 1)


def test_no_more_than_the_spare_threads_are_added() -> None:
    stuck: list[tuple[int, int, bool]] = []

    def call(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        number = int(environ["path"][1:])
        bench.host.abandon(a_run(number))
        stuck.append((bench.host.stuck, bench.pool.added, bench.host.able))
        if number < 3:  # while one is stuck, the next begins
            bench.host.run([a_run(number + 1)])
            bench.pool.work()
        return an_answer(environ, wanted=wanted)

    bench = Bench(call)
    bench.host.run([a_run(1)])
    bench.pool.work()
    assert stuck == [(1, 1, True), (2, 1, True), (3, 1, False)]
    assert (bench.host.stuck, bench.host.able, bench.pool.ended) == (0, True, 1)


def test_a_run_is_overdue_from_when_a_thread_began_it() -> None:
    overdue: list[Sequence[Run]] = []

    def call(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        for seconds in (60, 1):
            bench.reactor.advance(seconds)
            overdue.append(bench.host.overdue())
        return an_answer(environ, wanted=wanted)

    bench = Bench(call, size=1)
    bench.host.run([a_run(1), a_run(2, policy=Policy(timeout=3600.0))])
    bench.reactor.advance(1000)
    assert bench.host.overdue() == []
    bench.pool.work()
    assert overdue == [[], [a_run(1)], [], []]
    assert bench.host.overdue() == []


def test_a_run_whose_environ_cannot_be_built_still_comes_back(flushed) -> None:
    def broken(run: Run) -> dict[str, Any]:
        raise SystemExit("no environ")

    bench = Bench(build=broken)
    bench.host.run([a_run()])
    bench.pool.work()
    bench.reactor.look()
    [[(run, result)]] = bench.batches
    assert (run.id, result.status, result.reason) == ("run-1", 0, "SystemExit: no environ")
    assert len(flushed()) == 1


@pytest_twisted.ensureDeferred
async def test_when_every_thread_is_stuck_the_spare_ones_go_on_with_what_waits() -> None:
    leave = threading.Event()
    delivered: list[str] = []

    def call(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        if environ["path"] in (b"/0", b"/1"):
            leave.wait()
        return an_answer(environ, wanted=wanted)

    pool = ApplicationThreads(reactor, "job", 2)
    host = JobHost(
        reactor,
        pool,
        build=build,
        call=call,
        deliver=lambda batch: delivered.extend(run.id for run, _ in batch),
        spare=2,
    )
    runs = [a_run(number, policy=Policy(timeout=0.01)) for number in range(8)]
    pool.startService()
    host.run(runs)
    while len(host.overdue()) < 2:
        await task.deferLater(reactor, 0.005)
    for run in host.overdue():
        host.abandon(run)
    while len(delivered) < 6:
        await task.deferLater(reactor, 0.005)
    assert sorted(delivered) == [f"run-{number}" for number in range(2, 8)]
    assert host.stuck == 2
    leave.set()
    while host.stuck:
        await task.deferLater(reactor, 0.005)
    host.run([a_run(9)])
    while len(delivered) < 7:
        await task.deferLater(reactor, 0.005)
    assert sum(one.name.startswith("job-") for one in threading.enumerate()) == 2
    await pool.stopService()


@pytest_twisted.ensureDeferred
async def test_twenty_thousand_runs_come_back_once_each() -> None:
    count = 20_000
    delivered: list[str] = []
    pool = ApplicationThreads(reactor, "job", 10)
    host = JobHost(
        reactor,
        pool,
        build=build,
        call=an_answer,
        deliver=lambda batch: delivered.extend(run.id for run, _ in batch),
        spare=0,
    )
    pool.startService()
    for start in range(0, count, 500):
        host.run([a_run(number) for number in range(start, start + 500)])
        await task.deferLater(reactor, 0)
    while len(delivered) < count:
        await task.deferLater(reactor, 0.001)
    await pool.stopService()
    assert len(delivered) == len(set(delivered)) == count
