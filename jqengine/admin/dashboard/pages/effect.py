"""What an edit would change, said before it is saved.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from jqengine.admin.dashboard import words
from jqengine.admin.dashboard.schedules import in_words
from jqengine.wire.views import JobView


class Effect(NamedTuple):
    """Sentences; none where nothing would change."""

    lines: list[str]


def effect_of(before: JobView, after: JobView, zone: str) -> Effect:
    """The differences between a job as it is and as it would be."""
    return Effect(list(_lines(before, after, zone)))


def _lines(before: JobView, after: JobView, zone: str) -> Iterator[str]:
    if before.schedule != after.schedule:
        old, new = in_words(before.schedule, zone), in_words(after.schedule, zone)
        yield f"The schedule changes from “{old}” to “{new}”."
    if before.due != after.due:
        yield f"The next due time moves from {_due(before.due, zone)} to {_due(after.due, zone)}."
    old, new = (f"{job.method} {job.target}" for job in (before, after))
    if old != new:
        yield f"The request changes from “{_short(old)}” to “{_short(new)}”."
    if before.user != after.user:
        yield f"It runs as {after.user or 'nobody'} instead of {before.user or 'nobody'}."
    yield from _of_headers(before, after)
    if before.body_size != after.body_size:
        new_size, old_size = words.size(after.body_size), words.size(before.body_size)
        yield f"The body has {new_size} instead of {old_size}."
    for name in sorted({*before.policy, *after.policy}):
        was, becomes = before.policy.get(name), after.policy.get(name)
        if was != becomes:
            what = name.replace("_", " ").capitalize()
            yield f"{what} becomes {_said(becomes)}, was {_said(was)}."
    if before.sinks != after.sinks:
        yield f"Results go to {_short(', '.join(after.sinks)) or 'no sink'}."
    if before.name != after.name:
        yield f"It is called {_said(after.name)}, was {_said(before.name)}."


def _of_headers(before: JobView, after: JobView) -> Iterator[str]:
    old, new = set(before.headers), set(after.headers)
    for name, value in sorted(old - new):
        yield f"The header {_short(f'{name}: {value}')} goes."
    for name, value in sorted(new - old):
        yield f"The header {_short(f'{name}: {value}')} comes."


def _due(due: datetime | None, zone: str) -> str:
    return "none" if due is None else words.exact(due, zone)


def _said(value: object) -> str:
    return "none" if value in (None, "") else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"
