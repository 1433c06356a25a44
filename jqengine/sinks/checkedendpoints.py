"""Endpoints that connect to addresses that were looked at, and bound what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IResolutionReceiver,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from jqengine.errors import DeliveryFailed

MOST_RECEIVED = 256 * 1024
"""Bytes of one answer, its head included; then the connection is dropped."""

MOST_ADDRESSES = 8
CONNECT_TIMEOUT = 10.0


@implementer(IAgentEndpointFactory)
class CheckedEndpoints:
    """The endpoints of one request, and the connections it made.

    :param policy: how servers prove who they are.
    :param may_connect: says of a numeric address whether it is allowed.
    """

    def __init__(
        self,
        reactor: Any,
        resolver: IHostnameResolver,
        policy: IPolicyForHTTPS,
        may_connect: Callable[[str], bool],
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._policy = policy
        self._may_connect = may_connect
        self._factories: list[WrappingFactory[_Bounded]] = []

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii")
        plain = _CheckedEndpoint(self._reactor, self._resolver, host, uri.port, self._may_connect)
        if uri.scheme == b"http":
            return _BoundedEndpoint(plain, self._factories)
        options = self._policy.creatorForNetloc(uri.host, uri.port)
        return _BoundedEndpoint(wrapClientTLS(options, plain), self._factories)

    def abort(self) -> None:
        """Drop whatever is still connected."""
        for factory in self._factories:
            for connection in list(factory.protocols):
                connection.abort()


@implementer(IStreamClientEndpoint)
class _CheckedEndpoint:
    """Connects to an address of *host* that is allowed, if all of them are."""

    def __init__(
        self,
        reactor: Any,
        resolver: IHostnameResolver,
        host: str,
        port: int,
        may_connect: Callable[[str], bool],
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._host = host
        self._port = port
        self._may_connect = may_connect

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return Deferred.fromCoroutine(self._connect(factory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        addresses = await resolve(self._resolver, self._host, self._port)
        if not addresses:
            raise DeliveryFailed(f"{self._host} has no address")
        for address in addresses:
            if not self._may_connect(address.host):
                raise DeliveryFailed(
                    f"{self._host} is at the private address {address.host};"
                    " #allow-private=yes lets a sink go there"
                )
        return await self._first_that_answers(addresses[:MOST_ADDRESSES], factory)

    async def _first_that_answers(
        self, addresses: list[IPv4Address | IPv6Address], factory: IProtocolFactory
    ) -> IProtocol:
        *others, last = addresses
        for address in others:
            try:
                return await self._connect_to(address, factory)
            except ConnectError:
                continue
        return await self._connect_to(last, factory)

    def _connect_to(
        self, address: IPv4Address | IPv6Address, factory: IProtocolFactory
    ) -> Deferred[IProtocol]:
        kind = TCP6ClientEndpoint if isinstance(address, IPv6Address) else TCP4ClientEndpoint
        endpoint = kind(self._reactor, address.host, self._port, timeout=CONNECT_TIMEOUT)
        connected: Deferred[IProtocol] = endpoint.connect(factory)
        return connected


def resolve(
    resolver: IHostnameResolver, host: str, port: int
) -> Deferred[list[IPv4Address | IPv6Address]]:
    """Every TCP address of *host*, in the resolver's order."""
    receiver = _Addresses()
    resolver.resolveHostName(receiver, host, port)
    return receiver.complete


@implementer(IResolutionReceiver)
class _Addresses:
    def __init__(self) -> None:
        self._found: list[IPv4Address | IPv6Address] = []
        self.complete: Deferred[list[IPv4Address | IPv6Address]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Called first, with nothing to tell."""

    def addressResolved(self, address: IAddress) -> None:
        if isinstance(address, IPv4Address | IPv6Address):
            self._found.append(address)

    def resolutionComplete(self) -> None:
        if not self.complete.called:  # it may have been cancelled
            self.complete.callback(self._found)


class _Bounded(ProtocolWrapper):
    """Counts what a server sends, head and body alike, and hangs up over the limit.

    The parser of :mod:`twisted.web` bounds a line, not the number of lines.
    """

    _received = 0

    def dataReceived(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > MOST_RECEIVED:
            self.abort()
        else:
            super().dataReceived(data)

    def abort(self) -> None:
        """Drop the connection; do nothing where it is gone."""
        cast(ITCPTransport, self.transport).abortConnection()


@implementer(IStreamClientEndpoint)
class _BoundedEndpoint:
    def __init__(
        self, endpoint: IStreamClientEndpoint, factories: list[WrappingFactory[_Bounded]]
    ) -> None:
        self._endpoint = endpoint
        self._factories = factories

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        bounding: WrappingFactory[_Bounded] = WrappingFactory(factory)
        bounding.protocol = _Bounded
        self._factories.append(bounding)
        return self._endpoint.connect(bounding).addCallback(_inner)


def _inner(wrapper: IProtocol) -> IProtocol:
    """The protocol that was asked for; it speaks through the wrapper."""
    return cast(_Bounded, wrapper).wrappedProtocol
