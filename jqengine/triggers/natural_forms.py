"""The forms of natural time texts that mean one instant, as tables.

Each row is a pattern (see :mod:`~jqengine.triggers.natural_grammar`), what it
means, how its meaning is made, and examples with their answers where it is
:data:`EXAMPLE_NOW` in :data:`EXAMPLE_ZONE`.  The reference is made of these
rows, and a test tries every example.
"""

from __future__ import annotations

from datetime import time

from jqengine.triggers import natural_moments as moments
from jqengine.triggers.natural_day_forms import (
    CALENDAR_DAYS,
    NAMED_DAYS,
    NAMED_PERIODS,
    PERIODS,
    PICKS,
)
from jqengine.triggers.natural_grammar import Form
from jqengine.triggers.natural_moments import DAYPARTS
from jqengine.triggers.natural_time_forms import (
    FULL_HOURS,
    LENGTHS,
    PIECES,
    PLAIN_TIMES,
    TIMES,
    TIMES_AFTER_DAY,
)

EXAMPLE_NOW = "2026-11-24T10:30:00"
"""A Tuesday."""

EXAMPLE_ZONE = "Europe/Paris"

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
    "TIMEAFTER": TIMES_AFTER_DAY,
    "TIME": TIMES,
    "PLAINTIME": PLAIN_TIMES,
    "FULLHOUR": FULL_HOURS,
    "LENGTH": LENGTHS,
    "PIECE": PIECES,
}
"""The forms of each category."""

TITLES = {
    "MOMENT": "One instant",
    "NAMEDDAY": "Days by name or place",
    "CALENDARDAY": "Days by date",
    "PICK": "Days of a period",
    "PERIOD": "Periods",
    "NAMEDPERIOD": "This, last and next",
    "TIMEAFTER": "Times beside a day",
    "TIME": "Times of day",
    "PLAINTIME": "Times after *at*",
    "FULLHOUR": "Full hours",
    "LENGTH": "Lengths of time",
    "PIECE": "Parts of a length",
}
"""What the reference calls each category."""
