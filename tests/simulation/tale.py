"""A history told by hand, and the store that it ends in, for tests of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jqengine.delivery import Delivery, Dispatch, NewDelivery
from jqengine.job import (
    Definition,
    Firing,
    Job,
    Outcome,
    Owner,
    Policy,
    Request,
    Result,
    Run,
    Schedule,
    Skip,
    Syntax,
    Verdict,
)
from jqengine.lifecycle import DeliveryState, JobState, RunState
from jqengine.queries import RunReport
from tests.simulation.final import Final, Row
from tests.simulation.history import (
    Acknowledged,
    Began,
    Delivered,
    Effect,
    Ended,
    Event,
    Happened,
    Moment,
)
from tests.simulation.seen import Seen

START = 1_800_000_000.0
DUE = START + 10.0
"""The first due time of :data:`JOB`; it has one every ten seconds."""

ALICE, BOB = Owner("alice", "1"), Owner("bob", "1")
LEASE = 60.0


def a_job(**changes: Any) -> Job:
    """A line of the crontab."""
    policy = Policy(**changes.pop("policy", {}))
    schedule = changes.pop("schedule", Schedule(syntax=Syntax.EVERY, text="10s", zone="UTC"))
    job = Job(
        id="job",
        definition=Definition(
            identity="line",
            name="line",
            request=Request(),
            schedule=schedule,
            policy=policy,
            origin="crontab",
        ),
        state=JobState.SCHEDULED,
        created=START,
        anchor=DUE,
        due=DUE,
    )
    return replace(job, **changes)


JOB = a_job()


def a_run(run_id: str = "run", due: float = DUE, attempt: int = 1, **changes: Any) -> Run:
    """A claimed run of it."""
    run = Run(
        id=run_id,
        job_id="job",
        name="line",
        due=due,
        request=Request(),
        policy=Policy(),
        sinks=(),
        state=RunState.RUNNING,
        ready=due,
        attempt=attempt,
        previous_status=None,
    )
    return run._replace(**changes)


def a_result(status: int = 200, body: bytes = b"said") -> Result:
    """What the application said."""
    return Result(status, "", (), body, False, DUE, DUE + 1)


class Tale:
    """Grows by what is told of it; each event comes a second after the one before."""

    def __init__(self) -> None:
        self.history: list[Event] = []
        self.jobs: dict[str, Job] = {}
        self.rows: dict[str, Row] = {}
        self.horizon = DUE + 1
        self._at = 0.0
        self._step = 0.0
        self._executions = 0

    @property
    def seen(self) -> Seen:
        """What the ledger is given."""
        return Seen(self.history, Final(self.jobs, self.rows), self.horizon)

    def at(self, seconds: float) -> None:
        """Go on at this time."""
        self._at = seconds

    def happened(self, what: str, who: Owner = ALICE) -> None:
        """Something did."""
        self.history.append(Happened(self._when(who), what))

    def stepped(self, seconds: float) -> None:
        """The clock was set."""
        self._step += seconds
        self.happened("clock stepped")

    def acknowledged(self, job_id: str) -> None:
        """A client was told."""
        self.history.append(Acknowledged(self._when(ALICE), job_id))

    def effect(self, call: str, answer: Any, who: Owner = ALICE, **said: Any) -> None:
        """A change of the store."""
        when = self._when(who)
        self.history.append(Effect(when, call, {"owner": who, "now": when.wall, **said}, answer))

    def applied(self, *jobs: Job) -> None:
        """A crontab was read, and these are its jobs now."""
        self.happened("reads the crontab")
        self.effect("apply", list(jobs))
        self.jobs.update((job.id, job) for job in jobs)

    def fired(
        self,
        *runs: float,
        expected: float = DUE,
        next_due: float | None = DUE + 10,
        skips: Sequence[Skip] = (),
        **changes: Any,
    ) -> None:
        """Due times became runs, the last of which is kept as *run*."""
        firing = Firing("job", expected, runs, tuple(skips), next_due, next_due is None)
        self.effect("fire", len(runs), firings=[firing._replace(**changes)])
        self.jobs["job"] = replace(self.jobs["job"], due=next_due)
        for number, due in enumerate(runs):
            run = a_run(f"run{number or ''}", due, 0, state=RunState.WAITING)
            self.rows[run.id] = Row(RunReport(run, None, "", None, None), (), ())
        for skip in skips:
            run = a_run(f"skip-{skip.due}", skip.due, 0, state=RunState.SKIPPED)
            self.rows[run.id] = Row(RunReport(run, None, skip.reason, None, None), (), ())

    def claimed(self, *runs: Run, who: Owner = ALICE) -> None:
        """Runs were given to an owner."""
        self.effect("claim", list(runs), who, lease=LEASE)

    def ran(self, run: Run, who: Owner = ALICE, body: bytes = b"said", status: int = 200) -> None:
        """The application was called, and answered."""
        execution = self.began(run, who)
        self.ended(run, execution, who, body, status)

    def began(self, run: Run, who: Owner = ALICE) -> int:
        """The application was called."""
        self._executions += 1
        self.history.append(Began(self._when(who), run.id, run.attempt, self._executions))
        return self._executions

    def ended(
        self,
        run: Run,
        execution: int,
        who: Owner = ALICE,
        body: bytes = b"said",
        status: int = 200,
    ) -> None:
        """It answered."""
        self.history.append(Ended(self._when(who), run.id, run.attempt, execution, status, body))

    def recorded(
        self,
        run: Run,
        who: Owner = ALICE,
        taken: bool = True,
        state: RunState = RunState.FINISHED,
        result: Result | None = None,
        **dispatch: Any,
    ) -> Outcome:
        """The end of an attempt went to the store."""
        result = result or a_result()
        verdict = Verdict(state, run.ready, False, None, "")
        outcome = Outcome(run.id, "job", who, run.attempt, result, verdict, Dispatch(**dispatch))
        self.effect("record", [taken], who, outcomes=[outcome])
        if taken:
            before = self.rows[run.id].results if run.id in self.rows else ()
            report = RunReport(run._replace(state=state), result.status, "", DUE, DUE + 1)
            self.rows[run.id] = Row(report, (*before, (run.attempt, result)), ())
        return outcome

    def delivered(self, run: Run, result: Result, parcel: str = "parcel") -> None:
        """A sink took a result."""
        self.history.append(Delivered(self._when(ALICE), parcel, "note:one", run, result))

    def keep_delivery(self, run_id: str, state: DeliveryState, parcel: str = "parcel") -> None:
        """The store has a delivery of a run in the end."""
        delivery = Delivery(
            parcel, run_id, 1, "job", "note:one", "note:one", state, DUE, 1, None, None, ""
        )
        self.rows[run_id] = self.rows[run_id]._replace(deliveries=(delivery,))

    def _when(self, who: Owner) -> Moment:
        self._at += 1.0
        return Moment(self._at, START + self._at + self._step, who)


A_DELIVERY = NewDelivery("parcel", "note:one", "note:one", False, None)


def a_good_tale() -> Tale:
    """A line is read, is due, runs, and its result is recorded."""
    tale = Tale()
    tale.applied(JOB)
    tale.at(DUE - START)
    tale.fired(DUE)
    tale.claimed(a_run())
    tale.ran(a_run())
    tale.recorded(a_run())
    return tale
