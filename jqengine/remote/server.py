"""The AMP server: its connections, how many there are, and whose place a new one takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import Factory

from jqengine.interfaces import IRunEvents
from jqengine.redaction import Redactor
from jqengine.remote.complaints import Complaints
from jqengine.remote.credentials import Handshake, Secrets
from jqengine.remote.desk import Desk
from jqengine.remote.limits import Budget, Limits
from jqengine.remote.live import LiveOutput
from jqengine.remote.session import Session
from jqengine.remote.uploads import Uploads
from jqengine.remote.verbs import Verbs
from jqengine.wire.address import quoted

LAST_PATIENCE = 1.0
"""Seconds in which clients must read their last answers when the engine stops."""


class SessionFactory(Factory):
    """Makes a session for each connection, up to the limit.

    When there is no room, a newcomer takes the place of the connection that
    has been silent longest since it came: whoever floods the engine with
    connections displaces himself.  For the reactor thread.

    :param random_bytes: like ``os.urandom``.
    """

    noisy = False

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        verbs: Verbs,
        events: IRunEvents,
        live: LiveOutput,
        redactor: Redactor,
        secrets: Secrets,
        random_bytes: Callable[[int], bytes],
        limits: Limits | None = None,
    ) -> None:
        self._reactor = reactor
        self._verbs = verbs
        self._events = events
        self._live = live
        self._redactor = redactor
        self._secrets = secrets
        self._random_bytes = random_bytes
        self._limits = limits or Limits()
        self._complain = Complaints(reactor)
        self._uploads = Budget(self._limits.all_uploads)
        self._sessions: dict[Session, None] = {}
        self._empty: Deferred[None] | None = None

    @property
    def sessions(self) -> Sequence[Session]:
        """The connections there are, the oldest first."""
        return tuple(self._sessions)

    def buildProtocol(self, addr: IAddress | None) -> Session | None:
        """A session, or ``None`` when all places are taken by clients at work."""
        if len(self._sessions) >= self._limits.connections and not self._make_room():
            self._complain(f"A client is turned away: {len(self._sessions)} are at work")
            return None
        session = Session(
            reactor=self._reactor,
            limits=self._limits,
            handshake=Handshake(self._secrets, self._random_bytes),
            make_desk=self._desk_of,
            complain=self._complain,
            gone=self._gone,
        )
        session.factory = self
        self._sessions[session] = None
        return session

    async def end_all(self) -> None:
        """End every connection; one whose client does not read is broken off."""
        for session in self.sessions:
            session.close()
        if self._sessions:
            self._empty = Deferred()
            self._empty.addTimeout(LAST_PATIENCE, self._reactor)
            with suppress(TimedOut):
                await self._empty
            self._empty = None
        for session in self.sessions:
            session.end("did not read its answers before the engine stopped")

    def _desk_of(self, session: Session) -> Desk:
        return Desk(
            verbs=self._verbs,
            events=self._events,
            live=self._live,
            redactor=self._redactor,
            uploads=Uploads(self._limits, self._uploads),
            line=session,
            most_waits=self._limits.waits,
        )

    def _make_room(self) -> bool:
        silent = (one for one in self._sessions if not one.asked)
        idle = (one for one in self._sessions if not one.busy)
        least = next(silent, None) or next(idle, None)
        if least is None:
            return False
        self._gone(least)
        least.end("makes room for another")
        return True

    def _gone(self, session: Session) -> None:
        self._sessions.pop(session, None)
        empty = self._empty
        if not self._sessions and empty is not None:
            self._empty = None
            empty.callback(None)


class AMPServer(Service):
    """Listens while it runs.  For the reactor thread.

    :param endpoints: made by :func:`~jqengine.remote.listening.amp_endpoint`.
    """

    def __init__(self, endpoints: Sequence[IStreamServerEndpoint], factory: SessionFactory) -> None:
        self._endpoints = endpoints
        self._factory = factory
        self.ports: list[IListeningPort] = []

    def listen(self) -> Deferred[None]:
        """Bind every endpoint; fails with CannotListenError, and then none is bound."""
        return Deferred.fromCoroutine(self._listen())

    async def _listen(self) -> None:
        try:
            for endpoint in self._endpoints:
                self.ports.append(await endpoint.listen(self._factory))
        except BaseException:
            await self._unbind()
            raise

    def addresses(self) -> Sequence[str]:
        """Where clients come in, as they would write it."""
        return [_shown(port.getHost()) for port in self.ports]

    def stopService(self) -> Deferred[None]:
        """Listen no more, and end every connection."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self._unbind()
        await self._factory.end_all()

    async def _unbind(self) -> None:
        ports, self.ports = self.ports, []
        await gatherResults([maybeDeferred(port.stopListening) for port in ports])


def _shown(address: IAddress) -> str:
    if isinstance(address, UNIXAddress):
        return f"unix:{quoted(os.fsdecode(address.name or b''))}"
    if isinstance(address, IPv4Address | IPv6Address):
        return f"tcp:{quoted(address.host)}:{address.port}"
    return str(address)
