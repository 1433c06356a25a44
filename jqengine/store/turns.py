"""Taking turns where several processes write to one database.

Two rules keep concurrent writers right.  What only takes rows that are its own
by a lease, or that nobody else can see yet, needs nothing more than the locks
of those rows: runs are added, claimed and ended so.  Whatever reads one row to
change another takes the *turn* first, one lock for the whole queue, and has
the queue to itself until its transaction ends.

The turn is waited for only by a transaction that has no lock yet.  One that
finds later that it needs the turn, and cannot have it at once, begins anew with
it; so no two transactions ever wait for each other over it.

In SQLite every transaction that writes has its turn from the beginning.  For
the store's writer thread.
"""

from __future__ import annotations

from sqlalchemy import Connection

from jqengine.store.hot import execute, question

TURN = 0x6A71_0001
"""The number of the advisory lock, as it is seen in ``pg_locks.objid``."""

_KEY = "jqengine turn"


class TurnNeeded(Exception):
    """The transaction must begin anew, with the turn from the start."""


class _Transaction:
    """How far one has come."""

    def __init__(self) -> None:
        self.at_start = True
        self.has_turn = False


def attach(connection: Connection) -> None:
    """Let transactions on *connection* take turns with those of others."""
    connection.info[_KEY] = _Transaction()


def has_turns(connection: Connection) -> bool:
    """Whether others write while a transaction on *connection* does."""
    return _KEY in connection.info


def begin(connection: Connection, *, with_turn: bool) -> None:
    """A transaction begins; *with_turn* if it was told that it needs it."""
    if _KEY in connection.info:
        connection.info[_KEY] = _Transaction()
        if with_turn:
            take_turn(connection)


def go_on(connection: Connection) -> None:
    """One operation is done, and another begins."""
    state: _Transaction | None = connection.info.get(_KEY)
    if state is not None:
        state.at_start = False


def take_turn(connection: Connection) -> None:
    """Have the queue to oneself from here on; before an operation does anything else.

    :raises TurnNeeded: another has it, and this transaction must not wait.
    """
    state: _Transaction | None = connection.info.get(_KEY)
    if state is None or state.has_turn:
        return
    if state.at_start:
        execute(connection, f"SELECT pg_advisory_xact_lock({TURN})")
    elif not question(connection, f"SELECT pg_try_advisory_xact_lock({TURN})"):
        raise TurnNeeded
    state.has_turn = True
