"""What an engine is given by the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint

from jqengine.interfaces import IChannel, IClock
from jqengine.redaction import Redactor
from jqengine.remote.assembly import Remote
from jqengine.statedir import StateDirectory
from jqengine.systemd import ServiceManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What an engine is given that is one of several on a machine.

    :ivar state: its part of the state directory, which the parent holds.
    :ivar endpoint: makes endpoints that listen on the sockets of the parent.
    :ivar channel: to the other workers.
    :ivar first: whether it is this one that reads the crontabs as it starts.
    :ivar join: lets runs of each worker be followed through the others.
    """

    state: StateDirectory
    endpoint: Callable[[str], IStreamServerEndpoint]
    channel: IChannel
    first: bool
    join: Callable[[Remote, Redactor], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine is given by the world, and a test gives it otherwise.

    :ivar manager: who is told how the engine is.
    :ivar worker: ``None`` for an engine that is by itself.
    """

    reactor: Any
    clock: IClock
    random: Random
    manager: ServiceManager = field(default_factory=ServiceManager)
    worker: Worker | None = None

    def endpoint(self, text: str) -> IStreamServerEndpoint:
        """The endpoint that *text* describes; raises as Twisted's ``serverFromString`` does."""
        if self.worker is not None:
            return self.worker.endpoint(text)
        endpoint: IStreamServerEndpoint = serverFromString(self.reactor, text)
        return endpoint
