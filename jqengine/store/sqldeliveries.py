"""The side of a SQL store that remembers deliveries and publications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.delivery import ClaimedDeliveries, Delivery, DeliveryEnd, Publication
from jqengine.interfaces import IDeliveryStore, IOutputStore
from jqengine.job import Owner, Result, Run
from jqengine.store import delivering, deliveryreading, outputs
from jqengine.store.thread import StoreThread


class _Threads(Protocol):
    """What this side needs of the store it is a part of."""

    _writer: StoreThread
    _reader: StoreThread


@implementer(IDeliveryStore, IOutputStore)
class SqlDeliveries:
    """Deliveries and publications; a part of a store.

    What is asked for a delivery under way goes to the reader at once: it was
    on disk before the delivery could be claimed.
    """

    def lanes(self: _Threads) -> Deferred[Mapping[str, float]]:
        """See :meth:`IDeliveryStore.lanes`."""
        return self._writer.submit(delivering.lanes)

    def claim_deliveries(
        self: _Threads, owner: Owner, lane: str, now: float, limit: int, lease: float
    ) -> Deferred[ClaimedDeliveries]:
        """See :meth:`IDeliveryStore.claim_deliveries`."""
        claim = partial(delivering.claim, owner=owner, lane=lane, now=now, limit=limit, lease=lease)
        return self._writer.submit(claim, limit)

    def end_deliveries(
        self: _Threads, owner: Owner, ends: Sequence[DeliveryEnd], now: float
    ) -> Deferred[None]:
        """See :meth:`IDeliveryStore.end_deliveries`."""
        return self._writer.submit(partial(delivering.end, owner=owner, ends=ends), len(ends))

    def give_back_deliveries(
        self: _Threads, owner: Owner, delivery_ids: Sequence[str]
    ) -> Deferred[None]:
        """See :meth:`IDeliveryStore.give_back_deliveries`."""
        give_back = partial(delivering.give_back, owner=owner, delivery_ids=delivery_ids)
        return self._writer.submit(give_back, len(delivery_ids))

    def recover_deliveries(self: _Threads, owner: Owner, now: float) -> Deferred[int]:
        """See :meth:`IDeliveryStore.recover_deliveries`."""
        return self._writer.submit(partial(delivering.recover, owner=owner, now=now))

    def delivery_parts(
        self: _Threads, delivery: Delivery
    ) -> Deferred[tuple[Run, Result, Result | None] | None]:
        """See :meth:`IDeliveryStore.delivery_parts`."""
        return self._reader.submit(partial(deliveryreading.parts, delivery=delivery))

    def run_with_result(
        self: _Threads, run_id: str, attempt: int | None
    ) -> Deferred[tuple[Run, Result | None] | None]:
        """See :meth:`IDeliveryStore.run_with_result`."""
        return self._reader.submit(
            partial(deliveryreading.run_with_result, run_id=run_id, attempt=attempt)
        )

    def deliveries(self: _Threads, run_id: str) -> Deferred[Sequence[Delivery]]:
        """See :meth:`IDeliveryStore.deliveries`."""
        return self._writer.submit(partial(deliveryreading.of_run, run_id=run_id))

    def dead_deliveries(
        self: _Threads, after: str | None, limit: int
    ) -> Deferred[Sequence[Delivery]]:
        """See :meth:`IDeliveryStore.dead_deliveries`."""
        return self._writer.submit(partial(deliveryreading.dead_letters, after=after, limit=limit))

    def delivery_counts(self: _Threads) -> Deferred[Mapping[str, int]]:
        """See :meth:`IDeliveryStore.delivery_counts`."""
        return self._reader.submit(deliveryreading.counts)

    def redrive(self: _Threads, delivery_ids: Sequence[str], now: float) -> Deferred[Sequence[str]]:
        """See :meth:`IDeliveryStore.redrive`."""
        redrive = partial(delivering.redrive, delivery_ids=delivery_ids, now=now)
        return self._writer.submit(redrive, len(delivery_ids))

    def keep_output(
        self: _Threads, run_id: str, attempt: int, position: int, data: bytes
    ) -> Deferred[None]:
        """See :meth:`IOutputStore.keep_output`."""
        keep = partial(outputs.keep, run_id=run_id, attempt=attempt, position=position, data=data)
        return self._writer.submit(keep)

    def publish(self: _Threads, publication: Publication) -> Deferred[None]:
        """See :meth:`IDeliveryStore.publish`."""
        return self._writer.submit(partial(deliveryreading.publish, publication=publication))

    def publications(self: _Threads) -> Deferred[Sequence[Publication]]:
        """See :meth:`IDeliveryStore.publications`."""
        return self._writer.submit(deliveryreading.all_published)

    def published_body(self: _Threads, publication: Publication) -> Deferred[bytes | None]:
        """See :meth:`IDeliveryStore.published_body`."""
        return self._reader.submit(partial(deliveryreading.published_body, publication=publication))
