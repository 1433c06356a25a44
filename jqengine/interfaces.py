"""Every seam of the engine on one page.

An interface here is a contract in prose: who calls it on which thread, what
it promises, which errors it raises, and what it does not promise.  Unless a
method says otherwise it is called on the reactor thread, returns at once, and
never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    # Nothing here runs with it, and it would double the start-up of `jobqueue when`.
    from twisted.internet.defer import Deferred

    from jqengine.continuation import Continuation
    from jqengine.delivery import (
        ClaimedDeliveries,
        Delivery,
        DeliveryEnd,
        Dispatch,
        Publication,
    )
    from jqengine.group import Holds
    from jqengine.job import (
        Definition,
        Firing,
        Job,
        Outcome,
        Owner,
        Receipt,
        Request,
        Result,
        Run,
        Step,
        Verdict,
    )
    from jqengine.news import Topic
    from jqengine.node import Beat, Node
    from jqengine.plan import CrontabPlan
    from jqengine.queries import (
        Amended,
        DeliveryFilter,
        JobFilter,
        JobOrder,
        Page,
        RunAccount,
        RunFilter,
        RunReport,
        SinkState,
    )
    from jqengine.retention import Usage
    from jqengine.sinktools import Parcel, SinkTools
    from jqengine.sinkurl import SinkURL


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
    change on disk.  Changes take effect in the order in which they are asked
    for; a question sees every change asked for before it, and perhaps later ones.
    Each fails with :class:`jqengine.errors.StoreUnavailable` (or its kind
    :class:`~jqengine.errors.StoreFull`) when the store cannot be reached; then
    nothing of that call has happened, and no other call is harmed.
    """

    complaint = Attribute(
        "Why the store takes no new jobs though it answers, a sentence; empty when it takes them."
    )

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

        A job whose id was accepted before is not added again: the answer in
        its place is the job that came of it, as it is now.  A job with an
        identity replaces the job of that identity, whatever has become of it,
        and keeps the old id.  Of one with a key that an unfinished job holds its
        ``duplicate`` says whether it is not added, or changes the holder, which
        keeps its id; either way the holder is the answer in its place.  An
        unfinished ``cron`` or ``every`` job that is said again as it is keeps its
        due time.

        :raises jqengine.errors.KeyHeld: a key is held, and its job wants to be
            refused then, or cannot take the place of the holder.

        A job without identity and key is a run from the start; any other has
        a run when it is fired.
        """

    def crontab_jobs() -> Deferred[Sequence[Job]]:
        """Every job whose origin is ``crontab``, in whatever state."""

    def apply(plan: CrontabPlan) -> Deferred[None]:
        """Make the queue agree with the crontabs, in one transaction.

        A line whose key another job holds is left out, with a warning.
        """

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
        """Take at most *limit* ready runs.

        They go by priority, then by the instant from which they were ready,
        then in the order in which they came; what is not ready costs nothing.
        Of a group no more are taken than its limits let begin, and each takes a
        token of its bucket; of what is paused none.
        Each comes back running, with its attempt counted, leased to *owner*
        until *now* + *lease*.  No run is ever given to two owners.  Fewer come,
        but at least one, when their request bodies are too large to be held at once.
        """

    def record(outcomes: Sequence[Outcome]) -> Deferred[Sequence[Receipt]]:
        """Write the ends of attempts, each with its result.

        One answer for each: whether its owner still held that attempt.  A
        refused outcome changes nothing.  A run that would be tried again is
        cancelled if its job is.  A finished or failed run releases the
        run held behind it and makes an exhausted job without other unfinished
        runs finished.  A verdict that says so removes its job and cancels what
        is held, unless that job is exhausted: then it is finished all the same.
        """

    def give_back(owner: Owner, run_ids: Sequence[str], now: float) -> Deferred[int]:
        """Return claims of *owner* whose attempt is not to count; gives their number.

        They wait again with their attempt restored.  What belongs to a job that
        was cancelled meanwhile is cancelled at *now*.
        """

    def recover(
        owner: Owner, now: float, lease: float, others: bool = True
    ) -> Deferred[Sequence[Run]]:
        """Take over runs that nobody works on any more.

        Those are what earlier boots of this owner's node left running and,
        with *others*, runs of other nodes whose lease ended before *now*.
        Each comes back running, leased to *owner* until *now* + *lease* with
        its attempt as it was; the caller records its end as that of any other
        claim.
        """

    def renew(owner: Owner, now: float, lease: float) -> Deferred[int]:
        """Extend every lease of *owner* until *now* + *lease*; gives their number."""

    def next_ready() -> Deferred[float | None]:
        """The earliest instant at which something becomes due or can be claimed.

        ``None`` when that takes more than time.  After an end of a run, or other
        limits, it may be too early; the next claim finds out.
        """

    def job(job_id: str) -> Deferred[Job | None]:
        """The job of that id, an anonymous one-time job included."""

    def job_named(identity: str) -> Deferred[Job | None]:
        """The job of that identity."""

    def runs(job_id: str, limit: int) -> Deferred[Sequence[Run]]:
        """The latest runs of a job, newest first."""

    def results(run_id: str) -> Deferred[Sequence[tuple[int, Result]]]:
        """Every recorded attempt of a run with its result, in order."""

    def stats(now: float) -> Deferred[dict[str, int]]:
        """Counts of what there is at *now*.

        ``scheduled`` are due times and next attempts to come, ``due`` those
        that have come and are not begun, ``running`` the claimed runs;
        ``finished`` and ``failed`` the ended runs that are still kept, and
        ``removed`` the jobs that an answer took out of the queue.
        """

    def prune(before: float, limit: int) -> Deferred[int]:
        """Forget at most *limit* ended runs that finished before *before*.

        Those that finished first go first.  A run that a delivery, a
        publication or a comparison still needs is kept.  With the last of its
        runs a finished or cancelled job is forgotten, unless a crontab
        maintains it.
        """

    def usage() -> Deferred[Usage]:
        """How much is kept."""


class IWakeups(Interface):
    """Where a process hears what others have changed in the store it shares with them.

    A store has this side too.
    """

    def listen(heard: Callable[[frozenset[Topic]], None]) -> Callable[[], None]:
        """Call *heard* on the reactor thread, until the function that is given is called.

        It is told the topics of changes that other processes have on disk,
        many of them together; its own changes it knows.  News can be late, come
        twice, tell of nothing new, or be lost with a connection, after which
        every topic is told once.  So whoever listens also looks by itself now
        and then.  *heard* must not raise, and must not wait.
        """


class IChannel(Interface):
    """Carries news between the processes of one store.  A store is given one.

    It is open as long as the store is.
    """

    def open(heard: Callable[[frozenset[Topic]], None]) -> Deferred[None]:
        """Begin to carry.

        :param heard: called on the reactor thread with what others announce.
        """

    def announce(topics: frozenset[Topic]) -> None:
        """Tell the others of changes that are on disk.

        Called in any thread, as often as once a commit; it neither raises nor
        waits.  What it is told in quick succession it may tell as one.
        """

    def close() -> Deferred[None]:
        """Carry nothing more; fires when threads and sockets are gone."""


class IQueueControl(Interface):
    """What people ask of the durable queue: lists of it, and steps of single jobs.

    A store has this side too, and what is said of :class:`IStore` holds here.
    """

    def find_jobs(
        wanted: JobFilter, order: JobOrder, after: str | None, limit: int
    ) -> Deferred[Page[Job]]:
        """A page of jobs, anonymous one-time jobs included, without request bodies.

        A page costs the same however many came before it, and a job that
        stays as it is comes on exactly one page.  Where few match among very
        many, a page may be short, or empty, and yet not be the last.

        :param after: of the page before; ``None`` for the first.
        :raises jqengine.errors.BadValue: no page ends there.
        """

    def find_runs(wanted: RunFilter, after: str | None, limit: int) -> Deferred[Page[RunReport]]:
        """A page of runs, the newest first; else as :meth:`find_jobs`."""

    def body(run_id: str, attempt: int, offset: int, size: int) -> Deferred[tuple[bytes, int]]:
        """At most *size* bytes of a result's body from *offset* on, and its whole length.

        :raises jqengine.errors.NoSuchJob: no such attempt is recorded.
        """

    def steer(step: Step, now: float) -> Deferred[Job]:
        """Let *step* happen to a job, if the table of its states allows it.

        Gives the job after it.  A job that is already where the event leads
        stays as it is and is the answer.  Cancelling cancels the runs that
        wait or are held, too.  An anonymous one-time job can be cancelled and
        replaced (given another time) until it is claimed, and no more.

        :raises jqengine.errors.NoSuchJob: there is no such job.
        :raises jqengine.errors.NotPossible: the job is not in a state for it.
        """

    def run_now(job_id: str, run_id: str, now: float) -> Deferred[Run]:
        """Make a run of a job that is due at *now*; the job's due times stay.

        A run that has the id *run_id* already is the answer instead.  Of an
        anonymous one-time job that waits, its one run becomes due.

        :raises jqengine.errors.NoSuchJob: there is no such job.
        :raises jqengine.errors.NotPossible: the job is cancelled or retired,
            or its one run has begun.
        """

    def reopen(run_id: str, now: float) -> Deferred[Run]:
        """Give an ended run one more attempt, ready at *now*.

        A run that waits for an attempt already is the answer as it is.

        :raises jqengine.errors.NoSuchJob: there is no such run.
        :raises jqengine.errors.NotPossible: the run is not one that ended, or
            its job is cancelled.
        """

    def set_paused(group: str | None, paused: bool) -> Deferred[bool]:
        """Pause a group or let it go, or with ``None`` everything; whether that changed anything.

        Nothing of what is paused is claimed, on any node, until it is let go; what
        is claimed goes on.  A group can be paused before there is anything in it.
        """

    def holds(now: float) -> Deferred[Holds]:
        """What is paused, and every group with its limits, as it is at *now*."""


class IOversight(Interface):
    """What people look at closely, and put right, in the durable queue.

    A store has this side too, and what is said of :class:`IStore` holds here.
    """

    def run_account(run_id: str) -> Deferred[RunAccount | None]:
        """All that is known of a run but for bodies."""

    def request_body(run_or_job_id: str, offset: int, size: int) -> Deferred[tuple[bytes, int]]:
        """At most *size* bytes of a request's body from *offset* on, and its whole length.

        :raises jqengine.errors.NoSuchJob: no run and no job has that id.
        """

    def find_deliveries(
        wanted: DeliveryFilter, after: str | None, limit: int
    ) -> Deferred[Page[Delivery]]:
        """A page of deliveries, the newest first; else as :meth:`IQueueControl.find_jobs`."""

    def drop_delivery(delivery_id: str) -> Deferred[bool]:
        """Forget a dead letter; whether it was there.

        :raises jqengine.errors.NotPossible: the delivery is not dead.
        """

    def sink_states() -> Deferred[Sequence[SinkState]]:
        """Every sink with deliveries that have not arrived, by what it is shown as."""

    def amend(job_id: str, seen: Definition, amended: Amended, now: float) -> Deferred[Job]:
        """Give a job another definition; its id, its count and its state stay.

        An anonymous one-time job can be amended until it is claimed, and no more.

        :param seen: what the change was made from.
        :raises jqengine.errors.NoSuchJob: there is no such job.
        :raises jqengine.errors.NotPossible: the job is over, has changed since it
            was *seen*, or another one holds the name or the key.
        """

    def run_changed(job_id: str, run_id: str, request: Request, now: float) -> Deferred[Run]:
        """Make a run of a job that is due at *now* and asks *request*; the job stays as it is.

        A run that has the id *run_id* already is the answer instead.

        :raises jqengine.errors.NoSuchJob: there is no such job with an identity.
        :raises jqengine.errors.NotPossible: the job is cancelled or retired.
        """


class IJobHost(Interface):
    """Runs jobs in the application's job threads.

    It is built with a *deliver* callback, which it calls on the reactor thread
    with a batch of ``(run, result)`` pairs, exactly once for each run that was
    handed over and not abandoned.
    """

    threads = Attribute("Size of the job pool.")
    stuck = Attribute("Number of threads still busy with abandoned runs.")
    able = Attribute("Whether any thread is left that is not stuck.")

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


class IRunObserver(Interface):
    """Is told what becomes of runs, in the order in which it comes about."""

    def began(runs: Sequence[Run]) -> None:
        """*runs* were claimed by this engine and go to its threads."""

    def ended(run: Run, outcome: Outcome) -> None:
        """An attempt ended and its outcome is on disk.

        The verdict's state says whether the run is over or comes again.
        """


class IRunEvents(Interface):
    """Where to hear what becomes of runs."""

    def subscribe(observer: IRunObserver) -> Callable[[], None]:
        """Tell *observer* from now on, until the function that is given is called.

        It must not raise, and must not wait.
        """


class IDelivery(Interface):
    """Brings results to sinks."""

    def plan(run: Run, result: Result, verdict: Verdict) -> Dispatch:
        """What is to be written with the *result* that ends *run*.

        It goes to the store with the outcome, so that no result is on disk
        without its deliveries.  Never raises.
        """

    def deliver(run: Run, outcome: Outcome) -> None:
        """The outcome of *run* is on disk: see to it that its sinks are told.

        Never raises and never waits: one broken or slow sink is nobody
        else's concern.
        """


class IResultSink(Interface):
    """A place where results go.

    Its class is called with a :class:`~jqengine.sinkurl.SinkURL` and
    :class:`~jqengine.sinktools.SinkTools` when a job that names it is
    accepted.  That raises :class:`~jqengine.errors.BadValue` for a malformed
    URL and does nothing else: no I/O, no timer; a sink may be made and never
    used.
    """

    lane = Attribute(
        "A text.  Deliveries of one lane share a bounded concurrency and its bad times;"
        " those of different lanes never wait for each other.  Usually the server."
    )
    durable = Attribute(
        "Whether a delivery is kept in the store until it succeeds, over restarts too."
        " Without it, it is tried once."
    )
    compares = Attribute("Whether parcels are to carry the body of the success before.")

    def deliver(parcel: Parcel) -> Deferred[None]:
        """Deliver one result.

        A failure means that it should be tried again, with the same parcel id;
        a :class:`~jqengine.errors.DeliveryFailed` can say that it should not,
        or when.  Deliveries of one job to one URL come in order, one at a
        time; several jobs' may be under way at once.  The Deferred is
        cancelled when the delivery takes too long.
        """


class IResultSinkFactory(Interface):
    """Makes sinks from URLs.  Found as a Twisted plugin.

    One object for each sink; the built-in ones register exactly as a third
    party's would, with a :class:`~jqengine.sinktools.SinkPlugin`.
    """

    schemes = Attribute("Tuple of the lower-case URL schemes this factory serves.")
    options = Attribute(
        "Mapping of the fragment options its URLs may have to the parsers of their values."
    )

    def sink(url: SinkURL, tools: SinkTools) -> IResultSink:
        """A sink for *url*, whose options have been parsed.

        :raises jqengine.errors.BadValue: the URL is malformed.
        """


class IOutputStore(Interface):
    """The part of a store that remembers what runs have said before they ended."""

    def keep_output(run_id: str, attempt: int, position: int, data: bytes) -> Deferred[None]:
        """Remember *data*, which follows what was kept with a smaller *position*.

        It is forgotten when the attempt is recorded.  A result without a
        response and without a body, as of a process that was lost, is given
        what was kept of its attempt as its body.
        """


class IPublications(Interface):
    """What is served on the public HTTP port in the application's place."""

    def publish(path: str, parcel: Parcel) -> Deferred[None]:
        """Serve the parcel's result at *path* from now on, over restarts too.

        :param path: decoded, as :func:`jqengine.sinks.publish.parse_path` gives it.
        """


class IDeliveryStore(Interface):
    """The part of a store that remembers deliveries and publications.

    Its methods keep the promises of :class:`IStore`.  Deliveries are written
    by :meth:`IStore.record` with the result they are of.  Of the unfinished
    deliveries of one job to one sink only the oldest is ever pending or under
    way; the others are held until it has ended.  (An anonymous one-time job
    has one result; its deliveries wait for no other.)
    """

    def lanes() -> Deferred[Mapping[str, float]]:
        """Every lane with a pending delivery, and when its earliest is ready."""

    def claim_deliveries(
        owner: Owner, lane: str, now: float, limit: int, lease: float
    ) -> Deferred[ClaimedDeliveries]:
        """Take at most *limit* deliveries of *lane* that are ready, oldest first.

        Each comes back as under way, its try counted, leased to *owner* until
        *now* + *lease*.  No delivery is ever given to two owners.
        """

    def end_deliveries(owner: Owner, ends: Sequence[DeliveryEnd], now: float) -> Deferred[None]:
        """Write the ends of tries that *owner* still holds.

        A delivery that has ended for good releases the one held behind it.
        """

    def give_back_deliveries(owner: Owner, delivery_ids: Sequence[str]) -> Deferred[None]:
        """Return claims of *owner* that were never tried; the try is not counted."""

    def recover_deliveries(owner: Owner, now: float) -> Deferred[int]:
        """Make pending again what earlier boots of this owner's node, or any
        owner whose lease has run out, left under way; how many there were."""

    def delivery_parts(delivery: Delivery) -> Deferred[tuple[Run, Result, Result | None] | None]:
        """The run and result of *delivery*, and the success before it where
        that is named and still kept; ``None`` when the result is not kept."""

    def run_with_result(
        run_id: str, attempt: int | None
    ) -> Deferred[tuple[Run, Result | None] | None]:
        """A run with the result of *attempt*, or with ``None`` of its last.

        ``None`` where there is no such run; a run without such a result has
        ``None`` in its place.
        """

    def deliveries(run_id: str) -> Deferred[Sequence[Delivery]]:
        """Every delivery of a run, oldest first."""

    def dead_deliveries(after: str | None, limit: int) -> Deferred[Sequence[Delivery]]:
        """Dead letters, oldest first, from behind the one with the id *after*."""

    def delivery_counts() -> Deferred[Mapping[str, int]]:
        """How many deliveries are ``pending``, ``delivering`` and ``dead``."""

    def redrive(delivery_ids: Sequence[str], now: float) -> Deferred[Sequence[str]]:
        """Make dead letters pending again, with all their tries before them;
        the lanes that have something to do now."""

    def publish(publication: Publication) -> Deferred[None]:
        """Remember what is served at a path, in place of what was.

        Its result is kept for as long as it is served.
        """

    def publications() -> Deferred[Sequence[Publication]]:
        """All that is served."""

    def published_body(publication: Publication) -> Deferred[bytes | None]:
        """The body of what is served, or ``None`` when it is not kept."""


class IContinuationStore(Interface):
    """The part of a store that remembers continuations.

    Its methods keep the promises of :class:`IStore`.  What has expired at the
    instant that a method is given is not there for it.
    """

    def keep_continuation(continuation: Continuation) -> Deferred[Continuation]:
        """Remember *continuation*; what is kept under its id already is the answer instead.

        Of one session the latest :data:`~jqengine.continuation.MOST_OF_SESSION` are kept.
        """

    def continuation(continuation_id: str) -> Deferred[Continuation | None]:
        """One without its request's body, whether it has expired or not."""

    def resume_continuation(
        continuation_id: str, session: str | None, paths: Collection[str], now: float
    ) -> Deferred[Continuation | None]:
        """What the client of *session* resumes by link; one that is not reusable is used up.

        ``None`` when there is no such continuation, it is another session's, or
        its path is none of *paths*; then nothing has changed.

        :param paths: decoded, as PEP 3333 writes them.
        """

    def follow_session(
        before: str | None, after: str, made: Sequence[str], now: float
    ) -> Deferred[int]:
        """Note that a client's session cookie was replaced; how many continuations that moved.

        Those of the session *before* belong to *after* from now on, and for
        :data:`~jqengine.continuation.FORMER_SESSION` to *before* as well; so do
        those of the ids *made* that had no session.
        """

    def find_continuations(after: str | None, limit: int) -> Deferred[Page[Continuation]]:
        """A page of continuations without request bodies, the newest first.

        :raises jqengine.errors.BadValue: no page ends at *after*.
        """

    def drop_continuation(continuation_id: str) -> Deferred[bool]:
        """Forget one; whether it was there."""

    def clear_continuations(session: str | None) -> Deferred[int]:
        """Forget all of *session*, or with ``None`` all there are; how many they were."""

    def sweep_continuations(now: float, limit: int) -> Deferred[int]:
        """Forget at most *limit* of those that have expired at *now*; how many they were."""


class INodeStore(Interface):
    """The part of a store that knows the nodes which share it.

    Its methods keep the promises of :class:`IStore`.
    """

    def beat(said: Beat, now: float) -> Deferred[Node]:
        """Note that a node lives, and how it is; what is known of it from now on.

        Whether it is to claim nothing is not its own to say, and stays as it
        was.  Nodes that have not been heard of for
        :data:`~jqengine.node.FORGOTTEN_AFTER` are forgotten.
        """

    def sign_off(owner: Owner, now: float) -> Deferred[None]:
        """Note that *owner* ends; nothing, if its node has another boot by now."""

    def drain(name: str, since: float | None) -> Deferred[Node]:
        """Ask a node to claim nothing from *since* on, or with ``None`` to claim again.

        A node that was asked before keeps the instant of then.

        :raises jqengine.errors.NoSuchNode: there is none of that name.
        """

    def nodes() -> Deferred[Sequence[Node]]:
        """Every node that is not forgotten, by name."""


Deliver = Callable[[Sequence[tuple["Run", "Result"]]], None]
"""How an :class:`IJobHost` hands results over, on the reactor thread."""
