"""How jobs and numbers are put into words."""

from __future__ import annotations

from jqengine.job import Definition, Syntax


def title_of(definition: Definition) -> str:
    """Its name, or its request if it has none."""
    return definition.name or request_of(definition)


def request_of(definition: Definition) -> str:
    """Method and target, as on a request line."""
    return f"{definition.request.method} {definition.request.target}"


def schedule_of(definition: Definition) -> str:
    """Its time, as a crontab writes it."""
    schedule = definition.schedule
    if schedule.syntax is Syntax.CRON:
        return schedule.text
    return f"@{schedule.syntax} {schedule.text}".rstrip()


def counted(number: int, noun: str) -> str:
    """``no jobs``, ``1 job``, ``1,200 jobs``."""
    return f"{format(number, ',') if number else 'no'} {noun}{'' if number == 1 else 's'}"
