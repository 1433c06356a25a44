"""The rules of deliveries in plain Python, nothing on disk.

Written to be read: nothing in it is indexed, everything is looked for.  What
each method means is said in :class:`~jqengine.interfaces.IDeliveryStore`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jqengine.delivery import (
    ClaimedDeliveries,
    Delivery,
    DeliveryEnd,
    Fingerprint,
    NewDelivery,
    Publication,
    Validators,
)
from jqengine.errors import NotPossible
from jqengine.job import Outcome, Owner, Result, Run
from jqengine.lifecycle import UNFINISHED_DELIVERIES, DeliveryEvent, DeliveryState, delivery_after

ResultOf = Callable[[str, int | None], tuple[Run, Result] | None]
"""Finds a run and the result of an attempt of it, or of its last with ``None``."""


@dataclass(slots=True)
class _Kept:
    delivery: Delivery
    owner: Owner | None = None
    lease_until: float = 0.0

    def move(self, event: DeliveryEvent, **changes: Any) -> None:
        state = delivery_after(self.delivery.state, event)
        assert state is not None, (self.delivery.state, event)
        self.delivery = self.delivery._replace(state=state, **changes)

    def held_by(self, owner: Owner) -> bool:
        return self.delivery.state is DeliveryState.DELIVERING and self.owner == owner


class MemoryDeliveries:
    """Every delivery and publication that a store remembers.

    :param result_of: where the results are.
    """

    def __init__(self, result_of: ResultOf) -> None:
        self._result_of = result_of
        self._kept: dict[str, _Kept] = {}
        self._latest: dict[str, tuple[str, Fingerprint]] = {}
        self._published: dict[str, Publication] = {}

    def record(self, outcome: Outcome) -> None:
        """Remember what an outcome brings about; it was accepted."""
        fingerprint = outcome.dispatch.fingerprint
        before, known = self._latest.get(outcome.job_id, (None, None))
        changed = fingerprint is not None and (known is None or fingerprint.differs(known))
        if fingerprint is not None:
            self._latest[outcome.job_id] = (outcome.run_id, fingerprint)
        for new in outcome.dispatch.deliveries:
            if changed or not new.if_changed:
                self._add(new, outcome, before if new.if_changed else None)

    def _add(self, new: NewDelivery, outcome: Outcome, before: str | None) -> None:
        first = outcome.job_id == outcome.run_id or not any(
            self._unfinished(outcome.job_id, new.sink)
        )
        self._kept[new.id] = _Kept(
            Delivery(
                id=new.id,
                run_id=outcome.run_id,
                attempt=outcome.attempt,
                job_id=outcome.job_id,
                sink=new.sink,
                lane=new.lane,
                state=DeliveryState.PENDING if first else DeliveryState.HELD,
                ready=outcome.result.finished,
                tries=0,
                removed=new.removed,
                before=before,
                reason="",
            )
        )

    def validators(self, job_id: str) -> Validators | None:
        """Those of the last success of a job that watches for changes."""
        latest = self._latest.get(job_id)
        return None if latest is None else latest[1].validators

    def needs(self, run_id: str, may_run_again: Callable[[str], bool]) -> bool:
        """Whether the result of a run must be kept however old it is.

        :param may_run_again: says so of a job.
        """
        open_runs = (one.run_id for one in self._all() if one.state in UNFINISHED_DELIVERIES)
        published = (one.run_id for one in self._published.values())
        latest = (one for job_id, (one, _) in self._latest.items() if may_run_again(job_id))
        return any(run_id in ids for ids in (open_runs, published, latest))

    def forget_job(self, job_id: str) -> None:
        """Forget what the results of a job are compared by; it is forgotten."""
        self._latest.pop(job_id, None)

    def forget(self, run_id: str) -> None:
        """Forget the deliveries of a run that is forgotten."""
        for one in [one for one in self._all() if one.run_id == run_id]:
            del self._kept[one.id]

    def lanes(self) -> Mapping[str, float]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.lanes`."""
        lanes: dict[str, float] = {}
        for one in self._pending():
            lanes[one.lane] = min(one.ready, lanes.get(one.lane, one.ready))
        return lanes

    def claim_deliveries(
        self, owner: Owner, lane: str, now: float, limit: int, lease: float
    ) -> ClaimedDeliveries:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.claim_deliveries`."""
        pending = sorted((one.ready, one.id) for one in self._pending() if one.lane == lane)
        ready = [self._kept[key] for instant, key in pending if instant <= now][:limit]
        for kept in ready:
            kept.move(DeliveryEvent.CLAIM, tries=kept.delivery.tries + 1)
            kept.owner, kept.lease_until = owner, now + lease
        later = [instant for instant, _ in pending[len(ready) :]]
        return ClaimedDeliveries(tuple(kept.delivery for kept in ready), min(later, default=None))

    def end_deliveries(self, owner: Owner, ends: Sequence[DeliveryEnd], now: float) -> None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.end_deliveries`."""
        for end in ends:
            kept = self._kept.get(end.id)
            if kept is None or not kept.held_by(owner):
                continue
            kept.move(_EVENT_TO[end.state], ready=end.ready, reason=end.reason)
            if end.state is not DeliveryState.PENDING:
                self._release(kept.delivery)

    def _release(self, ended: Delivery) -> None:
        unfinished = list(self._unfinished(ended.job_id, ended.sink))
        if unfinished and all(one.state is DeliveryState.HELD for one in unfinished):
            self._kept[unfinished[0].id].move(DeliveryEvent.RELEASE)

    def give_back_deliveries(self, owner: Owner, delivery_ids: Sequence[str]) -> None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.give_back_deliveries`."""
        for key in delivery_ids:
            kept = self._kept.get(key)
            if kept is not None and kept.held_by(owner):
                kept.move(DeliveryEvent.GIVE_BACK, tries=kept.delivery.tries - 1)

    def recover_deliveries(self, owner: Owner, now: float) -> int:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.recover_deliveries`."""
        lost = [kept for kept in self._kept.values() if _is_lost(kept, owner, now)]
        for kept in lost:
            kept.move(DeliveryEvent.GIVE_BACK, ready=now)
        return len(lost)

    def delivery_parts(self, delivery: Delivery) -> tuple[Run, Result, Result | None] | None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.delivery_parts`."""
        found = self._result_of(delivery.run_id, delivery.attempt)
        if found is None:
            return None
        before = self._result_of(delivery.before, None) if delivery.before else None
        return (*found, before[1] if before else None)

    def deliveries(self, run_id: str) -> Sequence[Delivery]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.deliveries`."""
        return sorted(one for one in self._all() if one.run_id == run_id)

    def dead_deliveries(self, after: str | None, limit: int) -> Sequence[Delivery]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.dead_deliveries`."""
        dead = sorted(one for one in self._all() if one.state is DeliveryState.DEAD)
        return [one for one in dead if after is None or one.id > after][:limit]

    def delivery_counts(self) -> Mapping[str, int]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.delivery_counts`."""
        states = (DeliveryState.PENDING, DeliveryState.DELIVERING, DeliveryState.DEAD)
        found = [one.state for one in self._all()]
        return {state.value: found.count(state) for state in states}

    def redrive(self, delivery_ids: Sequence[str], now: float) -> Sequence[str]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.redrive`."""
        dead = [self._kept[key] for key in delivery_ids if key in self._kept]
        dead = [kept for kept in dead if kept.delivery.state is DeliveryState.DEAD]
        for kept in dead:
            kept.move(DeliveryEvent.REDRIVE, ready=now, tries=0)
        return list(dict.fromkeys(kept.delivery.lane for kept in dead))

    def everything(self) -> Sequence[Delivery]:
        """Every delivery there is."""
        return list(self._all())

    def drop(self, delivery_id: str) -> bool:
        """See :meth:`~jqengine.interfaces.IOversight.drop_delivery`."""
        kept = self._kept.get(delivery_id)
        if kept is None:
            return False
        if kept.delivery.state is not DeliveryState.DEAD:
            state = kept.delivery.state
            raise NotPossible(f"the delivery is {state}; only a dead one can be dropped")
        del self._kept[delivery_id]
        return True

    def publish(self, publication: Publication) -> None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.publish`."""
        self._published[publication.path] = publication

    def publications(self) -> Sequence[Publication]:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.publications`."""
        return list(self._published.values())

    def published_body(self, publication: Publication) -> bytes | None:
        """See :meth:`~jqengine.interfaces.IDeliveryStore.published_body`."""
        found = self._result_of(publication.run_id, publication.attempt)
        return found[1].body if found else None

    def _all(self) -> Iterator[Delivery]:
        return (kept.delivery for kept in self._kept.values())

    def _pending(self) -> Iterator[Delivery]:
        return (one for one in self._all() if one.state is DeliveryState.PENDING)

    def _unfinished(self, job_id: str, sink: str) -> Iterator[Delivery]:
        for one in self._all():
            if (one.job_id, one.sink) == (job_id, sink) and one.state in UNFINISHED_DELIVERIES:
                yield one


_EVENT_TO = {
    DeliveryState.DELIVERED: DeliveryEvent.SUCCEED,
    DeliveryState.PENDING: DeliveryEvent.RETRY,
    DeliveryState.DEAD: DeliveryEvent.GIVE_UP,
}


def _is_lost(kept: _Kept, owner: Owner, now: float) -> bool:
    """Whether whoever tries it is gone: an earlier boot, or out of time."""
    if kept.delivery.state is not DeliveryState.DELIVERING or kept.owner is None:
        return False
    earlier = kept.owner.node == owner.node and kept.owner.boot != owner.boot
    return earlier or kept.lease_until <= now
