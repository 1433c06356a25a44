"""What texts say about days, as plain functions of today.

The meaning of a day is every date it can be, the earliest first: *friday* is
each Friday from today on, *this friday* a single one.  Which of them is meant
is decided later: the first that, with its time of day, is still to come.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

from jqengine.triggers.localtime import shifted_months
from jqengine.triggers.natural_values import Nonsense, Span, whole
from jqengine.triggers.natural_words import MONTHS

Dates = Callable[[date], Iterator[date]]
"""From today to every date that is meant."""

Pick = Callable[[date, date], date]
"""From the first and last day of a stretch to a day that may be in it."""

_YEARS_AHEAD = 60
_STRETCHES_AHEAD = 12 * _YEARS_AHEAD
_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as a text says it.

    :ivar dates: what it can be.
    :ivar this_year: with a time of day only the first date is meant, past or
        not, as DateTime::Format::Natural has it for a day of a month.
    """

    dates: Dates
    this_year: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days as a text says it, the first and last day included.

    :ivar spans: from today to every stretch that is meant, the earliest first.
    """

    spans: Callable[[date], Iterator[tuple[date, date]]]


# Days


def ahead(days: int) -> Day:
    """So many days from today: today, tomorrow, yesterday."""
    return Day(lambda today: iter((today + timedelta(days=days),)))


def on_date(day: date) -> Day:
    """A date of a given year."""
    return Day(lambda today: iter((day,)))


def weekday(number: int) -> Day:
    """The coming one, today included."""

    def dates(today: date) -> Iterator[date]:
        first = today + timedelta(days=(number - today.weekday()) % 7)
        return (first + timedelta(weeks=week) for week in count())

    return Day(dates)


def weekday_of_week(number: int, weeks: int) -> Day:
    """The one in this week (0), next week (1) and so on; weeks begin on Monday."""
    return Day(lambda today: iter((monday(today) + timedelta(weeks=weeks, days=number),)))


def weekday_after(number: int, span: Span) -> Day:
    """The one in the week of the day that is *span* from today."""
    return Day(lambda today: iter((monday(moved(today, span)) + timedelta(days=number),)))


def weekdays_from_now(number: float, day: int) -> Day:
    """The so manieth coming one, not counting today; backwards if negative."""
    number = whole(number)

    def dates(today: date) -> Iterator[date]:
        if number < 0:
            last = today - timedelta(days=(today.weekday() - day - 1) % 7 + 1)
            return iter((last + timedelta(weeks=number + 1),))
        first = today + timedelta(days=(day - today.weekday() - 1) % 7 + 1)
        return iter((first + timedelta(weeks=number - 1),))

    return Day(dates)


def day_of_month(month: int, day: int) -> Day:
    """That day in this year, the next and so on, in the years that have it."""
    _check_day(month, day)

    def dates(today: date) -> Iterator[date]:
        for year in range(today.year, today.year + _YEARS_AHEAD):
            if day <= calendar.monthrange(year, month)[1]:
                yield date(year, month, day)

    return Day(dates, this_year=True)


def day_of_year(year: int, month: int, day: int) -> Day:
    """The date with a year."""
    _check_day(month, day)
    return on_date(_existing(year, month, day))


def day_of_some_year(month: int, day: int, years: int) -> Day:
    """The date, so many years from this one."""
    _check_day(month, day)
    return Day(lambda today: iter((_existing(today.year + years, month, day),)))


def day_of_any_month(day: int) -> Day:
    """That day in this month, the next and so on, in the months that have it."""

    def dates(today: date) -> Iterator[date]:
        for rel in count():
            first, last = month_stretch(today.year, today.month + rel)
            if day <= last.day:
                yield first.replace(day=day)

    return Day(dates)


def only_on(number: int, day: Day) -> Day:
    """The dates of *day* that are on that weekday: friday the 13th."""
    return Day(lambda today: (each for each in day.dates(today) if each.weekday() == number))


def agreeing(number: int, day: Day) -> Day:
    """*day*, which must be on that weekday: friday, december 1."""

    def dates(today: date) -> Iterator[date]:
        for each in day.dates(today):
            if each >= today and each.weekday() != number:
                name = calendar.day_name[each.weekday()]
                raise Nonsense(f"{each.day} {each:%B} {each.year} is a {name}")
            yield each

    return Day(dates, day.this_year)


def next_working_day() -> Day:
    """The first day from Monday to Friday after today."""

    def dates(today: date) -> Iterator[date]:
        tomorrow = today + timedelta(days=1)
        return iter((tomorrow + timedelta(days=(0, 0, 0, 0, 0, 2, 1)[tomorrow.weekday()]),))

    return Day(dates)


# Periods


def period(rel: int, unit: str) -> Period:
    """Last (-1), this (0) or next (1) week, month, quarter or year."""
    return Period(lambda today: iter((_stretch(today, unit, rel),)))


def any_period(unit: str) -> Period:
    """This one, the next and so on: the end of the month."""
    return Period(lambda today: (_stretch(today, unit, rel) for rel in count()))


def period_after(span: Span, unit: str) -> Period:
    """The one that the day *span* from today is in."""
    return Period(lambda today: iter((_stretch(moved(today, span), unit, 0),)))


def month_of_any_year(month: int) -> Period:
    """That month in this year, the next and so on."""

    def spans(today: date) -> Iterator[tuple[date, date]]:
        return (month_stretch(year, month) for year in range(today.year, today.year + _YEARS_AHEAD))

    return Period(spans)


def month_of_year(month: int, year: int) -> Period:
    """The month with a year."""
    return Period(lambda today: iter((month_stretch(year, month),)))


def month_of_some_year(month: int, years: int) -> Period:
    """That month, so many years from this one."""
    return Period(lambda today: iter((month_stretch(today.year + years, month),)))


def whole_year(year: int) -> Period:
    """The year of that number."""
    return Period(lambda today: iter(((date(year, 1, 1), date(year, 12, 31)),)))


def first_of(stretch: Period) -> Day:
    """Its first day."""
    return Day(lambda today: (first for first, _ in stretch.spans(today)))


def last_of(stretch: Period) -> Day:
    """Its last day."""
    return Day(lambda today: (last for _, last in stretch.spans(today)))


def nth_month(number: int, rel: int) -> Day:
    """The first day of the so manieth month of last, this or next year."""
    if number > 12:
        raise Nonsense(f"a year has no month {number}")
    return first_of(month_of_some_year(number, rel))


# Days of periods


def nth_day(number: int) -> Pick:
    """The so manieth day."""
    return lambda first, last: first + timedelta(days=number - 1)


def last_day(first: date, last: date) -> date:
    """The last day."""
    return last


def nth_weekday(number: int, day: int) -> Pick:
    """The so manieth Monday, Tuesday and so on."""
    return lambda first, last: (
        first + timedelta(days=(day - first.weekday()) % 7 + 7 * (number - 1))
    )


def last_weekday(day: int) -> Pick:
    """The last Monday, Tuesday and so on."""
    return lambda first, last: last - timedelta(days=(last.weekday() - day) % 7)


def nth_working_day(number: int) -> Pick:
    """The so manieth day from Monday to Friday."""

    def pick(first: date, last: date) -> date:
        weeks, days = divmod(number - 1, 5)
        start = min(first.weekday(), 5) + days
        weeks += start // 5
        return monday(first) + timedelta(weeks=weeks, days=start % 5)

    return pick


def last_working_day(first: date, last: date) -> date:
    """The last day from Monday to Friday."""
    return last - timedelta(days=max(0, last.weekday() - 4))


def picked(pick: Pick, stretch: Period) -> Day:
    """What *pick* finds in each stretch, where that is still in it.

    The dates raise :class:`Nonsense` once too many stretches lack the day, be
    it the only one.
    """

    def dates(today: date) -> Iterator[date]:
        missed = 0
        for first, last in stretch.spans(today):
            day = pick(first, last)
            missed = 0 if first <= day <= last else missed + 1
            if not missed:
                yield day
            elif missed > _STRETCHES_AHEAD:
                break
        if missed:
            raise Nonsense("there is no such day")

    return Day(dates)


# Arithmetic


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def moved(day: date, span: Span) -> date:
    """*day* plus the months and days of *span*, on the calendar."""
    if span.months:
        day = shifted_months(datetime.combine(day, time()), span.months).date()
    return day + timedelta(days=span.days)


def month_stretch(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month; *month* may be beyond 1 to 12."""
    years, index = divmod(month - 1, 12)
    year, month = year + years, index + 1
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _stretch(today: date, unit: str, rel: int) -> tuple[date, date]:
    if unit == "week":
        first = monday(today) + timedelta(weeks=rel)
        return first, first + timedelta(days=6)
    if unit == "month":
        return month_stretch(today.year, today.month + rel)
    if unit == "quarter":
        start = (today.month - 1) // 3 * 3 + 1 + 3 * rel
        return (
            month_stretch(today.year, start)[0],
            month_stretch(today.year, start + 2)[1],
        )
    return date(today.year + rel, 1, 1), date(today.year + rel, 12, 31)


def _check_day(month: int, day: int) -> None:
    if day > _LONGEST[month]:
        raise Nonsense(f"{MONTHS[month].capitalize()} has no day {day}")


def _existing(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Nonsense(f"there is no {day} {MONTHS[month].capitalize()} {year}") from None
