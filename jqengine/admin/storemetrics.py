"""The metrics that only the store knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from jqengine.admin.metrics import Values
from jqengine.interfaces import IClock, IDeliveryStore, IStore

PATIENCE = 2.0
"""Seconds within which the store must answer."""

FRESH = 5.0
"""Seconds for which an answer is given again: whoever looks often asks no more often."""

SHARE = 0.01
"""Of the time in which the store can be asked something, what may go into this at most.

To count a million runs takes a tenth of a second, in which nobody else is answered.
"""


class StoreMetrics:
    """Asks the store, but not at each look.  For the reactor thread.

    :param store: of queue and deliveries; usually one object.
    """

    def __init__(
        self, reactor: Any, clock: IClock, store: IStore, deliveries: IDeliveryStore
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._deliveries = deliveries
        self._known: Mapping[str, Values] = {}
        self._until = 0.0

    async def __call__(self) -> Mapping[str, Values]:
        """The values of the store's metrics; of one that is away, that it is."""
        began = self._reactor.seconds()
        if began < self._until:
            return self._known
        try:
            self._known = await self._asked()
        except Exception:  # whatever it is, the rest of the metrics shall be seen
            return {"jobqueue_store_up": {(): 0}}
        ended = self._reactor.seconds()
        self._until = ended + max(FRESH, (ended - began) / SHARE)
        return self._known

    async def _asked(self) -> Mapping[str, Values]:
        now = self._clock.now()
        asked: list[Deferred[Any]] = [
            self._store.stats(now),
            self._store.next_ready(),
            self._deliveries.delivery_counts(),
        ]
        together = gatherResults(asked, consumeErrors=True)
        stats, ready, counts = await together.addTimeout(PATIENCE, self._reactor)
        return {
            "jobqueue_store_up": {(): 1},
            "jobqueue_jobs": {(state,): number for state, number in stats.items()},
            "jobqueue_oldest_due_seconds": {(): 0.0 if ready is None else max(0.0, now - ready)},
            "jobqueue_deliveries": {(state,): number for state, number in counts.items()},
        }
