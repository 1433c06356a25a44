"""Hot statements that change many rows at once.  For the store's threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Insert,
    bindparam,
    select,
)
from sqlalchemy.types import TypeEngine

from jqengine.store.copying import FEW, Copied, can_copy
from jqengine.store.hot import HotStatement
from jqengine.store.rows import Row

BLOCK = 50
"""Rows that one execution of a statement changes, where there are so many."""


Said = Mapping[str, ColumnElement[Any]]
"""What stands for the values of one row, by their names."""


class Each:
    """A statement that is executed for each of many rows.

    :param types: of the values of a row, by their names, in their order.
    :param saying: makes the statement from what stands for them.
    """

    def __init__(
        self, types: Mapping[str, TypeEngine[Any]], saying: Callable[[Said], Executable]
    ) -> None:
        said = {name: bindparam(name, type_=type_) for name, type_ in types.items()}
        self._one = HotStatement(saying(said), *types)
        self._copied = Copied(types, lambda rows: saying(dict(rows.c.items())))

    def change(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute it for each of *rows*; the number of rows all of them changed."""
        if can_copy(connection) and len(rows) >= FEW:
            return self._copied.change(connection, rows)
        return self._one.change_each(connection, rows)

    def rows(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """Execute it for each of *rows*; the rows that all of them give."""
        if can_copy(connection) and len(rows) >= FEW:
            return self._copied.rows(connection, rows)
        return [found for row in rows for found in self._one.rows(connection, row)]


class InBlocks:
    """A change of many rows, some of them by each execution of a statement.

    A tenth to a third of the time of a row is the start and end of its
    statement; fifty rows at once share it.

    :param changing: makes the statement that changes so many rows.  Its
        parameters are those of the first row, then of the second, and so on.
    :param copied: the same where rows can be copied to the database.
    """

    def __init__(self, changing: Callable[[int], HotStatement], copied: Copied) -> None:
        # Made when they are wanted: a block has a thousand parameters.
        self._changing = cache(changing)
        self._copied = copied

    def change(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute it for each of *rows*; the number of rows all of them changed."""
        if can_copy(connection):
            if len(rows) < FEW:
                return self._changing(1).change_each(connection, rows)
            return self._copied.change(connection, rows)
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

    def inserting_copied(rows: FromClause) -> Executable:
        copied = select(*(rows.c[name] for name in columns), *constant.values())
        return insert.from_select([*columns, *constant], copied)

    table = insert.table
    types = {name: table.c[name].type for name in columns}
    return InBlocks(inserting, Copied(types, inserting_copied))


def parameters(names: Sequence[str], row: int) -> dict[str, BindParameter[Any]]:
    """The parameters of one row of a block, by plain name."""
    return {name: bindparam(f"{name}_{row}") for name in names}


def numbered(names: Sequence[str], rows: int) -> list[str]:
    """The names of the parameters of all rows of a block."""
    return [f"{name}_{row}" for row in range(rows) for name in names]
