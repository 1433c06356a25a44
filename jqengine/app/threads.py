"""The threads in which the application runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from twisted.logger import Logger

LAST_PATIENCE = 2.0
"""Seconds that stopping waits for threads that are still in the application."""


class IThreadsReactor(IReactorTime, IReactorFromThreads):
    """What a pool of threads needs of a reactor."""


class ApplicationThreads(Service):
    """A fixed number of threads that take calls from one queue.

    The threads exist from startService to stopService, and never before: a
    thread made before the process becomes a daemon does not survive that.
    Calls queued earlier wait.  No call, whatever it raises, ends a thread.

    :param name: threads are called ``name-1``, ``name-2`` and so on.
    :param size: how many there are.
    """

    _log = Logger()

    def __init__(self, reactor: IThreadsReactor, name: str, size: int) -> None:
        self.setName(f"{name} threads")
        self.size = size
        self._reactor = reactor
        self._prefix = name
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: set[_Thread] = set()
        self._made = 0
        self._all_ended: Deferred[None] | None = None

    def callInThread(self, function: Callable[..., object], *arguments: object) -> None:
        """Queue a call.  Safe to call from any thread."""
        self._calls.put((function, arguments))

    def startService(self) -> None:
        """Start the threads."""
        super().startService()
        for _ in range(self.size):
            self.add()

    def stopService(self) -> Deferred[None]:
        """End the threads once the queue is empty; fires when they have ended.

        A thread that is still in the application after two seconds is left
        behind: threads cannot be stopped from outside, and the process ends
        without it.
        """
        super().stopService()
        if not self._threads:
            return succeed(None)
        # A later start gets a queue of its own, without these marks.
        calls, self._calls = self._calls, SimpleQueue()
        for _ in self._threads:
            calls.put(None)
        self._all_ended = Deferred()
        patience = self._reactor.callLater(LAST_PATIENCE, self._leave_behind)
        return self._all_ended.addCallback(_cancelled, patience)

    def add(self) -> None:
        """Start one more thread, in place of one that is stuck."""
        self._made += 1
        thread = _Thread(f"{self._prefix}-{self._made}", self._calls, self._thread_ended)
        self._threads.add(thread)
        thread.start()

    @staticmethod
    def end_this_thread() -> None:
        """Let the calling thread, which must be one of a pool, end after its call."""
        thread = threading.current_thread()
        assert isinstance(thread, _Thread)
        thread.wanted = False

    def _thread_ended(self, thread: _Thread) -> None:
        self._reactor.callFromThread(self._join, thread)

    def _join(self, thread: _Thread) -> None:
        thread.join()
        self._threads.discard(thread)
        if not self._threads:
            self._fire_all_ended()

    def _leave_behind(self) -> None:
        self._log.warn(
            "{count} {name} are still in the application; going on without them",
            count=len(self._threads),
            name=self.name,
        )
        self._threads.clear()
        self._fire_all_ended()

    def _fire_all_ended(self) -> None:
        ended, self._all_ended = self._all_ended, None
        if ended is not None:
            ended.callback(None)


_Call = tuple[Callable[..., object], tuple[object, ...]]


class _Thread(threading.Thread):
    """One thread of a pool.

    A daemon, because an application that hangs must not keep the process.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        calls: SimpleQueue[_Call | None],
        ended: Callable[[_Thread], None],
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.wanted = True
        self._calls = calls
        self._ended = ended

    def run(self) -> None:
        while self.wanted:
            call = self._calls.get()
            if call is None:
                break
            function, arguments = call
            # A local name would keep the last call's objects alive until the next.
            del call
            try:
                function(*arguments)
            except BaseException:
                with suppress(BaseException):  # even out of memory, the thread lives
                    self._log.failure("A call in thread {name} failed", name=self.name)
            del function, arguments
        self._ended(self)


def _cancelled(result: None, call: IDelayedCall) -> None:
    if call.active():
        call.cancel()
