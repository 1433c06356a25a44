"""Job threads without threads: greenlets, which change places only when the application waits.

The real :class:`~jqengine.app.jobs.JobHost` runs in them, and every wait of
the application is a timer of its node, so that a node that is frozen or dead
takes its threads along.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from greenlet import GreenletExit, getcurrent, greenlet

from jqengine.testing import PlayedReactor


class GreenThreads:
    """A pool with the methods of :class:`~jqengine.app.threads.ApplicationThreads`."""

    def __init__(self, reactor: PlayedReactor, size: int) -> None:
        self.size = size
        self._reactor = reactor
        self._calls: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._idle = size
        self._unwanted: set[greenlet] = set()
        self._waiting: dict[greenlet, None] = {}
        self._hanging: list[greenlet] = []
        self._abandoned = False

    def callInThread(self, function: Callable[..., object], *arguments: object) -> None:
        """Queue a call."""
        self._calls.append((function, arguments))
        self._wake()

    def add(self) -> None:
        """One more thread."""
        self._idle += 1
        self._wake()

    def end_this_thread(self) -> None:
        """One thread less, once its call has ended."""
        self._unwanted.add(getcurrent())

    def pause(self, seconds: float | None) -> None:
        """Wait in a thread; with ``None``, until :meth:`release`."""
        me = getcurrent()
        self.check()
        self._waiting[me] = None
        if seconds is None:
            self._hanging.append(me)
        else:
            self._reactor.callLater(seconds, me.switch)
        me.parent.switch()
        self._waiting.pop(me, None)

    def release(self) -> None:
        """Let every thread go on that would wait for ever."""
        hanging, self._hanging = self._hanging, []
        for one in hanging:
            self._reactor.callLater(0, one.switch)

    def check(self) -> None:
        """Unwind the calling thread if the process is gone."""
        if self._abandoned:
            raise GreenletExit

    def abandon(self) -> None:
        """Unwind every thread that waits: the process is gone."""
        self._abandoned = True
        self._calls.clear()
        while self._waiting:
            self._waiting.popitem()[0].throw()

    def _wake(self) -> None:
        if self._idle and self._calls:
            self._idle -= 1
            self._reactor.callLater(0, lambda: greenlet(self._work).switch())

    def _work(self) -> None:
        me = getcurrent()
        while self._calls and me not in self._unwanted:
            function, arguments = self._calls.popleft()
            function(*arguments)
        if me in self._unwanted:
            self._unwanted.discard(me)
        else:
            self._idle += 1
