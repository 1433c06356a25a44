"""Types of columns, and what each database is told beside them.

SQLite goes by the kind of a type alone.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Integer
from sqlalchemy import Text as AnyText


def Text() -> Any:
    """A text that is compared character by character, whatever the locale of the database."""
    return AnyText().with_variant(AnyText(collation="C"), "postgresql")


def Whole() -> Any:
    """A whole number of up to 64 bits."""
    return Integer().with_variant(BigInteger(), "postgresql")


def is_postgres() -> bool:
    """Whether it is PostgreSQL that is brought up to date."""
    return bool(op.get_bind().dialect.name == "postgresql")


def vacuum_often(table: str, rows: int) -> None:
    """Let PostgreSQL tidy up *table* after so many changes, and quickly.

    By itself it waits until a fifth of the rows has changed, which of a million
    runs that are kept are ten seconds of a busy queue.
    """
    op.execute(
        f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01,"
        f" autovacuum_vacuum_threshold = {rows}, autovacuum_vacuum_insert_scale_factor = 0.05,"
        " autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)"
    )
