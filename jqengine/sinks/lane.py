"""One lane: deliveries that share a server, its width and its bad times.

While all goes well a few deliveries are under way at once and more are claimed
ahead.  Once several in a row have failed, the lane narrows to one at a time
with a growing pause between them, so that ten thousand results do not hammer a
server that is down; the first that arrives opens it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from jqengine.delivery import ClaimedDeliveries, Delivery
from jqengine.units import Backoff

WIDTH = 8
"""Deliveries of one lane under way at once."""

CLAIMED_AHEAD = 32
"""Deliveries of one lane claimed at once, those under way included."""

PAUSE = Backoff(base=1.0, cap=60.0, jitter=False)
"""Between tries while the lane is in trouble."""

LONGEST_SLEEP = 30.0
"""Seconds after which the wall clock is looked at afresh."""

SHORTEST_SLEEP = 0.02


class TryEnd(Enum):
    """How a try went, as far as its lane is concerned."""

    ARRIVED = "arrived"
    REFUSED = "refused"  # for good: its own fault, not the server's
    FAILED = "failed"
    NOT_MADE = "not made"  # the store was away, or the engine stops


class Office(Protocol):
    """What lanes need of the deliverer."""

    def claim(self, lane: str, limit: int) -> Deferred[ClaimedDeliveries]:
        """Claim what is ready; never fails, but may give nothing."""

    def attempt(self, delivery: Delivery) -> Deferred[TryEnd]:
        """Try once, and see to it that the end is written; never fails."""

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let go of what was claimed and not tried."""

    def closed(self, lane: Lane) -> None:
        """The lane has nothing more to do."""

    def now(self) -> float:
        """The wall clock."""


class Lane:
    """For the reactor thread."""

    def __init__(self, name: str, office: Office, reactor: Any) -> None:
        self.name = name
        self._office = office
        self._reactor = reactor
        self._waiting: deque[Delivery] = deque()
        self._under_way: set[Deferred[TryEnd]] = set()
        self._claiming = False
        self._something_new = False
        self._failures = 0
        self._timer: IDelayedCall | None = None
        self._pausing = False
        self._stopped = False
        self._going_on = False

    @property
    def under_way(self) -> Sequence[Deferred[TryEnd]]:
        """The tries that have begun and not ended."""
        return tuple(self._under_way)

    def look(self) -> None:
        """Something may be ready."""
        self._something_new = True
        self._go_on()

    def stop(self) -> None:
        """Begin no more; give back what waits."""
        self._stopped = True
        self._cancel_timer()
        self._give_back()

    def _go_on(self) -> None:
        """Begin all that can be begun.

        What ends at once calls this again; then the loop that runs sees to it,
        not another one inside of it.
        """
        if self._going_on:
            return
        self._going_on = True
        try:
            while self._step():
                pass
        finally:
            self._going_on = False

    def _step(self) -> bool:
        """Begin one thing; whether there was one to begin."""
        if self._stopped or self._pausing:
            return False
        if self._waiting and len(self._under_way) < self._width:
            self._begin(self._waiting.popleft())
            return True
        room = self._most_claimed - len(self._under_way)
        if self._something_new and not self._waiting and not self._claiming and room > 0:
            self._claim(room)
            return True
        return False

    @property
    def _width(self) -> int:
        return WIDTH if self._failures < 2 else 1

    @property
    def _most_claimed(self) -> int:
        return CLAIMED_AHEAD if self._failures < 2 else 1

    def _claim(self, room: int) -> None:
        self._something_new = False
        self._claiming = True
        self._cancel_timer()
        self._office.claim(self.name, room).addCallback(self._claimed)

    def _claimed(self, claimed: ClaimedDeliveries) -> None:
        self._claiming = False
        self._waiting.extend(claimed.deliveries)
        if self._stopped or self._pausing:
            self._give_back()
            return
        if claimed.deliveries:
            self._something_new = True
        elif not self._something_new:
            self._sleep(claimed.next_ready)
            return
        self._go_on()

    def _sleep(self, until: float | None) -> None:
        if until is not None:
            seconds = min(max(until - self._office.now(), SHORTEST_SLEEP), LONGEST_SLEEP)
            self._set_timer(seconds, self.look)
        elif not self._under_way:
            self._stopped = True
            self._office.closed(self)

    def _begin(self, delivery: Delivery) -> None:
        attempt = self._office.attempt(delivery)
        self._under_way.add(attempt)
        attempt.addCallback(self._ended, attempt)

    def _ended(self, end: TryEnd, attempt: Deferred[TryEnd]) -> None:
        self._under_way.discard(attempt)
        if end is TryEnd.FAILED:
            self._failures += 1
        elif end is not TryEnd.NOT_MADE:
            self._failures = 0
        if self._failures >= 2 and not self._stopped and end is TryEnd.FAILED:
            self._pause()
        self._something_new = True
        self._go_on()

    def _pause(self) -> None:
        self._give_back()
        self._pausing = True
        self._set_timer(PAUSE.wait(self._failures - 1, 0.0), self._resume)

    def _resume(self) -> None:
        self._pausing = False
        self.look()

    def _give_back(self) -> None:
        waiting = tuple(self._waiting)
        self._waiting.clear()
        if waiting:
            self._office.give_back(waiting)

    def _set_timer(self, seconds: float, function: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._reactor.callLater(seconds, function)

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
