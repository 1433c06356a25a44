"""Once a second: end runs that take too long, and notice a stepped clock."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.verdict import no_response
from jqengine.dispatch.wake import Bell
from jqengine.interfaces import IClock, IJobHost
from jqengine.job import Run
from jqengine.units import format_duration

INTERVAL = 1.0
STEP = 1.0
"""Seconds by which the wall clock must leave the timers to count as stepped."""


class Watchdog(Service):
    """Looks at the job threads and at the clock.  For the reactor thread."""

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        host: IJobHost,
        recorder: Recorder,
        bell: Bell,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._host = host
        self._recorder = recorder
        self._bell = bell
        self._look = LoopingCall(self._look_once)
        self._look.clock = reactor
        self._offset = 0.0

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._offset = self._wall_offset()
        self._look.start(INTERVAL, now=False)

    def stopService(self) -> None:
        """Look no more."""
        if self._look.running:
            self._look.stop()
        super().stopService()

    def _look_once(self) -> None:
        for run in self._host.overdue():
            self._end(run)
        offset = self._wall_offset()
        if abs(offset - self._offset) > STEP:
            self._log.warn("The clock was stepped by {step:+.0f} s", step=offset - self._offset)
            self._bell.ring()
        self._offset = offset

    def _end(self, run: Run) -> None:
        """Give a run up; its thread is left to the host."""
        now = self._clock.now()
        limit = run.policy.timeout
        self._host.abandon(run)
        reason = f"timeout after {format_duration(limit)}"
        self._recorder.ended([(run, no_response(reason, now - limit, now))])

    def _wall_offset(self) -> float:
        return self._clock.now() - self._reactor.seconds()
