"""What runs have said before they ended."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
)

from jqengine.store.migrations.types import Text, Whole, is_postgres, vacuum_often

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of outputs."""
    op.create_table(
        "outputs",
        Column("run_id", Text(), nullable=False),
        Column("attempt", Whole(), nullable=False),
        Column("position", Whole(), nullable=False),
        Column("data", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("run_id", "attempt", "position"),
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
    )
    if is_postgres():
        vacuum_often("outputs", 2000)
