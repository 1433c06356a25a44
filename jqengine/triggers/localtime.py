"""Zone arithmetic, shared by every time syntax.

An *instant* is a ``float``: seconds since the epoch, UTC.  A *wall clock* is a
naive ``datetime``: what a clock on a wall of the zone shows.  Between the two
stand the clock changes:

- a *gap* is a stretch of the wall clock that no instant has, because the clock
  was set forward over it;
- a *fold* is a stretch that two instants have, because the clock was set back
  to its beginning.

Everything here is pure, safe to call from any thread, and good for the years
2 to 9998; an instant or a date beyond is refused with
:class:`~jqengine.errors.BadValue`.
"""

from __future__ import annotations

import calendar
import difflib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from jqengine.errors import BadValue

FIRST_INSTANT = -62104060800.0
"""0002-01-01 00:00 UTC; ``datetime`` ends a year before it."""

LAST_INSTANT = 253370764800.0
"""9999-01-01 00:00 UTC; ``datetime`` ends a year after it."""

# Files beside the zones: these mean something else on every machine, those in
# right/ count leap seconds.
_NO_ZONES = {"localtime", "posixrules"}

_CELL = 366 * 86400
# In the whole of the IANA database two changes since 1970 are nowhere less than
# six days apart, so that a pair which cancels out cannot hide between samples.
_SAMPLE = 3 * 86400
_OVERLAP = 2 * 86400


class Period(NamedTuple):
    """A stretch of time through which the offset of a zone is constant.

    :ivar start: the first instant of it.
    :ivar end: the first instant after it.
    :ivar offset: seconds to add to an instant to get the wall clock.
    :ivar before: the offset just before *start*.  It equals *offset* when the
        stretch was cut off without a clock change, as all are about yearly.
    """

    start: int
    end: int
    offset: int
    before: int


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone.  Two of the same name are equal.

    :ivar name: its IANA name.
    """

    name: str
    _info: ZoneInfo

    def local(self, instant: float) -> datetime:
        """The wall clock at *instant*, to the microsecond.

        In the second pass of a fold its ``fold`` is 1, so that
        :meth:`instant` leads back.
        """
        return datetime.fromtimestamp(_within_range(instant), self._info).replace(tzinfo=None)

    def instant(self, wall: datetime) -> float:
        """The instant at which the wall clock shows *wall*.

        In a gap: as many seconds after the change as *wall* is after the
        beginning of the gap (02:30 becomes 03:30 where 02:00 becomes 03:00),
        as if the clock had not been changed.  In a fold: the first pass, or
        the second if ``wall.fold`` is 1.
        """
        if not 1 < wall.year < 9999:
            raise BadValue(f"the year {wall.year} is out of range; expected 2 to 9998")
        fold = 0 if self.gap_end(wall) is not None else wall.fold
        return rounded(wall.replace(tzinfo=self._info, fold=fold).timestamp())

    def gap_end(self, wall: datetime) -> float | None:
        """The instant of the clock change that skips *wall*, or ``None`` if none does."""
        early = wall.replace(tzinfo=self._info, fold=1).timestamp()
        late = wall.replace(tzinfo=self._info, fold=0).timestamp()
        if early < late and self.local(late) != wall.replace(fold=0):
            return float(self.period(late).start)
        return None

    def is_repeated(self, wall: datetime) -> bool:
        """Whether *wall* is in a fold, so that two instants show it."""
        first = wall.replace(tzinfo=self._info, fold=0).timestamp()
        second = wall.replace(tzinfo=self._info, fold=1).timestamp()
        return first < second

    def offset_at(self, instant: float) -> int:
        """Seconds east of UTC at *instant*."""
        return self.period(_within_range(instant)).offset

    def period(self, instant: float) -> Period:
        """The stretch of constant offset that *instant* is in.

        Any time from :data:`FIRST_INSTANT` to :data:`LAST_INSTANT`; the caller
        sees to that, for this is the inner loop of every recurring schedule.
        """
        starts, periods = _periods(self._info, int(instant // _CELL))
        return periods[bisect_right(starts, instant) - 1]

    def transitions(self, start: float, end: float) -> tuple[Period, ...]:
        """The clock changes from *start* on and before *end*, in order.

        Each is given as the period that begins with it.
        """
        found = []
        instant, last = _within_range(start), _within_range(end)
        while instant < last:
            period = self.period(instant)
            if period.start == instant and period.offset != period.before:
                found.append(period)
            instant = period.end
        return tuple(found)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> Zone:
    """The zone of that IANA name, such as ``Europe/Paris`` or ``UTC``.

    :raises BadValue: there is none; the sentence offers names like it.
    """
    try:
        if name in _NO_ZONES or name.startswith(("right/", "posix/")):
            raise LookupError(name)
        return Zone(name, ZoneInfo(name))
    except (LookupError, ValueError, OSError):
        raise BadValue(_unknown_zone(name)) from None


def add_seconds(instant: float, seconds: float) -> float:
    """*seconds* of absolute time after *instant*: clock changes play no part."""
    return _within_range(rounded(instant + seconds))


def add_days(instant: float, days: int, zone: Zone) -> float:
    """The same wall clock *days* later (or earlier), by :meth:`Zone.instant`.

    A clock that falls in a fold is the first pass.
    """
    if not days:
        return rounded(instant)
    wall = zone.local(instant).replace(fold=0)
    try:
        return zone.instant(wall + timedelta(days=days))
    except OverflowError:
        raise BadValue(f"{days} days lead out of the years 2 to 9998") from None


def add_months(instant: float, months: int, zone: Zone) -> float:
    """The same day and wall clock *months* later (or earlier).

    From a day that the month lacks it is the last day of that month: one month
    after 31 January is 28 February.  Clock changes are met as in
    :func:`add_days`.
    """
    if not months:
        return rounded(instant)
    return zone.instant(shifted_months(zone.local(instant).replace(fold=0), months))


def shifted_months(wall: datetime, months: int) -> datetime:
    """*wall* in another month, on the last day of that if it lacks the day."""
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    if not 1 < year < 9999:
        raise BadValue(f"{months} months lead out of the years 2 to 9998")
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day)


def rounded(instant: float) -> float:
    """*instant* to the microsecond, so that it compares equal after any store."""
    return round(instant, 6)


def _within_range(instant: float) -> float:
    if FIRST_INSTANT <= instant <= LAST_INSTANT:
        return instant
    raise BadValue("the instant is out of range; expected the years 2 to 9998")


@lru_cache(maxsize=16384)
def _periods(info: ZoneInfo, cell: int) -> tuple[tuple[int, ...], tuple[Period, ...]]:
    """The periods that meet the *cell*-th stretch of 366 days, and their starts.

    They begin early enough that a change shortly before the cell still shows,
    and end with the cell.
    """
    start, end = cell * _CELL - _OVERLAP, (cell + 1) * _CELL
    changes = [(start, _offset(info, start), _offset(info, start))]
    for low in range(start, end, _SAMPLE):
        high = min(low + _SAMPLE, end) - 1
        before, after = changes[-1][1], _offset(info, high)
        if before != after:
            changes.append((_change(info, low - 1, high), after, before))
    starts = tuple(change[0] for change in changes)
    ends = (*starts[1:], end)
    return starts, tuple(
        Period(begin, finish, offset, before)
        for (begin, offset, before), finish in zip(changes, ends, strict=True)
    )


def _change(info: ZoneInfo, low: int, high: int) -> int:
    """The instant after *low* at which the offset changes to that of *high*."""
    goal = _offset(info, high)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(info, middle) == goal:
            high = middle
        else:
            low = middle
    return high


def _offset(info: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, info).utcoffset()
    assert offset is not None
    return offset.days * 86400 + offset.seconds


def _unknown_zone(name: str) -> str:
    shown = name if len(name) <= 60 else name[:57] + "..."
    matches = _similar_zones(name[:60])
    hint = f"did you mean {' or '.join(matches)}?" if matches else "expected one like Europe/Paris"
    return f"there is no time zone {shown!r}; {hint}"


def _similar_zones(name: str) -> list[str]:
    """At most three names like *name*: the same but for capitals, or by its city."""
    wanted = name.lower().replace(" ", "_")
    names = {known.lower(): known for known in sorted(available_timezones() - _NO_ZONES)}
    if wanted in names:
        return [names[wanted]]
    by_city = [known for low, known in names.items() if low.rpartition("/")[2] == wanted]
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.75)
    return by_city[:3] or [names[one] for one in close]
