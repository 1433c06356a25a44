"""Writing what the end of a run brings about: deliveries and fingerprints.

For the store's writer thread, within the transaction of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, case, delete, exists, insert, select

from jqengine.delivery import Fingerprint, Validators
from jqengine.job import Outcome, Run
from jqengine.lifecycle import DeliveryState
from jqengine.sinkurl import watches
from jqengine.store.blocks import insert_in_blocks
from jqengine.store.deliverytables import deliveries, fingerprints, in_order
from jqengine.store.hot import HotStatement
from jqengine.store.rows import Row
from jqengine.store.schema import text_of
from jqengine.store.selecting import select_in

_COLUMNS = (
    "id",
    "run_id",
    "attempt",
    "job_id",
    "sink",
    "lane",
    "state",
    "ready",
    "tries",
    "removed",
    "before",
    "reason",
)

_INSERT = insert_in_blocks(insert(deliveries), _COLUMNS)
"""Of anonymous one-time jobs, whose deliveries wait for no other."""

_has_one_before = exists().where(
    in_order,
    deliveries.c.job_id == bindparam("same_job"),
    deliveries.c.sink == bindparam("same_sink"),
)
_QUEUE = HotStatement(
    insert(deliveries).values(
        {name: bindparam(name) for name in _COLUMNS}
        | {
            "state": case(
                (_has_one_before, text_of(DeliveryState.HELD)),
                else_=text_of(DeliveryState.PENDING),
            )
        }
    ),
    *("id", "run_id", "attempt", "job_id", "sink", "lane", "same_job", "same_sink"),
    *("ready", "tries", "removed", "before", "reason"),
)
"""Of jobs, behind the one of the same job and sink that is not finished."""

_PENDING = DeliveryState.PENDING.value


def dispatch(connection: Connection, outcomes: Iterable[Outcome]) -> None:
    """Write what accepted *outcomes* say beside the ends of their runs."""
    alone: list[Row] = []
    queued: list[Row] = []
    for outcome in outcomes:
        if outcome.dispatch.fingerprint is not None or outcome.dispatch.deliveries:
            _sort(outcome, _before_change(connection, outcome), alone, queued)
    _INSERT.change(connection, alone)
    _QUEUE.change_each(connection, queued)


def _sort(
    outcome: Outcome, change: tuple[bool, str | None], alone: list[Row], queued: list[Row]
) -> None:
    """Make rows of the deliveries of *outcome*, in the list they belong to."""
    changed, before = change
    run_id, job_id = outcome.run_id, outcome.job_id
    for new in outcome.dispatch.deliveries:
        if new.if_changed and not changed:
            continue
        head = (new.id, run_id, outcome.attempt)
        rest = (outcome.result.finished, 0, new.removed, before if new.if_changed else None, "")
        if job_id == run_id:
            alone.append((*head, None, new.sink, new.lane, _PENDING, *rest))
        else:
            queued.append((*head, job_id, new.sink, new.lane, job_id, new.sink, *rest))


def _before_change(connection: Connection, outcome: Outcome) -> tuple[bool, str | None]:
    """Whether a success differs from the one before it, and that one's run.

    Its fingerprint takes the place of the other's.
    """
    fingerprint = outcome.dispatch.fingerprint
    if fingerprint is None:
        return False, None
    of_job = fingerprints.c.job_id == outcome.job_id
    row = connection.execute(select(fingerprints).where(of_job)).one_or_none()
    connection.execute(delete(fingerprints).where(of_job))
    connection.execute(
        insert(fingerprints).values(
            job_id=outcome.job_id,
            run_id=outcome.run_id,
            etag=fingerprint.validators.etag,
            modified=fingerprint.validators.modified,
            digest=fingerprint.digest,
        )
    )
    if row is None:
        return True, None
    known = Fingerprint(Validators(row.etag, row.modified), row.digest)
    return fingerprint.differs(known), row.run_id


def with_validators(connection: Connection, runs: Sequence[Run]) -> Sequence[Run]:
    """*runs*, those of jobs that watch for changes with what they are to ask about."""
    watching = {run.job_id for run in runs if run.job_id != run.id and watches(run.sinks)}
    if not watching:
        return runs
    rows = select_in(connection, select(fingerprints), fingerprints.c.job_id, watching)
    known = {row.job_id: Validators(row.etag, row.modified) for row in rows}
    return [
        run._replace(validators=known[run.job_id]) if run.job_id in watching & known.keys() else run
        for run in runs
    ]


def forget_fingerprints(connection: Connection, job_ids: Iterable[str]) -> None:
    """Forget what the results of jobs were compared by; the jobs are forgotten."""
    for job_id in job_ids:
        connection.execute(delete(fingerprints).where(fingerprints.c.job_id == job_id))
