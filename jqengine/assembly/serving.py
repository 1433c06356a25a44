"""Trees of resources on endpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IStreamServerEndpoint
from twisted.web.resource import IResource

from jqengine.app.accesslog import AccessLog
from jqengine.app.service import HttpService
from jqengine.app.site import HostedSite
from jqengine.assembly.surroundings import Surroundings
from jqengine.config import OFF, Settings
from jqengine.errors import ConfigurationError
from jqengine.redaction import Redactor

RequestListener = Callable[[Any], None]


def same(listener: RequestListener | None) -> RequestListener | None:
    """*listener* itself."""
    return listener


def served(
    settings: Settings,
    world: Surroundings,
    root: IResource,
    endpoints: Sequence[str],
    option: str,
    redactor: Redactor,
    ended: Callable[[RequestListener | None], RequestListener | None] = same,
    most_connections: float = inf,
) -> HttpService:
    """*root* on *endpoints*, which *option* named.

    :param redactor: takes the secrets out of what is logged.
    :param ended: makes of the access log what is told of each request that has ended.
    :raises ConfigurationError: one of them is no endpoint.
    """
    log = _access_log(world, redactor) if settings.access_log else None
    site = HostedSite(
        root,
        reactor=world.reactor,
        clock=world.clock,
        access_log=ended(log),
        max_body=settings.max_body,
        most_connections=most_connections,
    )
    return HttpService(
        reactor=world.reactor,
        site=site,
        endpoints=[endpoint_of(world, text, option) for text in endpoints if text != OFF],
        drain_timeout=settings.drain_timeout,
    )


def _access_log(world: Surroundings, redactor: Redactor) -> AccessLog:
    return AccessLog(world.reactor, world.clock, redactor.target)


def endpoint_of(world: Surroundings, text: str, option: str) -> IStreamServerEndpoint:
    """The endpoint *text*, which *option* named.

    :raises ConfigurationError: it is none.
    """
    try:
        return world.endpoint(text)
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise ConfigurationError(
            f"{option}: {text!r} is not an endpoint ({error});"
            " expected something like tcp:8080:interface=127.0.0.1"
        ) from None


def shown(address: IAddress, scheme: str = "http") -> str:
    """*address* as one writes it into a browser."""
    if isinstance(address, IPv4Address):
        return f"{scheme}://{address.host}:{address.port}/"
    if isinstance(address, IPv6Address):
        return f"{scheme}://[{address.host}]:{address.port}/"
    return str(address)
