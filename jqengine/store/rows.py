"""Rows to jobs and runs, and back.  Pure.

Rows of ``runs`` are plain tuples in the order of the columns named here: the
hot statements of :mod:`.hot` hand them to the driver as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from jqengine.job import Definition, Job, Request, Result, Run
from jqengine.lifecycle import JobState, RunState
from jqengine.store.codec import (
    LONGEST_INLINE_BODY,
    body_id,
    continued_from,
    continued_text,
    headers_from,
    headers_text,
    policy_from,
    policy_text,
    schedule_from,
    schedule_text,
    sinks_from,
    sinks_text,
)
from jqengine.store.decisions import is_exhausted

T = TypeVar("T")
Row = tuple[Any, ...]

REQUEST_COLUMNS = (
    "method",
    "target",
    "protocol",
    "headers",
    "body",
    "body_id",
    "user",
    "policy",
    "priority",
    "key",
    "sinks",
)
"""What a job and each of its runs say alike."""

NEW_RUN_COLUMNS = (
    "id",
    "job_id",
    "state",
    "due",
    "ready",
    "attempt",
    "created",
    "name",
    "origin",
    "schedule",
    "previous_status",
    *REQUEST_COLUMNS,
    "reason",
    "finished",
    "continuation",
    "group_name",
)

ANONYMOUS_RUN_COLUMNS = (
    "id",
    "due",
    "ready",
    "created",
    "name",
    "origin",
    "schedule",
    *REQUEST_COLUMNS,
    "continuation",
)
"""Those of a new run without a group that differ from one anonymous job to the next."""

GROUPED_RUN_COLUMNS = (*ANONYMOUS_RUN_COLUMNS, "group_name")
"""The same of a run in a group."""

RUN_COLUMNS = (
    "id",
    "job_id",
    "name",
    "due",
    "state",
    "ready",
    "attempt",
    "previous_status",
    *REQUEST_COLUMNS,
    "continuation",
)

RESULT_COLUMNS = (
    "status",
    "reason",
    "response_headers",
    "response_body",
    "truncated",
    "started",
    "finished",
)

Bodies = Mapping[str, bytes]
"""Contents of ``bodies`` by id."""


class Texts:
    """The texts of the values in one batch of jobs, by the identity of the value.

    The jobs of a batch mostly share one policy and one schedule, and to find
    an equal one by its hash costs more than the rest of the row.
    """

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, value: T, write: Callable[[T], str]) -> str:
        """What *write* makes of *value*, which outlives the batch."""
        text = self._known.get(id(value))
        if text is None:
            text = self._known[id(value)] = write(value)
        return text


def request_values(definition: Definition, texts: Texts) -> Row:
    """The columns :data:`REQUEST_COLUMNS` of *definition*."""
    request, policy = definition.request, definition.policy
    body = request.body
    kept_apart = body_id(body) if len(body) > LONGEST_INLINE_BODY else None
    return (
        request.method,
        request.target,
        request.protocol,
        texts.of(request.headers, headers_text),
        b"" if kept_apart else body,
        kept_apart,
        request.user,
        texts.of(policy, policy_text),
        policy.priority,
        policy.key,
        texts.of(definition.sinks, sinks_text),
    )


def anonymous_run(job: Job, texts: Texts) -> Row:
    """The columns :data:`ANONYMOUS_RUN_COLUMNS` of the run that *job* is."""
    definition = job.definition
    return (
        job.id,
        job.due,
        job.due,
        job.created,
        definition.name,
        definition.origin,
        texts.of(definition.schedule, schedule_text),
        *request_values(definition, texts),
        continued_text(definition.request.continuation),
    )


def grouped_run(job: Job, texts: Texts) -> Row:
    """The columns :data:`GROUPED_RUN_COLUMNS` of the run that *job* is."""
    return (*anonymous_run(job, texts), job.definition.policy.group)


def job_values(job: Job, accepted_as: str) -> dict[str, Any]:
    """The row of ``jobs`` that is *job*.

    :param accepted_as: the id that its definition came with.
    """
    definition = job.definition
    return {
        "id": job.id,
        "accepted_as": accepted_as,
        "identity": definition.identity,
        "name": definition.name,
        "origin": definition.origin,
        "state": job.state.value,
        "created": job.created,
        "anchor": job.anchor,
        "due": job.due,
        "exhausted": is_exhausted(job),
        "fired": job.fired,
        "previous_status": job.previous_status,
        "reason": job.reason,
        "schedule": schedule_text(definition.schedule),
        **dict(zip(REQUEST_COLUMNS, request_values(definition, Texts()), strict=True)),
        "continuation": continued_text(definition.request.continuation),
        "group_name": definition.policy.group,
    }


def long_bodies(jobs: Iterable[Job]) -> dict[str, bytes]:
    """The request bodies of *jobs* that belong in ``bodies``, by id."""
    bodies = [job.definition.request.body for job in jobs]
    return {body_id(body): body for body in bodies if len(body) > LONGEST_INLINE_BODY}


def body_id_of(job: Job) -> str | None:
    """The id in ``bodies`` of the request body of *job*, if it belongs there."""
    return next(iter(long_bodies([job])), None)


request_of = attrgetter(*REQUEST_COLUMNS)
"""The columns :data:`REQUEST_COLUMNS` of a row of ``jobs`` or ``runs``."""


def job_from(row: Any, bodies: Bodies) -> Job:
    """The job that *row*, all columns of ``jobs``, says."""
    return Job(
        id=row.id,
        definition=_definition(row, bodies, row.identity),
        state=JobState(row.state),
        created=row.created,
        anchor=row.anchor,
        due=row.due,
        fired=row.fired,
        previous_status=row.previous_status,
        reason=row.reason,
    )


def anonymous_job_from(row: Any, bodies: Bodies) -> Job:
    """The anonymous job that *row*, all columns of ``runs``, is."""
    begun = row.attempt > 0 or row.finished is not None
    return Job(
        id=row.id,
        definition=_definition(row, bodies, None),
        state=_STATE_OF_ANONYMOUS[RunState(row.state)],
        created=row.created,
        anchor=row.due,
        due=None if begun else row.due,
        fired=int(begun),
        previous_status=row.previous_status if row.status is None else row.status,
        reason=row.reason or "",
    )


def _definition(row: Any, bodies: Bodies, identity: str | None) -> Definition:
    request, policy, sinks = _request_parts((*request_of(row), row.continuation), bodies)
    return Definition(
        identity=identity,
        name=row.name,
        request=request,
        schedule=schedule_from(row.schedule),
        policy=policy,
        sinks=sinks,
        origin=row.origin,
    )


_STATE_OF_ANONYMOUS = {
    RunState.HELD: JobState.SCHEDULED,
    RunState.WAITING: JobState.SCHEDULED,
    RunState.RUNNING: JobState.SCHEDULED,
    RunState.FINISHED: JobState.FINISHED,
    RunState.FAILED: JobState.FINISHED,
    RunState.SKIPPED: JobState.FINISHED,
    RunState.CANCELLED: JobState.CANCELLED,
}


def run_from(row: Row, bodies: Bodies) -> Run:
    """The run that *row*, the columns :data:`RUN_COLUMNS`, says."""
    run_id, job_id, name, due, state, ready, attempt, previous_status, *rest = row
    request, policy, sinks = _request_parts(rest, bodies)
    return Run(
        run_id,
        job_id or run_id,
        name,
        due,
        request,
        policy,
        sinks,
        _RUN_STATES[state],
        ready,
        attempt,
        previous_status,
    )


_RUN_STATES = {state.value: state for state in RunState}


def _request_parts(values: Iterable[Any], bodies: Bodies) -> tuple[Request, Any, tuple[str, ...]]:
    method, target, protocol, headers, body, apart, user, *rest = values
    policy, priority, key, sinks, continued = rest
    content = bodies[apart] if apart else body
    return (
        Request(
            method=method,
            target=target,
            headers=headers_from(headers),
            body=content,
            user=user,
            protocol=protocol,
            continuation=continued_from(continued),
        ),
        policy_from(policy, priority, key),
        sinks_from(sinks),
    )


def storable(reason: str) -> str:
    """*reason*, less what no database takes: NUL, which PostgreSQL refuses, and lone surrogates.

    An application or a server far away has said it, and its result must not be lost for it.
    """
    if reason.isprintable():
        return reason
    return reason.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def result_values(result: Result) -> Row:
    """The columns :data:`RESULT_COLUMNS` of *result*."""
    return (
        result.status,
        storable(result.reason),
        headers_text(result.headers),
        result.body,
        result.truncated,
        result.started,
        result.finished,
    )


def result_from(row: Row) -> Result:
    """The result that *row*, the columns :data:`RESULT_COLUMNS`, says."""
    status, reason, headers, body, truncated, started, finished = row
    return Result(status, reason, headers_from(headers), body, bool(truncated), started, finished)
