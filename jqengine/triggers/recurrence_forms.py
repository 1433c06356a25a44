"""The forms of natural time texts that recur, as a table.

Laid out like :mod:`~jqengine.triggers.natural_forms`; the answer of an example
is its first two due times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from heapq import merge
from typing import Any

from jqengine.triggers import natural_days as days
from jqengine.triggers import natural_moments as moments
from jqengine.triggers.natural_days import Dates, Day, Pick
from jqengine.triggers.natural_forms import UNIT_SPANS
from jqengine.triggers.natural_grammar import Form
from jqengine.triggers.natural_moments import DAYPARTS, MIDNIGHT, Here
from jqengine.triggers.natural_values import Misfit, Nonsense, Span, whole
from jqengine.triggers.natural_words import WEEKDAYS
from jqengine.triggers.recurrence import (
    DaysAndTimes,
    Interval,
    MinutesOfHour,
    Recurring,
    Several,
    Stride,
    first_to_come,
    strided,
)

_MOST = 1000
_MINUTES_OF_DAY = 1440
_ALL = frozenset(range(7))
_WORKING = frozenset(range(5))
_WEEKEND = frozenset((5, 6))

Times = tuple[time, ...]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurring text, understood.

    :ivar start: from here and the text to its trigger.
    """

    start: Callable[[Here, str], Recurring]


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a recurring text.

    :ivar dates: from the day it is said to all the days that fit.
    :ivar stride: which of those are meant, or ``None`` for all.
    :ivar from_today: whether strides are counted from the day it is said,
        instead of from the first day that is due.
    """

    dates: Callable[[date], Dates]
    stride: Stride | None = None
    from_today: bool = False


# Times


def _on(days_: Days, times: Times = (MIDNIGHT,)) -> Recurrence:
    """Days at times of day."""
    ordered = tuple(sorted(set(times)))

    def start(here: Here, text: str) -> Recurring:
        dates = days_.dates(here.today)
        if days_.stride:
            anchor = here.today
            if not days_.from_today:
                anchor = first_to_come(dates, ordered[-1], here.now, here.zone)
            dates = strided(dates, days_.stride, anchor)
        return DaysAndTimes(text, here.zone, here.today, ordered, dates)

    return Recurrence(start)


def _interval(seconds: float) -> Recurrence:
    return Recurrence(lambda here, _text: Interval(here.now, seconds))


def _minutes(*minutes: int) -> Recurrence:
    return Recurrence(lambda here, _text: MinutesOfHour(here.zone, minutes))


def _both(one: Recurrence, other: Recurrence) -> Recurrence:
    def start(here: Here, text: str) -> Recurring:
        parts: list[DaysAndTimes | Interval | MinutesOfHour] = []
        for each in (one.start(here, text), other.start(here, text)):
            parts.extend(each.parts if isinstance(each, Several) else (each,))
        return Several(tuple(parts))

    return Recurrence(start)


def _grid(seconds: float, window: tuple[time, time] | None = None) -> Times:
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


def _grid_on(seconds: float, window: tuple[time, time], days_: Days) -> Recurrence:
    if window[1] < window[0]:
        raise Nonsense("a stretch over midnight belongs to no single day; leave the days out")
    return _on(days_, _grid(seconds, window))


def _times_a_day(number: float) -> Recurrence:
    return _on(_every_day(), _parts_of_day(number))


def _parts_of_day(number: float) -> Times:
    if not number or _MINUTES_OF_DAY % number:
        raise Nonsense("a day does not divide into so many parts of whole minutes")
    return _grid(86400 / whole(number))


def _times_a_day_at(number: float, times: Times) -> Recurrence:
    if number != len(set(times)):
        raise Nonsense(f"expected {whole(number)} times of day, not {len(set(times))}")
    return _on(_every_day(), times)


def _times_an_hour(number: float) -> Recurrence:
    if not number or 60 % number:
        raise Nonsense("an hour does not divide into so many parts of whole minutes")
    return _minutes(*range(0, 60, 60 // whole(number)))


# Days


def _all(day: Day) -> Days:
    """Every date that a day can be."""
    return Days(lambda _said: day.dates)


def _every_day() -> Days:
    return _weekdays(_ALL)


def _weekdays(numbers: frozenset[int]) -> Days:
    return Days(lambda _said: _dates_on(numbers))


def _dates_on(numbers: frozenset[int]) -> Dates:
    def dates(day: date) -> Iterator[date]:
        ordinal = day.toordinal()
        while True:
            if (ordinal - 1) % 7 in numbers:
                yield date.fromordinal(ordinal)
            ordinal += 1

    return dates


def _range(first: int, last: int) -> frozenset[int]:
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def _except(numbers: frozenset[int]) -> Days:
    if len(numbers) == 7:
        raise Nonsense("that leaves no day")
    return _weekdays(_ALL - numbers)


def _every_other(numbers: frozenset[int], number: float = 2) -> Days:
    return Days(lambda _said: _dates_on(numbers), Stride(_count(number), "week"))


def _every(number: float, unit: str) -> Days:
    """So many units, counted from the day it is said."""
    if unit == "fortnight":
        number, unit = 2 * number, "week"
    stride = Stride(_count(number), unit)
    if unit == "day":
        return Days(lambda _said: _dates_on(_ALL), stride, from_today=True)
    if unit == "week":
        return Days(lambda said: days.weekday(said.weekday()).dates, stride, from_today=True)
    first = days.first_of(days.any_period(unit))
    return Days(lambda _said: first.dates, stride, from_today=True)


def _count(number: float) -> int:
    if not 1 <= whole(number) <= _MOST:
        raise Nonsense(f"expected a number from 1 to {_MOST}")
    return whole(number)


def _length_in_days(span: Span) -> Days:
    if span.seconds or (span.months and span.days):
        raise Misfit("expected days, weeks, months or years alone")
    return _every(span.months, "month") if span.months else _every(span.days, "day")


def _length_in_seconds(span: Span) -> float:
    if span.months or span.days or span.seconds < 1:
        raise Misfit("expected hours, minutes or seconds alone")
    return span.seconds


def _picks_of_month(picks: tuple[Pick, ...], number: float = 1) -> Days:
    dates = _merged(tuple(days.picked(pick, days.any_period("month")) for pick in picks))
    stride = Stride(_count(number), "month") if number != 1 else None
    return Days(lambda _said: dates, stride)


def _picks_of_named_month(picks: tuple[Pick, ...], month: int) -> Days:
    dates = _merged(tuple(days.picked(pick, days.month_of_any_year(month)) for pick in picks))
    return Days(lambda _said: dates)


def _merged(several: tuple[Day, ...]) -> Dates:
    if len(several) == 1:
        return several[0].dates

    def dates(day: date) -> Iterator[date]:
        latest = None
        for each in merge(*(one.dates(day) for one in several)):
            if each != latest:
                yield each
            latest = each

    return dates


def _ambiguous(_number: int, day: int) -> Days:
    name = WEEKDAYS[day]
    raise Nonsense(
        f"that may be a {name} of each month or one of several {name}s in a row; say"
        f" 'every other {name}' or 'every second {name} of the month'"
    )


def _which_days() -> Recurrence:
    raise Nonsense("say on which days, as in 'every monday and thursday'")


def _same(value: Any) -> Any:
    return value


def _one(value: Any) -> tuple[Any]:
    return (value,)


def _more(first: Any, rest: tuple[Any, ...]) -> tuple[Any, ...]:
    return (first, *rest)


TIME_LISTS = (
    Form("PLAINTIME", "One of them.", _one),
    Form("PLAINTIME ,|and|& [at] TIMELIST", "Several.", _more, (
        ("every day at noon and midnight", "2026-11-24T12:00:00 2026-11-25T00:00:00"),
    )),
    Form("PLAINTIME , and [at] TIMELIST", "Several.", _more, (
        ("every day at 8, 12, and 17:30", "2026-11-24T12:00:00 2026-11-24T17:30:00"),
    )),
)  # fmt: skip

TIMES_OF_DAY = (
    Form("at|@ TIMELIST", "Times after *at*, where 9 is 09:00.", _same, (
        ("every weekday at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("TIME", "A time that looks like one.", _one, (
        ("every other friday 17:00", "2026-11-27T17:00:00 2026-12-11T17:00:00"),
    )),
    Form("TIME ,|and|& [at] TIMELIST", "Several.", _more, (
        ("daily 9am and 5pm", "2026-11-24T17:00:00 2026-11-25T09:00:00"),
    )),
)  # fmt: skip

WINDOWS = (
    Form("between PLAINTIME and PLAINTIME", "Both ends included; 22 and 6 is over midnight.",
         lambda first, last: (first, last), (
        ("every 2 hours between 9 and 17", "2026-11-24T11:00:00 2026-11-24T13:00:00"),
        ("every hour between 22 and 6", "2026-11-24T22:00:00 2026-11-24T23:00:00"),
    )),
    Form("from PLAINTIME to|until|till PLAINTIME", "The same.", lambda first, last: (first, last), (
        ("every 30 minutes from 9am to 5pm", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
)  # fmt: skip

INTERVALS = (
    Form("every|each CLOCKUNIT", "So much elapsed time, counted from now.",
         lambda unit: _length_in_seconds(UNIT_SPANS[unit]), (
        ("every hour", "2026-11-24T11:30:00 2026-11-24T12:30:00"),
    )),
    Form("every LENGTH", "The same.", _length_in_seconds, (
        ("every 15 minutes", "2026-11-24T10:45:00 2026-11-24T11:00:00"),
        ("every 1h30m", "2026-11-24T12:00:00 2026-11-24T13:30:00"),
        ("every half an hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("every half hour", "Every 30 minutes.", lambda: 1800.0, (
        ("every half hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("every other CLOCKUNIT", "Every two.",
         lambda unit: 2 * _length_in_seconds(UNIT_SPANS[unit]), (
        ("every other hour", "2026-11-24T12:30:00 2026-11-24T14:30:00"),
    )),
)  # fmt: skip

WEEKDAY_ITEMS = (
    Form("WEEKDAY|WEEKDAYS", "A day of the week.", lambda day: frozenset((day,)), (
        ("every friday", "2026-11-27T00:00:00 2026-12-04T00:00:00"),
    )),
    Form("WEEKDAY to|through|thru|- WEEKDAY", "From one to another.", _range, (
        ("every monday to friday at 7", "2026-11-25T07:00:00 2026-11-26T07:00:00"),
    )),
    Form("weekday|weekdays", "Monday to Friday.", lambda: _WORKING, (
        ("every weekday", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("weekend|weekends", "Saturday and Sunday.", lambda: _WEEKEND, (
        ("every weekend at 10", "2026-11-28T10:00:00 2026-11-29T10:00:00"),
    )),
)  # fmt: skip

WEEKDAY_LISTS = (
    Form("WEEKDAYITEM", "One of these:", _same),
    Form("WEEKDAYITEM ,|and|& [every|on] WEEKDAYLIST", "Several.",
         lambda one, others: one | others, (
        ("every monday and thursday at 8am", "2026-11-26T08:00:00 2026-11-30T08:00:00"),
        ("every mon, wed and fri", "2026-11-25T00:00:00 2026-11-27T00:00:00"),
    )),
    Form("WEEKDAYITEM , and WEEKDAYLIST", "Several.", lambda one, others: one | others),
)  # fmt: skip

PLURALS = (
    Form("WEEKDAYS", "Each of them.", lambda day: frozenset((day,)), (
        ("on mondays at 6", "2026-11-30T06:00:00 2026-12-07T06:00:00"),
    )),
    Form("weekdays", "Monday to Friday.", lambda: _WORKING, (
        ("weekdays at 09:00", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("weekends", "Saturday and Sunday.", lambda: _WEEKEND, (
        ("weekends at noon", "2026-11-28T12:00:00 2026-11-29T12:00:00"),
    )),
    Form("WEEKDAY to|through|thru|- WEEKDAY", "From one to another.", _range, (
        ("mon-fri 8am", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
    )),
    Form("WEEKDAYS ,|and|& WEEKDAYLIST", "Several.",
         lambda day, others: frozenset((day,)) | others, (
        ("tuesdays and thursdays at 18:00", "2026-11-24T18:00:00 2026-11-26T18:00:00"),
    )),
)  # fmt: skip

MONTH_DAYS = (
    Form("DAYTH", "A day of the month; months without it are left out.", days.nth_day, (
        ("every 31st of the month", "2026-12-31T00:00:00 2027-01-31T00:00:00"),
    )),
    Form("PICK", "A day of the month by its place.", _same, (
        ("every last friday of the month", "2026-11-27T00:00:00 2026-12-25T00:00:00"),
        ("the last day of every month at 23:00", "2026-11-30T23:00:00 2026-12-31T23:00:00"),
    )),
)  # fmt: skip

MONTH_DAY_LISTS = (
    Form("[the] MONTHDAY", "One of these:", _one),
    Form("[the] MONTHDAY ,|and|& MONTHDAYLIST", "Several.", _more, (
        ("every 1st and 15th of the month at 6:00", "2026-12-01T06:00:00 2026-12-15T06:00:00"),
    )),
    Form("[the] MONTHDAY , and MONTHDAYLIST", "Several.", _more),
)  # fmt: skip

DAY_RULES = (
    Form("every|each day", "Each day.", _every_day, (
        ("every day at noon", "2026-11-24T12:00:00 2026-11-25T12:00:00"),
    )),
    Form("daily", "The same.", _every_day, (
        ("daily at 8", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
    )),
    Form("every|each WEEKDAYLIST", "These days of each week.", _weekdays, (
        ("every monday", "2026-11-30T00:00:00 2026-12-07T00:00:00"),
    )),
    Form("[on] PLURAL", "The same.", _weekdays, (
        ("on weekdays at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("every day except|but [on] WEEKDAYLIST", "The other days of each week.", _except, (
        ("every day except sunday at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("every other WEEKDAYLIST", "In every second week, from the first such day on.",
         _every_other, (
        ("every other friday", "2026-11-27T00:00:00 2026-12-11T00:00:00"),
    )),
    Form("every NUMBER DAYUNIT", "A number of units, counted from today; months and more"
         " begin on their first day.", _every, (
        ("every 3 days at 9", "2026-11-27T09:00:00 2026-11-30T09:00:00"),
        ("every 2 weeks", "2026-12-08T00:00:00 2026-12-22T00:00:00"),
        ("every 6 months", "2027-05-01T00:00:00 2027-11-01T00:00:00"),
    )),
    Form("every LENGTH", "The same.", _length_in_days, (
        ("every 2d", "2026-11-26T00:00:00 2026-11-28T00:00:00"),
    )),
    Form("every|each DAYUNIT", "One unit.", lambda unit: _every(1, unit), (
        ("every week", "2026-12-01T00:00:00 2026-12-08T00:00:00"),
        ("every month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
        ("every quarter", "2027-01-01T00:00:00 2027-04-01T00:00:00"),
    )),
    Form("every other DAYUNIT", "Two units.", lambda unit: _every(2, unit), (
        ("every other day at 7:30", "2026-11-26T07:30:00 2026-11-28T07:30:00"),
    )),
    Form("weekly", "Every week.", lambda: _every(1, "week"), (
        ("weekly", "2026-12-01T00:00:00 2026-12-08T00:00:00"),
    )),
    Form("fortnightly", "Every two weeks.", lambda: _every(2, "week"), (
        ("fortnightly", "2026-12-08T00:00:00 2026-12-22T00:00:00"),
    )),
    Form("monthly", "Every month.", lambda: _every(1, "month"), (
        ("monthly", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
    )),
    Form("quarterly", "Every quarter.", lambda: _every(1, "quarter"), (
        ("quarterly at 8", "2027-01-01T08:00:00 2027-04-01T08:00:00"),
    )),
    Form("yearly|annually", "Every year.", lambda: _every(1, "year"), (
        ("yearly", "2027-01-01T00:00:00 2028-01-01T00:00:00"),
    )),
    Form("every|each week on WEEKDAYLIST", "These days of each week.", _weekdays, (
        ("every week on tuesday at 18:00", "2026-11-24T18:00:00 2026-12-01T18:00:00"),
    )),
    Form("weekly on WEEKDAYLIST", "The same.", _weekdays, (
        ("weekly on monday at 9", "2026-11-30T09:00:00 2026-12-07T09:00:00"),
    )),
    Form("every NUMBER weeks on WEEKDAYLIST", "These days of every so manieth week.",
         lambda number, weekdays: _every_other(weekdays, number), (
        ("every 3 weeks on monday", "2026-11-30T00:00:00 2026-12-21T00:00:00"),
    )),
    Form("every other week on WEEKDAYLIST", "The same.", _every_other, (
        ("every other week on thursday", "2026-11-26T00:00:00 2026-12-10T00:00:00"),
    )),
    Form("fortnightly on WEEKDAYLIST", "The same.", _every_other, (
        ("fortnightly on thursday", "2026-11-26T00:00:00 2026-12-10T00:00:00"),
    )),
    Form("every MONTHDAYLIST of the|each|every month", "These days of each month.",
         _picks_of_month, (
        ("every 3rd of the month", "2026-12-03T00:00:00 2027-01-03T00:00:00"),
        ("every 2nd tuesday of the month at 19:00", "2026-12-08T19:00:00 2027-01-12T19:00:00"),
    )),
    Form("[on] MONTHDAYLIST of every|each month", "The same.", _picks_of_month, (
        ("on the 1st of every month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
        ("first monday of every month at 9am", "2026-12-07T09:00:00 2027-01-04T09:00:00"),
    )),
    Form("every|each month on MONTHDAYLIST", "The same.", _picks_of_month, (
        ("every month on the 15th at noon", "2026-12-15T12:00:00 2027-01-15T12:00:00"),
    )),
    Form("monthly on MONTHDAYLIST", "The same.", _picks_of_month, (
        ("monthly on the last weekday at 17:00", "2026-11-30T17:00:00 2026-12-31T17:00:00"),
    )),
    Form("every NUMBER months on MONTHDAYLIST", "These days of every so manieth month.",
         lambda number, picks: _picks_of_month(picks, number), (
        ("every 3 months on the 15th", "2026-12-15T00:00:00 2027-03-15T00:00:00"),
    )),
    Form("every other month on MONTHDAYLIST", "These days of every second month.",
         lambda picks: _picks_of_month(picks, 2), (
        ("every other month on the 1st", "2026-12-01T00:00:00 2027-02-01T00:00:00"),
    )),
    Form("every PICK of|in the|each|every quarter", "A day of each quarter.",
         lambda pick: _all(days.picked(pick, days.any_period("quarter"))), (
        ("every last weekday of the quarter at 18:00",
         "2026-12-31T18:00:00 2027-03-31T18:00:00"),
    )),
    Form("every PICK of|in the|each|every year", "A day of each year.",
         lambda pick: _all(days.picked(pick, days.any_period("year"))), (
        ("every 100th day of the year", "2027-04-10T00:00:00 2028-04-09T00:00:00"),
    )),
    Form("every MONTHDAYLIST of|in MONTH", "These days of that month, each year.",
         _picks_of_named_month, (
        ("every first monday of january", "2027-01-04T00:00:00 2028-01-03T00:00:00"),
        ("every 25th of december", "2026-12-25T00:00:00 2027-12-25T00:00:00"),
    )),
    Form("every MONTH", "The first day of that month, each year.",
         lambda month: _picks_of_named_month((days.nth_day(1),), month), (
        ("every january", "2027-01-01T00:00:00 2028-01-01T00:00:00"),
    )),
    Form("every MONTH [the] DAYNUMBER", "That date, each year that has it.",
         lambda month, day: _all(days.day_of_month(month, day)), (
        ("every december 25 at 9", "2026-12-25T09:00:00 2027-12-25T09:00:00"),
    )),
    Form("every|each year on MONTH [the] DAYNUMBER", "The same.",
         lambda month, day: _all(days.day_of_month(month, day)), (
        ("every year on march 1st", "2027-03-01T00:00:00 2028-03-01T00:00:00"),
    )),
    Form("every|each year on [the] DAYNUMBER [of] MONTH", "The same.",
         lambda day, month: _all(days.day_of_month(month, day)), (
        ("every year on the 1st of march", "2027-03-01T00:00:00 2028-03-01T00:00:00"),
    )),
    Form("yearly|annually on MONTH [the] DAYNUMBER", "The same.",
         lambda month, day: _all(days.day_of_month(month, day)), (
        ("yearly on june 21", "2027-06-21T00:00:00 2028-06-21T00:00:00"),
    )),
    Form("yearly|annually on [the] DAYNUMBER [of] MONTH", "The same.",
         lambda day, month: _all(days.day_of_month(month, day)), (
        ("annually on 21 june", "2027-06-21T00:00:00 2028-06-21T00:00:00"),
    )),
    Form("every WEEKDAY the DAYTH", "Each such day of a month that is on that weekday.",
         lambda day, number: _all(days.only_on(day, days.day_of_any_month(number))), (
        ("every friday the 13th", "2027-08-13T00:00:00 2028-10-13T00:00:00"),
    )),
    Form("every ORDINAL WEEKDAY", "Refused: it has two meanings.", _ambiguous),
)  # fmt: skip

RULES = (
    Form("DAYRULE", "Days, at 00:00.", _on),
    Form("DAYRULE [,] TIMES", "Days and times.", _on),
    Form("DAYRULE HOUR", "The same.", lambda days_, hour: _on(days_, (time(hour),)), (
        ("every sunday 9", "2026-11-29T09:00:00 2026-12-06T09:00:00"),
    )),
    Form("TIMES [,] DAYRULE", "The same.", lambda times, days_: _on(days_, times), (
        ("8am every day", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
        ("9am on weekdays", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("DAYRULE [in] [the] DAYPART", "Days, at 08:00, 14:00 or 20:00.",
         lambda days_, part: _on(days_, (DAYPARTS[part],)), (
        ("every monday morning", "2026-11-30T08:00:00 2026-12-07T08:00:00"),
    )),
    Form("every|each DAYPART", "Each day, then.",
         lambda part: _on(_every_day(), (DAYPARTS[part],)), (
        ("every evening", "2026-11-24T20:00:00 2026-11-25T20:00:00"),
    )),
    Form("every|each DAYPART [at] HOUR", "Each day, at an hour of it.",
         lambda part, hour: _on(_every_day(), (moments.in_daypart(hour, part),)), (
        ("every evening at 7", "2026-11-24T19:00:00 2026-11-25T19:00:00"),
    )),
    Form("every|each DAYPART [at] TIME", "Each day, at a time of it.",
         lambda part, clock: _on(_every_day(), (moments.within_daypart(part, clock),)), (
        ("every morning at 6:30", "2026-11-25T06:30:00 2026-11-26T06:30:00"),
    )),
    Form("every noon", "Each day at 12:00.", lambda: _on(_every_day(), (time(12),)), (
        ("every noon", "2026-11-24T12:00:00 2026-11-25T12:00:00"),
    )),
    Form("every midnight", "Each day at 00:00.", lambda: _on(_every_day()), (
        ("every midnight", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("hourly", "As each hour begins.", lambda: _minutes(0), (
        ("hourly", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("INTERVAL", "Elapsed time.", _interval),
    Form("INTERVAL [,] WINDOW", "From the start of a stretch of each day to its end.",
         lambda seconds, window: _on(_every_day(), _grid(seconds, window)), (
        ("every 90 minutes between 9 and 12", "2026-11-24T12:00:00 2026-11-25T09:00:00"),
    )),
    Form("INTERVAL [,] DAYRULE", "From 00:00 on, on those days.",
         lambda seconds, days_: _on(days_, _grid(seconds)), (
        ("every 4 hours on weekdays", "2026-11-24T12:00:00 2026-11-24T16:00:00"),
    )),
    Form("INTERVAL [,] WINDOW [,] DAYRULE", "A stretch of those days.", _grid_on, (
        ("every 2 hours between 9 and 17 on weekdays",
         "2026-11-24T11:00:00 2026-11-24T13:00:00"),
    )),
    Form("INTERVAL [,] DAYRULE [,] WINDOW", "The same.",
         lambda seconds, days_, window: _grid_on(seconds, window, days_), (
        ("every hour on weekdays from 8 to 18", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("hourly [,] WINDOW", "The full hours of a stretch.",
         lambda window: _on(_every_day(), _grid(3600, window)), (
        ("hourly between 8 and 18", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("hourly [,] DAYRULE", "The full hours of those days.",
         lambda days_: _on(days_, _grid(3600)), (
        ("hourly on weekends", "2026-11-28T00:00:00 2026-11-28T01:00:00"),
    )),
    Form("hourly [,] WINDOW [,] DAYRULE", "A stretch of those days.",
         lambda window, days_: _grid_on(3600, window, days_), (
        ("hourly between 8 and 18 on weekdays", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("once a|per|every day", "Once, at 00:00.", lambda: _on(_every_day()), (
        ("once a day", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("once a|per|every day at TIMELIST", "Once, at that time.",
         lambda times: _times_a_day_at(1, times), (
        ("once a day at 6", "2026-11-25T06:00:00 2026-11-26T06:00:00"),
    )),
    Form("once a|per|every DAYUNIT", "Once in each.", lambda unit: _on(_every(1, unit)), (
        ("once a month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
    )),
    Form("twice a|per|every day", "At 00:00 and 12:00.", lambda: _times_a_day(2), (
        ("twice a day", "2026-11-24T12:00:00 2026-11-25T00:00:00"),
    )),
    Form("twice a|per|every day at TIMELIST", "At those two times.",
         lambda times: _times_a_day_at(2, times), (
        ("twice a day at 8 and 20", "2026-11-24T20:00:00 2026-11-25T08:00:00"),
    )),
    Form("NUMBER times a|per|every day", "In equal parts of the day, from 00:00 on.",
         _times_a_day, (
        ("4 times a day", "2026-11-24T12:00:00 2026-11-24T18:00:00"),
    )),
    Form("NUMBER times a|per|every day at TIMELIST", "At those times.", _times_a_day_at, (
        ("3 times a day at 8, 12 and 18", "2026-11-24T12:00:00 2026-11-24T18:00:00"),
    )),
    Form("twice a|per|every week|month|quarter|year", "Refused: it does not say on which days.",
         _which_days),
    Form("NUMBER times a|per|every week|month|quarter|year", "Refused in the same way.",
         lambda _number: _which_days()),
    Form("once an|per|every hour", "As each hour begins.", lambda: _times_an_hour(1), (
        ("once an hour", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("twice an|per|every hour", "At its beginning and middle.", lambda: _times_an_hour(2), (
        ("twice an hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("NUMBER times an|per|every hour", "In equal parts of the hour.", _times_an_hour, (
        ("4 times an hour", "2026-11-24T10:45:00 2026-11-24T11:00:00"),
    )),
)  # fmt: skip

RECURRENCES = (
    Form("RULE", "One of these:", _same),
    Form("RULE ,|and|& RECURRENCE", "Several.", _both, (
        ("every monday at 9 and every thursday at 17",
         "2026-11-26T17:00:00 2026-11-30T09:00:00"),
    )),
)  # fmt: skip

TABLES = {
    "RECURRENCE": RECURRENCES,
    "RULE": RULES,
    "DAYRULE": DAY_RULES,
    "WEEKDAYLIST": WEEKDAY_LISTS,
    "WEEKDAYITEM": WEEKDAY_ITEMS,
    "PLURAL": PLURALS,
    "MONTHDAYLIST": MONTH_DAY_LISTS,
    "MONTHDAY": MONTH_DAYS,
    "INTERVAL": INTERVALS,
    "WINDOW": WINDOWS,
    "TIMES": TIMES_OF_DAY,
    "TIMELIST": TIME_LISTS,
}
"""The forms of each category, to be read with those of the natural forms."""
