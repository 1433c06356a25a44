"""Commands that follow runs as they happen."""

from __future__ import annotations

from typing import ClassVar

from jqengine.remote.arguments import Bytes, Json, Number
from jqengine.remote.commands.base import Arguments, EngineCommand, Role, which_job


class Tail(EngineCommand):
    """Follow runs from now on: the engine sends an ``Event`` for each step.

    Best on a connection of its own: if events are not read, the connection is
    not either, and after a minute it ends.
    """

    role = Role.OPERATE
    looks = True
    arguments: ClassVar[Arguments] = [
        (b"tail", Number("A number of the client's choice, of this connection.")),
        *which_job(),
        (b"output", Number("1 to be sent what the application writes as it comes.", optional=True)),
    ]


class StopTail(EngineCommand):
    """Follow no more."""

    role = Role.OPERATE
    looks = True
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
