"""What the admin listener serves from threads of its own: the API and the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from wsgiref.types import WSGIApplication

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource

from jqengine.admin.api.application import Api
from jqengine.admin.dashboard.application import Dashboard
from jqengine.admin.dashboard.desk import Desk
from jqengine.admin.dashboard.templating import Templates
from jqengine.admin.events import EventStreams
from jqengine.admin.queues import Queues
from jqengine.app.resource import WSGIResource
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.surroundings import Surroundings
from jqengine.client.inside import InsideQueue
from jqengine.config import Settings
from jqengine.remote.assembly import Remote

THREADS = 8
"""Enough for a few people who look; what they wait for is the store's one reader."""


class AdminPages:
    """Hosts WSGI applications that know the engine as clients do.  For the reactor thread.

    :param remote: where they come in, and what tells of runs.
    :param site: says where the application is served over HTTP, without a slash
        at its end.
    :ivar resources: leaves, by the first segment of the path; the one at the
        empty text is for all others.
    """

    def __init__(
        self, settings: Settings, world: Surroundings, remote: Remote, site: Callable[[], str]
    ) -> None:
        doorway = remote.doorway
        self._threads = ApplicationThreads(world.reactor, "admin", THREADS)
        queues = Queues(
            look=InsideQueue(partial(doorway.connect, only_looks=True)),
            operate=InsideQueue(partial(doorway.connect, only_looks=False)),
        )
        desk = Desk(Templates(world.clock.now, settings.timezone), site)
        applications: dict[str, WSGIApplication] = {
            "api": Api(queues, world.clock.now),
            "": Dashboard(desk, queues),
        }
        self._events = EventStreams(world.reactor, remote.hub)
        self.resources: Mapping[str, IResource] = {
            "events": self._events,
            **{
                name: WSGIResource(world.reactor, self._threads, application)
                for name, application in applications.items()
            },
        }

    def start(self) -> None:
        """Begin to answer."""
        self._threads.startService()

    def hang_up(self) -> None:
        """End the streams of events, which would go on for as long as somebody looks."""
        self._events.stop()

    def stop(self) -> Deferred[None]:
        """End the threads once what they do is done."""
        return self._threads.stopService()
