"""What clients say becomes jobs with an id and a first due time.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from jqengine.errors import BadSchedule, BadValue, JobQueueError
from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Job, Schedule, Syntax
from jqengine.joboptions import shown
from jqengine.lifecycle import JobState
from jqengine.remote.submission import Submission, Submissions


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
        self._known: tuple[Schedule, float] | None = None

    def job(self, said: object) -> Job | JobQueueError:
        """The job that *said* asks for, or what is wrong with it."""
        try:
            if not isinstance(said, Mapping):
                raise BadValue("a job is not an object; expected one with a target")
            return self._job(self._submissions.read(said))
        except JobQueueError as error:
            return error

    def _job(self, submission: Submission) -> Job:
        job_id = submission.id or self._new_id(self._now)
        definition = submission.definition
        if definition.identity is None and self._recurs(definition):
            definition = replace(definition, identity=job_id)
        due = self._first_due(definition)
        return Job(
            id=job_id,
            definition=definition,
            state=JobState.SCHEDULED,
            created=self._now,
            anchor=due,
            due=due,
        )

    def _first_due(self, definition: Definition) -> float:
        """Asked once for jobs in a row that have one schedule."""
        schedule = definition.schedule
        if schedule.jitter:
            return first_due(self._triggers, definition, self._now)
        if self._known is None or self._known[0] is not schedule:
            self._known = (schedule, first_due(self._triggers, definition, self._now))
        return self._known[1]

    def _recurs(self, definition: Definition) -> bool:
        syntax = definition.schedule.syntax
        if syntax in (Syntax.CRON, Syntax.EVERY):
            return True
        if syntax is not Syntax.WHEN:
            return False
        due = first_due(self._triggers, definition, self._now)
        job = Job(
            id="",
            definition=definition,
            state=JobState.SCHEDULED,
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
