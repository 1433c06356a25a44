"""A thread with one connection, which does together what waits together.

Calls queue as functions of a connection.  The thread takes all that wait, does
them in one transaction, commits once, and hands every answer to the reactor
with one wake-up.  What arrives meanwhile forms the next group, so the longer a
commit takes, the more calls share the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.news import Topic
from jqengine.store.news import told

T = TypeVar("T")
Operation = Callable[[Connection], T]

MOST_ROWS = 20_000
"""Rows written in one transaction, about: more would make everybody wait."""


class Trouble(NamedTuple):
    """What an error of the driver says about the database.

    :ivar error: for a user.
    :ivar reconnect: whether the connection is of no use any more.
    """

    error: StoreError
    reconnect: bool


class Database(Protocol):
    """What a thread needs to know of its database.  For that thread alone."""

    def connect(self) -> Connection:
        """A connection that is ready for use."""

    def check(self) -> None:
        """Raise :class:`StoreUnavailable` when a commit would go to the wrong place."""

    def trouble(self, error: Exception) -> Trouble | None:
        """What *error* says about the database; ``None`` if it is about one operation."""


class Call(NamedTuple):
    """One operation that waits for the thread.

    :ivar rows: how many rows it writes, about.
    """

    operation: Operation[Any]
    rows: int
    answer: Deferred[Any]


class StoreThread:
    """Runs operations in the order in which they are submitted.

    All methods are for the reactor thread.

    :param name: of the thread, for people who look at a stack dump.
    :param announce: called in the thread with the topics of what was committed.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        reactor: IReactorFromThreads,
        announce: Callable[[frozenset[Topic]], None] | None = None,
    ) -> None:
        self._name = name
        self._announce = announce
        self._database = database
        self._reactor = reactor
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._thread: Thread | None = None
        self._outstanding = 0
        self._closed: Deferred[None] | None = None

    def start(self) -> None:
        """Begin to take calls."""
        self._thread = Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether every call submitted so far has its answer."""
        return not self._outstanding

    def submit(self, operation: Operation[T], rows: int = 1) -> Deferred[T]:
        """Run *operation* in the thread; its answer once it is committed."""
        if self._thread is None or self._closed is not None:
            return fail(StoreUnavailable("the store is not open"))
        answer: Deferred[T] = Deferred()
        self._outstanding += 1
        self._calls.put(Call(operation, rows, answer))
        return answer

    def stop(self) -> Deferred[None]:
        """Answer what was submitted, then close the connection and end the thread."""
        closed: Deferred[None] = Deferred()
        if self._thread is None:
            closed.callback(None)
        elif self._closed is None:
            self._closed = closed
            self._calls.put(None)
        else:
            self._closed.chainDeferred(closed)
        return closed

    def _answer(self, calls: Sequence[Call], answers: Sequence[object]) -> None:
        self._outstanding -= len(calls)
        for call, answer in zip(calls, answers, strict=True):
            call.answer.callback(answer)

    def _ended(self) -> None:
        thread, self._thread = self._thread, None
        closed, self._closed = self._closed, None
        if thread is not None and closed is not None:
            thread.join()
            closed.callback(None)

    # From here on in the thread.

    def _work(self) -> None:
        more = True
        while more:
            calls, more = self._next_group()
            answers = self._perform(calls)
            self._reactor.callFromThread(self._answer, calls, answers)
            # Else the thread would hold them until the next call comes.
            del calls, answers
        try:
            self._disconnect()
        finally:
            self._reactor.callFromThread(self._ended)

    def _next_group(self) -> tuple[list[Call], bool]:
        """What waits, but not too much; and whether more may come."""
        group: list[Call] = []
        rows = 0
        call = self._calls.get()
        try:
            while call is not None:
                group.append(call)
                rows += call.rows
                if rows >= MOST_ROWS:
                    return group, True
                call = self._calls.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _perform(self, calls: Sequence[Call]) -> Sequence[object]:
        """Do *calls* together; one that fails must not take the others with it."""
        try:
            return self._transact(calls)
        except Exception as error:
            if len(calls) > 1 and not _is_everybodys(error):
                return [answer for call in calls for answer in self._perform([call])]
            return [Failure(error) for _ in calls]

    def _transact(self, calls: Sequence[Call]) -> Sequence[object]:
        try:
            self._database.check()
            if self._connection is None:
                self._connection = self._database.connect()
            told(self._connection)  # of a transaction that came to nothing
            with self._connection.begin():
                answers = [call.operation(self._connection) for call in calls]
            self._tell(told(self._connection))
            return answers
        except Exception as error:
            trouble = self._database.trouble(error)
            if trouble is None:
                raise
            if trouble.reconnect:
                self._disconnect()
            raise trouble.error from error

    def _tell(self, topics: frozenset[Topic]) -> None:
        if topics and self._announce is not None:
            self._announce(topics)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _is_everybodys(error: Exception) -> bool:
    """Whether *error* would meet every call of a group alike.

    A full disk may still have room for the smaller ones.
    """
    return isinstance(error, StoreError) and not isinstance(error, StoreFull)
