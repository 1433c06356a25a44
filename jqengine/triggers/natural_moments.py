"""What texts say about moments: from a place in time to instants.

The meaning of a moment is every instant it can be, the earliest first; what is
meant is the first that is still to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice

from jqengine.triggers.localtime import (
    FIRST_INSTANT,
    LAST_INSTANT,
    Zone,
    add_days,
    add_months,
    add_seconds,
    rounded,
)
from jqengine.triggers.natural_days import Day, ahead, moved
from jqengine.triggers.natural_values import Nonsense, Span, Stamp

MIDNIGHT = time()
DAYPARTS = {"morning": time(8), "afternoon": time(14), "evening": time(20), "night": time(20)}
_HOURS_OF = {"morning": (0, 12), "afternoon": (12, 19), "evening": (16, 24), "night": (18, 24)}
_MICROSECOND = 0.000001
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_QUICK, _LAST_QUICK = FIRST_INSTANT + 7 * 86400, LAST_INSTANT - 7 * 86400
_UNIT_SECONDS = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600}


class Here:
    """Where and when a text is said.

    :ivar now: the instant.
    :ivar zone: the zone whose clock and calendar are meant.
    :ivar today: the date there.
    """

    __slots__ = ("now", "today", "wall", "zone")

    def __init__(self, now: float, zone: Zone) -> None:
        self.now = now
        self.zone = zone
        self.wall = zone.local(now)
        self.today = self.wall.date()

    def at(self, day: date, clock: time) -> float:
        """The instant of a wall clock; for one that a gap skips, the end of the gap.

        Of the two passes of a fold it is the first, or the second once the
        first has passed.
        """
        instant = wall_instant(self.zone, day, clock)
        if instant <= self.now < instant + 86400:
            wall = datetime.combine(day, clock)
            if self.zone.is_repeated(wall):
                return self.zone.instant(wall.replace(fold=1))
        return instant


def wall_instant(zone: Zone, day: date, clock: time) -> float:
    """The instant of a wall clock; the first pass of a fold, and the end of a gap."""
    seconds = (day.toordinal() - _EPOCH) * 86400 + (
        clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6
    )
    if _FIRST_QUICK < seconds < _LAST_QUICK:
        period = zone.period(seconds)
        instant = seconds - period.offset
        if period.start + 2 * 86400 <= instant < period.end - 2 * 86400:
            return instant  # no clock change is near
    wall = datetime.combine(day, clock)
    gap_end = zone.gap_end(wall)
    return zone.instant(wall) if gap_end is None else gap_end


Instants = Callable[[Here], Iterator[float]]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a text says it.

    :ivar instants: from here to everything it can be.
    :ivar advice: what is said in addition when all of that has passed.
    """

    instants: Instants
    advice: str = ""


def at_once() -> Moment:
    """The very next microsecond, so that it is after now."""
    return Moment(lambda here: iter((rounded(here.now) + _MICROSECOND,)))


def clock(said: time) -> Moment:
    """A time of day: today's, tomorrow's and so on."""

    def instants(here: Here) -> Iterator[float]:
        return (here.at(here.today + timedelta(days=days), said) for days in count())

    return Moment(instants)


def on_day(day: Day, said: time = MIDNIGHT) -> Moment:
    """A day at a time of day; without, as it begins."""
    return Moment(lambda here: (here.at(each, said) for each in day.dates(here.today)))


def on_day_at(day: Day, said: time) -> Moment:
    """A day with a time of day."""
    if not day.this_year:
        return on_day(day, said)
    first = on_day(Day(lambda today: islice(day.dates(today), 1)), said)
    return Moment(first.instants, "; name the year to mean a later one")


def at_day(said: time, day: Day) -> Moment:
    """The same, said the other way round."""
    return on_day_at(day, said)


def after_now(span: Span) -> Moment:
    """So long from now; days and more keep the time of day."""
    return Moment(lambda here: iter((shifted(here.now, span, here.zone),)))


def before_now(span: Span) -> Moment:
    """So long ago."""
    return after_now(span.negative())


def day_after_now(span: Span, said: time) -> Moment:
    """So many days from now, at a time of day.

    :raises Nonsense: the span has hours, which would lead to another time.
    """
    if span.seconds:
        raise Nonsense("hours and minutes from now leave no time of day to choose")
    return on_day(Day(lambda today: iter((moved(today, span),))), said)


def after(span: Span, moment: Moment) -> Moment:
    """So long after another moment."""
    return Moment(
        lambda here: (shifted(each, span, here.zone) for each in moment.instants(here)),
        moment.advice,
    )


def before(span: Span, moment: Moment) -> Moment:
    """So long before another moment."""
    return after(span.negative(), moment)


def before_midnight(span: Span) -> Moment:
    """So long before today began, which is past."""
    advice = "; midnight is when a day begins, so say for example '1 hour before tomorrow'"
    return Moment(before(span, today_at(MIDNIGHT)).instants, advice)


def today_at(said: time) -> Moment:
    """A time of day of today, past or not."""
    return on_day(ahead(0), said)


def day_ago(day: Day, span: Span) -> Moment:
    """``tomorrow 3 hours ago``: of hours it keeps the time of day, of days it does not."""

    def instants(here: Here) -> Iterator[float]:
        back = span.negative()
        said = MIDNIGHT if not span.seconds else here.wall.time().replace(fold=0)
        return (shifted(here.at(each, said), back, here.zone) for each in day.dates(here.today))

    return Moment(instants)


def unit_begins(rel: int, unit: str) -> Moment:
    """The beginning of last, this or next hour, minute, second or millisecond."""
    length = timedelta(seconds=_UNIT_SECONDS[unit])

    def instants(here: Here) -> Iterator[float]:
        into = (here.wall - datetime.combine(here.today, MIDNIGHT)) % length
        return iter((rounded(here.now + (rel * length - into).total_seconds()),))

    return Moment(instants)


def stamped(stamp: Stamp) -> Moment:
    """An ISO 8601 date and time, in its own offset if it has one."""

    def instants(here: Here) -> Iterator[float]:
        if stamp.offset is None:
            return iter((here.at(stamp.wall.date(), stamp.wall.time()),))
        return iter((rounded(stamp.wall.replace(tzinfo=UTC).timestamp() - stamp.offset),))

    return Moment(instants)


def shifted(instant: float, span: Span, zone: Zone) -> float:
    """*instant* plus *span*: months and days on the calendar, then elapsed seconds."""
    if span.months:
        instant = add_months(instant, span.months, zone)
    if span.days:
        instant = add_days(instant, span.days, zone)
    return add_seconds(instant, span.seconds)


def in_daypart(hour: int, part: str) -> time:
    """``4 in the afternoon``: an hour of 12 or of 24."""
    return within_daypart(part, time(hour + 12 if part != "morning" and 1 <= hour < 12 else hour))


def within_daypart(part: str, said: time) -> time:
    """*said*, which must be in that part of the day; the small hours are in none."""
    first, end = _HOURS_OF[part]
    if not first <= said.hour < end:
        raise Nonsense(f"{said:%H:%M} is not in the {part}")
    return said
