"""The composition root: settings in, one service out.

The only module that knows every room of the house.  :func:`make_engine` reads
what can be wrong before anything is started, :class:`Engine` starts and stops
the parts in their order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from wsgiref.types import WSGIApplication

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.logger import Logger

from jqengine.app.loader import load_application
from jqengine.app.resource import WSGIResource, client_has_left
from jqengine.app.resuming import Resuming, asking_from_threads
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.admin import AdminSide
from jqengine.assembly.adminpages import AdminPages
from jqengine.assembly.clients import Clients, clients_of
from jqengine.assembly.jobs import JobSide
from jqengine.assembly.metrics import EngineMetrics
from jqengine.assembly.paused import say_what_is_paused
from jqengine.assembly.respondasync import respond_async_or
from jqengine.assembly.schedules import crontabs_of, job_defaults
from jqengine.assembly.serving import served, shown
from jqengine.assembly.spooling import spooling_of
from jqengine.assembly.surroundings import Surroundings, Worker
from jqengine.assembly.tracing import tracing_of
from jqengine.client import JobQueueMiddleware
from jqengine.condition import Condition
from jqengine.config import OFF, Settings
from jqengine.errors import BadValue, ConfigurationError
from jqengine.identity import IdFactory
from jqengine.interfaces import IClock
from jqengine.news import Topic
from jqengine.node import NodeState
from jqengine.remote.assembly import Remote
from jqengine.remote.oversight import Insides
from jqengine.request.outputs import Outputs
from jqengine.signals import Signals
from jqengine.sinks.side import SinkSettings, SinkSide
from jqengine.statedir import StateDirectory, open_state_directory
from jqengine.statekey import shared_key, subkey
from jqengine.store.opening import store_for
from jqengine.systemd import Heartbeat, ServiceManager
from jqengine.triggers.triggers import Triggers
from jqengine.wire.address import VARIABLE as AMP_VARIABLE

SINK_THREADS = 16
"""Threads for what blocks in sinks: files, standard output, long messages."""


STOPPING_ASIDE = 15.0
"""Seconds that a stop may take besides the drain time, until all is closed."""


def make_engine(
    settings: Settings,
    *,
    reactor: Any,
    clock: IClock,
    random: Random,
    manager: ServiceManager | None = None,
    worker: Worker | None = None,
) -> Engine:
    """The engine that *settings* describe.  Nothing is started yet.

    :param reactor: with timers on monotonic time.
    :param manager: is told how the engine is, if there is one.
    :param worker: what it is given when it is one of several on a machine.
    :raises ConfigurationError: the application, a crontab, an endpoint or a
        sink cannot be what it should be; the sentence says which, and why.
    """
    world = Surroundings(
        reactor=reactor,
        clock=clock,
        random=random,
        manager=manager or ServiceManager(),
        worker=worker,
    )
    clients = clients_of(settings, world)
    # Before the application is loaded, which may look for it at once.
    if clients.address is None:
        os.environ.pop(AMP_VARIABLE, None)
    else:
        os.environ[AMP_VARIABLE] = clients.address
    return Engine(settings, world, load_application(settings.app), clients)


class Engine(Service):
    """Starts and stops the parts of one engine.

    For the reactor thread.  Its start and stop give Deferreds; after a start
    that failed, the stop undoes what had been done.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        application: WSGIApplication,
        clients: Clients,
    ) -> None:
        self.setName("engine")
        self._settings = settings
        self._world = world
        self._clients = clients
        new_id = IdFactory(world.random.getrandbits)
        self._tracing = tracing_of(settings.otel, world, os.environ)
        channel = None if world.worker is None else world.worker.channel
        self._store = store_for(settings.store, world.reactor, new_id, channel)
        self._sink_threads = ApplicationThreads(world.reactor, "sink", SINK_THREADS)
        self._sinks = SinkSide(
            _sink_settings(settings),
            reactor=world.reactor,
            clock=world.clock,
            random=world.random,
            store=self._store,
            new_id=new_id,
            threads=self._sink_threads,
            tried=self._tracing.tried,
        )
        self._spooling = spooling_of(
            settings, world, self._store, new_id, self._sink_threads, self._look
        )
        self._web_threads = ApplicationThreads(world.reactor, "web", settings.threads)
        self._job_threads = ApplicationThreads(world.reactor, "job", settings.job_threads)
        resource = respond_async_or(
            self._sinks.root(self._application_resource(application)),
            settings,
            world,
            self._tracing.told(self._store),
            new_id,
            self._look,
        )
        self._http = served(
            settings,
            world,
            self._tracing.around(resource),
            settings.http,
            "--http",
            self._sinks.redactor,
            self._tracing.ended,
        )
        self._outputs = Outputs()
        self._admin = AdminSide(
            settings,
            world,
            self._store,
            self._sinks.redactor,
            self._outputs,
            self._condition,
        )
        self._crontabs = crontabs_of(settings, world, self._store, new_id, self._sinks.check)
        self._check_defaults()
        self._crontab = self._crontabs.parse() if self._reads_crontabs else None
        self._remote = self._make_remote(new_id)
        self._pages = AdminPages(settings, world, self._remote, self._site)
        self._admin.mount(self._pages.resources)
        self._admin.mount({"metrics": self._metrics().resource})
        self._application = application
        self._signals = Signals(world.reactor, self.reload, self.hurry)
        self._heartbeat = Heartbeat(world.manager, world.reactor, self._is_alive)
        self._state: StateDirectory | None = None
        self._jobs: JobSide | None = None
        self._unlisten: Callable[[], None] = lambda: None
        self._opened = False
        self._delivers = False

    def privilegedStartService(self) -> Deferred[None]:
        """Listen; ports below 1024 need rights that are dropped afterwards."""
        super().privilegedStartService()
        return Deferred.fromCoroutine(self._listen())

    def startService(self) -> Deferred[None]:
        """Start everything else; fires when the engine is up."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> Deferred[None]:
        """Finish what runs, give back what does not, and close everything."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _listen(self) -> None:
        await self._http.listen()
        await self._admin.listen()

    async def _start(self) -> None:
        settings, world = self._settings, self._world
        self._state = self._open_state()
        self._share_key()
        await self._store.open()
        self._opened = True
        if self._crontab is not None:
            await self._crontabs.start(self._crontab, self._state.owner.node)
        self._web_threads.startService()
        self._job_threads.startService()
        self._sink_threads.startService()
        await self._spooling.open()
        self._pages.start()
        self._http.startService()
        self._admin.startService()
        self._tracing.start(self._state.owner, self._remote.hub)
        await self._sinks.start(self._state.owner)
        self._delivers = True
        self._jobs = JobSide(
            settings,
            world,
            self._store,
            self._application,
            self._job_threads,
            self._sinks.deliverer,
            self._state.owner,
            self._remote,
            self._clients.queue,
            self._outputs,
        )
        self._jobs.start()
        self._unlisten = self._store.listen(self._heard)
        if world.worker is not None:
            world.worker.join(self._remote, self._sinks.redactor)
        await self._remote.listen()
        self._signals.started()
        await say_what_is_paused(self._store, world.clock)
        if world.worker is None:
            self._say_where()
        self._log.info(
            "The engine is up, with its state in {directory}", directory=self._state.path
        )
        world.manager.ready(self._status())
        self._heartbeat.startService()

    def _share_key(self) -> None:
        settings = self._settings
        key = shared_key(settings.state_dir, self._world.random.randbytes)
        self._sinks.redactor.key = subkey(key, "redaction")
        self._admin.use_key(subkey(key, "forms"))

    def _open_state(self) -> StateDirectory:
        settings, world = self._settings, self._world
        if world.worker is not None:
            return world.worker.state
        return open_state_directory(settings.state_dir, world.random.getrandbits)

    def _site(self) -> str:
        """Where the application is served, as far as that is known here."""
        addresses = self._http.addresses()
        return shown(addresses[0]).rstrip("/") if addresses else "http://127.0.0.1:8080"

    def _say_where(self) -> None:
        for address in self._http.addresses():
            self._log.info("The application is served at {url}", url=shown(address))
        for place in self._admin.places():
            self._log.info("Results are shown at {url}", url=place)
        for where in self._remote.addresses():
            self._log.info("Jobs are taken at {address}", address=where)

    async def _stop(self) -> None:
        self._world.manager.stopping(
            "Waiting for what runs", self._settings.drain_timeout + STOPPING_ASIDE
        )
        self._unlisten()
        self._signals.stopping()
        self._pages.hang_up()
        draining = [maybeDeferred(one.stopService) for one in (self._http, self._admin)]
        if self._jobs is not None:
            draining.append(self._jobs.stop())
        if self._delivers:
            draining.append(self._sinks.stop())
        await gatherResults(draining)
        await self._remote.stop()
        if self._delivers:
            await self._sinks.told()
        await self._spooling.close()
        pools = (self._web_threads, self._job_threads, self._sink_threads)
        await gatherResults([pool.stopService() for pool in pools])
        await self._pages.stop()
        await self._tracing.stop()
        if self._opened:
            await self._store.close()
        if self._state is not None:
            self._state.close()
        self._signals.stopped()
        self._heartbeat.stopService()
        self._log.info("The engine has stopped")

    def _metrics(self) -> EngineMetrics:
        return EngineMetrics(
            world=self._world,
            store=self._store,
            remote=self._remote,
            sinks=self._sinks,
            listeners={"app": self._http, "admin": self._admin.http},
            pools={
                "web": self._web_threads,
                "job": self._job_threads,
                "sink": self._sink_threads,
            },
            jobs=lambda: self._jobs,
            spooled=lambda: self._spooling.count,
            node=lambda: "" if self._state is None else self._state.owner.node,
        )

    def _is_alive(self) -> bool:
        return self._jobs is not None and (not self.running or self._jobs.turns)

    def _status(self) -> str:
        places = ", ".join(shown(address) for address in self._http.addresses())
        return f"Serving at {places}" if places else "Running jobs"

    def _application_resource(self, application: WSGIApplication) -> WSGIResource:
        return WSGIResource(self._world.reactor, self._web_threads, self._with_queue(application))

    def _with_queue(self, application: WSGIApplication) -> WSGIApplication:
        """*application*, with the queue of each HTTP request, and with links."""
        queue, settings, world = self._clients.queue, self._settings, self._world
        if queue is None:
            return application
        application = JobQueueMiddleware(application, queue, gone=client_has_left)
        if settings.session_cookie is None:
            return application
        return Resuming(
            application,
            store=self._store,
            clock=world.clock,
            ask=asking_from_threads(world.reactor),
            session_cookie=settings.session_cookie,
            script_name=settings.base_url.script_name,
        )

    def _make_remote(self, new_id: IdFactory) -> Remote:
        world = self._world
        return Remote(
            self._clients.endpoints,
            reactor=world.reactor,
            clock=world.clock,
            store=self._tracing.told(self._spooling.around(self._store)),
            triggers=Triggers(),
            defaults=job_defaults(self._settings),
            check_sink=self._sinks.check,
            new_id=new_id,
            redactor=self._sinks.redactor,
            secrets=self._clients.access.secrets,
            random_bytes=world.random.randbytes,
            wake=self._look,
            reload=self._crontabs.read_again,
            nodes_changed=self._nodes_changed,
            session_cookie=self._settings.session_cookie,
            script_name=self._settings.base_url.script_name,
            insides=Insides(
                redriven=self._redriven,
                sink_ends=lambda: self._sinks.deliverer.book.ends() if self._delivers else {},
                stuck_threads=lambda: self._jobs.condition().stuck if self._jobs else 0,
                missing_nodes=self._missing_nodes,
            ),
        )

    def _redriven(self, lane: str) -> None:
        if self._delivers:
            self._sinks.deliverer.look(lane)

    async def _missing_nodes(self) -> Sequence[str]:
        now = self._world.clock.now()
        nodes = await self._store.nodes()
        return [node.name for node in nodes if node.state(now) is NodeState.MISSING]

    def _heard(self, topics: frozenset[Topic]) -> None:
        """Take news of what others have changed in the store."""
        if self._jobs is not None:
            self._jobs.heard(topics)
        self._remote.heard(topics)
        self._sinks.heard(topics)

    def _nodes_changed(self) -> None:
        if self._jobs is not None:
            self._jobs.nodes_changed()

    def _look(self) -> None:
        if self._jobs is not None:
            self._jobs.look()

    def _condition(self) -> Condition | None:
        if self._jobs is None:
            return None
        return replace(self._jobs.condition(), spooled=self._spooling.count)

    @property
    def _reads_crontabs(self) -> bool:
        return self._world.worker is None or self._world.worker.first

    def _check_defaults(self) -> None:
        for sink in self._settings.sink:
            if sink != OFF:
                self._check_default(sink)

    def _check_default(self, sink: str) -> None:
        try:
            self._sinks.check(sink)
        except BadValue as error:
            raise ConfigurationError(f"--sink: {error}") from None

    def reload(self) -> None:
        """Read the crontabs again; what is wrong with them is logged."""
        self._world.manager.reloading()
        reloading = Deferred.fromCoroutine(self._read_again())
        reloading.addErrback(lambda failure: self._log.failure("The reload failed", failure))

    async def _read_again(self) -> None:
        status = "The crontabs were not read again; the log says why"
        try:
            if await self._crontabs.reload() is not None:
                status = self._status()
            self._look()
        finally:
            self._world.manager.ready(status)

    def hurry(self) -> None:
        """Wait no more for what is under way; of use while the engine stops."""
        self._log.warn("Asked twice to stop: stopping at once")
        self._http.hurry()
        self._admin.hurry()
        if self._jobs is not None:
            self._jobs.hurry()
        if self._delivers:
            self._sinks.deliverer.hurry()


def _sink_settings(settings: Settings) -> SinkSettings:
    return SinkSettings(
        directory=settings.directory,
        state_dir=settings.state_dir,
        environ=os.environ,
        smtp=settings.smtp,
        redact=settings.redact,
        drain_timeout=settings.drain_timeout,
    )
