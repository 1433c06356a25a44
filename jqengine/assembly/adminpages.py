"""What the admin listener serves from threads of its own: the API and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource

from jqengine.admin.api.application import Api
from jqengine.admin.queues import Queues
from jqengine.app.resource import WSGIResource
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.surroundings import Surroundings
from jqengine.client.inside import InsideQueue
from jqengine.remote.doorway import Doorway

THREADS = 8
"""Enough for a few people who look; what they wait for is the store's one reader."""


class AdminPages:
    """Hosts WSGI applications that know the engine as clients do.  For the reactor thread.

    :param doorway: where they come in.
    :ivar resources: leaves, by the first segment of the path; the one at the
        empty text is for all others.
    """

    def __init__(self, world: Surroundings, doorway: Doorway) -> None:
        self._threads = ApplicationThreads(world.reactor, "admin", THREADS)
        queues = Queues(
            look=InsideQueue(partial(doorway.connect, only_looks=True)),
            operate=InsideQueue(partial(doorway.connect, only_looks=False)),
        )
        applications = {"api": Api(queues)}
        self.resources: Mapping[str, IResource] = {
            name: WSGIResource(world.reactor, self._threads, application)
            for name, application in applications.items()
        }

    def start(self) -> None:
        """Begin to answer."""
        self._threads.startService()

    def stop(self) -> Deferred[None]:
        """End the threads once what they do is done."""
        return self._threads.stopService()
