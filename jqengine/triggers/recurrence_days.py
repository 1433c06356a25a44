"""What recurring texts say about days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from heapq import merge

from jqengine.triggers import natural_days as days
from jqengine.triggers.natural_days import Dates, Day, Pick
from jqengine.triggers.natural_values import Misfit, Nonsense, Span, whole
from jqengine.triggers.natural_words import WEEKDAYS
from jqengine.triggers.recurrence import Stride

ALL = frozenset(range(7))
WORKING = frozenset(range(5))
WEEKEND = frozenset((5, 6))
_MOST = 1000


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


def all_dates(day: Day) -> Days:
    """Every date that a day can be."""
    return Days(lambda _said: day.dates)


def every_day() -> Days:
    """Each day."""
    return weekdays(ALL)


def weekdays(numbers: frozenset[int]) -> Days:
    """These days of each week; Monday is 0."""
    return Days(lambda _said: _dates_on(numbers))


def _dates_on(numbers: frozenset[int]) -> Dates:
    def dates(day: date) -> Iterator[date]:
        ordinal = day.toordinal()
        while True:
            if (ordinal - 1) % 7 in numbers:
                yield date.fromordinal(ordinal)
            ordinal += 1

    return dates


def weekday_range(first: int, last: int) -> frozenset[int]:
    """The days from one to another, over the end of the week if need be."""
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))


def except_weekdays(numbers: frozenset[int], others: frozenset[int]) -> Days:
    """These days of each week, without the *others*."""
    if numbers <= others:
        raise Nonsense("that leaves no day")
    return weekdays(numbers - others)


def every_other(numbers: frozenset[int], number: float = 2) -> Days:
    """These days of every so manieth week, from the first of them on."""
    return Days(lambda _said: _dates_on(numbers), Stride(_count(number), "week"))


def every_unit(number: float, unit: str) -> Days:
    """So many units, counted from the day it is said."""
    if unit == "fortnight":
        number, unit = 2 * number, "week"
    stride = Stride(_count(number), unit)
    if unit == "day":
        return Days(lambda _said: _dates_on(ALL), stride, from_today=True)
    if unit == "week":
        return Days(lambda said: days.weekday(said.weekday()).dates, stride, from_today=True)
    first = days.first_of(days.any_period(unit))
    return Days(lambda _said: first.dates, stride, from_today=True)


def every_nth(number: int, unit: str) -> Days:
    """``every third day``; *every first day* is of something, so it is left to other forms."""
    if number == 1:
        raise Misfit("expected second, third or more")
    return every_unit(number, unit)


def _count(number: float) -> int:
    if not 1 <= whole(number) <= _MOST:
        raise Nonsense(f"expected a number from 1 to {_MOST}")
    return whole(number)


def length_in_days(span: Span) -> Days:
    """The same, of a length of days or of months."""
    if span.seconds or (span.months and span.days):
        raise Misfit("expected days, weeks, months or years alone")
    return every_unit(span.months, "month") if span.months else every_unit(span.days, "day")


def picks_of_month(picks: tuple[Pick, ...], number: float = 1) -> Days:
    """Some days of every so manieth month."""
    dates = _merged(tuple(days.picked(pick, days.any_period("month")) for pick in picks))
    stride = Stride(_count(number), "month") if number != 1 else None
    return Days(lambda _said: dates, stride)


def picks_of_named_month(picks: tuple[Pick, ...], month: int) -> Days:
    """Some days of that month, each year."""
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


def ambiguous(_number: int, day: int) -> Days:
    """Refuse ``every second friday``."""
    name = WEEKDAYS[day]
    raise Nonsense(
        f"that may be a {name} of each month or one of several {name}s in a row; say"
        f" 'every other {name}' or 'every second {name} of the month'"
    )


def every_date(month: int, day: int) -> Days:
    """That date, each year that has it."""
    return all_dates(days.day_of_month(month, day))


def picks_of(pick: Pick, unit: str) -> Days:
    """A day of each week, month, quarter or year."""
    return all_dates(days.picked(pick, days.any_period(unit)))
