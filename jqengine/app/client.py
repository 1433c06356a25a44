"""The client's side of one response: everything here runs on the reactor thread."""

from __future__ import annotations

from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from jqengine.app.accesslog import escaped
from jqengine.app.flow import Flow
from jqengine.app.head import ResponseHead
from jqengine.app.httprequest import HostedRequest

_APOLOGY = b"Internal Server Error\n"
_FAILED = ResponseHead(
    500, b"Internal Server Error", [b"Content-Type", b": ", b"text/plain", b"\r\n"], None
).with_length(len(_APOLOGY))


@implementer(IPushProducer)
class Client:
    """Writes what an application answers to the request that asked.

    Works with any request of twisted.web.

    :ivar gone: whether nothing more can reach the client: it has left, or has
        all of its response.  The one attribute that other threads may read.
    """

    _log = Logger()

    def __init__(self, request: Request) -> None:
        self.gone = False
        self._request = request
        self._begun = False
        self._flow: Flow | None = None
        if isinstance(request, HostedRequest):
            request.on_end = self._left
        else:
            request.notifyFinish().addBoth(lambda reason: self._left())

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a response at once."""
        if self.gone:
            return
        request = self._request
        if isinstance(request, HostedRequest):
            self._begun = True
            request.respond(head, body)
            return
        self._begin(head)
        if body:
            request.write(body)
        request.finish()

    def begin(self, head: ResponseHead, flow: Flow) -> None:
        """Send the head of a response whose body comes in parts, counted by *flow*."""
        self._flow = flow
        if self.gone:
            flow.close()
            return
        self._request.registerProducer(self, True)
        self._begin(head)
        self._request.write(b"")

    def send(self, data: bytes) -> None:
        """Send one part of a body."""
        assert self._flow is not None
        try:
            if not self.gone:
                self._request.write(data)
        finally:
            self._flow.arrived(len(data))

    def finish(self) -> None:
        """End a response that was sent in parts."""
        if self.gone:
            return
        self._request.unregisterProducer()
        self._request.finish()

    def fail(self, failure: Failure) -> None:
        """Log that the application failed, and tell the client as far as possible.

        Once the response has begun, the only sign left is to break it off.
        """
        self._log.failure(
            "The application failed in {method} {target}",
            failure,
            method=escaped(self._request.method),
            target=escaped(self._request.uri.partition(b"?")[0]),
        )
        if self.gone:
            return
        if self._begun:
            self._request.loseConnection()
        else:
            self.send_whole(_FAILED, _APOLOGY)

    def _begin(self, head: ResponseHead) -> None:
        self._begun = True
        request = self._request
        if isinstance(request, HostedRequest):
            request.begin(head)
            return
        request.defaultContentType = None
        request.setResponseCode(head.code, head.reason)
        for name, value in head.headers:
            request.responseHeaders.addRawHeader(name, value)

    def _left(self) -> None:
        self.gone = True
        if self._flow is not None:
            self._flow.close()

    def pauseProducing(self) -> None:
        """The transport holds enough for now."""
        if self._flow is not None:
            self._flow.pause()

    def resumeProducing(self) -> None:
        """The transport has sent what it held."""
        if self._flow is not None:
            self._flow.resume()

    def stopProducing(self) -> None:
        """The transport is closed."""
        self._left()
