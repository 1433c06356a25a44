"""The HTTP side of the application, as one factory of connections."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import BinaryIO

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http import datetimeToString
from twisted.web.resource import IResource
from twisted.web.server import Site

from jqengine.app.body import body_file
from jqengine.app.channel import HostedChannel
from jqengine.app.httprequest import HostedRequest
from jqengine.interfaces import IClock
from jqengine.measures import RequestMeasures

IDLE_TIMEOUT = 60.0
STALL_TIMEOUT = 120.0
MAX_BODY = 16 * 1024 * 1024


class HostedSite(Site):
    """Serves one tree of resources over HTTP/1.1 and 1.0.

    :param root: answers the requests; usually a leaf.
    :param clock: the source of the ``Date`` header.
    :param access_log: called with each request once it has ended, or ``None``.
    :param max_body: bytes that the body of a request may have.
    :param timeout: seconds that a client may be silent, while it sends a
        request or between two of them.
    :param most_connections: how many may be open at once.
    :param stall_timeout: seconds in which a client has to take what is
        buffered for it, about 128 KiB.
    :ivar draining: whether no connection shall outlive its request.
    :ivar measures: of the requests that have ended.
    """

    # Twisted would have a wrapper here that can switch to HTTP/2.
    protocol = HostedChannel  # type: ignore[assignment]
    requestFactory = HostedRequest  # type: ignore[assignment]  # noqa: N815
    noisy = False
    draining = False

    _log = Logger()

    def __init__(
        self,
        root: IResource,
        *,
        reactor: IReactorTime,
        clock: IClock,
        access_log: Callable[[HostedRequest], None] | None = None,
        max_body: int = MAX_BODY,
        timeout: float = IDLE_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
        most_connections: float = inf,
    ) -> None:
        super().__init__(root, reactor=reactor, timeout=timeout, parsePOSTFormSubmission=False)
        self.max_body = max_body
        self.stall_timeout = stall_timeout
        self.measures = RequestMeasures()
        self._most_connections = most_connections
        self._channels: dict[HostedChannel, None] = {}
        self._drained: Deferred[None] | None = None
        self._root = root
        self._clock = clock
        self._access_log = access_log
        self._second = -1
        self._own_lines = b""

    def getContentFile(self, length: int | None) -> BinaryIO:
        """A file for a body of *length* bytes, or of an unknown length."""
        return body_file(length)

    def own_lines(self) -> bytes:
        """The lines of ``Server`` and ``Date``, as every response has them."""
        second = int(self._clock.now())
        if second != self._second:
            self._second = second
            self._own_lines = b"Server: jqengine\r\nDate: %b\r\n" % datetimeToString(second)
        return self._own_lines

    def log(self, request: HostedRequest) -> None:  # type: ignore[override]
        """Note that *request* has ended."""
        received = request.received
        self.measures.ended(
            request.code, 0.0 if received is None else self.reactor.seconds() - received
        )
        if self._access_log is not None:
            self._access_log(request)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._channels)

    def opened(self, channel: HostedChannel) -> None:
        """Keep track of a new connection."""
        self._channels[channel] = None
        if len(self._channels) > self._most_connections:
            self._make_room()
        if self.draining:  # accepted just before the port was closed
            channel.drain()

    def closed(self, channel: HostedChannel) -> None:
        """Forget a connection that is closed."""
        self._channels.pop(channel, None)
        if self._drained is not None and not self._channels:
            drained, self._drained = self._drained, None
            drained.callback(None)

    def _make_room(self) -> None:
        """Close the connection that has been open longest without a whole request.

        Whoever opens many and asks nothing displaces himself; a newcomer is turned
        away only when all others are being answered.
        """
        *others, newest = self._channels
        least = next((one for one in others if not one.answering), newest)
        least.transport.abortConnection()

    def drain(self) -> Deferred[None]:
        """Let no connection outlive its request; idle ones close at once.

        Fires when no connection is open.
        """
        self.draining = True
        if not self._channels:
            return succeed(None)
        self._drained = drained = Deferred[None]()
        for channel in tuple(self._channels):
            channel.drain()
        return drained

    def abort(self) -> None:
        """Close every connection as it is."""
        self._log.info("Closing {count} connections in use", count=len(self._channels))
        for channel in tuple(self._channels):
            channel.transport.abortConnection()

    def getResourceFor(self, request: HostedRequest) -> IResource:
        """The resource that answers *request*."""
        if self._root.isLeaf:
            request.sitepath = []
            return self._root
        resource: IResource = super().getResourceFor(request)
        return resource

    def acceptableProtocols(self) -> list[bytes]:
        """HTTP/1.1, and never HTTP/2."""
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """Begin to serve, without the log file of twisted.web and its timer."""

    def stopFactory(self) -> None:
        """Nothing was started."""
