"""The forms of natural time texts that mean one instant, as a table.

Each row is a pattern, what it means, how its meaning is made, and examples
with their answers where it is :data:`EXAMPLE_NOW` in :data:`EXAMPLE_ZONE`.
The reference is made of these rows, and a test tries every example.
"""

from __future__ import annotations

from datetime import time

from jqengine.triggers import natural_days as days
from jqengine.triggers import natural_moments as moments
from jqengine.triggers.natural_days import Period
from jqengine.triggers.natural_grammar import Form
from jqengine.triggers.natural_moments import DAYPARTS
from jqengine.triggers.natural_values import Nonsense, Span, whole

EXAMPLE_NOW = "2026-11-24T10:30:00"
"""A Tuesday."""

EXAMPLE_ZONE = "Europe/Paris"

UNIT_SPANS = {
    "millisecond": Span(seconds=0.001), "second": Span(seconds=1), "minute": Span(seconds=60),
    "hour": Span(seconds=3600), "day": Span(days=1), "week": Span(days=7),
    "fortnight": Span(days=14), "month": Span(months=1), "quarter": Span(months=3),
    "year": Span(months=12),
}  # fmt: skip


def _same(value: object) -> object:
    return value


def _length(number: float, unit: str) -> Span:
    return UNIT_SPANS[unit].times(number)


def _four_digits(digits: str) -> time:
    if digits[:2] > "23" or digits[2:] > "59":
        raise Nonsense(f"{digits!r} is not a time of day")
    return time(int(digits[:2]), int(digits[2:]))


def _past_hour(minutes: float, hour: time) -> time:
    """So many minutes past an hour, or to it if negative."""
    total = hour.hour * 60 + whole(minutes)
    if hour.minute or hour.second or not 0 < abs(minutes) < 60 or total < 0:
        raise Nonsense("expected minutes past or to a full hour of the same day")
    return time(total // 60, total % 60)


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


TIMES = (
    Form("CLOCK", "A time of day, with minutes or with am or pm.", _same, (
        ("17:30", "2026-11-24T17:30:00"),
        ("5pm", "2026-11-24T17:00:00"),
        ("5:30 p.m.", "2026-11-24T17:30:00"),
        ("6.15", "2026-11-25T06:15:00"),
        ("17h30", "2026-11-24T17:30:00"),
        ("06:56:06 am", "2026-11-25T06:56:06"),
    )),
    Form("noon|midday", "12:00.", lambda: time(12), (("noon", "2026-11-24T12:00:00"),)),
    Form("midnight", "00:00, the beginning of a day.", time, (
        ("midnight", "2026-11-25T00:00:00"),
        ("tomorrow at midnight", "2026-11-25T00:00:00"),
    )),
    Form("teatime", "16:00, as in at(1).", lambda: time(16), (
        ("teatime", "2026-11-24T16:00:00"),
    )),
    Form("HOUR o'clock", "A full hour, of 24.", time, (
        ("15 o'clock", "2026-11-24T15:00:00"),
    )),
    Form("HOUR [o'clock] in the DAYPART", "An hour of that part of the day.",
         moments.in_daypart, (
        ("4 in the afternoon", "2026-11-24T16:00:00"),
        ("6 in the morning", "2026-11-25T06:00:00"),
        ("9 in the evening", "2026-11-24T21:00:00"),
    )),
    Form("half past FULLHOUR", "Half an hour later.", lambda hour: _past_hour(30, hour), (
        ("half past 18", "2026-11-24T18:30:00"),
        ("half past 6pm", "2026-11-24T18:30:00"),
    )),
    Form("[a] quarter past FULLHOUR", "A quarter of an hour later.",
         lambda hour: _past_hour(15, hour), (
        ("a quarter past 6 tomorrow", "2026-11-25T06:15:00"),
    )),
    Form("[a] quarter to FULLHOUR", "A quarter of an hour earlier.",
         lambda hour: _past_hour(-15, hour), (
        ("quarter to 5pm", "2026-11-24T16:45:00"),
    )),
    Form("NUMBER [minutes] past FULLHOUR", "Minutes later.", _past_hour, (
        ("20 past 14", "2026-11-24T14:20:00"),
    )),
    Form("NUMBER [minutes] to FULLHOUR", "Minutes earlier.",
         lambda minutes, hour: _past_hour(-minutes, hour), (
        ("ten to 3pm", "2026-11-24T14:50:00"),
        ("5 minutes to noon", "2026-11-24T11:55:00"),
    )),
)  # fmt: skip

FULL_HOURS = (
    Form("HOUR", "An hour of 24.", time),
    Form("CLOCK", "An hour with am or pm, or a time.", _same),
    Form("noon", "12.", lambda: time(12)),
    Form("midnight", "0.", time),
)

PLAIN_TIMES = (
    Form("TIME", "Any of the times above.", _same),
    Form("HOUR", "A full hour, of 24.", time, (
        ("at 17", "2026-11-24T17:00:00"),
        ("tomorrow at 8", "2026-11-25T08:00:00"),
    )),
    Form("FOUR", "Hours and minutes; only after *at*, for alone they are a year.", _four_digits, (
        ("tomorrow at 0830", "2026-11-25T08:30:00"),
    )),
)  # fmt: skip

TIMES_AFTER_DAY = (
    Form("TIME", "A time of day after a day.", _same, (("tomorrow 02:32", "2026-11-25T02:32:00"),)),
    Form(
        "at|@ PLAINTIME",
        "The same with *at*.",
        _same,
        (("tomorrow @ noon", "2026-11-25T12:00:00"),),
    ),
)

LENGTHS = (
    Form("PIECE", "One of these:", _same),
    Form(
        "PIECE [,] [and] LENGTH",
        "Several, added.",
        Span.plus,
        (("in 2 days and 3 hours", "2026-11-26T13:30:00"),),
    ),
)

PIECES = (
    Form("NUMBER UNIT", "A number of units; words for numbers go to ninety-nine.", _length, (
        ("in 90 minutes", "2026-11-24T12:00:00"),
        ("in two hours", "2026-11-24T12:30:00"),
        ("in 1.5 hours", "2026-11-24T12:00:00"),
        ("in twenty-five days", "2026-12-19T10:30:00"),
    )),
    Form("a|an UNIT", "One unit.", lambda unit: _length(1, unit), (
        ("in an hour", "2026-11-24T11:30:00"),
        ("a week from now", "2026-12-01T10:30:00"),
    )),
    Form("half a|an UNIT", "Half a unit.", lambda unit: _length(0.5, unit), (
        ("in half an hour", "2026-11-24T11:00:00"),
    )),
    Form("[a] quarter of an UNIT", "A quarter of a unit.", lambda unit: _length(0.25, unit), (
        ("in a quarter of an hour", "2026-11-24T10:45:00"),
    )),
    Form("a|an UNIT and a half", "One and a half.", lambda unit: _length(1.5, unit), (
        ("in an hour and a half", "2026-11-24T12:00:00"),
    )),
    Form("NUMBER and a half UNIT", "So many and a half.",
         lambda number, unit: _length(number + 0.5, unit), (
        ("in two and a half hours", "2026-11-24T13:00:00"),
    )),
    Form("[a] couple [of] UNIT", "Two.", lambda unit: _length(2, unit), (
        ("in a couple of days", "2026-11-26T10:30:00"),
    )),
    Form("SPAN", "Numbers with the letters ms, s, m, h, d, w, y, without blanks.", _same, (
        ("in 2h30m", "2026-11-24T13:00:00"),
    )),
)  # fmt: skip

PERIODS = (
    Form("NAMEDPERIOD", "One of this, last and next, below.", _same),
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

MOMENTS = (
    Form("now|immediately", "At once.", moments.at_once),
    Form("right now", "At once.", moments.at_once),
    Form("[at] TIME", "The next time that it is so late.", moments.clock, (
        ("6 am", "2026-11-25T06:00:00"),
    )),
    Form("at PLAINTIME", "The same.", moments.clock, (("at 9", "2026-11-25T09:00:00"),)),
    Form("HOUR", "A full hour, of 24.", lambda hour: moments.clock(time(hour)), (
        ("18", "2026-11-24T18:00:00"),
    )),
    Form("[on] NAMEDDAY|CALENDARDAY", "The day as it begins, at 00:00.", moments.on_day, (
        ("on friday", "2026-11-27T00:00:00"),
    )),
    Form("[on] NAMEDDAY|CALENDARDAY [,] TIMEAFTER", "A day and a time.", moments.on_day_at, (
        ("wednesday at 14:30", "2026-11-25T14:30:00"),
    )),
    Form("[on] NAMEDDAY HOUR", "The same.",
         lambda day, hour: moments.on_day_at(day, time(hour)), (
        ("monday 8", "2026-11-30T08:00:00"),
    )),
    Form("TIMEAFTER [,] [on] NAMEDDAY|CALENDARDAY", "A time and a day.", moments.at_day, (
        ("1am on sun", "2026-11-29T01:00:00"),
        ("5 pm next monday", "2026-11-30T17:00:00"),
    )),
    Form("HOUR NAMEDDAY", "The same.", lambda hour, day: moments.on_day_at(day, time(hour)), (
        ("6 friday", "2026-11-27T06:00:00"),
    )),
    Form("DAYPART", "Morning is 08:00, afternoon 14:00, evening and night 20:00.",
         lambda part: moments.clock(DAYPARTS[part]), (
        ("evening", "2026-11-24T20:00:00"),
    )),
    Form("[on] NAMEDDAY [in] [the] DAYPART", "That part of the day.",
         lambda day, part: moments.on_day(day, DAYPARTS[part]), (
        ("tomorrow morning", "2026-11-25T08:00:00"),
        ("next friday evening", "2026-12-04T20:00:00"),
    )),
    Form("[on] NAMEDDAY DAYPART [at] HOUR", "An hour in it.",
         lambda day, part, hour: moments.on_day(day, moments.in_daypart(hour, part)), (
        ("tomorrow evening at 7", "2026-11-25T19:00:00"),
    )),
    Form("[on] NAMEDDAY DAYPART [at] TIME", "A time in it.",
         lambda day, part, said: moments.on_day(day, moments.within_daypart(part, said)), (
        ("friday afternoon at 3pm", "2026-11-27T15:00:00"),
    )),
    Form("this DAYPART", "Of today.",
         lambda part: moments.today_at(DAYPARTS[part]), (
        ("this afternoon", "2026-11-24T14:00:00"),
    )),
    Form("tonight", "This evening.", lambda: moments.today_at(DAYPARTS["night"]), (
        ("tonight", "2026-11-24T20:00:00"),
    )),
    Form("this DAYPART [at] HOUR", "An hour of it.",
         lambda part, hour: moments.today_at(moments.in_daypart(hour, part)), (
        ("this afternoon at 3", "2026-11-24T15:00:00"),
    )),
    Form("this DAYPART [at] TIME", "A time in it.",
         lambda part, said: moments.today_at(moments.within_daypart(part, said)), (
        ("this evening at 19:30", "2026-11-24T19:30:00"),
    )),
    Form("tonight [at] HOUR", "An hour of this evening.",
         lambda hour: moments.today_at(moments.in_daypart(hour, "night")), (
        ("tonight at 11", "2026-11-24T23:00:00"),
    )),
    Form("tonight [at] TIME", "A time of this evening.",
         lambda said: moments.today_at(moments.within_daypart("night", said)), (
        ("tonight at 9:30 pm", "2026-11-24T21:30:00"),
    )),
    Form("in LENGTH", "So long from now.", moments.after_now, (
        ("in 5 months", "2027-04-24T10:30:00"),
    )),
    Form("LENGTH from now", "The same.", moments.after_now, (
        ("3 days from now", "2026-11-27T10:30:00"),
    )),
    Form("LENGTH later|hence", "The same.", moments.after_now, (
        ("2 hours later", "2026-11-24T12:30:00"),
    )),
    Form("+ LENGTH", "The same.", moments.after_now, (("+2d", "2026-11-26T10:30:00"),)),
    Form("LENGTH ago", "So long before now; past.", moments.before_now),
    Form("- LENGTH", "The same.", moments.before_now),
    Form("in LENGTH [,] TIMEAFTER", "So many days from now, at a time of day.",
         moments.day_after_now, (
        ("in 2 weeks at noon", "2026-12-08T12:00:00"),
    )),
    Form("LENGTH from now [,] TIMEAFTER", "The same.", moments.day_after_now, (
        ("3 days from now at 6pm", "2026-11-27T18:00:00"),
    )),
    Form("TIMEAFTER [,] in LENGTH", "The same.",
         lambda said, span: moments.day_after_now(span, said), (
        ("noon in 3 days", "2026-11-27T12:00:00"),
    )),
    Form("TIMEAFTER [,] LENGTH from now", "The same.",
         lambda said, span: moments.day_after_now(span, said), (
        ("6pm 3 days from now", "2026-11-27T18:00:00"),
    )),
    Form("LENGTH before noon|midday", "Before today's noon.",
         lambda span: moments.before(span, moments.today_at(time(12))), (
        ("45 minutes before noon", "2026-11-24T11:15:00"),
    )),
    Form("LENGTH after noon|midday", "After today's noon.",
         lambda span: moments.after(span, moments.today_at(time(12))), (
        ("5 hours after noon", "2026-11-24T17:00:00"),
    )),
    Form("LENGTH before midnight", "Before today began; past.", moments.before_midnight),
    Form("LENGTH after midnight", "After today began.",
         lambda span: moments.after(span, moments.today_at(time())), (
        ("15 hours after midnight", "2026-11-24T15:00:00"),
    )),
    Form("LENGTH before now", "The same as *ago*; past.", moments.before_now),
    Form("LENGTH before MOMENT", "So long before that.", moments.before, (
        ("6 minutes before tomorrow", "2026-11-24T23:54:00"),
        ("2 hours before friday 9am", "2026-11-27T07:00:00"),
    )),
    Form("LENGTH after|from MOMENT", "So long after that.", moments.after, (
        ("3 hours after tomorrow", "2026-11-25T03:00:00"),
        ("2 weeks from monday", "2026-12-14T00:00:00"),
    )),
    Form("NAMEDDAY LENGTH ago", "So long before a day; of hours, at the present time of day.",
         moments.day_ago, (
        ("tomorrow 3 hours ago", "2026-11-25T07:30:00"),
    )),
    Form("REL CLOCKUNIT", "The beginning of the next hour, minute or second.",
         moments.unit_begins, (
        ("next hour", "2026-11-24T11:00:00"),
    )),
    Form("STAMP", "ISO 8601, in its own offset or zone if it has one.", moments.stamped, (
        ("2026-12-01T09:00+01:00", "2026-12-01T09:00:00"),
        ("2026-12-01T08:00:00Z", "2026-12-01T09:00:00"),
        ("2026-12-01T09:00 America/New_York", "2026-12-01T15:00:00"),
        ("20261201090000", "2026-12-01T09:00:00"),
    )),
)  # fmt: skip

TABLES = {
    "MOMENT": MOMENTS,
    "NAMEDDAY": NAMED_DAYS,
    "CALENDARDAY": CALENDAR_DAYS,
    "PICK": PICKS,
    "PERIOD": PERIODS,
    "NAMEDPERIOD": NAMED_PERIODS,
    "LENGTH": LENGTHS,
    "PIECE": PIECES,
    "TIMEAFTER": TIMES_AFTER_DAY,
    "PLAINTIME": PLAIN_TIMES,
    "TIME": TIMES,
    "FULLHOUR": FULL_HOURS,
}
"""The forms of each category."""
