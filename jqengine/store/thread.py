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
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from jqengine.errors import StoreError, StoreFull, StoreUnavailable
from jqengine.measures import StoreMeasures
from jqengine.news import Topic
from jqengine.store.transacting import Database, InDoubt, Operation, Transactions

T = TypeVar("T")

MOST_ROWS = 20_000
"""Rows written in one transaction, about: more would make everybody wait."""

DOUBT_PAUSE = 1.0
"""Seconds between two questions how a commit has ended."""


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
    :ivar measures: of its groups.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        reactor: IReactorFromThreads,
        announce: Callable[[frozenset[Topic]], None] | None = None,
    ) -> None:
        self.measures = StoreMeasures()
        self._name = name
        self._transactions = Transactions(database, announce)
        self._reactor = reactor
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._doubts: list[tuple[Sequence[Call], InDoubt]] = []
        self._thread: Thread | None = None
        self._outstanding = 0
        self._closed: Deferred[None] | None = None

    def start(self) -> None:
        """Begin to take calls."""
        self._thread = Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    @property
    def outstanding(self) -> int:
        """How many calls have no answer yet."""
        return self._outstanding

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
            self._settle()
            began = perf_counter()
            answers = self._perform(calls)
            self.measures.group(len(calls), perf_counter() - began)
            self._give(calls, answers)
            # Else the thread would hold them until the next call comes.
            del calls, answers
        for doubtful, doubt in self._doubts:
            self._give(doubtful, [Failure(doubt.error) for _ in doubtful])
        try:
            self._disconnect()
        finally:
            self._reactor.callFromThread(self._ended)

    def _next_group(self) -> tuple[list[Call], bool]:
        """What waits, but not too much; and whether more may come."""
        group: list[Call] = []
        rows = 0
        try:
            call = self._calls.get(timeout=DOUBT_PAUSE if self._doubts else None)
            while call is not None:
                group.append(call)
                rows += call.rows
                if rows >= MOST_ROWS:
                    return group, True
                call = self._calls.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _give(self, calls: Sequence[Call], answers: Sequence[object]) -> None:
        answered = [pair for pair in zip(calls, answers, strict=True) if pair[1] is not _IN_DOUBT]
        if answered:
            self._reactor.callFromThread(self._answer, *zip(*answered, strict=True))

    def _perform(self, calls: Sequence[Call]) -> Sequence[object]:
        """Do *calls* together; one that fails must not take the others with it."""
        if not calls:
            return ()
        try:
            return self._transact(calls)
        except InDoubt as doubt:
            self._doubts.append((calls, doubt))
            return [_IN_DOUBT for _ in calls]
        except Exception as error:
            if isinstance(error, StoreUnavailable):
                self.measures.troubles += 1
            if len(calls) > 1 and not _is_everybodys(error):
                return [answer for call in calls for answer in self._perform([call])]
            return [Failure(error) for _ in calls]

    def _transact(self, calls: Sequence[Call]) -> Sequence[object]:
        return self._transactions.perform([call.operation for call in calls])

    def _disconnect(self) -> None:
        self._transactions.close()

    def _settle(self) -> None:
        """Answer those whose commit was in doubt, once the database can say how it ended."""
        while self._doubts:
            calls, doubt = self._doubts[0]
            try:
                committed = self._transactions.was_committed(doubt)
            except Exception:
                return
            del self._doubts[0]
            self._give(calls, doubt.answers if committed else [Failure(doubt.error) for _ in calls])


_IN_DOUBT = object()
"""The place of an answer that nobody knows yet."""


def _is_everybodys(error: Exception) -> bool:
    """Whether *error* would meet every call of a group alike.

    A full disk may still have room for the smaller ones.
    """
    return isinstance(error, StoreError) and not isinstance(error, StoreFull)
