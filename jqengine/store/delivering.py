"""Claims of deliveries, and how their tries ended.

For the store's writer thread, within its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    update,
)

from jqengine.delivery import ClaimedDeliveries, Delivery, DeliveryEnd
from jqengine.job import Owner
from jqengine.lifecycle import DeliveryState
from jqengine.store.constructs import LeaseClock
from jqengine.store.deliverytables import dead, deliveries, in_order, pending, under_way
from jqengine.store.hot import HotStatement
from jqengine.store.rows import Row, storable
from jqengine.store.schema import text_of
from jqengine.store.selecting import select_in, slices
from jqengine.store.turns import take_turn

DELIVERY_COLUMNS = (
    deliveries.c.id,
    deliveries.c.run_id,
    deliveries.c.attempt,
    func.coalesce(deliveries.c.job_id, deliveries.c.run_id),
    deliveries.c.sink,
    deliveries.c.lane,
    deliveries.c.state,
    deliveries.c.ready,
    deliveries.c.tries,
    deliveries.c.removed,
    deliveries.c.before,
    deliveries.c.reason,
)

_CLAIM = HotStatement(
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(
                pending,
                deliveries.c.lane == bindparam("in_lane"),
                deliveries.c.ready <= bindparam("now"),
            )
            .order_by(deliveries.c.ready)
            .limit(bindparam("most"))
            .offset(literal_column("0"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        state=text_of(DeliveryState.DELIVERING),
        tries=deliveries.c.tries + literal_column("1"),
        node=bindparam("owner_node"),
        boot=bindparam("owner_boot"),
        lease_until=LeaseClock(bindparam("at")) + bindparam("lease"),
    )
    .returning(*DELIVERY_COLUMNS),
    *("owner_node", "owner_boot", "at", "lease", "in_lane", "now", "most"),
)

_NEXT_READY = HotStatement(
    select(func.min(deliveries.c.ready)).where(pending, deliveries.c.lane == bindparam("in_lane")),
    "in_lane",
)


def _all_lanes() -> HotStatement:
    """The lanes with pending deliveries, each with its earliest ready instant.

    The index is not read through but stepped along, from one lane to the next,
    so a million deliveries in one lane cost as much as one.
    """
    first = select(func.min(deliveries.c.lane).label("lane")).where(pending)
    lane = first.cte("lanes", recursive=True)
    above = first.where(deliveries.c.lane > lane.c.lane).scalar_subquery()
    lane = lane.union_all(select(above).where(lane.c.lane.is_not(None)))
    earliest = (
        select(func.min(deliveries.c.ready))
        .where(pending, deliveries.c.lane == lane.c.lane)
        .scalar_subquery()
    )
    return HotStatement(select(lane.c.lane, earliest).where(lane.c.lane.is_not(None)))


_LANES = _all_lanes()

_FENCE = ("delivery_id", "owner_node", "owner_boot")
_held = (
    deliveries.c.id == bindparam("delivery_id"),
    under_way,
    deliveries.c.node == bindparam("owner_node"),
    deliveries.c.boot == bindparam("owner_boot"),
)
_NOBODY = {"node": null(), "boot": null(), "lease_until": null()}

_END = HotStatement(
    update(deliveries)
    .where(*_held)
    .values(
        state=bindparam("new_state"),
        ready=bindparam("new_ready"),
        reason=bindparam("new_reason"),
        **_NOBODY,
    )
    .returning(deliveries.c.job_id, deliveries.c.sink),
    *("new_state", "new_ready", "new_reason", *_FENCE),
)

_GIVE_BACK = HotStatement(
    update(deliveries)
    .where(*_held)
    .values(
        state=text_of(DeliveryState.PENDING),
        tries=deliveries.c.tries - literal_column("1"),
        **_NOBODY,
    ),
    *_FENCE,
)

_oldest_unfinished = (
    select(func.min(deliveries.c.id))
    .where(
        in_order,
        deliveries.c.job_id == bindparam("of_job"),
        deliveries.c.sink == bindparam("of_sink"),
    )
    .scalar_subquery()
)
_RELEASE = HotStatement(
    update(deliveries)
    .where(
        deliveries.c.id == _oldest_unfinished,
        deliveries.c.state == text_of(DeliveryState.HELD),
    )
    .values(state=text_of(DeliveryState.PENDING)),
    *("of_job", "of_sink"),
)


def claim(
    connection: Connection, owner: Owner, lane: str, now: float, limit: int, lease: float
) -> ClaimedDeliveries:
    """See :meth:`jqengine.interfaces.IDeliveryStore.claim_deliveries`."""
    values = (owner.node, owner.boot, now, lease, lane, now, limit)
    claimed = sorted(map(delivery_from, _CLAIM.rows(connection, values)), key=_ready_and_id)
    ((next_ready,),) = _NEXT_READY.rows(connection, (lane,))
    return ClaimedDeliveries(tuple(claimed), next_ready)


def delivery_from(row: Row) -> Delivery:
    """The delivery that *row*, the columns :data:`DELIVERY_COLUMNS`, says."""
    delivery = Delivery(*row)
    return delivery._replace(state=DeliveryState(delivery.state))


def _ready_and_id(delivery: Delivery) -> tuple[float, str]:
    return delivery.ready, delivery.id


def end(connection: Connection, owner: Owner, ends: Sequence[DeliveryEnd]) -> None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.end_deliveries`."""
    take_turn(connection)
    for one in ends:
        values = (one.state.value, one.ready, storable(one.reason), one.id, owner.node, owner.boot)
        for job_id, sink in _END.rows(connection, values):
            if one.state is not DeliveryState.PENDING and job_id is not None:
                _RELEASE.change(connection, (job_id, sink))


def give_back(connection: Connection, owner: Owner, delivery_ids: Sequence[str]) -> None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.give_back_deliveries`."""
    _GIVE_BACK.change_each(connection, [(one, owner.node, owner.boot) for one in delivery_ids])


def recover(connection: Connection, owner: Owner, now: float) -> int:
    """See :meth:`jqengine.interfaces.IDeliveryStore.recover_deliveries`."""
    earlier_boot = and_(deliveries.c.node == owner.node, deliveries.c.boot != owner.boot)
    lost = connection.execute(
        update(deliveries)
        .where(under_way, or_(earlier_boot, deliveries.c.lease_until <= LeaseClock(literal(now))))
        .values(state=text_of(DeliveryState.PENDING), ready=now, **_NOBODY)
    )
    return lost.rowcount


def redrive(connection: Connection, delivery_ids: Sequence[str], now: float) -> Sequence[str]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.redrive`."""
    take_turn(connection)
    query = select(deliveries.c.lane).where(dead)
    lanes = [row.lane for row in select_in(connection, query, deliveries.c.id, delivery_ids)]
    for some in slices(delivery_ids):
        connection.execute(
            update(deliveries)
            .where(dead, deliveries.c.id.in_(some))
            .values(state=text_of(DeliveryState.PENDING), ready=now, tries=0)
        )
    return list(dict.fromkeys(lanes))


def lanes(connection: Connection) -> Mapping[str, float]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.lanes`."""
    return {lane: ready for lane, ready in _LANES.rows(connection)}  # noqa: C416 - rows are loose
