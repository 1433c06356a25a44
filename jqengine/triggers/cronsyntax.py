"""Reading crontab(5) expressions, with Debian's cron as the judge.

croniter is the parser; this module stands before it and refuses, with a
sentence that names the field, what croniter reads and Debian's cron does not:
``L``, ``W``, ``#``, ``?``, hashed and random parts, a step without a range,
backward ranges, a field for seconds.  It refuses as well what Debian's cron
takes and then never or only half runs: dates that do not exist, an empty
range, rubbish after a number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from jqengine.errors import BadSchedule


class CronFields(NamedTuple):
    """A crontab(5) expression, understood.

    :ivar minutes: the minutes of the hour on which it fires, ascending, as
        are all the others.
    :ivar weekdays: 0 is Sunday, 6 is Saturday.
    :ivar either: whether one of the two day fields is enough.  Both must match
        when one of them begins with ``*``.
    :ivar wildcard: whether the minute or the hour field begins with ``*``,
        which makes the job follow the clock across its changes.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either: bool
    wildcard: bool


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        """The value of a number or a name, in or out of range."""
        if text.lower() in self.words:
            return self.words.index(text.lower()) + self.low
        return int(text) if text.isdigit() else None

    @property
    def expected(self) -> str:
        """What a single value may be, for people."""
        names = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return f"{self.low} to {self.high}{names}"


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST_TEXT = 1000
_WORD = re.compile(r"[^ \t]+")
_PART = re.compile(r"(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?", re.IGNORECASE | re.ASCII)
_EXTENSION = re.compile(
    r"\?|[^#]*#[^#]*|L(-?[0-9]+)?|[0-9]*L?[LW]|W[0-9]+|[HR](\([^()]*\))?(/[0-9]*)?", re.IGNORECASE
)


def read_cron(text: str) -> CronFields:
    """The expression *text*: five fields or a nickname such as ``@daily``.

    :raises BadSchedule: it is not one that Debian's cron runs as it stands;
        ``position`` is that of the first offending part.
    """
    if len(text) > _LONGEST_TEXT:
        raise BadSchedule(text, f"a cron expression has at most {_LONGEST_TEXT} characters")
    words = list(_WORD.finditer(_NICKNAMES.get(text.strip(" \t"), text)))
    if words and words[0][0].startswith("@"):
        raise _bad_nickname(text, words)
    if len(words) != len(_FIELDS):
        raise _wrong_count(text, words)
    minutes, hours, days, months, weekdays = (
        _read_field(text, number, word) for number, word in enumerate(words)
    )
    fields = CronFields(
        minutes,
        hours,
        days,
        months,
        tuple(day for day in weekdays if day < 7),
        either=not any(words[number][0].startswith("*") for number in (2, 4)),
        wildcard=any(words[number][0].startswith("*") for number in (0, 1)),
    )
    if not fields.either and not _has_date(fields):
        raise _no_such_date(text, words)
    return fields


class _BadPart(ValueError):
    """One part of a field is not good; *position* is where it begins in the field."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(message)


def _read_field(text: str, number: int, word: re.Match[str]) -> tuple[int, ...]:
    try:
        return _values(number, word[0])
    except _BadPart as error:
        message = f"{_FIELDS[number].name}: {error}"
        raise BadSchedule(text, message, word.start() + error.position) from None


@lru_cache(maxsize=4096)
def _values(number: int, word: str) -> tuple[int, ...]:
    """The values of a field, ascending; among weekdays 7 may stand beside 0.

    :raises _BadPart: the field is not good.
    """
    # Imported here because it takes 30 ms, and not every engine has a cron line.
    from croniter import croniter  # noqa: PLC0415

    fields = ["*"] * len(_FIELDS)
    fields[number] = _checked(_FIELDS[number], word)
    values = croniter.expand(" ".join(fields))[0][number]
    every = range(_FIELDS[number].low, _FIELDS[number].high + 1)
    return tuple(every if "*" in values else sorted(values))


def _checked(field: _Field, word: str) -> str:
    """The field for croniter, every part of it found good."""
    parts, position = [], 0
    for part in word.split(","):
        try:
            parts.append(_checked_part(field, part))
        except ValueError as error:
            raise _BadPart(str(error), position) from None
        position += len(part) + 1
    return ",".join(parts)


def _checked_part(field: _Field, part: str) -> str:
    """*part* for croniter: numbers for names, no range of one, which it takes for all.

    :raises ValueError: it is not good; the sentence says why.
    """
    match = _PART.fullmatch(part)
    if not match or _EXTENSION.fullmatch(part):
        raise ValueError(_not_understood(field, part))
    first, last, step = match.groups()
    if step and not int(step):
        raise ValueError(f"the step in {_shown(part)} is 0; expected 1 or more")
    if first is None:
        return part
    low, high = _checked_value(field, first), _checked_value(field, last or first)
    if step and last is None:
        raise ValueError(
            f"{_shown(part)} has a step and no range; expected {first}-{field.high}/{step}"
        )
    if low > high:
        raise ValueError(
            f"{_shown(part)} runs backward; expected the smaller first, "
            f"as in {_range(low, field.high)},{_range(field.low, high)}"
        )
    return _range(low, high) if low == high else f"{low}-{high}/{step or 1}"


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _checked_value(field: _Field, value: str) -> int:
    number = field.number(value)
    if number is None:
        raise ValueError(f"{_shown(value)} is not understood; expected {field.expected}")
    if not field.low <= number <= field.high:
        raise ValueError(f"{_shown(value)} is out of range; expected {field.expected}")
    return number


def _has_date(fields: CronFields) -> bool:
    return min(fields.days) <= max(_LONGEST_MONTH[month] for month in fields.months)


def _not_understood(field: _Field, part: str) -> str:
    if not part:
        return f"a part is missing beside a comma; expected {field.expected}"
    if _EXTENSION.fullmatch(part):
        return f"{_shown(part)} is an extension of other crons; expected {field.expected}"
    return (
        f"{_shown(part)} is not understood; expected {field.expected}, a range such as "
        f"{field.low}-{field.high}, or a step such as */2"
    )


def _wrong_count(text: str, words: list[re.Match[str]]) -> BadSchedule:
    names = ", ".join(field.name for field in _FIELDS)
    has = f"{len(words)} time field{'' if len(words) == 1 else 's'}; crontab(5) has five: {names}"
    if len(words) <= len(_FIELDS):
        return BadSchedule(text, has)
    return BadSchedule(text, f"{has}, and none for seconds", words[len(_FIELDS)].start())


def _bad_nickname(text: str, words: list[re.Match[str]]) -> BadSchedule:
    nickname, position = words[0][0], words[0].start()
    if nickname in _NICKNAMES:
        return BadSchedule(text, f"nothing can follow {nickname}", words[1].start())
    if nickname == "@reboot":
        return BadSchedule(text, "@reboot is a schedule of its own, not a cron time", position)
    known = ", ".join(_NICKNAMES)
    return BadSchedule(
        text, f"{_shown(nickname)} is not understood; expected one of {known}", position
    )


def _no_such_date(text: str, words: list[re.Match[str]]) -> BadSchedule:
    day, month = _shown(words[2][0]), _shown(words[3][0])
    return BadSchedule(
        text,
        f"day of month: {day} is never in month {month}; expected a date that exists",
        words[2].start(),
    )


def _shown(part: str) -> str:
    return repr(part if len(part) <= 40 else part[:37] + "...")
