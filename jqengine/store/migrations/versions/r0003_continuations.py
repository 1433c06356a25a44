"""Continuations, and which of them a job was made from."""

from __future__ import annotations

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

from jqengine.store.migrations.types import Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and a column in those of jobs and runs."""
    op.create_table(
        "continuations",
        Column("id", Text(), nullable=False),
        Column("method", Text(), nullable=False),
        Column("target", Text(), nullable=False),
        Column("protocol", Text(), nullable=False),
        Column("headers", Text(), nullable=False),
        Column("body", LargeBinary(), nullable=False),
        Column("body_id", Text(), nullable=True),
        Column("user", Text(), nullable=True),
        Column("state", Text(), nullable=False),
        Column("session", Text(), nullable=True),
        Column("former", Text(), nullable=True),
        Column("former_until", Double(), nullable=True),
        Column("reusable", Boolean(), nullable=False),
        Column("created", Double(), nullable=False),
        Column("expires", Double(), nullable=False),
        PrimaryKeyConstraint("id"),
        ForeignKeyConstraint(["body_id"], ["bodies.id"]),
    )
    op.create_index("continuations_created", "continuations", ["created", "id"])
    op.create_index("continuations_expires", "continuations", ["expires"])
    _partial_index("continuations_session", ["session", "created"], "session IS NOT NULL")
    _partial_index("continuations_former", ["former"], "former IS NOT NULL")
    _partial_index("continuations_body", ["body_id"], "body_id IS NOT NULL")
    for name in ("jobs", "runs"):
        op.add_column(name, Column("continuation", Text(), nullable=True))


def _partial_index(name: str, columns: list[str], condition: str) -> None:
    where = text(condition)
    op.create_index(name, "continuations", columns, sqlite_where=where, postgresql_where=where)
