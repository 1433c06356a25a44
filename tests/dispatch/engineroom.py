"""A dispatcher with everything around it played: the clock, the store, the threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch
from jqengine.dispatch.dispatcher import Dispatcher
from jqengine.dispatch.leases import Leases
from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.watchdog import Watchdog
from jqengine.dispatch.window import ClaimWindow
from jqengine.identity import IdFactory
from jqengine.interfaces import IClock, IDelivery, IJobHost
from jqengine.job import Outcome, Owner, Result, Run, Verdict
from jqengine.remote.hub import RunHub
from jqengine.store.memory import MemoryStore
from tests.dispatch.values import NOW, EveryTen, a_result


@implementer(IClock)
class PlayedClock:
    """A wall clock that goes with *timers*, and can be stepped away from them."""

    def __init__(self, timers: Clock) -> None:
        self.timers = timers
        self.offset = NOW

    def now(self) -> float:
        """The played instant."""
        return self.offset + self.timers.seconds()


@implementer(IJobHost)
class PlayedHost:
    """Job threads in which nothing happens until the test says so."""

    stuck = 0
    able = True

    def __init__(self, timers: Clock, threads: int) -> None:
        self.threads = threads
        self._timers = timers
        self.queued: list[Run] = []
        self.begun: list[tuple[Run, float]] = []
        self.abandoned: list[Run] = []

    def run(self, runs: Sequence[Run]) -> None:
        """Begin what there are threads for."""
        self.queued += runs
        self._begin()

    def unstarted(self) -> Sequence[Run]:
        """What has not begun."""
        queued, self.queued = self.queued, []
        return queued

    def overdue(self) -> Sequence[Run]:
        """What takes too long."""
        now = self._timers.seconds()
        return [run for run, since in self.begun if now - since > run.policy.timeout]

    def abandon(self, run: Run) -> None:
        """Forget a run."""
        self.begun = [one for one in self.begun if one[0] != run]
        self.abandoned.append(run)
        self._begin()

    def ends(self, run: Run) -> None:
        """The thread of *run* is free again."""
        self.begun = [one for one in self.begun if one[0] != run]
        self._begin()

    @property
    def running(self) -> list[Run]:
        """What is in a thread."""
        return [run for run, _ in self.begun]

    def _begin(self) -> None:
        while self.queued and len(self.begun) < self.threads:
            self.begun.append((self.queued.pop(0), self._timers.seconds()))


@implementer(IDelivery)
class NotingDelivery:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.delivered: list[tuple[Run, Result]] = []

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """Nothing to write."""
        return NOTHING_TO_DISPATCH

    def deliver(self, run: Run, outcome: Outcome) -> None:
        """Note a result."""
        self.delivered.append((run, outcome.result))


class EngineRoom:
    """A dispatcher and what is around it.

    :param store: what an earlier room has left, to play a restart.
    """

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        threads: int = 2,
        node: str = "node",
        boot: str = "boot-1",
        timers: Clock | None = None,
    ) -> None:
        self.timers = timers or Clock()
        self.clock = PlayedClock(self.timers)
        self.store = store or MemoryStore(IdFactory(lambda bits: 7))
        self.host = PlayedHost(self.timers, threads)
        self.delivery = NotingDelivery()
        self.hub = RunHub()
        bell, window = Bell(self.timers), ClaimWindow(threads)
        owner = Owner(node, boot)
        around: dict[str, Any] = {"reactor": self.timers, "clock": self.clock, "bell": bell}
        self.recorder = Recorder(
            store=self.store,
            delivery=self.delivery,
            observer=self.hub,
            owner=owner,
            random=lambda: 0.5,
            window=window,
            **around,
        )
        self.leases = Leases(
            reactor=self.timers,
            clock=self.clock,
            store=self.store,
            owner=owner,
            bell=bell,
            lost=self.recorder.lost,
        )
        self.watchdog = Watchdog(host=self.host, recorder=self.recorder, **around)
        self.dispatcher = Dispatcher(
            store=self.store,
            triggers=EveryTen(),
            host=self.host,
            recorder=self.recorder,
            window=window,
            leases=self.leases,
            owner=owner,
            drain_timeout=30.0,
            **around,
        )
        if store is None:
            self.store.open()

    def start(self) -> EngineRoom:
        """Start dispatching."""
        self.watchdog.startService()
        self.leases.startService()
        self.dispatcher.startService()
        return self

    def stop(self) -> Deferred[None]:
        """Begin to stop."""
        stopped = self.dispatcher.stopService()
        stopped.addCallback(lambda _: self.watchdog.stopService())
        stopped.addCallback(lambda _: self.leases.stopService())
        return stopped

    def pass_time(self, seconds: float) -> None:
        """Let time go by in steps of at most a tenth of a second."""
        steps = max(1, round(seconds * 10))
        self.timers.pump([seconds / steps] * steps)

    def answer(self, run: Run, status: int = 200, **changes: Any) -> None:
        """The application answers *run*."""
        self.host.ends(run)
        now = self.clock.now()
        result = a_result(status, started=now - 0.01, finished=now, **changes)
        self.recorder.ended([(run, result)])

    def answer_all(self, status: int = 200) -> int:
        """The application answers everything that is in its threads."""
        runs = self.host.running
        for run in runs:
            self.answer(run, status)
        return len(runs)
