"""Jobs, runs, attempts and long bodies."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    text,
)

from jqengine.store.migrations.types import Text, Whole, is_postgres, vacuum_often

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "bodies",
        Column("id", Text(), nullable=False),
        Column("content", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("id"),
    )
    _create_jobs()
    _create_runs()
    _create_attempts()
    if is_postgres():
        _tell_postgres()


def _request_columns() -> list[Column[Any]]:
    return [
        Column("method", Text(), nullable=False),
        Column("target", Text(), nullable=False),
        Column("protocol", Text(), nullable=False),
        Column("headers", Text(), nullable=False),
        Column("body", LargeBinary(), nullable=False),
        Column("body_id", Text(), nullable=True),
        Column("user", Text(), nullable=True),
        Column("policy", Text(), nullable=False),
        Column("priority", Whole(), nullable=False),
        Column("key", Text(), nullable=True),
        Column("sinks", Text(), nullable=False),
    ]


def _result_columns(*, nullable: bool) -> list[Column[Any]]:
    return [
        Column("status", Whole(), nullable=nullable),
        Column("reason", Text(), nullable=nullable),
        Column("response_headers", Text(), nullable=nullable),
        Column("response_body", LargeBinary(), nullable=nullable),
        Column("truncated", Boolean(), nullable=nullable),
        Column("started", Double(), nullable=nullable),
        Column("finished", Double(), nullable=nullable),
    ]


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        Column("id", Text(), nullable=False),
        Column("accepted_as", Text(), nullable=False),
        Column("identity", Text(), nullable=True),
        Column("name", Text(), nullable=True),
        Column("origin", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("created", Double(), nullable=False),
        Column("anchor", Double(), nullable=True),
        Column("due", Double(), nullable=True),
        Column("exhausted", Boolean(), nullable=False),
        Column("fired", Whole(), nullable=False),
        Column("previous_status", Whole(), nullable=True),
        Column("reason", Text(), nullable=False),
        Column("schedule", Text(), nullable=False),
        *_request_columns(),
        PrimaryKeyConstraint("id"),
        ForeignKeyConstraint(["body_id"], ["bodies.id"]),
    )
    op.create_index("jobs_identity", "jobs", ["identity"], unique=True)
    op.create_index("jobs_due", "jobs", ["state", "due"])
    _partial_index(
        "jobs_key", "jobs", ["key"], "key IS NOT NULL AND state IN ('scheduled', 'paused')", True
    )
    _partial_index("jobs_crontab", "jobs", ["id"], "origin = 'crontab'")
    _partial_index("jobs_body", "jobs", ["body_id"], "body_id IS NOT NULL")


def _create_runs() -> None:
    op.create_table(
        "runs",
        Column("id", Text(), nullable=False),
        Column("job_id", Text(), nullable=True),
        Column("state", Text(), nullable=False),
        Column("due", Double(), nullable=False),
        Column("ready", Double(), nullable=False),
        Column("attempt", Whole(), nullable=False),
        Column("node", Text(), nullable=True),
        Column("boot", Text(), nullable=True),
        Column("lease_until", Double(), nullable=True),
        Column("created", Double(), nullable=False),
        Column("name", Text(), nullable=True),
        Column("origin", Text(), nullable=False),
        Column("schedule", Text(), nullable=True),
        Column("previous_status", Whole(), nullable=True),
        *_request_columns(),
        *_result_columns(nullable=True),
        PrimaryKeyConstraint("id"),
        ForeignKeyConstraint(["body_id"], ["bodies.id"]),
    )
    _partial_index("runs_firing", "runs", ["job_id", "due"], "job_id IS NOT NULL", True)
    _partial_index("runs_waiting", "runs", ["state", "priority", "ready"], "state = 'waiting'")
    _partial_index("runs_running", "runs", ["lease_until"], "state = 'running'")
    _partial_index(
        "runs_unfinished", "runs", ["job_id", "due"], "job_id IS NOT NULL AND finished IS NULL"
    )
    _partial_index("runs_ended", "runs", ["state", "finished"], "finished IS NOT NULL")
    _partial_index("runs_body", "runs", ["body_id"], "body_id IS NOT NULL")


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        Column("run_id", Text(), nullable=False),
        Column("attempt", Whole(), nullable=False),
        Column("node", Text(), nullable=False),
        Column("boot", Text(), nullable=False),
        *_result_columns(nullable=False),
        PrimaryKeyConstraint("run_id", "attempt"),
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
    )


def _tell_postgres() -> None:
    """The clock of leases, and how a table is kept small that is written all the time."""
    op.execute(
        "CREATE FUNCTION jobqueue_now() RETURNS double precision LANGUAGE sql VOLATILE"
        " AS 'SELECT extract(epoch FROM clock_timestamp())::double precision'"
    )
    # Marks of commits, which no other database needs.
    op.execute(
        'CREATE TABLE commits (writer text COLLATE "C" NOT NULL, number bigint NOT NULL,'
        " at double precision NOT NULL, PRIMARY KEY (writer, number))"
    )
    vacuum_often("runs", 2000)
    vacuum_often("commits", 2000)
    vacuum_often("jobs", 500)
    vacuum_often("attempts", 2000)


def _partial_index(
    name: str, table: str, columns: list[str], condition: str, unique: bool = False
) -> None:
    where = text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
