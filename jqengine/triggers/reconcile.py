"""The difference between what the crontabs say and what the queue holds.

Jobs are compared by identity.  Three rules stand above the others: nothing
fires because a file was edited or read again; a due time that was accepted is
kept as long as the schedule stands that made it; a job that is due once is due
once, however often its line goes and comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

from jqengine.errors import PastInstant
from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Job, Syntax
from jqengine.lifecycle import JobEvent, JobState, job_after
from jqengine.plan import CrontabPlan


class Notice(NamedTuple):
    """Something that an operator should hear of a job.

    :ivar identity: of the job's definition.
    :ivar message: a sentence that begins with its name or its request.
    """

    identity: str | None
    message: str

    def __str__(self) -> str:
        return self.message


def plan(
    existing: Iterable[Job],
    wanted: Sequence[Definition],
    triggers: ITriggers,
    now: float,
    starting: bool,
    new_id: Callable[[float], str],
) -> tuple[CrontabPlan, tuple[Notice, ...]]:
    """What to change so that the queue agrees with the crontabs.  Pure.

    :param existing: every job of the queue whose origin is the crontab.
    :param wanted: the definitions of all lines, each of an identity of its own.
    :param starting: whether the engine starts, which is when ``@reboot`` jobs
        are due, or only reads its crontabs again.
    :param new_id: makes the id of a job from *now*.
    """
    judge = _Judge(triggers, now, starting, new_id)
    known, superseded = _by_identity(existing)
    decisions = [judge.decide(known.pop(one.identity, None), one) for one in wanted]
    gone = [job for job in (*known.values(), *superseded) if job_after(job.state, JobEvent.RETIRE)]
    return (
        CrontabPlan(
            add=_jobs(decisions, _Change.ADD),
            replace=_jobs(decisions, _Change.REPLACE),
            retire=tuple(job.id for job in (*_jobs(decisions, _Change.RETIRE), *gone)),
            unchanged=len(_jobs(decisions, _Change.NONE)),
        ),
        tuple(
            Notice(definition.identity, f"{_label(definition)} {decision.notice}")
            for definition, decision in zip(wanted, decisions, strict=True)
            if decision.notice
        ),
    )


class _Change(Enum):
    ADD = auto()
    REPLACE = auto()
    RETIRE = auto()
    NONE = auto()


class _Decision(NamedTuple):
    """What becomes of one identity.

    :ivar job: as it shall be; ``None`` when it never comes to be one.
    :ivar notice: what to tell about it, or empty.
    """

    change: _Change
    job: Job | None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class _Judge:
    triggers: ITriggers
    now: float
    starting: bool
    new_id: Callable[[float], str]

    def decide(self, job: Job | None, definition: Definition) -> _Decision:
        """Bring the queue's *job* of an identity, if any, to its *definition*."""
        try:
            return self._decide(job, definition)
        except PastInstant as error:
            active = job and job.state in (JobState.SCHEDULED, JobState.PAUSED)
            change = _Change.RETIRE if active else _Change.NONE
            return _Decision(change, job, f"is not scheduled: {error}")

    def _decide(self, job: Job | None, definition: Definition) -> _Decision:
        if job is None:
            return _Decision(_Change.ADD, self._new(definition))
        if job.state in (JobState.REMOVED, JobState.CANCELLED):
            return self._taken_out(job, definition)
        if definition.schedule.syntax is Syntax.REBOOT:
            return self._reboot(job, definition)
        if job.state in (JobState.FINISHED, JobState.RETIRED):
            return self._ended(job, definition)
        return self._active(job, definition)

    def _active(self, job: Job, definition: Definition) -> _Decision:
        """A job that is scheduled or paused."""
        if job.definition == definition:
            return _Decision(_Change.NONE, job)
        in_last_run = job.due is None and job.fired > 0
        is_same = _same_text if in_last_run else _same_moments
        if not is_same(job.definition, definition):
            return self._anew(job, definition)
        changed = replace(job, definition=definition)
        if job.due is None:
            return _continued(changed, self.triggers.following(changed, self.now))
        if _is_spent(changed) or _is_late(definition, job.due):
            state = job_after(job.state, JobEvent.EXHAUST) or job.state
            return _Decision(_Change.REPLACE, replace(changed, due=None, state=state))
        return _continued(changed, job.due)

    def _ended(self, job: Job, definition: Definition) -> _Decision:
        """A job that is finished, or whose line was gone and has come back."""
        if job.state is JobState.FINISHED and job.definition == definition:
            return _Decision(_Change.NONE, job)
        if not job.fired or not _same_text(job.definition, definition):
            return self._anew(job, definition)
        changed = replace(job, definition=definition)
        due = self.triggers.following(changed, self.now)
        if due is not None:
            return _continued(changed, due)
        came_back = "has come back and was due before; change its time to have it due again"
        return _Decision(_Change.NONE, job, came_back if job.state is JobState.RETIRED else "")

    def _reboot(self, job: Job, definition: Definition) -> _Decision:
        """An ``@reboot`` job, due at every start and at no other time."""
        if not _same_text(job.definition, definition):
            return self._anew(job, definition)
        changed = replace(job, definition=definition)
        if _is_spent(changed):
            return _Decision(_Change.NONE, job)
        if self.starting and job.state is not JobState.PAUSED:
            due = self._first(definition)
            return _continued(replace(changed, anchor=due), due)
        if job.state is JobState.RETIRED:
            return _continued(changed, None)
        return _Decision(_Change.NONE, job) if changed == job else _continued(changed, job.due)

    def _taken_out(self, job: Job, definition: Definition) -> _Decision:
        """A job that its status removed or a user cancelled.

        A line without a name that has changed is another identity, so here it
        is the same line, whatever the defaults above it.
        """
        if definition.name is not None and job.definition != definition:
            return self._anew(job, definition)
        notice = _taken_out_notice(job) if self.starting else ""
        return _Decision(_Change.NONE, job, notice)

    def _new(self, definition: Definition) -> Job:
        due = self._first(definition)
        return Job(
            id=self.new_id(self.now),
            definition=definition,
            state=JobState.SCHEDULED,
            created=self.now,
            anchor=due,
            due=due,
        )

    def _anew(self, job: Job, definition: Definition) -> _Decision:
        """*job* with a new schedule, as if accepted now."""
        due = self._first(definition)
        changed = replace(job, definition=definition, created=self.now, anchor=due, fired=0)
        return _continued(changed, due)

    def _first(self, definition: Definition) -> float | None:
        """The first due time of a job accepted now.

        :raises PastInstant: there is none.
        """
        if definition.schedule.syntax is Syntax.REBOOT and not self.starting:
            return None
        due = self.triggers.first(definition, self.now)
        if due is None:
            raise PastInstant(definition.schedule.text, "no due time is left for it")
        return due


def _by_identity(jobs: Iterable[Job]) -> tuple[dict[str | None, Job], list[Job]]:
    """The newest job of each identity, and those that it supersedes."""
    newest: dict[str | None, Job] = {}
    superseded = []
    for job in sorted(jobs, key=lambda job: job.id):
        earlier = newest.get(job.definition.identity)
        if earlier:
            superseded.append(earlier)
        newest[job.definition.identity] = job
    return newest, superseded


def _jobs(decisions: Iterable[_Decision], change: _Change) -> tuple[Job, ...]:
    return tuple(one.job for one in decisions if one.change is change and one.job)


def _continued(job: Job, due: float | None) -> _Decision:
    """*job* goes on, due at *due*, in the state that its replacement has."""
    state = job_after(job.state, JobEvent.REPLACE) or job.state
    return _Decision(_Change.REPLACE, replace(job, due=due, state=state, reason=""))


def _same_text(one: Definition, other: Definition) -> bool:
    left, right = one.schedule, other.schedule
    return (left.syntax, left.text) == (right.syntax, right.text)


def _same_moments(one: Definition, other: Definition) -> bool:
    """Whether the due times of both are the same, but for where they end."""
    left, right = one.schedule, other.schedule
    return _same_text(one, other) and (left.zone, left.jitter) == (right.zone, right.jitter)


def _is_spent(job: Job) -> bool:
    """Whether the job has had all the due times it may have."""
    times = job.definition.schedule.times
    return times is not None and job.fired >= times


def _is_late(definition: Definition, due: float) -> bool:
    until = definition.schedule.until
    return until is not None and due > until


def _label(definition: Definition) -> str:
    request = definition.request
    return definition.name or f"{request.method} {request.target}"


def _taken_out_notice(job: Job) -> str:
    why = f" ({job.reason})" if job.reason else ""
    if job.state is JobState.CANCELLED:
        return f"stays cancelled{why} until its line changes"
    known_as = job.definition.name or job.id
    return f"stays removed{why} until its line changes or `jobqueue resume {known_as}`"
