"""Saved requests in the store: kept, given to jobs and to links, forgotten.

For the store's threads, within a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from jqengine.continuation import FORMER_SESSION, MOST_OF_SESSION, Continuation
from jqengine.job import Job, Request
from jqengine.queries import Page
from jqengine.store.ballast import require_room
from jqengine.store.codec import LONGEST_INLINE_BODY, body_id, headers_from, headers_text
from jqengine.store.continuationrules import (
    Kept,
    awaited_by,
    belongs_to,
    cursor_of,
    is_at,
    place_of,
    used_up,
    with_requests,
)
from jqengine.store.continuationtables import continuations
from jqengine.store.rows import Bodies
from jqengine.store.schema import jobs, runs
from jqengine.store.selecting import bodies_of, forget_bodies, keep_contents, select_in, slices
from jqengine.store.turns import take_turn

_NO_BODY: dict[str, ColumnElement[Any]] = {
    "body": literal(b"").label("body"),
    "body_id": null().label("body_id"),
}
_WITHOUT_BODY = select(*(_NO_BODY.get(column.name, column) for column in continuations.columns))


def keep(connection: Connection, continuation: Continuation) -> Continuation:
    """See :meth:`jqengine.interfaces.IContinuationStore.keep_continuation`."""
    take_turn(connection)
    require_room(connection)
    known = _kept(connection, [continuation.id]).get(continuation.id)
    if known is not None:
        return known
    body = continuation.request.body
    apart = body_id(body) if len(body) > LONGEST_INLINE_BODY else None
    if apart is not None:
        keep_contents(connection, {apart: body})
    connection.execute(insert(continuations).values(_values(continuation, apart)))
    if continuation.session is not None:
        _make_room(connection, continuation.session)
    return continuation


def one(connection: Connection, continuation_id: str) -> Continuation | None:
    """See :meth:`jqengine.interfaces.IContinuationStore.continuation`."""
    row = connection.execute(
        _WITHOUT_BODY.where(continuations.c.id == continuation_id)
    ).one_or_none()
    return None if row is None else _continuation_from(row, {})


def resume(
    connection: Connection,
    continuation_id: str,
    session: str | None,
    paths: Collection[str],
    now: float,
) -> Continuation | None:
    """See :meth:`jqengine.interfaces.IContinuationStore.resume_continuation`."""
    take_turn(connection)
    row = connection.execute(_locked([continuation_id])).one_or_none()
    if row is None or not _is_resumed_by(row, session, paths, now):
        return None
    resumed = _continuation_from(row, bodies_of(connection, [row.body_id]))
    if not row.reusable:
        forget(connection, [continuation_id])
    return resumed


def can_be_resumed(
    connection: Connection,
    continuation_id: str,
    session: str | None,
    paths: Collection[str],
    now: float,
) -> bool:
    """Whether :func:`resume` would give something."""
    query = _WITHOUT_BODY.where(continuations.c.id == continuation_id)
    row = connection.execute(query).one_or_none()
    return row is not None and _is_resumed_by(row, session, paths, now)


def _is_resumed_by(row: Row[Any], session: str | None, paths: Collection[str], now: float) -> bool:
    former = row.former if row.former is not None and row.former_until > now else None
    mine = belongs_to(session, row.session, former)
    return mine and row.expires > now and is_at(row.target, paths)


def is_followed(connection: Connection, before: str) -> bool:
    """Whether there may be a continuation of the session *before*."""
    mine = or_(continuations.c.session == before, continuations.c.former == before)
    return bool(connection.scalar(select(exists().where(mine))))


def follow(
    connection: Connection, before: str | None, after: str, made: Sequence[str], now: float
) -> int:
    """See :meth:`jqengine.interfaces.IContinuationStore.follow_session`."""
    take_turn(connection)
    moved = 0
    if before is not None:
        is_current = continuations.c.session == before
        is_former = and_(continuations.c.former == before, continuations.c.former_until > now)
        moved = connection.execute(
            update(continuations)
            .where(or_(is_current, is_former))
            .values(
                session=after,
                former=before,
                # Not later for one that is former already, or it would never end.
                former_until=case(
                    (is_current, now + FORMER_SESSION), else_=continuations.c.former_until
                ),
            )
        ).rowcount
    for some in slices(made):
        mine = and_(continuations.c.id.in_(some), continuations.c.session.is_(None))
        moved += connection.execute(
            update(continuations).where(mine).values(session=after)
        ).rowcount
    return moved


def find(connection: Connection, after: str | None, limit: int) -> Page[Continuation]:
    """See :meth:`jqengine.interfaces.IContinuationStore.find_continuations`."""
    created, key = continuations.c.created, continuations.c.id
    query = _WITHOUT_BODY.order_by(created.desc(), key.desc()).limit(limit + 1)
    if after is not None:
        instant, last = place_of(after)
        query = query.where(created <= instant, or_(created < instant, key < last))
    found = [_continuation_from(row, {}) for row in connection.execute(query)]
    if len(found) > limit:
        return Page(found[:limit], cursor_of(found[limit - 1]))
    return Page(found, None)


def drop(connection: Connection, continuation_id: str) -> bool:
    """See :meth:`jqengine.interfaces.IContinuationStore.drop_continuation`."""
    take_turn(connection)
    return bool(forget(connection, [continuation_id]))


def clear(connection: Connection, session: str | None) -> int:
    """See :meth:`jqengine.interfaces.IContinuationStore.clear_continuations`."""
    take_turn(connection)
    query = select(continuations.c.id)
    if session is not None:
        query = query.where(continuations.c.session == session)
    return forget(connection, connection.scalars(query).all())


def sweep(connection: Connection, now: float, limit: int) -> int:
    """See :meth:`jqengine.interfaces.IContinuationStore.sweep_continuations`."""
    take_turn(connection)
    old = select(continuations.c.id).where(continuations.c.expires <= now).limit(limit)
    return forget(connection, connection.scalars(old).all())


def forget(connection: Connection, ids: Iterable[str]) -> int:
    """Forget continuations, and bodies that nothing else has; how many there were."""
    gone, unused = 0, set[str | None]()
    for some in slices(ids):
        these = continuations.c.id.in_(some)
        unused.update(connection.scalars(select(continuations.c.body_id).where(these)))
        gone += connection.execute(delete(continuations).where(these)).rowcount
    forget_bodies(connection, unused)
    return gone


def put_requests(connection: Connection, new: Sequence[Job]) -> tuple[Sequence[Job], Kept]:
    """*new*, those that wait for a saved request with it; and the continuations asked for.

    :raises NoSuchContinuation, NotPossible: see :meth:`jqengine.interfaces.IStore.add`.
    """
    waiting = [job for job in new if awaited_by(job) is not None]
    if not waiting:
        return new, {}
    kept = _kept(connection, {awaited_by(job) or "" for job in waiting})
    return with_requests(new, kept, _accepted_before(connection, waiting)), kept


def use_up(
    connection: Connection, ready: Sequence[Job], answers: Sequence[Job], kept: Kept
) -> None:
    """Forget what the jobs *ready*, now that they have *answers*, have used."""
    if kept:
        forget(connection, used_up(ready, answers, kept))


def _accepted_before(connection: Connection, waiting: Sequence[Job]) -> frozenset[str]:
    """The ids of those of *waiting* that came before."""
    ids = {job.id for job in waiting}
    identities = {job.definition.identity for job in waiting} - {None}
    known = {row.id for row in select_in(connection, select(runs.c.id), runs.c.id, ids)}
    of_job = select(jobs.c.id, jobs.c.accepted_as)
    for column, values in ((jobs.c.id, ids), (jobs.c.identity, identities)):
        for row in select_in(connection, of_job, column, values):
            known |= {row.id, row.accepted_as}
    return frozenset(ids & known)


def _make_room(connection: Connection, session: str) -> None:
    """Forget the oldest continuations of a session that has too many."""
    oldest = (
        select(continuations.c.id)
        .where(continuations.c.session == session)
        .order_by(continuations.c.created.desc())
        .offset(MOST_OF_SESSION)
    )
    forget(connection, connection.scalars(oldest).all())


def _locked(ids: Sequence[str]) -> Select[Any]:
    return select(continuations).where(continuations.c.id.in_(ids)).with_for_update()


def _kept(connection: Connection, ids: Iterable[str]) -> dict[str, Continuation]:
    rows = [row for some in slices(ids) for row in connection.execute(_locked(some))]
    contents = bodies_of(connection, (row.body_id for row in rows))
    return {row.id: _continuation_from(row, contents) for row in rows}


def _values(continuation: Continuation, apart: str | None) -> dict[str, Any]:
    request = continuation.request
    return {
        "id": continuation.id,
        "method": request.method,
        "target": request.target,
        "protocol": request.protocol,
        "headers": headers_text(request.headers),
        "body": request.body if apart is None else b"",
        "body_id": apart,
        "user": request.user,
        "state": continuation.state,
        "session": continuation.session,
        "reusable": continuation.reusable,
        "created": continuation.created,
        "expires": continuation.expires,
    }


def _continuation_from(row: Row[Any], contents: Bodies) -> Continuation:
    return Continuation(
        id=row.id,
        request=Request(
            method=row.method,
            target=row.target,
            headers=headers_from(row.headers),
            body=contents[row.body_id] if row.body_id else row.body,
            user=row.user,
            protocol=row.protocol,
        ),
        state=row.state,
        session=row.session,
        reusable=row.reusable,
        created=row.created,
        expires=row.expires,
    )
