"""The clock changes of the picture: a pole through all rows, and a flag that says which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from jqengine.commandline.drawing.svg import Block, label, rule, text_width
from jqengine.commandline.drawing.view import TIMES, ClockChange, View

_SIZE = 11.0
_TALL = 15.0
_FEW = 2


class Flag(NamedTuple):
    """What is said of a clock change, beside its pole.

    :ivar pole: pixels from the left.
    :ivar left: where the words begin.
    :ivar right: where they end.
    :ivar level: in which row of words they are, 0 the uppermost.
    """

    said: str
    pole: float
    left: float
    right: float
    level: int


def flags(view: View, top: float) -> tuple[Block, list[Flag]]:
    """The words, in as many rows as it takes to keep them from each other and from poles."""
    hoisted: list[Flag] = []
    for flag in sorted((_flag(change, view) for change in view.changes), key=_turn):
        hoisted.append(_hoisted(flag, hoisted))
    markup = [label(flag.left, _baseline(top, flag), flag.said, _SIZE, "warn") for flag in hoisted]
    rows = max((flag.level + 1 for flag in hoisted), default=0)
    return Block(markup, top + rows * _TALL + (4 if rows else 0)), hoisted


def poles(hoisted: Sequence[Flag], top: float, bottom: float) -> list[str]:
    """A dashed line from each flag, whose rows begin at *top*, down to *bottom*."""
    return [
        rule("change", flag.pole, _baseline(top, flag) - 10, flag.pole, bottom) for flag in hoisted
    ]


def _baseline(top: float, flag: Flag) -> float:
    return top + flag.level * _TALL + 11


def _flag(change: ClockChange, view: View) -> Flag:
    said = _words(change, few=len(view.changes) <= _FEW)
    pole, width = view.scale.x(change.instant), text_width(said, _SIZE)
    left = pole + 5 if pole + 5 + width <= TIMES else pole - 5 - width
    return Flag(said, pole, left, left + width, 0)


def _turn(flag: Flag) -> tuple[bool, float]:
    """Whose turn it is: words to the right of their poles from the left on, then the others.

    Words to the right go down step by step where they are dense, and so, taken
    from the other end, do those to the left: then no pole is in their way.
    """
    is_left = flag.left < flag.pole
    return is_left, -flag.pole if is_left else flag.pole


def _hoisted(flag: Flag, others: Sequence[Flag]) -> Flag:
    """*flag* in the first row where neither words nor poles meet, if there is one."""
    for level in range(len(others) + 1):
        flag = flag._replace(level=level)
        if not any(_meet(flag, other) for other in others):
            break
    return flag


def _meet(one: Flag, other: Flag) -> bool:
    return (
        (one.level == other.level and one.left < other.right + 12 and other.left < one.right + 12)
        or (one.level > other.level and one.left - 4 < other.pole < one.right + 4)
        or (other.level > one.level and other.left - 4 < one.pole < other.right + 4)
    )


def _words(one: ClockChange, *, few: bool) -> str:
    change = one.change
    before, after = (
        datetime.fromtimestamp(change.start + offset, UTC)
        for offset in (change.before, change.offset)
    )
    if few:
        way = "forward" if after > before else "back"
        return f"the clock goes {way}: {before:%H:%M} → {after:%H:%M}, {one.zone.name}"
    return f"{one.zone.name} {before:%H:%M} → {after:%H:%M}"
