"""Statements that run tens of thousands of times a second.

They are written with SQLAlchemy like all others, but compiled once, and then
given to the driver with plain tuples: SQLAlchemy's own path costs several
times what SQLite needs for the work itself.  For the store's threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Insert,
    bindparam,
)

from jqengine.store.rows import Row

BLOCK = 50
"""Rows that one execution of a statement changes, where there are so many."""


def execute(connection: Connection, text: str) -> None:
    """Execute *text*, which every database understands as it is."""
    connection.connection.cursor().execute(text)


class HotStatement:
    """One statement in the driver's SQL.

    :param parameters: names of the statement's parameters in the order in
        which the driver takes their values.
    """

    def __init__(self, statement: Executable, *parameters: str) -> None:
        self._statement = statement
        self._parameters = parameters
        self._texts: dict[str, str] = {}

    def text(self, dialect: Dialect) -> str:
        """The SQL for *dialect*."""
        known = self._texts.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            assert tuple(compiled.positiontup) == self._parameters, compiled.positiontup
            known = self._texts[dialect.name] = str(compiled)
        return known

    def change(self, connection: Connection, values: Sequence[Any]) -> int:
        """Execute it once; the number of rows it changed."""
        cursor = connection.connection.cursor()
        cursor.execute(self.text(connection.dialect), values)
        return cursor.rowcount

    def change_each(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute it for each of *rows*; the number of rows all of them changed."""
        if not rows:
            return 0
        cursor = connection.connection.cursor()
        cursor.executemany(self.text(connection.dialect), rows)
        return cursor.rowcount

    def rows(self, connection: Connection, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Execute it once; the rows it gives."""
        cursor = connection.connection.cursor()
        cursor.execute(self.text(connection.dialect), values)
        return cursor.fetchall()


class InBlocks:
    """A change of many rows, some of them by each execution of a statement.

    A tenth to a third of the time of a row is the start and end of its
    statement; fifty rows at once share it.

    :param changing: makes the statement that changes so many rows.  Its
        parameters are those of the first row, then of the second, and so on.
    """

    def __init__(self, changing: Callable[[int], HotStatement]) -> None:
        # Made when they are wanted: a block has a thousand parameters.
        self._changing = cache(changing)

    def change(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute it for each of *rows*; the number of rows all of them changed."""
        whole = len(rows) - len(rows) % BLOCK
        changed = 0
        for start in range(0, whole, BLOCK):
            values = list(chain.from_iterable(rows[start : start + BLOCK]))
            changed += self._changing(BLOCK).change(connection, values)
        return changed + self._changing(1).change_each(connection, rows[whole:])


def insert_in_blocks(
    insert: Insert, columns: Sequence[str], **constant: ColumnElement[Any]
) -> InBlocks:
    """*insert* with rows that give *columns*, in the order of the table.

    :param constant: what is the same in every row.  It belongs in the text: a
        parameter costs a third of a microsecond.
    """

    def inserting(rows: int) -> HotStatement:
        values = [{**parameters(columns, row), **constant} for row in range(rows)]
        return HotStatement(insert.values(values), *numbered(columns, rows))

    return InBlocks(inserting)


def parameters(names: Sequence[str], row: int) -> dict[str, BindParameter[Any]]:
    """The parameters of one row of a block, by plain name."""
    return {name: bindparam(f"{name}_{row}") for name in names}


def numbered(names: Sequence[str], rows: int) -> list[str]:
    """The names of the parameters of all rows of a block."""
    return [f"{name}_{row}" for row in range(rows) for name in names]
