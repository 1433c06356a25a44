"""The time axis: from instants to pixels, and where its divisions are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from jqengine.triggers.localtime import Zone, shifted_months

_DAY = 86400
_LONGEST_WITH_DAYS = 130 * _DAY


class Scale(NamedTuple):
    """From instants to pixels."""

    start: float
    end: float
    left: float
    right: float

    def x(self, instant: float) -> float:
        """Where *instant* is."""
        part = (instant - self.start) / (self.end - self.start)
        return self.left + part * (self.right - self.left)


class Tick(NamedTuple):
    """One division.

    :ivar label: what it is called.
    :ivar above: the day, month or year that begins with it, or empty.
    """

    instant: float
    label: str
    above: str


class _Step(NamedTuple):
    """A kind of division, for stretches of at most *span* seconds."""

    span: float
    hours: int
    months: int
    label: str
    above: str


_STEPS = (
    _Step(1.5 * _DAY, 3, 0, "%H:%M", "%A {day} %B %Y"),
    _Step(2.6 * _DAY, 6, 0, "%H:%M", "%A {day} %B %Y"),
    _Step(4.5 * _DAY, 12, 0, "%H:%M", "%a {day} %b %Y"),
    _Step(12.5 * _DAY, 24, 0, "%a {day}", "%B %Y"),
    _Step(35 * _DAY, 24, 0, "{day}", "%B %Y"),
    _Step(_LONGEST_WITH_DAYS, 168, 0, "{day} %b", "%Y"),
    _Step(400 * _DAY, 0, 1, "%b", "%Y"),
    _Step(1300 * _DAY, 0, 3, "%b", "%Y"),
    _Step(float("inf"), 0, 12, "%Y", ""),
)


def ticks(start: float, end: float, zone: Zone) -> list[Tick]:
    """The divisions from *start* on and before *end*, on the wall clock of *zone*."""
    step = next(step for step in _STEPS if end - start <= step.span)
    found: list[Tick] = []
    above = ""
    for wall in _walls(zone.local(start), step):
        instant = zone.instant(wall)
        if instant >= end:
            break
        if instant >= start:
            begins = _text(wall, step.above)
            found.append(Tick(instant, _text(wall, step.label), begins if begins != above else ""))
            above = begins
    return found


def weekends(start: float, end: float, zone: Zone) -> list[tuple[float, float]]:
    """Where Saturdays and Sundays begin and end, if single days can be seen."""
    if end - start > _LONGEST_WITH_DAYS:
        return []
    day = zone.local(start).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    while (begin := zone.instant(day)) < end:
        day += timedelta(days=1)
        if day.weekday() in (6, 0):  # the day before is a Saturday or a Sunday
            found.append((max(begin, start), min(zone.instant(day), end)))
    return found


def _walls(first: datetime, step: _Step) -> Iterator[datetime]:
    """The wall clock at every division, from a little before *first* on."""
    wall = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step.months:
        wall = wall.replace(month=1, day=1)
    elif step.hours == 168:
        wall -= timedelta(days=wall.weekday())
    while True:
        yield wall
        wall = (
            shifted_months(wall, step.months) if step.months else wall + timedelta(hours=step.hours)
        )


def _text(wall: datetime, form: str) -> str:
    return wall.strftime(form).replace("{day}", str(wall.day))
