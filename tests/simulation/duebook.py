"""The bookkeeper's idea of jobs: when each is due, and what became of each due time.

A job's life is a chain of *epochs*: stretches in which nobody changed it.
Within an epoch its due times follow from its schedule alone, and each of them,
in order and without a gap, must have become a run or a recorded skip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from jqengine.job import Firing, Job, Overlap, Syntax
from jqengine.lifecycle import UNFINISHED_RUNS, JobState
from jqengine.triggers.triggers import Triggers
from tests.simulation.final import Final
from tests.simulation.history import READ, STEPPED, Effect, Happened, Moment

ONCE = (Syntax.AT, Syntax.WHEN, Syntax.AFTER, Syntax.NOW)
PASSED_OVER = "were passed over"
_TRIGGERS = Triggers()


@dataclass
class Epoch:
    """A stretch of a job's life.

    :ivar job: as it was when the epoch began.
    :ivar handled: the due times that were fired, in order; each with whether
        it stands for a stretch that was passed over.
    """

    job: Job
    opened: Moment
    handled: list[tuple[float, bool]] = field(default_factory=list)

    def chain(self) -> Iterator[float]:
        """The due times that follow from the schedule."""
        job, due = self.job, self.job.due
        while due is not None:
            yield due
            job = replace(job, fired=job.fired + 1)
            due = _TRIGGERS.following(job, due)


@dataclass
class Life:
    """A job.

    :ivar due: the next due time, as the store should have it.
    """

    job_id: str
    state: JobState
    due: float | None
    epochs: list[Epoch]
    by_hand: set[str] = field(default_factory=set)

    @property
    def epoch(self) -> Epoch:
        """The one it is in."""
        return self.epochs[-1]


class DueBook:
    """Every job that is more than a run, as it should be.

    :ivar effective: the firings of the last effect that took place.
    """

    def __init__(self) -> None:
        self._lives: dict[str, Life] = {}
        self.effective: list[Firing] = []
        self._read: dict[object, Moment] = {}
        self._stepped = float("-inf")

    def state(self, job_id: str) -> JobState | None:
        """The state of a job, as it should be but for an end that came by itself."""
        return self._lives[job_id].state if job_id in self._lives else None

    def overlaps(self, job_id: str) -> set[Overlap]:
        """What a job has ever said about overlaps."""
        epochs = self._lives[job_id].epochs if job_id in self._lives else []
        return {epoch.job.definition.policy.overlap for epoch in epochs}

    def happened(self, event: Happened) -> None:
        """Note what bears on the time at which something was decided."""
        if event.what == READ:
            self._read[event.when.who] = event.when
        elif event.what == STEPPED:
            self._stepped = event.when.at

    def read(self, event: Effect) -> Iterator[str]:
        """Book an effect; what is wrong with it."""
        if event.call == "add":
            for job in event.answer:
                self._meet(job, event.when)
        elif event.call == "steer":
            self._meet(event.answer, event.when)
        elif event.call == "apply":
            yield from self._book_apply(event)
        elif event.call == "fire":
            self.effective = []
            for firing in event.said["firings"]:
                yield from self._book_firing(firing, event)
        elif event.call == "record":
            self._book_removals(event)
        elif event.call == "run_now" and event.answer.job_id in self._lives:
            self._lives[event.answer.job_id].by_hand.add(event.answer.id)

    def _meet(self, job: Job, when: Moment) -> Epoch | None:
        """Take note of *job* as it is now; the epoch before, if another begins."""
        if job.definition.identity is None and job.definition.policy.key is None:
            return None
        life = self._lives.get(job.id)
        if life is None:
            self._lives[job.id] = Life(job.id, job.state, job.due, [Epoch(job, when)])
            return None
        if _is_as_known(life, job):
            return None
        before = life.epoch
        life.state, life.due = job.state, job.due
        life.epochs.append(Epoch(job, when))
        return before

    # The crontab is read again.

    def _book_apply(self, event: Effect) -> Iterator[str]:
        for job in event.answer:
            known = self._lives.get(job.id)
            due_before = known.due if known else None
            before = self._meet(job, event.when)
            if before is not None or known is None:
                yield from self._why_not(job, before, due_before, event)

    def _why_not(
        self, job: Job, before: Epoch | None, due_before: float | None, event: Effect
    ) -> Iterator[str]:
        syntax = job.definition.schedule.syntax
        read = self._read.get(event.when.who)
        if job.due is None or syntax is Syntax.REBOOT or read is None:
            return
        if before is not None and _is_same(before.job, job) and due_before not in (None, job.due):
            yield (
                f"{job.id}: an edit that left its schedule alone moved its due time "
                f"from {due_before} to {job.due}"
            )
        sure = self._stepped < read.at
        if sure and job.due < read.wall and job.due != due_before:
            yield f"{job.id}: an edit made it due at {job.due}, before it was read at {read.wall}"

    # Due times.

    def _book_firing(self, firing: Firing, event: Effect) -> Iterator[str]:
        life = self._lives.get(firing.job_id)
        if life is None:
            yield f"{firing.job_id}: fires and was never accepted"
            return
        if life.state is not JobState.SCHEDULED or life.due != firing.expected:
            return
        if max((*firing.runs, firing.expected)) > event.said["now"]:
            yield f"{firing.job_id}: fires before it is due"
        handled = [(due, False) for due in firing.runs]
        handled += [(skip.due, PASSED_OVER in skip.reason) for skip in firing.skips]
        life.epoch.handled += sorted(handled)
        life.due = firing.next_due
        self.effective.append(firing)

    def _book_removals(self, event: Effect) -> None:
        for outcome, taken in zip(event.said["outcomes"], event.answer, strict=True):
            life = self._lives.get(outcome.job_id)
            if not taken or life is None or outcome.verdict.remove is None:
                continue
            if life.state in (JobState.SCHEDULED, JobState.PAUSED) and not _is_exhausted(life):
                life.state, life.due = JobState.REMOVED, None

    # In the end.

    def end(self, final: Final, horizon: float) -> Iterator[str]:
        """Which due times were lost, invented or not seen to."""
        rows = _rows_by_job(final)
        for life in self._lives.values():
            job = final.jobs.get(life.job_id)
            if job is None:
                yield f"{life.job_id}: is not in the store any more"
                continue
            if job.due != life.due:
                yield f"{life.job_id}: is due at {job.due} in the store, should be at {life.due}"
            if job.state is JobState.SCHEDULED and job.due is not None and job.due <= horizon:
                yield f"{life.job_id}: due at {job.due} and nobody saw to it until {horizon}"
            yield from _ghost(job, final)
            for epoch in life.epochs:
                yield from broken_chain(epoch)
            yield from _rows_agree(life, rows.get(life.job_id, {}))
        yield from _fired_once(self._lives.values())


def _ghost(job: Job, final: Final) -> Iterator[str]:
    """A job that says it is scheduled, and of which nothing will ever come."""
    if job.state is not JobState.SCHEDULED or job.due is not None:
        return
    runs = [row.report.run for row in final.rows.values() if row.report.run.job_id == job.id]
    over = all(run.state not in UNFINISHED_RUNS for run in runs)
    if over and job.definition.schedule.syntax is not Syntax.REBOOT:
        yield f"{job.id}: is scheduled and has nothing to come"


def _is_as_known(life: Life, job: Job) -> bool:
    """Whether nothing was done to *job* but that time went by."""
    last = life.epoch.job
    return (
        life.due == job.due
        and (life.state is job.state or job.state is JobState.FINISHED)
        and (last.anchor, last.created) == (job.anchor, job.created)
        and last.definition == job.definition
    )


def _is_same(one: Job, other: Job) -> bool:
    """Whether both have one schedule and neither had left the queue."""
    return (
        one.definition.schedule == other.definition.schedule
        and one.state is other.state is JobState.SCHEDULED
    )


def _is_exhausted(life: Life) -> bool:
    reboot = life.epoch.job.definition.schedule.syntax is Syntax.REBOOT
    over = bool(life.epoch.handled) or life.epoch.job.due is None
    return life.due is None and not reboot and over


def broken_chain(epoch: Epoch) -> Iterator[str]:
    """Where what was fired leaves the chain of due times."""
    chain, job_id = epoch.chain(), epoch.job.id
    passed_over = False
    for due, stands_for_many in epoch.handled:
        if stands_for_many:
            passed_over = True
            continue
        expected = next(chain, None)
        while passed_over and expected is not None and expected < due:
            expected = next(chain, None)
        passed_over = False
        if expected != due:
            yield f"{job_id}: {due} was fired where its schedule has {expected}"
            return


def _rows_by_job(final: Final) -> dict[str, dict[float, str]]:
    rows: dict[str, dict[float, str]] = {}
    for row in final.rows.values():
        run = row.report.run
        of_job = rows.setdefault(run.job_id, {})
        if run.due in of_job:
            of_job[run.due] = "twice"
        else:
            of_job[run.due] = run.id
    return rows


def _rows_agree(life: Life, rows: dict[float, str]) -> Iterator[str]:
    """Each due time that was fired is a row, and each row is one of those or made by hand."""
    fired = {due for epoch in life.epochs for due, _ in epoch.handled}
    for due in sorted(fired - rows.keys()):
        yield f"{life.job_id}: due time {due} was fired and has no row"
    for due, run_id in rows.items():
        if run_id == "twice":
            yield f"{life.job_id}: due time {due} has two rows"
        elif due not in fired and run_id not in life.by_hand:
            yield f"{run_id}: a row of {life.job_id} at {due}, which was not fired"


def _fired_once(lives: Iterable[Life]) -> Iterator[str]:
    """A one-time line of the crontab fires once, as long as its text stays."""
    for life in lives:
        times: dict[tuple[Syntax, str], int] = {}
        for epoch in life.epochs:
            schedule = epoch.job.definition.schedule
            once = schedule.syntax in ONCE and not _recurs(epoch.job)
            if once and epoch.job.definition.origin == "crontab":
                key = (schedule.syntax, schedule.text)
                times[key] = times.get(key, 0) + len(epoch.handled)
        for (syntax, text), count in times.items():
            if count > 1:
                yield f"{life.job_id}: {syntax} {text!r} is one time and was fired {count} times"


def _recurs(job: Job) -> bool:
    due = job.due
    if due is None:
        return job.definition.schedule.text.startswith("every")
    return _TRIGGERS.following(replace(job, fired=0), due) is not None
