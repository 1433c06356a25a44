"""What people look at closely, and put right.

Questions are for the store's reader thread, changes for its writer thread,
within its transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from jqengine.delivery import Delivery
from jqengine.errors import NoSuchJob, NotPossible
from jqengine.job import Definition, Job, Request, Run
from jqengine.lifecycle import DeliveryState, RunState
from jqengine.news import Topic
from jqengine.queries import Amended, DeliveryFilter, Page, RunAccount, SinkState
from jqengine.sinkurl import label_of
from jqengine.store.amending import amended_anonymous, amended_job
from jqengine.store.codec import (
    LONGEST_INLINE_BODY,
    body_id,
    continued_text,
    headers_text,
    schedule_text,
)
from jqengine.store.control import (
    anonymous_row,
    check_key,
    free_due_time,
    job_row,
    look_at_group_of,
    new_run,
    run_in,
    run_row,
)
from jqengine.store.delivering import DELIVERY_COLUMNS, delivery_from
from jqengine.store.deliverytables import dead, deliveries, in_order, pending, under_way
from jqengine.store.groups import note_limits
from jqengine.store.news import tell
from jqengine.store.paging import between, floor_of_ids, one_of, page_of
from jqengine.store.rows import (
    REQUEST_COLUMNS,
    Texts,
    anonymous_job_from,
    body_id_of,
    job_values,
    request_values,
)
from jqengine.store.runlisting import REPORT_COLUMNS, report_from
from jqengine.store.schema import bodies, jobs, runs
from jqengine.store.selecting import (
    bodies_of,
    forget_bodies,
    jobs_from,
    keep_bodies,
    keep_contents,
)
from jqengine.store.steps import check_run_now
from jqengine.store.turns import take_turn

MOST_COUNTED = 10_000
"""Deliveries of each state that are looked at to say what is under way."""

_DEAD = frozenset({DeliveryState.DEAD})

_ACCOUNT = select(
    *REPORT_COLUMNS,
    runs.c.node,
    runs.c.boot,
    runs.c.lease_until,
    func.coalesce(func.length(bodies.c.content), func.length(runs.c.body)),
).join_from(runs, bodies, runs.c.body_id == bodies.c.id, isouter=True)


def run_account(connection: Connection, run_id: str) -> RunAccount | None:
    """See :meth:`jqengine.interfaces.IOversight.run_account`."""
    row = connection.execute(_ACCOUNT.where(runs.c.id == run_id)).one_or_none()
    if row is None:
        return None
    *report, node, boot, lease_until, size = tuple(row)
    return RunAccount(report_from(report), size, node, boot, lease_until)


def request_body(connection: Connection, key: str, offset: int, size: int) -> tuple[bytes, int]:
    """See :meth:`jqengine.interfaces.IOversight.request_body`."""
    for table in (runs, jobs):
        content = func.coalesce(bodies.c.content, table.c.body)
        part = func.substr(content, offset + 1, size)
        found = connection.execute(
            select(part, func.length(content))
            .join_from(table, bodies, table.c.body_id == bodies.c.id, isouter=True)
            .where(table.c.id == key)
        ).one_or_none()
        if found is not None:
            return bytes(found[0] or b""), found[1]  # SQLite has NULL for no bytes
    raise NoSuchJob(f"no run and no job has the id {key}")


def find_deliveries(
    connection: Connection, wanted: DeliveryFilter, after: str | None, limit: int
) -> Page[Delivery]:
    """See :meth:`jqengine.interfaces.IOversight.find_deliveries`."""
    floor = None
    query = select(*DELIVERY_COLUMNS)
    if wanted.run_id is not None:
        query = query.where(deliveries.c.run_id == wanted.run_id)
    elif wanted.states == _DEAD:
        query = query.where(dead)
    else:
        floor = floor_of_ids(connection, deliveries, after)
    if wanted.job_id is not None:
        # One of an anonymous one-time job says the run alone.
        of_job = (deliveries.c.job_id == wanted.job_id, deliveries.c.run_id == wanted.job_id)
        query = query.where(or_(*of_job))
    if wanted.states is not None:
        query = query.where(one_of(deliveries.c.state, wanted.states))
    query = query.where(*between(deliveries.c.id, floor, after))
    if wanted.sink is not None:
        query = query.where(deliveries.c.sink.in_(_sinks_shown_as(connection, query, wanted.sink)))
    query = query.order_by(deliveries.c.id.desc()).limit(limit + 1)
    found = [delivery_from(tuple(row)) for row in connection.execute(query)]
    return page_of(found, limit, floor, lambda one: one.id)


def _sinks_shown_as(connection: Connection, query: Select[Any], sink: str) -> Sequence[str]:
    """The URLs in what *query* finds that are *sink*, or are shown as it."""
    among = query.with_only_columns(deliveries.c.sink).distinct()
    return [one for one in connection.scalars(among) if sink in (one, label_of(one))]


def drop_delivery(connection: Connection, delivery_id: str) -> bool:
    """See :meth:`jqengine.interfaces.IOversight.drop_delivery`."""
    take_turn(connection)
    state = connection.scalar(select(deliveries.c.state).where(deliveries.c.id == delivery_id))
    if state is None:
        return False
    if state != DeliveryState.DEAD.value:
        raise NotPossible(f"the delivery is {state}; only a dead one can be dropped")
    connection.execute(delete(deliveries).where(deliveries.c.id == delivery_id))
    return True


def sink_states(connection: Connection) -> Sequence[SinkState]:
    """See :meth:`jqengine.interfaces.IOversight.sink_states`."""
    counts: Counter[tuple[str, str]] = Counter()
    reasons: dict[str, tuple[str, str]] = {}
    columns = (deliveries.c.id, deliveries.c.sink, deliveries.c.state, deliveries.c.reason)
    held = one_of(deliveries.c.state, [DeliveryState.HELD])
    for conditions in ((pending,), (under_way,), (dead,), (in_order, held)):
        query = select(*columns).where(*conditions).limit(MOST_COUNTED)
        for key, sink, state, reason in connection.execute(query):
            label = label_of(sink)
            counts[label, state] += 1
            if reason:
                reasons[label] = max(reasons.get(label, ("", "")), (key, reason))
    return as_states(counts, {label: reason for label, (_, reason) in reasons.items()})


def as_states(counts: Counter[tuple[str, str]], reasons: dict[str, str]) -> Sequence[SinkState]:
    """One state for each sink in *counts*, which are by label and state of deliveries."""
    return [
        SinkState(
            sink=label,
            pending=counts[label, DeliveryState.PENDING] + counts[label, DeliveryState.DELIVERING],
            held=counts[label, DeliveryState.HELD],
            dead=counts[label, DeliveryState.DEAD],
            reason=reasons.get(label, ""),
        )
        for label in sorted({label for label, _ in counts})
    ]


def amend(
    connection: Connection, job_id: str, seen: Definition, amended: Amended, now: float
) -> Job:
    """See :meth:`jqengine.interfaces.IOversight.amend`."""
    take_turn(connection)
    tell(connection, Topic.READY)
    row = job_row(connection, job_id)
    if row is None:
        return _amend_anonymous(connection, job_id, seen, amended)
    [job] = jobs_from(connection, [row])
    after = amended_job(job, seen, amended)
    check_key(connection, job, after)
    keep_bodies(connection, [after])
    values = job_values(after, row.accepted_as)
    values["exhausted"] = row.exhausted and amended.time is None
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
    note_limits(connection, [after.definition.policy])
    forget_bodies(connection, {body_id_of(job)} - {body_id_of(after)})
    return after


def _amend_anonymous(
    connection: Connection, job_id: str, seen: Definition, amended: Amended
) -> Job:
    row = anonymous_row(connection, job_id)
    job = anonymous_job_from(row, bodies_of(connection, [row.body_id]))
    after = amended_anonymous(job, RunState(row.state), seen, amended)
    keep_bodies(connection, [after])
    definition = after.definition
    values = dict(zip(REQUEST_COLUMNS, request_values(definition, Texts()), strict=True))
    if amended.time is not None:
        values |= {"due": after.due, "ready": after.due, "created": after.created}
    connection.execute(
        update(runs)
        .where(runs.c.id == job_id)
        .values(
            **values,
            schedule=schedule_text(definition.schedule),
            continuation=continued_text(definition.request.continuation),
            group_name=definition.policy.group,
        )
    )
    note_limits(connection, [definition.policy])
    forget_bodies(connection, {body_id_of(job)} - {body_id_of(after)})
    return after


def run_changed(
    connection: Connection, job_id: str, run_id: str, request: Request, now: float
) -> Run:
    """See :meth:`jqengine.interfaces.IOversight.run_changed`."""
    take_turn(connection)
    tell(connection, Topic.READY)
    known = run_row(connection, run_id)
    if known is not None:
        return run_in(connection, known)
    row = job_row(connection, job_id)
    if row is None:
        raise NoSuchJob(f"there is no job {job_id}")
    [job] = jobs_from(connection, [row])
    check_run_now(job)
    values = new_run(row, run_id, free_due_time(connection, job_id, now), now)
    connection.execute(insert(runs).values({**values, **_request_values(connection, request)}))
    look_at_group_of(connection, row)
    made = run_row(connection, run_id)
    assert made is not None
    return run_in(connection, made)


def _request_values(connection: Connection, request: Request) -> dict[str, Any]:
    """The columns of a run that *request* decides; its body is kept where it is a long one."""
    body = request.body
    apart = body_id(body) if len(body) > LONGEST_INLINE_BODY else None
    if apart is not None:
        keep_contents(connection, {apart: body})
    return {
        "method": request.method,
        "target": request.target,
        "protocol": request.protocol,
        "headers": headers_text(request.headers),
        "body": b"" if apart else body,
        "body_id": apart,
        "user": request.user,
        "continuation": continued_text(request.continuation),
    }
