"""The start of an engine, as whoever started the process sees it.

Either the engine is up, or there is one line that says why not and the exit
status is 1, under ``twistd`` in the foreground and as a daemon, and ``twist``.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from jqengine.errors import JobQueueError

_log = Logger()


def collect_less_often() -> None:
    """Let Python look for cycles of garbage after 10,000 new objects, not after 700.

    A thousand jobs that arrive in one box are some thousands of objects, all of
    them wanted; to look through them time and again costs a sixth of the rate at
    which jobs are taken.  A collector that was switched off stays so.
    """
    often, *others = gc.get_threshold()
    if often:
        gc.set_threshold(max(often, 10_000), *others)


def use_monotonic_time(reactor: Any) -> None:
    """Make the timers of *reactor* immune to steps of the wall clock.

    A reactor times everything by ``seconds()``, which is the wall clock: when
    that steps back an hour, every timer waits an hour longer.  To be called
    before anything is scheduled.
    """
    reactor.seconds = time.monotonic


class ExitStatus:
    """The status this process ends with.

    A reactor that was stopped returns to its runner as after any other run, and
    no runner can be given a status; so the last exit handler sets it.  Made
    before the application is loaded, whose own exit handlers then run first.
    """

    def __init__(
        self,
        register: Callable[[Callable[[], None]], object] = atexit.register,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._leave = leave
        self._last_words: Callable[[], None] | None = None
        register(self._at_exit)

    def fail(self, last_words: Callable[[], None]) -> None:
        """End with status 1, and call *last_words* when all else is done."""
        self._last_words = last_words

    def _at_exit(self) -> None:
        if self._last_words is not None:
            self._last_words()
            for stream in (sys.__stdout__, sys.__stderr__):
                with suppress(OSError, ValueError, AttributeError):
                    cast(TextIO, stream).flush()
            self._leave(1)


class StartReport:
    """Tells how a start ended, once, to everyone who waits to hear it.

    :param twistd: the options of twistd, which come to hold the pipe on which
        the process that started a daemon waits; ``None`` for another runner.
    :param stderr: where the one line goes, or ``None`` if the log goes there.
    """

    def __init__(
        self,
        reactor: Any,
        exit_status: ExitStatus,
        twistd: MutableMapping[str, Any] | None,
        stderr: TextIO | None,
    ) -> None:
        self._reactor = reactor
        self._exit_status = exit_status
        self._twistd = twistd
        self._stderr = stderr
        self._pipe: int | None = None

    def begin(self) -> None:
        """Take twistd's word on its pipe, which it would give before a start has ended."""
        if self._twistd is not None:
            self._pipe = self._twistd.pop("statusPipe", None)

    def succeeded(self) -> None:
        """The engine is up."""
        self._answer(b"0")

    def failed(self, failure: Failure) -> None:
        """The engine cannot start: say so, and end with status 1."""
        message = _expected(failure) or f"the engine cannot start: {failure.getErrorMessage()}"
        # twistd reads 100 bytes, of which two are the status, and returns
        # once it has them; so they come last, when the pid file is gone too.
        answer = b"1 " + message.encode("ascii", "backslashreplace")[:98]
        self._exit_status.fail(lambda: self._answer(answer))
        # Only a running reactor can be stopped, and by then every runner logs.
        self._reactor.callWhenRunning(self._give_up, failure, message)

    def _give_up(self, failure: Failure, message: str) -> None:
        if _expected(failure):
            _log.critical("jobqueue: {why}", why=message)
        else:
            _log.failure("jobqueue: {why}", failure, why=message)
        if self._stderr is not None:
            self._stderr.write(f"jobqueue: {message}\n")
            self._stderr.flush()
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _answer(self, data: bytes) -> None:
        if self._pipe is not None:
            with suppress(BrokenPipeError):
                os.write(self._pipe, data)
            os.close(self._pipe)
            self._pipe = None


def _expected(failure: Failure) -> str | None:
    """One line for a failure that its reader can mend; ``None`` for any other."""
    if failure.check(JobQueueError, CannotListenError):
        return " ".join(str(failure.value).split())
    return None


class Launch(Service):
    """The service a runner gets: it starts the engine and reports how that went.

    The engine's ``privilegedStartService`` and ``startService`` may raise, and
    may return a Deferred that fires once it is up; a runner would wait for
    neither.  After a failure its ``stopService`` is called as after success.
    """

    def __init__(
        self, engine: IService, report: StartReport, observer: ILogObserver | None
    ) -> None:
        self._engine = engine
        self._report = report
        self._observer = observer
        self._start: Deferred[object] | None = None

    def setServiceParent(self, parent: object) -> None:
        """Join the application, and give it our log observer.

        twistd asks the application for one after this, unless the user has
        chosen a logger.
        """
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        """Let the engine do what may need the rights that twistd then drops."""
        super().privilegedStartService()
        self._report.begin()
        self._start = maybeDeferred(self._engine.privilegedStartService)

    def startService(self) -> None:
        """Start the engine, and report once it is up or cannot be."""
        if self._start is None:
            # twist has no privileges to drop and leaves that step out.
            self.privilegedStartService()
        super().startService()
        start = cast("Deferred[object]", self._start)
        start.addCallback(lambda _: maybeDeferred(self._engine.startService))
        start.addCallbacks(lambda _: self._report.succeeded(), self._report.failed)

    def stopService(self) -> Deferred[object] | None:
        """Stop the engine; the Deferred fires once it has drained."""
        super().stopService()
        return cast("Deferred[object] | None", self._engine.stopService())
