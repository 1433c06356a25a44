"""One connection, and transactions on it: begun anew, tried again, in doubt.

For one of the store's threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from jqengine.errors import StoreError, StoreUnavailable
from jqengine.news import Topic
from jqengine.store import turns
from jqengine.store.news import told

T = TypeVar("T")
Operation = Callable[[Connection], T]

TRIES = 5
"""How often a transaction is begun that others get in the way of."""


class Trouble(NamedTuple):
    """What an error of the driver says about the database.

    :ivar error: for a user.
    :ivar reconnect: whether the connection is of no use any more.
    :ivar again: whether the same transaction may succeed if it is tried at once.
    """

    error: StoreError
    reconnect: bool
    again: bool = False


class Database(Protocol):
    """What a thread needs to know of its database.  For that thread alone."""

    def connect(self) -> Connection:
        """A connection that is ready for use."""

    def check(self) -> None:
        """Raise :class:`StoreUnavailable` when a commit would go to the wrong place."""

    def trouble(self, error: Exception) -> Trouble | None:
        """What *error* says about the database; ``None`` if it is about one operation."""

    def transaction(self, connection: Connection) -> str | None:
        """What :meth:`was_committed` can be asked about; asked before a commit.

        ``None`` if nothing was changed, or no commit is ever in doubt.
        """

    def was_committed(self, connection: Connection, transaction: str) -> bool:
        """Whether a *transaction* of an earlier connection was committed."""


class InDoubt(Exception):
    """The connection was lost in the middle of a commit.

    :ivar transaction: which.
    :ivar answers: what holds if it was committed.
    :ivar error: what holds if it was not.
    """

    def __init__(self, transaction: str, answers: Sequence[object], error: StoreError) -> None:
        super().__init__(transaction)
        self.transaction = transaction
        self.answers = answers
        self.error = error


class Transactions:
    """Performs operations, those given together in one transaction.

    :param announce: called with the topics of what was committed.
    """

    def __init__(
        self, database: Database, announce: Callable[[frozenset[Topic]], None] | None
    ) -> None:
        self._database = database
        self._announce = announce
        self._connection: Connection | None = None

    def perform(self, operations: Sequence[Operation[Any]]) -> Sequence[object]:
        """The answers of *operations*, once they are committed.

        :raises StoreError: nothing has happened; the database is to blame.
        :raises InDoubt: nobody knows what has happened.
        :raises Exception: nothing has happened; an operation raised it.
        """
        with_turn = False
        for tries in range(TRIES):
            try:
                return self._in_time(operations, with_turn)
            except turns.TurnNeeded:
                with_turn = True
            except _Again as again:
                if tries == TRIES - 1:
                    raise again.error from None
                with_turn = True
        raise StoreUnavailable("other nodes had every turn")

    def was_committed(self, doubt: InDoubt) -> bool:
        """How a commit in doubt has ended.

        :raises StoreError: the database cannot say, for now.
        """
        try:
            connection = self._connected()
            with connection.begin():
                return self._database.was_committed(connection, doubt.transaction)
        except Exception as error:
            raise self._meaning(error) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _in_time(self, operations: Sequence[Operation[Any]], with_turn: bool) -> Sequence[object]:
        try:
            return self._transact(operations, with_turn)
        except (turns.TurnNeeded, InDoubt):
            raise
        except Exception as error:
            raise self._meaning(error) from error

    def _transact(self, operations: Sequence[Operation[Any]], with_turn: bool) -> Sequence[object]:
        self._database.check()
        connection = self._connected()
        told(connection)  # of a transaction that came to nothing
        number, answers = None, []
        try:
            with connection.begin():
                turns.begin(connection, with_turn=with_turn)
                answers = list(_each(operations, connection))
                number = self._database.transaction(connection)
        except Exception as error:
            if number is not None:
                self._doubt(error, number, answers)
            raise
        topics = told(connection)
        if topics and self._announce is not None:
            self._announce(topics)
        return answers

    def _doubt(self, error: Exception, number: str, answers: Sequence[object]) -> None:
        """:raises InDoubt: the *error* of a commit leaves it open what was done."""
        trouble = self._database.trouble(error)
        if trouble is not None and trouble.reconnect:
            self.close()
            raise InDoubt(number, answers, trouble.error) from error

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.connect()
        return self._connection

    def _meaning(self, error: Exception) -> Exception:
        """What to raise for *error*."""
        trouble = self._database.trouble(error)
        if trouble is None:
            return error
        if trouble.reconnect:
            self.close()
        if trouble.again:
            # What no other writer is to blame for is the operation's own.
            return _Again(trouble.error if isinstance(trouble.error, StoreUnavailable) else error)
        return trouble.error


def _each(operations: Sequence[Operation[Any]], connection: Connection) -> Iterator[object]:
    for operation in operations:
        yield operation(connection)
        turns.go_on(connection)


class _Again(Exception):
    """The transaction is to be tried again.

    :ivar error: what to raise if that has not helped.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
