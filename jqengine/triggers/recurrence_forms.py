"""The forms of natural time texts that recur, as tables.

They are laid out as in :mod:`~jqengine.triggers.natural_forms`; the answer of
an example is its first two due times.
"""

from __future__ import annotations

from datetime import time

from jqengine.triggers.natural_grammar import Form, beginning_with, one, same
from jqengine.triggers.natural_moments import DAYPARTS, in_daypart, within_daypart
from jqengine.triggers.natural_time_forms import UNIT_SPANS
from jqengine.triggers.recurrence_day_forms import (
    DAY_RULES,
    MONTH_DAY_LISTS,
    MONTH_DAYS,
    PLURALS,
    WEEKDAY_ITEMS,
    WEEKDAY_LISTS,
)
from jqengine.triggers.recurrence_days import every_day, every_unit
from jqengine.triggers.recurrence_meanings import (
    both,
    every_nth_length,
    grid,
    grid_on,
    in_night,
    interval,
    length_in_seconds,
    minutes_of_hour,
    on_days,
    times_a_day,
    times_a_day_at,
    times_an_hour,
    which_days,
    within_night,
)

TIME_LISTS = (
    Form("PLAINTIME", "One of them.", one),
    Form("PLAINTIME ,|and|& [at] TIMELIST", "Several.", beginning_with, (
        ("every day at noon and midnight", "2026-11-24T12:00:00 2026-11-25T00:00:00"),
    )),
    Form("PLAINTIME , and [at] TIMELIST", "Several.", beginning_with, (
        ("every day at 8, 12, and 17:30", "2026-11-24T12:00:00 2026-11-24T17:30:00"),
    )),
)  # fmt: skip

TIMES_OF_DAY = (
    Form("at|@ TIMELIST", "Times after *at*, where 9 is 09:00.", same, (
        ("every weekday at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("TIME", "A time that looks like one.", one, (
        ("every other friday 17:00", "2026-11-27T17:00:00 2026-12-11T17:00:00"),
    )),
    Form("TIME ,|and|& [at] TIMELIST", "Several.", beginning_with, (
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
         lambda unit: length_in_seconds(UNIT_SPANS[unit]), (
        ("every hour", "2026-11-24T11:30:00 2026-11-24T12:30:00"),
    )),
    Form("every LENGTH", "The same.", length_in_seconds, (
        ("every 15 minutes", "2026-11-24T10:45:00 2026-11-24T11:00:00"),
        ("every 1h30m", "2026-11-24T12:00:00 2026-11-24T13:30:00"),
        ("every half an hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("every half hour", "Every 30 minutes.", lambda: 1800.0, (
        ("every half hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("every ORDINAL CLOCKUNIT", "So many.",
         lambda number, unit: every_nth_length(number, UNIT_SPANS[unit]), (
        ("every second hour", "2026-11-24T12:30:00 2026-11-24T14:30:00"),
    )),
    Form("every other CLOCKUNIT", "Every two.",
         lambda unit: 2 * length_in_seconds(UNIT_SPANS[unit]), (
        ("every other hour", "2026-11-24T12:30:00 2026-11-24T14:30:00"),
    )),
)  # fmt: skip

RULES = (
    Form("DAYRULE", "Days, at 00:00.", on_days),
    Form("DAYRULE [,] TIMES", "Days and times.", on_days),
    Form("DAYRULE HOUR", "The same.", lambda days, hour: on_days(days, (time(hour),)), (
        ("every sunday 9", "2026-11-29T09:00:00 2026-12-06T09:00:00"),
    )),
    Form("TIMES [,] DAYRULE", "The same.", lambda times, days: on_days(days, times), (
        ("8am every day", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
        ("9am on weekdays", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("DAYRULE [in] [the] DAYPART", "Days, at 08:00, 14:00 or 20:00.",
         lambda days, part: on_days(days, (DAYPARTS[part],)), (
        ("every monday morning", "2026-11-30T08:00:00 2026-12-07T08:00:00"),
    )),
    Form("every|each DAYPART", "Each day, then.",
         lambda part: on_days(every_day(), (DAYPARTS[part],)), (
        ("every evening", "2026-11-24T20:00:00 2026-11-25T20:00:00"),
    )),
    Form("every night [at] HOUR", "Each night; 0 to 5 are the small hours.",
         lambda hour: on_days(every_day(), (in_night(hour),)), (
        ("every night at 3", "2026-11-25T03:00:00 2026-11-26T03:00:00"),
        ("every night at 11", "2026-11-24T23:00:00 2026-11-25T23:00:00"),
    )),
    Form("every night [at] TIME", "Each night, from 18:00 to 06:00.",
         lambda clock: on_days(every_day(), (within_night(clock),)), (
        ("every night at 2am", "2026-11-25T02:00:00 2026-11-26T02:00:00"),
    )),
    Form("nightly [at] HOUR", "The same.", lambda hour: on_days(every_day(), (in_night(hour),)), (
        ("nightly at 2", "2026-11-25T02:00:00 2026-11-26T02:00:00"),
    )),
    Form("nightly [at] TIME", "The same.",
         lambda clock: on_days(every_day(), (within_night(clock),)), (
        ("nightly at 23:30", "2026-11-24T23:30:00 2026-11-25T23:30:00"),
    )),
    Form("every|each DAYPART [at] HOUR", "Each day, at an hour of it.",
         lambda part, hour: on_days(every_day(), (in_daypart(hour, part),)), (
        ("every evening at 7", "2026-11-24T19:00:00 2026-11-25T19:00:00"),
    )),
    Form("every|each DAYPART [at] TIME", "Each day, at a time of it.",
         lambda part, clock: on_days(every_day(), (within_daypart(part, clock),)), (
        ("every morning at 6:30", "2026-11-25T06:30:00 2026-11-26T06:30:00"),
    )),
    Form("every noon", "Each day at 12:00.", lambda: on_days(every_day(), (time(12),)), (
        ("every noon", "2026-11-24T12:00:00 2026-11-25T12:00:00"),
    )),
    Form("every midnight", "Each day at 00:00.", lambda: on_days(every_day()), (
        ("every midnight", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("hourly", "As each hour begins.", lambda: minutes_of_hour(0), (
        ("hourly", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("INTERVAL", "Elapsed time.", interval),
    Form("INTERVAL [,] WINDOW", "From the start of a stretch of each day to its end.",
         lambda seconds, window: on_days(every_day(), grid(seconds, window)), (
        ("every 90 minutes between 9 and 12", "2026-11-24T12:00:00 2026-11-25T09:00:00"),
    )),
    Form("INTERVAL [,] DAYRULE", "From 00:00 on, on those days.",
         lambda seconds, days: on_days(days, grid(seconds)), (
        ("every 4 hours on weekdays", "2026-11-24T12:00:00 2026-11-24T16:00:00"),
    )),
    Form("INTERVAL [,] WINDOW [,] DAYRULE", "A stretch of those days.", grid_on, (
        ("every 2 hours between 9 and 17 on weekdays",
         "2026-11-24T11:00:00 2026-11-24T13:00:00"),
    )),
    Form("INTERVAL [,] DAYRULE [,] WINDOW", "The same.",
         lambda seconds, days, window: grid_on(seconds, window, days), (
        ("every hour on weekdays from 8 to 18", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("hourly [,] WINDOW", "The full hours of a stretch.",
         lambda window: on_days(every_day(), grid(3600, window)), (
        ("hourly between 8 and 18", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("hourly [,] DAYRULE", "The full hours of those days.",
         lambda days: on_days(days, grid(3600)), (
        ("hourly on weekends", "2026-11-28T00:00:00 2026-11-28T01:00:00"),
    )),
    Form("hourly [,] WINDOW [,] DAYRULE", "A stretch of those days.",
         lambda window, days: grid_on(3600, window, days), (
        ("hourly between 8 and 18 on weekdays", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("once a|per|every day", "Once, at 00:00.", lambda: on_days(every_day()), (
        ("once a day", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("once a|per|every day at TIMELIST", "Once, at that time.",
         lambda times: times_a_day_at(1, times), (
        ("once a day at 6", "2026-11-25T06:00:00 2026-11-26T06:00:00"),
    )),
    Form("once a|per|every DAYUNIT", "Once in each.",
         lambda unit: on_days(every_unit(1, unit)), (
        ("once a month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
    )),
    Form("twice a|per|every day", "At 00:00 and 12:00.", lambda: times_a_day(2), (
        ("twice a day", "2026-11-24T12:00:00 2026-11-25T00:00:00"),
    )),
    Form("twice a|per|every day at TIMELIST", "At those two times.",
         lambda times: times_a_day_at(2, times), (
        ("twice a day at 8 and 20", "2026-11-24T20:00:00 2026-11-25T08:00:00"),
    )),
    Form("twice daily", "The same as *twice a day*.", lambda: times_a_day(2)),
    Form("twice daily at TIMELIST", "At those two times.",
         lambda times: times_a_day_at(2, times), (
        ("twice daily at 6am and 6pm", "2026-11-24T18:00:00 2026-11-25T06:00:00"),
    )),
    Form("NUMBER times a|per|every day", "In equal parts of the day, from 00:00 on.",
         times_a_day, (
        ("4 times a day", "2026-11-24T12:00:00 2026-11-24T18:00:00"),
    )),
    Form("NUMBER times a|per|every day at TIMELIST", "At those times.", times_a_day_at, (
        ("3 times a day at 8, 12 and 18", "2026-11-24T12:00:00 2026-11-24T18:00:00"),
    )),
    Form("twice a|per|every week|month|quarter|year", "Refused: it does not say on which days.",
         which_days),
    Form("NUMBER times a|per|every week|month|quarter|year", "Refused in the same way.",
         lambda _number: which_days()),
    Form("once an|per|every hour", "As each hour begins.", lambda: times_an_hour(1), (
        ("once an hour", "2026-11-24T11:00:00 2026-11-24T12:00:00"),
    )),
    Form("twice an|per|every hour", "At its beginning and middle.", lambda: times_an_hour(2), (
        ("twice an hour", "2026-11-24T11:00:00 2026-11-24T11:30:00"),
    )),
    Form("NUMBER times an|per|every hour", "In equal parts of the hour.", times_an_hour, (
        ("4 times an hour", "2026-11-24T10:45:00 2026-11-24T11:00:00"),
    )),
)  # fmt: skip

RECURRENCES = (
    Form("RULE", "One of these:", same),
    Form("RULE ,|and|& RECURRENCE", "Several.", both, (
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

TITLES = {
    "RECURRENCE": "Again and again",
    "RULE": "Schedules",
    "DAYRULE": "Recurring days",
    "WEEKDAYLIST": "Lists of weekdays",
    "WEEKDAYITEM": "Weekdays",
    "PLURAL": "Weekdays without *every*",
    "MONTHDAYLIST": "Lists of days of a month",
    "MONTHDAY": "Days of a month",
    "INTERVAL": "Intervals",
    "WINDOW": "Stretches of a day",
    "TIMES": "Times of a schedule",
    "TIMELIST": "Lists of times",
}
"""What the reference calls each category."""
