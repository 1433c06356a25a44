"""What the engine is tested with, for those who test with it: a played time.

For the tests of an application there is :func:`~jqengine.eager.eager`.

Nothing here waits.  A :class:`PlayedReactor` has the timers of a reactor and
moves its time only when it is told to; a :class:`PlayedClock` is a wall clock
that goes with it and can be stepped away from it, as operators and NTP do.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorFromThreads, IReactorTime
from zope.interface import implementer

from jqengine.eager import Eager, Ran, eager
from jqengine.interfaces import IClock

__all__ = ["START", "Eager", "PlayedClock", "PlayedReactor", "Ran", "eager"]

START = 1_800_000_000.0
"""Where a played wall clock begins: 2027-01-15 08:00 UTC."""


@implementer(IReactorTime, IReactorFromThreads)
class PlayedReactor:
    """Timers on a time that is moved by hand, in O(log n) for each.

    Unlike :class:`twisted.internet.task.Clock` it keeps its calls in a heap, so
    that a simulation of a million of them takes seconds.  What a call raises
    comes out of the method that moved the time.

    :param order: gives the order of calls that are due at one instant; the
        default is that in which they were made, which no real reactor
        promises.  A seeded ``random`` finds those who rely on it.
    """

    def __init__(self, order: Callable[[], float] | None = None) -> None:
        self._now = 0.0
        self._order = order or (lambda: 0.0)
        self._serial = itertools.count()
        self._heap: list[tuple[float, float, int, _PlayedCall]] = []
        self._from_threads: deque[Callable[[], object]] = deque()

    def seconds(self) -> float:
        """The played time: seconds since this object was made."""
        return self._now

    def callLater(
        self,
        delay: float,
        callable: Callable[..., Any],  # noqa: A002
        *args: object,
        **kw: object,
    ) -> IDelayedCall:
        """Have a call made when *delay* seconds have been played."""
        if delay < 0:
            raise ValueError(f"{delay} seconds is not a delay; expected 0 or more")
        call = _PlayedCall(self, lambda: callable(*args, **kw))
        self._put(call, self._now + delay)
        return call

    def callFromThread(
        self,
        callable: Callable[..., Any],  # noqa: A002
        *args: object,
        **kw: object,
    ) -> None:
        """Have a call made before any timer.  Safe to call from any thread."""
        self._from_threads.append(lambda: callable(*args, **kw))

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The calls that are still to be made, in no order."""
        return [call for *_, serial, call in self._heap if call.serial == serial]

    def advance(self, seconds: float) -> None:
        """Let *seconds* go by, and make every call that comes due, each at its instant."""
        end = self._now + seconds
        while (due := self.next_due()) is not None and due <= end:
            self.run_next(due)
        self._now = max(self._now, end)

    def next_due(self) -> float | None:
        """The time at which there is something to do; ``None`` if there is nothing."""
        if self._from_threads:
            return self._now
        while self._heap and self._heap[0][3].serial != self._heap[0][2]:
            heappop(self._heap)
        return max(self._heap[0][0], self._now) if self._heap else None

    def run_next(self, now: float) -> None:
        """Make it *now*, and then the one call that is next.

        Calls that should have been made before are late, as those of a process
        that was stopped for a while.
        """
        self._now = max(now, self._now)
        if self._from_threads:
            self._from_threads.popleft()()
        elif self.next_due() is not None:
            call = heappop(self._heap)[3]
            call.serial = _CALLED
            call.function()

    def _put(self, call: _PlayedCall, time: float) -> None:
        call.time, call.serial = time, next(self._serial)
        heappush(self._heap, (time, self._order(), call.serial, call))


_CALLED, _CANCELLED = -1, -2


@implementer(IDelayedCall)
class _PlayedCall:
    """One timer.  Its entry in the heap is the one with its serial number."""

    __slots__ = ("_reactor", "function", "serial", "time")

    def __init__(self, reactor: PlayedReactor, function: Callable[[], object]) -> None:
        self._reactor = reactor
        self.function = function
        self.serial = _CALLED
        self.time = 0.0

    def getTime(self) -> float:
        """When the call is due."""
        return self.time

    def cancel(self) -> None:
        """Have it not made."""
        self._check()
        self.serial = _CANCELLED

    def delay(self, secondsLater: float) -> None:
        """Have it made later."""
        self._check()
        self._reactor._put(self, self.time + secondsLater)

    def reset(self, secondsFromNow: float) -> None:
        """Have it made at another time."""
        self._check()
        self._reactor._put(self, self._reactor.seconds() + secondsFromNow)

    def active(self) -> bool:
        """Whether it is still to be made."""
        return self.serial >= 0

    def _check(self) -> None:
        if self.serial == _CALLED:
            raise AlreadyCalled
        if self.serial == _CANCELLED:
            raise AlreadyCancelled


@implementer(IClock)
class PlayedClock:
    """A wall clock that goes with a played time and can be set.

    :param seconds: the time it goes with, as :meth:`PlayedReactor.seconds`.
    :param start: what it shows when that is 0.
    """

    def __init__(self, seconds: Callable[[], float], start: float = START) -> None:
        self._seconds = seconds
        self._offset = start

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._offset + self._seconds()

    def step(self, seconds: float) -> None:
        """Set the clock forward, or back when *seconds* is negative; no timer notices."""
        self._offset += seconds
