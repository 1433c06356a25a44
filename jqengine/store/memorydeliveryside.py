"""The side of the store in memory that remembers deliveries and publications."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.delivery import ClaimedDeliveries, Delivery, DeliveryEnd, Publication
from jqengine.interfaces import IDeliveryStore, IOutputStore
from jqengine.job import Owner, Result, Run
from jqengine.store.memoryqueue import MemoryQueue

T = TypeVar("T")


class _Store(Protocol):
    """What this side needs of the store it is a part of."""

    @property
    def queue(self) -> MemoryQueue: ...

    def _answer(self, work: Callable[[], T]) -> Deferred[T]: ...


@implementer(IDeliveryStore, IOutputStore)
class MemoryDeliverySide:
    """Deliveries and publications; a part of a store."""

    def lanes(self: _Store) -> Deferred[Mapping[str, float]]:
        """See :meth:`IDeliveryStore.lanes`."""
        return self._answer(lambda: self.queue.deliveries.lanes())

    def claim_deliveries(
        self: _Store, owner: Owner, lane: str, now: float, limit: int, lease: float
    ) -> Deferred[ClaimedDeliveries]:
        """See :meth:`IDeliveryStore.claim_deliveries`."""
        return self._answer(
            lambda: self.queue.deliveries.claim_deliveries(owner, lane, now, limit, lease)
        )

    def end_deliveries(
        self: _Store, owner: Owner, ends: Sequence[DeliveryEnd], now: float
    ) -> Deferred[None]:
        """See :meth:`IDeliveryStore.end_deliveries`."""
        return self._answer(lambda: self.queue.deliveries.end_deliveries(owner, ends, now))

    def give_back_deliveries(
        self: _Store, owner: Owner, delivery_ids: Sequence[str]
    ) -> Deferred[None]:
        """See :meth:`IDeliveryStore.give_back_deliveries`."""
        return self._answer(lambda: self.queue.deliveries.give_back_deliveries(owner, delivery_ids))

    def recover_deliveries(self: _Store, owner: Owner, now: float) -> Deferred[int]:
        """See :meth:`IDeliveryStore.recover_deliveries`."""
        return self._answer(lambda: self.queue.deliveries.recover_deliveries(owner, now))

    def delivery_parts(
        self: _Store, delivery: Delivery
    ) -> Deferred[tuple[Run, Result, Result | None] | None]:
        """See :meth:`IDeliveryStore.delivery_parts`."""
        return self._answer(lambda: self.queue.deliveries.delivery_parts(delivery))

    def run_with_result(
        self: _Store, run_id: str, attempt: int | None
    ) -> Deferred[tuple[Run, Result | None] | None]:
        """See :meth:`IDeliveryStore.run_with_result`."""
        return self._answer(lambda: self.queue.run_with_result(run_id, attempt))

    def deliveries(self: _Store, run_id: str) -> Deferred[Sequence[Delivery]]:
        """See :meth:`IDeliveryStore.deliveries`."""
        return self._answer(lambda: self.queue.deliveries.deliveries(run_id))

    def dead_deliveries(
        self: _Store, after: str | None, limit: int
    ) -> Deferred[Sequence[Delivery]]:
        """See :meth:`IDeliveryStore.dead_deliveries`."""
        return self._answer(lambda: self.queue.deliveries.dead_deliveries(after, limit))

    def delivery_counts(self: _Store) -> Deferred[Mapping[str, int]]:
        """See :meth:`IDeliveryStore.delivery_counts`."""
        return self._answer(self.queue.deliveries.delivery_counts)

    def redrive(self: _Store, delivery_ids: Sequence[str], now: float) -> Deferred[Sequence[str]]:
        """See :meth:`IDeliveryStore.redrive`."""
        return self._answer(lambda: self.queue.deliveries.redrive(delivery_ids, now))

    def keep_output(
        self: _Store, run_id: str, attempt: int, position: int, data: bytes
    ) -> Deferred[None]:
        """See :meth:`IOutputStore.keep_output`."""
        return self._answer(lambda: self.queue.keep_output(run_id, attempt, position, data))

    def publish(self: _Store, publication: Publication) -> Deferred[None]:
        """See :meth:`IDeliveryStore.publish`."""
        return self._answer(lambda: self.queue.deliveries.publish(publication))

    def publications(self: _Store) -> Deferred[Sequence[Publication]]:
        """See :meth:`IDeliveryStore.publications`."""
        return self._answer(lambda: self.queue.deliveries.publications())

    def published_body(self: _Store, publication: Publication) -> Deferred[bytes | None]:
        """See :meth:`IDeliveryStore.published_body`."""
        return self._answer(lambda: self.queue.deliveries.published_body(publication))
