"""What people ask of the queue, and the pages they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from jqengine.errors import BadValue
from jqengine.job import Definition, Job, Run
from jqengine.lifecycle import DeliveryState, JobState, RunState

T = TypeVar("T")


class JobOrder(StrEnum):
    """The order of a list of jobs."""

    NEWEST = "newest"  # by the time they were made, the latest first
    DUE = "due"  # by the next due time, the soonest first; those without one are left out


class RunOrder(StrEnum):
    """The order of a list of runs."""

    NEWEST = "newest"  # by the time they were made, the latest first
    ENDED = "ended"  # by the time they ended, the latest first; others are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A text, or with *prefix* whatever begins with it."""

    text: str
    prefix: bool = False

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read ``reports``, or ``rep*`` for a prefix."""
        if text.endswith("*"):
            return cls(text=text[:-1], prefix=True)
        return cls(text=text)

    def matches(self, text: str | None) -> bool:
        """Whether *text* is, or begins with, what is wanted."""
        if text is None:
            return False
        return text.startswith(self.text) if self.prefix else text == self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are wanted: those that match all that is not ``None``.

    :ivar once: whether anonymous one-time jobs, which are no more than a run,
        are wanted alone, or left out.
    """

    states: frozenset[JobState] | None = None
    name: Pattern | None = None
    target: Pattern | None = None
    user: str | None = None
    origin: str | None = None
    once: bool | None = None


class StatusRange(NamedTuple):
    """Statuses from *low* to *high*, both included."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> StatusRange:
        """Read ``503``, ``5xx`` or ``0``.

        :raises BadValue: it is none of these.
        """
        if text in _CLASSES:
            low = int(text[0]) * 100
            return cls(low, low + 99)
        if text == "0" or (len(text) == 3 and text.isascii() and text.isdigit()):
            return cls(int(text), int(text))
        raise BadValue(f"{text[:20]!r} is not a status; expected something like 503, 5xx or 0")


_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted, those that match all that is not ``None``, and in which order.

    :ivar order: of a job's runs it is always that of their due times.
    :ivar statuses: of the last attempt that ended.
    :ivar since: the earliest instant at which it ended, and *until* the latest.
    :ivar node: the node on which its last attempt began.
    """

    job_id: str | None = None
    states: frozenset[RunState] | None = None
    name: Pattern | None = None
    target: Pattern | None = None
    user: str | None = None
    statuses: StatusRange | None = None
    since: float | None = None
    until: float | None = None
    node: str | None = None
    order: RunOrder = RunOrder.NEWEST


def job_cursor(job: Job, order: JobOrder) -> str:
    """What names the place of *job* in a list, for the page that begins behind it."""
    return job.id if order is JobOrder.NEWEST else f"{job.due!r},{job.id}"


class RunReport(NamedTuple):
    """A run with how it ended, or that it has not.

    :ivar run: without the body of its request.
    :ivar status: of its last attempt, or ``None`` while it has not ended.
    :ivar reason: the reason phrase, what happened instead of an answer, or why
        the run was skipped.
    :ivar started: instant its last attempt began, or ``None``.
    :ivar finished: instant the run ended, or ``None`` while it has not.
    """

    run: Run
    status: int | None
    reason: str
    started: float | None
    finished: float | None


def report_cursor(report: RunReport, wanted: RunFilter) -> str:
    """What names the place of a run in a list, for the page that begins behind it."""
    if wanted.job_id is not None:
        return repr(report.run.due)
    if wanted.order is RunOrder.ENDED:
        return f"{report.finished!r},{report.run.id}"
    return report.run.id


class RunAccount(NamedTuple):
    """All that is known of one run but for bodies.

    :ivar report: how it ended, or that it has not.
    :ivar body_size: bytes of its request's body.
    :ivar node: where its last attempt began, and *boot* which start of it;
        ``None`` before one.
    :ivar lease_until: while it runs, the instant from which others may take it.
    """

    report: RunReport
    body_size: int
    node: str | None
    boot: str | None
    lease_until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are wanted: those that match all that is not ``None``.

    :ivar sink: the URL of a sink, or what it is shown as.
    """

    run_id: str | None = None
    job_id: str | None = None
    sink: str | None = None
    states: frozenset[DeliveryState] | None = None


class Amended(NamedTuple):
    """What a job is to be from now on.

    :ivar time: where its schedule is another one: the instant at which that was
        said, and the first due time.
    """

    definition: Definition
    time: tuple[float, float] | None


class SinkState(NamedTuple):
    """What is under way to one sink.  Of very many, no more than a bounded number is counted.

    :ivar sink: what its URL is shown as.
    :ivar reason: why the latest try of one of them failed, or empty.
    """

    sink: str
    pending: int
    held: int
    dead: int
    reason: str


class SinkEnds(NamedTuple):
    """How the last tries of one engine at one sink went.

    :ivar delivered: when it has last taken a result, or ``None``.
    :ivar failed: when it has last refused one, or ``None``; *reason* says why.
    """

    delivered: float | None = None
    failed: float | None = None
    reason: str = ""


class Page(NamedTuple, Generic[T]):
    """A part of a list.

    :ivar after: what to ask for to get the next part; ``None`` on the last.
    """

    items: Sequence[T]
    after: str | None
