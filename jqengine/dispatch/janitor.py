"""Once a minute: forget what ended longer ago, or is more, than is to be kept."""

from __future__ import annotations

from math import inf

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IClock, IStore
from jqengine.retention import Retention

INTERVAL = 60.0

AT_ONCE = 500
"""Runs forgotten in one transaction, so that nobody waits long for it."""


class Janitor(Service):
    """Keeps the store within its limits.  For the reactor thread.

    What a delivery still needs, what is published, and what changes are
    compared with stays, whatever the limits say.
    """

    _log = Logger()

    def __init__(
        self, *, reactor: IReactorTime, clock: IClock, store: IStore, retention: Retention
    ) -> None:
        self._clock = clock
        self._store = store
        self._retention = retention
        self._sweeping = LoopingCall(self._sweep)
        self._sweeping.clock = reactor

    def startService(self) -> None:
        """Begin to sweep."""
        super().startService()
        if self._retention != Retention():
            self._sweeping.start(INTERVAL)

    def stopService(self) -> None:
        """Sweep no more; a sweep under way ends after its next transaction."""
        super().stopService()
        if self._sweeping.running:
            self._sweeping.stop()

    async def _sweep(self) -> None:
        try:
            forgotten = await self._old() + await self._too_many() + await self._too_large()
        except StoreUnavailable as error:
            self._log.warn("Old results wait to be forgotten: {error}", error=error)
            return
        if forgotten:
            self._log.info("{count} old runs are forgotten", count=forgotten)

    async def _old(self) -> int:
        age = self._retention.age
        return 0 if age is None else await self._forget(self._clock.now() - age)

    async def _too_many(self) -> int:
        most = self._retention.count
        if most is None:
            return 0
        usage = await self._store.usage()
        return await self._forget(inf, usage.ended - most)

    async def _too_large(self) -> int:
        most, forgotten = self._retention.size, 0
        while most is not None and (await self._store.usage()).size > most:
            count = await self._forget(inf, AT_ONCE)
            if not count:
                break
            forgotten += count
        return forgotten

    async def _forget(self, before: float, most: float = inf) -> int:
        """Forget at most *most* runs, and all that ended before *before*, bit by bit."""
        forgotten = 0
        while self.running and forgotten < most:
            wanted = int(min(AT_ONCE, most - forgotten))
            count = await self._store.prune(before, wanted)
            forgotten += count
            if count < wanted:
                break
        return forgotten
