"""A store's thread with the thread taken out.

Calls queue, a group of them is committed when the disk has taken its time, and
some time later their answers come, unless the node is gone by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from jqengine.errors import StoreFull, StoreUnavailable
from jqengine.job import Job
from jqengine.store.thread import Call, StoreThread
from jqengine.store.transacting import Database, Operation
from jqengine.testing import PlayedReactor

T = TypeVar("T")
Note = Callable[[str, Mapping[str, Any], Any], None]
"""Told of each change that was committed: the call, its arguments, its answer.

For ``apply``, which has no answer: every job of the crontab as it is then."""

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
