"""Debian's cron in slow motion: a second opinion on every due time.

It does what the main loop of the program does, once for every minute of the
clock, and shares nothing with the code under test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = {
    3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class Entry:
    """One line of a crontab."""

    def __init__(self, expression: str) -> None:
        words = NICKNAMES.get(expression, expression).lower().split()
        self.values = [self._values(number, word) for number, word in enumerate(words)]
        self.wildcard = words[0].startswith("*") or words[1].startswith("*")
        self.both_days = words[2].startswith("*") or words[4].startswith("*")

    def _values(self, number: int, word: str) -> set[int]:
        values: set[int] = set()
        for name_number, name in enumerate(_NAMES.get(number, [])):
            word = re.sub(rf"\b{name}\b", str(name_number + _BOUNDS[number][0]), word)
        for part in word.split(","):
            extent, _, step = part.partition("/")
            low, _, high = extent.partition("-")
            first, last = _BOUNDS[number] if extent == "*" else (int(low), int(high or low))
            values.update(range(first, last + 1, int(step or 1)))
        return values | {0} if number == 4 and 7 in values else values

    def matches(self, wall_minute: int) -> bool:
        """Whether the line means that minute of the wall clock."""
        wall = _EPOCH + timedelta(minutes=wall_minute)
        minutes, hours, days, months, weekdays = self.values
        of_month, of_week = wall.day in days, wall.isoweekday() % 7 in weekdays
        of_day = of_month and of_week if self.both_days else of_month or of_week
        return wall.minute in minutes and wall.hour in hours and wall.month in months and of_day


def firings(expression: str, zone: str, start: int, end: int) -> Iterator[int]:
    """Every instant from *start* to *end* at which cron runs the line.

    Cron is started two days earlier, to know of the last change of the clock.
    """
    entry, info = Entry(expression), ZoneInfo(zone)
    virtual: int | None = None
    for instant in range((start - 2 * 86400) // 60 * 60, end + 60, 60):
        clock = _wall_minute(info, instant)
        if virtual is None:
            virtual = clock - 1
        ran, virtual = _wake(entry, clock, virtual)
        if ran and start <= instant <= end:
            yield instant


def first_after(expression: str, zone: str, after: float, horizon: int) -> int | None:
    """The first firing after *after*, or ``None`` within *horizon* seconds."""
    found = firings(expression, zone, int(after // 1) + 1, int(after) + horizon)
    return next(found, None)


def _wake(entry: Entry, clock: int, virtual: int) -> tuple[bool, int]:
    """One turn of the main loop: whether the line runs, and cron's own clock after it."""
    passed = clock - virtual
    if passed == 1 or passed > 180 or passed <= -180:
        return entry.matches(clock), clock
    if passed <= 0:
        return entry.wildcard and entry.matches(clock), virtual
    missed = range(virtual + 1, clock + 1)
    if passed <= 5:
        return any(map(entry.matches, missed)), clock
    if entry.wildcard:
        return entry.matches(clock), clock
    return any(map(entry.matches, missed)), clock


def _wall_minute(info: ZoneInfo, instant: int) -> int:
    wall = datetime.fromtimestamp(instant, info).replace(tzinfo=None)
    return (wall - _EPOCH) // timedelta(minutes=1)
