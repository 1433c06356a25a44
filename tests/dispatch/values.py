"""Runs, jobs and triggers as the dispatch tests need them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from zope.interface import implementer

from jqengine.interfaces import ITriggers
from jqengine.job import Definition, Job, Policy, Request, Result, Run, Schedule, Syntax
from jqengine.lifecycle import JobState, RunState

NOW = 1_800_000_000.0


def a_run(number: int = 1, **changes: Any) -> Run:
    """A running first attempt of a recurring job, with what *changes* says."""
    run = Run(
        id=f"run-{number}",
        job_id=f"job-{number}",
        name=None,
        due=NOW,
        request=Request(),
        policy=Policy(),
        sinks=("stdout:",),
        state=RunState.RUNNING,
        ready=NOW,
        attempt=1,
        previous_status=None,
    )
    return run._replace(**changes)


def a_result(status: int = 200, reason: str = "", **changes: Any) -> Result:
    """A quick answer of *status*."""
    result = Result(status, reason, (), b"", False, NOW, NOW + 0.01)
    return result._replace(**changes)


def a_job(due: float = NOW, syntax: Syntax = Syntax.EVERY, **policy: Any) -> Job:
    """A scheduled job, due at *due*, ten seconds apart by :class:`EveryTen`."""
    return Job(
        id="job-1",
        definition=Definition(
            identity="one",
            name="one",
            request=Request(),
            schedule=Schedule(syntax=syntax, text="10s", zone="UTC"),
            policy=Policy(**policy),
        ),
        state=JobState.SCHEDULED,
        created=NOW - 1e6,
        anchor=due,
        due=due,
    )


@implementer(ITriggers)
@dataclass(frozen=True)
class EveryTen:
    """Due at every multiple of *interval*, for as long as ``times`` allow."""

    interval: float = 10.0

    def first(self, definition: Definition, now: float) -> float | None:
        """The first multiple after *now*."""
        return (now // self.interval + 1) * self.interval

    def following(self, job: Job, after: float) -> float | None:
        """The next multiple after *after*."""
        schedule = job.definition.schedule
        if schedule.syntax in (Syntax.REBOOT, Syntax.AT):
            return None
        if schedule.times is not None and job.fired >= schedule.times:
            return None
        return self.first(job.definition, after)


def with_times(job: Job, times: int) -> Job:
    """*job* with a limit on its due times."""
    schedule = replace(job.definition.schedule, times=times)
    return replace(job, definition=replace(job.definition, schedule=schedule))
