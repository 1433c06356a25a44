"""The nodes that share the store."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Double, PrimaryKeyConstraint

from jqengine.store.migrations.types import Text, Whole

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of nodes."""
    op.create_table(
        "nodes",
        Column("name", Text(), nullable=False),
        Column("boot", Text(), nullable=False),
        Column("host", Text(), nullable=False),
        Column("pid", Whole(), nullable=False),
        Column("version", Text(), nullable=False),
        Column("started", Double(), nullable=False),
        Column("threads", Whole(), nullable=False),
        Column("running", Whole(), nullable=False),
        Column("beat", Double(), nullable=False),
        Column("drained", Double()),
        Column("stopped", Boolean(), nullable=False),
        PrimaryKeyConstraint("name"),
    )
