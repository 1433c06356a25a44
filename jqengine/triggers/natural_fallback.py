"""Dates in an order that no form has, read with dateparser, under guard.

dateparser passes over words that it does not know and takes much for a date,
so it is given only texts of plain calendar words, each kind once: a month, a
day, a year, a time of day, a weekday, as in ``Fri Nov 27 10:30:00 2026``.  Its
answer counts only if every one of those words is found again in it.  Anything
relative is never given to it: its arithmetic takes no notice of clock changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from jqengine.triggers.natural_days import on_date
from jqengine.triggers.natural_moments import Moment, on_day
from jqengine.triggers.natural_values import Token

_KINDS = ("MONTH", "WEEKDAY", "CLOCK", "YEAR", "DAYNUMBER")


def read_with_dateparser(tokens: Iterable[Token], wall: datetime) -> Moment | None:
    """The moment of a date in an unusual order; ``None`` if the answer cannot be trusted.

    :param wall: the wall clock now, from which a missing year is found.
    """
    words = [token for token in tokens if token.text != ","]
    said = [_kind_and_value(word) for word in words]
    kinds = [kind for kind, _ in said]
    if len(set(kinds)) < len(kinds) or not {"MONTH", "DAYNUMBER"} <= set(kinds) <= set(_KINDS):
        return None
    answer = _ask(" ".join(word.text for word in words), wall)
    if answer is None or any(_found(kind, answer) != value for kind, value in said):
        return None
    return on_day(on_date(answer.date()), answer.time())


def _kind_and_value(word: Token) -> tuple[str, object]:
    kinds = dict(word.senses.edges)
    if "DAYNUMBER" in kinds and not word.text[0].isdigit():
        return "", None
    return next(((kind, kinds[kind]) for kind in _KINDS if kind in kinds), ("", None))


def _found(kind: str, answer: datetime) -> object:
    """What *answer* has for a word of that kind."""
    match kind:
        case "MONTH":
            return answer.month
        case "WEEKDAY":
            return answer.weekday()
        case "CLOCK":
            return answer.time()
        case "YEAR":
            return answer.year
    return answer.day


def _ask(text: str, wall: datetime) -> datetime | None:
    # Imported here because it takes a third of a second that few texts need.
    import dateparser  # noqa: PLC0415

    settings = {"RELATIVE_BASE": wall.replace(fold=0), "PREFER_DATES_FROM": "future"}
    answer: datetime | None = dateparser.parse(text, languages=["en"], settings=settings)
    return answer if answer and answer.tzinfo is None else None
