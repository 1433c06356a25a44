"""Commands about saved requests."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Json, Number, Text
from jqengine.remote.commands.base import Arguments, EngineCommand, Role


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
    looks = True
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
