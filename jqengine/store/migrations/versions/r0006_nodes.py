"""The nodes that share the store."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Double, Integer, PrimaryKeyConstraint, Text

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
        Column("pid", Integer(), nullable=False),
        Column("version", Text(), nullable=False),
        Column("started", Double(), nullable=False),
        Column("threads", Integer(), nullable=False),
        Column("running", Integer(), nullable=False),
        Column("beat", Double(), nullable=False),
        Column("drained", Double()),
        Column("stopped", Boolean(), nullable=False),
        PrimaryKeyConstraint("name"),
    )
