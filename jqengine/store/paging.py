"""What the lists of jobs, runs and deliveries have in common.  For the store's reader thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, select

from jqengine.errors import BadValue
from jqengine.queries import Page, Pattern
from jqengine.store.schema import text_of

MOST_LOOKED_AT = 5_000
"""Rows of a table that one page may look at, about."""

T = TypeVar("T")


def page_of(
    found: Sequence[T], limit: int, floor: str | None, cursor: Callable[[T], str]
) -> Page[T]:
    """The first *limit* of *found*, of which one more was asked for than that.

    :param floor: where the next page begins, if all that was looked at is on this one.
    """
    if len(found) > limit:
        return Page(found[:limit], cursor(found[limit - 1]))
    return Page(found, floor)


def floor_of_ids(connection: Connection, table: Table, after: str | None) -> str | None:
    """The id down to which one page looks, or ``None`` if that is all there are."""
    ids = select(table.c.id).where(*between(table.c.id, None, after))
    lowest: str | None = connection.scalar(
        ids.order_by(table.c.id.desc()).limit(1).offset(MOST_LOOKED_AT - 1)
    )
    return lowest


def between(
    key: ColumnElement[str], floor: str | None, after: str | None
) -> Iterable[ColumnElement[bool]]:
    """That *key* is down to *floor*, and below *after*."""
    if after is not None:
        yield key < after
    if floor is not None:
        yield key >= floor


def one_of(column: ColumnElement[str], states: Iterable[StrEnum]) -> ColumnElement[bool]:
    """That *column* is one of *states*."""
    return column.in_([text_of(state) for state in sorted(states)])


def like(column: ColumnElement[str], pattern: Pattern) -> ColumnElement[bool]:
    """That *column* is, or begins with, what is wanted."""
    if not pattern.prefix:
        return column == pattern.text
    # Not LIKE, which knows wildcards, and in SQLite no difference of case.
    return func.substr(column, 1, len(pattern.text)) == pattern.text


def instant_and_id(after: str) -> tuple[float, str]:
    """The two parts of a place among instants.

    :raises BadValue: it is none.
    """
    instant, comma, key = after.partition(",")
    if not comma:
        raise BadValue(f"no page ends at {after[:60]!r}")
    return instant_of(instant), key


def instant_of(text: str) -> float:
    """The instant that a place names.

    :raises BadValue: it names none.
    """
    try:
        instant = float(text)
    except ValueError:
        instant = math.nan
    if not math.isfinite(instant):
        raise BadValue(f"no page ends at {text[:60]!r}")
    return instant
