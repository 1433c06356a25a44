"""What clients get who look closely: runs in full, deliveries, sinks, what is to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from jqengine.wire.views import JobView, RunView, job_view, run_view

T = TypeVar("T")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Page(NamedTuple, Generic[T]):
    """A part of a list.

    Where few match among very many, a page may be short, or empty, and yet not
    be the last.

    :ivar next: the ``after`` of the next page, or ``None`` on the last.
    """

    items: Sequence[T]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """All that is known of one run but for bodies.

    :ivar run: how it is.
    :ivar headers: of its request, secrets replaced.
    :ivar body_size: bytes of its request's body.
    :ivar ready: when its next attempt may start, if it waits.
    :ivar previous_status: of the job's run before this one, or ``None``.
    :ivar continuation: the id of the continuation that its request is, or ``None``.
    :ivar node: where its last attempt began, and *boot* which start of it.
    :ivar lease_until: while it runs, when others may take it.
    """

    run: RunView
    headers: tuple[tuple[str, str], ...]
    body_size: int
    ready: datetime
    previous_status: int | None
    continuation: str | None
    policy: Mapping[str, Any]
    sinks: tuple[str, ...]
    node: str | None
    boot: str | None
    lease_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A result on its way to a sink.

    :ivar attempt: of the run, whose result it is.
    :ivar sink: what the sink's URL is shown as; it holds no secret.
    :ivar state: ``held``, ``pending``, ``delivering``, ``delivered`` or ``dead``.
    :ivar ready: when it is tried again, or how it stands since when.
    :ivar tries: how often it was tried.
    :ivar removed: why the result took its job out of the queue, or ``None``.
    :ivar reason: why the last try failed, or empty.
    """

    id: str
    run: str
    job: str
    attempt: int
    sink: str
    state: str
    ready: datetime
    tries: int
    removed: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkView:
    """A sink with something under way to it, or that this engine has tried since its start.

    :ivar sink: what its URL is shown as; it holds no secret.
    :ivar pending: deliveries that are being tried, or wait to be; *held* those
        behind them, *dead* those that were given up.
    :ivar delivered: when this engine has last delivered something, if it has.
    :ivar failed: when it has last failed to, if it has.
    :ivar reason: why a try failed last, or empty.
    """

    sink: str
    pending: int
    held: int
    dead: int
    delivered: datetime | None
    failed: datetime | None
    reason: str

    @property
    def is_failing(self) -> bool:
        """Whether the last try that is known of has failed."""
        if self.failed is None:
            return bool(self.reason) and self.delivered is None
        return self.delivered is None or self.delivered < self.failed


class Firing(NamedTuple):
    """A due time to come.

    :ivar job: the job's id, and *label* its name or request line.
    :ivar syntax: of its schedule: ``cron``, ``every``, ``at``, ``when``, ...
    """

    due: datetime
    job: str
    label: str
    syntax: str


class Upcoming(NamedTuple):
    """What is due next, in order.

    :ivar reaches: up to when nothing is left out.
    """

    firings: Sequence[Firing]
    reaches: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenView:
    """What a time text means.

    :ivar instants: the next due times, in the zone of the text.
    :ivar words: the schedule in plain words.
    :ivar recurring: whether more than one due time can come.
    """

    instants: tuple[datetime, ...]
    words: str
    recurring: bool


class EditView(NamedTuple):
    """What a change of a job has come to, or would.

    :ivar job: as it is after the change.
    :ivar due_before: its next due time before it; that after it is ``job.due``.
    """

    job: JobView
    due_before: datetime | None


class Minute(NamedTuple):
    """What one minute of this engine was like.

    :ivar start: when it began.
    :ivar ended: attempts that ended in it, *failed* those of them that failed.
    :ivar late: seconds that first attempts started after their due time, in the
        mean; *latest* the most. ``None`` without any.
    """

    start: datetime
    ended: int
    failed: int
    late: float | None
    latest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the engine is, at a glance.

    :ivar at: when it was asked.
    :ivar stats: counts, as :meth:`JobQueue.stats` gives them.
    :ivar next: the job that is due next, or ``None``.
    :ivar running: some of what runs; ``stats["running"]`` says how much does.
    :ivar removed: some of the jobs that an answer took out of the queue.
    :ivar dead: some of the deliveries that were given up, the newest first.
    :ivar dead_count: how many of those there are.
    :ivar failing: the sinks of which the last try has failed.
    :ivar stuck_threads: threads of this engine that a job does not give back.
    :ivar missing_nodes: names of nodes that were not heard of for a while.
    :ivar minutes: the last hour of this engine, minute by minute, the oldest first.
    """

    at: datetime
    stats: Mapping[str, int]
    next: JobView | None
    running: tuple[RunView, ...]
    removed: tuple[JobView, ...]
    dead: tuple[DeliveryView, ...]
    dead_count: int
    failing: tuple[SinkView, ...]
    stuck_threads: int
    missing_nodes: tuple[str, ...]
    minutes: tuple[Minute, ...]

    @property
    def all_well(self) -> bool:
        """Whether nothing needs anybody."""
        needs = (self.stats["removed"], self.dead_count, self.stuck_threads)
        return not (any(needs) or self.failing or self.missing_nodes)


def run_details(said: Mapping[str, Any]) -> RunDetails:
    """The run that an engine described in full."""
    return RunDetails(
        run=run_view(said),
        headers=tuple((name, value) for name, value in said.get("headers", ())),
        body_size=said.get("body_size", 0),
        ready=datetime.fromisoformat(said["ready"]),
        previous_status=said.get("previous_status"),
        continuation=said.get("continuation"),
        policy=said.get("policy", _NOTHING),
        sinks=tuple(said.get("sinks", ())),
        node=said.get("node"),
        boot=said.get("boot"),
        lease_until=moment(said.get("lease_until")),
    )


def delivery_view(said: Mapping[str, Any]) -> DeliveryView:
    """The delivery that an engine described."""
    return DeliveryView(
        id=said["id"],
        run=said["run"],
        job=said["job"],
        attempt=said["attempt"],
        sink=said["sink"],
        state=said["state"],
        ready=datetime.fromisoformat(said["ready"]),
        tries=said["tries"],
        removed=said.get("removed"),
        reason=said.get("reason", ""),
    )


def sink_view(said: Mapping[str, Any]) -> SinkView:
    """The sink that an engine described."""
    return SinkView(
        sink=said["sink"],
        pending=said["pending"],
        held=said["held"],
        dead=said["dead"],
        delivered=moment(said.get("delivered")),
        failed=moment(said.get("failed")),
        reason=said.get("reason", ""),
    )


def firing(said: Sequence[str]) -> Firing:
    """The firing that an engine described."""
    due, job, label, syntax = said
    return Firing(datetime.fromisoformat(due), job, label, syntax)


def when_view(said: Mapping[str, Any]) -> WhenView:
    """What an engine said of a time text."""
    return WhenView(
        instants=tuple(map(datetime.fromisoformat, said["instants"])),
        words=said["words"],
        recurring=said["recurring"],
    )


def overview(said: Mapping[str, Any]) -> Overview:
    """The overview that an engine gave."""
    following = said.get("next")
    return Overview(
        at=datetime.fromisoformat(said["at"]),
        stats=said["stats"],
        next=None if following is None else job_view(following),
        running=tuple(map(run_view, said["running"])),
        removed=tuple(map(job_view, said["removed"])),
        dead=tuple(map(delivery_view, said["dead"])),
        dead_count=said["dead_count"],
        failing=tuple(map(sink_view, said["failing"])),
        stuck_threads=said["stuck_threads"],
        missing_nodes=tuple(said["missing_nodes"]),
        minutes=tuple(map(_minute, said["minutes"])),
    )


def _minute(said: Sequence[Any]) -> Minute:
    start, *rest = said
    return Minute(datetime.fromisoformat(start), *rest)


def moment(text: str | None) -> datetime | None:
    """The instant that an engine wrote, if it did."""
    return None if text is None else datetime.fromisoformat(text)
