"""The parts of natural time texts that begin with a digit.

Each function reads one of them, in lower case, to what it can be; each raises
:class:`Nonsense` for what has the right form and cannot be.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache

from jqengine.triggers.natural_values import Nonsense, Senses, Span, Stamp, senses
from jqengine.triggers.natural_words import MONTHS, number_kinds, ordinal_kinds

_MOST_DIGITS = 9
_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS) if name}
_SHORT_UNITS = {
    "ms": Span(seconds=0.001), "s": Span(seconds=1), "m": Span(seconds=60),
    "h": Span(seconds=3600), "d": Span(days=1), "w": Span(days=7), "y": Span(months=12),
}  # fmt: skip
OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d))?(?!\w)", re.ASCII)


@lru_cache(maxsize=4096)
def number(found: str) -> Senses:
    """``15``, ``1.5``, ``2030``."""
    _check_digits(found)
    if "." in found:
        return senses(found, ("NUMBER", float(found)))
    return senses(found, *number_kinds(found))


@lru_cache(maxsize=1024)
def ordinal(found: str) -> Senses:
    """``15th``; ``15st`` is a mistake."""
    _check_digits(found)
    value = int(found[:-2])
    if found[-2:] != _suffix(value):
        raise Nonsense(f"{found!r} is not an ordinal; expected {value}{_suffix(value)}")
    return senses(found, *ordinal_kinds(value))


@lru_cache(maxsize=1024)
def half_day_clock(found: str) -> Senses:
    """``5pm``, ``5:30 p.m.``; hours are 1 to 12."""
    digits, half = re.split(r"\s*(?=[ap])", found, maxsplit=1)
    hour, rest, fraction = _split_clock(digits)
    if len(hour) > 2 or not 1 <= int(hour) <= 12:
        raise _no_time(found)
    return _clock(found, int(hour) % 12 + (12 if half[0] == "p" else 0), rest, fraction)


@lru_cache(maxsize=4096)
def clock(found: str) -> Senses:
    """``17:30``, ``17.30``, ``17h30``, ``17:30:15.250``."""
    hour, rest, fraction = _split_clock(found)
    if len(hour) > 2:
        raise _no_time(found)
    return _clock(found, int(hour), rest, fraction)


def _split_clock(text: str) -> tuple[str, list[str], str]:
    """The hour, minutes and seconds, and the fraction that can follow seconds."""
    whole, _, fraction = text.partition(".") if text.count(":") == 2 else (text, "", "")
    hour, *rest = re.split("[:.h]", whole)
    return hour, rest, fraction


def _clock(found: str, hour: int, rest: list[str], fraction: str = "") -> Senses:
    minute, second = (*(int(part) for part in rest), 0, 0)[:2]
    if hour > 23 or minute > 59 or second > 59 or any(len(part) != 2 for part in rest):
        raise _no_time(found)
    return senses(found, ("CLOCK", time(hour, minute, second, _microseconds(fraction))))


def numeric_date(found: str) -> Senses:
    """Day, month and year in this order, or the other way if the year has four digits."""
    parts = re.split("[-/.]", found)
    if len(parts) == 2:
        raise Nonsense(f"{found!r} has no certain order; name the month, as in 3 january")
    if len(parts[0]) > 2:
        parts.reverse()
    day, month, year = parts
    if len(day) > 2 or len(year) not in (2, 4):
        raise Nonsense(f"{found!r} is not a date; expected one like 31.12.2030 or 2030-12-31")
    month_number = int(month) if month.isdigit() else _MONTH_NUMBERS.get(month, 0)
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    return senses(found, ("DATE", _date(found, full_year, month_number, int(day))))


def stamp(found: str) -> Senses:
    """ISO 8601: ``2030-12-31t17:30:00+01:00``, or ``20301231t173000z``."""
    if found[4] != "-" and found[4] != "t":
        day, digits = f"{found[:4]}-{found[4:6]}-{found[6:8]}", found[8:].lstrip("t")
        found_clock = f"{digits[:2]}:{digits[2:4]}:{digits[4:]}"
    else:
        day, _, found_clock = found.partition("t")
    year, month, number_of_day = (*(int(part) for part in day.split("-")), 1, 1)[:3]
    wall_clock, offset = _split_offset(found_clock)
    said = _time(found, wall_clock)
    wall = datetime.combine(_date(found, year, month, number_of_day), said)
    return senses(found, ("STAMP", Stamp(wall, offset)))


def _split_offset(text: str) -> tuple[str, int | None]:
    if text.endswith("z"):
        return text[:-1], 0
    match = OFFSET.search(text)
    return (text[: match.start()], offset_seconds(match)) if match else (text, None)


def _time(found: str, text: str) -> time:
    whole, _, fraction = text.replace(",", ".").partition(".")
    hour, minute, second = (*(int(part) for part in whole.split(":")), 0, 0)[:3]
    if hour > 23 or minute > 59 or second > 59:
        raise Nonsense(f"{found!r} is not a date and time")
    return time(hour, minute, second, _microseconds(fraction))


def offset_seconds(match: re.Match[str]) -> int:
    """Seconds east of UTC in a match of :data:`OFFSET`."""
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 15 or minutes > 59:
        raise Nonsense(f"{match[0]!r} is not an offset from UTC")
    seconds = hours * 3600 + minutes * 60
    return -seconds if match[1] == "-" else seconds


@lru_cache(maxsize=1024)
def compact_span(found: str) -> Senses:
    """``2h30m``, ``90s``, ``2d``."""
    total = Span()
    for count, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", found):
        _check_digits(count)
        total = total.plus(_SHORT_UNITS[unit].times(float(count)))
    return senses(found, ("SPAN", total))


def _date(found: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        name = MONTHS[month].capitalize() if 1 <= month <= 12 else ""
        why = f"there is no {day} {name} {year}" if name else f"there is no month {month}"
        raise Nonsense(f"{found!r} is not a date: {why}") from None


def _check_digits(found: str) -> None:
    if len(found) > _MOST_DIGITS:
        raise Nonsense(f"{found[:40]} is out of range")


def _no_time(found: str) -> Nonsense:
    return Nonsense(f"{found[:40]!r} is not a time of day")


def _microseconds(fraction: str) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
