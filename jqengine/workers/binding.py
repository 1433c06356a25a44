"""The listening sockets of a parent: bound, and left to its workers to accept from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.tcp import Port

from jqengine.workers.orders import Inherited


class NobodysFactory(Factory):
    """Makes no protocols: no connection is ever accepted here."""

    noisy = False


class Binder:
    """Binds endpoints for others.  For the reactor thread.

    Endpoints are made with :attr:`reactor`, whose ports listen without ever
    accepting: who connects waits until a worker does.
    """

    def __init__(self, reactor: Any) -> None:
        self.reactor = _Quiet(reactor, self._bound)
        self._ports: list[tuple[str, Port]] = []
        self._listening: list[IListeningPort] = []
        self._text = ""

    async def bind(self, text: str, endpoint: IStreamServerEndpoint) -> None:
        """Bind *endpoint*, which was made of *text*; fails as its ``listen`` does."""
        self._text = text
        self._listening.append(await endpoint.listen(NobodysFactory()))

    def _bound(self, port: Port) -> None:
        port.stopReading()
        self._ports.append((self._text, port))

    def addresses(self, text: str) -> Iterator[IAddress]:
        """Where the endpoints of *text* listen."""
        return (port.getHost() for of, port in self._ports if of == text)

    def sockets(self) -> Iterator[Inherited]:
        """Each listening socket, with the descriptor that it has here."""
        for text, port in self._ports:
            yield Inherited(text, port.fileno(), int(port.addressFamily))

    async def close(self) -> None:
        """Close every socket; who still waits to be accepted is turned away."""
        ports, self._listening, self._ports = self._listening, [], []
        for port in ports:
            await maybeDeferred(port.stopListening)


class _Quiet:
    """A reactor whose ports tell that they are bound, before they can accept."""

    def __init__(self, reactor: Any, bound: Any) -> None:
        self._reactor = reactor
        self._tell = bound

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._reactor, name)
        return self._telling(found) if name in _LISTENING else found

    def _telling(self, listen: Any) -> Any:
        def and_tell(*arguments: Any, **named: Any) -> Any:
            port = listen(*arguments, **named)
            self._tell(port)
            return port

        return and_tell


_LISTENING = frozenset({"listenTCP", "listenSSL", "listenUNIX", "adoptStreamPort"})
