"""A served application and a client that sends bytes as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from jqengine.app.resource import WSGIResource
from jqengine.app.service import HttpService
from jqengine.app.site import HostedSite
from jqengine.app.threads import ApplicationThreads
from jqengine.clock import SystemClock


class Served:
    """A running server."""

    def __init__(self, site: HostedSite, service: HttpService) -> None:
        self.site = site
        self.service = service

    @property
    def port(self) -> int:
        return self.service.addresses()[0].port

    async def connect(self) -> Connection:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        return await connectProtocol(endpoint, Connection())

    async def exchange(self, data: bytes) -> bytes:
        """Everything that is answered to *data* until the server closes."""
        connection = await self.connect()
        connection.send(data)
        return await connection.everything()


@asynccontextmanager
async def served(
    application: Any,
    *,
    endpoint: Any = None,
    threads: int = 4,
    drain_timeout: float = 5.0,
    extra_environ: Any = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    pool = ApplicationThreads(reactor, "web", threads)
    site = HostedSite(
        WSGIResource(reactor, pool, application, extra_environ=extra_environ or {}),
        reactor=reactor,
        clock=SystemClock(),
        **settings,
    )
    service = HttpService(
        reactor=reactor,
        site=site,
        endpoints=[endpoint or TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")],
        drain_timeout=drain_timeout,
    )
    await service.listen()
    pool.startService()
    service.startService()
    try:
        yield Served(site, service)
    finally:
        await service.stopService()
        await pool.stopService()


class Connection(Protocol):
    """A client's connection, byte by byte."""

    def __init__(self) -> None:
        self.received = b""
        self.closed = False
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    async def until(self, condition: Callable[[bytes], bool]) -> bytes:
        """What has been received, once *condition* holds of it or all is over."""
        ready = lambda: self.closed or condition(self.received)  # noqa: E731
        if not ready():
            waiting: Deferred[None] = Deferred()
            self._waiting.append((ready, waiting))
            await waiting
        return self.received

    async def response(self) -> bytes:
        """The next response that says its length, taken out of what was received."""
        await self.until(lambda received: _complete(received) is not None)
        end = _complete(self.received) or len(self.received)
        response, self.received = self.received[:end], self.received[end:]
        return response

    async def everything(self) -> bytes:
        return await self.until(lambda received: False)

    async def close(self) -> None:
        self.transport.loseConnection()
        await self.everything()

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self._look()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed = True
        self._look()

    def _look(self) -> None:
        for one in [one for one in self._waiting if one[0]()]:
            self._waiting.remove(one)
            one[1].callback(None)


def _complete(received: bytes) -> int | None:
    head, blank, _ = received.partition(b"\r\n\r\n")
    if not blank:
        return None
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            end = len(head) + 4 + int(line.split(b":")[1])
            return end if len(received) >= end else None
    return None


async def until(condition: Callable[[], Any]) -> None:
    """Let the reactor turn until *condition* holds."""
    for _ in range(5000):
        if condition():
            return
        await deferLater(reactor, 0.001)
    raise AssertionError("it never came true")


def head_of(response: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Status line and headers, names in lower case."""
    lines = response.partition(b"\r\n\r\n")[0].split(b"\r\n")
    pairs = (line.split(b": ", 1) for line in lines[1:])
    return lines[0], {name.lower(): value for name, value in pairs}


def body_of(response: bytes) -> bytes:
    return response.partition(b"\r\n\r\n")[2]
