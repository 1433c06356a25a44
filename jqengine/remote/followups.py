"""Jobs that a job has scheduled for its own success: they come with its result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from twisted.logger import Logger
from zope.interface import implementer

from jqengine.delivery import Dispatch
from jqengine.errors import JobQueueError
from jqengine.interfaces import IDelivery
from jqengine.job import Job, Outcome, Result, Run, Verdict
from jqengine.lifecycle import RunState
from jqengine.remote.intake import Intake


class Call(Protocol):
    """Calls the application and waits for its response."""

    def __call__(self, environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
        """The result; given up once *wanted* is false."""


@implementer(IDelivery)
class FollowUps:
    """Adds to what is written with the result of a job the jobs it has scheduled.

    :param delivery: whose plan that is.
    :param held_in: the jobs, as JSON, that the application has scheduled in a
        request for its success; called in a job thread once that has ended.
    :param intake: makes what reads them.
    """

    _log = Logger()

    def __init__(
        self,
        delivery: IDelivery,
        *,
        held_in: Callable[[Mapping[str, Any]], Sequence[str]],
        intake: Callable[[], Intake],
    ) -> None:
        self._delivery = delivery
        self._held_in = held_in
        self._intake = intake
        self._noted: dict[str, tuple[int, Sequence[str]]] = {}

    def noting(self, call: Call) -> Call:
        """*call*, followed by a note of what was scheduled.  For a job host."""

        def called(environ: dict[str, Any], *, wanted: Callable[[], bool]) -> Result:
            result = call(environ, wanted=wanted)
            held = self._held_in(environ)
            # Only a success is sure to end its run, and so to take the note away.
            if held and 0 < result.status < 400 and wanted():
                facts = environ["jobqueue.job"]
                self._noted[facts["run"]] = (facts["attempt"], held)
            return result

        return called

    def plan(self, run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """What is to be written with the result, the follow-ups of a success included."""
        dispatch = self._delivery.plan(run, result, verdict)
        attempt, held = self._noted.pop(run.id, (0, ()))
        if not held or attempt != run.attempt or verdict.state is not RunState.FINISHED:
            return dispatch
        return dispatch._replace(follow_ups=self._jobs(run, held))

    def deliver(self, run: Run, outcome: Outcome) -> None:
        """The outcome of *run* is on disk: see to it that its sinks are told."""
        self._delivery.deliver(run, outcome)

    def _jobs(self, run: Run, held: Sequence[str]) -> tuple[Job, ...]:
        """The jobs of a run, or none if one of them, judged before, is none any more."""
        intake = self._intake()
        answers = [intake.job(json.loads(text)) for text in held]
        jobs = tuple(answer for answer in answers if isinstance(answer, Job))
        if len(jobs) == len(answers):
            return jobs
        [error, *_] = [answer for answer in answers if isinstance(answer, JobQueueError)]
        self._log.error(
            "The {count} jobs that {job} scheduled are not accepted: {error}",
            count=len(held),
            job=run.label,
            run=run.id,
            error=error,
        )
        return ()
