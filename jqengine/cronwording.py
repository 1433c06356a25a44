"""A crontab(5) expression in plain words.  Pure.

It is only asked of expressions that were accepted, so nothing here is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december",
)  # fmt: skip

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_NUMBER_OF = {name[:3]: number for number, name in enumerate(DAYS)} | {
    name[:3]: number for number, name in enumerate(MONTHS, 1)
}

MOST_LISTED = 6
"""Values that a phrase lists; of more the expression itself says more."""


class _Field(NamedTuple):
    """One field.

    :ivar values: that it allows, in order.
    :ivar every: whether it is ``*``, in whatever spelling.
    :ivar step: of ``*/N``, or 0.
    :ivar starred: whether it begins with ``*``.
    """

    values: Sequence[int]
    every: bool
    step: int
    starred: bool

    @property
    def run(self) -> tuple[int, int] | None:
        """First and last of values that follow each other, if three or more do."""
        first, last = self.values[0], self.values[-1]
        whole = len(self.values) > 2 and last - first == len(self.values) - 1
        return (first, last) if whole else None


@lru_cache(maxsize=1024)
def cron_in_words(text: str) -> str:
    """*text* in words, or as it is where that would not help."""
    plain = text.strip().lower()
    minute, hour, day, month, weekday = _SHORTHANDS.get(plain, plain).split()
    time = _time(_field(minute, 0, 59), _field(hour, 0, 23))
    days = _days(_field(day, 1, 31), _weekdays(weekday))
    months = _months(_field(month, 1, 12))
    if time is None or days is None or months is None:
        return text.strip()
    if time.startswith("every"):
        words = [time, *([days] if days != "daily" else [])]
        return ", ".join(words) + months
    if months.startswith(" in ") and " of the month" in days:
        days, months = days.replace(" of the month", f" of {months[4:]}"), ""
    return f"{days} {time}{months}"


def _time(minute: _Field, hour: _Field) -> str | None:
    if hour.every:
        return _each_hour(minute)
    if minute.every or minute.step:
        span = _span(hour)
        return None if span is None else f"{_each_hour(minute)} {span}"
    if len(minute.values) * len(hour.values) <= MOST_LISTED:
        return f"at {_listed([_clock(h, m) for h in hour.values for m in minute.values])}"
    if len(minute.values) > 1:
        return None
    if hour.step and 24 % hour.step == 0:
        at = f" at minute {minute.values[0]}" if minute.values[0] else ""
        return f"every {hour.step} hours{at}"
    if hour.run is not None:
        first, last = hour.run
        return f"every hour from {_clock(first, *minute.values)} to {_clock(last, *minute.values)}"
    return None


def _each_hour(minute: _Field) -> str | None:
    if minute.every:
        return "every minute"
    if minute.step and 60 % minute.step == 0:
        return f"every {minute.step} minutes"
    if minute.values == [0]:
        return "every hour"
    if len(minute.values) > MOST_LISTED:
        return None
    many = "s" if len(minute.values) > 1 else ""
    return f"every hour at minute{many} {_listed(list(map(str, minute.values)))}"


def _span(hour: _Field) -> str | None:
    first, last = hour.values[0], hour.values[-1]
    if len(hour.values) > 1 and last - first != len(hour.values) - 1:
        return None
    return f"from {_clock(first, 0)} to {_clock(last, 59)}"


def _days(day: _Field, weekday: _Field) -> str | None:
    if day.every and weekday.every:
        return "daily"
    names = None if weekday.every else _weekday_names(weekday)
    if day.every:
        return names
    dates = _dates(day)
    if weekday.every:
        return dates
    if names is None or dates is None:
        return None
    # Debian's cron: both must agree if one begins with a star, else either will do.
    if day.starred or weekday.starred:
        return f"{names} {dates}"
    return f"{dates} and {names}"


def _weekday_names(weekday: _Field) -> str:
    values = list(weekday.values)
    if values == [1, 2, 3, 4, 5]:
        return "weekdays"
    if values == [0, 6]:
        return "weekends"
    names = [f"{DAYS[value]}s" for value in sorted(values, key=lambda value: value or 7)]
    if weekday.run is not None:
        return f"{names[0]} to {names[-1]}" if 0 not in values else _listed(names)
    return _listed(names)


def _dates(day: _Field) -> str | None:
    if day.run is not None:
        return f"from the {_ordinal(day.run[0])} to the {_ordinal(day.run[1])} of the month"
    if len(day.values) > MOST_LISTED:
        return None
    return f"on the {_listed(list(map(_ordinal, day.values)))} of the month"


def _months(month: _Field) -> str | None:
    if month.every or len(month.values) == 12:
        return ""
    names = [MONTHS[value - 1] for value in month.values]
    if month.run is not None:
        return f" from {names[0]} to {names[-1]}"
    return f" in {_listed(names)}" if len(names) <= MOST_LISTED else None


def _field(text: str, low: int, high: int) -> _Field:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first)
            end = _number(last) if dash else (high if step else start)
        values.update(range(start, end + 1, int(step or 1)))
    whole = text in ("*", "*/1")
    of_all = int(text[2:]) if text.startswith("*/") and text[2:].isdigit() else 0
    return _Field(sorted(values), whole, of_all, text.startswith("*"))


def _weekdays(text: str) -> _Field:
    """The days of the week, Sunday as 0."""
    field = _field(text, 0, 6)
    return field._replace(values=sorted({value % 7 for value in field.values}))


def _number(text: str) -> int:
    return _NUMBER_OF[text[:3]] if text.isalpha() else int(text)


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 < number < 14 else endings.get(number % 10, 'th')}"


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
