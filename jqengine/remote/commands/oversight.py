"""Commands of those who look closely and put things right."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Json, Number, Text
from jqengine.remote.commands.base import (
    SYNTAXES,
    Arguments,
    EngineCommand,
    Role,
    schedule_options,
    which_job,
)

_PAGE: Arguments = [
    (b"after", Text("The ``next`` of the page before.", optional=True)),
    (b"limit", Number("Most of them on the page: 100 unless said, up to 1,000.", optional=True)),
]
_NEXT = (b"next", Text("The ``after`` of the next page, if there is one.", optional=True))
_REQUEST: Arguments = [
    (b"target", Text("Path and query, percent-encoded.", optional=True)),
    (b"method", Text("An HTTP method in capitals.", optional=True)),
    (b"headers", Json(
        "A list of name and value pairs, in place of all there are. A secret that is given as "
        "it is shown stays as it is.",
        optional=True,
    )),
    (b"user", Text("Becomes ``REMOTE_USER``.", optional=True)),
    (b"data", Json("As for ``Schedule``.", optional=True)),
    (b"json", Json("Any value: becomes an ``application/json`` body.", optional=True)),
    (b"body", Bytes("The request body as it is, if it fits into one value.", optional=True)),
    (b"upload", Number("The body is what was sent under this number.", optional=True)),
]  # fmt: skip


class _Looks(EngineCommand):
    role = Role.OPERATE
    looks = True


class ShowRun(_Looks):
    """One run in full, but for bodies."""

    arguments: ClassVar[Arguments] = [(b"run", Text("The run's id."))]
    response: ClassVar[Arguments] = [(b"run", Json("The run in full, described above."))]


class RequestBody(_Looks):
    """A piece of the body of a request.

    The body of a saved request, which a continuation is, is shown to nobody.
    """

    arguments: ClassVar[Arguments] = [
        (b"id", Text("The id of a run, or of a job.")),
        (b"offset", Number("Where the piece begins; 0 unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"data", Bytes("The piece; empty at the end.")),
        (b"size", Number("Bytes of the whole body.")),
    ]


class Deliveries(_Looks):
    """A page of deliveries, the newest first, that match all that is said."""

    arguments: ClassVar[Arguments] = [
        (b"run", Text("The id of the run whose result it is.", optional=True)),
        (b"job", Text("The id of the job.", optional=True)),
        (b"sink", Text("The URL of the sink, or what that is shown as.", optional=True)),
        (b"state", Text("States, separated by commas.", optional=True)),
        *_PAGE,
    ]
    response: ClassVar[Arguments] = [
        (b"deliveries", Json("A list of deliveries, described above.")),
        _NEXT,
    ]


class Redrive(EngineCommand):
    """Try dead letters again: one, all for a sink, or all there are."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"delivery", Text("The id of one.", optional=True)),
        (b"sink", Text("The URL of a sink, or what that is shown as.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"count", Number("How many they were."))]


class DropDelivery(EngineCommand):
    """Forget a dead letter."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [(b"delivery", Text("Its id."))]
    response: ClassVar[Arguments] = [(b"count", Number("1, or 0 if there was none."))]


class Sinks(_Looks):
    """Every sink with deliveries that have not arrived, or that the engine has tried."""

    response: ClassVar[Arguments] = [(b"sinks", Json("A list of sinks, described above."))]


class Upcoming(_Looks):
    """The due times to come of all jobs, in order."""

    arguments: ClassVar[Arguments] = [
        (b"until", Text(
            "None after this instant (RFC 3339); a day from now unless said.", optional=True
        )),
        (b"limit", Number("At most so many: 200 unless said, up to 1,000.", optional=True)),
        (b"each", Number("At most so many of one job.", optional=True)),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [
        (b"firings", Json(
            "A list of lists: the instant, the job's id, its name or request line, its syntax."
        )),
        (b"reaches", Text("The instant up to which nothing is left out.")),
    ]  # fmt: skip


class Instants(_Looks):
    """The next due times of one job."""

    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"count", Number("At most so many: 10 unless said, up to 100.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"when", Json("What its schedule means, described above."))]


class When(EngineCommand):
    """What a time text means; no job is made."""

    looks = True
    arguments: ClassVar[Arguments] = [
        *SYNTAXES,
        *(option for option in schedule_options()
          if option[0] in (b"tz", b"times", b"until", b"jitter")),
        (b"count", Number("At most so many due times: 5 unless said, up to 100.", optional=True)),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [(b"when", Json("What the text means, described above."))]


class Overview(_Looks):
    """How the engine is, at a glance."""

    response: ClassVar[Arguments] = [(b"overview", Json("The overview, described above."))]


class Edit(EngineCommand):
    """Change the request, the time, the policy or the sinks of a job.

    What is not said stays as it is. A job of a crontab is changed in its crontab.
    """

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"check", Number("1 to be told what would come of it; nothing is changed.",
                          optional=True)),
        (b"version", Text(
            "Of the job, as ``Show`` gave it: if it has another one by now, the error is "
            "``CHANGED_MEANWHILE``.",
            optional=True,
        )),
        (b"clear", Json(
            "A list of what is to be as if it had never been said: ``user``, ``headers``, "
            "``body``, or the name of an option.",
            optional=True,
        )),
        *_REQUEST,
        *SYNTAXES,
        *(option for option in schedule_options() if option[0] != b"name"),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [
        (b"job", Json("The job after the change, described above.")),
        (b"version", Text("Its version.")),
        (b"due-before", Text("Its due time before the change, if it had one.", optional=True)),
    ]


class RetryChanged(EngineCommand):
    """Ask what a run has asked once more, now, with a changed request.

    If the job has a name or recurs, it is one more run of that job, which stays
    as it is; else it is another job.
    """

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"run", Text("The run's id.")),
        (b"id", Text("26 hexadecimal digits proposed as the new run's id.", optional=True)),
        *_REQUEST,
    ]
    response: ClassVar[Arguments] = [(b"run", Json("The new run, described above."))]


OVERSIGHT: tuple[type[EngineCommand], ...] = (
    ShowRun, RequestBody, Deliveries, Redrive, DropDelivery, Sinks, Upcoming, Instants, When,
    Overview, Edit, RetryChanged,
)  # fmt: skip
