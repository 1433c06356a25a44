"""Words, instants and ids that clients say.  Pure."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from jqengine.errors import BadValue
from jqengine.identity import ID_LENGTH
from jqengine.joboptions import parse_moment

Words = TypeVar("Words", bound=StrEnum)

_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


def words_of(kind: type[Words], name: str, text: str) -> frozenset[Words]:
    """The words of *kind* in *text*, separated by commas.

    :raises BadValue: there is another one.
    """
    try:
        return frozenset(kind(word.strip()) for word in text.split(","))
    except ValueError:
        raise BadValue(f"{name}: {text[:60]!r} is none of {', '.join(kind)}") from None


def instant_said(name: str, text: str) -> float:
    """The instant that *text* is, in RFC 3339.

    :raises BadValue: it is none.
    """
    try:
        moment = parse_moment(text)
    except BadValue:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BadValue(f"{name}: expected an instant such as 2026-12-24T17:30:00Z")
    return moment.timestamp()


def proposed_id(proposed: object) -> str | None:
    """An id that a client has made, if it has.

    :raises BadValue: it is none.
    """
    if proposed is None:
        return None
    if isinstance(proposed, str) and _ID.fullmatch(proposed):
        return proposed
    raise BadValue(f"id: expected {ID_LENGTH} lower-case hexadecimal digits")
