"""Who has changed the jobs of the crontabs."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Double, PrimaryKeyConstraint

from jqengine.store.migrations.types import Text, Whole

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of plans."""
    op.create_table(
        "crontab_plans",
        Column("applied", Double(), nullable=False),
        Column("node", Text(), nullable=False),
        Column("added", Whole(), nullable=False),
        Column("changed", Whole(), nullable=False),
        Column("gone", Whole(), nullable=False),
        PrimaryKeyConstraint("applied", "node"),
    )
