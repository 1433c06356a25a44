"""What a client can ask of an engine, whatever it asks through.

The verbs know the store by its interfaces, and neither AMP nor HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime

from jqengine.errors import BadValue, JobQueueError, NoSuchJob, NotInTime, NotPossible
from jqengine.interfaces import IClock, IQueueControl, IStore, ITriggers
from jqengine.job import Definition, Duplicate, Job, Result, Run, Step, Syntax
from jqengine.lifecycle import UNFINISHED_JOBS, UNFINISHED_RUNS, JobEvent, JobState, RunState
from jqengine.plan import CrontabPlan
from jqengine.queries import JobFilter, JobOrder, Page, RunFilter, RunReport
from jqengine.remote.continuations import Continuations
from jqengine.remote.groups import GroupVerbs
from jqengine.remote.intake import Intake, first_due
from jqengine.remote.nodes import NodeVerbs
from jqengine.remote.oversight import Oversight
from jqengine.remote.submission import NOTHING, Submissions
from jqengine.remote.waits import Ended, Waits, mark_of
from jqengine.units import format_duration

MOST_JOBS_AT_ONCE = 1000
MOST_ON_A_PAGE = 1000

MOST_THAT_FIT = 150
"""Items that the store is asked for: more of them do not fit into one answer."""

LONGEST_REASON = 200
"""Characters of what a person says of a step."""

SOON = 20.0
"""Seconds; what is due later is found by the look that the engine takes anyway,
at the latest after 30."""

ANSWERED_RUNS = frozenset({RunState.FINISHED, RunState.FAILED})

Answer = tuple[Job, bool] | JobQueueError
"""The job that came of a submission and whether it was there before, or what is wrong."""


class Verbs:
    """Every verb as a coroutine.  For the reactor thread.

    Each raises :class:`~jqengine.errors.NoSuchJob` for an id or name that
    nothing has, and the errors of the store.

    :param new_id: makes the id of a job or run from the instant.
    :param wake: called when there may be something to run.
    :param reload: reads the crontabs again; raises what is wrong with them.
    :ivar continuations: what can be asked about continuations.
    :ivar oversight: what those can ask who look closely.
    :ivar nodes: what can be asked about nodes.
    :ivar groups: what can be asked about groups, and about everything.
    """

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: IStore,
        control: IQueueControl,
        triggers: ITriggers,
        submissions: Submissions,
        waits: Waits,
        continuations: Continuations,
        nodes: NodeVerbs,
        oversight: Oversight,
        new_id: Callable[[float], str],
        wake: Callable[[], None],
        reload: Callable[[], Awaitable[CrontabPlan]],
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._control = control
        self._submissions = submissions
        self._waits = waits
        self._wake = wake
        self._triggers = triggers
        self._new_id = new_id
        self.continuations = continuations
        self.nodes = nodes
        self.groups = GroupVerbs(control, clock, wake)
        self.oversight = oversight
        self.reload = reload

    async def check(self, said: dict[str, Any]) -> Job:
        """The job that would come of *said*; nothing is added.

        :raises JobQueueError: what :meth:`schedule` would raise.
        """
        [answer] = await self._without_crontab_names([self.intake().job(said)])
        if isinstance(answer, JobQueueError):
            raise answer
        return await self.continuations.with_request(answer)

    def intake(self) -> Intake:
        """What reads submissions, all at this instant."""
        return Intake(self._submissions, self._triggers, self._new_id, self._clock.now())

    async def schedule(self, said: dict[str, Any]) -> tuple[Job, bool]:
        """Schedule one job; whether its key was held, so that it was there before.

        :raises BadValue, BadRequest, BadSchedule, NotPossible: it is refused.
        """
        [answer] = await self.schedule_many([said])
        if isinstance(answer, JobQueueError):
            raise answer
        return answer

    async def schedule_many(
        self, saids: Sequence[object], defaults: Mapping[str, Any] = NOTHING
    ) -> list[Answer]:
        """Schedule jobs in one step; an answer for each, in order.

        :param defaults: what stands where a job says nothing.
        """
        intake = self.intake()
        answers = [intake.job(said, defaults) for said in saids]
        answers = await self._without_crontab_names(answers)
        jobs = [answer for answer in answers if isinstance(answer, Job)]
        accepted = iter(await self._add(jobs) if jobs else ())
        self._wake_for(jobs)
        return [_answer(one, next(accepted)) if isinstance(one, Job) else one for one in answers]

    async def schedule_together(
        self, saids: Sequence[object], defaults: Mapping[str, Any] = NOTHING
    ) -> list[Answer]:
        """Schedule jobs in one step, all or none; an answer for each, in order.

        :raises JobQueueError: one of them is refused.
        """
        intake = self.intake()
        answers = await self._without_crontab_names([intake.job(one, defaults) for one in saids])
        jobs: list[Job] = []
        for answer in answers:
            if isinstance(answer, JobQueueError):
                raise answer
            jobs.append(answer)
        accepted = await self._store.add(jobs) if jobs else ()
        self._wake_for(jobs)
        return [_answer(*pair) for pair in zip(jobs, accepted, strict=True)]

    def _wake_for(self, jobs: Sequence[Job]) -> None:
        """Have the queue looked at, unless it will be before any of *jobs* is due."""
        soon = self._clock.now() + SOON
        if any(job.due is None or job.due < soon for job in jobs):
            self._wake()

    async def _add(self, jobs: Sequence[Job]) -> Sequence[Job | JobQueueError]:
        """What the store says to each of *jobs*, asked in their order.

        One that may be refused is asked for by itself, so that no other is
        refused with it.
        """
        if not any(map(_may_be_refused, jobs)):
            return await self._store.add(jobs)
        parts: list[list[Job]] = []
        for alone, some in groupby(jobs, _may_be_refused):
            together = list(some)
            parts += [[job] for job in together] if alone else [together]
        asked = [Deferred.fromCoroutine(self._add_some(part)) for part in parts]
        return list(chain.from_iterable(await gatherResults(asked)))

    async def _add_some(self, jobs: Sequence[Job]) -> Iterable[Job | JobQueueError]:
        try:
            return await self._store.add(jobs)
        except JobQueueError as error:
            return [error] * len(jobs)

    async def _without_crontab_names(
        self, answers: list[Job | JobQueueError]
    ) -> list[Job | JobQueueError]:
        """*answers*, with an error for each job of a name that a crontab has."""
        named = [n for n, one in enumerate(answers) if isinstance(one, Job) and one.definition.name]
        for number in named:
            job = answers[number]
            assert isinstance(job, Job)
            answers[number] = await self._unless_of_the_crontab(job)
        return answers

    async def _unless_of_the_crontab(self, job: Job) -> Job | JobQueueError:
        known = await self._store.job_named(job.definition.identity or "")
        if known is None or known.state is JobState.RETIRED or not _is_crontab(known):
            return job
        return NotPossible(f"{known.label} is a line of the crontab; change it there")

    async def find(self, job: str | None, name: str | None) -> Job:
        """The job of an id or a name.

        :raises BadValue: both are given, or none.
        """
        if (job is None) == (name is None):
            raise BadValue("expected the id of a job or its name, and not both")
        found = await (self._store.job(job) if job else self._store.job_named(name or ""))
        if found is None:
            raise NoSuchJob(f"there is no job {job or name}")
        return found

    async def jobs(
        self, wanted: JobFilter, order: JobOrder, after: str | None, limit: int
    ) -> Page[Job]:
        """A page of jobs."""
        return await self._control.find_jobs(wanted, order, after, _page_size(limit))

    async def runs(self, wanted: RunFilter, after: str | None, limit: int) -> Page[RunReport]:
        """A page of runs, the newest first."""
        return await self._control.find_runs(wanted, after, _page_size(limit))

    async def results(self, run_id: str) -> Sequence[tuple[int, Result]]:
        """The recorded attempts of a run, in order."""
        return await self._store.results(run_id)

    async def body(self, run_id: str, attempt: int, offset: int, size: int) -> tuple[bytes, int]:
        """A piece of a result's body, and the length of the whole."""
        return await self._control.body(run_id, attempt, offset, size)

    async def stats(self) -> dict[str, int]:
        """Counts by state; of a long history some seconds old."""
        return await self.oversight.counts.stats()

    async def cancel(self, job: Job) -> Job:
        """Take a job back."""
        cancelled = await self._step(Step(job.id, JobEvent.CANCEL, reason="cancelled on request"))
        if await self._latest(job, UNFINISHED_RUNS) is None:
            self._waits.give_up(job.id, NotPossible(f"{job.label} was cancelled"))
        return cancelled

    async def pause(self, job: Job, reason: str | None = None) -> Job:
        """Hold a job.

        :param reason: for people.
        :raises BadValue: it is too long.
        """
        if reason is not None and len(reason) > LONGEST_REASON:
            raise BadValue(f"reason: expected up to {LONGEST_REASON} characters")
        return await self._step(Step(job.id, JobEvent.PAUSE, reason=reason or "paused on request"))

    async def resume(self, job: Job) -> Job:
        """Let a paused or removed job go on.

        What is due once and was missed meanwhile is due at once.
        """
        now = self._clock.now()
        due = job.due
        if due is None or due <= now:
            due = self._triggers.following(job, now) or due
        if due is None and job.definition.schedule.syntax is not Syntax.REBOOT:
            raise NotPossible(f"{job.label} has no due time left; give it one")
        return await self._step(Step(job.id, JobEvent.RESUME, due=due))

    async def reschedule(self, job: Job, said: Mapping[str, Any]) -> Job:
        """Give a job another time.

        :raises BadValue, BadSchedule: it is not understood.
        """
        if _is_crontab(job):
            raise NotPossible(f"{job.label} is a line of the crontab; change it there")
        if not any(said.get(syntax.value) is not None for syntax in Syntax):
            raise BadValue("the new time is missing; expected one of cron, every, at, when, after")
        schedule = self._submissions.schedule(said)
        due = first_due(
            self._triggers, replace(job.definition, schedule=schedule), self._clock.now()
        )
        return await self._step(Step(job.id, JobEvent.REPLACE, due=due, schedule=schedule))

    async def run_now(self, job: Job, run_id: str | None) -> Run:
        """Run a job once now."""
        now = self._clock.now()
        run = await self._control.run_now(job.id, run_id or self._new_id(now), now)
        self._wake()
        return run

    async def retry(self, run_id: str) -> Run:
        """Give an ended run one more attempt."""
        run = await self._control.reopen(run_id, self._clock.now())
        self._wake()
        return run

    async def latest_run(self, job: Job) -> Run:
        """The newest run of a job.

        :raises NotPossible: it has none.
        """
        runs = await self._store.runs(job.id, 1)
        if not runs:
            raise NotPossible(f"{job.label} has no run yet")
        return runs[0]

    async def wait(self, job: Job, timeout: float | None) -> Ended:
        """The end of the last run of a job that is over, else of its next run.

        :param timeout: seconds, or ``None`` to wait for ever.
        :raises NotInTime: it has not come by then.
        :raises NotPossible: nothing can come.
        """
        before = await self._latest(job, ANSWERED_RUNS)
        coming = self._waits.next_of(job.id, None if before is None else mark_of(before))
        try:
            over = await self._over(job.id)
            if over is not None:
                return over
            if timeout is not None:
                coming.addTimeout(timeout, self._reactor)
            return await coming
        except TimedOut:
            # Another process may have run it, unheard here.
            over = await self._over(job.id)
            if over is not None:
                return over
            limit = format_duration(timeout or 0)
            raise NotInTime(f"{job.label} has not ended within {limit}") from None
        finally:
            coming.addErrback(lambda _: None)
            coming.cancel()

    async def last_end(self, job_id: str) -> Ended | None:
        """The last end of a run of a job, if there was one.

        :raises NotPossible: nothing can come any more.
        """
        over = await self._over(job_id)
        if over is not None:
            return over
        run = await self._latest(await self.find(job_id, None), ANSWERED_RUNS)
        return None if run is None else await self._with_result(run)

    async def _over(self, job_id: str) -> Ended | None:
        """The last run of a job of which no other will come, once it has ended."""
        job = await self.find(job_id, None)
        if job.state in UNFINISHED_JOBS or await self._latest(job, UNFINISHED_RUNS):
            return None
        if job.state is JobState.CANCELLED:
            raise NotPossible(f"{job.label} is cancelled")
        run = await self._latest(job, ANSWERED_RUNS)
        if run is None:
            raise NotPossible(f"{job.label} is {job.state}, and nothing is known of a result")
        return await self._with_result(run)

    async def _with_result(self, run: Run) -> Ended:
        results = await self._store.results(run.id)
        return run, (results[-1][1] if results else None)

    async def _latest(self, job: Job, states: frozenset[RunState]) -> Run | None:
        """The latest run of *job* in one of *states*."""
        wanted = RunFilter(job_id=job.id, states=states)
        page = await self._control.find_runs(wanted, None, 1)
        return page.items[0].run if page.items else None

    async def _step(self, step: Step) -> Job:
        job = await self._control.steer(step, self._clock.now())
        self._wake()
        return job


def _answer(asked: Job, accepted: Job | JobQueueError) -> Answer:
    """What to say of *asked*, which the store answered with *accepted*."""
    if isinstance(accepted, JobQueueError):
        return accepted
    as_asked = _as_asked(accepted.definition, asked.definition)
    if accepted.id != asked.id:
        replaced = asked.definition.identity is not None and as_asked == asked.definition
        return accepted, not replaced and asked.definition.policy.duplicate is Duplicate.FIRST
    if _is_held_by_both(accepted, asked):
        return accepted, False
    if as_asked.request != asked.definition.request:
        return NotPossible(f"the id {asked.id} is that of another job")
    return accepted, False


def _is_held_by_both(one: Job, other: Job) -> bool:
    """Whether both have one key: what is under it may have been replaced meanwhile."""
    key = one.definition.policy.key
    return key is not None and key == other.definition.policy.key


def _as_asked(accepted: Definition, asked: Definition) -> Definition:
    """*accepted*, its saved request as that of *asked* if both are of one continuation."""
    got, wanted = accepted.request.continuation, asked.request.continuation
    if wanted is None or got is None or got.id != wanted.id:
        return accepted
    return replace(accepted, request=asked.request)


def _may_be_refused(job: Job) -> bool:
    """Whether the store may refuse *job* for what it finds there."""
    definition = job.definition
    holds = definition.policy.duplicate is not Duplicate.FIRST
    return holds or definition.request.continuation is not None


def _is_crontab(job: Job) -> bool:
    return job.definition.origin == "crontab"


def _page_size(limit: int) -> int:
    if not 1 <= limit <= MOST_ON_A_PAGE:
        raise BadValue(f"limit: expected 1 to {MOST_ON_A_PAGE}")
    return min(limit, MOST_THAT_FIT)
