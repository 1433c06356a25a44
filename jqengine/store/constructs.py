"""SQL that SQLAlchemy has no words for, or databases different ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import NullType

from jqengine.store.schema import runs


class Arrival(ColumnElement[Any]):
    """Tells runs apart and puts them in order, within one transaction.

    Their ids, or in SQLite the numbers that it gives its rows: every index
    holds them, so a run is found by one without a look at another index.
    """

    inherit_cache = True
    type = NullType()


@compiles(Arrival)
def _by_id(_element: Arrival, compiler: Any, **options: Any) -> str:
    return str(compiler.process(runs.c.id, **options))


@compiles(Arrival, "sqlite")
def _by_row_number(_element: Arrival, _compiler: Any, **_options: Any) -> str:
    return "runs.rowid"


class InsertIfAbsent(Insert):
    """Inserts rows whose ``id`` is not there yet, and passes over the others."""

    inherit_cache = True


@compiles(InsertIfAbsent)
def _passing_over(element: InsertIfAbsent, compiler: Any, **options: Any) -> str:
    # SQLite and PostgreSQL agree on this.
    return f"{compiler.visit_insert(element, **options)} ON CONFLICT (id) DO NOTHING"
