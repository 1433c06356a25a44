"""The tables, and the indexes that keep every question flat.

``jobs`` holds jobs that have an identity or a key.  ``runs`` holds one row
for each due time that came; an anonymous one-time job is nothing but such a
row, with no ``job_id``.  A run carries the result of its last attempt;
``attempts`` has rows only for earlier ones, so the ordinary way through the
queue costs one row.  ``groups`` has the limits that runs of one group share; of
a run without a group nothing is looked for there.  A request body too long to be
written again with every change of its row lies in ``bodies``, under the hash of
what it is.

Instants are seconds since the epoch, UTC.  ``runs.finished`` is set when a run
ends in whatever way, so ``finished IS NULL`` says that it has not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    literal_column,
)

from jqengine.lifecycle import JobState, RunState
from jqengine.store.decisions import CRONTAB

REVISION = "0007"
"""The newest migration; :mod:`.migrations` ends there."""

REVISION_TABLE = "jobqueue_revision"
"""Where it is noted.  Not Alembic's own name for it, which the hosted
application's migrations may use in the same database."""

metadata = MetaData()


Whole = Integer().with_variant(BigInteger(), "postgresql")
"""A whole number of up to 64 bits, which for SQLite every one is."""


def text_of(state: StrEnum) -> ColumnElement[str]:
    """*state* as a literal in the SQL text.

    A database matches a query with a partial index by its text, so a state
    handed over as a parameter would cost the index.
    """
    return literal_column(f"'{state.value}'")


bodies = Table(
    "bodies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


def _request_columns() -> list[Column[Any]]:
    return [
        Column("method", Text, nullable=False),
        Column("target", Text, nullable=False),
        Column("protocol", Text, nullable=False),
        Column("headers", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("body_id", Text, ForeignKey("bodies.id")),
        Column("user", Text),
        Column("policy", Text, nullable=False),
        Column("priority", Whole, nullable=False),
        Column("key", Text),
        Column("sinks", Text, nullable=False),
    ]


jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    # The id that the definition came with, should it come again.
    Column("accepted_as", Text, nullable=False),
    Column("identity", Text),
    Column("name", Text),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("anchor", Double),
    Column("due", Double),
    Column("exhausted", Boolean, nullable=False),
    Column("fired", Whole, nullable=False),
    Column("previous_status", Whole),
    Column("reason", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    *_request_columns(),
    Column("continuation", Text),
    Column("group_name", Text),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job_id", Text),
    Column("state", Text, nullable=False),
    Column("due", Double, nullable=False),
    Column("ready", Double, nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("node", Text),
    Column("boot", Text),
    Column("lease_until", Double),
    Column("created", Double, nullable=False),
    Column("name", Text),
    Column("origin", Text, nullable=False),
    Column("schedule", Text),
    Column("previous_status", Whole),
    *_request_columns(),
    Column("status", Whole),
    Column("reason", Text),
    Column("response_headers", Text),
    Column("response_body", LargeBinary),
    Column("truncated", Boolean),
    Column("started", Double),
    Column("finished", Double),
    Column("continuation", Text),
    Column("group_name", Text),
)

groups = Table(
    "groups",
    metadata,
    # That of no name says whether everything is paused.
    Column("name", Text, primary_key=True),
    Column("concurrency", Whole),
    Column("rate", Whole),
    Column("per", Double),
    Column("tokens", Double, nullable=False),
    Column("refilled", Double, nullable=False),
    Column("paused", Boolean, nullable=False),
    # Before this instant none of its runs can be claimed, whatever happens by
    # itself; none at all without one.
    Column("opens", Double),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Whole, primary_key=True),
    Column("node", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("status", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column("response_headers", Text, nullable=False),
    Column("response_body", LargeBinary, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("started", Double, nullable=False),
    Column("finished", Double, nullable=False),
)


def partial_index(
    name: str,
    *columns: Column[Any],
    where: ColumnElement[bool],
    unique: bool = False,
) -> Index:
    """An index of the rows *where* something holds.

    What PostgreSQL indexes is said in the migrations alone: to name it here
    would cost every start the import of its dialect.
    """
    return Index(name, *columns, unique=unique, sqlite_where=where)


job_scheduled = jobs.c.state == text_of(JobState.SCHEDULED)
job_unfinished = jobs.c.state.in_([text_of(JobState.SCHEDULED), text_of(JobState.PAUSED)])
job_from_crontab = jobs.c.origin == literal_column(f"'{CRONTAB}'")
run_waiting = runs.c.state == text_of(RunState.WAITING)
run_grouped = runs.c.group_name.is_not(None)
run_free = and_(run_waiting, runs.c.group_name.is_(None))
run_in_line = and_(run_waiting, run_grouped)
"""A run that waits, and that the limits of a group may hold up."""

run_of_group = and_(run_grouped, runs.c.finished.is_(None))
run_running = runs.c.state == text_of(RunState.RUNNING)
run_unbegun = (
    runs.c.job_id.is_not(None),
    runs.c.finished.is_(None),
    runs.c.attempt == literal_column("0"),
    runs.c.state.in_([text_of(RunState.WAITING), text_of(RunState.HELD)]),
)
run_unfinished = and_(runs.c.job_id.is_not(None), runs.c.finished.is_(None))

Index("jobs_identity", jobs.c.identity, unique=True)
# A state that all rows of an index share is in it all the same: else SQLite
# looks it up in the row.
Index("jobs_due", jobs.c.state, jobs.c.due)
partial_index(
    "jobs_key", jobs.c.key, where=and_(jobs.c.key.is_not(None), job_unfinished), unique=True
)
partial_index("jobs_crontab", jobs.c.id, where=job_from_crontab)
partial_index("jobs_group", jobs.c.group_name, where=jobs.c.group_name.is_not(None))
partial_index("jobs_body", jobs.c.body_id, where=jobs.c.body_id.is_not(None))

partial_index(
    "runs_firing", runs.c.job_id, runs.c.due, where=runs.c.job_id.is_not(None), unique=True
)
partial_index(
    "runs_waiting",
    runs.c.state,
    runs.c.group_name,
    runs.c.priority,
    runs.c.ready,
    where=run_free,
)
Index("groups_refilled", groups.c.refilled)
partial_index("groups_open", groups.c.opens, where=groups.c.opens.is_not(None))
partial_index(
    "runs_in_line",
    runs.c.state,
    runs.c.priority,
    runs.c.ready,
    runs.c.group_name,
    where=run_in_line,
)
partial_index(
    "runs_group",
    runs.c.group_name,
    runs.c.finished,
    runs.c.state,
    runs.c.priority,
    runs.c.ready,
    where=run_of_group,
)
partial_index("runs_running", runs.c.lease_until, where=run_running)
partial_index("runs_unfinished", runs.c.job_id, runs.c.due, where=run_unfinished)
partial_index("runs_ended", runs.c.state, runs.c.finished, where=runs.c.finished.is_not(None))
partial_index("runs_body", runs.c.body_id, where=runs.c.body_id.is_not(None))
