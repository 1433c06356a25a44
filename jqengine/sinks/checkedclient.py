"""An HTTP client for addresses that strangers may have chosen.

It resolves a name once, looks at every address that comes back, and connects
to one of those very addresses, so that a name which answers differently the
second time gains nothing.  It follows no redirect, and what it reads of an
answer is bounded however the bytes are arranged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IResponse
from zope.interface import implementer

from jqengine.errors import DeliveryFailed
from jqengine.sinks.checkedendpoints import CheckedEndpoints

BODY_TIMEOUT = 5.0

BROKEN_OFF = (RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived)


class Answer(NamedTuple):
    """What a server said.

    :ivar headers: lower-case names and the first value of each.
    :ivar body: its beginning, as far as it came soon enough.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class CheckedClient:
    """Posts to URLs.  For the reactor thread.

    :param connecting: makes the endpoints of one request.
    """

    def __init__(self, reactor: Any, connecting: Callable[[], CheckedEndpoints]) -> None:
        self._reactor = reactor
        self._connecting = connecting

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post *body* and wait for the answer, whatever its status.

        :param url: ASCII, its host numeric or a name.
        :raises DeliveryFailed: an address of the host is not allowed, or the
            server broke off without an answer.
        :raises twisted.internet.error.ConnectError: it cannot be reached.
        """
        endpoints = self._connecting()
        agent = Agent.usingEndpointFactory(self._reactor, endpoints)
        head = Headers({name: [value] for name, value in headers.items()})
        try:
            response = await agent.request(b"POST", url.encode("ascii"), head, _Body(body))
            return await self._answer(response)
        except BROKEN_OFF as error:
            reason = error.reasons[0].getErrorMessage()
            raise DeliveryFailed(f"broke off without an answer: {reason}") from None
        finally:
            endpoints.abort()

    async def _answer(self, response: IResponse) -> Answer:
        """The status is what counts: a body that does not end takes nothing from it."""
        beginning = _Beginning()
        response.deliverBody(beginning)
        timer = self._reactor.callLater(BODY_TIMEOUT, beginning.enough)
        try:
            body = await beginning.done
        finally:
            if timer.active():
                timer.cancel()
        headers = {
            name.decode("latin-1").lower(): values[0].decode("latin-1")
            for name, values in response.headers.getAllRawHeaders()
        }
        return Answer(response.code, response.phrase.decode("latin-1"), headers, body)


@implementer(IBodyProducer)
class _Body:
    """A request body that is in memory already."""

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """All is written at once; there is nothing to pause."""

    def resumeProducing(self) -> None:
        """Nothing was paused."""

    def stopProducing(self) -> None:
        """Nothing is left to stop."""


class _Beginning(Protocol):
    """Collects a body until it ends, is cut off, or is enough."""

    def __init__(self) -> None:
        self._received: list[bytes] = []
        self.done: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self._received.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.enough()

    def enough(self) -> None:
        """Give what has come so far."""
        if not self.done.called:
            self.done.callback(b"".join(self._received))
