"""The time axis: divisions of the wall clock, and where that clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY,
)  # fmt: skip
_MOST_TICKS = 12


class Tick(NamedTuple):
    """One division, and what it is called."""

    instant: float
    label: str


class ClockChange(NamedTuple):
    """An instant at which the wall clock is set.

    :ivar seconds: how far: forward, or back when negative.
    """

    instant: float
    seconds: float


def ticks(start: float, end: float, zone: str) -> list[Tick]:
    """The divisions between *start* and *end*, a dozen at most, on the wall clock of *zone*."""
    step = next((one for one in _STEPS if (end - start) / one <= _MOST_TICKS), _STEPS[-1])
    where = ZoneInfo(zone)
    return [
        Tick(instant, _label(datetime.fromtimestamp(instant, where), step))
        for instant in _divisions(start, end, step, where)
    ]


def clock_changes(start: float, end: float, zone: str) -> list[ClockChange]:
    """Where the clock of *zone* is set between *start* and *end*."""
    where = ZoneInfo(zone)
    found = []
    before = start
    while before < end:
        after = min(before + _DAY, end)
        if _offset(before, where) != _offset(after, where):
            found.append(_change(before, after, where))
        before = after
    return found


def _divisions(start: float, end: float, step: int, zone: ZoneInfo) -> Iterator[float]:
    first = datetime.fromtimestamp(start, zone)
    wall = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    before = float("-inf")
    while True:
        instant = wall.timestamp()
        if instant >= end:
            return
        # In a spring gap two divisions of the wall clock are one instant.
        if instant >= start and instant > before:
            yield instant
            before = instant
        naive = wall.replace(tzinfo=None) + timedelta(seconds=step)
        wall = naive.replace(tzinfo=zone)


def _label(wall: datetime, step: int) -> str:
    midnight = wall.hour == wall.minute == 0
    return f"{wall:%a} {wall.day}" if step >= _DAY or midnight else f"{wall:%H:%M}"


def _offset(instant: float, zone: ZoneInfo) -> timedelta:
    return datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset() or timedelta()


def _change(before: float, after: float, zone: ZoneInfo) -> ClockChange:
    """The change between two instants less than a day apart, to the second."""
    old, new = _offset(before, zone), _offset(after, zone)
    while after - before > 1:
        middle = (before + after) / 2
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return ClockChange(float(round(after)), (new - old).total_seconds())
