"""How threads of the engine's own process come in as clients, without a listener.

A pair of sockets is made, and one end becomes a session like any other: with
the same bounds, the same answers, and the same refusals.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.threads import blockingCallFromThread

from jqengine.errors import NotConnected
from jqengine.remote.session import Session

MakeSession = Callable[[IAddress | None], Session | None]


class Doorway:
    """Lets threads in.

    :param reactor: where their sessions live.
    :param make_session: makes a session for a connection.
    """

    def __init__(self, reactor: Any, make_session: MakeSession) -> None:
        self._reactor = reactor
        self._make_session = make_session

    def connect(self, *, only_looks: bool) -> socket.socket:
        """A connected socket.  Called in any thread but the reactor's; waits for that one.

        :param only_looks: whether its client may look and not change anything.
        :raises NotConnected: the engine takes no more clients.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.setblocking(False)
            adopted = blockingCallFromThread(
                self._reactor, self._adopt, theirs.fileno(), only_looks
            )
        if not adopted:
            ours.close()
            raise NotConnected("the engine takes no more clients")
        return ours

    def _adopt(self, descriptor: int, only_looks: bool) -> bool:
        factory = _Inside(self._make_session, only_looks)
        self._reactor.adoptStreamConnection(descriptor, socket.AF_UNIX, factory)
        return factory.made


class _Inside(Factory):
    """Makes one session."""

    noisy = False
    made = False

    def __init__(self, make_session: MakeSession, only_looks: bool) -> None:
        self._make_session = make_session
        self._only_looks = only_looks

    def buildProtocol(self, addr: IAddress | None) -> Session | None:
        """The session, or ``None`` when there is no place for it."""
        session = self._make_session(addr)
        if session is not None:
            session.only_looks = self._only_looks
            self.made = True
        return session
