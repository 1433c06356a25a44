"""The grammar of at(1), as Debian's at 3.2.5 reads it, without any arithmetic.

A text is a moment and at most one step away from it::

    now | TIME [UTC] [DATE] | DATE        [+|- NUMBER UNIT]

Words need no blanks between them (``4pm+3days``); capitals do not matter.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from jqengine.errors import BadSchedule
from jqengine.triggers.natural_ago import not_understood, refuse_long

MINUTE, HOUR, DAY, WEEK, MONTH, YEAR = "minute", "hour", "day", "week", "month", "year"


@dataclass(frozen=True, slots=True)
class Step:
    """A number of units later, or earlier if negative; 0 days is ``today``."""

    number: int
    unit: str

    @property
    def absolute(self) -> bool:
        """Whether it is counted in elapsed time, not on the calendar."""
        return self.unit in (MINUTE, HOUR)


@dataclass(frozen=True, slots=True)
class DayOfWeek:
    """The coming day of that name, never today; Monday is 0."""

    weekday: int


@dataclass(frozen=True, slots=True)
class DayOfMonth:
    """A day of a month, which may not exist; without a year, this or the next."""

    month: int
    day: int
    year: int | None


AtDate = Step | DayOfWeek | DayOfMonth


@dataclass(frozen=True, slots=True)
class AtText:
    """A text of at(1), understood.

    :ivar time: hour and minute, or ``None`` to keep those of now; the hour may
        be 24.
    :ivar utc: whether the text is read in UTC instead of the given zone.
    :ivar date: ``None`` for today, or tomorrow if the time of day has passed.
    :ivar step: the step after all that.
    """

    time: tuple[int, int] | None
    utc: bool
    date: AtDate | None
    step: Step | None


class _Token(NamedTuple):
    kind: str  # for a word without siblings, the word itself
    value: int
    text: str
    position: int


_TIMES_OF_DAY = {"noon": (12, 0), "midnight": (0, 0), "teatime": (16, 0)}
_UNITS = {
    "min": MINUTE, "minute": MINUTE, "minutes": MINUTE, "hour": HOUR, "hours": HOUR,
    "day": DAY, "days": DAY, "week": WEEK, "weeks": WEEK,
    "month": MONTH, "months": MONTH, "year": YEAR, "years": YEAR,
}  # fmt: skip


def _vocabulary() -> dict[str, tuple[str, int]]:
    """Every word with its kind and number."""
    words = {word: (word, 0) for word in (*_TIMES_OF_DAY, "now", "am", "pm", "utc", "next")}
    words |= {"today": ("ahead", 0), "tomorrow": ("ahead", 1)}
    words |= {word: (unit, 0) for word, unit in _UNITS.items()}
    for kind, names in (("weekday", calendar.day_name), ("month name", calendar.month_name)):
        for number, name in enumerate(names):
            words |= {form: (kind, number) for form in (name.lower(), name[:3].lower()) if form}
    return words


_WORDS = _vocabulary()
_TOKEN = re.compile(
    r"""(?P<dotted>   \d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2}) )
      | (?P<hyphened> (?:\d{4}|\d{2})-\d{1,2}-\d{1,2} )
      | (?P<clock>    (?:\d{1,2}[:'h.]|[012]?\d,)\d{2} )
      | (?P<number>   \d+ )
      | (?P<sign>     [+,/-] )
      | (?P<word>     """ + "|".join(sorted(_WORDS, key=len, reverse=True)) + r""" )
      | (?P<unknown>  [^ \t\n]+ )""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)  # fmt: skip
_MOST_DIGITS = 12


def read_at(text: str) -> AtText:
    """What *text* says.

    :raises BadSchedule: at(1) would not understand it, or it names a time of
        day or a month that does not exist.
    """
    refuse_long(text)
    tokens = [_token(match, text) for match in _TOKEN.finditer(text)]
    return _Reader(text, tokens).read()


def _token(match: re.Match[str], text: str) -> _Token:
    kind, found, value = match.lastgroup or "", match[0], 0
    if kind == "unknown":
        raise not_understood(text, found, match.start())
    if kind == "word":
        kind, value = _WORDS[found.lower()]
    elif kind == "sign":
        kind = found
    return _Token(kind, value, found, match.start())


class _Reader:
    """Reads the tokens of one text from left to right."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = [*tokens, _Token("end", 0, "", len(text))]
        self._index = 0

    def read(self) -> AtText:
        time, utc = None, False
        date: AtDate | None
        if self._take("now"):
            date = Step(0, DAY)
        else:
            time = self._time()
            utc = time is not None and self._take("utc") is not None
            date = self._date()
            if time is None and date is None:
                raise self._unfit("a time of day or a date")
        step = self._step()
        if self._token.kind != "end":
            raise self._unfit("nothing more")
        return AtText(time, utc, date, step)

    def _time(self) -> tuple[int, int] | None:
        token = self._token
        if named := self._take(*_TIMES_OF_DAY):
            return _TIMES_OF_DAY[named.kind]
        if self._take("clock"):
            return self._checked_time(token.text[:-3], token.text[-2:], token)
        if token.kind == "number" and len(token.text) == 4:
            self._index += 1
            return self._checked_time(token.text[:2], token.text[2:], None)
        if token.kind == "number" and self._tokens[self._index + 1].kind in ("am", "pm"):
            self._index += 1
            return self._checked_time(token.text, "0", token)
        return None

    def _checked_time(self, hour: str, minute: str, token: _Token | None) -> tuple[int, int]:
        """The time of day; *token* is where ``am`` or ``pm`` may follow."""
        first = self._tokens[self._index - 1]
        half = self._take("am", "pm") if token else None
        last = half or first
        if int(minute) > 59 or len(hour) > 2 or int(hour) > (12 if half else 24):
            shown = self._text[first.position : last.position + len(last.text)]
            raise BadSchedule(self._text, f"{shown!r} is not a time of day", first.position)
        if half:
            return int(hour) % 12 + (12 if half.kind == "pm" else 0), int(minute)
        return int(hour), int(minute)

    def _date(self) -> AtDate | None:
        token = self._token
        readers: dict[str, Callable[[_Token], AtDate]] = {
            "weekday": self._weekday,
            "ahead": self._ahead,
            "next": self._next,
            "month name": self._month_first,
            "number": self._number_first,
            "dotted": self._dotted,
            "hyphened": self._hyphened,
        }
        if token.kind not in readers:
            return None
        self._index += 1
        return readers[token.kind](token)

    def _weekday(self, token: _Token) -> DayOfWeek:
        return DayOfWeek(token.value)

    def _ahead(self, token: _Token) -> Step:
        return Step(token.value, DAY)

    def _next(self, _token: _Token) -> Step | DayOfWeek:
        if weekday := self._take("weekday"):
            return DayOfWeek(weekday.value)
        return Step(1, self._need("a weekday or a unit such as week", *_UNITS.values()).kind)

    def _month_first(self, name: _Token) -> DayOfMonth:
        day = self._need("a day of the month", "number")
        if self._take(","):
            year: _Token | None = self._need("a year", "number")
        else:
            year = self._take("number")
        return self._day_of_month(day, str(name.value), day.text, year.text if year else None)

    def _number_first(self, number: _Token) -> DayOfMonth:
        if len(number.text) in (5, 6, 7, 8):
            cut = 2 - len(number.text) % 2
            month, day, year = re.findall(rf"(.{{{cut}}})(..)(.+)", number.text)[0]
            return self._day_of_month(number, month, day, year)
        if self._take("/"):
            day_number = self._need("a day of the month", "number")
            self._need("/ and a year", "/")
            year_number = self._need("a year", "number")
            return self._day_of_month(number, number.text, day_number.text, year_number.text)
        if len(number.text) > 2 or self._token.kind != "month name":
            self._index -= 1
            raise self._unfit("a time of day such as 08:00 or a date such as jul 4")
        name, after = self._need("", "month name"), self._take("number")
        return self._day_of_month(
            number, str(name.value), number.text, after.text if after else None
        )

    def _dotted(self, token: _Token) -> DayOfMonth:
        day, month, year = token.text.split(".")
        return self._day_of_month(token, month, day, year)

    def _hyphened(self, token: _Token) -> DayOfMonth:
        year, month, day = token.text.split("-")
        return self._day_of_month(token, month, day, year)

    def _day_of_month(self, token: _Token, month: str, day: str, year: str | None) -> DayOfMonth:
        """A day that only leap years have is checked once the year is known."""
        if len(month) > 2 or not 1 <= int(month) <= 12:
            raise BadSchedule(self._text, f"there is no month {month}", token.position)
        name = calendar.month_name[int(month)]
        if len(day) > 2 or not 1 <= int(day) <= calendar.monthrange(2000, int(month))[1]:
            raise BadSchedule(self._text, f"{name} has no day {day}", token.position)
        if year is not None and len(year) not in (2, 4):
            raise BadSchedule(self._text, f"the year {year} has neither 2 nor 4 digits")
        return DayOfMonth(int(month), int(day), None if year is None else _full_year(year))

    def _step(self) -> Step | None:
        sign = self._take("+", "-")
        if sign is None:
            return None
        number = self._need("a number", "number")
        if len(number.text) > _MOST_DIGITS:
            raise BadSchedule(self._text, f"{number.text} is out of range", number.position)
        unit = self._need("a unit such as minutes or days", *_UNITS.values())
        return Step(int(sign.kind + number.text), unit.kind)

    @property
    def _token(self) -> _Token:
        return self._tokens[self._index]

    def _take(self, *kinds: str) -> _Token | None:
        token = self._token
        if token.kind not in kinds:
            return None
        self._index += 1
        return token

    def _need(self, what: str, *kinds: str) -> _Token:
        token = self._take(*kinds)
        if token is None:
            raise self._unfit(what)
        return token

    def _unfit(self, expected: str) -> BadSchedule:
        token = self._token
        if token.kind == "end":
            place = "at the end" if self._index else "instead of nothing"
            return BadSchedule(self._text, f"expected {expected} {place}", token.position)
        message = f"{token.text!r} is not understood here; expected {expected}"
        return BadSchedule(self._text, message, token.position)


def _full_year(digits: str) -> int:
    """Two digits are 1970 to 2069."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 70 else 1900)
