"""Deliveries, fingerprints of results, publications."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    Double,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    text,
)

from jqengine.store.migrations.types import Text, Whole, is_postgres, vacuum_often

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of deliveries and what belongs to them."""
    _create_deliveries()
    _create_fingerprints()
    _create_publications()
    if is_postgres():
        vacuum_often("deliveries", 2000)
        vacuum_often("fingerprints", 500)


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        Column("id", Text(), nullable=False),
        Column("run_id", Text(), nullable=False),
        Column("attempt", Whole(), nullable=False),
        Column("job_id", Text(), nullable=True),
        Column("sink", Text(), nullable=False),
        Column("lane", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("ready", Double(), nullable=False),
        Column("tries", Whole(), nullable=False),
        Column("node", Text(), nullable=True),
        Column("boot", Text(), nullable=True),
        Column("lease_until", Double(), nullable=True),
        Column("removed", Text(), nullable=True),
        Column("before", Text(), nullable=True),
        Column("reason", Text(), nullable=False),
        PrimaryKeyConstraint("id"),
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
    )
    op.create_index("deliveries_run", "deliveries", ["run_id"])
    _partial_index("deliveries_pending", ["lane", "ready"], "state = 'pending'")
    _partial_index("deliveries_under_way", ["lease_until"], "state = 'delivering'")
    _partial_index("deliveries_dead", ["id"], "state = 'dead'")
    _partial_index(
        "deliveries_in_order",
        ["job_id", "sink", "id"],
        "job_id IS NOT NULL AND state IN ('delivering', 'held', 'pending')",
    )


def _create_fingerprints() -> None:
    op.create_table(
        "fingerprints",
        Column("job_id", Text(), nullable=False),
        Column("run_id", Text(), nullable=False),
        Column("etag", Text(), nullable=True),
        Column("modified", Text(), nullable=True),
        Column("digest", Text(), nullable=False),
        PrimaryKeyConstraint("job_id"),
    )
    op.create_index("fingerprints_run", "fingerprints", ["run_id"])


def _create_publications() -> None:
    op.create_table(
        "publications",
        Column("path", Text(), nullable=False),
        Column("job_id", Text(), nullable=False),
        Column("run_id", Text(), nullable=False),
        Column("attempt", Whole(), nullable=False),
        Column("headers", Text(), nullable=False),
        Column("etag", Text(), nullable=False),
        Column("modified", Whole(), nullable=False),
        Column("size", Whole(), nullable=False),
        PrimaryKeyConstraint("path"),
    )
    op.create_index("publications_run", "publications", ["run_id"])


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = text(condition)
    op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)
