"""What the changes of the clock do to the jobs of a crontab.

A line says what the wall clock shows; twice a year, in many zones, the clock
skips an hour or shows it again.  To know what a line *means* in such an hour it
is read a second time as if its zone were UTC, where the wall clock never
changes, and compared with when it is due indeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from jqengine.errors import PastInstant
from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Job, Syntax
from jqengine.lifecycle import JobState
from jqengine.triggers.crontab import CrontabLine
from jqengine.triggers.localtime import Period, rounded, zone_named
from jqengine.triggers.triggers import delay_of

_DAY = 86400
_HAIR = 0.001
"""Seconds; less than lies between any two due times."""

_Following = Callable[[float], float | None]
"""The first due time strictly after an instant."""


class Effect(Enum):
    """What a clock change does to a job."""

    MOVED = "due at {due} instead"
    SKIPPED = "not due on that day"
    ONCE = "due the first time only"
    SECOND = "due the second time only"
    TWICE = "due both times"


@dataclass(frozen=True, slots=True)
class Hazard:
    """A job that a clock change meets.

    :ivar change: the period that begins with the change.
    :ivar wall: the time that the line means and the clock skips or repeats.
    :ivar more: how many more such times of the line are in the same hour.
    :ivar due: the instants at which the job is due because of it.
    """

    line: CrontabLine
    change: Period
    wall: datetime
    more: int
    effect: Effect
    due: tuple[float, ...]

    @property
    def zone(self) -> str:
        """The zone whose clock changes."""
        return self.line.definition.schedule.zone

    @property
    def brief(self) -> str:
        """What happens, in a few words."""
        what = "does not exist" if self.change.offset > self.change.before else "comes twice"
        return f"{self.wall:%H:%M} {what}: {self._consequence()}"

    def __str__(self) -> str:
        what = "does not exist" if self.change.offset > self.change.before else "comes twice"
        more = f" (and {self.more} more)" if self.more else ""
        day = f"{self.wall.day} {self.wall:%B %Y}"
        return f"{self.wall:%H:%M}{more} on {day} {what} in {self.zone}: {self._consequence()}"

    def _consequence(self) -> str:
        due = zone_named(self.zone).local(self.due[0]) if self.due else self.wall
        return self.effect.value.format(due=f"{due:%H:%M}")


def hazards(
    lines: Iterable[CrontabLine], start: float, end: float, triggers: ITriggers
) -> list[Hazard]:
    """Every meeting of a job with a clock change from *start* on and before *end*.

    Jobs that are due through the day anyway, and simply follow the clock, are
    not among them.
    """
    return [one for line in lines for one in _hazards_of(line, start, end, triggers)]


def _hazards_of(
    line: CrontabLine, start: float, end: float, triggers: ITriggers
) -> Iterator[Hazard]:
    schedule = line.definition.schedule
    if schedule.syntax in (Syntax.EVERY, Syntax.REBOOT):
        return  # neither looks at the clock
    zone = zone_named(schedule.zone)
    changes = zone.transitions(start, end if schedule.until is None else min(end, schedule.until))
    if not changes:
        return
    meant = _following(line.definition, "UTC", start + zone.offset_at(start), triggers)
    due = _following(line.definition, schedule.zone, start, triggers)
    delay = delay_of(line.definition, start)
    for change in changes:
        walls = _within(
            meant, *sorted((change.start + change.before, change.start + change.offset))
        )
        if walls:
            found = _effect(change, walls, meant, due)
            if found:
                wall = datetime.fromtimestamp(walls[0], UTC).replace(tzinfo=None)
                affected = tuple(rounded(one + delay) for one in found[1])
                yield Hazard(line, change, wall, len(walls) - 1, found[0], affected)


def _following(definition: Definition, zone: str, start: float, triggers: ITriggers) -> _Following:
    """The due times of a definition if it were accepted at *start* in *zone*, without limits."""
    schedule = replace(definition.schedule, zone=zone, jitter=0.0, times=None, until=None)
    plain = replace(definition, schedule=schedule)
    try:
        first = triggers.first(plain, start)
    except PastInstant:
        return lambda after: None
    job = Job(
        id="", definition=plain, state=JobState.SCHEDULED, created=start, anchor=first, due=first
    )
    return lambda after: triggers.following(job, after)


def _effect(
    change: Period, walls: list[float], meant: _Following, due: _Following
) -> tuple[Effect, tuple[float, ...]] | None:
    width = abs(change.offset - change.before)
    if change.offset > change.before:
        late = _within(due, change.start, change.start + width + _HAIR)
        moved = tuple(one for one in late if not _within(meant, *_moment(one + change.offset)))
        if moved:
            return Effect.MOVED, moved
        return (Effect.SKIPPED, ()) if _is_only(walls, meant) else None
    first = _within(due, change.start - width, change.start)
    second = _within(due, change.start, change.start + width)
    if first and second:
        return (Effect.TWICE, (*first, *second)) if _is_only(walls, meant) else None
    if first:
        return Effect.ONCE, tuple(first)
    return (Effect.SECOND, tuple(second)) if second else None


def _is_only(walls: list[float], meant: _Following) -> bool:
    """Whether the job means no other time on the day of *walls*."""
    day = walls[0] // _DAY * _DAY
    return len(_within(meant, day, day + _DAY, len(walls) + 1)) == len(walls)


def _within(following: _Following, start: float, end: float, limit: int = 10_000) -> list[float]:
    """The due times from *start* on and before *end*, at most *limit*."""
    found: list[float] = []
    due = following(start - _HAIR)
    while due is not None and due < end and len(found) < limit:
        found.append(due)
        due = following(due)
    return found


def _moment(instant: float) -> tuple[float, float]:
    return instant, instant + _HAIR
