"""The forms of times of day and of lengths of time, as tables.

How to read them is said in :mod:`~jqengine.triggers.natural_forms`.
"""

from __future__ import annotations

from datetime import time

from jqengine.triggers import natural_moments as moments
from jqengine.triggers.natural_grammar import Form, same
from jqengine.triggers.natural_values import Nonsense, Span, whole

UNIT_SPANS = {
    "millisecond": Span(seconds=0.001), "second": Span(seconds=1), "minute": Span(seconds=60),
    "hour": Span(seconds=3600), "day": Span(days=1), "week": Span(days=7),
    "fortnight": Span(days=14), "month": Span(months=1), "quarter": Span(months=3),
    "year": Span(months=12),
}  # fmt: skip
"""The length of each unit."""


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


TIMES = (
    Form("CLOCK", "A time of day, with minutes or with am or pm.", same, (
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
    Form("NUMBER minutes to FULLHOUR", "Minutes earlier; *9 to 5* alone is refused.",
         lambda minutes, hour: _past_hour(-minutes, hour), (
        ("5 minutes to noon", "2026-11-24T11:55:00"),
    )),
)  # fmt: skip

FULL_HOURS = (
    Form("HOUR", "An hour of 24.", time),
    Form("CLOCK", "An hour with am or pm, or a time.", same),
    Form("noon", "12.", lambda: time(12)),
    Form("midnight", "0.", time),
)

PLAIN_TIMES = (
    Form("TIME", "Any of the times above.", same),
    Form("HOUR", "A full hour, of 24.", time, (
        ("at 17", "2026-11-24T17:00:00"),
        ("tomorrow at 8", "2026-11-25T08:00:00"),
    )),
    Form("FOUR", "Hours and minutes; only after *at*, for alone they are a year.", _four_digits, (
        ("tomorrow at 0830", "2026-11-25T08:30:00"),
    )),
)  # fmt: skip

TIMES_AFTER_DAY = (
    Form("TIME", "A time of day after a day.", same, (("tomorrow 02:32", "2026-11-25T02:32:00"),)),
    Form(
        "at|@ PLAINTIME",
        "The same with *at*.",
        same,
        (("tomorrow @ noon", "2026-11-25T12:00:00"),),
    ),
)

LENGTHS = (
    Form("PIECE", "One of these:", same),
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
    Form("SPAN", "Numbers with the letters ms, s, m, h, d, w, y, without blanks.", same, (
        ("in 2h30m", "2026-11-24T13:00:00"),
    )),
)  # fmt: skip
