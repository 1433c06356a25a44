"""Ends of deliveries on their way to the store, written in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from jqengine.delivery import Delivery, DeliveryEnd
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IClock, IDeliveryStore
from jqengine.job import Owner

RETRY_PAUSE = 1.0
"""Seconds between two tries to write to a store that cannot be reached."""


class Endings:
    """Writes how tries ended, until it is written.  For the reactor thread.

    What ends while a batch is being written forms the next one.

    :param written: called with a lane for each of its ends that is on disk:
        the one held behind it may be ready now.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: Any,
        clock: IClock,
        store: IDeliveryStore,
        owner: Owner,
        written: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._owner = owner
        self._written = written
        self._ends: list[tuple[str, DeliveryEnd]] = []
        self._writing = False
        self._idle: list[Deferred[None]] = []

    def add(self, delivery: Delivery, end: DeliveryEnd) -> None:
        """Write the *end* of a try of *delivery*."""
        self._ends.append((delivery.lane, end))
        if not self._writing:
            self._writing = True
            Deferred.fromCoroutine(self._write()).addErrback(self._broken)

    def idle(self) -> Deferred[None]:
        """Fires once all is written."""
        if not self._writing:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._idle.append(waiter)
        return waiter

    async def _write(self) -> None:
        while self._ends:
            batch, self._ends = self._ends, []
            await self._write_batch([end for _, end in batch])
            for lane in dict.fromkeys(lane for lane, _ in batch):
                self._written(lane)
        self._rest()

    async def _write_batch(self, ends: list[DeliveryEnd]) -> None:
        while True:
            try:
                await self._store.end_deliveries(self._owner, ends, self._clock.now())
                return
            except StoreUnavailable as error:
                self._log.error(
                    "{count} ends of deliveries wait for the store: {error}",
                    count=len(ends),
                    error=error,
                )
                await deferLater(self._reactor, RETRY_PAUSE)

    def _broken(self, failure: Failure) -> None:
        self._log.failure("Ends of deliveries could not be written", failure=failure)
        self._rest()

    def _rest(self) -> None:
        self._writing = False
        waiters, self._idle = self._idle, []
        for waiter in waiters:
            waiter.callback(None)
