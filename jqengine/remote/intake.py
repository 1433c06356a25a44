"""What clients say becomes jobs with an id and a first due time.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from jqengine.errors import BadSchedule, BadValue, JobQueueError
from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Job, Schedule, Syntax
from jqengine.joboptions import shown
from jqengine.lifecycle import JobState
from jqengine.remote.submission import NOTHING, Submission, Submissions

# Members of an Enum are slow to reach through their class.
_SCHEDULED, _WHEN = JobState.SCHEDULED, Syntax.WHEN
_RECURRING = frozenset({Syntax.CRON, Syntax.EVERY})

OLDEST = 7 * 86400.0
"""Seconds for which a time text may have waited to be accepted."""


class Intake:
    """Makes jobs of what clients say, all at one instant."""

    def __init__(
        self,
        submissions: Submissions,
        triggers: ITriggers,
        new_id: Callable[[float], str],
        now: float,
    ) -> None:
        self._submissions = submissions
        self._triggers = triggers
        self._new_id = new_id
        self._now = now
        self._known: tuple[Schedule | None, float, float] = (None, 0.0, 0.0)

    def job(self, said: object, defaults: Mapping[str, Any] = NOTHING) -> Job | JobQueueError:
        """The job that *said* asks for, or what is wrong with it."""
        try:
            if not isinstance(said, dict):
                raise BadValue("a job is not an object; expected one with a target")
            return self._job(self._submissions.read(said, defaults))
        except JobQueueError as error:
            return error

    def _job(self, submission: Submission) -> Job:
        job_id, definition, as_of = submission
        now = self._now if as_of is None else self._checked(as_of)
        if job_id is None:
            job_id = self._new_id(now)
        if definition.request.continuation is not None:
            definition = _told_whether_it(self._recurs(definition, now), definition)
        if definition.identity is None and self._recurs(definition, now):
            definition = replace(definition, identity=job_id)
        due = self._first_due(definition, now)
        return Job(
            id=job_id,
            definition=definition,
            state=_SCHEDULED,
            created=now,
            anchor=due,
            due=due,
        )

    def _checked(self, as_of: float) -> float:
        # Clocks are rounded, and may have stepped back meanwhile.
        if not self._now - OLDEST <= as_of <= self._now + 60:
            raise BadValue("as_of: expected an instant of the last week")
        return as_of

    def _first_due(self, definition: Definition, now: float) -> float:
        """Asked once for jobs in a row that have one schedule."""
        schedule, (known, asked, due) = definition.schedule, self._known
        if schedule is not known or asked != now or schedule.jitter:
            due = first_due(self._triggers, definition, now)
            self._known = (schedule, now, due)
        return due

    def _recurs(self, definition: Definition, now: float) -> bool:
        syntax = definition.schedule.syntax
        if syntax is not _WHEN:
            return syntax in _RECURRING
        due = first_due(self._triggers, definition, now)
        job = Job(
            id="",
            definition=definition,
            state=_SCHEDULED,
            created=now,
            anchor=due,
            due=due,
            fired=1,
        )
        return self._triggers.following(job, due) is not None


def _told_whether_it(repeats: bool, definition: Definition) -> Definition:
    """*definition*, of a continuation, saying whether it runs more than once."""
    continued = definition.request.continuation
    assert continued is not None
    request = replace(definition.request, continuation=continued._replace(repeats=repeats))
    return replace(definition, request=request)


def first_due(triggers: ITriggers, definition: Definition, now: float) -> float:
    """The first due time of a job accepted at *now*.

    :raises BadSchedule: there is none, or it is not understood; the sentence
        quotes the text.
    """
    schedule = definition.schedule
    said = f"{schedule.syntax} {shown(schedule.text)}" if schedule.text else f"{schedule.syntax}"
    try:
        due = triggers.first(definition, now)
    except BadSchedule as error:
        raise type(error)(error.text, f"{said}: {error}", error.position) from None
    if due is None:
        raise BadSchedule(schedule.text, f"{said}: no due time comes before until")
    return due
