"""What has expired is forgotten."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.errors import StoreError
from jqengine.interfaces import IClock, IContinuationStore

INTERVAL = 600.0
"""Seconds between two looks.  What has expired counts as gone already."""

AT_ONCE = 500
"""Continuations that are forgotten in one step, so that nobody waits long for it."""


class ContinuationSweep(Service):
    """Forgets continuations that have expired.  For the reactor thread."""

    _log = Logger()

    def __init__(self, *, reactor: IReactorTime, clock: IClock, store: IContinuationStore) -> None:
        self.setName("continuation sweep")
        self._clock = clock
        self._store = store
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._sweep()))
        self._loop.clock = reactor

    def startService(self) -> None:
        """Begin to look, at once and then now and again."""
        super().startService()
        self._loop.start(INTERVAL)

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    async def _sweep(self) -> None:
        gone = AT_ONCE
        try:
            while gone == AT_ONCE and self.running:
                gone = await self._store.sweep_continuations(self._clock.now(), AT_ONCE)
        except StoreError as error:
            self._log.warn("Expired continuations are not forgotten: {error}", error=error)
