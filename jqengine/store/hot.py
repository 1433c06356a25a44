"""Statements that run tens of thousands of times a second.

They are written with SQLAlchemy like all others, but compiled once, and then
given to the driver with plain tuples: SQLAlchemy's own path costs several
times what SQLite needs for the work itself.  For the store's threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Executable

from jqengine.store.rows import Row

Arrange = Callable[[Sequence[Any]], Sequence[Any]]
"""Brings values into the order of a driver's text."""


def execute(connection: Connection, text: str) -> None:
    """Execute *text*, which every database understands as it is."""
    connection.connection.cursor().execute(text)


def question(connection: Connection, text: str) -> Any:
    """The one value that *text* gives."""
    cursor = connection.connection.cursor()
    cursor.execute(text)
    ((value,),) = cursor.fetchall()
    return value


class HotStatement:
    """One statement in the driver's SQL.

    :param parameters: names of the statement's parameters in the order in
        which values are given: that in which SQLite's driver takes them.
    """

    def __init__(self, statement: Executable, *parameters: str) -> None:
        self._statement = statement
        self._parameters = parameters
        self._written: dict[str, tuple[str, Arrange | None]] = {}

    def text(self, dialect: Dialect) -> str:
        """The SQL for *dialect*."""
        return self._for(dialect)[0]

    def _for(self, dialect: Dialect) -> tuple[str, Arrange | None]:
        """The SQL for *dialect*, and what brings values into its order, if need be."""
        known = self._written.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
            order = tuple(compiled.positiontup)
            known = self._written[dialect.name] = (str(compiled), self._arrange(order))
        return known

    def _arrange(self, order: tuple[str, ...]) -> Arrange | None:
        if order == self._parameters:
            return None
        places = [self._parameters.index(name) for name in order]
        return lambda values: [values[place] for place in places]

    def change(self, connection: Connection, values: Sequence[Any]) -> int:
        """Execute it once; the number of rows it changed."""
        cursor = self._executed(connection, values)
        return int(cursor.rowcount)

    def change_each(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Execute it for each of *rows*; the number of rows all of them changed."""
        if not rows:
            return 0
        text, arrange = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.executemany(text, rows if arrange is None else list(map(arrange, rows)))
        return cursor.rowcount

    def rows(self, connection: Connection, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Execute it once; the rows it gives."""
        found: Sequence[Row] = self._executed(connection, values).fetchall()
        return found

    def _executed(self, connection: Connection, values: Sequence[Any]) -> Any:
        text, arrange = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.execute(text, values if arrange is None else arrange(values))
        return cursor
