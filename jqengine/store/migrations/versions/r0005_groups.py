"""Groups of runs that share limits, and what is paused."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Double,
    PrimaryKeyConstraint,
    column,
    false,
    table,
    text,
)

from jqengine.store.migrations.types import Text, Whole, is_postgres

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EVERYTHING = ""
"""The name of the row that says whether all is paused.  No group is called so."""


def upgrade() -> None:
    """Make the table of groups, and say of jobs and runs in which they are."""
    op.create_table(
        "groups",
        Column("name", Text(), nullable=False),
        Column("concurrency", Whole(), nullable=True),
        Column("rate", Whole(), nullable=True),
        Column("per", Double(), nullable=True),
        Column("tokens", Double(), nullable=False),
        Column("refilled", Double(), nullable=False),
        Column("paused", Boolean(), nullable=False),
        Column("opens", Double(), nullable=True),
        PrimaryKeyConstraint("name"),
    )
    everything = table("groups", *map(column, ("name", "tokens", "refilled", "paused")))
    op.execute(
        everything.insert().values(name=EVERYTHING, tokens=0.0, refilled=0.0, paused=false())
    )
    for name in ("jobs", "runs"):
        op.add_column(name, Column("group_name", Text(), nullable=True))
    _make_indexes()


def _make_indexes() -> None:
    op.create_index("groups_refilled", "groups", ["refilled"])
    _partial_index("groups_open", "groups", ["opens"], "opens IS NOT NULL")
    _partial_index("jobs_group", "jobs", ["group_name"], "group_name IS NOT NULL")
    op.drop_index("runs_waiting", "runs")
    # In SQLite every index ends with the order in which rows came.
    shared = [] if is_postgres() else ["state", "group_name"]
    last = ["id"] if is_postgres() else []
    _partial_index(
        "runs_waiting",
        "runs",
        [*shared, "priority", "ready", *last],
        "state = 'waiting' AND group_name IS NULL",
    )
    _partial_index(
        "runs_in_line",
        "runs",
        ["state", "priority", "ready", "group_name"],
        "state = 'waiting' AND group_name IS NOT NULL",
    )
    _partial_index(
        "runs_group",
        "runs",
        ["group_name", "finished", "state", "priority", "ready"],
        "group_name IS NOT NULL AND finished IS NULL",
    )


def _partial_index(name: str, table_name: str, columns: list[str], condition: str) -> None:
    where = text(condition)
    op.create_index(name, table_name, columns, sqlite_where=where, postgresql_where=where)
