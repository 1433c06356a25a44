"""``at=``: from a text of at(1) to its instant.

The meaning is that of Debian's at 3.2.5, in whole minutes: the minute that is
under way counts as now.  Where at(1) itself is wrong this is not; every such
case is in :data:`~jqengine.triggers.atforms.DEVIATIONS`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from jqengine.errors import BadSchedule, BadValue
from jqengine.triggers.atsyntax import (
    DAY,
    HOUR,
    MONTH,
    WEEK,
    YEAR,
    AtText,
    DayOfMonth,
    DayOfWeek,
    Step,
    read_at,
)
from jqengine.triggers.localtime import Zone, add_seconds, zone_named
from jqengine.triggers.natural_ago import past_instant

_MONTHS = {MONTH: 1, YEAR: 12}
_DAYS = {DAY: 1, WEEK: 7}


def resolve_at(text: str, now: float, zone: str) -> float:
    """The instant that *text* means when it is said at *now* in *zone*.

    It is a whole minute.  The minute under way is an answer too: ``now`` means
    at once.

    :raises jqengine.errors.BadSchedule: the text is not understood, or names a
        day that does not exist.
    :raises jqengine.errors.PastInstant: it means a minute before that of *now*.
    :raises jqengine.errors.BadValue: there is no such zone.
    """
    said = read_at(text)
    clock = zone_named("UTC" if said.utc else zone)
    try:
        return _Resolution(text, said, now, clock).instant()
    except (BadValue, OverflowError):
        raise BadSchedule(text, "that is out of range; expected a year before 9999") from None


class _Resolution:
    """One text on its way to an instant, kept as a wall clock until the end.

    A wall clock in a fold knows by its ``fold`` which pass it is in.
    """

    def __init__(self, text: str, said: AtText, now: float, zone: Zone) -> None:
        self._text, self._said, self._now, self._zone = text, said, now, zone
        self._start = zone.local(now).replace(second=0, microsecond=0)

    def instant(self) -> float:
        """The answer of :func:`resolve_at`."""
        instant = self._after_now(self._wall())
        if instant < self._zone.instant(self._start):
            raise past_instant(self._text, instant, self._now)
        return instant

    def _wall(self) -> datetime:
        said = self._said.date
        today = self._start.date()
        if isinstance(said, DayOfMonth):
            return self._wall_of_day(said, today)
        if isinstance(said, DayOfWeek):
            ahead = (said.weekday - today.weekday() - 1) % 7 + 1
            return self._stepped(self._at_time(today + timedelta(days=ahead)))
        wall = self._at_time(today)
        return self._stepped(self._moved(wall, said) if said else wall)

    def _wall_of_day(self, said: DayOfMonth, today: date) -> datetime:
        """Without a year, this year's day, or next year's once it has passed."""
        if said.year is not None:
            return self._stepped(self._at_time(self._existing(said, said.year)))
        passed = (said.month, said.day) < (today.month, today.day)
        if (said.month, said.day) != (2, 29) or not passed:
            wall = self._stepped(self._at_time(self._existing(said, today.year)))
            passed = wall.year == today.year and wall.date() < today
            if not passed:
                return wall
        return self._stepped(self._at_time(self._existing(said, today.year + 1)))

    def _existing(self, said: DayOfMonth, year: int) -> date:
        try:
            return date(year, said.month, said.day)
        except ValueError:
            name = f"{date(2000, said.month, 1):%B}"
            raise BadSchedule(self._text, f"there is no {said.day} {name} {year}") from None

    def _at_time(self, day: date) -> datetime:
        """The wall clock on *day* at the time that the text says, or of now."""
        if self._said.time is None:
            return self._start if day == self._start.date() else self._on(day)
        hour, minute = self._said.time
        return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute)

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self._start.time().replace(fold=0))

    def _stepped(self, wall: datetime) -> datetime:
        return self._moved(wall, self._said.step) if self._said.step else wall

    def _moved(self, wall: datetime, step: Step) -> datetime:
        """*wall* a step later: minutes and hours are elapsed time, the rest calendar."""
        if step.absolute:
            seconds = step.number * (3600 if step.unit == HOUR else 60)
            return self._zone.local(add_seconds(self._zone.instant(wall), seconds))
        if not step.number:
            return wall
        if step.unit in _DAYS:
            return wall.replace(fold=0) + timedelta(days=step.number * _DAYS[step.unit])
        months = wall.year * 12 + wall.month - 1 + step.number * _MONTHS[step.unit]
        first = wall.replace(fold=0, year=_year(months // 12), month=months % 12 + 1, day=1)
        return first + timedelta(days=wall.day - 1)

    def _after_now(self, wall: datetime) -> float:
        """The instant of *wall*: of two passes, and for a time alone of two days, the coming."""
        start = self._zone.instant(self._start)
        instant = self._zone.instant(wall)
        if instant < start and not wall.fold:
            instant = self._zone.instant(wall.replace(fold=1))
        passed = instant <= start or self._skipped_before_now(wall)
        if passed and self._is_time_alone and wall.date() == self._start.date():
            instant = self._zone.instant(wall.replace(fold=0) + timedelta(days=1))
        return instant

    def _skipped_before_now(self, wall: datetime) -> bool:
        """Whether *wall* is in a gap that is behind us."""
        return wall <= self._start and self._zone.gap_end(wall) is not None

    @property
    def _is_time_alone(self) -> bool:
        step = self._said.step
        return self._said.date is None and (step is None or step.absolute)


def _year(year: int) -> int:
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    return year
