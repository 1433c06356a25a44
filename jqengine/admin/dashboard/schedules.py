"""A schedule in words.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MACROS = {
    "@hourly": "every hour",
    "@daily": "daily at 00:00",
    "@midnight": "daily at 00:00",
    "@weekly": "Sundays at 00:00",
    "@monthly": "on the 1st of each month at 00:00",
    "@yearly": "on 1 January at 00:00",
    "@annually": "on 1 January at 00:00",
}


def in_words(schedule: Mapping[str, Any], zone: str) -> str:
    """``weekdays at 03:00, Europe/Paris``; the zone where it is another than *zone*."""
    syntax, text = str(schedule.get("syntax", "")), str(schedule.get("text", ""))
    said = _said(syntax, text)
    if schedule.get("tz") not in (None, zone) and syntax in ("cron", "at", "when"):
        said += f", {schedule['tz']}"
    if schedule.get("times"):
        said += f", {schedule['times']} times at most"
    return said


def _said(syntax: str, text: str) -> str:
    if syntax == "cron":
        return _cron(text)
    if syntax == "every":
        return text if text.startswith("every") else f"every {text}"
    if syntax == "now":
        return "at once"
    if syntax == "reboot":
        return "when the engine starts"
    if syntax == "after":
        return f"after {text}"
    return text


def _cron(text: str) -> str:
    if text in _MACROS:
        return _MACROS[text]
    fields = text.split()
    if len(fields) != 5:
        return text
    minute, hour, day, month, weekday = fields
    when = _time(minute, hour)
    if when is None or month != "*":
        return text
    if day == "*" and weekday == "*":
        return when if when.startswith("every") else f"daily {when}"
    days = _weekdays(weekday) if day == "*" else None
    if days is not None:
        return f"{days} {when}"
    if weekday == "*" and day.isdigit() and not when.startswith("every"):
        return f"on day {int(day)} of each month {when}"
    return text


def _time(minute: str, hour: str) -> str | None:
    if minute.isdigit() and hour.isdigit():
        return f"at {int(hour):02}:{int(minute):02}"
    if hour == "*" and minute.isdigit():
        return f"every hour at :{int(minute):02}"
    step = minute.removeprefix("*/")
    if hour == "*" and minute == "*":
        return "every minute"
    if hour == "*" and step != minute and step.isdigit():
        return "every minute" if step == "1" else f"every {int(step)} minutes"
    return None


def _weekdays(field: str) -> str | None:
    if field in ("1-5", "mon-fri"):
        return "weekdays"
    if field in ("0,6", "6,0", "6,7", "sat,sun", "6-7"):
        return "weekends"
    names = [_weekday(part) for part in field.lower().split(",")]
    known = [name for name in names if name is not None]
    if len(known) < len(names):
        return None
    plural = [f"{name}s" for name in known]
    return plural[0] if len(plural) == 1 else f"{', '.join(plural[:-1])} and {plural[-1]}"


def _weekday(part: str) -> str | None:
    if part.isdigit() and int(part) < len(_DAYS):
        return _DAYS[int(part)]
    return _DAYS[_SHORT.index(part)] if part in _SHORT else None
