"""The store of a simulated node: the real one without its threads, or the one in memory.

Both have the thread of :mod:`jqengine.store.thread` with the thread taken out:
calls queue, a group of them is committed when the disk has taken its time, and
some time later their answers come, unless the node is gone by then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementedBy, implementer

from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.job import Job
from jqengine.store import reading
from jqengine.store.memory import MemoryStore
from jqengine.store.memorycontrol import SteeredQueue
from jqengine.store.sql import SqlStore
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from jqengine.store.thread import Call, Database, Operation, StoreThread, Trouble
from jqengine.testing import PlayedReactor

T = TypeVar("T")
Note = Callable[[str, Mapping[str, Any], Any], None]
"""Told of each change that was committed: the call, its arguments, its answer.

For ``apply``, which has no answer: every job of the crontab as it is then."""

CHANGES = frozenset(
    {"add", "apply", "fire", "claim", "record", "give_back", "recover", "renew", "prune"}
    | {"steer", "run_now", "reopen", "redrive"}
    | {"claim_deliveries", "end_deliveries", "give_back_deliveries", "recover_deliveries"}
)
"""The methods of a store that change it."""

QUICK = (0.0005, 0.02)


@dataclass
class Disk:
    """What the store is to one node at the moment.

    :ivar takes: seconds that a commit takes, and an answer, at least and at most.
    :ivar away: whether nothing can be reached.
    :ivar full: how many of ten changes find no room.
    """

    random: Random
    takes: tuple[float, float] = QUICK
    away: bool = False
    full: int = 0

    def time(self) -> float:
        """Seconds that the next step takes."""
        least, most = self.takes
        return least + (most - least) * self.random.random() ** 4

    def check(self) -> None:
        """Raise what the disk has to say."""
        if self.away:
            raise StoreUnavailable("the store is away")
        if self.full and self.random.random() * 10 < self.full:
            raise StoreFull("the disk is full")


class PlayedThread(StoreThread):
    """A store's thread that is a few timers of its node.

    :param note: told of what is labelled.
    :param crontab_jobs: reads those from a connection.
    :param together: whether a group of calls is one transaction.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        reactor: PlayedReactor,
        disk: Disk,
        note: Note,
        crontab_jobs: Callable[[Any], Sequence[Job]],
        *,
        together: bool = True,
    ) -> None:
        super().__init__(name, database, reactor)
        self._played = reactor
        self._disk = disk
        self._note = note
        self._crontab_jobs = crontab_jobs
        self._together = together
        self._busy = False
        self._labels: dict[Deferred[Any], tuple[str, Mapping[str, Any]]] = {}
        self._jobs: Sequence[Job] = ()
        self.label: tuple[str, Mapping[str, Any]] | None = None

    def start(self) -> None:
        """Begin to take calls."""
        self._thread = _NoThread()

    def submit(self, operation: Operation[T], rows: int = 1) -> Deferred[T]:
        """Queue a call under the label that is set, if one is."""
        label, self.label = self.label, None
        if label is not None and label[0] == "apply":
            operation = self._and_look(operation)
        answer = super().submit(operation, rows)
        if label is not None and not answer.called:
            self._labels[answer] = label
        self._begin()
        return answer

    def stop(self) -> Deferred[None]:
        """Answer what was submitted, then end."""
        closed = super().stop()
        self._begin()
        return closed

    def vanish(self) -> None:
        """Let go of the connection as a process does that is killed."""
        self._disconnect()

    def _and_look(self, operation: Operation[T]) -> Operation[T]:
        def apply(connection: Any) -> T:
            answer = operation(connection)
            self._jobs = self._crontab_jobs(connection)
            return answer

        return apply

    def _begin(self) -> None:
        if not self._busy and not self._calls.empty():
            self._busy = True
            self._played.callLater(self._disk.time(), self._commit)

    def _commit(self) -> None:
        calls, more = self._next_group()
        answers = self._perform(calls)
        for call, answer in zip(calls, answers, strict=True):
            label = self._labels.pop(call.answer, None)
            if label is not None and not isinstance(answer, Failure):
                self._note(*label, self._jobs if label[0] == "apply" else answer)
        self._played.callLater(self._disk.time() / 4, self._hand_over, calls, answers, more)

    def _hand_over(self, calls: Sequence[Call], answers: Sequence[object], more: bool) -> None:
        self._busy = False
        if not more:
            self._disconnect()
        self._answer(calls, answers)
        if more:
            self._begin()
        else:
            self._ended()

    def _perform(self, calls: Sequence[Call]) -> Sequence[object]:
        perform = super()._perform
        if self._together:
            return perform(calls)
        return [answer for call in calls for answer in perform([call])]

    def _transact(self, calls: Sequence[Call]) -> Sequence[object]:
        self._disk.check()
        return super()._transact(calls)


class _NoThread:
    def join(self) -> None:
        """There is nothing to wait for."""


@dataclass
class MemoryDatabase:
    """A queue in memory, as a thread's database and as its connection."""

    queue: SteeredQueue
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(_no_id, queue=self.queue)
        self.store.open()

    def connect(self) -> Any:
        """Itself."""
        return self

    def begin(self) -> AbstractContextManager[None]:
        """No transaction: each call is one step."""
        return nullcontext()

    def close(self) -> None:
        """It stays."""

    def check(self) -> None:
        """It is where it is."""

    def trouble(self, error: Exception) -> Trouble | None:
        """Nothing can be wrong with it."""
        return None


def _no_id(now: float) -> str:
    raise AssertionError("the queue makes the ids")


@implementer(*implementedBy(MemoryStore))
class NodeStore:
    """A store as one boot of a node has it, and what it committed noted.

    :param store: takes the calls, if not :class:`MemoryStore` behind *writer*.
    """

    def __init__(self, writer: PlayedThread, store: SqlStore | None = None) -> None:
        self._writer = writer
        self._store = store

    def open(self) -> Deferred[None]:
        """Begin to take calls."""
        if self._store is not None:
            return self._store.open()
        self._writer.start()
        return self._writer.submit(lambda _: None)

    def close(self) -> Deferred[None]:
        """Answer what was asked, and what that leads to, and take no more calls."""
        if self._store is not None:
            return self._store.close()
        done = self._writer.submit(lambda _: None)
        return done.addBoth(lambda _: self._writer.stop())

    def __getattr__(self, name: str) -> Callable[..., Deferred[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: Any, **named: Any) -> Deferred[Any]:
            if name in CHANGES:
                self._writer.label = (name, _said(name, arguments, named))
            try:
                return self._asked(name, arguments, named)
            finally:
                self._writer.label = None

        return call

    def _asked(self, name: str, arguments: Any, named: Any) -> Deferred[Any]:
        if self._store is not None:
            answer: Deferred[Any] = getattr(self._store, name)(*arguments, **named)
            return answer
        return self._writer.submit(
            lambda database: _at_once(getattr(database.store, name)(*arguments, **named))
        )


@cache
def _parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(MemoryStore, name)).parameters)[1:]


def _said(name: str, arguments: Any, named: Any) -> Mapping[str, Any]:
    return {**dict(zip(_parameters(name), arguments, strict=False)), **named}


def _at_once(answer: Deferred[T]) -> T:
    """What *answer* has fired with; raises what it failed with."""
    found: list[Any] = []
    answer.addBoth(found.append)
    [value] = found
    if isinstance(value, Failure):
        value.raiseException()
    result: T = value
    return result


class MemoryShelf:
    """Where the nodes of a simulation share a queue in memory."""

    def __init__(self, new_id: Callable[[float], str]) -> None:
        self._database = MemoryDatabase(SteeredQueue(new_id))

    def store(
        self, reactor: PlayedReactor, disk: Disk, new_id: Callable[[float], str], note: Note
    ) -> tuple[NodeStore, Callable[[], None]]:
        """A store for a boot of a node, and what to do when that is gone."""
        writer = PlayedThread(
            "memory",
            self._database,
            reactor,
            disk,
            note,
            lambda database: _at_once(database.store.crontab_jobs()),
            together=False,
        )
        return NodeStore(writer), writer.vanish


@cache
def _empty_store() -> bytes:
    """A store with its tables and nothing in them: migrations take longer than a seed."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "queue.db")
        database = SqliteDatabase(SqliteFile(str(path)), writing=True)
        database.connect().close()
        return path.read_bytes()


class SqliteShelf:
    """Where the nodes of a simulation share a file.

    :param folder: of its own.
    """

    def __init__(self, folder: str) -> None:
        path = Path(folder, "queue.db")
        path.write_bytes(_empty_store())
        self._path = str(path)

    def store(
        self, reactor: PlayedReactor, disk: Disk, new_id: Callable[[float], str], note: Note
    ) -> tuple[NodeStore, Callable[[], None]]:
        """A store for a boot of a node, and what to do when that is gone."""
        file = SqliteFile(self._path)
        store = SqlStore(file, reactor, new_id)
        around = (reactor, disk, note, reading.crontab_jobs)
        writer = PlayedThread("writer", SqliteDatabase(file, writing=True), *around)
        reader = PlayedThread("reader", SqliteDatabase(file, writing=False), *around)
        store._writer, store._reader = writer, reader

        def vanish() -> None:
            writer.vanish()
            reader.vanish()

        return NodeStore(writer, store), vanish
