"""The threads in which the application runs."""

from __future__ import annotations

import threading
from collections import deque
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
        self._queue = _Queue()
        self._threads: set[_Thread] = set()
        self._made = 0
        self._all_ended: Deferred[None] | None = None

    @property
    def busy(self) -> int:
        """How many threads are in a call now."""
        return sum(thread.busy for thread in tuple(self._threads))

    @property
    def waiting(self) -> int:
        """How many calls no thread has begun."""
        return len(self._queue)

    def callInThread(self, function: Callable[..., object], *arguments: object) -> None:
        """Queue a call.  Safe to call from any thread."""
        self._queue.put((function, arguments))

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
        queue, self._queue = self._queue, _Queue()
        queue.end(len(self._threads))
        self._all_ended = Deferred()
        patience = self._reactor.callLater(LAST_PATIENCE, self._leave_behind)
        return self._all_ended.addCallback(_cancelled, patience)

    def add(self) -> None:
        """Start one more thread, in place of one that is stuck."""
        self._made += 1
        thread = _Thread(f"{self._prefix}-{self._made}", self._queue, self._thread_ended)
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


class _Queue:
    """Calls for any number of threads; few of them wake one.

    Waking a thread costs more than a short call.  So a call does not wake a
    thread of its own: it sees to it that there is a token, and whoever takes a
    token looks for calls.  A token is looked for after every change of the
    calls, so there is always one, or a thread that has yet to look, for a call
    that waits.
    """

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque()
        self._tokens: SimpleQueue[bool] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._calls)

    def put(self, call: _Call) -> None:
        """Add a call.  Safe to call from any thread."""
        self._calls.append(call)
        if self._tokens.empty():
            self._tokens.put(True)

    def end(self, threads: int) -> None:
        """Let so many threads find the end, behind all calls."""
        for _ in range(threads):
            self._tokens.put(False)

    def get(self) -> _Call | None:
        """Wait for a call; ``None`` is the end."""
        ended = False
        while True:
            try:
                call = self._calls.popleft()
            except IndexError:
                if ended:
                    return None
                ended = not self._tokens.get()
            else:
                if self._calls and self._tokens.empty():
                    self._tokens.put(True)
                return call


class _Thread(threading.Thread):
    """One thread of a pool.

    A daemon, because an application that hangs must not keep the process.
    """

    _log = Logger()

    def __init__(self, name: str, queue: _Queue, ended: Callable[[_Thread], None]) -> None:
        super().__init__(name=name, daemon=True)
        self.wanted = True
        self.busy = False
        self._queue = queue
        self._ended = ended

    def run(self) -> None:
        """Take calls until the end, or until the thread is not wanted any more."""
        while self.wanted:
            call = self._queue.get()
            if call is None:
                break
            self.busy = True
            self._perform(*call)
            self.busy = False
            del call  # or its objects would live until the next
        self._ended(self)

    def _perform(self, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            function(*arguments)
        except BaseException:
            with suppress(BaseException):  # even out of memory, the thread lives
                self._log.failure("A call in thread {name} failed", name=self.name)


def _cancelled(result: None, call: IDelayedCall) -> None:
    if call.active():
        call.cancel()
