"""The last hour of this engine in a few numbers a minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from zope.interface import implementer

from jqengine.interfaces import IClock, IRunObserver
from jqengine.job import Outcome, Run

MINUTES = 60


class Beat(NamedTuple):
    """One minute.

    :ivar start: when it began.
    :ivar ended: attempts that ended, *failed* those without a success.
    :ivar late: seconds that first attempts started after their due time, in the
        mean, and *latest* the most; ``None`` where there was none.
    """

    start: float
    ended: int
    failed: int
    late: float | None
    latest: float | None


class _Minute:
    """A minute that is still being counted."""

    __slots__ = ("ended", "failed", "first", "late", "latest", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended = self.failed = self.first = 0
        self.late = self.latest = 0.0

    def beat(self) -> Beat:
        late = (self.late / self.first, self.latest) if self.first else (None, None)
        return Beat(self.number * 60.0, self.ended, self.failed, *late)


@implementer(IRunObserver)
class Pulse:
    """Counts, in a bounded memory, what has ended.  For the reactor thread."""

    def __init__(self, clock: IClock) -> None:
        self._clock = clock
        self._minutes: deque[_Minute] = deque(maxlen=MINUTES)

    def began(self, runs: Sequence[Run]) -> None:
        """Nothing: how late an attempt was is told with its end."""

    def ended(self, run: Run, outcome: Outcome) -> None:
        """Count an attempt."""
        result = outcome.result
        # By when it ended, so that this costs no look at a clock.
        number = int(result.finished // 60)
        minutes = self._minutes
        if not minutes or minutes[-1].number < number:
            minutes.append(_Minute(number))
        minute = minutes[-1]
        minute.ended += 1
        if not 0 < result.status < 400:
            minute.failed += 1
        if run.attempt == 1:
            late = result.started - run.due
            minute.first += 1
            minute.late += late
            if late > minute.latest:
                minute.latest = late

    def beats(self) -> Sequence[Beat]:
        """The last hour, each minute of it, the oldest first."""
        now = int(self._clock.now() // 60)
        known = {minute.number: minute for minute in self._minutes}
        numbers = range(now - MINUTES + 1, now + 1)
        return [(known.get(number) or _Minute(number)).beat() for number in numbers]
