"""Keeps the claims of this engine alive, and takes over those of the dead.

A claim is a lease.  It is renewed while its run is in hand, so a long job is
never given to somebody else; and once its engine is gone, another one finds it
run out and ends that attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.dispatch.wake import Bell
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IClock, IStore
from jqengine.job import Owner, Run

LEASE = 60.0
"""Seconds that a claim is valid without being renewed."""

INTERVAL = LEASE / 4
"""Seconds between two renewals: three of them may fail."""

FRESH = LEASE / 2
"""Seconds after which an engine that could not renew claims nothing more."""

STEP = 1.0
"""Seconds by which the wall clock must leave the timers to count as stepped."""


class Leases(Service):
    """The leases of one engine.  For the reactor thread.

    :param bell: rung when claims are safe again after they were not.
    :param lost: called with runs that were left behind: by an earlier process
        of this node, or by a node that has not renewed its leases.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: IStore,
        owner: Owner,
        bell: Bell,
        lost: Callable[[Sequence[Run]], None],
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._owner = owner
        self._bell = bell
        self._lost = lost
        self._renewed = reactor.seconds()
        self._offset = self._wall_offset()
        self._distrusts_until = reactor.seconds() + LEASE
        self._said = False
        self._has_lapsed = False
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._look()))
        self._loop.clock = reactor

    @property
    def fresh(self) -> bool:
        """Whether new claims would be safe: the last renewal is not long ago."""
        return self.age < FRESH

    @property
    def age(self) -> float:
        """Seconds since the last renewal."""
        return self._reactor.seconds() - self._renewed

    @property
    def lapsed(self) -> bool:
        """Whether claims may have been lost: too long ago nobody renewed them.

        It stays so, whatever is renewed, until :meth:`forget_lapse`: what no
        thread has begun by then may be another node's.
        """
        return self._has_lapsed or self.age > LEASE

    def forget_lapse(self) -> None:
        """What may have been lost is given up."""
        self._has_lapsed = False

    def startService(self) -> None:
        """Begin to renew."""
        super().startService()
        self._renewed = self._reactor.seconds()
        self._loop.start(INTERVAL, now=False)

    def stopService(self) -> None:
        """Renew no more."""
        if self._loop.running:
            self._loop.stop()
        super().stopService()

    async def recover(self) -> None:
        """Take over what was left behind.

        Other nodes are left alone for a while after this one has started or
        the clock was set: leases of those who live seem to have run out then,
        until they are renewed by the new time.

        :raises StoreUnavailable: the store cannot say.
        """
        others = not self._clock_is_new()
        lost = await self._store.recover(self._owner, self._clock.now(), LEASE, others)
        if lost:
            self._log.warn("{count} runs were cut off when their process ended", count=len(lost))
            self._lost(lost)

    async def _look(self) -> None:
        # From before the question: the lease counts from then.
        asked = self._reactor.seconds()
        self._has_lapsed = self.lapsed
        try:
            await self._store.renew(self._owner, self._clock.now(), LEASE)
            was_fresh, self._renewed = self.fresh, asked
            self._said = False
            await self.recover()
            if not was_fresh:
                self._bell.ring()
        except StoreUnavailable as error:
            if not self._said:
                self._log.error("Leases cannot be renewed: {error}", error=error)
            self._said = True

    def _clock_is_new(self) -> bool:
        """Whether somebody may not have renewed a lease since the clock was set."""
        offset, now = self._wall_offset(), self._reactor.seconds()
        if abs(offset - self._offset) > STEP:
            self._distrusts_until = now + LEASE
        self._offset = offset
        return now < self._distrusts_until

    def _wall_offset(self) -> float:
        return self._clock.now() - self._reactor.seconds()
