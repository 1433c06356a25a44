"""SQL that SQLAlchemy has no words for, or databases different ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, Insert, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
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


class NotByIndex(FunctionElement[str]):
    """A text that no index is to be used for, where a plan is made from old statistics.

    PostgreSQL may else believe that hardly a run is running, and look at all
    that are for each that has ended.
    """

    type = Text()
    inherit_cache = True


@compiles(NotByIndex)
def _as_it_is(element: NotByIndex, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(NotByIndex, "postgresql")
def _as_a_value(element: NotByIndex, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} || '')"


class LeaseClock(FunctionElement[float]):
    """The clock that leases are measured by, where the caller says what time it is.

    That of the caller, who has the database to itself.  Nodes that share one go
    by its clock, and need not agree on the time.
    """

    type = Double()
    inherit_cache = True


@compiles(LeaseClock)
def _as_said(element: LeaseClock, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(LeaseClock, "postgresql")
def _of_database(_element: LeaseClock, _compiler: Any, **_options: Any) -> str:
    # A function of ours, made with the tables, so that tests can play with it.
    return "jobqueue_now()"


class InsertIfAbsent(Insert):
    """Inserts rows whose key is not there yet, and passes over the others."""

    inherit_cache = True


@compiles(InsertIfAbsent)
def _passing_over(element: InsertIfAbsent, compiler: Any, **options: Any) -> str:
    # SQLite and PostgreSQL agree on this.
    key = ", ".join(column.name for column in element.table.primary_key)
    return f"{compiler.visit_insert(element, **options)} ON CONFLICT ({key}) DO NOTHING"
