"""The loop: what is due becomes runs, what is ready is claimed and handed over.

"Why did my job not fire?" is answered here and in :mod:`.firing`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, FirstError, gatherResults, succeed
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from jqengine.dispatch.firing import fire
from jqengine.dispatch.leases import LEASE, Leases
from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.window import ClaimWindow
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IClock, IJobHost, IStore, ITriggers
from jqengine.job import Job, Owner, Run

LONGEST_PAUSE = 30.0
"""Seconds after which the wall clock and the store are looked at afresh."""

DUE_JOBS_AT_ONCE = 500

MOST_BYTES_IN_HAND = 64 * 2**20
"""Bytes of request bodies from which no more runs are claimed than there are free threads."""

FIRST_TROUBLE_PAUSE = 0.5
"""Seconds to leave a store alone after its first failure; doubled each time."""


class Dispatcher(Service):
    """Moves jobs from the store through the application.

    All methods are for the reactor thread.  It starts with an open store and
    a running job host, and stops before either of them.

    :param bell: rings when there may be something to do.
    :param drain_timeout: seconds that stopping waits for runs under way.
    :param may_claim: whether this node is to take runs at all.
    :ivar complaint: why the last look failed, a sentence; empty when it did not.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: IStore,
        triggers: ITriggers,
        host: IJobHost,
        recorder: Recorder,
        window: ClaimWindow,
        leases: Leases,
        bell: Bell,
        owner: Owner,
        drain_timeout: float,
        may_claim: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._triggers = triggers
        self._host = host
        self._recorder = recorder
        self._window = window
        self._leases = leases
        self._bell = bell
        self._owner = owner
        self._drain_timeout = drain_timeout
        self._may_claim = may_claim
        self._trouble = 0.0
        self._ticked = reactor.seconds()
        self.complaint = ""
        self._loop: Deferred[None] = succeed(None)
        self._drained: Deferred[None] = succeed(None)

    @property
    def tick_age(self) -> float:
        """Seconds since the loop last began to look; at most :data:`LONGEST_PAUSE` and a
        little in health, though the store be away."""
        return self._reactor.seconds() - self._ticked

    def startService(self) -> None:
        """Begin to dispatch; what earlier boots left running comes first."""
        super().startService()
        self._ticked = self._reactor.seconds()
        self._loop = Deferred.fromCoroutine(self._run())
        self._loop.addErrback(lambda failure: self._log.failure("Dispatching ended", failure))

    def stopService(self) -> Deferred[None]:
        """Claim nothing more, wait for what runs, give back the rest.

        Fires when the store holds the truth about every run.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._drain())

    def hurry(self) -> None:
        """Wait no more for runs under way; of use while the service stops."""
        self._drain_timeout = 0.0
        self._drained.cancel()

    def look(self) -> None:
        """Look at the store now: something was added or changed."""
        self._bell.ring()

    async def _run(self) -> None:
        await self._through_trouble(self._recover)
        while self.running:
            self._ticked = self._reactor.seconds()
            pause = await self._through_trouble(self._turn)
            await self._bell.wait(pause)

    async def _through_trouble(self, step: Callable[[], Awaitable[float]]) -> float:
        """The pause that *step* asks for, or one that spares a troubled store."""
        try:
            pause = await step()
        except StoreUnavailable as error:
            self._log.error("No job can be started: {error}", error=error)
            self.complaint = str(error)
        except Exception as error:
            # Ours to mend; but to try again is better than to be dead while
            # the process lives.
            self._log.failure("No job can be started")
            self.complaint = f"no job can be started: {error!r}"
        else:
            self._trouble, self.complaint = 0.0, ""
            return pause
        self._trouble = min(max(self._trouble * 2, FIRST_TROUBLE_PAUSE), LONGEST_PAUSE)
        return self._trouble

    async def _turn(self) -> float:
        """Do what can be done now; answers for how long there is nothing more."""
        now = self._clock.now()
        if self._leases.lapsed or not (self._host.able and self._may_claim()):
            await self._leave_to_others()
            self._leases.forget_lapse()
        room = self._room()
        due, claimed, ready = await self._ask_store(now, room)
        if due:
            await self._store.fire([fire(*one, now, self._triggers) for one in due], now)
            return 0.0
        if ready is None or (ready <= now and claimed == room == 0):
            return LONGEST_PAUSE
        return min(max(ready - self._clock.now(), 0.0), LONGEST_PAUSE)

    def _room(self) -> int:
        """How many runs to claim."""
        if not (self._leases.fresh and self._host.able and self._may_claim()):
            return 0
        in_hand = self._recorder.in_hand
        room = self._window.room(in_hand)
        if room and self._recorder.bytes_in_hand >= MOST_BYTES_IN_HAND:
            # Enough for all threads, and nothing in store.
            free: int = self._host.threads - in_hand
            return min(room, max(free, 0))
        return room

    async def _leave_to_others(self) -> None:
        """Let go of what no thread has begun; another node may have free ones."""
        runs = self._host.unstarted()
        if not runs:
            return
        try:
            await self._return(runs)
        except StoreUnavailable:
            self._host.run(runs)
            raise
        self._recorder.released(runs)

    async def _ask_store(
        self, now: float, room: int
    ) -> tuple[Sequence[tuple[Job, int]], int, float | None]:
        """Ask everything at once, so that it shares one commit of the store."""
        due = self._store.due_jobs(now, DUE_JOBS_AT_ONCE)
        claimed = self._claim(now, room)
        ready = self._store.next_ready()
        asked: list[Deferred[Any]] = [due, claimed, ready]
        try:
            await gatherResults(asked, consumeErrors=True)
        except FirstError as error:
            error.subFailure.raiseException()
        return await due, await claimed, await ready

    def _claim(self, now: float, room: int) -> Deferred[int]:
        if not room:
            return succeed(0)
        # Handed over in the callback: should another question fail, these are
        # claimed all the same and nobody else will run them.
        return self._store.claim(self._owner, now, room, LEASE).addCallback(self._hand_over)

    def _hand_over(self, runs: Sequence[Run]) -> int:
        self._recorder.claimed(runs)
        self._host.run(runs)
        return len(runs)

    async def _recover(self) -> float:
        await self._leases.recover()
        return 0.0

    async def _drain(self) -> None:
        self._bell.ring()
        await self._loop
        await self._give_back(self._host.unstarted())
        self._drained = self._recorder.idle().addTimeout(self._drain_timeout, self._reactor)
        try:
            await self._drained
        except (TimedOut, CancelledError):
            await self._leave_behind(self._recorder.runs)

    async def _leave_behind(self, runs: Sequence[Run]) -> None:
        self._log.warn("{count} jobs are stopped in the middle and will run again", count=len(runs))
        for run in runs:
            self._host.abandon(run)
        await self._give_back(runs)

    async def _give_back(self, runs: Sequence[Run]) -> None:
        if not runs:
            return
        try:
            await self._return(runs)
        except StoreUnavailable as error:
            # The next start finds these claims and counts their attempt.
            self._log.error(
                "{count} jobs are not given back: {error}", count=len(runs), error=error
            )
        self._recorder.released(runs)

    def _return(self, runs: Sequence[Run]) -> Deferred[int]:
        return self._store.give_back(self._owner, [run.id for run in runs], self._clock.now())
