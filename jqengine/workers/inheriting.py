"""The listening sockets of a worker: those that its parent has bound."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.tcp import Port, Server
from twisted.internet.unix import Port as UNIXPort
from twisted.internet.unix import Server as UNIXServer
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from jqengine.errors import ConfigurationError
from jqengine.workers.balance import Balance
from jqengine.workers.orders import Inherited

_FROM_SYSTEMD = re.compile(r"\bsystemd:domain=\w+(?::(?:index|name)=[^:]+)?")


class Sockets:
    """The sockets that a worker inherits.  For the reactor thread."""

    def __init__(self, reactor: Any, sockets: Sequence[Inherited], balance: Balance) -> None:
        self._reactor = reactor
        self._sockets = list(sockets)
        self._balance = balance
        for one in sockets:
            os.set_inheritable(one.descriptor, False)

    def endpoint(self, text: str) -> IStreamServerEndpoint:
        """The endpoint of *text*, which listens on what is inherited for it."""
        # systemd has given it to the parent, and nothing to this process.
        readable_here = _FROM_SYSTEMD.sub("tcp:0", text)
        reactor = _Adopting(self._reactor, lambda: self._take(text), self._balance)
        endpoint: IStreamServerEndpoint = serverFromString(reactor, readable_here)
        return endpoint

    def _take(self, text: str) -> Inherited:
        for number, one in enumerate(self._sockets):
            if one.text == text:
                return self._sockets.pop(number)
        raise ConfigurationError(f"no socket was inherited for {text}")


class _Adopting:
    """A reactor that adopts a socket whenever it is asked to listen."""

    def __init__(self, reactor: Any, take: Callable[[], Inherited], balance: Balance) -> None:
        self._reactor = reactor
        self._take = take
        self._balance = balance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Listen on the next socket, whatever its address."""
        return self._adopt(factory)

    def listenUNIX(
        self,
        address: str,
        factory: IProtocolFactory,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: int = 0,
    ) -> IListeningPort:
        """Listen on the next socket, whatever its path."""
        return self._adopt(factory)

    def listenSSL(
        self,
        port: int,
        factory: IProtocolFactory,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> IListeningPort:
        """Listen in TLS on the next socket."""
        return self._adopt(TLSMemoryBIOFactory(contextFactory, False, factory))

    def _adopt(self, factory: IProtocolFactory) -> IListeningPort:
        _, descriptor, family = self._take()
        if family == socket.AF_UNIX:
            port = SharedUNIXPort._fromListeningDescriptor(self._reactor, descriptor, factory)
        else:
            port = SharedPort._fromListeningDescriptor(self._reactor, descriptor, family, factory)
        # The port has a copy of its own.
        os.close(descriptor)
        port.balance = self._balance
        self._balance.accepts()
        port.startListening()
        shared: IListeningPort = port
        return shared


TURN = 0.001
"""Seconds that a worker which is ahead leaves a connection to the others."""

MOST_TURNS = 10
"""Turns after which it takes the connection all the same: the others may be stuck."""


class _Counted:
    """A connection that is counted."""

    def __init__(self, sock: Any, protocol: Any, client: Any, server: Any, *rest: Any) -> None:
        super().__init__(sock, protocol, client, server, *rest)  # type: ignore[call-arg]
        self._balance: Balance = server.balance
        self._balance.came()

    def connectionLost(self, reason: Failure) -> None:
        """Count it no more."""
        self._balance.went()
        super().connectionLost(reason)  # type: ignore[misc]


class _CountedServer(_Counted, Server):
    pass


class _CountedUNIXServer(_Counted, UNIXServer):
    pass


class _InTurn:
    """Accepts one connection at a time, and none while other workers have fewer."""

    balance: Balance
    numberAccepts: int  # noqa: N815 - Twisted's name
    _turns = 0

    def doRead(self) -> None:
        """Accept, or leave it to the others for a moment."""
        if self.balance.is_ahead and self._turns < MOST_TURNS:
            self._turns += 1
            self.stopReading()  # type: ignore[attr-defined]
            self.reactor.callLater(TURN, self._go_on)  # type: ignore[attr-defined]
            return
        self._turns = 0
        self.numberAccepts = 1
        super().doRead()  # type: ignore[misc]

    def connectionLost(self, reason: Failure) -> None:
        """Leave all that comes to the others."""
        self.balance.stops()
        super().connectionLost(reason)  # type: ignore[misc]

    def _go_on(self) -> None:
        if self.connected and not self.disconnecting:  # type: ignore[attr-defined]
            self.startReading()  # type: ignore[attr-defined]


class SharedPort(_InTurn, Port):
    """A TCP port that several processes accept from."""

    transport = _CountedServer  # type: ignore[assignment]


class SharedUNIXPort(_InTurn, UNIXPort):
    """A unix socket that several processes accept from.

    Its path and mode are the parent's: one worker that ends takes nothing away.
    """

    transport = _CountedUNIXServer

    # A shutdown would be for all who have the socket; Twisted spares it TCP alone.
    _shouldShutdown = False  # noqa: N815

    def startListening(self) -> None:
        """Listen."""
        # Twisted sets the mode of the path anew; it shall stay as it is.
        self.mode = os.stat(os.fsdecode(self._bindPath)).st_mode & 0o777
        super().startListening()

    def connectionLost(self, reason: Failure) -> None:
        """Close this process's copy of the socket."""
        self.balance.stops()
        Port.connectionLost(self, reason)
