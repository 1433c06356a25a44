"""The head of a crontab line: its time and its user.

Five time fields, or ``@daily`` and its like, or ``@every``, ``@at`` or
``@when`` and a text; then a user, or ``-`` for nobody; then the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jqengine.errors import JobQueueError
from jqengine.job import Syntax
from jqengine.joboptions import shown
from jqengine.options import closest
from jqengine.request.linewords import KNOWN_METHODS
from jqengine.request.words import Word

NOBODY = "-"

_FIELD_COUNT = 5
_FIVE = "a crontab line has five time fields, then the user or -, then the request"

_NICKNAMES = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_TEXT_SYNTAX = {"@every": Syntax.EVERY, "@at": Syntax.AT, "@when": Syntax.WHEN}
_EXAMPLE = {"@every": "90s", "@at": '"4pm + 3 days"', "@when": '"next friday 5pm"'}

_DAY = r"(?:[0-7]|sun|mon|tue|wed|thu|fri|sat)"
_DAYS = rf"(?:[*?]|{_DAY}(?:-{_DAY})?)(?:/[0-9]+)?"
_DAY_OF_WEEK = re.compile(rf"{_DAYS}(?:,{_DAYS})*", re.IGNORECASE)


class BadLine(JobQueueError):
    """A crontab line is not formed as one.

    :ivar position: 0-based offset in the line.
    """

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(message)


class Head(NamedTuple):
    """What stands before the request.

    :ivar text: the time text, for a schedule.
    :ivar position: where in the line the n-th character of the text stands.
    :ivar request: the words of the request; at least one.
    """

    syntax: Syntax
    text: str
    position: Callable[[int], int]
    user: str | None
    request: Sequence[Word]


def read_head(words: Sequence[Word]) -> Head:
    """Take the head off the *words* of a line; there is at least one.

    :raises BadLine: time fields, the user or the request are missing, or there
        is one field too many.
    """
    first = words[0]
    if first.text[:1].isalpha() or first.text[:1] == "_":
        raise BadLine(
            "expected five time fields, @every or another @word, or NAME=value,"
            f" not {shown(first.text)}",
            first.start,
        )
    if not first.text.startswith("@"):
        return _after_fields(words)
    if first.text == "@reboot":
        return _with_user(Syntax.REBOOT, "", first.offset, words[1:], first)
    if first.text in _NICKNAMES:
        return _with_user(Syntax.CRON, first.text, first.offset, words[1:], first)
    if first.text in _TEXT_SYNTAX:
        return _after_text(words)
    known = ("@reboot", *_TEXT_SYNTAX, *sorted(_NICKNAMES))
    hint = closest(first.text.lower(), known) or f"expected one of {', '.join(known)}"
    raise BadLine(f"there is no {shown(first.text)}; {hint}", first.start)


def _after_fields(words: Sequence[Word]) -> Head:
    _check_count(words)
    fields, rest = words[:_FIELD_COUNT], words[_FIELD_COUNT:]
    text = " ".join(field.text for field in fields)

    def position(index: int) -> int:
        before = text[:index]
        return fields[before.count(" ")].start + index - (before.rfind(" ") + 1)

    return _with_user(Syntax.CRON, text, position, rest, fields[-1])


def _after_text(words: Sequence[Word]) -> Head:
    kind = words[0].text
    if len(words) < 2 or words[1].text == NOBODY or _begins_request(words[1]):
        raise BadLine(f"a time must follow {kind}, as in {kind} {_EXAMPLE[kind]}", words[0].start)
    text = words[1]
    if not text.is_quoted:
        _check_quotes(kind, words[1:])
    return _with_user(_TEXT_SYNTAX[kind], text.text, text.offset, words[2:], text)


def _with_user(
    syntax: Syntax, text: str, position: Callable[[int], int], rest: Sequence[Word], before: Word
) -> Head:
    """The head whose user and request are *rest*, which stands after *before*."""
    if not rest:
        raise BadLine(f"the user or {NOBODY} and the request are missing", _end(before))
    user, request = rest[0], rest[1:]
    # In small letters too, or else `get` would quietly become the user of `/x`.
    is_method = user.text.upper() in KNOWN_METHODS and not user.is_quoted
    if is_method or _begins_request(user):
        raise BadLine(
            f"the user is missing before {shown(user.text)}; write {NOBODY} for nobody", user.start
        )
    if not request:
        raise BadLine("the request is missing; expected [METHOD] URI", _end(user))
    name = None if user.text == NOBODY else user.text
    return Head(syntax, text, position, name, request)


def _check_count(words: Sequence[Word]) -> None:
    """Find out whether there are more or fewer than five time fields, or quoted ones."""
    fields = _fields_before_user(words)
    quoted = next((word for word in words[: min(fields, _FIELD_COUNT)] if word.is_quoted), None)
    if quoted:
        raise BadLine("time fields stand without quotes and backslashes", quoted.start)
    if fields < _FIELD_COUNT:
        count = f"{fields or 'no'} time field{'' if fields == 1 else 's'}"
        raise BadLine(f"{_FIVE}; here are {count}", words[min(fields, len(words) - 1)].start)
    if fields > _FIELD_COUNT and _is_day_of_week(words[_FIELD_COUNT].text):
        sixth = words[_FIELD_COUNT]
        raise BadLine(
            f"{_FIVE}; {shown(sixth.text)} would be a sixth time field: the user is missing,"
            " or there is a field for seconds, which @every 30s replaces",
            sixth.start,
        )


def _fields_before_user(words: Sequence[Word]) -> int:
    """How many words stand before the user, or before where it is missing."""
    for number, word in enumerate(words):
        if word.text == NOBODY:
            return number
        if _begins_request(word):
            before = words[number - 1].text if number else ""
            is_field = _is_day_of_week(before) and not before.isalpha()
            return max(number - 1 + is_field, 0)
    # The request is not one either; it will be judged as what follows the five.
    return len(words)


def _check_quotes(kind: str, words: Sequence[Word]) -> None:
    """Refuse a time of several words that are not held together by quotes."""
    if len(words) > 2 and _begins_request(words[2]):
        return
    path = next((n for n, word in enumerate(words) if _begins_request(word)), 0)
    if path > 2:
        text = " ".join(word.text for word in words[: path - 1])
        raise BadLine(f'a time of several words needs quotes: {kind} "{text}"', words[0].start)


def _begins_request(word: Word) -> bool:
    return word.text.startswith("/") or word.text in KNOWN_METHODS


def _is_day_of_week(text: str) -> bool:
    return _DAY_OF_WEEK.fullmatch(text) is not None


def _end(word: Word) -> int:
    return word.start + len(word.raw)
