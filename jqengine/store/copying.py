"""Many rows to PostgreSQL at once: copied to a table aside, then taken from there.

A row costs the driver 2 microseconds this way, 13 with its ``executemany`` and
50 as one of many in a statement.  The table is the connection's own, and empty
again after each transaction.  There is one for all statements, as each such
table costs every commit half a millisecond.  For the store's writer thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Executable,
    FromClause,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    column,
    select,
    table,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from jqengine.store.hot import HotStatement
from jqengine.store.rows import Row

FEW = 20
"""Rows that are not worth a copy."""

_NAME = "copied"
_BATCH = "batch"
_KEY = "jqengine copies"

_KINDS: Mapping[str, type[TypeEngine[Any]]] = {
    "flag": Boolean,
    "number": Double,
    "whole": Integer,
    "bytes": LargeBinary,
    "words": Text,
}
"""Columns of the table by what they hold; of each as many as a statement wants."""

_all: list[Copied] = []


def prepare(connection: Connection) -> None:
    """Let rows be copied on *connection*, in a transaction of its own."""
    connection.execute(CreateTable(_table()))
    connection.info[_KEY] = 0


def can_copy(connection: Connection) -> bool:
    """Whether rows can be copied on *connection*."""
    return _KEY in connection.info


def _table() -> Table:
    # Not before it is wanted: to say what becomes of its rows imports
    # PostgreSQL's dialect.
    places = {place for copied in _all for place in copied.places.values()}
    return Table(
        _NAME,
        MetaData(),
        Column(_BATCH, BigInteger),
        *(Column(place, _type_at(place)) for place in sorted(places)),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DELETE ROWS",
    )


def _places(types: Mapping[str, TypeEngine[Any]]) -> Mapping[str, str]:
    """Where in the table a row's values lie, by their names."""
    taken: Counter[str] = Counter()
    places = {}
    for name, type_ in types.items():
        kind = next(kind for kind, known in _KINDS.items() if isinstance(type_, known))
        taken[kind] += 1
        places[name] = f"{kind}_{taken[kind]}"
    return places


def _type_at(place: str) -> TypeEngine[Any]:
    kind = _KINDS[place.partition("_")[0]]
    return BigInteger() if kind is Integer else kind()


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
        self.places = _places(types)
        self._changing = changing
        names = ", ".join([_BATCH, *self.places.values()])
        self._copying = f"COPY {_NAME} ({names}) FROM STDIN"

    def change(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Change as *rows* say; the number of rows changed."""
        return self._statement.change(connection, (self._copy(connection, rows),))

    def rows(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """What the statement gives for *rows*."""
        return self._statement.rows(connection, (self._copy(connection, rows),))

    def _copy(self, connection: Connection, rows: Iterable[Row]) -> int:
        """Copy *rows*; the number of their batch."""
        # Rows of earlier batches stay in the table until the transaction ends.
        batch: int = connection.info[_KEY] + 1
        connection.info[_KEY] = batch
        cursor: Any = connection.connection.cursor()
        with cursor.copy(self._copying) as copy:
            for row in rows:
                copy.write_row((batch, *row))
        return batch

    @cached_property
    def _statement(self) -> HotStatement:
        places = {name: column(at, _type_at(at)) for name, at in self.places.items()}
        aside = table(_NAME, column(_BATCH, BigInteger), *places.values())
        said = select(*(place.label(name) for name, place in places.items())).select_from(aside)
        wanted = said.where(aside.c[_BATCH] == bindparam("batch", type_=BigInteger()))
        return HotStatement(self._changing(wanted.subquery("said")), "batch")
