"""Recurring due times: frozen values with one question, *when next?*

A rule for days and times of day walks the wall clock of its zone, so that nine
o'clock stays nine o'clock: a time that a clock change skips is due right after
the change, and one that comes twice is due once, the first time.  An interval
of hours, minutes or seconds is elapsed time and takes no notice of clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import ClassVar

from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.interfaces import ITrigger
from jqengine.triggers.localtime import FIRST_INSTANT, LAST_INSTANT, Zone, rounded
from jqengine.triggers.natural_days import Dates
from jqengine.triggers.natural_moments import wall_instant


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class DaysAndTimes:
    """Times of day on certain days of a zone.

    :ivar text: what was said; with *zone* and *said* it is the identity.
    :ivar said: the day it was said, from which strides are counted.
    :ivar times: the times of day, in order.
    """

    recurring: ClassVar[bool] = True

    text: str
    zone: Zone
    said: date
    times: tuple[time, ...]
    _dates: Dates = field(compare=False, repr=False)

    def next(self, after: float) -> float | None:
        """The first due time strictly after *after*; ``None`` once the years run out."""
        if after >= LAST_INSTANT:
            return None
        today = self.zone.local(max(after, FIRST_INSTANT)).date()
        try:
            for day in self._dates(today):
                for clock in self.times:
                    instant = wall_instant(self.zone, day, clock)
                    if instant > after:
                        return instant
        except (OverflowError, ValueError, BadValue):
            return None  # the calendar ends with the year 9998
        return None


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many seconds, counted from *start*, which is not itself due."""

    recurring: ClassVar[bool] = True

    start: float
    seconds: float

    def next(self, after: float) -> float | None:
        """The first due time strictly after *after*; ``None`` once the years run out."""
        number = max(1, int((after - self.start) // self.seconds))
        while (instant := rounded(self.start + number * self.seconds)) <= after:
            number += 1
        return instant if instant < LAST_INSTANT else None


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class MinutesOfHour:
    """Whenever the clock of a zone shows one of these minutes, be the hour skipped or repeated.

    :ivar minutes: from 0 to 59, in order.
    """

    recurring: ClassVar[bool] = True

    zone: Zone
    minutes: tuple[int, ...]

    def next(self, after: float) -> float | None:
        """The first due time strictly after *after*; ``None`` once the years run out."""
        instant = max(after, FIRST_INSTANT)
        while instant < LAST_INSTANT:
            period = self.zone.period(instant)
            found = self._within(instant + period.offset) - period.offset
            if found < period.end:
                return float(found)
            if self._starts_at(period.end):
                return float(period.end)
            instant = period.end
        return None

    def _within(self, wall: float) -> int:
        """The first due wall clock after *wall*, in seconds, if no clock changes."""
        hour = int(wall // 3600) * 3600
        return next(
            each
            for start in (hour, hour + 3600)
            for each in (start + 60 * minute for minute in self.minutes)
            if each > wall
        )

    def _starts_at(self, instant: int) -> bool:
        """Whether the clock is set to a due time at *instant*."""
        wall = instant + self.zone.period(instant).offset
        return any(wall % 3600 == 60 * minute for minute in self.minutes)


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class Several:
    """Whatever is due next of several schedules."""

    recurring: ClassVar[bool] = True

    parts: tuple[DaysAndTimes | Interval | MinutesOfHour, ...]

    def next(self, after: float) -> float | None:
        """The first due time strictly after *after*, of any of them."""
        return min(
            (due for part in self.parts if (due := part.next(after)) is not None), default=None
        )


Recurring = DaysAndTimes | Interval | MinutesOfHour | Several


@dataclass(frozen=True, slots=True)
class Stride:
    """Every so manieth day, week (from Monday), month, quarter or year."""

    number: int
    unit: str

    def block(self, day: date) -> int:
        """The number of the day, week and so on that *day* is in."""
        match self.unit:
            case "day":
                return day.toordinal()
            case "week":
                return (day.toordinal() - 1) // 7
            case "month":
                return day.year * 12 + day.month - 1
            case "quarter":
                return day.year * 4 + (day.month - 1) // 3
        return day.year

    def start(self, block: int) -> date:
        """The first day of the day, week and so on of that number."""
        match self.unit:
            case "day":
                return date.fromordinal(block)
            case "week":
                return date.fromordinal(block * 7 + 1)
            case "month":
                return date(block // 12, block % 12 + 1, 1)
            case "quarter":
                return date(block // 4, block % 4 * 3 + 1, 1)
        return date(block, 1, 1)


def strided(dates: Dates, stride: Stride, anchor: date) -> Dates:
    """Those of *dates* that are a whole number of strides from *anchor*."""
    goal = stride.block(anchor)

    def kept(day: date) -> Iterator[date]:
        block = stride.block(day)
        block += (goal - block) % stride.number
        while True:
            for each in dates(max(day, stride.start(block))):
                if stride.block(each) != block:
                    break
                yield each
            block += stride.number

    return kept


def first_to_come(dates: Dates, last_time: time, now: float, zone: Zone) -> date:
    """The first of *dates* on which *last_time* is still to come.

    It is where strides are counted from: ``every other friday`` begins with
    the coming Friday.
    """
    today = zone.local(now).date()
    for day in dates(today):
        if wall_instant(zone, day, last_time) > now:
            return day
    return today + timedelta(days=1)
