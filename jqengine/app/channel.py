"""A connection of twisted.web with limits, and with a tidy end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IAddress, IHalfCloseableDescriptor, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import BAD_REQUEST, REQUEST_ENTITY_TOO_LARGE, HTTPChannel

from jqengine.app.deadline import Deadline
from jqengine.app.environ import connection_keys, split_target

if TYPE_CHECKING:
    from jqengine.app.httprequest import HostedRequest
    from jqengine.app.site import HostedSite

LINGER_IDLE = 5.0
LINGER_LONGEST = 30.0
"""Seconds that a refused client may pause, and may go on sending in all."""

_NOT_PLAIN = re.compile(
    rb"\n(?:content-length|transfer-encoding|expect):|\nhost:.*\nhost:", re.IGNORECASE | re.DOTALL
)
_PLAIN_HEAD = re.compile(
    rb"([A-Z]+) (/[!-~]*) (HTTP/1\.[01])\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*)"
    rb"\r\n"
)


class HostedChannel(HTTPChannel):
    """One connection of a :class:`~jqengine.app.site.HostedSite`.

    Reading requests stays twisted.web's; what this adds is the limit on
    bodies, refusals that reach the client, an eye on clients that take
    nothing, and the end of the service.  Everything runs on the reactor thread.

    :ivar refusing: whether a request was refused: what follows is dropped.
    """

    site: HostedSite
    transport: Any  # which one it is depends on the endpoint
    requests: list[HostedRequest]
    refusing = False
    _give_up = 0.0

    def connectionMade(self) -> None:
        """Begin to read requests."""
        reactor = self.site.reactor
        self._peer: IAddress = self.transport.getPeer()
        self._host: IAddress = self.transport.getHost()
        self._idle = Deadline(reactor, self.timeoutConnection)
        self._stalled = Deadline(reactor, self._abort)
        self._secure = ISSLTransport(self.transport, None) is not None
        self.connection_keys = connection_keys(self._peer, self._host, self._secure)
        super().connectionMade()
        self.site.opened(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the requests under way that their client has left."""
        super().connectionLost(reason)
        self._idle.close()
        self._stalled.close()
        self.site.closed(self)

    def getPeer(self) -> IAddress:
        """The client's address."""
        return self._peer

    def getHost(self) -> IAddress:
        """The address that the client reached."""
        return self._host

    def isSecure(self) -> bool:
        """Whether the connection is TLS."""
        return self._secure

    @property
    def answering(self) -> bool:
        """Whether a whole request has been read that has not been answered yet."""
        return any(request.received is not None for request in self.requests)

    # Reading

    def dataReceived(self, data: bytes) -> None:
        """Read a request, or a part of one."""
        if self.refusing:
            self._drop()
            return
        match = self._plain_head(data)
        if match is None:
            super().dataReceived(data)
        else:
            self._plain_request(*match.groups())

    def _plain_head(self, data: bytes) -> re.Match[bytes] | None:
        """Match *data* if it is one whole request, without a body or anything odd.

        Nearly every request is, and need not be read line by line.  All else is
        left to twisted.web.
        """
        if not self.line_mode or self.requests or self._buffer or not self.persistent:
            return None
        if len(data) > self.totalHeadersSize or data.count(b"\n") > self.maxHeaders:
            return None
        if _NOT_PLAIN.search(data):
            return None
        return _PLAIN_HEAD.fullmatch(data)

    def _plain_request(self, method: bytes, target: bytes, version: bytes, lines: bytes) -> None:
        request: HostedRequest = self.requestFactory(self)  # type: ignore[assignment]
        self.requests.append(request)
        for line in lines.split(b"\r\n")[:-1]:
            name, _, value = line.partition(b":")
            request.requestHeaders.addRawHeader(name, value.strip(b" \t"))
        request.gotLength(0)
        self.persistent = self.checkPersistence(request, version)
        self._command, self._path, self._version = method, target, version
        self.allContentReceived()

    def allHeadersReceived(self) -> None:
        """Look at the head of a request before its body is read."""
        objection = self._objection()
        if objection is None:
            super().allHeadersReceived()
        else:
            self.refuse(objection)

    def _objection(self) -> int | None:
        if self.length is not None and self.length > self.site.max_body:
            return REQUEST_ENTITY_TOO_LARGE
        hosts = self.requests[-1].requestHeaders.getRawHeaders(b"Host", ())
        if len(hosts) > 1:  # RFC 9112 section 3.2
            return BAD_REQUEST
        if not self._path.startswith(b"/") and self._path != b"*":
            return BAD_REQUEST if split_target(self._path)[0] is None else None
        return None

    def lineLengthExceeded(self, line: bytes) -> None:
        """Refuse a line that is longer than a whole head may be."""
        self._respondToBadRequestAndDisconnect()

    def allContentReceived(self) -> None:
        """Pass on a request that is complete."""
        if not self.refusing:
            super().allContentReceived()

    def checkPersistence(self, request: HostedRequest, version: bytes) -> bool:
        """Whether another request may follow this one."""
        if version != b"HTTP/1.1":
            return False
        if self.site.draining or _asks_to_close(request):
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return True

    # Refusing

    def refuse(self, code: int) -> None:
        """Answer the request that is being read with *code*, and read no more.

        The connection stays open for a moment, and what the client still sends
        is dropped: closed at once, it would be reset, and the client might
        never see the answer.
        """
        if self.refusing:
            return
        self.refusing = True
        self.persistent = False
        self.clearLineBuffer()
        request = self.requests.pop()
        request.refuse(code, self._command, self._path, self._version)
        if self._transferDecoder is None:  # no body is to come
            self.loseConnection()
            return
        # TLS cannot close one direction alone, although its transport says so.
        if not self._secure and IHalfCloseableDescriptor(self.transport, None):
            self.transport.loseWriteConnection()
        self._give_up = self.site.reactor.seconds() + LINGER_LONGEST
        self.setTimeout(LINGER_IDLE)

    def _drop(self) -> None:
        if self.site.reactor.seconds() > self._give_up:
            self.loseConnection()
        else:
            self.resetTimeout()

    def _respondToBadRequestAndDisconnect(self) -> None:
        # The rest of a refused request may be malformed; it has its answer.
        if not self.refusing:
            super()._respondToBadRequestAndDisconnect()

    # Ending

    def drain(self) -> None:
        """Close the connection: at once when idle, else after the request under way."""
        self.persistent = False
        for request in self.requests:
            if not request.startedWriting:
                request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        if not self.requests and not self._buffer:
            self.loseConnection()

    def loseConnection(self) -> None:
        """Close the connection once everything written has been sent."""
        super().loseConnection()
        self._idle.lift()
        # The client may not take what is left, and must not stay for ever.
        self._stalled.set(self.site.stall_timeout)

    # Time limits

    def setTimeout(self, period: float | None) -> float | None:
        """Close the connection *period* seconds after the last data; ``None``: never.

        As TimeoutMixin does it, but cheap enough to be called twice a request.
        """
        previous, self.timeOut = self.timeOut, period  # type: ignore[assignment]
        if period is None:
            self._idle.lift()
        else:
            self._idle.set(period)
        return previous

    def resetTimeout(self) -> None:
        """Data has come: begin the wait anew."""
        if self.timeOut is not None:
            self._idle.set(self.timeOut)

    def timeoutConnection(self) -> None:
        """The client was silent too long, unless it is still taking what we send."""
        if self._stalled.running:
            self.resetTimeout()
        else:
            super().timeoutConnection()

    def pauseProducing(self) -> None:
        """The client takes less than we send."""
        super().pauseProducing()
        self._stalled.set(self.site.stall_timeout)

    def resumeProducing(self) -> None:
        """The client has taken all of it."""
        super().resumeProducing()
        self._stalled.lift()

    def _abort(self) -> None:
        self._log.info("{peer} takes nothing any more; closing", peer=self._peer)
        self.transport.abortConnection()


def _asks_to_close(request: HostedRequest) -> bool:
    values = request.requestHeaders.getRawHeaders(b"Connection")
    if values is None:
        return False
    return any(b"close" in map(bytes.strip, value.lower().split(b",")) for value in values)
