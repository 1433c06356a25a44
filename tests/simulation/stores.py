"""The store of a simulated node: the real one without its threads, or the one in memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementedBy, implementer

from jqengine.job import Job
from jqengine.store import reading
from jqengine.store.memory import MemoryStore
from jqengine.store.memoryoversight import OverseenQueue
from jqengine.store.sql import SqlStore
from jqengine.store.sqlite import SqliteDatabase, SqliteFile
from jqengine.store.transacting import Trouble
from jqengine.testing import PlayedReactor
from tests.simulation.playedthread import Disk, Note, PlayedThread

T = TypeVar("T")

CHANGES = frozenset(
    {"add", "apply", "fire", "claim", "record", "give_back", "recover", "renew", "prune"}
    | {"steer", "run_now", "reopen", "redrive", "set_paused"}
    | {"claim_deliveries", "end_deliveries", "give_back_deliveries", "recover_deliveries"}
)
"""The methods of a store that change it."""


@dataclass
class MemoryDatabase:
    """A queue in memory, as a thread's database and as its connection."""

    queue: OverseenQueue
    store: MemoryStore = field(init=False)
    info: dict[Any, Any] = field(default_factory=dict)

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

    def transaction(self, connection: Any) -> None:
        """No commit is ever in doubt."""

    def was_committed(self, connection: Any, transaction: str) -> bool:
        """Never asked."""
        raise NotImplementedError

    def check(self) -> None:
        """It is where it is."""

    def trouble(self, error: Exception) -> Trouble | None:
        """Nothing can be wrong with it."""
        return None


def _crontab_jobs(database: MemoryDatabase) -> Sequence[Job]:
    return _at_once(database.store.crontab_jobs())


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

    def _asked(
        self, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
    ) -> Deferred[Any]:
        if self._store is not None:
            answer: Deferred[Any] = getattr(self._store, name)(*arguments, **named)
            return answer

        def ask(database: Any) -> Any:
            return _at_once(getattr(database.store, name)(*arguments, **named))

        return self._writer.submit(ask)


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


class Shelf(Protocol):
    """Where the nodes of a simulation share a queue."""

    def store(
        self, reactor: PlayedReactor, disk: Disk, new_id: Callable[[float], str], note: Note
    ) -> tuple[NodeStore, Callable[[], None]]:
        """A store for a boot of a node, and what to do when that is gone."""


class MemoryShelf:
    """One in memory."""

    def __init__(self, new_id: Callable[[float], str]) -> None:
        self._database = MemoryDatabase(OverseenQueue(new_id))

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
            _crontab_jobs,
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


def new_file(folder: str) -> SqliteShelf:
    """One in a new file."""
    path = Path(folder, "queue.db")
    path.write_bytes(_empty_store())
    return SqliteShelf(path)


class SqliteShelf:
    """One in a file, which is there.

    :param path: absolute.
    """

    def __init__(self, path: Path) -> None:
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
