"""Times, durations and sizes in words.  Pure.

``static/dashboard.js`` writes the same words while time goes by.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def duration(seconds: float) -> str:
    """*seconds* in at most two units: ``340 ms``, ``2.1 s``, ``4 min 10 s``, ``2 d 4 h``."""
    seconds = max(seconds, 0.0)
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return _whole(round(seconds))


def ago(instant: datetime, now: datetime) -> str:
    """Where *instant* lies seen from *now*: ``in 12 s``, ``now``, ``3 h 20 min ago``."""
    seconds = round((instant - now).total_seconds())
    if seconds == 0:
        return "now"
    words = _coarse(abs(seconds))
    return f"in {words}" if seconds > 0 else f"{words} ago"


def _coarse(seconds: int) -> str:
    """*seconds* no finer than one wants to know from a distance."""
    if seconds >= 30 * _DAY:
        return f"{round(seconds / _DAY)} d"
    if seconds >= 2 * _DAY:
        seconds -= seconds % _HOUR
    elif seconds >= 10 * _MINUTE:
        seconds -= seconds % _MINUTE
    return _whole(seconds)


def _whole(seconds: int) -> str:
    for (length, unit), (smaller, smaller_unit) in _PAIRS:
        if seconds >= length:
            many, rest = divmod(seconds, length)
            few = rest // smaller
            return f"{many} {unit} {few} {smaller_unit}" if few else f"{many} {unit}"
    return f"{seconds} s"


_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
_PAIRS = tuple(pairwise(_UNITS))


def exact(instant: datetime, zone: str) -> str:
    """*instant* on the wall clock of *zone*: ``Tue 24 Nov 2026 14:02:11 +01:00``."""
    wall = instant.astimezone(ZoneInfo(zone))
    offset = wall.strftime("%z")
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def iso(instant: datetime) -> str:
    """*instant* in UTC as RFC 3339 writes it, to the millisecond."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def size(count: int) -> str:
    """A number of bytes: ``512 B``, ``1.2 kB``, ``14 MB``."""
    if count < 1000:
        return f"{count} B"
    power = 1 if count < 999_500 else 2 if count < 999_500_000 else 3
    value = count / 1000**power
    unit = ("B", "kB", "MB", "GB")[power]
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 job``, ``1,234 jobs``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str], most: int) -> str:
    """``a, b and 7 more``, of at most *most* named ones."""
    shown, more = parts[:most], len(parts) - most
    if more > 0:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
