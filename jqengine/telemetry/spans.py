"""What the engine does, as spans of traces.  Pure.

Names and attributes follow OpenTelemetry's semantic conventions (messaging 1.43,
HTTP 1.43).  What may be a secret is in none of them: no header, no body, no query, of
a sink no more than its host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from jqengine.delivery import Delivery
from jqengine.job import NO_RESPONSE, Job, Outcome, Request, Result, Run
from jqengine.lifecycle import RunState
from jqengine.request.environ import trace_of
from jqengine.sinkurl import label_of, scheme_of

SYSTEM = "jqengine"
DESTINATION = "jobs"

# Later versions may say more after the flags (W3C Trace Context, section 3.2.4).
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)

Attributes = Mapping[str, str | int | float]


class Kind(StrEnum):
    """A span's part in a trace."""

    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Place(NamedTuple):
    """A span as those beneath it know it: ``traceparent`` (W3C Trace Context).

    :ivar trace: 32 hexadecimal digits.
    :ivar span: 16 of them; all zeros for a trace that has no span yet.
    :ivar flags: two of them, of which the last bit says that it is recorded.
    """

    trace: str
    span: str
    flags: str = "01"

    @classmethod
    def of(cls, traceparent: str | None) -> Place | None:
        """The one that a header names, or ``None`` if it names none."""
        match = _TRACEPARENT.fullmatch(traceparent or "")
        return cls(match[1], match[2], match[3]) if match else None

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{self.flags}"


class Span(NamedTuple):
    """A span that has ended.

    :ivar parent: what it is beneath, or ``None``.
    :ivar place: where it is itself, or ``None`` if that is to be made up.
    :ivar began: instant.
    :ivar ended: instant.
    :ivar error: one phrase, or ``None`` if it went well.
    """

    name: str
    kind: Kind
    parent: Place | None
    place: Place | None
    began: float
    ended: float
    attributes: Attributes
    error: str | None = None


def of_attempt(run: Run, outcome: Outcome) -> Span:
    """An attempt, from when a thread began it: what the application finds as its parent."""
    place, parent = places_of(run)
    result, verdict = outcome.result, outcome.verdict
    failed = _failed(result) or verdict.state is RunState.FAILED
    attributes: Attributes = {
        **_messaging("process", "run"),
        **_request(run.request),
        **_status(result.status),
        **({"jobqueue.job.name": run.name} if run.name else {}),
        **({"error.type": _error_type(result)} if failed else {}),
        "messaging.message.id": run.id,
        "messaging.message.conversation_id": run.job_id,
        "jobqueue.attempt": run.attempt,
        "jobqueue.lateness": round(max(result.started - run.due, 0.0), 6),
        "jobqueue.verdict": str(verdict.state),
    }
    return Span(
        f"run {run.name or run.request.method}",
        Kind.CONSUMER,
        parent,
        place,
        result.started,
        result.finished,
        attributes,
        verdict.why if failed else None,
    )


def of_acceptance(jobs: Sequence[Job], began: float, ended: float) -> list[Span]:
    """Jobs that were asked for together, from the asking until they are on disk.

    One span for those of one trace.
    """
    together: dict[str | None, list[Job]] = {}
    for job in jobs:
        together.setdefault(_traceparent(job.definition.request), []).append(job)
    return [
        Span(
            f"schedule {_name_of(some)}",
            Kind.PRODUCER,
            Place.of(traceparent),
            None,
            began,
            ended,
            {**_messaging("send", "schedule"), **_facts_of(some)},
        )
        for traceparent, some in together.items()
    ]


def of_delivery(
    delivery: Delivery, run: Run, began: float, ended: float, failure: str | None
) -> Span:
    """One try to bring a result to a sink, beneath the attempt that it is the result of."""
    return Span(
        f"deliver {scheme_of(delivery.sink)}",
        Kind.CLIENT,
        places_of(run._replace(attempt=delivery.attempt))[0],
        None,
        began,
        ended,
        {
            "messaging.message.id": run.id,
            "jobqueue.delivery": delivery.id,
            "jobqueue.sink": label_of(delivery.sink),
            "jobqueue.tries": delivery.tries,
            **({} if failure is None else {"error.type": "delivery_failed"}),
        },
        failure,
    )


def places_of(run: Run) -> tuple[Place, Place | None]:
    """Where the attempt that *run* is on is, and what it is beneath."""
    said = _traceparent(run.request)
    place = Place.of(trace_of(run, said))
    assert place is not None
    parent = Place.of(said)
    return place, parent if parent is not None and parent.trace == place.trace else None


def path_of(target: str) -> str:
    """A request target without its query, which may hold secrets."""
    return target.partition("?")[0]


def _messaging(kind: str, operation: str) -> dict[str, str]:
    return {
        "messaging.system": SYSTEM,
        "messaging.destination.name": DESTINATION,
        "messaging.operation.type": kind,
        "messaging.operation.name": operation,
    }


def _request(request: Request) -> dict[str, str]:
    return {"http.request.method": request.method, "url.path": path_of(request.target)}


def _status(status: int) -> dict[str, int]:
    return {} if status == NO_RESPONSE else {"http.response.status_code": status}


def _failed(result: Result) -> bool:
    return result.status == NO_RESPONSE or result.status >= 400


def _error_type(result: Result) -> str:
    return "no_response" if result.status == NO_RESPONSE else str(result.status)


def _name_of(jobs: Sequence[Job]) -> str:
    [job, *others] = jobs
    if others:
        return DESTINATION
    return job.definition.name or job.definition.request.method


def _facts_of(jobs: Sequence[Job]) -> dict[str, str | int]:
    [job, *others] = jobs
    if others:
        return {"messaging.batch.message_count": len(jobs)}
    request = job.definition.request
    return {
        **_request(request),
        "messaging.message.conversation_id": job.id,
        **({"jobqueue.job.name": job.definition.name} if job.definition.name else {}),
    }


def _traceparent(request: Request) -> str | None:
    """As an application would find it: of several there is none."""
    said = [value for name, value in request.headers if name.lower() == "traceparent"]
    return said[0] if len(said) == 1 else None
