"""A time limit that is started anew far more often than it runs out."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Countdown:
    """Calls *action* once *seconds* have passed since the last start.

    Starting anew only notes the time: the reactor's timer is moved when it
    fires too early, not with every box that comes.
    """

    def __init__(self, reactor: IReactorTime, seconds: float, action: Callable[[], object]) -> None:
        self._reactor = reactor
        self._seconds = seconds
        self._action = action
        self._begun: float | None = None
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Begin to count, unless it does already."""
        if self._begun is None:
            self.restart()

    def restart(self) -> None:
        """Begin to count anew."""
        self._begun = self._reactor.seconds()
        if self._call is None:
            self._call = self._reactor.callLater(self._seconds, self._fire)

    def pause(self) -> None:
        """Count no more, but keep the timer for the next start."""
        self._begun = None

    def stop(self) -> None:
        """Count no more, and leave nothing behind in the reactor."""
        self._begun = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _fire(self) -> None:
        self._call = None
        if self._begun is None:
            return
        left = self._begun + self._seconds - self._reactor.seconds()
        if left > 0:
            self._call = self._reactor.callLater(left, self._fire)
        else:
            self._begun = None
            self._action()
