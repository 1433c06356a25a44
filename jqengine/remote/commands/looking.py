"""Commands that look at jobs, runs and results."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Json, Number, Text
from jqengine.remote.commands.base import Arguments, EngineCommand, Role, which_job


class Show(EngineCommand):
    """One job."""

    looks = True
    arguments: ClassVar[Arguments] = which_job()
    response: ClassVar[Arguments] = [
        (b"job", Json("The job, described above.")),
        (b"version", Text(
            "Differs once the request, the time, the policy, the sinks or the state does."
        )),
    ]  # fmt: skip


class Wait(EngineCommand):
    """Wait for the end of a run; the answer is sent when it comes.

    Of a job whose last run has ended and that has no other to come, that run is
    the answer at once; otherwise the next run that ends. A run that will be
    tried again has not ended.
    """

    looks = True
    arguments: ClassVar[Arguments] = [
        *which_job(),
        (b"timeout", Text("A duration after which the error is ``NOT_IN_TIME``.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"run", Json("The run, described above.")),
        (b"result", Json("Its result, described above.", optional=True)),
        (b"body", Bytes("The first piece of the result's body.", optional=True)),
    ]


class Results(EngineCommand):
    """The result of each attempt of a run, in order, without the bodies."""

    looks = True
    arguments: ClassVar[Arguments] = [
        (b"run", Text("The run's id.")),
        (b"after", Number("Only attempts after this one; 0 unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"results", Json("A list of results, described above.")),
        (b"next", Number("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class Body(EngineCommand):
    """A piece of a result's body."""

    looks = True
    arguments: ClassVar[Arguments] = [
        (b"run", Text("The run's id.")),
        (b"attempt", Number("The attempt, from 1.")),
        (b"offset", Number("Where the piece begins; 0 unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"data", Bytes("The piece; empty at the end.")),
        (b"size", Number("Bytes of the whole body.")),
    ]


class Stats(EngineCommand):
    """Counts: scheduled, due, running, finished, failed, removed; with a spool, spooled."""

    looks = True
    response: ClassVar[Arguments] = [(b"stats", Json("An object of numbers."))]


class Jobs(EngineCommand):
    """A page of the jobs that match all that is said."""

    role = Role.OPERATE
    looks = True
    arguments: ClassVar[Arguments] = [
        (b"state", Text("States, separated by commas.", optional=True)),
        (b"name", Text("A name, or the beginning of one with ``*`` behind it.", optional=True)),
        (b"target", Text("A target, or the beginning of one with ``*``.", optional=True)),
        (b"user", Text("The user it runs as.", optional=True)),
        (b"origin", Text("``crontab`` or ``client``.", optional=True)),
        (
            b"once",
            Number(
                "1 for jobs alone that are due once and have no name, 0 for none of them.",
                optional=True,
            ),
        ),
        (b"order", Text("``newest`` first (unless said), or ``due`` soonest.", optional=True)),
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("Most jobs on the page: 100 unless said, up to 1,000.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"jobs", Json("A list of jobs, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class Runs(EngineCommand):
    """A page of the runs that match all that is said."""

    role = Role.OPERATE
    looks = True
    arguments: ClassVar[Arguments] = [
        (
            b"job",
            Text("The id of the job whose runs are wanted, the latest due first.", optional=True),
        ),
        (
            b"name",
            Text(
                "The name of that job, or the beginning of some with ``*`` behind it.",
                optional=True,
            ),
        ),
        (b"target", Text("A target, or the beginning of one with ``*``.", optional=True)),
        (b"user", Text("The user it runs as.", optional=True)),
        (b"state", Text("States, separated by commas.", optional=True)),
        (
            b"status",
            Text("Of the last attempt: ``503``, ``5xx``, or ``0`` for no response.", optional=True),
        ),
        (b"since", Text("Only what ended at this instant (RFC 3339) or later.", optional=True)),
        (b"until", Text("Only what ended at this instant or earlier.", optional=True)),
        (b"node", Text("Only what had its last attempt on this node.", optional=True)),
        (
            b"order",
            Text(
                "``newest`` made first, or ``ended`` last first, without what has not ended; "
                "that is the order if ``since`` or ``until`` is given.",
                optional=True,
            ),
        ),
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("Most runs on the page: 100 unless said, up to 1,000.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"runs", Json("A list of runs, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]
