"""A deliverer over a store in memory and sinks that do what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.errors import StoreUnavailable
from jqengine.identity import IdFactory
from jqengine.interfaces import IResultSink, IResultSinkFactory
from jqengine.job import Outcome, Owner, Result, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.redaction import Redactor
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.deliverer import Deliverer
from jqengine.sinktools import Parcel, SinkTools
from jqengine.sinkurl import OptionParsers, SinkURL
from jqengine.store.memorydeliveries import MemoryDeliveries
from tests.sinks.values import NOW, FixedClock, a_result, a_run, some_tools

REDACTOR = Redactor(b"a key")


class Receiver:
    """Takes what all sinks of a test are given.

    :ivar answer: what becomes of a parcel: nothing for success, an exception,
        or a Deferred.
    """

    def __init__(self) -> None:
        self.parcels: list[tuple[str, Parcel]] = []
        self.answer: Callable[[Parcel], Any] = lambda parcel: None

    def take(self, target: str, parcel: Parcel) -> Deferred[None]:
        self.parcels.append((target, parcel))
        answer = self.answer(parcel)
        if isinstance(answer, Deferred):
            return answer
        if isinstance(answer, Exception):
            return fail(answer)
        return execute(lambda: None)

    def bodies(self, target: str | None = None) -> list[bytes]:
        return [one.result.body for to, one in self.parcels if target in (None, to)]


@implementer(IResultSink)
class GivingSink:
    """Gives what it gets to a receiver.  ``now:`` sinks are not durable."""

    def __init__(self, url: SinkURL, receiver: Receiver) -> None:
        self._target = url.target
        self._receiver = receiver
        self.lane = f"{url.scheme}:{url.target.partition('/')[0]}"
        self.durable = url.scheme != "now"
        self.compares = "compare" in url.target

    def deliver(self, parcel: Parcel) -> Deferred[None]:
        return self._receiver.take(self._target, parcel)


@implementer(IResultSinkFactory)
class GivingFactory:
    schemes = ("test", "now")
    options: OptionParsers = {}

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def sink(self, url: SinkURL, tools: SinkTools) -> GivingSink:
        return GivingSink(url, self._receiver)


class StoreInMemory:
    """The deliveries of a store, answered at once; it can be away."""

    def __init__(self) -> None:
        self.results: dict[str, tuple[Run, Result]] = {}
        self.deliveries_ = MemoryDeliveries(lambda run_id, attempt: self.results.get(run_id))
        self.away = False

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        method = getattr(self.deliveries_, name)

        def call(*arguments: Any) -> Deferred[Any]:
            if self.away:
                return fail(StoreUnavailable("away"))
            return execute(method, *arguments)

        return call


class Office:
    """Everything around one deliverer; a restart makes a new boot of it."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.clock = FixedClock()
        self.receiver = Receiver()
        self.store = StoreInMemory()
        self.new_id = IdFactory(lambda bits: 7)
        self._runs = 0
        self._boot = 0
        self.deliverer = self._make()

    def _make(self) -> Deliverer:
        self._boot += 1
        factory = GivingFactory(self.receiver)
        catalogue = Catalogue({"test": factory, "now": factory}, some_tools(reactor=self.reactor))
        return Deliverer(
            reactor=self.reactor,
            clock=self.clock,
            store=self.store,  # type: ignore[arg-type]
            catalogue=catalogue,
            redactor=REDACTOR,
            owner=Owner("node", f"boot {self._boot}"),
            new_id=self.new_id,
            random=lambda: 0.5,
            drain_timeout=10.0,
        )

    def restart(self) -> None:
        """As after a kill: the old one does nothing more, a new one starts."""
        self.reactor = Clock()
        self.deliverer = self._make()
        self.deliverer.startService()

    def result(
        self,
        *sinks: str,
        body: bytes = b"hello",
        status: int = 200,
        job: str | None = "job",
        remove: str | None = None,
        announce: bool = True,
        **result: Any,
    ) -> str:
        """End a run, as the recorder does it; the run's id."""
        self._runs += 1
        run_id = f"run{self._runs:08d}"
        run = a_run(id=run_id, job_id=job or run_id, sinks=sinks)
        ended = a_result(body, status=status, finished=self.clock.now(), **result)
        verdict = Verdict(RunState.FINISHED, None, False, remove, "")
        dispatch = self.deliverer.plan(run, ended, verdict)
        owner = Owner("node", "boot")
        outcome = Outcome(run.id, run.job_id, owner, run.attempt, ended, verdict, dispatch)
        self.store.results[run.id] = (run, ended)
        self.store.deliveries_.record(outcome)
        if announce:
            self.deliverer.deliver(run, outcome)
        return run_id

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let both clocks go on together."""
        for _ in range(int(seconds / step)):
            self.clock.instant += step
            self.reactor.advance(step)

    def states(self, run_id: str) -> list[str]:
        return [one.state.value for one in self.store.deliveries_.deliveries(run_id)]


__all__ = ["NOW", "REDACTOR", "Office", "Receiver"]
