"""A script: processes that record results and deliver them, each killed at another point.

``python -m tests.sinks.kill_storm DIRECTORY ROUNDS`` forks a process for each
round.  It records a few results with deliveries and delivers what there is,
until it kills itself (SIGKILL) at a point of its path from the record to the
end of a delivery, or at some random instant.  A last round lives until all is
delivered.  Prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.clock import SystemClock
from jqengine.identity import IdFactory
from jqengine.interfaces import IResultSink, IResultSinkFactory
from jqengine.job import Definition, Job, Outcome, Owner, Request, Result, Schedule, Syntax, Verdict
from jqengine.lifecycle import JobState, RunState
from jqengine.redaction import Redactor
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.deliverer import Deliverer
from jqengine.sinktools import Parcel
from jqengine.store.opening import store_for
from tests.sinks.values import some_tools

POINTS = (
    "record before",
    "record after",
    "claim_deliveries before",
    "claim_deliveries after",
    "delivery_parts before",
    "delivery_parts after",
    "sink before",
    "sink middle",
    "sink after",
    "end_deliveries before",
    "end_deliveries after",
    "at random",
)
RECURRING = "recurring"


class Scythe:
    """Ends this process once it has come to its point for the n-th time."""

    def __init__(self, point: str, passes: int) -> None:
        self._point = point
        self._passes = passes
        if point == "at random":
            threading.Thread(
                target=self._after, args=(random.uniform(0, 0.1),), daemon=True
            ).start()

    def pass_by(self, point: str) -> None:
        """Die here, if it is time."""
        if point == self._point:
            self._passes -= 1
            if self._passes < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _after(self, seconds: float) -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)


class Reaped:
    """A store whose calls pass by the scythe, in the reactor and when they are done."""

    def __init__(self, store: Any, scythe: Scythe) -> None:
        self._store = store
        self._scythe = scythe

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        method = getattr(self._store, name)

        def call(*arguments: Any) -> Deferred[Any]:
            self._scythe.pass_by(f"{name} before")
            answer: Deferred[Any] = method(*arguments)
            return answer.addCallback(self._done, name)

        return call

    def _done(self, result: Any, name: str) -> Any:
        self._scythe.pass_by(f"{name} after")
        return result


def note(path: Path, *words: str) -> None:
    """Append one line; what a process has written survives its death."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (" ".join(words) + "\n").encode())
    os.close(descriptor)


@implementer(IResultSink)
class NotingSink:
    """Notes each parcel in a file, as a receiver outside of this process would."""

    lane = "note:"
    durable = True
    compares = False

    def __init__(self, reactor: Any, scythe: Scythe, path: Path) -> None:
        self._reactor = reactor
        self._scythe = scythe
        self._path = path

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        self._scythe.pass_by("sink before")
        note(self._path, parcel.id, parcel.run.job_id, parcel.run.id)
        self._scythe.pass_by("sink middle")
        done: Deferred[None] = Deferred()
        self._reactor.callLater(0.001, done.callback, None)
        return done.addCallback(lambda _: self._scythe.pass_by("sink after"))


@implementer(IResultSinkFactory)
class NotingFactory:
    schemes = ("note",)
    options: dict[str, Any] = {}

    def __init__(self, sink: NotingSink) -> None:
        self._sink = sink

    def sink(self, url: object, tools: object) -> NotingSink:
        return self._sink


async def live(directory: Path, round_: int, scythe: Scythe, *, last: bool) -> None:
    """One process: record some results, deliver what there is."""
    from twisted.internet import reactor

    clock, owner = SystemClock(), Owner("node", f"boot {round_}")
    new_id = IdFactory(random.Random(round_).getrandbits)
    real = store_for(f"sqlite:///{directory}/queue.db", reactor, new_id)
    await real.open()
    store = Reaped(real, scythe)
    sink = NotingSink(reactor, scythe, directory / "delivered")
    deliverer = Deliverer(
        reactor=reactor,
        clock=clock,
        store=store,  # type: ignore[arg-type]
        catalogue=Catalogue({"note": NotingFactory(sink)}, some_tools()),
        redactor=Redactor(b""),
        owner=owner,
        new_id=new_id,
        random=lambda: 0.0,
        drain_timeout=5.0,
    )
    deliverer.startService()
    await record_some(directory, round_, real, store, deliverer, clock, owner, new_id)
    while last and await real.lanes():
        await wait(reactor, 0.02)
    await wait(reactor, 0.3)
    await deliverer.stopService()
    await real.close()


async def record_some(
    directory: Path,
    round_: int,
    real: Any,
    store: Any,
    deliverer: Deliverer,
    clock: SystemClock,
    owner: Owner,
    new_id: IdFactory,
) -> None:
    """What the dispatcher does, in short."""
    now = clock.now()
    (recurring, *_) = await real.add(
        [a_job(RECURRING, now, new_id), *(a_job(None, now, new_id) for _ in range(3))]
    )
    await real.run_now(recurring.id, new_id(now), now)
    runs = await real.claim(owner, now + 1, 10, 60.0)
    for run in runs:
        result = Result(200, "OK", (), run.id.encode(), False, now, clock.now())
        verdict = Verdict(RunState.FINISHED, None, False, None, "")
        dispatch = deliverer.plan(run, result, verdict)
        outcome = Outcome(run.id, run.job_id, owner, run.attempt, result, verdict, dispatch)
        await store.record([outcome])
        note(directory / "recorded", dispatch.deliveries[0].id, run.job_id, run.id)
        deliverer.deliver(run, outcome)


def a_job(name: str | None, now: float, new_id: IdFactory) -> Job:
    syntax = Syntax.EVERY if name else Syntax.NOW
    return Job(
        id=new_id(now),
        definition=Definition(
            identity=name,
            name=name,
            request=Request(),
            schedule=Schedule(syntax=syntax, text="1h" if name else "", zone="UTC"),
            sinks=("note:",),
        ),
        state=JobState.SCHEDULED,
        created=now,
        anchor=now,
        due=now + 3600 if name else now,
    )


def wait(reactor: Any, seconds: float) -> Deferred[None]:
    done: Deferred[None] = Deferred()
    reactor.callLater(seconds, done.callback, None)
    return done


def one_life(directory: Path, round_: int, point: str, *, last: bool) -> None:
    """In a process of its own: live until the end, or until the scythe."""
    from twisted.internet import reactor

    def begin() -> None:
        scythe = Scythe(point, random.randrange(4))
        living = Deferred.fromCoroutine(live(directory, round_, scythe, last=last))
        living.addErrback(lambda failure: failure.printTraceback())
        living.addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)


def storm(directory: Path, rounds: int) -> dict[str, Any]:
    """All rounds; how many processes were killed at each point."""
    killed = dict.fromkeys(POINTS, 0)
    for round_ in range(rounds + 1):
        last = round_ == rounds
        point = "never" if last else POINTS[round_ % len(POINTS)]
        child = os.fork()
        if child == 0:
            random.seed(round_)
            one_life(directory, round_, point, last=last)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed[point] += 1
        elif os.WEXITSTATUS(status):
            raise SystemExit(f"round {round_} ended with {os.WEXITSTATUS(status)}")
    return killed


if __name__ == "__main__":
    print(json.dumps(storm(Path(sys.argv[1]), int(sys.argv[2]))))
