"""The forms of recurring days, as tables.

How to read them is said in :mod:`~jqengine.triggers.natural_forms`.
"""

from __future__ import annotations

from jqengine.triggers import natural_days as days
from jqengine.triggers.natural_grammar import Form, beginning_with, one, same
from jqengine.triggers.recurrence_days import (
    ALL,
    WEEKEND,
    WORKING,
    all_dates,
    ambiguous,
    every_date,
    every_day,
    every_nth,
    every_other,
    every_unit,
    except_weekdays,
    length_in_days,
    picks_of,
    picks_of_month,
    picks_of_named_month,
    weekday_range,
    weekdays,
)

WEEKDAY_ITEMS = (
    Form("WEEKDAY|WEEKDAYS", "A day of the week.", lambda day: frozenset((day,)), (
        ("every friday", "2026-11-27T00:00:00 2026-12-04T00:00:00"),
    )),
    Form("WEEKDAY to|through|thru|- WEEKDAY", "From one to another.", weekday_range, (
        ("every monday to friday at 7", "2026-11-25T07:00:00 2026-11-26T07:00:00"),
    )),
    Form("weekday|weekdays", "Monday to Friday.", lambda: WORKING, (
        ("every weekday", "2026-11-25T00:00:00 2026-11-26T00:00:00"),
    )),
    Form("working|business day|days", "The same.", lambda: WORKING, (
        ("every working day at 8", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
    )),
    Form("weekend|weekends", "Saturday and Sunday.", lambda: WEEKEND, (
        ("every weekend at 10", "2026-11-28T10:00:00 2026-11-29T10:00:00"),
    )),
)  # fmt: skip

WEEKDAY_LISTS = (
    Form("WEEKDAYITEM", "One of these:", same),
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
    Form("weekdays", "Monday to Friday.", lambda: WORKING, (
        ("weekdays at 09:00", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("weekends", "Saturday and Sunday.", lambda: WEEKEND, (
        ("weekends at noon", "2026-11-28T12:00:00 2026-11-29T12:00:00"),
    )),
    Form("WEEKDAY to|through|thru|- WEEKDAY", "From one to another.", weekday_range, (
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
    Form("PICK", "A day of the month by its place.", same, (
        ("every last friday of the month", "2026-11-27T00:00:00 2026-12-25T00:00:00"),
        ("the last day of every month at 23:00", "2026-11-30T23:00:00 2026-12-31T23:00:00"),
    )),
)  # fmt: skip

MONTH_DAY_LISTS = (
    Form("[the] MONTHDAY", "One of these:", one),
    Form("[the] MONTHDAY ,|and|& MONTHDAYLIST", "Several.", beginning_with, (
        ("every 1st and 15th of the month at 6:00", "2026-12-01T06:00:00 2026-12-15T06:00:00"),
    )),
    Form("[the] MONTHDAY , and MONTHDAYLIST", "Several.", beginning_with),
)  # fmt: skip

DAY_RULES = (
    Form("every|each day", "Each day.", every_day, (
        ("every day at noon", "2026-11-24T12:00:00 2026-11-25T12:00:00"),
    )),
    Form("daily", "The same.", every_day, (
        ("daily at 8", "2026-11-25T08:00:00 2026-11-26T08:00:00"),
    )),
    Form("every|each WEEKDAYLIST", "These days of each week.", weekdays, (
        ("every monday", "2026-11-30T00:00:00 2026-12-07T00:00:00"),
    )),
    Form("[on] PLURAL", "The same.", weekdays, (
        ("on weekdays at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("every day except|but [on] WEEKDAYLIST", "The other days of each week.",
         lambda others: except_weekdays(ALL, others), (
        ("every day except sunday at 9", "2026-11-25T09:00:00 2026-11-26T09:00:00"),
    )),
    Form("every WEEKDAYLIST except|but [on] WEEKDAYLIST", "These days of each week but for some.",
         except_weekdays, (
        ("every weekday except wednesday at 9", "2026-11-26T09:00:00 2026-11-27T09:00:00"),
    )),
    Form("every other WEEKDAYLIST", "In every second week, from the first such day on.",
         every_other, (
        ("every other friday", "2026-11-27T00:00:00 2026-12-11T00:00:00"),
    )),
    Form("every NUMBER DAYUNIT", "A number of units, counted from today; months and more"
         " begin on their first day.", every_unit, (
        ("every 3 days at 9", "2026-11-27T09:00:00 2026-11-30T09:00:00"),
        ("every 2 weeks", "2026-12-08T00:00:00 2026-12-22T00:00:00"),
        ("every 6 months", "2027-05-01T00:00:00 2027-11-01T00:00:00"),
    )),
    Form("every LENGTH", "The same.", length_in_days, (
        ("every 2d", "2026-11-26T00:00:00 2026-11-28T00:00:00"),
    )),
    Form("every|each DAYUNIT", "One unit.", lambda unit: every_unit(1, unit), (
        ("every week", "2026-12-01T00:00:00 2026-12-08T00:00:00"),
        ("every month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
        ("every quarter", "2027-01-01T00:00:00 2027-04-01T00:00:00"),
    )),
    Form("every other DAYUNIT", "Two units.", lambda unit: every_unit(2, unit), (
        ("every other day at 7:30", "2026-11-26T07:30:00 2026-11-28T07:30:00"),
    )),
    Form("every ORDINAL DAYUNIT", "So many units.", every_nth, (
        ("every third day at 6", "2026-11-27T06:00:00 2026-11-30T06:00:00"),
    )),
    Form("weekly", "Every week.", lambda: every_unit(1, "week"), (
        ("weekly", "2026-12-01T00:00:00 2026-12-08T00:00:00"),
    )),
    Form("fortnightly", "Every two weeks.", lambda: every_unit(2, "week"), (
        ("fortnightly", "2026-12-08T00:00:00 2026-12-22T00:00:00"),
    )),
    Form("monthly", "Every month.", lambda: every_unit(1, "month"), (
        ("monthly", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
    )),
    Form("quarterly", "Every quarter.", lambda: every_unit(1, "quarter"), (
        ("quarterly at 8", "2027-01-01T08:00:00 2027-04-01T08:00:00"),
    )),
    Form("yearly|annually", "Every year.", lambda: every_unit(1, "year"), (
        ("yearly", "2027-01-01T00:00:00 2028-01-01T00:00:00"),
    )),
    Form("every|each week on WEEKDAYLIST", "These days of each week.", weekdays, (
        ("every week on tuesday at 18:00", "2026-11-24T18:00:00 2026-12-01T18:00:00"),
    )),
    Form("weekly on WEEKDAYLIST", "The same.", weekdays, (
        ("weekly on monday at 9", "2026-11-30T09:00:00 2026-12-07T09:00:00"),
    )),
    Form("once a|per|every week on WEEKDAYLIST", "The same.", weekdays, (
        ("once a week on monday at 9", "2026-11-30T09:00:00 2026-12-07T09:00:00"),
    )),
    Form("every NUMBER weeks on WEEKDAYLIST", "These days of every so manieth week.",
         lambda number, weekdays: every_other(weekdays, number), (
        ("every 3 weeks on monday", "2026-11-30T00:00:00 2026-12-21T00:00:00"),
    )),
    Form("every ORDINAL week on WEEKDAYLIST", "The same.",
         lambda number, weekdays: every_other(weekdays, number), (
        ("every second week on friday", "2026-11-27T00:00:00 2026-12-11T00:00:00"),
    )),
    Form("every other week on WEEKDAYLIST", "The same.", every_other, (
        ("every other week on thursday", "2026-11-26T00:00:00 2026-12-10T00:00:00"),
    )),
    Form("fortnightly on WEEKDAYLIST", "The same.", every_other, (
        ("fortnightly on thursday", "2026-11-26T00:00:00 2026-12-10T00:00:00"),
    )),
    Form("every MONTHDAYLIST of the|each|every month", "These days of each month.",
         picks_of_month, (
        ("every 3rd of the month", "2026-12-03T00:00:00 2027-01-03T00:00:00"),
        ("every 2nd tuesday of the month at 19:00", "2026-12-08T19:00:00 2027-01-12T19:00:00"),
    )),
    Form("[on] MONTHDAYLIST of every|each month", "The same.", picks_of_month, (
        ("on the 1st of every month", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
        ("first monday of every month at 9am", "2026-12-07T09:00:00 2027-01-04T09:00:00"),
    )),
    Form("every|each month on MONTHDAYLIST", "The same.", picks_of_month, (
        ("every month on the 15th at noon", "2026-12-15T12:00:00 2027-01-15T12:00:00"),
    )),
    Form("monthly on MONTHDAYLIST", "The same.", picks_of_month, (
        ("monthly on the last weekday at 17:00", "2026-11-30T17:00:00 2026-12-31T17:00:00"),
    )),
    Form("once a|per|every month on MONTHDAYLIST", "The same.", picks_of_month, (
        ("once a month on the 1st", "2026-12-01T00:00:00 2027-01-01T00:00:00"),
    )),
    Form("every NUMBER months on MONTHDAYLIST", "These days of every so manieth month.",
         lambda number, picks: picks_of_month(picks, number), (
        ("every 3 months on the 15th", "2026-12-15T00:00:00 2027-03-15T00:00:00"),
    )),
    Form("every other month on MONTHDAYLIST", "These days of every second month.",
         lambda picks: picks_of_month(picks, 2), (
        ("every other month on the 1st", "2026-12-01T00:00:00 2027-02-01T00:00:00"),
    )),
    Form("every PICK of|in the|each|every quarter", "A day of each quarter.",
         lambda pick: picks_of(pick, "quarter"), (
        ("every last weekday of the quarter at 18:00",
         "2026-12-31T18:00:00 2027-03-31T18:00:00"),
    )),
    Form("[on] [the] PICK of|in every|each quarter", "The same.",
         lambda pick: picks_of(pick, "quarter"), (
        ("first day of every quarter", "2027-01-01T00:00:00 2027-04-01T00:00:00"),
    )),
    Form("every PICK of|in the|each|every year", "A day of each year.",
         lambda pick: picks_of(pick, "year"), (
        ("every 100th day of the year", "2027-04-10T00:00:00 2028-04-09T00:00:00"),
    )),
    Form("[on] [the] PICK of|in every|each year", "The same.",
         lambda pick: picks_of(pick, "year"), (
        ("the last day of every year at noon", "2026-12-31T12:00:00 2027-12-31T12:00:00"),
    )),
    Form("every MONTHDAYLIST of|in MONTH", "These days of that month, each year.",
         picks_of_named_month, (
        ("every first monday of january", "2027-01-04T00:00:00 2028-01-03T00:00:00"),
        ("every 25th of december", "2026-12-25T00:00:00 2027-12-25T00:00:00"),
    )),
    Form("every MONTH", "The first day of that month, each year.",
         lambda month: picks_of_named_month((days.nth_day(1),), month), (
        ("every january", "2027-01-01T00:00:00 2028-01-01T00:00:00"),
    )),
    Form("every MONTH [the] DAYNUMBER", "That date, each year that has it.",
         every_date, (
        ("every december 25 at 9", "2026-12-25T09:00:00 2027-12-25T09:00:00"),
    )),
    Form("every DAYNUMBER MONTH", "The same.", lambda day, month: every_date(month, day), (
        ("every 25 december", "2026-12-25T00:00:00 2027-12-25T00:00:00"),
    )),
    Form("every|each year on MONTH [the] DAYNUMBER", "The same.",
         every_date, (
        ("every year on march 1st", "2027-03-01T00:00:00 2028-03-01T00:00:00"),
    )),
    Form("every|each year on [the] DAYNUMBER [of] MONTH", "The same.",
         lambda day, month: every_date(month, day), (
        ("every year on the 1st of march", "2027-03-01T00:00:00 2028-03-01T00:00:00"),
    )),
    Form("yearly|annually on MONTH [the] DAYNUMBER", "The same.",
         every_date, (
        ("yearly on june 21", "2027-06-21T00:00:00 2028-06-21T00:00:00"),
    )),
    Form("yearly|annually on [the] DAYNUMBER [of] MONTH", "The same.",
         lambda day, month: every_date(month, day), (
        ("annually on 21 june", "2027-06-21T00:00:00 2028-06-21T00:00:00"),
    )),
    Form("every WEEKDAY the DAYTH", "Each such day of a month that is on that weekday.",
         lambda day, number: all_dates(days.only_on(day, days.day_of_any_month(number))), (
        ("every friday the 13th", "2027-08-13T00:00:00 2028-10-13T00:00:00"),
    )),
    Form("every ORDINAL WEEKDAY", "Refused: it has two meanings.", ambiguous),
)  # fmt: skip
