"""Commands that put jobs into the queue."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Json, Number, Text
from jqengine.remote.commands.base import SYNTAXES, Arguments, EngineCommand, schedule_options


class Schedule(EngineCommand):
    """Schedule one job.

    It has a target, or it is a continuation, which is a whole request. At most
    one of the time texts is given; without any the job is due now. A
    ``name`` that is known replaces that job, which keeps its id. Of a job whose
    ``key`` an unfinished job holds, ``duplicate`` says what becomes: ``first`` (unless
    said) gives the holder as the answer, and nothing is added; ``replace`` and
    ``debounce`` change the holder, which keeps its id; ``reject`` is the error
    ``KEY_HELD``.
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
        *schedule_options(),
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
