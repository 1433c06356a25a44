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
        self._known: tuple[Schedule | None, float] = (None, 0.0)

    def job(self, said: object, defaults: Mapping[str, Any] = NOTHING) -> Job | JobQueueError:
        """The job that *said* asks for, or what is wrong with it."""
        try:
            if not isinstance(said, dict):
                raise BadValue("a job is not an object; expected one with a target")
            return self._job(self._submissions.read(said, defaults))
        except JobQueueError as error:
            return error

    def _job(self, submission: Submission) -> Job:
        job_id, definition = submission
        if job_id is None:
            job_id = self._new_id(self._now)
        if definition.identity is None and self._recurs(definition):
            definition = replace(definition, identity=job_id)
        due = self._first_due(definition)
        return Job(
            id=job_id,
            definition=definition,
            state=_SCHEDULED,
            created=self._now,
            anchor=due,
            due=due,
        )

    def _first_due(self, definition: Definition) -> float:
        """Asked once for jobs in a row that have one schedule."""
        schedule, (known, due) = definition.schedule, self._known
        if schedule is not known or schedule.jitter:
            due = first_due(self._triggers, definition, self._now)
            self._known = (schedule, due)
        return due

    def _recurs(self, definition: Definition) -> bool:
        syntax = definition.schedule.syntax
        if syntax is not _WHEN:
            return syntax in _RECURRING
        due = first_due(self._triggers, definition, self._now)
        job = Job(
            id="",
            definition=definition,
            state=_SCHEDULED,
            created=self._now,
            anchor=due,
            due=due,
            fired=1,
        )
        return self._triggers.following(job, due) is not None


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
