"""What runs have said before they ended."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of outputs."""
    op.create_table(
        "outputs",
        Column("run_id", Text(), nullable=False),
        Column("attempt", Integer(), nullable=False),
        Column("position", Integer(), nullable=False),
        Column("data", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("run_id", "attempt", "position"),
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
    )
