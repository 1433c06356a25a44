"""The vocabulary: what a job, a run and a result are.

All values are immutable.  An *instant* is a ``float``: seconds since the
epoch, UTC; due times are rounded to whole microseconds so that they compare
equal after a trip through any store.  A *duration* is a ``float`` of seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from jqengine.continuation import Continued
from jqengine.delivery import NOTHING_TO_DISPATCH, Dispatch, Validators
from jqengine.lifecycle import JobEvent, JobState, RunState
from jqengine.quick import quickly_made
from jqengine.units import Backoff, Rate, StatusSet

Headers = tuple[tuple[str, str], ...]
"""Header names and values in order, each native text of latin-1 characters."""


class Syntax(StrEnum):
    """The named time syntaxes; a text is never guessed to be one of them."""

    CRON = "cron"
    EVERY = "every"
    AT = "at"
    WHEN = "when"
    AFTER = "after"
    NOW = "now"
    REBOOT = "reboot"


class Catchup(StrEnum):
    """What becomes of due times that passed while no engine ran."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class Overlap(StrEnum):
    """What becomes of a due time while an earlier run is unfinished."""

    SKIP = "skip"
    ALLOW = "allow"
    QUEUE = "queue"


class Duplicate(StrEnum):
    """What becomes of a job whose key an unfinished job holds."""

    FIRST = "first"
    REPLACE = "replace"
    REJECT = "reject"
    DEBOUNCE = "debounce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a job is due.

    :ivar text: the time text in *syntax*; empty for ``now`` and ``reboot``.
    :ivar zone: the IANA zone the text is read in.
    :ivar times: at most so many due times, or ``None`` for no limit.
    :ivar until: no due time after this instant, or ``None``.
    :ivar jitter: each due time is moved later by a part of so many seconds
        that is the same for the job for ever (a hash, not a dice).
    """

    syntax: Syntax
    text: str
    zone: str
    times: int | None = None
    until: float | None = None
    jitter: float = 0.0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the application is asked.

    :ivar method: an HTTP method in capitals.
    :ivar target: path and query as on a request line, percent-encoded.
    :ivar headers: the job's own headers; none of them can take a name that
        the engine sets.
    :ivar body: the whole request body.
    :ivar user: becomes ``REMOTE_USER``, or ``None`` for nobody.
    :ivar continuation: of a saved request, which one it is.
    """

    method: str = "GET"
    target: str = "/"
    headers: Headers = ()
    body: bytes = b""
    user: str | None = None
    protocol: str = "HTTP/1.0"
    continuation: Continued | None = None

    @property
    def label(self) -> str:
        """The request line without its query, which may hold secrets."""
        path, query, _ = self.target.partition("?")
        return f"{self.method} {path}{query and '?...'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the engine treats the runs of a job.

    :ivar attempts: tries of one run, at least 1.
    :ivar timeout: seconds after which a try counts as without a response.
    :ivar remove_on: statuses that, after the last attempt, take a recurring
        job out of the queue.
    :ivar catchup_window: seconds; a missed due time older than this is
        skipped, not caught up.
    :ivar priority: runs with a smaller number start first.
    :ivar key: two unfinished jobs never share a key.
    :ivar duplicate: what becomes of this job if its key is held.
    :ivar group: whose limits its runs share, or ``None`` for none.
    :ivar concurrency: runs of the group under way at once, at most; 0 for no
        limit, ``None`` to leave that of the group as it is.
    :ivar rate: how often an attempt of the group may begin; ``None`` likewise.
    """

    attempts: int = 3
    backoff: Backoff = field(default=Backoff())
    timeout: float = 900.0
    remove_on: StatusSet = field(default=StatusSet(((0, 0), (400, 599))))
    catchup: Catchup = Catchup.LATEST
    catchup_window: float = 86400.0
    overlap: Overlap = Overlap.SKIP
    priority: int = 0
    key: str | None = None
    duplicate: Duplicate = Duplicate.FIRST
    group: str | None = None
    concurrency: int | None = None
    rate: Rate | None = None

    @property
    def limits(self) -> bool:
        """Whether it says anything about the limits of its group."""
        return self.concurrency is not None or self.rate is not None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a user asked for, before the store has given it an id.

    :ivar identity: equal for two definitions of the same job: the name, else
        a hash of the crontab line; ``None`` for an anonymous one-time job.
    :ivar name: what the user calls it, or ``None``.
    :ivar origin: who maintains it: ``crontab`` or ``client``.
    :ivar sinks: sink URLs, in order.
    """

    identity: str | None
    name: str | None
    request: Request
    schedule: Schedule
    policy: Policy = field(default=Policy())
    sinks: tuple[str, ...] = ()
    origin: str = "client"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job in the queue.

    :ivar anchor: the first due time; ``every`` counts from it.
    :ivar due: the next due time, or ``None`` when none is to come.
    :ivar fired: how many due times have passed, skipped ones included.
    :ivar previous_status: status of the last result, or ``None`` before one.
    :ivar reason: why the job is in its state, for people; may be empty.
    """

    id: str
    definition: Definition
    state: JobState
    created: float
    anchor: float | None
    due: float | None
    fired: int = 0
    previous_status: int | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """The name, or the request line without its query."""
        return self.definition.name or self.definition.request.label


class Run(NamedTuple):
    """One firing of a job, unique by (job, due time).

    A run is complete in itself: it holds the request, policy and sinks that
    its job had when it fired, so an anonymous one-time job is nothing but a
    run whose ``job_id`` is its own ``id``.  A tuple, because a store makes
    fifty thousand of them a second.

    :ivar ready: the instant from which the next attempt may start.
    :ivar attempt: attempts claimed so far; 0 before the first.
    :ivar previous_status: of the job's run before this one.
    :ivar validators: of the job's last success, where it watches for changes.
    """

    id: str
    job_id: str
    name: str | None
    due: float
    request: Request
    policy: Policy
    sinks: tuple[str, ...]
    state: RunState
    ready: float
    attempt: int
    previous_status: int | None
    validators: Validators | None = None

    @property
    def label(self) -> str:
        """The job's name, or the request line without its query."""
        return self.name or self.request.label


class Result(NamedTuple):
    """What the application answered to one attempt.

    :ivar status: the HTTP status, or 0 when there was no response.
    :ivar reason: the reason phrase, or for status 0 what happened instead.
    :ivar body: at most as many bytes as the engine keeps.
    :ivar truncated: whether the body was longer than that.
    :ivar started: instant the attempt began in a thread.
    :ivar finished: instant it ended.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    truncated: bool
    started: float
    finished: float

    def header(self, name: str) -> str | None:
        """The first value of header *name* (any case), or ``None``."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None


NO_RESPONSE = 0
"""The status of an attempt that the application gave no response to."""


class Owner(NamedTuple):
    """Who holds a claim: one engine process, told apart from its restarts.

    :ivar node: stable name of the node.
    :ivar boot: id of this start of it.
    """

    node: str
    boot: str


class Verdict(NamedTuple):
    """What the end of one attempt does to its run and job.

    :ivar state: the run's next state: finished, failed or waiting.
    :ivar ready: for a waiting run, when the next attempt may start.
    :ivar restore: whether the attempt is not to be counted.
    :ivar remove: why the job leaves the queue, or ``None`` when it stays.
    :ivar why: one phrase for logs and people.
    """

    state: RunState
    ready: float | None
    restore: bool
    remove: str | None
    why: str


class Outcome(NamedTuple):
    """The end of one attempt, as it goes to the store.

    The store accepts it only while *owner* still holds attempt *attempt*.

    :ivar dispatch: what is written with it about the result's way to sinks.
    :ivar group: of the run, which may let another of its runs begin now.
    """

    run_id: str
    job_id: str
    owner: Owner
    attempt: int
    result: Result
    verdict: Verdict
    dispatch: Dispatch = NOTHING_TO_DISPATCH
    group: str | None = None


class Receipt(IntEnum):
    """What the store did with the end of an attempt; false where it did nothing."""

    REFUSED = 0  # its owner did not hold that attempt any more
    ACCEPTED = 1  # it is as the outcome says
    WITHDRAWN = 2  # accepted, but no attempt follows: the job is cancelled, and now its run is


class Skip(NamedTuple):
    """A due time that is recorded instead of run, with its reason."""

    due: float
    reason: str


class Firing(NamedTuple):
    """One step of a job from its due time to its next, as it goes to the store.

    :ivar expected: the due time the decision was made on; the store does
        nothing if the job has moved since.
    :ivar runs: due times to run now.
    :ivar skips: due times to record as skipped.
    :ivar next_due: the job's next due time, or ``None`` when none is known.
    :ivar exhausted: whether no due time can come any more; an ``@reboot`` job
        has no next due time and yet is not exhausted.
    :ivar held: whether each run waits for the run before it to end.
    """

    job_id: str
    expected: float
    runs: tuple[float, ...]
    skips: tuple[Skip, ...]
    next_due: float | None
    exhausted: bool
    held: bool = False


class Step(NamedTuple):
    """What a person does to one job, as it goes to the store.

    :ivar event: cancel, pause, resume or replace.
    :ivar due: for resume and replace, the next due time from now on.
    :ivar schedule: for replace, the schedule from now on.
    :ivar reason: for people.
    """

    job_id: str
    event: JobEvent
    due: float | None = None
    schedule: Schedule | None = None
    reason: str = ""
