"""From a natural time text to its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from jqengine.errors import BadSchedule, BadValue
from jqengine.triggers import natural_numbers as numbers
from jqengine.triggers.localtime import Zone, zone_named
from jqengine.triggers.natural_ago import not_understood, refuse_long
from jqengine.triggers.natural_values import Nonsense, Senses, Token, senses
from jqengine.triggers.natural_words import (
    ONES,
    ORDINALS,
    TENS,
    Lexicon,
    number_kinds,
    ordinal_kinds,
)


class Sentence(NamedTuple):
    """The words of a text, and the zone it names, taken out of them.

    :ivar offset: seconds east of UTC, where the zone is named by that.
    """

    tokens: list[Token]
    zone: Zone | None
    offset: int | None


_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<word>    [a-z]+(?![a-z_/'])|o'clock|[,@&+-] )
      | (?P<stamp>   \d{4}(?:-\d\d){0,2}t\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)?
                     (?:z|[+-]\d\d(?::?\d\d)?)?(?![\w:])
                   | \d{8}t?\d{6}z?(?!\w) )
      | (?P<half>    \d+(?:[:.h]\d\d?){0,2}(?:\.\d+)?[ \t\r\n]*[ap]\.?m\b\.? )
      | (?P<date>    (?:\d{1,4}(?:-\d{1,2}-|/\d{1,2}/|\.\d{1,2}\.)\d{1,4}
                     | \d{1,4}-[a-z]{3}-\d{1,4})(?![\w/:-])
                   | \d{1,2}/\d{1,2}(?![\w/]) )
      | (?P<clock>   \d+:\d\d?(?::\d\d?(?:\.\d+)?)?(?=z?(?!\w)) | \d\d?[.h]\d\d(?:\.\d\d)?(?!\w) )
      | (?P<th>      \d+(?:st|nd|rd|th)(?!\w) )
      | (?P<span>    (?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+(?!\w) )
      | (?P<number>  \d+(?:\.\d+)? )
      | (?P<zone>    [a-z_]+/[a-z_+/-]+\d* )
      | (?P<stop>    (?<=[a-z])\.(?=[ ,]|\Z) )
      | (?P<unknown> [^ \t\r\n]+ )
      | (?P<end>     \Z )
    )""",
    re.ASCII | re.VERBOSE,
)
_READERS: dict[str, Callable[[str], Senses]] = {
    "stamp": numbers.stamp,
    "half": numbers.half_day_clock,
    "date": numbers.numeric_date,
    "clock": numbers.clock,
    "th": numbers.ordinal,
    "span": numbers.compact_span,
    "number": numbers.number,
}
_UTC = ("utc", "gmt", "z")
_BELOW_TEN = frozenset((*ONES[1:], *ORDINALS[1:10]))


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
    return Sentence(_joined(scanner.tokens), scanner.zone, scanner.offset)


def _foreign(text: str) -> BadSchedule:
    """Digits and letters of other scripts, however like ours, are refused."""
    match = re.search(r"[^ \t\r\n]*[^\x00-\x7f][^ \t\r\n]*", text)
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
        position, length = 0, len(self._text)
        while position < length:
            match = _TOKEN.match(self._lower, position)
            assert match
            kind = match.lastgroup or ""
            start, position = match.span(kind)
            word = match[kind]
            if kind != "word":
                self._take(kind, word, start)
            elif (found := self._known.get(word)) is None:
                self._take_zone(word, start)
            elif word in "+-" and self._takes_offset(start):
                position = self._take_offset(start)
            else:
                self.tokens.append(Token(word, start, found))

    def _take(self, kind: str, word: str, start: int) -> None:
        if kind == "zone":
            self._take_zone(word, start)
        elif kind in _READERS:
            self.tokens.append(Token(word, start, self._senses(kind, word, start)))
        elif kind == "unknown":
            raise not_understood(self._text, self._original(word, start), start)

    def _senses(self, kind: str, word: str, start: int) -> Senses:
        if kind == "date" and self.tokens and self.tokens[-1].text in ("at", "@"):
            kind = "clock"  # "at 17.00.00"
        try:
            return _READERS[kind](word)
        except Nonsense as error:
            raise BadSchedule(self._text, str(error), start) from None

    def _take_zone(self, word: str, start: int) -> None:
        name = self._original(word, start)
        if "/" not in word and word not in _UTC:
            raise not_understood(self._text, name, start)
        self._refuse_second_zone(name, start)
        try:
            self.zone = zone_named("UTC" if word in _UTC else name)
        except BadValue as error:
            raise BadSchedule(self._text, str(error), start) from None

    def _takes_offset(self, start: int) -> bool:
        """Whether ``+01:00`` here would follow a time of day, as in the date of a mail."""
        follows_clock = self.tokens and "CLOCK" in self.tokens[-1].senses.keys
        return bool(follows_clock and numbers.OFFSET.match(self._text, start))

    def _take_offset(self, start: int) -> int:
        match = numbers.OFFSET.match(self._text, start)
        assert match
        self._refuse_second_zone(match[0], start)
        try:
            self.offset = numbers.offset_seconds(match)
        except Nonsense as error:
            raise BadSchedule(self._text, str(error), start) from None
        return match.end()

    def _refuse_second_zone(self, name: str, start: int) -> None:
        if self.zone or self.offset is not None:
            raise BadSchedule(self._text, f"{name!r} is a second time zone", start)

    def _original(self, word: str, start: int) -> str:
        return self._text[start : start + len(word)]


def _joined(tokens: list[Token]) -> list[Token]:
    """*tokens*, with ``twenty five`` and ``twenty-first`` made one."""
    if not any(token.text in TENS for token in tokens):
        return tokens
    joined: list[Token] = []
    for token in tokens:
        hyphens = 1 if joined and joined[-1].text == "-" else 0
        tens = joined[-1 - hyphens] if len(joined) > hyphens else None
        if tens and tens.text in TENS and token.text in _BELOW_TEN:
            del joined[-1 - hyphens :]
            token = _compound(tens, token)
        joined.append(token)
    return joined


def _compound(tens: Token, ones: Token) -> Token:
    text, value = f"{tens.text}-{ones.text}", TENS[tens.text]
    if ones.text in ONES:
        kinds = number_kinds(str(value + ONES.index(ones.text)))
    else:
        kinds = ordinal_kinds(value + ORDINALS.index(ones.text))
    return Token(text, tens.position, senses(text, *kinds))
