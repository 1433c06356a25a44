"""Many rows to PostgreSQL at once: copied to a table aside, then taken from there.

A row costs the driver 2 microseconds this way, 13 with its ``executemany`` and
50 as one of many in a statement.  The table is the connection's own, and empty
again after each transaction.  For the store's writer thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    FromClause,
    Integer,
    MetaData,
    Table,
    bindparam,
    select,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from jqengine.store.hot import HotStatement
from jqengine.store.rows import Row

FEW = 10
"""Rows that are not worth a copy."""

_BATCH = "copied_batch"
_KEY = "jqengine copies"

_all: list[Copied] = []


def prepare(connection: Connection) -> None:
    """Let rows be copied on *connection*, in a transaction of its own."""
    for copied in _all:
        copied.make_table(connection)
    connection.info[_KEY] = 0


def can_copy(connection: Connection) -> bool:
    """Whether rows can be copied on *connection*."""
    return _KEY in connection.info


class Copied:
    """A change by rows that are copied.  Made when a module is imported.

    :param types: the columns of a row.
    :param changing: makes the statement from the rows copied.
    """

    def __init__(
        self,
        types: Mapping[str, TypeEngine[Any]],
        changing: Callable[[FromClause], Executable],
    ) -> None:
        _all.append(self)
        self._name = f"copied_{len(_all)}"
        self._types = types
        self._changing = changing

    def make_table(self, connection: Connection) -> None:
        """Make the table aside."""
        connection.execute(CreateTable(self._table))

    def change(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Change as *rows* say; the number of rows changed."""
        return self._statement.change(connection, (self._copy(connection, rows),))

    def rows(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """What the statement gives for *rows*."""
        return self._statement.rows(connection, (self._copy(connection, rows),))

    def _copy(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Copy *rows*; the number of their batch."""
        # Rows of earlier batches stay in the table until the transaction ends.
        batch: int = connection.info[_KEY] + 1
        connection.info[_KEY] = batch
        cursor: Any = connection.connection.cursor()
        with cursor.copy(f"COPY {self._name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row((batch, *row))
        return batch

    @cached_property
    def _table(self) -> Table:
        # Not before it is wanted: to say what becomes of its rows imports
        # PostgreSQL's dialect.
        return Table(
            self._name,
            MetaData(),
            Column(_BATCH, Integer),
            *(Column(name, type_) for name, type_ in self._types.items()),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DELETE ROWS",
        )

    @cached_property
    def _statement(self) -> HotStatement:
        rows = select(self._table).where(self._table.c[_BATCH] == bindparam("batch"))
        return HotStatement(self._changing(rows.subquery("said")), "batch")
