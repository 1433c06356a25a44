"""``cron=``: from a crontab(5) expression to the next instant.

The meaning is that of Debian's cron (3.0pl1).  It wakes every minute and
compares the wall clock with a clock of its own, which goes on as if nobody
ever changed the time:

- In a gap, fixed-time jobs of the skipped minutes run right after the change;
  a job that several of those minutes mean runs once.
- In the second pass of a fold, fixed-time jobs do not run again.
- Wildcard jobs, whose minute or hour field begins with ``*``, run whenever the
  wall clock shows their time, be that never or twice.
- A gap of three hours and more, or a fold of more than three, is taken for a
  clock set right: every job simply follows the new time.

Wall clocks are counted in minutes since the first of January 1970, as the wall
clock of the zone counts them.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import ClassVar, NamedTuple

from zope.interface import implementer

from jqengine.interfaces import ITrigger
from jqengine.triggers.cronsyntax import CronFields, read_cron
from jqengine.triggers.localtime import (
    FIRST_INSTANT,
    LAST_INSTANT,
    Period,
    Zone,
    zone_named,
)

_DAY = 1440
_ORDINAL_OF_EPOCH = date(1970, 1, 1).toordinal()
_LAST_YEAR = 9998
_LONGEST_CAUGHT_UP = 3 * 3600


class _Days(NamedTuple):
    """The days on which an expression fires; each field is a mask of its values."""

    days: int
    months: int
    weekdays: int
    either: bool

    def match(self, month: int, day: int, weekday: int) -> bool:
        """Whether such a day is one of them."""
        if not self.months >> month & 1:
            return False
        of_month, of_week = self.days >> day & 1, self.weekdays >> weekday & 1
        return bool(of_month | of_week if self.either else of_month & of_week)


@implementer(ITrigger)
@dataclass(frozen=True, slots=True)
class CronTrigger:
    """The due times of a crontab(5) expression in a zone.

    :ivar text: the expression.
    """

    recurring: ClassVar[bool] = True

    text: str
    zone: Zone
    _days: _Days
    _minutes: int  # mask of the minutes of a day, of which there are 1440
    _wildcard: bool

    def next(self, after: float) -> float | None:
        """The first due time strictly after the instant *after*.

        ``None`` once the years run out, after 9998.
        """
        after = max(after, FIRST_INSTANT)
        if after >= LAST_INSTANT:
            return None
        period = self.zone.period(after)
        minute = self._from(period, int((after + period.offset) // 60) + 1)
        while (match := self._match(minute)) is not None:
            instant = match * 60 - period.offset
            if instant < period.end:
                return float(instant)
            if period.end >= LAST_INSTANT:
                return None
            earlier, period = period, self.zone.period(period.end)
            if self._caught_up(match, earlier, period):
                return float(period.start)
            minute = self._from(period, -(-(earlier.end + period.offset) // 60))
        return None

    def _from(self, period: Period, minute: int) -> int:
        """*minute*, or the end of the fold if that must pass first."""
        if self._wildcard or not 0 < period.before - period.offset <= _LONGEST_CAUGHT_UP:
            return minute
        return max(minute, -(-(period.start + period.before) // 60))

    def _caught_up(self, match: int, earlier: Period, period: Period) -> bool:
        """Whether the gap between two periods skips *match*, to be run after it."""
        gap = period.offset - earlier.offset
        return (
            not self._wildcard
            and 0 < gap < _LONGEST_CAUGHT_UP
            and match * 60 < period.start + period.offset
        )

    def _match(self, minute: int) -> int | None:
        """The first matching minute of the wall clock from *minute* on."""
        day, minute_of_day = divmod(minute, _DAY)
        found = _matching_day(self._days, day)
        if found == day:
            left = self._minutes >> minute_of_day
            if left:
                return minute + _lowest(left)
            found = _matching_day(self._days, day + 1)
        return None if found is None else found * _DAY + _lowest(self._minutes)


def parse_cron(text: str, zone: str) -> CronTrigger:
    """The trigger of a crontab(5) expression in an IANA zone.

    :raises jqengine.errors.BadSchedule: the expression is refused.
    :raises jqengine.errors.BadValue: there is no such zone.
    """
    fields = read_cron(text)
    return CronTrigger(text, zone_named(zone), *_masks(fields), fields.wildcard)


def _masks(fields: CronFields) -> tuple[_Days, int]:
    hour = _mask(fields.minutes)
    return (
        _Days(_mask(fields.days), _mask(fields.months), _mask(fields.weekdays), fields.either),
        sum(hour << 60 * number for number in fields.hours),
    )


@lru_cache(maxsize=4096)
def _mask(values: tuple[int, ...]) -> int:
    return sum(1 << value for value in values)


def _lowest(mask: int) -> int:
    """The number of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


def _matching_day(days: _Days, day: int) -> int | None:
    """The first matching day from *day* on, both counted from 1 January 1970."""
    year = date.fromordinal(day + _ORDINAL_OF_EPOCH).year
    while year <= _LAST_YEAR:
        first, mask = _matching_days(days, year)
        left = mask >> max(day - first, 0)
        if left:
            return max(day, first) + _lowest(left)
        year += 1
    return None


@lru_cache(maxsize=16384)
def _matching_days(days: _Days, year: int) -> tuple[int, int]:
    """The first of January, counted from 1970, and a mask of the year's matching days."""
    first = date(year, 1, 1)
    mask = _mask_of_year(days, first.isoweekday() % 7, isleap(year))
    return first.toordinal() - _ORDINAL_OF_EPOCH, mask


@lru_cache(maxsize=4096)
def _mask_of_year(days: _Days, first_weekday: int, leap: bool) -> int:
    """The matching days of one of the fourteen kinds of year there are."""
    kind = 2000 if leap else 2001
    dates = (
        (month, day) for month in range(1, 13) for day in range(1, monthrange(kind, month)[1] + 1)
    )
    return sum(
        1 << position
        for position, (month, day) in enumerate(dates)
        if days.match(month, day, (first_weekday + position) % 7)
    )
