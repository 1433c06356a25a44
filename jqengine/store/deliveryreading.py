"""What is asked about deliveries and publications.  For the store's reader thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from jqengine.delivery import Delivery, Publication
from jqengine.job import Result, Run
from jqengine.lifecycle import DeliveryState
from jqengine.news import Topic
from jqengine.store.bodyfiles import whole
from jqengine.store.codec import headers_from, headers_text
from jqengine.store.delivering import DELIVERY_COLUMNS, delivery_from
from jqengine.store.deliverytables import dead, deliveries, pending, publications, under_way
from jqengine.store.hot import HotStatement
from jqengine.store.news import tell
from jqengine.store.reading import results
from jqengine.store.rows import RESULT_COLUMNS, RUN_COLUMNS, result_from, run_from
from jqengine.store.schema import runs
from jqengine.store.selecting import bodies_of
from jqengine.store.turns import take_turn

_BODY_ID = RUN_COLUMNS.index("body_id")
_RUN_AND_RESULT = HotStatement(
    select(*(runs.c[name] for name in (*RUN_COLUMNS, *RESULT_COLUMNS))).where(
        runs.c.id == bindparam("run_id")
    ),
    "run_id",
)


def parts(connection: Connection, delivery: Delivery) -> tuple[Run, Result, Result | None] | None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.delivery_parts`."""
    for row in _RUN_AND_RESULT.rows(connection, (delivery.run_id,)):
        run = run_from(row[: len(RUN_COLUMNS)], bodies_of(connection, [row[_BODY_ID]]))
        status, *_ = last = row[len(RUN_COLUMNS) :]
        # The row has the result of the last attempt; most have no other.
        is_last = run.attempt == delivery.attempt and status is not None
        result = (
            whole(connection, result_from(last))
            if is_last
            else _result(connection, run.id, delivery.attempt)
        )
        if result is not None:
            before = results(connection, delivery.before) if delivery.before else ()
            run = run._replace(attempt=delivery.attempt)
            return run, result, before[-1][1] if before else None
    return None


def run_with_result(
    connection: Connection, run_id: str, attempt: int | None
) -> tuple[Run, Result | None] | None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.run_with_result`."""
    for row in _RUN_AND_RESULT.rows(connection, (run_id,)):
        run = run_from(row[: len(RUN_COLUMNS)], bodies_of(connection, [row[_BODY_ID]]))
        found = dict(results(connection, run_id))
        wanted = max(found, default=0) if attempt is None else attempt
        return run, found.get(wanted)
    return None


def _result(connection: Connection, run_id: str, attempt: int) -> Result | None:
    return dict(results(connection, run_id)).get(attempt)


def of_run(connection: Connection, run_id: str) -> Sequence[Delivery]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.deliveries`."""
    return _found(connection, select(*DELIVERY_COLUMNS).where(deliveries.c.run_id == run_id))


def dead_letters(connection: Connection, after: str | None, limit: int) -> Sequence[Delivery]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.dead_deliveries`."""
    query = select(*DELIVERY_COLUMNS).where(dead).limit(limit)
    return _found(connection, query if after is None else query.where(deliveries.c.id > after))


def counts(connection: Connection) -> Mapping[str, int]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.delivery_counts`."""
    count = select(func.count()).select_from(deliveries)
    wanted = {
        DeliveryState.PENDING: pending,
        DeliveryState.DELIVERING: under_way,
        DeliveryState.DEAD: dead,
    }
    return {
        state.value: connection.scalar(count.where(where)) or 0 for state, where in wanted.items()
    }


def _found(connection: Connection, query: Select[tuple[object, ...]]) -> Sequence[Delivery]:
    rows = connection.execute(query.order_by(deliveries.c.id))
    return [delivery_from(tuple(row)) for row in rows]


_UNPUBLISH = HotStatement(
    delete(publications).where(publications.c.path == bindparam("old_path")), "old_path"
)
_PUBLISH = HotStatement(
    insert(publications).values({name: bindparam(name) for name in Publication._fields}),
    *Publication._fields,
)


def publish(connection: Connection, publication: Publication) -> None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.publish`.

    For the writer thread.
    """
    take_turn(connection)
    tell(connection, Topic.PUBLISHED)
    _UNPUBLISH.change(connection, (publication.path,))
    values = publication._asdict() | {"headers": headers_text(publication.headers)}
    _PUBLISH.change(connection, tuple(values.values()))


def all_published(connection: Connection) -> Sequence[Publication]:
    """See :meth:`jqengine.interfaces.IDeliveryStore.publications`."""
    rows = connection.execute(select(publications).order_by(publications.c.path))
    found = [Publication(*row) for row in rows]
    return [one._replace(headers=headers_from(str(one.headers))) for one in found]


def published_body(connection: Connection, publication: Publication) -> bytes | None:
    """See :meth:`jqengine.interfaces.IDeliveryStore.published_body`."""
    result = _result(connection, publication.run_id, publication.attempt)
    return None if result is None else result.body
