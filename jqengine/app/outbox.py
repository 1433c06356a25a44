"""From the reactor to the application's threads: one turn of the loop, one hand-over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime


class Threads(Protocol):
    """What is needed of a thread pool: Twisted's own will do."""

    def callInThread(self, function: Callable[..., object], /, *arguments: object) -> object:
        """Call *function* in some thread, soon."""


class Outbox:
    """Hands calls to threads, those of one turn of the reactor together.

    A thread that began at once would take the interpreter lock from the reactor
    at its next read, and they would go on taking it from each other all through
    the turn.  On a reactor that has no time, calls are handed over at once.

    For the reactor thread.
    """

    def __init__(self, reactor: IReactorFromThreads, threads: Threads) -> None:
        self._threads = threads
        self._time: IReactorTime | None = IReactorTime(reactor, None)
        self._calls: list[Callable[[], None]] = []

    def send(self, call: Callable[[], None]) -> None:
        """Have *call* made in a thread."""
        if self._time is None:
            self._threads.callInThread(call)
            return
        if not self._calls:
            self._time.callLater(0, self._hand_over)
        self._calls.append(call)

    def _hand_over(self) -> None:
        calls, self._calls = self._calls, []
        for call in calls:
            self._threads.callInThread(call)
