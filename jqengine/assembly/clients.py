"""Where clients come in, and what the application is given to come in by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twisted.internet.interfaces import IStreamServerEndpoint

from jqengine.assembly.surroundings import Surroundings
from jqengine.client import JobQueue
from jqengine.config import Settings
from jqengine.remote.listening import Access, amp_endpoint, located
from jqengine.wire.proof import read_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Where clients come in.

    :ivar texts: what each of the endpoints was made of.
    :ivar address: of the socket on this machine, for the application.
    :ivar queue: what the application is given to come in by.
    """

    endpoints: Sequence[IStreamServerEndpoint]
    texts: Sequence[str]
    access: Access
    address: str | None
    queue: JobQueue | None


def clients_of(settings: Settings, world: Surroundings) -> Clients:
    """The ways in that *settings* describe.

    :raises ConfigurationError: an endpoint or a secret is not what it should be.
    """
    secret_file = settings.amp_secret_file
    access = Access(
        secrets=read_secrets(settings.path(secret_file)) if secret_file else {},
        certificate=_path_of(settings, settings.amp_certificate),
        client_authority=_path_of(settings, settings.amp_client_ca),
    )
    texts = [located(text, settings.directory) for text in settings.amp]
    address = next((text for text in texts if text.startswith("unix:")), None)
    inherited = None if world.worker is None else world.worker.endpoint
    return Clients(
        endpoints=[amp_endpoint(world.reactor, text, access, inherited) for text in texts],
        texts=texts,
        access=access,
        address=address,
        queue=None if address is None else JobQueue(address),
    )


def _path_of(settings: Settings, name: str | None) -> str | None:
    return None if name is None else settings.path(name)
