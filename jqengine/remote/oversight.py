"""What those can ask who look closely and put things right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from twisted.internet.interfaces import IReactorTime

from jqengine.delivery import Delivery
from jqengine.errors import BadValue, ChangedMeanwhile, NoSuchJob, NotPossible
from jqengine.interfaces import (
    IClock,
    IDeliveryStore,
    IOversight,
    IQueueControl,
    IStore,
    ITriggers,
)
from jqengine.job import Definition, Job, Request, Run, Schedule, Syntax
from jqengine.lifecycle import DeliveryState, JobState, RunState
from jqengine.queries import (
    Amended,
    DeliveryFilter,
    JobFilter,
    JobOrder,
    Page,
    RunAccount,
    RunFilter,
    RunReport,
    SinkEnds,
    SinkState,
)
from jqengine.redaction import Redactor, is_form
from jqengine.remote.counting import Counts
from jqengine.remote.editing import changed_request, edited, version_of
from jqengine.remote.foresight import Foresight
from jqengine.remote.intake import first_due
from jqengine.remote.pulse import Beat, Pulse
from jqengine.remote.submission import Submissions

MOST_ON_A_PAGE = 1000
MOST_REDRIVEN = 500
"""Dead letters that are taken up in one step of many."""

LARGEST_FORM = 1024 * 1024
"""Bytes of a form that is looked through for secrets."""

SHOWN = 5
"""Of each kind of thing that needs somebody, so many are shown at a glance."""

MOST_RUNNING = 25

_RUNNING = RunFilter(states=frozenset({RunState.RUNNING}))
_REMOVED = JobFilter(states=frozenset({JobState.REMOVED}))
_SCHEDULED = JobFilter(states=frozenset({JobState.SCHEDULED}))
_DEAD = DeliveryFilter(states=frozenset({DeliveryState.DEAD}))


def _nothing(lane: str) -> None:
    """For an engine without sinks."""


async def _none_missing() -> Sequence[str]:
    """For an engine that has its store for itself."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insides:
    """What an engine knows of itself that its store does not.

    :ivar redriven: called with each lane that has something to do again.
    :ivar sink_ends: how the last tries at each sink went, by what it is shown as.
    :ivar stuck_threads: how many threads a job does not give back.
    :ivar missing_nodes: the names of nodes that were not heard of for a while.
    """

    redriven: Callable[[str], object] = _nothing
    sink_ends: Callable[[], Mapping[str, SinkEnds]] = field(default=dict)
    stuck_threads: Callable[[], int] = field(default=lambda: 0)
    missing_nodes: Callable[[], Awaitable[Sequence[str]]] = _none_missing


NOTHING_INSIDE = Insides()


class Glance(NamedTuple):
    """How the engine is; see :class:`jqengine.wire.oversightviews.Overview`."""

    at: float
    stats: Mapping[str, int]
    next: Job | None
    running: Sequence[RunReport]
    removed: Sequence[Job]
    dead: Sequence[Delivery]
    dead_count: int
    failing: Sequence[tuple[SinkState, SinkEnds]]
    stuck_threads: int
    missing_nodes: Sequence[str]
    beats: Sequence[Beat]


class Oversight:
    """The verbs of :class:`jqengine.client.overseeing.Overseeing`.  For the reactor thread.

    :param pulse: counts what ends.
    :param wake: called when there may be something to run.
    :ivar counts: counts what there is.
    :ivar foresight: finds due times to come.
    """

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: IStore,
        triggers: ITriggers,
        submissions: Submissions,
        redactor: Redactor,
        pulse: Pulse,
        insides: Insides,
        new_id: Callable[[float], str],
        wake: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._store = store
        self._control = IQueueControl(store)
        self._close = IOversight(store)
        self._deliveries = IDeliveryStore(store)
        self._triggers = triggers
        self._submissions = submissions
        self._redactor = redactor
        self._pulse = pulse
        self._insides = insides
        self._new_id = new_id
        self._wake = wake
        self.counts = Counts(reactor, lambda: store.stats(clock.now()))
        self.foresight = Foresight(reactor, clock, self._control, triggers, submissions)

    async def run(self, run_id: str) -> RunAccount:
        """All that is known of a run but for bodies."""
        account = await self._close.run_account(run_id)
        if account is None:
            raise NoSuchJob(f"there is no run {run_id}")
        return account

    async def request_body(
        self, key: str, offset: int, size: int, redactor: Redactor
    ) -> tuple[bytes, int]:
        """A piece of the body of a run's or a job's request, and the length of the whole.

        The fields of a form that have the names of secrets are hidden.

        :raises NotPossible: the request is a saved one, or a form that is too long
            to look for secrets in it.
        """
        account = await self._close.run_account(key)
        if account is not None:
            request: Request | None = account.report.run.request
        else:
            job = await self._store.job(key)
            request = None if job is None else job.definition.request
        if request is not None and request.continuation is not None:
            raise NotPossible("the request is one that was saved; nobody is shown its body")
        if request is None or not is_form(request.headers):
            return await self._close.request_body(key, offset, size)
        form, length = await self._close.request_body(key, 0, LARGEST_FORM)
        if length > LARGEST_FORM:
            raise NotPossible(
                f"the form has {length:,} bytes; only one of at most {LARGEST_FORM:,} is shown"
            )
        shown = redactor.form(form)
        return shown[offset : offset + size], len(shown)

    async def deliveries(
        self, wanted: DeliveryFilter, after: str | None, limit: int
    ) -> Page[Delivery]:
        """A page of deliveries, the newest first."""
        if not 1 <= limit <= MOST_ON_A_PAGE:
            raise BadValue(f"limit: expected 1 to {MOST_ON_A_PAGE}")
        return await self._close.find_deliveries(wanted, after, limit)

    async def redrive(self, delivery_id: str) -> int:
        """Try a dead letter again; 1, or 0 if it was none."""
        return await self._redrive([delivery_id])

    async def redrive_all(self, sink: str | None) -> int:
        """Try all dead letters again, or those for one sink; how many they were."""
        count, after = 0, None
        wanted = replace(_DEAD, sink=sink)
        while True:
            page = await self._close.find_deliveries(wanted, after, MOST_REDRIVEN)
            count += await self._redrive([one.id for one in page.items])
            after = page.after
            if after is None:
                return count

    async def _redrive(self, ids: Sequence[str]) -> int:
        if not ids:
            return 0
        lanes = await self._deliveries.redrive(ids, self._clock.now())
        for lane in lanes:
            self._insides.redriven(lane)
        return len(ids) if lanes else 0

    async def drop_delivery(self, delivery_id: str) -> bool:
        """Forget a dead letter; whether it was there."""
        return await self._close.drop_delivery(delivery_id)

    async def sinks(self) -> Sequence[tuple[SinkState, SinkEnds]]:
        """Every sink with deliveries that have not arrived, or that this engine has tried."""
        states = {state.sink: state for state in await self._close.sink_states()}
        ends = self._insides.sink_ends()
        return [
            (states.get(sink) or SinkState(sink, 0, 0, 0, ""), ends.get(sink) or SinkEnds())
            for sink in sorted({*states, *ends})
        ]

    async def glance(self) -> Glance:
        """How the engine is."""
        now = self._clock.now()
        stats = await self.counts.stats()
        following = await self._control.find_jobs(_SCHEDULED, JobOrder.DUE, None, 1)
        running = await self._control.find_runs(_RUNNING, None, MOST_RUNNING)
        removed = await self._control.find_jobs(_REMOVED, JobOrder.NEWEST, None, SHOWN)
        sinks = await self.sinks()
        # After the counts, so that what was counted is there to be shown.
        dead = await self._close.find_deliveries(_DEAD, None, SHOWN)
        return Glance(
            at=now,
            stats=stats,
            next=following.items[0] if following.items else None,
            running=running.items,
            removed=removed.items,
            dead=dead.items,
            dead_count=sum(state.dead for state, _ in sinks),
            failing=[one for one in sinks if is_failing(*one)],
            stuck_threads=self._insides.stuck_threads(),
            missing_nodes=await self._insides.missing_nodes(),
            beats=self._pulse.beats(),
        )

    async def edit(
        self,
        job: Job,
        said: Mapping[str, Any],
        *,
        clear: Sequence[str],
        check: bool,
        version: str | None,
    ) -> Job:
        """*job* as it is after a change, or with *check* would be.

        :param said: by the names of the command ``Schedule``.
        :raises NotPossible: it is a crontab's, or over.
        :raises ChangedMeanwhile: *version* is given and not that of the job.
        """
        if job.definition.origin == "crontab":
            raise NotPossible(f"{job.label} is a line of the crontab; change it there")
        if version is not None and version != version_of(job):
            raise ChangedMeanwhile(f"{job.label} was changed meanwhile; look at it again")
        self._check_known(said)
        definition = edited(job.definition, said, clear, self._redactor)
        self._submissions.check_sinks(definition.sinks)
        amended = Amended(definition, self._new_time(job, definition))
        if check:
            return _as_amended(job, amended)
        after = await self._close.amend(job.id, job.definition, amended, self._clock.now())
        self._wake()
        return after

    def _check_known(self, said: Mapping[str, Any]) -> None:
        if "name" in said:
            raise BadValue("name: a job keeps the name that it has")

    def _new_time(self, job: Job, definition: Definition) -> tuple[float, float] | None:
        """What the schedule of *definition* means, if it is not that of *job*."""
        if definition.schedule == job.definition.schedule:
            return None
        if definition.schedule.syntax in (Syntax.NOW, Syntax.REBOOT):
            raise BadValue("the new time is missing; expected one of cron, every, at, when, after")
        now = self._clock.now()
        return now, first_due(self._triggers, definition, now)

    async def retry_changed(self, run_id: str, said: Mapping[str, Any], new_id: str | None) -> Run:
        """A run, of the same job if that is more than a run, with a changed request.

        :param said: what is to be different, by the names of ``Schedule``.
        """
        found = await self._deliveries.run_with_result(run_id, None)
        if found is None:
            raise NoSuchJob(f"there is no run {run_id}")
        [run, _] = found
        request = changed_request(run.request, said, self._redactor)
        now = self._clock.now()
        new_id = new_id or self._new_id(now)
        job = None if run.job_id == run.id else await self._store.job(run.job_id)
        if job is not None:
            made = await self._close.run_changed(job.id, new_id, request, now)
        else:
            made = await self._run_alone(run, request, new_id, now)
        self._wake()
        return made

    async def _run_alone(self, run: Run, request: Request, new_id: str, now: float) -> Run:
        schedule = Schedule(syntax=Syntax.NOW, text="", zone="UTC")
        definition = Definition(
            identity=None,
            name=None,
            request=request,
            schedule=schedule,
            policy=replace(run.policy, key=None),
            sinks=run.sinks,
        )
        job = Job(
            id=new_id,
            definition=definition,
            state=JobState.SCHEDULED,
            created=now,
            anchor=now,
            due=now,
        )
        await self._store.add([job])
        [made] = await self._store.runs(new_id, 1)
        return made


def is_failing(state: SinkState, ends: SinkEnds) -> bool:
    """Whether the last try at a sink that is known of has failed."""
    if ends.failed is None:
        return bool(state.reason) and ends.delivered is None
    return ends.delivered is None or ends.delivered < ends.failed


def _as_amended(job: Job, amended: Amended) -> Job:
    """*job* as it would be."""
    if amended.time is None:
        return replace(job, definition=amended.definition)
    created, due = amended.time
    paused = job.state is JobState.PAUSED
    return replace(
        job,
        definition=amended.definition,
        state=job.state if paused else JobState.SCHEDULED,
        created=created,
        anchor=due,
        due=due,
        fired=0,
    )
