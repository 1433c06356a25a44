"""What the API takes and gives, as JSON Schema (2020-12).  Data, and pure.

What is said here is what is checked and what ``openapi.json`` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jqengine.joboptions import JOB_OPTIONS, JobOption
from jqengine.lifecycle import DeliveryState, JobState, RunState
from jqengine.node import NodeState
from jqengine.queries import JobOrder, RunOrder

Schema = Mapping[str, Any]

ID = "^[0-9a-f]{26}$"
ETAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
LONGEST_TEXT = 16_384
LONGEST_PARAMETER = 1000
"""Characters: all that is asked for must fit into the line of a request."""

MOST_ON_A_PAGE = 1000

_NUMERIC = ("attempts", "times", "priority", "concurrency")


def text(about: str = "", **more: Any) -> dict[str, Any]:
    """A text."""
    return {"type": "string", **_about(about), **more}


def number(about: str = "", **more: Any) -> dict[str, Any]:
    """A whole number."""
    return {"type": "integer", **_about(about), **more}


def flag(about: str = "") -> dict[str, Any]:
    """True or false."""
    return {"type": "boolean", **_about(about)}


def a_list(items: Schema, about: str = "", **more: Any) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": items, **_about(about), **more}


def an_object(
    properties: Mapping[str, Schema], required: tuple[str, ...] | None = None, about: str = ""
) -> dict[str, Any]:
    """An object without other members; all are required unless said."""
    needed = list(properties) if required is None else list(required)
    said: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    return {**said, "required": needed, "additionalProperties": False, **_about(about)}


def or_null(schema: Schema) -> dict[str, Any]:
    """What *schema* says, or nothing."""
    kinds = schema["type"]
    several = list(kinds) if isinstance(kinds, list) else [kinds]
    allowed = {**schema, "type": [*several, "null"]}
    if "enum" in schema:
        allowed["enum"] = [*schema["enum"], None]
    return allowed


def named(name: str) -> dict[str, Any]:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _about(about: str) -> dict[str, str]:
    return {"description": about} if about else {}


INSTANT = text("An instant (RFC 3339).", format="date-time")
STATUS = number("An HTTP status; 0 for no response.", minimum=0, maximum=999)
COUNT = number(minimum=0)
HEADERS = a_list(
    a_list(text(), minItems=2, maxItems=2), "Name and value pairs; secrets are shown as hashes."
)
_WORDS = {
    "state": text("", enum=list(JobState)),
    "origin": text("", enum=["client", "crontab"]),
}
ANYTHING: Schema = {"type": "object", "additionalProperties": True}

JOB = an_object(
    {
        "id": text(pattern=ID),
        "name": or_null(text()),
        "state": _WORDS["state"],
        "reason": text("Why it is in that state; may be empty."),
        "origin": _WORDS["origin"],
        "created": INSTANT,
        "due": or_null(INSTANT),
        "fired": number("How many due times have passed.", minimum=0),
        "previous_status": or_null(STATUS),
        "method": text(),
        "target": text(),
        "user": or_null(text()),
        "headers": HEADERS,
        "body_size": COUNT,
        "schedule": {**ANYTHING, "description": "The time text with its options, and in words."},
        "policy": {**ANYTHING, "description": "The options of its runs."},
        "sinks": a_list(text()),
    },
    about="A job.",
)
_RUN = {
    "id": text(pattern=ID),
    "job": text(pattern=ID),
    "name": or_null(text()),
    "state": text(enum=list(RunState)),
    "due": INSTANT,
    "attempt": number("Attempts begun so far.", minimum=0),
    "attempts": number("Attempts there are at most.", minimum=1),
    "method": text(),
    "target": text(),
    "user": or_null(text()),
    "status": or_null(STATUS),
    "reason": text(),
    "started": or_null(INSTANT),
    "finished": or_null(INSTANT),
}
RUN = an_object(_RUN, about="One firing of a job.")
RUN_IN_FULL = an_object(
    {
        **_RUN,
        "headers": HEADERS,
        "body_size": COUNT,
        "ready": INSTANT,
        "previous_status": or_null(STATUS),
        "continuation": or_null(text()),
        "policy": ANYTHING,
        "sinks": a_list(text()),
        "node": or_null(text()),
        "boot": or_null(text()),
        "lease_until": or_null(INSTANT),
    },
    about="A run with all that is known of it but for bodies.",
)
ATTEMPT = an_object(
    {
        "attempt": number(minimum=1),
        "status": STATUS,
        "reason": text(),
        "headers": HEADERS,
        "size": COUNT,
        "truncated": flag(),
        "started": INSTANT,
        "finished": INSTANT,
    },
    about="What the application answered to one attempt, without the body.",
)
DELIVERY = an_object(
    {
        "id": text(),
        "run": text(),
        "job": text(),
        "attempt": number(minimum=0),
        "sink": text("What the sink's URL is shown as."),
        "state": text(enum=list(DeliveryState)),
        "ready": INSTANT,
        "tries": COUNT,
        "removed": or_null(text()),
        "reason": text(),
    },
    about="A result on its way to a sink.",
)
SINK = an_object(
    {
        "sink": text("What its URL is shown as."),
        "pending": COUNT,
        "held": COUNT,
        "dead": COUNT,
        "delivered": or_null(INSTANT),
        "failed": or_null(INSTANT),
        "failing": flag(),
        "reason": text(),
    },
    about="A sink.",
)
CONTINUATION = an_object(
    {
        "id": text(),
        "link": or_null(text()),
        "method": text(),
        "target": text(),
        "user": or_null(text()),
        "headers": HEADERS,
        "reusable": flag(),
        "created": INSTANT,
        "expires": INSTANT,
    },
    about="A saved request.",
)
NODE = an_object(
    {
        "name": text(),
        "state": text(enum=list(NodeState)),
        "since": INSTANT,
        "beat": INSTANT,
        "started": INSTANT,
        "running": COUNT,
        "threads": COUNT,
        "version": text(),
        "host": text(),
        "pid": number(),
    },
    about="A process that shares the store.",
)
GROUP = an_object(
    {
        "name": text(),
        "paused": flag(),
        "running": COUNT,
        "waiting": COUNT,
        "concurrency": or_null(COUNT),
        "rate": or_null(text()),
        "tokens": or_null({"type": "number"}),
    },
    about="Runs that share limits.",
)
FIRING = an_object({"due": INSTANT, "job": text(), "label": text(), "syntax": text()})
WHEN = an_object(
    {"instants": a_list(INSTANT), "words": text(), "recurring": flag()},
    about="What a schedule means.",
)
STATS = an_object(
    dict.fromkeys(("scheduled", "due", "running", "finished", "failed", "removed"), COUNT),
    about="Counts.",
)
MINUTE = an_object(
    {
        "start": INSTANT,
        "ended": COUNT,
        "failed": COUNT,
        "late": or_null({"type": "number"}),
        "latest": or_null({"type": "number"}),
    }
)
OVERVIEW = an_object(
    {
        "at": INSTANT,
        "all_well": flag(),
        "stats": named("Stats"),
        "next": {"anyOf": [named("Job"), {"type": "null"}]},
        "running": a_list(named("Run")),
        "removed": a_list(named("Job")),
        "dead": a_list(named("Delivery")),
        "dead_count": COUNT,
        "failing": a_list(named("Sink")),
        "stuck_threads": COUNT,
        "missing_nodes": a_list(text()),
        "minutes": a_list(MINUTE),
    },
    about="How the engine is, at a glance.",
)
PROBLEM = an_object(
    {
        "type": text("Names the kind of problem."),
        "title": text("The kind in words."),
        "status": number(),
        "detail": text("What is wrong, in a sentence."),
        "pointer": text("The member of the body that is meant (RFC 6901)."),
        "parameter": text("The parameter that is meant."),
    },
    required=("type", "title", "status", "detail"),
    about="A refusal (RFC 9457).",
)

COMPONENTS: Mapping[str, Schema] = {
    "Attempt": ATTEMPT,
    "Continuation": CONTINUATION,
    "Delivery": DELIVERY,
    "Firing": FIRING,
    "Group": GROUP,
    "Job": JOB,
    "Node": NODE,
    "Overview": OVERVIEW,
    "Problem": PROBLEM,
    "Run": RUN,
    "RunInFull": RUN_IN_FULL,
    "Sink": SINK,
    "Stats": STATS,
    "When": WHEN,
}

KEY = text(
    "What is asked twice under one key, within a day, is done once.",
    minLength=1,
    maxLength=255,
    pattern="^[!-~]([ -~]*[!-~])?$",
)

TIMES: Mapping[str, Schema] = {
    "cron": text("A crontab(5) expression.", maxLength=LONGEST_TEXT),
    "every": text("A duration between due times.", maxLength=LONGEST_TEXT),
    "at": text("A time as at(1) reads it.", maxLength=LONGEST_TEXT),
    "when": text("A time in plain English.", maxLength=LONGEST_TEXT),
    "after": text("A duration from now.", maxLength=LONGEST_TEXT),
}
"""The time of a job: at most one of these."""


def _option(option: JobOption) -> dict[str, Any]:
    about = f"{option.help[0].upper()}{option.help[1:]}. {option.form}."
    if option.name == "sink":
        return a_list(text(maxLength=2000), about, maxItems=100)
    kinds: Any = ["string", "integer"] if option.name in _NUMERIC else "string"
    return {"type": kinds, "description": about, "maxLength": LONGEST_TEXT}


OPTIONS: Mapping[str, Schema] = {
    {"sink": "sinks"}.get(option.name, option.name.replace("-", "_")): _option(option)
    for option in JOB_OPTIONS.values()
}
"""The options of a job, by their names in Python and JSON."""

SCHEDULE_OPTIONS = ("tz", "times", "until", "jitter")

REQUEST: Mapping[str, Schema] = {
    "target": text("Path and query, percent-encoded.", maxLength=LONGEST_TEXT),
    "method": text("An HTTP method in capitals.", maxLength=40),
    "headers": {
        "type": ["object", "array"],
        "description": "An object, or a list of name and value pairs.",
    },
    "user": text("Becomes REMOTE_USER.", maxLength=1000),
    "data": {
        "type": ["object", "array"],
        "description": "A form: into the query for GET, HEAD and DELETE, else into the body.",
    },
    "json": {"description": "Any value; becomes an application/json body."},
    "body": text("The body as text."),
    "body64": text("The body as base64 (RFC 4648, section 4)."),
}

NEW_JOB = an_object(
    {
        **REQUEST,
        "continuation": text("The id of a saved request, in place of the above.", maxLength=200),
        **TIMES,
        **OPTIONS,
    },
    required=(),
    about="A job to schedule: a target or a continuation, a time, and options.",
)
JOB_CHANGES = an_object(
    {
        **{name: or_null(schema) if "type" in schema else schema for name, schema in (
            {**REQUEST, **TIMES, **{n: o for n, o in OPTIONS.items() if n != "name"}}
        ).items()},
    },
    required=(),
    about="What is to be different; null is as if it had never been said.",
)  # fmt: skip
REQUEST_CHANGES = an_object(REQUEST, required=(), about="What of the request is to be different.")
BULK = an_object(
    {
        "jobs": a_list(text(pattern=ID), "Ids of jobs.", minItems=1, maxItems=1000),
        "action": text(enum=["pause", "resume", "cancel", "run"]),
    }
)
REDRIVE = an_object(
    {"sink": text("The URL of a sink, or what that is shown as.", maxLength=2000)},
    required=(),
)

AFTER = text("Where the page begins: as the link to it says.", maxLength=200)
LIMIT = number("Most items on the page.", minimum=1, maximum=MOST_ON_A_PAGE, default=100)
PAGE: Mapping[str, Schema] = {"after": AFTER, "limit": LIMIT}
PREFIX = "Exactly this, or what begins with it if it ends in *."
JOB_QUERY: Mapping[str, Schema] = {
    "state": text("States, separated by commas.", maxLength=200),
    "name": text(PREFIX, maxLength=300),
    "target": text(PREFIX, maxLength=LONGEST_PARAMETER),
    "user": text(maxLength=1000),
    "origin": text(enum=["client", "crontab"]),
    "once": flag("Only jobs without a name that are due once, or none of them."),
    "order": text(enum=list(JobOrder)),
    **PAGE,
}
RUN_QUERY: Mapping[str, Schema] = {
    "target": text(PREFIX, maxLength=LONGEST_PARAMETER),
    "user": text(maxLength=1000),
    "state": text("States, separated by commas.", maxLength=200),
    "status": text("Of the last attempt: 503, 5xx, or 0.", pattern="^([1-5]xx|0|[0-9]{3})$"),
    "since": text("Only what ended then or later (RFC 3339).", format="date-time"),
    "until": text("Only what ended then or earlier (RFC 3339).", format="date-time"),
    "node": text(maxLength=300),
    "order": text(enum=list(RunOrder)),
    **PAGE,
}
ALL_RUNS_QUERY: Mapping[str, Schema] = {
    "job": text("Only runs of the job with this id.", pattern=ID),
    "name": text("Of the job of that name; or of all whose names begin so, with *.", maxLength=300),
    **RUN_QUERY,
}
DELIVERY_QUERY: Mapping[str, Schema] = {
    "run": text(pattern=ID),
    "job": text(pattern=ID),
    "sink": text("The URL of a sink, or what that is shown as.", maxLength=2000),
    "state": text("States, separated by commas.", maxLength=200),
    **PAGE,
}
