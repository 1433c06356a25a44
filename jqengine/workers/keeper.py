"""Keeps one worker alive: starts it, and starts it again when it has died."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.errors import WorkerFailed
from jqengine.units import format_duration
from jqengine.workers.child import Child, Ended
from jqengine.workers.orders import LONGEST_SILENCE, Word

FIRST_PAUSE = 0.25
"""Seconds before a worker that died is started again; doubled each time."""

LONGEST_PAUSE = 60.0

STEADY = 60.0
"""Seconds after which a worker counts as well, and the next pause is the first again."""

MOST_SILENT = 3
"""Halves of a worker's longest silence that may pass without a word of it."""

Start = Callable[[Child, bool], None]
"""Starts the process of a child; the second says whether it is the worker's first."""


class Keeper:
    """The processes of one worker, one after the other.  For the reactor thread.

    :param start: starts a process.
    :param gone: called when a process has ended.
    """

    _log = Logger()

    def __init__(
        self,
        node: str,
        reactor: IReactorTime,
        start: Start,
        gone: Callable[[], object] = lambda: None,
    ) -> None:
        self.node = node
        self._reactor = reactor
        self._start_process = start
        self._gone = gone
        self._child: Child | None = None
        self._is_up = False
        self._up_since = 0.0
        self._pause = 0.0
        self._again: IDelayedCall | None = None
        self._first: Deferred[None] | None = None
        self._stopped: Deferred[None] | None = None
        self._killing: IDelayedCall | None = None
        self._silent = 0
        self._listening = LoopingCall(self._listen)
        self._listening.clock = reactor

    @property
    def up(self) -> bool:
        """Whether the worker is up."""
        return self._is_up

    def start(self) -> Deferred[None]:
        """Start the worker; fires once it is up, and fails if it cannot be.

        From then on it is kept alive, until :meth:`stop`.
        """
        self._first = first = Deferred[None]()
        self._spawn(first=True)
        return first

    def tell(self, word: Word) -> None:
        """Say *word* to the worker, if it is there."""
        if self._child is not None:
            self._child.tell(word)

    def stop(self, patience: float) -> Deferred[None]:
        """Let the worker drain; fires when its process is gone.

        :param patience: seconds after which the process is killed.
        """
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._child is None:
            return succeed(None)
        self._stopped = Deferred()
        self._child.tell(Word.STOP)
        self._kill_in(patience)
        return self._stopped

    def hurry(self, patience: float) -> None:
        """Wait no more for what the worker does."""
        if self._child is not None:
            self._child.tell(Word.HURRY)
            self._kill_in(patience)

    def _kill_in(self, patience: float) -> None:
        if self._killing is not None:
            self._killing.cancel()
        self._killing = self._reactor.callLater(patience, self._kill)

    def _kill(self) -> None:
        self._killing = None
        if self._child is not None:
            self._log.error("The worker {worker} does not end: killing it", worker=self.node)
            self._child.kill()

    def _spawn(self, *, first: bool = False) -> None:
        self._again = None
        self._child = Child(self.node, self._came_up, self._heard, self._ended)
        self._start_process(self._child, first)

    def _came_up(self) -> None:
        self._is_up = True
        self._up_since = self._reactor.seconds()
        self._silent = 0
        self._listening.start(LONGEST_SILENCE / 2, now=False)
        first, self._first = self._first, None
        if first is not None:
            first.callback(None)
        else:
            self._log.info("The worker {worker} is up again", worker=self.node)

    def _heard(self) -> None:
        """The worker does its work."""
        self._silent = 0

    def _listen(self) -> None:
        """End a worker that has said nothing for long: it only seems to live.

        Counted, and not measured: this process, too, may have been stopped for a while.
        """
        self._silent += 1
        if self._silent > MOST_SILENT and self._child is not None:
            self._log.error(
                "The worker {worker} has said nothing for {time}: killing it",
                worker=self.node,
                time=format_duration(self._silent * LONGEST_SILENCE / 2),
            )
            self._child.kill()

    def _ended(self, ended: Ended) -> None:
        if self._listening.running:
            self._listening.stop()
        was_steady = self._is_up and self._reactor.seconds() - self._up_since >= STEADY
        was_up, self._is_up, self._child = self._is_up, False, None
        self._gone()
        if self._killing is not None:
            self._killing.cancel()
            self._killing = None
        if self._stopped is not None:
            stopped, self._stopped = self._stopped, None
            stopped.callback(None)
        elif self._first is not None:
            first, self._first = self._first, None
            first.errback(WorkerFailed(ended.refused or f"a worker cannot start: {ended.why}"))
        else:
            self._start_again(ended, was_up, was_steady)

    def _start_again(self, ended: Ended, was_up: bool, was_steady: bool) -> None:
        if was_up and ended.cleanly:
            self._pause = 0.0
            self._log.info("The worker {worker} has ended: starting it again", worker=self.node)
        else:
            longer = FIRST_PAUSE if was_steady else self._pause * 2
            self._pause = min(max(longer, FIRST_PAUSE), LONGEST_PAUSE)
            self._log.error(
                "The worker {worker} is gone: {why}. It is started again in {pause}",
                worker=self.node,
                why=ended.refused or ended.why,
                pause=format_duration(self._pause),
            )
        self._again = self._reactor.callLater(self._pause, self._spawn)
