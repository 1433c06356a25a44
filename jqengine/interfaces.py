"""Every seam of the engine on one page.

An interface here is a contract in prose: who calls it on which thread, what
it promises, which errors it raises, and what it does not promise.  Unless a
method says otherwise it is called on the reactor thread, returns at once, and
never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from jqengine.job import Definition, Firing, Job, Outcome, Owner, Result, Run
    from jqengine.plan import CrontabPlan
    from jqengine.sinktools import SinkTools


class IClock(Interface):
    """The wall clock.  Safe to call from any thread.

    It may step in either direction, so it says *when* something is due and
    never *how long* to wait; waiting is the reactor's, on monotonic time.
    """

    def now() -> float:
        """Seconds since the epoch, UTC."""


class ITrigger(Interface):
    """A time text, understood: the due times of one schedule.

    A pure value: it holds no clock, and asking twice gives the same answer.
    """

    recurring = Attribute("Whether more than one due time can come.")

    def next(after: float) -> float | None:
        """The first due time strictly after the instant *after*, or ``None``."""


class ITriggers(Interface):
    """Makes triggers from schedules.  Pure; safe to call from any thread."""

    def first(definition: Definition, now: float) -> float | None:
        """The first due time of a job accepted at *now*, jitter included.

        :raises jqengine.errors.BadSchedule: the text is not understood.
        :raises jqengine.errors.PastInstant: it means an instant not after now.
        """

    def following(job: Job, after: float) -> float | None:
        """The next due time of *job* after *after*, jitter included.

        ``None`` once ``times`` are used up or ``until`` has passed.  The job
        was accepted by :meth:`first`, so this raises nothing.
        """


class IStore(Interface):
    """The durable queue.

    Every method returns a Deferred that fires on the reactor thread, with the
    change on disk.  Calls take effect in the order in which they are made.
    Each fails with :class:`jqengine.errors.StoreUnavailable` (or its kind
    :class:`~jqengine.errors.StoreFull`) when the store cannot be reached; then
    nothing of that call has happened, and no other call is harmed.
    """

    def open() -> Deferred[None]:
        """Start the store's thread and bring the schema up to date.

        :raises jqengine.errors.SchemaTooNew: a newer version wrote it.
        :raises jqengine.errors.StoreError: it cannot be opened; the sentence
            says which path or address, and why.
        """

    def close() -> Deferred[None]:
        """Finish what was asked before, then release thread and files."""

    def add(jobs: Sequence[Job]) -> Deferred[Sequence[Job]]:
        """Accept jobs, all or none.

        A job with an identity replaces the unfinished job of that identity
        and keeps the old id; one with a key that an unfinished job holds is
        not added, and that other job is the answer in its place.
        """

    def crontab_jobs() -> Deferred[Sequence[Job]]:
        """Every job whose origin is ``crontab``, in whatever state."""

    def apply(plan: CrontabPlan) -> Deferred[None]:
        """Make the queue agree with the crontabs, in one transaction."""

    def due_jobs(now: float, limit: int) -> Deferred[Sequence[tuple[Job, int]]]:
        """Scheduled jobs due at *now*, the longest due first.

        Each comes with the number of its unfinished runs.
        """

    def fire(firings: Sequence[Firing], now: float) -> Deferred[int]:
        """Turn due times into runs and move their jobs on, in one transaction.

        A firing whose job has moved meanwhile does nothing.  The job's
        ``fired`` grows by the runs and skips.  When the firing is held, only
        the first run waits to be claimed, and only if the job has no
        unfinished run; the others are held.  An exhausted job becomes finished
        once it has no unfinished run.  Gives the number of runs made.
        """

    def claim(owner: Owner, now: float, limit: int, lease: float) -> Deferred[Sequence[Run]]:
        """Take at most *limit* ready runs: by priority, then by due time.

        Each comes back running, with its attempt counted, leased to *owner*
        until *now* + *lease*.  No run is ever given to two owners.
        """

    def record(outcomes: Sequence[Outcome]) -> Deferred[Sequence[bool]]:
        """Write the ends of attempts, each with its result.

        One answer for each: whether its owner still held that attempt.  A
        refused outcome changes nothing.  A finished or failed run releases the
        run held behind it and makes an exhausted job without other unfinished
        runs finished.  A verdict that says so removes its job, unless that job
        is exhausted: then it is finished all the same.
        """

    def give_back(owner: Owner, run_ids: Sequence[str]) -> Deferred[int]:
        """Return claims of *owner* that never started, their attempt restored."""

    def recover(owner: Owner, now: float, lease: float) -> Deferred[Sequence[Run]]:
        """Take over what earlier boots of this owner's node left running.

        Each run comes back running, leased to *owner* until *now* + *lease*
        with its attempt as it was; the caller records its end as that of any
        other claim.
        """

    def next_ready() -> Deferred[float | None]:
        """The earliest instant at which something becomes due or ready."""

    def job(job_id: str) -> Deferred[Job | None]:
        """The job of that id, an anonymous one-time job included."""

    def job_named(identity: str) -> Deferred[Job | None]:
        """The newest job of that identity."""

    def runs(job_id: str, limit: int) -> Deferred[Sequence[Run]]:
        """The latest runs of a job, newest first."""

    def results(run_id: str) -> Deferred[Sequence[tuple[int, Result]]]:
        """Every recorded attempt of a run with its result, in order."""

    def stats(now: float) -> Deferred[dict[str, int]]:
        """Counts: scheduled, due, running, finished, failed, removed."""

    def prune(before: float, limit: int) -> Deferred[int]:
        """Forget at most *limit* ended runs that finished before *before*."""


class IJobHost(Interface):
    """Runs jobs in the application's job threads.

    It is built with a *deliver* callback, which it calls on the reactor thread
    with a batch of ``(run, result)`` pairs, exactly once for each run that was
    handed over and not abandoned.
    """

    threads = Attribute("Size of the job pool.")
    stuck = Attribute("Number of threads still busy with abandoned runs.")

    def run(runs: Sequence[Run]) -> None:
        """Queue *runs* for the pool, in this order."""

    def unstarted() -> Sequence[Run]:
        """Take back every queued run that no thread has begun."""

    def overdue() -> Sequence[Run]:
        """Runs that a thread began longer ago than their policy's timeout.

        Measured on the reactor's time, from when a thread began the run.
        """

    def abandon(run: Run) -> None:
        """Stop caring about a run: its result, should it come, is dropped."""


class IDelivery(Interface):
    """Hands results to sinks."""

    def deliver(run: Run, result: Result) -> None:
        """Send *result* to every sink of *run*.

        Never raises and never waits: one broken or slow sink is nobody
        else's concern.
        """


class IResultSink(Interface):
    """A place where results go."""

    def deliver(run: Run, result: Result) -> Deferred[None]:
        """Deliver one result; a failure means it should be tried again."""


class IResultSinkFactory(Interface):
    """Makes sinks from URLs.  Found as a Twisted plugin.

    One object per URL scheme; the built-in ones register exactly as a third
    party's would.
    """

    schemes = Attribute("Tuple of the lower-case URL schemes this factory serves.")

    def sink(url: str, tools: SinkTools) -> IResultSink:
        """A sink for *url*.

        :raises jqengine.errors.BadValue: the URL is malformed.
        """


Deliver = Callable[[Sequence[tuple["Run", "Result"]]], None]
"""How an :class:`IJobHost` hands results over, on the reactor thread."""
