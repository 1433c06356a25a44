"""Marks by which a commit whose answer was lost can be told from one that never was.

Not the number of the transaction: a standby that takes over gives numbers anew
from where it was, and would say of another's transaction that it was committed.
A row in the transaction itself is on whatever server the transaction is on.

For the store's writer thread.
"""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from sqlalchemy import Connection

from jqengine.errors import StoreUnavailable

KEPT = 100
"""Marks of one writer that stay, about; only the last is ever looked for."""

LONGEST_KEPT = 86400.0
"""Seconds after which marks of a writer that is gone are forgotten."""

_LEAVE = (
    "INSERT INTO commits (writer, number, at) SELECT %s, %s, extract(epoch FROM now())"
    # What has read and nothing else needs no disk, and is never in doubt.
    " WHERE pg_current_xact_id_if_assigned() IS NOT NULL"
)
_FORGET = "DELETE FROM commits WHERE writer = %s AND number < %s"
_FORGET_OLD = "DELETE FROM commits WHERE at < extract(epoch FROM now()) - %s"
_IS_THERE = "SELECT 1 FROM commits WHERE writer = %s AND number = %s"
_BACKEND = (
    "SELECT pid || '@' || extract(epoch FROM backend_start)::text FROM pg_stat_activity"
    " WHERE pid = pg_backend_pid()"
)
_END_IT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid || '@' || extract(epoch FROM backend_start)::text = %s"
)


class Marks:
    """Those of one writer."""

    def __init__(self) -> None:
        self._writer = token_hex(8)
        self._number = 0
        self._backend = ""

    def prepare(self, connection: Connection) -> None:
        """A connection was made."""
        [(self._backend,)] = _executed(connection, _BACKEND).fetchall()
        _executed(connection, _FORGET_OLD, LONGEST_KEPT)

    def leave(self, connection: Connection) -> str | None:
        """Leave a mark in the transaction; what :meth:`is_there` can be asked, if it changes
        anything."""
        self._number += 1
        if not _executed(connection, _LEAVE, self._writer, self._number).rowcount:
            return None
        if self._number % KEPT == 0:
            _executed(connection, _FORGET, self._writer, self._number)
        return f"{self._number} {self._backend}"

    def is_there(self, connection: Connection, mark: str, shown: str) -> bool:
        """Whether *mark* was committed.

        :raises StoreUnavailable: the server that was cut off still works at it.
        """
        number, backend = mark.split(" ")
        if _executed(connection, _IS_THERE, self._writer, int(number)).fetchall():
            return True
        if _executed(connection, _END_IT, backend).fetchall():
            raise StoreUnavailable(f"the {shown} has not ended a transaction that was cut off")
        return False


def _executed(connection: Connection, statement: str, *values: object) -> Any:
    cursor: Any = connection.connection.cursor()
    cursor.execute(statement, values)
    return cursor
