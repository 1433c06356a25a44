"""The words of natural time texts, and what each can be.

A word may be several things: *second* is a unit and an ordinal.  The grammar
decides which by what stands around it.
"""

from __future__ import annotations

import calendar
from typing import Any

Senses = tuple[tuple[str, Any], ...]
"""What a word can be: pairs of a kind (in capitals) and a value."""

MONTHS = tuple(name.lower() for name in calendar.month_name)
WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
ONES = "zero one two three four five six seven eight nine".split()
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
)
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    " thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()

_CLOCK_UNITS = {
    "millisecond": ("milliseconds", "msec", "msecs", "ms"),
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
_SHORT_WEEKDAYS = {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3,
    "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip

def _number_senses(number: int) -> Senses:
    """What a plain number can be: a count, an hour, a day of a month, a year."""
    senses: list[tuple[str, Any]] = [("NUMBER", number)]
    if number < 24:
        senses.append(("HOUR", number))
    if 1 <= number <= 31:
        senses.append(("DAYNUMBER", number))
    return tuple(senses)


def digit_senses(digits: str) -> Senses:
    """What a run of digits can be."""
    if len(digits) == 4 and digits >= "1900":
        return (("NUMBER", int(digits)), ("YEAR", int(digits)), ("FOUR", digits))
    if len(digits) == 4:
        return (("NUMBER", int(digits)), ("FOUR", digits))
    if len(digits) <= 2:
        return _number_senses(int(digits))
    return (("NUMBER", int(digits)),)


def ordinal_senses(number: int) -> Senses:
    """What ``15th`` can be: the fifteenth of something, or a day of a month."""
    if 1 <= number <= 31:
        return (("ORDINAL", number), ("DAYNUMBER", number), ("DAYTH", number))
    return (("ORDINAL", number),)


def _unit_senses() -> dict[str, Senses]:
    senses: dict[str, Senses] = {}
    for kind, units in (("CLOCKUNIT", _CLOCK_UNITS), ("DAYUNIT", _DAY_UNITS)):
        for unit, others in units.items():
            for word in (unit, *others):
                senses[word] = (("UNIT", unit), (kind, unit), *_period_sense(word, unit))
    return senses


def _period_sense(word: str, unit: str) -> Senses:
    """The units that can follow *next*, and those of them that are periods of days."""
    if word != unit or unit == "fortnight":
        return ()
    return (("PERIODUNIT", unit),) if unit in ("week", "month", "quarter", "year") else ()


def _vocabulary() -> dict[str, Senses]:
    words: dict[str, Senses] = {}
    words |= {word: _number_senses(number) for number, word in enumerate([*ONES, *_TEENS])}
    words |= {word: _number_senses(number) for word, number in TENS.items()}
    words |= {word: ordinal_senses(number) for number, word in enumerate(ORDINAL_WORDS, 1)}
    words["thirtieth"] = ordinal_senses(30)
    for number, name in enumerate(MONTHS[1:], 1):
        words |= {form: (("MONTH", number),) for form in (name, name[:3])}
    words["sept"] = words["sep"]
    for number, name in enumerate(WEEKDAYS):
        words |= {name: (("WEEKDAY", number),), f"{name}s": (("WEEKDAYS", number),)}
    words |= {form: (("WEEKDAY", number),) for form, number in _SHORT_WEEKDAYS.items()}
    words |= {word: (("REL", rel),) for word, rel in (("last", -1), ("this", 0), ("next", 1))}
    words |= {word: (("DAYPART", word),) for word in ("morning", "afternoon", "evening", "night")}
    for word, senses in _unit_senses().items():
        words[word] = words.get(word, ()) + senses
    return words


VOCABULARY = _vocabulary()
"""Every word that is more than itself, in lower case, and its senses."""
