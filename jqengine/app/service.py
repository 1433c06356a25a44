"""The HTTP side as a service: listens, serves, and ends without cutting anyone off."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.logger import Logger
from twisted.python.failure import Failure

from jqengine.app.site import HostedSite
from jqengine.errors import ConfigurationError
from jqengine.measures import RequestMeasures


class HttpService(Service):
    """Serves a site on any number of endpoints.

    All methods are for the reactor thread.

    :param drain_timeout: seconds that stopping waits for requests under way.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        site: HostedSite,
        endpoints: Sequence[IStreamServerEndpoint],
        drain_timeout: float,
    ) -> None:
        self.setName("http")
        self._reactor = reactor
        self._site = site
        self._endpoints = endpoints
        self._drain_timeout = drain_timeout
        self._ports: list[IListeningPort] = []

    async def listen(self) -> None:
        """Listen on every endpoint, or on none.

        To be awaited before anything else is started, so that a port in use is
        found while nothing has happened yet.  Requests that come early wait for
        the application's threads.

        :raises ConfigurationError: an address cannot be listened on; the
            sentence says which, and why.
        """
        for endpoint in self._endpoints:
            try:
                self._ports.append(await endpoint.listen(self._site))
            except Exception as error:
                await self._stop_listening()
                if isinstance(error, CannotListenError):
                    raise ConfigurationError(not_listening(error)) from error
                raise

    @property
    def measures(self) -> RequestMeasures:
        """Of the requests that have ended."""
        return self._site.measures

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._site.connections

    def addresses(self) -> list[IAddress]:
        """Where the service listens now, in the order of its endpoints."""
        return [port.getHost() for port in self._ports]

    def startService(self) -> None:
        """Serve; listens first, if :meth:`listen` has not been called."""
        super().startService()
        if not self._ports:
            Deferred.fromCoroutine(self.listen()).addErrback(self._not_listening)

    def stopService(self) -> Deferred[None]:
        """Stop listening, let requests end, then close what is left.

        Connections without a request are closed at once.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def hurry(self) -> None:
        """Wait for nothing any more: close every connection as it is."""
        self._site.abort()

    async def _stop(self) -> None:
        await self._stop_listening()
        drained = self._site.drain()
        limit = self._reactor.callLater(self._drain_timeout, self._site.abort)
        await drained
        if limit.active():
            limit.cancel()

    async def _stop_listening(self) -> None:
        ports, self._ports = self._ports, []
        for port in ports:
            await maybeDeferred(port.stopListening)

    def _not_listening(self, failure: Failure) -> None:
        self._log.critical("HTTP is not served: {reason}", reason=failure.getErrorMessage())


def not_listening(error: CannotListenError) -> str:
    """*error* as a sentence: where nobody can listen, and why."""
    if isinstance(error.port, int):
        where = _socket(error.interface, error.port)
    else:
        where = os.fsdecode(error.port)
    reason = getattr(error.socketError, "strerror", None) or str(error.socketError)
    return f"cannot listen on {where}: {reason[:1].lower()}{reason[1:]}"


def _socket(interface: str | None, port: int) -> str:
    host = f"[{interface}]" if interface and ":" in interface else interface or "*"
    return f"{host}:{port}"
