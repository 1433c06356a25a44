"""From a schedule to its due times: the named syntaxes under one roof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from zope.interface import implementer

from jqengine.errors import BadSchedule, BadValue, PastInstant
from jqengine.interfaces import ITrigger, ITriggers
from jqengine.job import Definition, Job, Schedule, Syntax
from jqengine.lifecycle import JobState
from jqengine.triggers.at import resolve_at
from jqengine.triggers.cron import parse_cron
from jqengine.triggers.duetimes import Delayed, Once
from jqengine.triggers.every import EveryTrigger, parse_every
from jqengine.triggers.localtime import FIRST_INSTANT, add_seconds, rounded, zone_named
from jqengine.triggers.natural_ago import past_instant
from jqengine.triggers.when import when_trigger
from jqengine.units import parse_duration


@implementer(ITriggers)
class Triggers:
    """Makes triggers from schedules.

    Pure but for a cache of texts already read; safe to call from any thread.
    """

    def first(self, definition: Definition, now: float) -> float | None:
        """The first due time of a job accepted at *now*, jitter included.

        It is after *now*, but for ``now``, ``reboot`` and at's own ``now``,
        which are due at once.  ``None`` if ``until`` is before it.

        :raises jqengine.errors.BadSchedule: the text is not understood, or the
            zone is not known.
        :raises jqengine.errors.PastInstant: it means an instant not after now.
        """
        schedule = definition.schedule
        try:
            trigger = _accepted(schedule, now)
        except BadValue as error:
            raise BadSchedule(schedule.text, str(error)) from None
        due = trigger.next(now if trigger.recurring else FIRST_INSTANT)
        if due is None or not _has_left(schedule, 0):
            return None
        return _within(schedule, rounded(due + delay_of(definition, now)))

    def following(self, job: Job, after: float) -> float | None:
        """The next due time of *job* after *after*, jitter included.

        ``None`` once ``times`` are used up or ``until`` has passed.

        :param job: its ``fired`` counts the due times up to *after*.
        """
        schedule = job.definition.schedule
        if job.anchor is None or not _has_left(schedule, job.fired):
            return None
        due = _of_job(job, job.anchor).next(after)
        return None if due is None else _within(schedule, due)

    def due_times(self, definition: Definition, now: float) -> Iterator[float]:
        """Every due time that a job accepted at *now* will have, in order, as asked for.

        :raises jqengine.errors.BadSchedule: as :meth:`first` does, and at once.
        """
        first = self.first(definition, now)
        job = Job(
            id="",
            definition=definition,
            state=JobState.SCHEDULED,
            created=now,
            anchor=first,
            due=first,
        )
        return self._walk(job)

    def _walk(self, job: Job) -> Iterator[float]:
        due, fired = job.due, 0
        while due is not None:
            yield due
            fired += 1
            due = self.following(replace(job, fired=fired), due)


def delay_of(definition: Definition, accepted: float) -> float:
    """Seconds by which ``jitter`` moves every due time of a job.

    The same for ever: a hash of the job's identity, or of its request and the
    instant *accepted* for a job without one.
    """
    jitter = definition.schedule.jitter
    if not jitter:
        return 0.0
    digest = hashlib.sha256(_seed(definition, accepted)).digest()
    return rounded(jitter * int.from_bytes(digest[:6], "big") / 2**48)


def _seed(definition: Definition, accepted: float) -> bytes:
    if definition.identity is not None:
        return definition.identity.encode("utf-8", "surrogatepass")
    request = definition.request
    head = (rounded(accepted), request.method, request.target, request.user, request.headers)
    return ascii(head).encode("ascii") + request.body


def _has_left(schedule: Schedule, fired: int) -> bool:
    return schedule.times is None or fired < schedule.times


def _within(schedule: Schedule, due: float) -> float | None:
    return due if schedule.until is None or due <= schedule.until else None


def _accepted(schedule: Schedule, now: float) -> ITrigger:
    """The trigger of a schedule accepted at *now*, jitter aside."""
    zone_named(schedule.zone)
    if schedule.syntax is Syntax.EVERY:
        interval = parse_every(schedule.text)
        return EveryTrigger(interval, rounded(now + interval))
    if schedule.syntax is Syntax.CRON:
        return _read_cron(schedule.text, schedule.zone)
    if schedule.syntax is Syntax.WHEN:
        trigger = _read_when(schedule.text, now, schedule.zone)
        if trigger.recurring:
            return trigger
    return Once(rounded(_single_instant(schedule, now)))


def _of_job(job: Job, anchor: float) -> ITrigger:
    """The trigger of a job accepted earlier, jitter included.

    A single due time is read from the job, not resolved again, so that no
    change of rules or of this software moves it; *anchor* holds the jitter.
    """
    schedule = job.definition.schedule
    if schedule.syntax is Syntax.EVERY:
        return _read_every(schedule.text, anchor)
    if schedule.syntax is Syntax.CRON:
        return _moved(_read_cron(schedule.text, schedule.zone), job)
    if schedule.syntax is Syntax.WHEN:
        trigger = _read_when(schedule.text, job.created, schedule.zone)
        if trigger.recurring:
            return _moved(trigger, job)
    return Once(anchor)


def _moved(trigger: ITrigger, job: Job) -> ITrigger:
    delay = delay_of(job.definition, job.created)
    return Delayed(trigger, delay) if delay else trigger


def _single_instant(schedule: Schedule, now: float) -> float:
    """When a job that is due once is due, jitter aside."""
    text = schedule.text
    if schedule.syntax is Syntax.AT:
        return max(now, resolve_at(text, now, schedule.zone))  # the minute under way is now
    if schedule.syntax is Syntax.AFTER:
        return _later(text, add_seconds(now, parse_duration(text)), now)
    if schedule.syntax is Syntax.WHEN:
        instant = _read_when(text, now, schedule.zone).next(FIRST_INSTANT)
        return _later(text, instant, now)
    return now


def _later(text: str, instant: float | None, now: float) -> float:
    """*instant*, once it is found to be after *now*."""
    if instant is not None and instant > now:
        return instant
    if instant is None or instant == now:
        raise PastInstant(text, "that is now; expected a time after it")
    raise past_instant(text, instant, now)


@lru_cache(maxsize=16384)
def _read_cron(text: str, zone: str) -> ITrigger:
    return parse_cron(text, zone)


@lru_cache(maxsize=16384)
def _read_when(text: str, accepted: float, zone: str) -> ITrigger:
    return when_trigger(text, accepted, zone)


@lru_cache(maxsize=16384)
def _read_every(text: str, anchor: float) -> ITrigger:
    return EveryTrigger(parse_every(text), anchor)
