"""Counts of a queue, which take the longer the longer its history is."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

SLOW = 0.02
"""Seconds: counts that take less are made anew for whoever asks."""

RESTED = 50
"""How many times as long as it takes to count nobody counts again."""

OLDEST = 30.0
"""Seconds after which counts are of no use to anybody."""

Stats = dict[str, int]


class Counts:
    """Gives counts at once where it would take long to make them: the last ones, a little old.

    For the reactor thread.

    :param ask: makes them.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorTime, ask: Callable[[], Deferred[Stats]]) -> None:
        self._reactor = reactor
        self._ask = ask
        self._last: Stats = {}
        self._took = 0.0
        self._made = float("-inf")
        self._waiting: list[Deferred[Stats]] = []
        self._asking = False

    async def stats(self) -> Stats:
        """The counts, of a long history some seconds old."""
        age = self._reactor.seconds() - self._made
        if self._took < SLOW or age > OLDEST:
            return await self._anew()
        if age > self._took * RESTED:
            self._anew().addErrback(lambda failure: self._log.failure("Not counted", failure))
        return self._last

    def _anew(self) -> Deferred[Stats]:
        """Count; whoever asks for counts that are slow meanwhile is given the same ones."""
        if self._asking and self._took >= SLOW:
            waiting: Deferred[Stats] = Deferred()
            self._waiting.append(waiting)
            return waiting
        began = self._reactor.seconds()
        self._asking = True
        return self._ask().addCallbacks(self._counted, self._failed, callbackArgs=(began,))

    def _counted(self, stats: Stats, began: float) -> Stats:
        now = self._reactor.seconds()
        self._last, self._took, self._made = stats, now - began, now
        self._asking = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(stats)
        return stats

    def _failed(self, failure: Failure) -> Failure:
        self._asking = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.errback(failure)
        return failure
