"""The small values that natural time texts are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class Nonsense(ValueError):
    """What has the form of a time, a date or a number and cannot be one; says why."""


class Misfit(Nonsense):
    """What another form may well fit, so that there is nothing to be said."""


class Senses(NamedTuple):
    """What a word can be.

    :ivar edges: pairs of a key and a value: first the word itself, with
        ``None``; then kinds, in capitals.
    :ivar keys: those of the edges.
    """

    edges: tuple[tuple[str, Any], ...]
    keys: tuple[str, ...]


class Token(NamedTuple):
    """A word of a text, in lower case, where it stands, and what it can be."""

    text: str
    position: int
    senses: Senses


class Span(NamedTuple):
    """A length of time: months and days on the calendar, seconds elapsed."""

    months: int = 0
    days: int = 0
    seconds: float = 0.0

    def plus(self, other: Span) -> Span:
        """Both together."""
        months, days, seconds = other
        return Span(self.months + months, self.days + days, self.seconds + seconds)

    def negative(self) -> Span:
        """As long, backwards."""
        return Span(-self.months, -self.days, -self.seconds)

    def times(self, number: float) -> Span:
        """So many of it; a part of a day is elapsed time.

        :raises Nonsense: for a part of a month.
        """
        months, days = self.months * number, self.days * number
        if months % 1:
            raise Nonsense("months and years can only be counted in whole numbers")
        return Span(int(months), int(days // 1), round(self.seconds * number + days % 1 * 86400, 6))


class Stamp(NamedTuple):
    """An ISO 8601 date and time; *offset* is seconds east of UTC, if it says."""

    wall: datetime
    offset: int | None


def senses(word: str, *others: tuple[str, Any]) -> Senses:
    """The senses of *word*: itself, and *others*."""
    return Senses(((word, None), *others), (word, *(key for key, _ in others)))


def whole(number: float) -> int:
    """*number*, which must have no fraction.

    :raises Nonsense: it has one.
    """
    if number != int(number):
        raise Nonsense(f"{number} is not a whole number")
    return int(number)
