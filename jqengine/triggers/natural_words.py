"""The words of natural time texts, and what each can be.

A word may be several things: *second* is a unit and an ordinal.  The grammar
decides which by what stands around it.  A word that is only itself, such as
*from*, is known from the forms that have it.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from typing import Any

from jqengine.triggers.natural_values import Senses, senses

Kinds = tuple[tuple[str, Any], ...]
Lexicon = Mapping[str, Senses]

KINDS = {
    "NUMBER": "a number, in digits, with a fraction, or as a word: 5, 1.5, twenty-five",
    "HOUR": "a number from 0 to 23",
    "DAYNUMBER": "a day of a month: 1 to 31, 1st to 31st, first to thirty-first",
    "DAYTH": "the same, but only 1st to 31st and first to thirty-first",
    "ORDINAL": "1st, 2nd, 3rd, 100th, first, second, third",
    "YEAR": "a year from 1900 to 9998",
    "FOUR": "four digits",
    "CLOCK": "17:30, 17.30, 17h30, 17:30:15, 17:30:15.250, 5pm, 5 p.m., 5:30 am",
    "DATE": "31.12.2030, 31/12/2030, 31-12-30, 2030-12-31, 2030-dec-31",
    "STAMP": "2030-12-31T17:30:00+01:00, 2030-12-31T17:30Z, 20301231T173000Z, 20301231173000",
    "SPAN": "2h30m, 90s, 2d, 1w, 250ms, without blanks; m is minutes, y is years",
    "WEEKDAY": "monday or mon, tue or tues, wed or weds, thu or thur or thurs, and so on",
    "WEEKDAYS": "mondays, tuesdays and so on",
    "MONTH": "january or jan, september or sep or sept, and so on",
    "REL": "last, this, next",
    "DAYPART": "morning, afternoon, evening, night",
    "UNIT": "any unit of the two kinds below, in the singular or plural",
    "CLOCKUNIT": "hour or hr, minute or min, second or sec, millisecond or msec",
    "DAYUNIT": "day, week or wk, fortnight, month, quarter, year or yr",
    "PERIODUNIT": "week, month, quarter, year",
}
"""What the words in capitals stand for, for the reference."""

MONTHS = tuple(name.lower() for name in calendar.month_name)
WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)  # fmt: skip
_CLOCK_UNITS = {
    "millisecond": ("milliseconds", "msec", "msecs"),
    "second": ("seconds", "sec", "secs"),
    "minute": ("minutes", "min", "mins"),
    "hour": ("hours", "hr", "hrs"),
}
_DAY_UNITS = {
    "day": ("days",),
    "week": ("weeks", "wk", "wks"),
    "fortnight": ("fortnights",),
    "month": ("months",),
    "quarter": ("quarters",),
    "year": ("years", "yr", "yrs"),
}
_PERIODS = ("week", "month", "quarter", "year")
_SHORT_WEEKDAYS = {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3,
    "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip


def number_kinds(digits: str) -> Kinds:
    """What a whole number can be: a count, an hour, a day of a month, a year."""
    number = int(digits)
    kinds: list[tuple[str, Any]] = [("NUMBER", number)]
    if len(digits) <= 2:
        if number < 24:
            kinds.append(("HOUR", number))
        if 1 <= number <= 31:
            kinds.append(("DAYNUMBER", number))
    if len(digits) == 4:
        kinds.append(("FOUR", digits))
        if number >= 1900:
            kinds.append(("YEAR", number))
    return tuple(kinds)


def ordinal_kinds(number: int) -> Kinds:
    """What ``15th`` can be: the fifteenth of something, or a day of a month."""
    if 1 <= number <= 31:
        return (("ORDINAL", number), ("DAYNUMBER", number), ("DAYTH", number))
    return (("ORDINAL", number),)


def lexicon(plain: Iterable[str]) -> Lexicon:
    """Every word and its senses; those that are only themselves are *plain*."""
    words: dict[str, Kinds] = dict.fromkeys(plain, ())
    for kinds in (_numbers(), _names(), _units()):
        for word, more in kinds.items():
            words[word] = words.get(word, ()) + more
    return {word: senses(word, *kinds) for word, kinds in words.items()}


def _numbers() -> dict[str, Kinds]:
    words = {word: number_kinds(str(value)) for value, word in enumerate((*ONES, *_TEENS))}
    words |= {word: number_kinds(str(value)) for word, value in TENS.items()}
    words |= {word: ordinal_kinds(value) for value, word in enumerate(ORDINALS) if value}
    return words | {"thirtieth": ordinal_kinds(30)}


def _names() -> dict[str, Kinds]:
    words: dict[str, Kinds] = {"sept": (("MONTH", 9),)}
    for number, name in enumerate(MONTHS):
        if name:
            words[name] = words[name[:3]] = (("MONTH", number),)
    for number, name in enumerate(WEEKDAYS):
        words[name], words[f"{name}s"] = (("WEEKDAY", number),), (("WEEKDAYS", number),)
    words |= {form: (("WEEKDAY", number),) for form, number in _SHORT_WEEKDAYS.items()}
    words |= {word: (("REL", rel),) for word, rel in (("last", -1), ("this", 0), ("next", 1))}
    parts = ("morning", "afternoon", "evening", "night")
    return words | {part: (("DAYPART", part),) for part in parts}


def _units() -> dict[str, Kinds]:
    words: dict[str, Kinds] = {}
    for kind, units in (("CLOCKUNIT", _CLOCK_UNITS), ("DAYUNIT", _DAY_UNITS)):
        for unit, others in units.items():
            words |= dict.fromkeys((unit, *others), (("UNIT", unit), (kind, unit)))
    return words | {unit: (*words[unit], ("PERIODUNIT", unit)) for unit in _PERIODS}
