"""From a natural time text to its words, times of day, dates and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from jqengine.errors import BadSchedule, BadValue
from jqengine.triggers.localtime import Zone, zone_named
from jqengine.triggers.natural_ago import not_understood, refuse_long
from jqengine.triggers.natural_words import (
    MONTHS,
    ONES,
    ORDINAL_WORDS,
    TENS,
    VOCABULARY,
    digit_senses,
    ordinal_senses,
)


Edges = tuple[tuple[str, Any], ...]
"""What a word can be: pairs of a key and a value.

The first is the word itself, with ``None``; the others are its senses.
"""


class Token(NamedTuple):
    """A word of a text, in lower case."""

    text: str
    position: int
    edges: Edges


class Span(NamedTuple):
    """A length of time: months and days on the calendar, seconds elapsed."""

    months: int = 0
    days: int = 0
    seconds: float = 0.0

    def __add__(self, other: Span) -> Span:  # type: ignore[override]
        return Span(*(mine + its for mine, its in zip(self, other, strict=True)))

    def __neg__(self) -> Span:
        return Span(-self.months, -self.days, -self.seconds)


class Stamp(NamedTuple):
    """An ISO 8601 date and time; *offset* is seconds east of UTC, if it says."""

    wall: datetime
    offset: int | None


class Sentence(NamedTuple):
    """The words of a text, and the zone it names, taken out of them.

    :ivar offset: seconds east of UTC, where the zone is named by that.
    """

    tokens: tuple[Token, ...]
    zone: Zone | None
    offset: int | None


_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<iso>     \d{4}(?:-\d\d){0,2}t\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)?
                     (?:z|[+-]\d\d(?::?\d\d)?)?(?![\w:])
                   | \d{8}t?\d{6}z?(?!\w) )
      | (?P<half>    \d+(?:[:.h]\d\d?){0,2}[ ]*[ap]\.?m\b\.? )
      | (?P<date>    (?:\d{1,4}(?:-\d{1,2}-|/\d{1,2}/|\.\d{1,2}\.)\d{1,4}
                     | \d{1,4}-[a-z]{3}-\d{1,4})(?![\w/:-])
                   | \d{1,2}/\d{1,2}(?![\w/]) )
      | (?P<clock>   \d+:\d\d?(?::\d\d?(?:\.\d+)?)?(?!\w) | \d\d?[.h]\d\d(?:\.\d\d)?(?!\w) )
      | (?P<th>      \d+(?:st|nd|rd|th)(?!\w) )
      | (?P<span>    (?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+(?!\w) )
      | (?P<number>  \d+(?:\.\d+)? )
      | (?P<zone>    [a-z_]+/[a-z_+/-]+\d*|(?:utc|gmt|z)(?!\w) )
      | (?P<word>    o'clock|[a-z]+|[,@&+-] )
      | (?P<unknown> [^ \t\r\n]+ )
      | (?P<end>     \Z )
    )""",
    re.ASCII | re.VERBOSE,
)
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d))?(?!\w)", re.ASCII)
_MOST_DIGITS = 9
_SHORT_UNITS = {
    "ms": Span(seconds=0.001), "s": Span(seconds=1), "m": Span(seconds=60),
    "h": Span(seconds=3600), "d": Span(days=1), "w": Span(days=7), "y": Span(months=12),
}  # fmt: skip
Lexicon = Mapping[str, Edges]


class Nonsense(ValueError):
    """Something that looks like a time, a date or a number and cannot be one."""


def lexicon(words: Iterable[str]) -> Lexicon:
    """Every word with its edges: those of the vocabulary, and plain *words*."""
    plain: dict[str, Edges] = {word: ((word, None),) for word in words}
    return plain | {word: ((word, None), *senses) for word, senses in VOCABULARY.items()}


def sentence(text: str, known: Lexicon) -> Sentence:
    """The words of *text*, each of them *known*.

    :raises BadSchedule: a word is unknown, or a time or date does not exist;
        its ``position`` says where.
    """
    refuse_long(text)
    if not text.isascii():
        raise _foreign(text)
    scanner = _Scanner(text, known)
    scanner.scan()
    return Sentence(tuple(_joined(scanner.tokens)), scanner.zone, scanner.offset)


def _foreign(text: str) -> BadSchedule:
    """Digits and letters of other scripts, however like ours, are refused."""
    match = re.search(r"[^ \t\r\n]*[^\x00-\x7f]+[^ \t\r\n]*", text)
    assert match
    return not_understood(text, match[0], match.start())


class _Scanner:
    """Goes once over a text."""

    def __init__(self, text: str, known: Lexicon) -> None:
        self._text, self._lower, self._known = text, text.lower(), known
        self.tokens: list[Token] = []
        self.zone: Zone | None = None
        self.offset: int | None = None

    def scan(self) -> None:
        lower, known, append = self._lower, self._known, self.tokens.append
        position = 0
        while True:
            match = _TOKEN.match(lower, position)
            assert match
            kind = match.lastgroup
            found, start = match[kind], match.start(kind)  # type: ignore[index]
            position = match.end()
            if kind == "word":
                edges = known.get(found)
                if edges is None:
                    raise not_understood(self._text, self._text[start:position], start)
                if found in "+-" and self._takes_offset(start):
                    position = self._take_offset(start)
                else:
                    append(Token(found, start, edges))
            elif kind == "end":
                return
            elif kind == "zone":
                self._take_zone(self._text[start:position], start)
            else:
                append(Token(found, start, self._edges(kind or "", found, start)))

    def _edges(self, kind: str, found: str, start: int) -> Edges:
        if kind == "date" and self.tokens and self.tokens[-1].text in ("at", "@"):
            kind = "clock"  # "at 17.00.00"
        reader = _READERS.get(kind)
        if reader is None:
            raise not_understood(self._text, self._text[start : start + len(found)], start)
        try:
            return reader(found)
        except Nonsense as error:
            raise BadSchedule(self._text, str(error), start) from None

    def _take_zone(self, name: str, start: int) -> None:
        self._only_zone(name, start)
        if name.lower() in ("utc", "gmt", "z"):
            name = "UTC"
        try:
            self.zone = zone_named(name)
        except BadValue as error:
            raise BadSchedule(self._text, str(error), start) from None

    def _takes_offset(self, start: int) -> bool:
        """Whether ``+01:00`` here would follow a time of day, as in a mail's date."""
        last = self.tokens[-1].edges[-1][0] if self.tokens else ""
        return last == "CLOCK" and _OFFSET.match(self._text, start) is not None

    def _take_offset(self, start: int) -> int:
        match = _OFFSET.match(self._text, start)
        assert match
        self._only_zone(match[0], start)
        self.offset = _offset_seconds(match)
        return match.end()

    def _only_zone(self, name: str, start: int) -> None:
        if self.zone or self.offset is not None:
            raise BadSchedule(self._text, f"{name!r} is a second time zone", start)


def _joined(tokens: list[Token]) -> list[Token]:
    """*tokens*, with ``twenty five`` and ``twenty-first`` made one."""
    if not any(token.text in TENS for token in tokens):
        return tokens
    joined: list[Token] = []
    for token in tokens:
        tens = joined[-1] if joined else None
        if tens and tens.text == "-" and len(joined) > 1:
            tens = joined[-2]
        if tens and tens.text in TENS and token.text in _BELOW_TEN:
            del joined[joined.index(tens) :]
            token = _compound(tens, token)
        joined.append(token)
    return joined


_BELOW_TEN = frozenset([*ONES[1:], *ORDINAL_WORDS[:9]])


def _compound(tens: Token, ones: Token) -> Token:
    text = f"{tens.text}-{ones.text}"
    if ones.text in ONES:
        senses = digit_senses(str(TENS[tens.text] + ONES.index(ones.text)))
    else:
        senses = ordinal_senses(TENS[tens.text] + ORDINAL_WORDS.index(ones.text) + 1)
    return Token(text, tens.position, ((text, None), *senses))


def _number(found: str) -> Edges:
    if len(found) > _MOST_DIGITS:
        raise Nonsense(f"{_shown(found)} is out of range")
    if "." in found:
        return ((found, None), ("NUMBER", float(found)))
    return ((found, None), *digit_senses(found))


def _ordinal(found: str) -> Edges:
    digits = found[:-2]
    if len(digits) > _MOST_DIGITS:
        raise Nonsense(f"{_shown(found)} is out of range")
    if found[-2:] != _suffix(int(digits)):
        raise Nonsense(f"{found!r} is not an ordinal; expected {int(digits)}{_suffix(int(digits))}")
    return ((found, None), *ordinal_senses(int(digits)))


def _suffix(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


@lru_cache(maxsize=1024)
def _half_clock(found: str) -> Edges:
    """``5:30 pm``: hours are 1 to 12."""
    digits, half = re.split(r"\s*(?=[ap])", found, maxsplit=1)
    hour, *rest = (int(part) for part in re.split("[:.h]", digits))
    if not 1 <= hour <= 12:
        raise Nonsense(f"{_shown(found)!r} is not a time of day")
    return _clock_edges(found, hour % 12 + (12 if half[0] == "p" else 0), rest)


@lru_cache(maxsize=4096)
def _clock(found: str) -> Edges:
    """``17:30``, ``17.30``, ``17h30``, with seconds and parts of them."""
    clock, _, fraction = found.partition(".") if ":" in found else (found, "", "")
    hour, *rest = (int(part) for part in re.split("[:.h]", clock))
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return _clock_edges(found, hour, rest, micro)


def _clock_edges(found: str, hour: int, rest: list[int], micro: int = 0) -> Edges:
    minute, second = (*rest, 0, 0)[:2]
    short = re.search(r"[:.h]\d(?!\d)", found)
    if hour > 23 or minute > 59 or second > 59 or short:
        raise Nonsense(f"{_shown(found)!r} is not a time of day")
    return ((found, None), ("CLOCK", time(hour, minute, second, micro)))


def _date(found: str) -> Edges:
    """Day, month and year in this order, or the other way with a year of four digits."""
    parts = re.split("[-/.]", found)
    if len(parts) == 2:
        raise Nonsense(f"{found!r} has no certain order; name the month, as in 3 january")
    if len(parts[0]) > 2:
        parts.reverse()
    day, month, year = parts
    if len(day) > 2 or len(year) not in (2, 4):
        raise Nonsense(f"{found!r} is not a date; expected one like 31.12.2030 or 2030-12-31")
    number = int(month) if month.isdigit() else _MONTH_NUMBERS.get(month, 0)
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    return ((found, None), ("DATE", _day(found, full_year, number, int(day))))


_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(MONTHS) if number}


def _iso(found: str) -> Edges:
    if "-" not in found and len(found) > 12:
        found_date, clock = found[:8], found[8:].strip("tz")
        day = _day(found, int(found_date[:4]), int(found_date[4:6]), int(found_date[6:]))
        clock = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
        offset = 0 if found.endswith("z") else None
    else:
        found_date, _, rest = found.partition("t")
        year, month, dayth = (*(int(part) for part in found_date.split("-")), 1, 1)[:3]
        day = _day(found, year, month, dayth)
        clock, offset = _iso_clock(rest)
    return ((found, None), ("STAMP", Stamp(_at(found, day, clock), offset)))


def _iso_clock(text: str) -> tuple[str, int | None]:
    """The time of day, and the offset behind it in seconds."""
    if text.endswith("z"):
        return text[:-1], 0
    clock, sign, rest = re.split("([+-])", text, maxsplit=1) if re.search("[+-]", text) else (
        text, "", "",
    )  # fmt: skip
    match = _OFFSET.fullmatch(sign + rest)
    return clock, _offset_seconds(match) if match else None


def _at(found: str, day: date, clock: str) -> datetime:
    whole, _, fraction = clock.replace(",", ".").partition(".")
    hour, minute, second = (*(int(part) for part in whole.split(":")), 0, 0)[:3]
    if hour > 23 or minute > 59 or second > 59:
        raise Nonsense(f"{found!r} is not a date and time")
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(day.year, day.month, day.day, hour, minute, second, micro)


def _offset_seconds(match: re.Match[str]) -> int:
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 15 or minutes > 59:
        raise Nonsense(f"{match[0]!r} is not an offset from UTC")
    seconds = timedelta(hours=hours, minutes=minutes).seconds
    return -seconds if match[1] == "-" else seconds


def _day(found: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Nonsense(f"{found!r} is not a date: {_why(year, month, day)}") from None


def _why(year: int, month: int, day: int) -> str:
    if not 1 <= month <= 12:
        return f"there is no month {month}"
    return f"there is no {day} {MONTHS[month].capitalize()} {year}"


def _compact_span(found: str) -> Edges:
    """``2h30m``, ``90s``, ``2d``."""
    total = Span()
    for number, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", found):
        if len(number) > _MOST_DIGITS:
            raise Nonsense(f"{_shown(found)} is out of range")
        total += scaled(_SHORT_UNITS[unit], float(number))
    return ((found, None), ("SPAN", total))


def scaled(span: Span, number: float) -> Span:
    """*number* times *span*; a part of a day is elapsed time.

    :raises Nonsense: for a part of a month.
    """
    months, days = span.months * number, span.days * number
    if months % 1:
        raise Nonsense("months and years can only be counted in whole numbers")
    seconds = span.seconds * number + days % 1 * 86400
    return Span(int(months), int(days // 1), round(seconds, 6))


def _shown(found: str) -> str:
    return found if len(found) <= 40 else found[:37] + "..."


_READERS = {
    "iso": _iso,
    "half": _half_clock,
    "date": _date,
    "clock": _clock,
    "th": _ordinal,
    "span": _compact_span,
    "number": _number,
}
