"""A schedule in plain words: ``weekdays at 03:00, Europe/Paris``.  Pure.

What is too intricate for a phrase that helps is given as it was written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from jqengine.cronwording import cron_in_words
from jqengine.errors import BadValue
from jqengine.job import Schedule, Syntax
from jqengine.units import parse_duration

_RECURRING = re.compile(
    r"\b(every|each|daily|nightly|hourly|weekly|biweekly|fortnightly|monthly|yearly|annually"
    r"|weekdays|weekends|(sun|mon|tues|wednes|thurs|fri|satur)days)\b"
)
_UNITS = (("day", 86400), ("h", 3600), ("min", 60))


def schedule_in_words(
    schedule: Schedule, due: float | None = None, *, recurring: bool = False
) -> str:
    """*schedule* in words.

    :param due: its first due time, which says what ``at``, ``when`` and
        ``after`` mean.
    :param recurring: whether a ``when`` means more than one.
    """
    words = [_time_in_words(schedule, due, recurring)]
    if schedule.syntax in (Syntax.CRON, Syntax.AT, Syntax.WHEN):
        words.append(schedule.zone)
    if schedule.times is not None and schedule.times > 1:
        words.append(f"{schedule.times} times")
    if schedule.until is not None:
        words.append(f"until {_instant_in_words(schedule.until, schedule.zone)}")
    return ", ".join(words)


def seems_recurring(schedule: Schedule) -> bool:
    """Whether a ``when`` seems to mean more than one due time; for words alone."""
    return schedule.syntax is Syntax.WHEN and _RECURRING.search(schedule.text.lower()) is not None


def _time_in_words(schedule: Schedule, due: float | None, recurring: bool) -> str:
    syntax, text = schedule.syntax, schedule.text
    if syntax is Syntax.CRON:
        return cron_in_words(text)
    if syntax is Syntax.EVERY:
        return _interval_in_words(text)
    if syntax is Syntax.NOW:
        return "at once"
    if syntax is Syntax.REBOOT:
        return "at each start of the engine"
    if due is None or (syntax is Syntax.WHEN and recurring):
        return text.strip().lower() if syntax is Syntax.WHEN else text.strip()
    return _instant_in_words(due, schedule.zone)


@lru_cache(maxsize=1024)
def _interval_in_words(text: str) -> str:
    try:
        seconds = parse_duration(text.strip().lower().removeprefix("every").strip())
    except BadValue:
        return f"every {text.strip()}"
    return f"every {_duration_in_words(seconds)}"


def _duration_in_words(seconds: float) -> str:
    """*seconds* exactly: up to two minutes as such, else in larger units."""
    if seconds < 120 and seconds % 60:
        return f"{seconds:g} s"
    rest, words = seconds, []
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            many = "s" if unit == "day" and count > 1 else ""
            words.append(f"{count:g} {unit}{many}")
    if rest:
        words.append(f"{rest:g} s")
    return " ".join(words)


@lru_cache(maxsize=1024)
def _instant_in_words(instant: float, zone: str) -> str:
    """``friday 27 November 2026, 17:00`` on the wall clock of *zone*."""
    moment = datetime.fromtimestamp(instant, UTC).astimezone(ZoneInfo(zone))
    day = f"{moment:%A}".lower()
    time = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    return f"{day} {moment.day} {moment:%B %Y}, {time}"
