"""The wire contract: every AMP command with its arguments and its answer.

The reference page is made from these classes, so what is said about a command
is said here.  A job is named by exactly one of ``job`` (its id) and ``name``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from twisted.protocols import amp

from jqengine.joboptions import JOB_OPTIONS
from jqengine.remote.arguments import Bytes, Json, Number, Text

Arguments = list[tuple[bytes, amp.Argument]]


class Role(IntEnum):
    """How far a client may go; each role includes the ones before it."""

    STRANGER = 0
    SUBMIT = 1
    OPERATE = 2

    @property
    def word(self) -> str:
        """The role as people write it."""
        return self.name.lower()


class EngineCommand(amp.Command):
    """A command of the engine.

    :cvar role: the least role that may give it.
    """

    role: ClassVar[Role] = Role.SUBMIT


def _which_job() -> Arguments:
    return [
        (b"job", Text("The job's id.", optional=True)),
        (b"name", Text("The job's name.", optional=True)),
    ]


def _schedule_options() -> Arguments:
    """One argument for each row of the table of job options."""
    renamed = {"sink": (b"sinks", Json("A list of URLs: where results go.", optional=True))}
    return [
        renamed.get(option.name)
        or (option.name.encode(), Text(_sentence(option.help), optional=True))
        for option in JOB_OPTIONS.values()
    ]


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."


SYNTAXES: Arguments = [
    (b"cron", Text("A crontab(5) expression: ``*/5 * * * *``.", optional=True)),
    (b"every", Text("A duration between due times: ``10 minutes``.", optional=True)),
    (b"at", Text("A time as at(1) reads it: ``4pm + 3 days``.", optional=True)),
    (b"when", Text("A time in plain English: ``next friday 17:00``.", optional=True)),
    (b"after", Text("A duration from now: ``90s``.", optional=True)),
]
"""The time of a job; none of them means now."""


class Schedule(EngineCommand):
    """Schedule one job.

    It has a target, or it is a continuation, which is a whole request. At most
    one of the time texts is given; without any the job is due now. A
    ``name`` that is known replaces that job, which keeps its id. A ``key`` that
    an unfinished job holds gives that job as the answer, and nothing is added.
    The answer comes once the job is on disk.
    """

    arguments: ClassVar[Arguments] = [
        (b"target", Text(
            "Path and query, percent-encoded: ``/reports/7?fmt=pdf``.", optional=True
        )),
        (b"continuation", Text(
            "The id of a continuation: the job is its request. It is used up, unless it is "
            "reusable.",
            optional=True,
        )),
        (b"check", Number(
            "1 to be told what would come of it, or what is wrong with it: nothing is added.",
            optional=True,
        )),
        (b"id", Text(
            "26 hexadecimal digits proposed as the job's id. Sending the same request again "
            "with the same id, after a connection was lost, adds nothing.",
            optional=True,
        )),
        (b"method", Text("An HTTP method in capitals; ``GET`` unless said.", optional=True)),
        (b"headers", Json("A list of name and value pairs.", optional=True)),
        (b"user", Text("Becomes ``REMOTE_USER``.", optional=True)),
        (b"data", Json(
            "An object, or a list of name and value pairs: goes, encoded as a form, into the "
            "query for GET, HEAD and DELETE and into the body otherwise.",
            optional=True,
        )),
        (b"json", Json("Any value: becomes an ``application/json`` body.", optional=True)),
        (b"body", Bytes("The request body as it is, if it fits into one value.", optional=True)),
        (b"upload", Number("The body is what was sent under this number.", optional=True)),
        *SYNTAXES,
        *_schedule_options(),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [
        (b"job", Json("The job, described above.")),
        (b"existing", Number("1 if another job holds the key and is the answer, else 0.")),
    ]


class ScheduleMany(EngineCommand):
    """Schedule up to 1,000 jobs with one box.

    For more, send several boxes without waiting in between. Each job is judged
    by itself: one that is refused is an error in its place and harms no other.
    The answer comes once all that were accepted are on disk.
    """

    arguments: ClassVar[Arguments] = [
        (b"jobs", Json(
            "A list of objects with the arguments of ``Schedule`` as keys, but for ``upload`` and "
            "``check``. ``body`` is text; ``body64`` is bytes in base64; ``as_of`` is an instant "
            "of the last week (RFC 3339) at which the time text is read.",
            optional=True,
        )),
        (b"upload", Number(
            "The list is what was sent under this number, if it is too long for one value.",
            optional=True,
        )),
        (b"defaults", Json("An object with what the jobs have in common.", optional=True)),
        (b"together", Number(
            "1 to have all of them accepted in one step or none; then one that is refused is the "
            "error of the call.",
            optional=True,
        )),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [
        (b"answers", Json(
            "A list with one entry for each job, in order: its id; or ``{\"id\": ..., "
            "\"existing\": true}`` if another job holds its key; or ``{\"error\": CODE, "
            "\"message\": SENTENCE}``.",
        )),
    ]  # fmt: skip


class Upload(EngineCommand):
    """Send a piece of a body that is too long for one value.

    Pieces sent under one number are joined in order, to 16 MiB. The client
    chooses the number; ``Schedule`` takes the body and frees the number, as does
    the end of the connection.
    """

    arguments: ClassVar[Arguments] = [
        (b"upload", Number("A number of the client's choice, of this connection.")),
        (b"data", Bytes("The next piece.")),
    ]
    response: ClassVar[Arguments] = [(b"size", Number("Bytes received under the number."))]


class DropUpload(EngineCommand):
    """Forget what was sent under a number."""

    arguments: ClassVar[Arguments] = [(b"upload", Number("The number."))]
    response: ClassVar[Arguments] = [(b"size", Number("Bytes that are forgotten."))]


class Show(EngineCommand):
    """One job."""

    arguments: ClassVar[Arguments] = _which_job()
    response: ClassVar[Arguments] = [(b"job", Json("The job, described above."))]


class Wait(EngineCommand):
    """Wait for the end of a run; the answer is sent when it comes.

    Of a job whose last run has ended and that has no other to come, that run is
    the answer at once; otherwise the next run that ends. A run that will be
    tried again has not ended.
    """

    arguments: ClassVar[Arguments] = [
        *_which_job(),
        (b"timeout", Text("A duration after which the error is ``NOT_IN_TIME``.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"run", Json("The run, described above.")),
        (b"result", Json("Its result, described above.", optional=True)),
        (b"body", Bytes("The first piece of the result's body.", optional=True)),
    ]


class Results(EngineCommand):
    """The result of each attempt of a run, in order, without the bodies."""

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
    """Counts: scheduled, due, running, finished, failed, removed."""

    response: ClassVar[Arguments] = [(b"stats", Json("An object of numbers."))]


class Jobs(EngineCommand):
    """A page of the jobs that match all that is said."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"state", Text("States, separated by commas.", optional=True)),
        (b"name", Text("A name, or the beginning of one with ``*`` behind it.", optional=True)),
        (b"target", Text("A target, or the beginning of one with ``*``.", optional=True)),
        (b"user", Text("The user it runs as.", optional=True)),
        (b"origin", Text("``crontab`` or ``client``.", optional=True)),
        (b"order", Text("``newest`` first (unless said), or ``due`` soonest.", optional=True)),
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("Most jobs on the page: 100 unless said, up to 1,000.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"jobs", Json("A list of jobs, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class Runs(EngineCommand):
    """A page of runs, newest first, that match all that is said."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *_which_job(),
        (b"state", Text("States, separated by commas.", optional=True)),
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("Most runs on the page: 100 unless said, up to 1,000.", optional=True)),
    ]
    response: ClassVar[Arguments] = [
        (b"runs", Json("A list of runs, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class _ToJob(EngineCommand):
    role = Role.OPERATE
    arguments: ClassVar[Arguments] = _which_job()
    response: ClassVar[Arguments] = [(b"job", Json("The job as it is now, described above."))]


class Cancel(_ToJob):
    """Take a job back.

    It is due no more, and runs that wait are cancelled; an attempt that has begun
    goes on to its end, and none follows. A cancelled job stays cancelled.
    """


class Pause(_ToJob):
    """Hold a job: due times pass without a run until it is resumed."""


class Resume(_ToJob):
    """Let a paused or removed job go on from its next due time after now."""


class RunNow(EngineCommand):
    """Run a job once now, whatever its schedule says, which stays as it is."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *_which_job(),
        (b"id", Text("26 hexadecimal digits proposed as the run's id.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"run", Json("The run, described above."))]


class Retry(EngineCommand):
    """Give an ended run one more attempt, now."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *_which_job(),
        (b"run", Text("The run's id; the latest of the job unless said.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"run", Json("The run, described above."))]


class Reschedule(EngineCommand):
    """Give a job another time; everything else about it stays."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        *_which_job(),
        *SYNTAXES,
        *((name.encode(), Text(_sentence(JOB_OPTIONS[name].help), optional=True))
          for name in ("tz", "times", "until", "jitter")),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [(b"job", Json("The job as it is now, described above."))]


class Reload(EngineCommand):
    """Read the crontabs again, as SIGHUP does."""

    role = Role.OPERATE
    response: ClassVar[Arguments] = [
        (b"added", Number("Jobs of lines never seen before.")),
        (b"replaced", Number("Jobs whose line changed.")),
        (b"retired", Number("Jobs whose line is gone.")),
        (b"unchanged", Number("Jobs that stay as they are.")),
    ]


class Tail(EngineCommand):
    """Follow runs from now on: the engine sends an ``Event`` for each step.

    Best on a connection of its own: if events are not read, the connection is
    not either, and after a minute it ends.
    """

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"tail", Number("A number of the client's choice, of this connection.")),
        *_which_job(),
        (b"output", Number("1 to be sent what the application writes as it comes.", optional=True)),
    ]


class StopTail(EngineCommand):
    """Follow no more."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [(b"tail", Number("The number."))]


class Event(EngineCommand):
    """Sent by the engine, without ``_ask``: one step of a run that is followed."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"tail", Number("The number.")),
        (b"event", Json("What happened, described above.")),
        (b"data", Bytes("For ``output``: what the application wrote.", optional=True)),
    ]
    requiresAnswer = False  # noqa: N815 - the name is Twisted's


class MakeContinuation(EngineCommand):
    """Save a request, to be run later as a job or resumed by link.

    It is a whole request, or a ``session`` with a ``path``: then what a client
    of that session would ask there. The answer comes once it is on disk.
    """

    arguments: ClassVar[Arguments] = [
        (b"id", Text(
            "32 hexadecimal digits, 128 bits that nobody can guess; the engine makes them unless "
            "said. Sending the same again with the same id adds nothing.",
            optional=True,
        )),
        (b"method", Text("An HTTP method in capitals; ``GET`` unless said.", optional=True)),
        (b"target", Text("Path and query, percent-encoded, from the root of the site.",
                         optional=True)),
        (b"headers", Json("A list of name and value pairs, cookies included.", optional=True)),
        (b"user", Text("Becomes ``REMOTE_USER`` in a job, never in a link.", optional=True)),
        (b"protocol", Text("``HTTP/1.0`` unless said.", optional=True)),
        (b"body", Bytes("The request body, if it fits into one value.", optional=True)),
        (b"upload", Number("The body is what was sent under this number.", optional=True)),
        (b"session", Text("The value of a session cookie, instead of a request.", optional=True)),
        (b"path", Text(
            "Another path to run, which may have a query of its own.", optional=True
        )),
        (b"state", Json("The application's own, up to 32 KiB; ``null`` unless said.",
                        optional=True)),
        (b"reusable", Number("1 for one that is kept when it is used.", optional=True)),
        (b"expires", Text("A duration; ``7d`` unless said.", optional=True)),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [(b"continuation", Json("The continuation, described above."))]


class Continuations(EngineCommand):
    """A page of continuations, the newest first."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"after", Text("The ``next`` of the page before.", optional=True)),
        (b"limit", Number("Most of them on the page: 100 unless said, up to 1,000.",
                          optional=True)),
    ]  # fmt: skip
    response: ClassVar[Arguments] = [
        (b"continuations", Json("A list of continuations, described above.")),
        (b"next", Text("The ``after`` of the next page, if there is one.", optional=True)),
    ]


class DropContinuation(EngineCommand):
    """Forget a continuation."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [(b"id", Text("Its id."))]
    response: ClassVar[Arguments] = [(b"count", Number("1, or 0 if there was none."))]


class ClearContinuations(EngineCommand):
    """Forget all continuations of a session, or all there are."""

    role = Role.OPERATE
    arguments: ClassVar[Arguments] = [
        (b"session", Text("The value of its cookie; without it all are meant.", optional=True)),
    ]
    response: ClassVar[Arguments] = [(b"count", Number("How many they were."))]


class Challenge(EngineCommand):
    """Begin the handshake that a TCP connection without a certificate needs.

    Both ends show that they know the secret of the role. A proof is the
    HMAC-SHA256 with the secret as the key of ``jobqueue-amp-1``, ``engine`` or
    ``client``, the role, and the client's nonce followed by the engine's, these
    four joined by NUL bytes.
    """

    role = Role.STRANGER
    arguments: ClassVar[Arguments] = [
        (b"role", Text("``submit`` or ``operate``.")),
        (b"nonce", Bytes("32 random bytes.")),
    ]
    response: ClassVar[Arguments] = [
        (b"nonce", Bytes("32 random bytes of the engine.")),
        (b"proof", Bytes("The proof of the engine, to be checked by the client.")),
    ]


class Prove(EngineCommand):
    """End the handshake."""

    role = Role.STRANGER
    arguments: ClassVar[Arguments] = [(b"proof", Bytes("The proof of the client."))]


COMMANDS: tuple[type[EngineCommand], ...] = (
    Schedule, ScheduleMany, Upload, DropUpload, Show, Wait, Results, Body, Stats,
    Jobs, Runs, Cancel, Pause, Resume, RunNow, Retry, Reschedule, Reload, Tail, StopTail,
    MakeContinuation, Continuations, DropContinuation, ClearContinuations, Challenge, Prove,
)  # fmt: skip
"""What a client may send, in the order of the reference page."""
