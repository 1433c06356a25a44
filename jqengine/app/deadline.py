"""A time limit that costs next to nothing to move."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Deadline:
    """Calls *expired* when a limit has passed that was neither moved nor lifted.

    A busy connection moves its limit at every request.  Here that is an
    assignment: one delayed call lives until the old limit, then looks at the
    new one.

    :param expired: called on the reactor thread; the limit is lifted by then.
    """

    def __init__(self, reactor: IReactorTime, expired: Callable[[], None]) -> None:
        self._reactor = reactor
        self._expired = expired
        self._limit: float | None = None
        self._look: IDelayedCall | None = None
        self._look_at = 0.0
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether there is a limit."""
        return self._limit is not None

    def set(self, seconds: float) -> None:
        """Put the limit *seconds* from now."""
        if self._closed:
            return
        self._limit = limit = self._reactor.seconds() + seconds
        if self._look is None:
            self._look_at = limit
            self._look = self._reactor.callLater(seconds, self._check)
        elif self._look_at > limit:
            self._look_at = limit
            self._look.reset(seconds)

    def lift(self) -> None:
        """Forget the limit."""
        self._limit = None

    def close(self) -> None:
        """Forget the limit for good, and leave no delayed call behind."""
        self._closed = True
        self._limit = None
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _check(self) -> None:
        self._look = None
        if self._limit is None:
            return
        rest = self._limit - self._reactor.seconds()
        if rest > 0:
            self._look_at = self._limit
            self._look = self._reactor.callLater(rest, self._check)
        else:
            self._limit = None
            self._expired()
