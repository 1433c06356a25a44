"""A bell that a waiting coroutine can be woken by."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Bell:
    """Rings stay: one that comes before the wait ends the wait at once.

    For one waiter, on the reactor thread.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._rung = False
        self._waiter: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None

    def ring(self) -> None:
        """Wake the waiter, or whoever waits next."""
        self._rung = True
        if self._waiter is not None:
            self._wake()

    def wait(self, seconds: float) -> Deferred[None]:
        """Fires at the next ring, at the latest after *seconds*."""
        waiter: Deferred[None] = Deferred()
        self._waiter = waiter
        if self._rung:
            self._wake()
        else:
            self._timer = self._reactor.callLater(max(seconds, 0.0), self._wake)
        return waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        timer, self._timer = self._timer, None
        self._rung = False
        if timer is not None and timer.active():
            timer.cancel()
        if waiter is not None:
            waiter.callback(None)
