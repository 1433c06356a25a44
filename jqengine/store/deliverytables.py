"""The tables of deliveries, of what results are compared by, and of what is published.

``deliveries`` holds one row for each result and durable sink, for as long as
the run is kept.  A delivery of an anonymous one-time job has no ``job_id``: it
waits for no other.  ``fingerprints`` holds one row for each job that watches
for changes, of its last success; ``publications`` one for each path.  The runs
that these two name are not forgotten while the job may run again or the path
is served, nor are those with unfinished deliveries.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Table, Text, and_, exists, or_

from jqengine.lifecycle import UNFINISHED_DELIVERIES, DeliveryState, JobState
from jqengine.store.schema import Whole, jobs, metadata, partial_index, runs, text_of

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("job_id", Text),
    Column("sink", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ready", Double, nullable=False),
    Column("tries", Whole, nullable=False),
    Column("node", Text),
    Column("boot", Text),
    Column("lease_until", Double),
    Column("removed", Text),
    Column("before", Text),
    Column("reason", Text, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("etag", Text),
    Column("modified", Text),
    Column("digest", Text, nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("path", Text, primary_key=True),
    Column("job_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("headers", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", Whole, nullable=False),
    Column("size", Whole, nullable=False),
)

pending = deliveries.c.state == text_of(DeliveryState.PENDING)
under_way = deliveries.c.state == text_of(DeliveryState.DELIVERING)
dead = deliveries.c.state == text_of(DeliveryState.DEAD)
unfinished = deliveries.c.state.in_([text_of(state) for state in sorted(UNFINISHED_DELIVERIES)])
in_order = and_(deliveries.c.job_id.is_not(None), unfinished)

_OVER = [text_of(JobState.FINISHED), text_of(JobState.CANCELLED)]

needed = or_(
    exists().where(deliveries.c.run_id == runs.c.id, unfinished),
    exists().where(
        fingerprints.c.run_id == runs.c.id,
        jobs.c.id == fingerprints.c.job_id,
        jobs.c.state.not_in(_OVER),
    ),
    exists().where(publications.c.run_id == runs.c.id),
)
"""Whether a run must not be forgotten, however old it is."""

Index("deliveries_run", deliveries.c.run_id)
partial_index("deliveries_pending", deliveries.c.lane, deliveries.c.ready, where=pending)
partial_index("deliveries_under_way", deliveries.c.lease_until, where=under_way)
partial_index("deliveries_dead", deliveries.c.id, where=dead)
partial_index(
    "deliveries_in_order", deliveries.c.job_id, deliveries.c.sink, deliveries.c.id, where=in_order
)
Index("fingerprints_run", fingerprints.c.run_id)
Index("publications_run", publications.c.run_id)
