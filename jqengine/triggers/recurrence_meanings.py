"""What recurring texts say about times of day, and how that becomes a trigger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

from jqengine.triggers.natural_moments import MIDNIGHT, Here
from jqengine.triggers.natural_values import Misfit, Nonsense, Span, whole
from jqengine.triggers.recurrence import (
    DaysAndTimes,
    Interval,
    MinutesOfHour,
    Recurring,
    Several,
    first_to_come,
    strided,
)
from jqengine.triggers.recurrence_days import Days, every_day

_MINUTES_OF_DAY = 1440

Times = tuple[time, ...]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurring text, understood.

    :ivar start: from here and the text to its trigger.
    """

    start: Callable[[Here, str], Recurring]


def on_days(days: Days, times: Times = (MIDNIGHT,)) -> Recurrence:
    """Days at times of day."""
    ordered = tuple(sorted(set(times)))

    def start(here: Here, text: str) -> Recurring:
        dates = days.dates(here.today)
        if days.stride:
            anchor = here.today
            if not days.from_today:
                anchor = first_to_come(dates, ordered[-1], here.now, here.zone)
            dates = strided(dates, days.stride, anchor)
        return DaysAndTimes(text, here.zone, here.today, ordered, dates)

    return Recurrence(start)


def interval(seconds: float) -> Recurrence:
    """So much elapsed time, counted from now."""
    return Recurrence(lambda here, _text: Interval(here.now, seconds))


def minutes_of_hour(*minutes: int) -> Recurrence:
    """These minutes of each hour that the clock shows."""
    return Recurrence(lambda here, _text: MinutesOfHour(here.zone, minutes))


def both(one: Recurrence, other: Recurrence) -> Recurrence:
    """Whichever of two is due next."""

    def start(here: Here, text: str) -> Recurring:
        parts: list[DaysAndTimes | Interval | MinutesOfHour] = []
        for each in (one.start(here, text), other.start(here, text)):
            parts.extend(each.parts if isinstance(each, Several) else (each,))
        return Several(tuple(parts))

    return Recurrence(start)


def grid(seconds: float, window: tuple[time, time] | None = None) -> Times:
    """The times of day from the start of a window to its end, so many seconds apart."""
    if seconds % 60 or not 0 < seconds <= 86400:
        raise Nonsense("expected whole minutes, at most a day")
    first, last = (_minute(each) for each in window or (time(0), time(23, 59)))
    if first == last:
        raise Nonsense("that is no stretch of time")
    if last < first:
        last += _MINUTES_OF_DAY
    return tuple(
        time(minute % _MINUTES_OF_DAY // 60, minute % 60)
        for minute in range(first, last + 1, int(seconds) // 60)
    )


def _minute(clock: time) -> int:
    if clock.second or clock.microsecond:
        raise Nonsense("expected whole minutes")
    return clock.hour * 60 + clock.minute


def grid_on(seconds: float, window: tuple[time, time], days: Days) -> Recurrence:
    """A window of certain days."""
    if window[1] < window[0]:
        raise Nonsense("a stretch over midnight belongs to no single day; leave the days out")
    return on_days(days, grid(seconds, window))


def in_night(hour: int) -> time:
    """An hour of every night: of 12 in the evening, and the small hours."""
    return within_night(time(hour + 12 if 6 <= hour < 12 else hour))


def within_night(clock: time) -> time:
    """A time of every night, which must be from 18:00 to 06:00."""
    if 6 <= clock.hour < 18:
        raise Nonsense(f"{clock:%H:%M} is not in the night")
    return clock


def times_a_day(number: float) -> Recurrence:
    """Equal parts of the day, from 00:00 on."""
    return on_days(every_day(), _parts_of_day(number))


def _parts_of_day(number: float) -> Times:
    if not number or _MINUTES_OF_DAY % number:
        raise Nonsense("a day does not divide into so many parts of whole minutes")
    return grid(86400 / whole(number))


def times_a_day_at(number: float, times: Times) -> Recurrence:
    """Each day at these times, which must be that many."""
    if number != len(set(times)):
        raise Nonsense(f"expected {whole(number)} times of day, not {len(set(times))}")
    return on_days(every_day(), times)


def times_an_hour(number: float) -> Recurrence:
    """Equal parts of the hour."""
    if not number or 60 % number:
        raise Nonsense("an hour does not divide into so many parts of whole minutes")
    return minutes_of_hour(*range(0, 60, 60 // whole(number)))


def length_in_seconds(span: Span) -> float:
    """The seconds of a length that has no days."""
    if span.months or span.days or span.seconds < 1:
        raise Misfit("expected hours, minutes or seconds alone")
    return span.seconds


def every_nth_length(number: int, span: Span) -> float:
    """The seconds of ``every third hour``; *every first hour* is of something."""
    if number == 1:
        raise Misfit("expected second, third or more")
    return number * length_in_seconds(span)


def which_days() -> Recurrence:
    """Refuse ``twice a week``."""
    raise Nonsense("say on which days, as in 'every monday and thursday'")
