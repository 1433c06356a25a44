"""The forms of days and of periods of days, as tables.

How to read them is said in :mod:`~jqengine.triggers.natural_forms`.
"""

from __future__ import annotations

from jqengine.triggers import natural_days as days
from jqengine.triggers.natural_days import Period
from jqengine.triggers.natural_grammar import Form, same
from jqengine.triggers.natural_values import Nonsense, Span


def _period_of(span: Span) -> Period:
    """The month, year or week that a span from now leads to."""
    if span.seconds or (span.months and span.days):
        raise Nonsense("expected weeks, months or years")
    unit = "week" if not span.months else "month" if span.months % 12 else "year"
    return days.period_after(span, unit)


def _years(span: Span) -> int:
    if span.months % 12 or span.days or span.seconds:
        raise Nonsense("expected years")
    return span.months // 12


PERIODS = (
    Form("NAMEDPERIOD", "One of this, last and next, below.", same),
    Form("[the] PERIODUNIT", "This one; or the next, once the day in it has passed.",
         days.any_period, (
        ("last day of month", "2026-11-30T00:00:00"),
        ("2nd monday of the month", "2026-12-14T00:00:00"),
    )),
    Form("MONTH", "A month of this year; or of the next, once the day in it has passed.",
         days.month_of_any_year, (
        ("2nd monday in march", "2027-03-08T00:00:00"),
        ("last day of february", "2027-02-28T00:00:00"),
    )),
    Form("MONTH [,] YEAR", "A month of a year.", days.month_of_year, (
        ("first monday of january 2028", "2028-01-03T00:00:00"),
    )),
    Form("MONTH REL year", "A month of this, last or next year.",
         days.month_of_some_year, (
        ("2nd friday in august next year", "2027-08-13T00:00:00"),
    )),
    Form("YEAR", "A year.", days.whole_year, (("last day of 2027", "2027-12-31T00:00:00"),)),
    Form("LENGTH from now", "The week, month or year so far ahead.", _period_of, (
        ("end of 3 months from now", "2027-02-28T00:00:00"),
    )),
    Form("LENGTH ago", "The week, month or year so long ago.",
         lambda span: _period_of(span.negative())),
)  # fmt: skip

NAMED_PERIODS = (
    Form("REL PERIODUNIT", "Weeks begin on Monday, quarters in January, April, July, October.",
         days.period, (
        ("end of next month", "2026-12-31T00:00:00"),
        ("beginning of next week", "2026-11-30T00:00:00"),
        ("6th day next week", "2026-12-05T00:00:00"),
        ("last friday of next month", "2026-12-25T00:00:00"),
    )),
    Form("REL MONTH", "The month of this, last or next year.",
         lambda rel, month: days.month_of_some_year(month, rel), (
        ("1st tuesday next november", "2027-11-02T00:00:00"),
    )),
)  # fmt: skip

PICKS = (
    Form("ORDINAL day", "A day counted from the first.", days.nth_day, (
        ("12th day next month", "2026-12-12T00:00:00"),
    )),
    Form("last|final day", "The last day.", lambda: days.last_day, (
        ("last day of the year", "2026-12-31T00:00:00"),
    )),
    Form("ORDINAL WEEKDAY", "The first, second ... Monday and so on.", days.nth_weekday, (
        ("first monday of january", "2027-01-04T00:00:00"),
    )),
    Form("last|final WEEKDAY", "The last Monday and so on.", days.last_weekday, (
        ("final thursday in april", "2027-04-29T00:00:00"),
    )),
    Form("ORDINAL weekday", "A day from Monday to Friday, counted.", days.nth_working_day, (
        ("first weekday of next month", "2026-12-01T00:00:00"),
    )),
    Form("ORDINAL working|business day", "The same.", days.nth_working_day),
    Form("last|final weekday", "The last day from Monday to Friday.",
         lambda: days.last_working_day, (
        ("last weekday of the month", "2026-11-30T00:00:00"),
    )),
    Form("last|final working|business day", "The same.", lambda: days.last_working_day),
)  # fmt: skip

NAMED_DAYS = (
    Form("today", "This day.", lambda: days.ahead(0), (
        ("today at 6:45pm", "2026-11-24T18:45:00"),
    )),
    Form("tomorrow", "The next day.", lambda: days.ahead(1), (
        ("tomorrow", "2026-11-25T00:00:00"),
        ("noon tomorrow", "2026-11-25T12:00:00"),
        ("tomorrow at 8am", "2026-11-25T08:00:00"),
    )),
    Form("yesterday", "The day before; past.", lambda: days.ahead(-1)),
    Form("[the] day after tomorrow", "In two days.", lambda: days.ahead(2), (
        ("the day after tomorrow at noon", "2026-11-26T12:00:00"),
    )),
    Form("[the] day before yesterday", "Two days ago; past.", lambda: days.ahead(-2)),
    Form("WEEKDAY", "The coming one; today, while the time of day is still to come.",
         days.weekday, (
        ("friday", "2026-11-27T00:00:00"),
        ("tuesday at 14:30", "2026-11-24T14:30:00"),
        ("thurs 17:30", "2026-11-26T17:30:00"),
        ("8am on sun", "2026-11-29T08:00:00"),
    )),
    Form("REL WEEKDAY", "The one of this, last or next week; weeks begin on Monday.",
         lambda rel, day: days.weekday_of_week(day, rel), (
        ("next friday", "2026-12-04T00:00:00"),
        ("this friday at 20:00", "2026-11-27T20:00:00"),
    )),
    Form("WEEKDAY [of] REL week", "The same.", days.weekday_of_week, (
        ("tuesday next week", "2026-12-01T00:00:00"),
    )),
    Form("REL week [on] WEEKDAY", "The same.",
         lambda rel, day: days.weekday_of_week(day, rel), (
        ("next week wednesday 17:30", "2026-12-02T17:30:00"),
    )),
    Form("WEEKDAY in LENGTH", "The one in the week so far ahead.", days.weekday_after, (
        ("monday in 2 weeks", "2026-12-07T00:00:00"),
    )),
    Form("WEEKDAY LENGTH from now", "The same.", days.weekday_after, (
        ("saturday 3 months from now at 17:00", "2027-02-27T17:00:00"),
    )),
    Form("WEEKDAY LENGTH ago", "The one in the week so long ago; past.",
         lambda day, span: days.weekday_after(day, span.negative())),
    Form("REL day", "Tomorrow, today or yesterday.", days.ahead, (
        ("next day 18:00", "2026-11-25T18:00:00"),
    )),
    Form("REL week", "A week from today, or today itself.",
         lambda rel: days.ahead(7 * rel), (
        ("next week", "2026-12-01T00:00:00"),
        ("this week at 17:30", "2026-11-24T17:30:00"),
    )),
    Form("REL PERIODUNIT", "The first day of it.",
         lambda rel, unit: days.first_of(days.period(rel, unit)), (
        ("next month at 8am", "2026-12-01T08:00:00"),
        ("next quarter", "2027-01-01T00:00:00"),
        ("next year", "2027-01-01T00:00:00"),
    )),
    Form("this|the weekend", "The coming Saturday.", lambda: days.weekday(5), (
        ("this weekend", "2026-11-28T00:00:00"),
    )),
    Form("next weekend", "The Saturday of next week.", lambda: days.weekday_of_week(5, 1), (
        ("next weekend", "2026-12-05T00:00:00"),
    )),
    Form("[the] next weekday", "The next day from Monday to Friday, from tomorrow on.",
         days.next_working_day, (
        ("next weekday at 9", "2026-11-25T09:00:00"),
    )),
    Form("[the] next working|business day", "The same.", days.next_working_day),
    Form("NUMBER WEEKDAYS|WEEKDAY from now", "The so manieth coming one, not counting today.",
         days.weekdays_from_now, (
        ("6 mondays from now", "2027-01-04T00:00:00"),
    )),
    Form("NUMBER WEEKDAYS|WEEKDAY ago", "The so manieth one before; past.",
         lambda number, day: days.weekdays_from_now(-number, day)),
    Form("[the] PICK of|in PERIOD", "A day of a week, month, quarter or year.", days.picked, (
        ("last day of next month at 17:00", "2026-12-31T17:00:00"),
        ("3rd wednesday in november", "2027-11-17T00:00:00"),
    )),
    Form("PICK NAMEDPERIOD", "The same.", days.picked, (
        ("1st day next year 17:30", "2027-01-01T17:30:00"),
    )),
    Form("[the] beginning|start of PERIOD", "Its first day.", days.first_of, (
        ("start of next quarter", "2027-01-01T00:00:00"),
    )),
    Form("[the] end of PERIOD", "Its last day.", days.last_of, (
        ("end of the month at 18:00", "2026-11-30T18:00:00"),
    )),
    Form("[the] DAYTH of REL month", "A day of this, last or next month.",
         lambda number, rel: days.picked(days.nth_day(number), days.period(rel, "month")), (
        ("the 5th of next month", "2026-12-05T00:00:00"),
    )),
    Form("[the] DAYTH of the month", "The next such day of a month.", days.day_of_any_month, (
        ("the 15th of the month at noon", "2026-12-15T12:00:00"),
    )),
    Form("[the] DAYTH", "The next such day of a month.", days.day_of_any_month, (
        ("the 15th at noon", "2026-12-15T12:00:00"),
    )),
    Form("WEEKDAY [,] the DAYTH", "The next such day that is on that weekday.",
         lambda day, number: days.only_on(day, days.day_of_any_month(number)), (
        ("friday the 13th", "2027-08-13T00:00:00"),
    )),
    Form("[the] ORDINAL WEEKDAY", "That of this month; or of the next, once it has passed.",
         lambda number, day: days.picked(
             days.nth_weekday(number, day), days.any_period("month")
         ), (
        ("2nd monday", "2026-12-14T00:00:00"),
        ("9am 4th friday", "2026-11-27T09:00:00"),
    )),
    Form("[the] ORDINAL day", "That of this year; or of the next, once it has passed.",
         lambda number: days.picked(days.nth_day(number), days.any_period("year")), (
        ("100th day", "2027-04-10T00:00:00"),
    )),
    Form("ORDINAL month REL year", "The first day of that month.",
         days.nth_month, (
        ("8th month next year", "2027-08-01T00:00:00"),
    )),
    Form("DATE", "Day, month, year in this order; or year, month, day. Two digits are 20..",
         days.on_date, (
        ("31.12.2026", "2026-12-31T00:00:00"),
        ("27/5/2027", "2027-05-27T00:00:00"),
        ("2027-02-03 10:00", "2027-02-03T10:00:00"),
        ("4-jan-2027", "2027-01-04T00:00:00"),
    )),
)  # fmt: skip

CALENDAR_DAYS = (
    Form("[in] MONTH", "Its first day, in this year or the next.",
         lambda month: days.first_of(days.month_of_any_year(month)), (
        ("march", "2027-03-01T00:00:00"),
    )),
    Form("REL MONTH", "Its first day in this, last or next year.",
         lambda rel, month: days.first_of(days.month_of_some_year(month, rel)), (
        ("next october at 8am", "2027-10-01T08:00:00"),
    )),
    Form("MONTH [,] YEAR", "Its first day.",
         lambda month, year: days.first_of(days.month_of_year(month, year)), (
        ("october 2027", "2027-10-01T00:00:00"),
    )),
    Form("MONTH REL year", "The same.",
         lambda month, rel: days.first_of(days.month_of_some_year(month, rel)), (
        ("june next year", "2027-06-01T00:00:00"),
    )),
    Form("YEAR", "Its first day.", lambda year: days.first_of(days.whole_year(year)), (
        ("2028", "2028-01-01T00:00:00"),
    )),
    Form("MONTH [the] DAYNUMBER", "That day of this year, or of the next once it has begun; with a"
         " time of day, of this year alone.", days.day_of_month, (
        ("january 11", "2027-01-11T00:00:00"),
        ("may 27th", "2027-05-27T00:00:00"),
        ("dec 25 17:30", "2026-12-25T17:30:00"),
    )),
    Form("[the] DAYNUMBER [of] MONTH", "The same.",
         lambda day, month: days.day_of_month(month, day), (
        ("4th february", "2027-02-04T00:00:00"),
        ("7pm 31 dec", "2026-12-31T19:00:00"),
    )),
    Form("MONTH [the] DAYNUMBER [,] YEAR", "A date.",
         lambda month, day, year: days.day_of_year(year, month, day), (
        ("january 24, 2028 at 8am", "2028-01-24T08:00:00"),
    )),
    Form("[the] DAYNUMBER [of] MONTH [,] YEAR", "A date.",
         lambda day, month, year: days.day_of_year(year, month, day), (
        ("3 jan 2028", "2028-01-03T00:00:00"),
    )),
    Form("YEAR MONTH DAYNUMBER", "A date.", days.day_of_year, (
        ("2028 october 28", "2028-10-28T00:00:00"),
    )),
    Form("MONTH [the] DAYNUMBER [,] REL year", "That day of this, last or next year.",
         days.day_of_some_year, (
        ("january 11 next year", "2027-01-11T00:00:00"),
    )),
    Form("[the] DAYNUMBER [of] MONTH [,] REL year", "The same.",
         lambda day, month, rel: days.day_of_some_year(month, day, rel), (
        ("11 january next year 17:30", "2027-01-11T17:30:00"),
    )),
    Form("[the] DAYNUMBER [of] MONTH LENGTH from now", "That day, so many years ahead.",
         lambda day, month, span: days.day_of_some_year(month, day, _years(span)), (
        ("11 january 2 years from now", "2028-01-11T00:00:00"),
    )),
    Form("[the] DAYNUMBER [of] MONTH LENGTH ago", "That day, so many years ago; past.",
         lambda day, month, span: days.day_of_some_year(month, day, -_years(span))),
    Form("WEEKDAY [,] CALENDARDAY", "A date, which must be on that weekday.", days.agreeing, (
        ("friday, december 4 at 9", "2026-12-04T09:00:00"),
    )),
)  # fmt: skip
