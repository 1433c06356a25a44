"""``every=``: due times at a fixed distance from the first.

The distance is absolute time: ``every=24h`` moves on the wall clock when the
clock changes, and ``@daily`` does not.  Each due time is reckoned from the
first, not from the one before it, in whole microseconds, so nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zope.interface import implementer

from jqengine.errors import BadSchedule, BadValue
from jqengine.interfaces import ITrigger
from jqengine.triggers.localtime import LAST_INSTANT
from jqengine.units import parse_duration

SHORTEST = 1.0
"""Seconds.  Each due time is a row on disk before it is a request, so that an
interval in milliseconds would keep the store busy and nothing else."""

_MICROSECONDS = 1_000_000


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class EveryTrigger:
    """The due times *anchor*, *anchor* + *interval*, and so on.

    :ivar interval: seconds, as :func:`parse_every` gives them.
    :ivar anchor: the first due time, an instant.
    """

    recurring: ClassVar[bool] = True

    interval: float
    anchor: float

    def next(self, after: float) -> float | None:
        """The first due time strictly after the instant *after*.

        ``None`` once the years run out, after 9998.
        """
        if after < self.anchor:
            return self._due(0)
        if after >= LAST_INSTANT:
            return None
        passed = (_whole(after) - _whole(self.anchor)) // _whole(self.interval)
        # Rounded, *after* may lie in the interval before or behind its own.
        near = (self._due(number) for number in range(passed, passed + 3))
        return next(due for due in near if due > after)

    def _due(self, number: int) -> float:
        return (_whole(self.anchor) + number * _whole(self.interval)) / _MICROSECONDS


def parse_every(text: str) -> float:
    """Seconds in ``90s``, ``10 minutes``, ``1h30m``; at least one.

    :raises BadSchedule: it is not a duration, or too short a one.
    """
    try:
        interval = parse_duration(text)
    except BadValue as error:
        raise BadSchedule(text, str(error)) from None
    if interval < SHORTEST:
        raise BadSchedule(
            text,
            f"{text!r} is too short an interval; expected 1s or more, "
            "because every due time is written to disk before it runs",
        )
    return interval


def _whole(seconds: float) -> int:
    """Microseconds, to the nearest; exact, so that each due time leads back to itself."""
    numerator, denominator = seconds.as_integer_ratio()
    return (2 * numerator * _MICROSECONDS + denominator) // (2 * denominator)
