"""What the reference says about ``at=``: its forms, and where at(1) is not followed.

The parser is in :mod:`~jqengine.triggers.atsyntax`; a test tries every example
and every deviation.
"""

from __future__ import annotations

from typing import NamedTuple

EXAMPLE_NOW = "2026-11-24T10:30:15"
"""A Tuesday."""

EXAMPLE_ZONE = "Europe/Paris"


class AtForm(NamedTuple):
    """One part of the grammar, with examples and their answers."""

    pattern: str
    meaning: str
    examples: tuple[tuple[str, str], ...]


class Deviation(NamedTuple):
    """A text for which at(1) is wrong.

    :ivar now: the wall clock, with an offset where it is ambiguous.
    :ivar theirs: what at(1) 3.2.5 answers; empty where it refuses.
    :ivar ours: what is answered here; empty where it is refused.
    """

    text: str
    zone: str
    now: str
    theirs: str
    ours: str
    why: str


FORMS = (
    AtForm("TIME [UTC] [DATE] [STEP]", "A time of day: today's, or tomorrow's once it has passed."
           " With UTC the whole text is read in UTC.", (
        ("16:00", "2026-11-24T16:00:00"),
        ("9:00", "2026-11-25T09:00:00"),
        ("noon tomorrow", "2026-11-25T12:00:00"),
        ("10am jul 31", "2027-07-31T10:00:00"),
        ("4pm + 3 days", "2026-11-27T16:00:00"),
        ("0900 UTC", "2026-11-25T10:00:00"),
    )),
    AtForm("DATE [STEP]", "A date at the present time of day.", (
        ("tomorrow", "2026-11-25T10:30:00"),
        ("jul 4", "2027-07-04T10:30:00"),
        ("next week + 1 day", "2026-12-02T10:30:00"),
    )),
    AtForm("now [STEP]", "This minute: at once.", (
        ("now", "2026-11-24T10:30:00"),
        ("now + 2 hours", "2026-11-24T12:30:00"),
    )),
    AtForm("TIME: HHMM, HH:MM", "Of 24 hours; also with ' h . or , between. 24:00 ends a day.", (
        ("1530", "2026-11-24T15:30:00"),
        ("17h30", "2026-11-24T17:30:00"),
        ("24:00", "2026-11-25T00:00:00"),
    )),
    AtForm("TIME: H am|pm, H:MM am|pm", "Of 12 hours.", (
        ("8 PM", "2026-11-24T20:00:00"),
        ("8:30pm", "2026-11-24T20:30:00"),
    )),
    AtForm("TIME: noon, midnight, teatime", "12:00, 00:00 and 16:00.", (
        ("teatime", "2026-11-24T16:00:00"),
        ("midnight", "2026-11-25T00:00:00"),
    )),
    AtForm("DATE: today, tomorrow", "This day and the next.", (
        ("1pm today", "2026-11-24T13:00:00"),
    )),
    AtForm("DATE: [next] WEEKDAY", "The coming one, never today, in full or in three letters.", (
        ("monday", "2026-11-30T10:30:00"),
        ("1am tue", "2026-12-01T01:00:00"),
        ("next friday", "2026-11-27T10:30:00"),
    )),
    AtForm("DATE: next UNIT", "The same as + 1 UNIT.", (
        ("next month", "2026-12-24T10:30:00"),
        ("next hour", "2026-11-24T11:30:00"),
    )),
    AtForm("DATE: MONTH DAY, DAY MONTH", "This year's, or next year's once the day has passed.", (
        ("dec 25", "2026-12-25T10:30:00"),
        ("noon 1 january", "2027-01-01T12:00:00"),
    )),
    AtForm("DATE: MONTH DAY[,] YEAR, DAY MONTH YEAR", "Two digits are the years 1970 to 2069.", (
        ("jul 31, 2027", "2027-07-31T10:30:00"),
        ("25 dec 27", "2027-12-25T10:30:00"),
    )),
    AtForm("DATE: YY-MM-DD, DD.MM.YY, MM/DD/YY, MMDDYY", "Each with a year of 2 or 4 digits.", (
        ("2026-12-25", "2026-12-25T10:30:00"),
        ("25.12.26", "2026-12-25T10:30:00"),
        ("17:00 12/25/2026", "2026-12-25T17:00:00"),
        ("12252026", "2026-12-25T10:30:00"),
    )),
    AtForm("STEP: + NUMBER UNIT, - NUMBER UNIT", "min, minutes, hours, days, weeks, months or"
           " years. Minutes and hours are elapsed time; the others keep the time of day. A month"
           " that lacks the day counts on into the next.", (
        ("now + 30 minutes", "2026-11-24T11:00:00"),
        ("noon - 1 hour", "2026-11-24T11:00:00"),
        ("jan 31 + 1 month", "2027-03-03T10:30:00"),
    )),
)  # fmt: skip

_SPRING, _AUTUMN = "2007-03-25T01:30:00", "2007-10-28T01:30:00"

DEVIATIONS = (
    Deviation("now + 30 minutes", "Europe/Paris", _SPRING, "", "2007-03-25T03:00:00",
              "Hours and minutes are elapsed time; at(1) takes back the hour of a clock change."),
    Deviation("now + 90 minutes", "Europe/Paris", _AUTUMN, "2007-10-28T03:00:00",
              "2007-10-28T02:00:00", "The same in autumn: 90 minutes, not 150."),
    Deviation("tomorrow", "Australia/Lord_Howe", "2025-04-05T21:12:00", "2025-04-06T21:42:00",
              "2025-04-06T21:12:00", "Days keep the time of day; at(1) takes every clock change"
              " for one of an hour."),
    Deviation("now + 1 week", "Africa/Casablanca", "2025-02-22T22:57:00", "2025-03-01T20:57:00",
              "2025-03-01T22:57:00", "The same, where the clock is set back for Ramadan."),
    Deviation("02:30 tomorrow", "America/New_York", "2025-03-08T21:56:00", "2025-03-09T01:30:00",
              "2025-03-09T03:30:00", "A time that is skipped is so long after the change."),
    Deviation("01:45", "America/New_York", "2025-11-02T01:08:00-05:00", "",
              "2025-11-02T01:45:00", "In the second pass of a repeated hour it is the second pass"
              " that is meant; at(1) takes the first, and finds it past."),
    Deviation("feb 29", "UTC", "2006-11-24T01:13:08", "2007-03-01T01:13:00", "",
              "A day that does not exist is refused, not taken for a later one."),
    Deviation("10:00 feb 29 2007", "UTC", "2007-01-31T10:00:00", "2007-03-01T10:00:00", "",
              "The same."),
    Deviation("noon feb 30", "UTC", "2006-11-24T01:13:08", "2007-03-02T12:00:00", "",
              "The same."),
    Deviation("02:60 tomorrow", "UTC", "2006-11-24T01:13:08", "2006-11-25T03:00:00", "",
              "There is no minute 60."),
    Deviation("noon jan 1 1800", "UTC", "2006-11-24T01:13:08", "3700-01-01T12:00:00", "",
              "A year of four digits is that year, and past; at(1) adds 1900 up to 1900."),
    Deviation("1002007", "UTC", "2006-11-24T01:13:08", "2006-12-31T01:13:00", "",
              "There is no day 0."),
    Deviation("9:00 UTC", "America/New_York", "2006-11-24T06:00:00", "", "2006-11-25T04:00:00",
              "The whole text is read in UTC; at(1) compares the time with the local clock, and"
              " then finds the answer past."),
    Deviation("1:00 UTC", "Europe/Paris", "2006-11-24T01:30:00", "2006-11-25T02:00:00",
              "2006-11-24T02:00:00", "The same; at(1) is a day late."),
    Deviation("noon - 3 days", "UTC", "2006-11-24T01:13:08", "2007-11-21T12:00:00", "",
              "A step back to an earlier day is past; at(1) moves it to the next year."),
    Deviation("jan 5 + 59 days", "UTC", "2008-05-13T07:27:00", "2009-03-04T07:27:00",
              "2009-03-05T07:27:00", "Days are counted in the year that is meant; at(1) counts"
              " them in the present one, with its leap day."),
    Deviation("1am + 720 hours", "UTC", "2006-11-24T01:13:08", "2006-12-25T01:00:00",
              "2006-12-24T01:00:00", "A time later this year is not put off for having today's"
              " day of the month."),
)  # fmt: skip
"""Every known kind of text for which the answer is not that of at(1)."""
