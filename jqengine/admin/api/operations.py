"""The table of the API: what is answered where, with what, and by whom.

It is what requests are routed and checked by, and what ``openapi.json`` is
made from, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jqengine.admin.api import others, schemas
from jqengine.admin.api.asking import Answer, Asked
from jqengine.admin.api.jobs import Jobs
from jqengine.admin.api.keys import Keys
from jqengine.admin.api.schemas import Schema, a_list, an_object, flag, named, number, or_null, text

Handler = Callable[[Asked], Answer]

_VARIABLE = re.compile(r"\{(\w+)\}")

OCTETS = "application/octet-stream"

VARIABLES: Mapping[str, Schema] = {
    "job": text("The job's id, or its name.", minLength=1, maxLength=200),
    "run": text("The run's id.", minLength=1, maxLength=200),
    "delivery": text("The delivery's id.", minLength=1, maxLength=200),
    "continuation": text("Its id.", minLength=1, maxLength=200),
    "node": text("The node's name.", minLength=1, maxLength=200),
    "group": text("The group's name.", minLength=1, maxLength=200),
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path.

    :ivar path: below ``/api/v1``, variable parts in braces.
    :ivar name: of the operation, for programs made from the document.
    :ivar tag: the kind of thing it is about.
    :ivar query: parameters, by name.
    :ivar body: what may be said, or ``None`` for nothing; *required* if it must.
    :ivar answers: what is answered, by status; ``None`` for bytes.
    :ivar refusals: statuses of problems besides those that all have.
    :ivar example: of a body.
    :ivar is_keyed: whether an ``Idempotency-Key`` counts.
    :ivar is_versioned: whether ``If-Match`` counts.
    """

    method: str
    path: str
    name: str
    tag: str
    handler: Handler
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    required: bool = False
    answers: Mapping[int, Schema | None]
    refusals: Sequence[int] = ()
    example: Any = None
    is_keyed: bool = False
    is_versioned: bool = False

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.handler.__doc__ or "").strip().split("\n")[0]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What matches its path."""
        return re.compile(_VARIABLE.sub(r"(?P<\1>[^/]+)", self.path))

    @property
    def media_type(self) -> str:
        """Of its answers."""
        return OCTETS if None in self.answers.values() else "application/json"

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


def _page(name: str, item: str) -> Schema:
    return an_object({name: a_list(named(item)), "next": or_null(text("The next page."))})


_JOB, _RUN = named("Job"), named("Run")
_COUNT = an_object({"count": number("How many there were.", minimum=0)})
_CHANGED = an_object({"changed": flag("Whether that is new.")})
_ANSWERS = an_object(
    {
        "answers": a_list(
            an_object({"id": text(), "status": number("As of a request of its own."),
                       "detail": text("Why not; empty if it was done.")})
        )
    }
)  # fmt: skip
_EDITED = an_object({"job": _JOB, "due_before": or_null(schemas.INSTANT)})
_RELOADED = an_object(dict.fromkeys(("added", "replaced", "retired", "unchanged"), schemas.COUNT))
_COMING = an_object({"firings": a_list(named("Firing")), "reaches": schemas.INSTANT})
_PLACE = an_object({"location": text("Where to look.")})
_NEW = {
    "target": "/reports/7",
    "method": "POST",
    "data": {"fmt": "pdf"},
    "user": "alice",
    "when": "next friday 17:00",
}


def operations(keys: Keys) -> tuple[Operation, ...]:
    """The table.

    :param keys: remembers idempotency keys.
    """
    jobs, retries = Jobs(keys), others.Retries(keys)
    return (
        Operation(
            method="GET", path="/jobs", name="listJobs", tag="jobs", handler=jobs.page,
            query=schemas.JOB_QUERY, answers={200: _page("jobs", "Job")},
        ),
        Operation(
            method="POST", path="/jobs", name="scheduleJob", tag="jobs", handler=jobs.create,
            body=schemas.NEW_JOB, required=True, answers={200: _JOB, 201: _JOB},
            refusals=(404, 409), example=_NEW, is_keyed=True,
        ),
        Operation(
            method="POST", path="/jobs/change", name="changeJobs", tag="jobs",
            handler=jobs.change, body=schemas.BULK, required=True, answers={200: _ANSWERS},
            example={"jobs": ["019a3185c50000030000000001"], "action": "pause"},
        ),
        Operation(
            method="GET", path="/jobs/{job}", name="showJob", tag="jobs", handler=jobs.show,
            answers={200: _JOB},
        ),
        Operation(
            method="PATCH", path="/jobs/{job}", name="editJob", tag="jobs", handler=jobs.edit,
            query={"check": flag("Only say what would come of it.")},
            body=schemas.JOB_CHANGES, required=True, answers={200: _EDITED},
            refusals=(409, 412), example={"every": "2h", "user": None}, is_versioned=True,
        ),
        Operation(
            method="DELETE", path="/jobs/{job}", name="cancelJob", handler=jobs.cancel,
            tag="jobs", answers={200: _JOB}, refusals=(409, 412), is_versioned=True,
        ),
        Operation(
            method="POST", path="/jobs/{job}/pause", name="pauseJob", tag="jobs",
            handler=jobs.pause, answers={200: _JOB}, refusals=(409,),
        ),
        Operation(
            method="POST", path="/jobs/{job}/resume", name="resumeJob", tag="jobs",
            handler=jobs.resume, answers={200: _JOB}, refusals=(409,),
        ),
        Operation(
            method="POST", path="/jobs/{job}/run", name="runJob", tag="jobs", handler=jobs.run,
            answers={201: _RUN}, refusals=(409,), is_keyed=True,
        ),
        Operation(
            method="GET", path="/jobs/{job}/runs", name="listRunsOfJob", tag="jobs",
            handler=jobs.runs, query=schemas.RUN_QUERY, answers={200: _page("runs", "Run")},
        ),
        Operation(
            method="GET", path="/jobs/{job}/instants", name="listInstantsOfJob", tag="jobs",
            handler=jobs.instants,
            query={"count": number("At most so many.", minimum=1, maximum=100, default=10)},
            answers={200: named("When")},
        ),
        Operation(
            method="GET", path="/jobs/{job}/body", name="getBodyOfJob", tag="jobs",
            handler=jobs.body, answers={200: None}, refusals=(409,),
        ),
        Operation(
            method="GET", path="/runs", name="listRuns", tag="runs", handler=others.runs,
            query=schemas.ALL_RUNS_QUERY, answers={200: _page("runs", "Run")}, refusals=(404,),
        ),
        Operation(
            method="GET", path="/runs/{run}", name="showRun", tag="runs", handler=others.run,
            answers={200: named("RunInFull")},
        ),
        Operation(
            method="POST", path="/runs/{run}/retry", name="retryRun", tag="runs",
            handler=retries.retry, body=schemas.REQUEST_CHANGES, answers={200: _RUN, 201: _RUN},
            refusals=(409,), example={"target": "/reports/7?fmt=html"}, is_keyed=True,
        ),
        Operation(
            method="GET", path="/runs/{run}/attempts", name="listAttempts", tag="runs",
            handler=others.attempts,
            answers={200: an_object({"attempts": a_list(named("Attempt"))})},
        ),
        Operation(
            method="GET", path="/runs/{run}/response", name="getResponse", tag="runs",
            handler=others.response,
            query={"attempt": number("The last unless said.", minimum=1, maximum=1_000_000)},
            answers={200: None},
        ),
        Operation(
            method="GET", path="/runs/{run}/output", name="followOutput", tag="runs",
            handler=others.output, answers={307: _PLACE},
        ),
        Operation(
            method="GET", path="/runs/{run}/body", name="getBodyOfRun", tag="runs",
            handler=others.request_body, answers={200: None}, refusals=(409,),
        ),
        Operation(
            method="GET", path="/deliveries", name="listDeliveries", tag="deliveries",
            handler=others.deliveries, query=schemas.DELIVERY_QUERY,
            answers={200: _page("deliveries", "Delivery")},
        ),
        Operation(
            method="POST", path="/deliveries/redrive", name="redriveAll", tag="deliveries",
            handler=others.redrive_all, body=schemas.REDRIVE, answers={200: _COUNT}, example={},
        ),
        Operation(
            method="POST", path="/deliveries/{delivery}/redrive", name="redriveOne",
            tag="deliveries", handler=others.redrive, answers={200: _COUNT},
        ),
        Operation(
            method="DELETE", path="/deliveries/{delivery}", name="dropDelivery",
            tag="deliveries", handler=others.drop, answers={200: _COUNT}, refusals=(409,),
        ),
        Operation(
            method="GET", path="/sinks", name="listSinks", tag="deliveries",
            handler=others.sinks, answers={200: an_object({"sinks": a_list(named("Sink"))})},
        ),
        Operation(
            method="GET", path="/continuations", name="listContinuations", tag="continuations",
            handler=others.continuations, query=schemas.PAGE,
            answers={200: _page("continuations", "Continuation")},
        ),
        Operation(
            method="DELETE", path="/continuations/{continuation}", name="dropContinuation",
            tag="continuations", handler=others.drop_continuation, answers={200: _COUNT},
        ),
        Operation(
            method="GET", path="/groups", name="listGroups", tag="groups", handler=others.groups,
            answers={200: an_object({"groups": a_list(named("Group"))})},
        ),
        Operation(
            method="POST", path="/groups/{group}/pause", name="pauseGroup", tag="groups",
            handler=others.pause_group, answers={200: named("Group")},
        ),
        Operation(
            method="POST", path="/groups/{group}/resume", name="resumeGroup", tag="groups",
            handler=others.resume_group, answers={200: named("Group")},
        ),
        Operation(
            method="POST", path="/pause", name="pauseAll", tag="engine",
            handler=others.pause_all, answers={200: _CHANGED},
        ),
        Operation(
            method="POST", path="/resume", name="resumeAll", tag="engine",
            handler=others.resume_all, answers={200: _CHANGED},
        ),
        Operation(
            method="GET", path="/nodes", name="listNodes", tag="nodes", handler=others.nodes,
            answers={200: an_object({"nodes": a_list(named("Node"))})},
        ),
        Operation(
            method="POST", path="/nodes/{node}/drain", name="drainNode", tag="nodes",
            handler=others.drain, answers={200: named("Node")},
        ),
        Operation(
            method="POST", path="/nodes/{node}/undrain", name="undrainNode", tag="nodes",
            handler=others.undrain, answers={200: named("Node")},
        ),
        Operation(
            method="GET", path="/stats", name="getStats", tag="engine", handler=others.stats,
            answers={200: named("Stats")},
        ),
        Operation(
            method="GET", path="/overview", name="getOverview", tag="engine",
            handler=others.overview, answers={200: named("Overview")},
        ),
        Operation(
            method="GET", path="/upcoming", name="listUpcoming", tag="engine",
            handler=others.upcoming,
            query={
                "until": text("None after this; a day from now unless said.", format="date-time"),
                "limit": number("At most so many.", minimum=1, maximum=1000, default=200),
                "each": number("At most so many of one job.", minimum=1, maximum=1000),
            },
            answers={200: _COMING},
        ),
        Operation(
            method="GET", path="/when", name="readTime", tag="engine", handler=others.when,
            query={
                **{n: {**one, "maxLength": 1000} for n, one in schemas.TIMES.items()},
                "tz": text("The zone it is read in.", maxLength=100),
                "times": number("At most so many due times.", minimum=1, maximum=999_999_999),
                "until": text("No due time after this.", maxLength=100),
                "jitter": text("As of a job.", maxLength=100),
                "count": number("At most so many.", minimum=1, maximum=100, default=5),
            },
            answers={200: named("When")},
        ),
        Operation(
            method="POST", path="/reload", name="reloadCrontabs", tag="engine",
            handler=others.reload, answers={200: _RELOADED}, refusals=(422,),
        ),
    )  # fmt: skip
