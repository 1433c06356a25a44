"""What is to come: the due times of one job, of all jobs, and of a text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any, NamedTuple

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from jqengine.errors import BadValue
from jqengine.interfaces import IClock, IQueueControl, ITriggers
from jqengine.job import Definition, Job, Request, Syntax
from jqengine.lifecycle import JobState
from jqengine.queries import JobFilter, JobOrder
from jqengine.remote.intake import first_due
from jqengine.remote.submission import TIME_TEXTS, Submissions

MOST_FIRINGS = 1000
MOST_INSTANTS = 100
FARTHEST = 366 * 86400.0
"""Seconds from now up to which firings are looked for."""

AT_A_TIME = 100
"""Due times that are found before others have their turn in the reactor."""

FRESH = 3.0
"""Seconds for which an answer is given again."""

_LAST_ID = "g"
"""Sorts behind every id."""


class Firing(NamedTuple):
    """A due time of a job."""

    due: float
    job: Job


class Foreseen(NamedTuple):
    """What is due next, in order.

    :ivar reaches: the instant up to which nothing is left out.
    """

    firings: Sequence[Firing]
    reaches: float


class Foresight:
    """Finds due times without keeping the reactor for long.  For the reactor thread."""

    def __init__(
        self,
        reactor: IReactorTime,
        clock: IClock,
        control: IQueueControl,
        triggers: ITriggers,
        submissions: Submissions,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._control = control
        self._triggers = triggers
        self._submissions = submissions
        self._known: tuple[tuple[float, int, int | None], float, Foreseen] | None = None

    async def upcoming(self, until: float | None, limit: int, each: int | None) -> Foreseen:
        """The due times of all jobs after now, in order.

        :param until: none after this; a day from now unless said.
        :param limit: at most so many.
        :param each: at most so many of one job.
        :raises BadValue: a number is out of range.
        """
        now = self._clock.now()
        if not 1 <= limit <= MOST_FIRINGS:
            raise BadValue(f"limit: expected 1 to {MOST_FIRINGS}")
        if each is not None and each < 1:
            raise BadValue("each: expected 1 or more")
        until = now + 86400.0 if until is None else min(until, now + FARTHEST)
        # To the minute, so that those who ask again a moment later ask the same.
        asked = (math.ceil(until / 60) * 60.0, limit, each)
        if self._known is None or self._known[0] != asked or self._known[1] < now - FRESH:
            self._known = asked, now, await self._foresee(now, *asked)
        found = self._known[2]
        return Foreseen(
            [firing for firing in found.firings if now < firing.due <= until],
            min(found.reaches, until),
        )

    async def _foresee(self, now: float, until: float, limit: int, each: int | None) -> Foreseen:
        # Each job has one firing at least, so no more jobs than these matter.
        scheduled = JobFilter(states=frozenset({JobState.SCHEDULED}))
        after = f"{now!r},{_LAST_ID}"
        page = await self._control.find_jobs(scheduled, JobOrder.DUE, after, limit)
        due = ((job.due, number, job) for number, job in enumerate(page.items))
        coming = [(at, number, job, 1) for at, number, job in due if at is not None and at <= until]
        heapify(coming)
        firings: list[Firing] = []
        reaches = until
        while coming and len(firings) < limit:
            at, number, job, nth = heappop(coming)
            firings.append(Firing(at, job))
            if each is not None and nth >= each:
                reaches = min(reaches, at)
                continue
            following = self._triggers.following(job_fired(job, nth), at)
            if following is not None and following <= until:
                heappush(coming, (following, number, job, nth + 1))
            if len(firings) % AT_A_TIME == 0:
                await deferLater(self._reactor, 0)
        if coming:
            reaches = min(reaches, firings[-1].due)
        return Foreseen(firings, reaches)

    def instants(self, job: Job, count: int) -> Sequence[float]:
        """The next due times of *job*.

        :raises BadValue: *count* is out of range.
        """
        _check_count(count)
        return list(islice(self._of_job(job), count))

    def when(self, said: Mapping[str, Any], count: int) -> tuple[Job, Sequence[float]]:
        """The job that a time text would make, and its next due times.

        :raises BadValue, BadSchedule: it is not understood, or *count* is out of range.
        """
        _check_count(count)
        if not any(said.get(name) is not None for name in TIME_TEXTS):
            raise BadValue("the time is missing; expected one of cron, every, at, when, after")
        now = self._clock.now()
        schedule = self._submissions.schedule(said)
        definition = Definition(identity=None, name=None, request=Request(), schedule=schedule)
        due = first_due(self._triggers, definition, now)
        job = Job(
            id="",
            definition=definition,
            state=JobState.SCHEDULED,
            created=now,
            anchor=due,
            due=due,
        )
        return job, list(islice(self._of_job(job), count))

    def recurs(self, job: Job) -> bool:
        """Whether another due time can come after the first."""
        schedule = job.definition.schedule
        if schedule.syntax is not Syntax.WHEN or job.anchor is None:
            return schedule.syntax in (Syntax.CRON, Syntax.EVERY)
        endless = replace(schedule, times=None, until=None)
        anew = replace(job, definition=replace(job.definition, schedule=endless))
        return self._triggers.following(anew, job.anchor) is not None

    def _of_job(self, job: Job) -> Iterator[float]:
        due, nth = job.due, 0
        while due is not None:
            yield due
            nth += 1
            due = self._triggers.following(job_fired(job, nth), due)


def job_fired(job: Job, times: int) -> Job:
    """*job* as it is after its due time has come so often."""
    return replace(job, fired=job.fired + times)


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_INSTANTS:
        raise BadValue(f"count: expected 1 to {MOST_INSTANTS}")
