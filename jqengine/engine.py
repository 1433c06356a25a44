"""The composition root: settings in, one service out.

The only module that knows every room of the house.  :func:`make_engine` reads
what can be wrong before anything is started, :class:`Engine` starts and stops
the parts in their order.
"""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from wsgiref.types import WSGIApplication

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, gatherResults, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IStreamServerEndpoint
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from zope.interface import implementer

from jqengine.app.accesslog import AccessLog
from jqengine.app.environ import ErrorStream
from jqengine.app.jobs import JobHost
from jqengine.app.loader import load_application
from jqengine.app.resource import WSGIResource
from jqengine.app.service import HttpService
from jqengine.app.site import HostedSite
from jqengine.app.threads import ApplicationThreads
from jqengine.config import OFF, Settings
from jqengine.dispatch.dispatcher import Dispatcher
from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.watchdog import Watchdog
from jqengine.dispatch.window import ClaimWindow
from jqengine.errors import BadValue, ConfigurationError, DeliveryFailed
from jqengine.identity import IdFactory
from jqengine.interfaces import IClock, IPublications, IStore
from jqengine.job import Owner
from jqengine.joboptions import OptionValues
from jqengine.redaction import Redactor
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron
from jqengine.signals import Signals
from jqengine.sinks.catalogue import Catalogue, installed_factories
from jqengine.sinks.fanout import Fanout
from jqengine.sinktools import Parcel, SinkTools
from jqengine.smtpurl import SMTPServer
from jqengine.statedir import StateDirectory, open_state_directory
from jqengine.store.opening import store_for
from jqengine.triggers.crontab import Crontab
from jqengine.triggers.reload import Crontabs
from jqengine.triggers.triggers import Triggers

RESULT_BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a result's body that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine is given by the world, and a test gives it otherwise."""

    reactor: Any
    clock: IClock
    random: Random


def make_engine(settings: Settings, *, reactor: Any, clock: IClock, random: Random) -> Engine:
    """The engine that *settings* describe.  Nothing is started yet.

    :param reactor: with timers on monotonic time.
    :raises ConfigurationError: the application, a crontab, an endpoint or a
        sink cannot be what it should be; the sentence says which, and why.
    """
    world = Surroundings(reactor=reactor, clock=clock, random=random)
    return Engine(settings, world, load_application(settings.app))


class Engine(Service):
    """Starts and stops the parts of one engine.

    For the reactor thread.  Its start and stop give Deferreds; after a start
    that failed, the stop undoes what had been done.
    """

    _log = Logger()

    def __init__(
        self, settings: Settings, world: Surroundings, application: WSGIApplication
    ) -> None:
        self.setName("engine")
        self._settings = settings
        self._world = world
        new_id = IdFactory(world.random.getrandbits)
        self._store: IStore = store_for(settings.store, world.reactor, new_id)
        self._web_threads = ApplicationThreads(world.reactor, "web", settings.threads)
        self._job_threads = ApplicationThreads(world.reactor, "job", settings.job_threads)
        self._http = _http_service(settings, world, application, self._web_threads)
        self._catalogue = Catalogue(installed_factories(), _sink_tools(settings, world))
        self._crontabs = _crontabs(settings, world, self._store, new_id)
        self._crontab = self._parsed_crontab()
        self._application = application
        self._signals = Signals(world.reactor, self._reload, self._hurry)
        self._state: StateDirectory | None = None
        self._jobs: _JobSide | None = None
        self._opened = False

    def privilegedStartService(self) -> Deferred[None]:
        """Listen; ports below 1024 need rights that are dropped afterwards."""
        super().privilegedStartService()
        return Deferred.fromCoroutine(self._http.listen())

    def startService(self) -> Deferred[None]:
        """Start everything else; fires when the engine is up."""
        super().startService()
        return Deferred.fromCoroutine(self._start())

    def stopService(self) -> Deferred[None]:
        """Finish what runs, give back what does not, and close everything."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _start(self) -> None:
        settings, world = self._settings, self._world
        self._state = open_state_directory(settings.state_dir, world.random.getrandbits)
        await self._store.open()
        self._opened = True
        await self._crontabs.start(self._crontab)
        self._web_threads.startService()
        self._job_threads.startService()
        self._http.startService()
        self._jobs = _JobSide(
            settings,
            world,
            self._store,
            self._application,
            self._job_threads,
            self._catalogue,
            self._state.owner,
        )
        self._jobs.start()
        self._signals.started()
        for address in self._http.addresses():
            self._log.info("The application is served at {url}", url=_shown(address))
        self._log.info(
            "The engine is up, with its state in {directory}", directory=self._state.path
        )

    async def _stop(self) -> None:
        self._signals.stopping()
        draining = [maybeDeferred(self._http.stopService)]
        if self._jobs is not None:
            draining.append(self._jobs.stop())
        await gatherResults(draining)
        await gatherResults([self._web_threads.stopService(), self._job_threads.stopService()])
        if self._opened:
            await self._store.close()
        if self._state is not None:
            self._state.close()
        self._signals.stopped()
        self._log.info("The engine has stopped")

    def _parsed_crontab(self) -> Crontab:
        for sink in self._settings.sink:
            if sink != OFF:
                self._check_sink(sink, "--sink")
        crontab = self._crontabs.parse()
        for line in crontab.lines:
            for sink in line.definition.sinks:
                self._check_sink(sink, f"{line.path}:{line.line}:{line.column}: sink")
        return crontab

    def _check_sink(self, sink: str, where: str) -> None:
        try:
            self._catalogue.check(sink)
        except BadValue as error:
            raise ConfigurationError(f"{where}: {error}") from None

    def _reload(self) -> None:
        reloading = Deferred.fromCoroutine(self._crontabs.reload())
        reloading.addCallback(lambda _: self._jobs and self._jobs.look())
        reloading.addErrback(lambda failure: self._log.failure("The reload failed", failure))

    def _hurry(self) -> None:
        self._log.warn("Asked twice to stop: stopping at once")
        self._http.hurry()
        if self._jobs is not None:
            self._jobs.hurry()


class _JobSide:
    """The parts that move jobs, put together.  For the reactor thread."""

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        store: IStore,
        application: WSGIApplication,
        threads: ApplicationThreads,
        catalogue: Catalogue,
        owner: Owner,
    ) -> None:
        reactor, clock = world.reactor, world.clock
        bell = Bell(reactor)
        window = ClaimWindow(threads.size)
        recorder = Recorder(
            reactor=reactor,
            clock=clock,
            store=store,
            delivery=Fanout(catalogue, Redactor(world.random.randbytes(32))),
            owner=owner,
            random=world.random.random,
            window=window,
            bell=bell,
        )
        host = JobHost(
            reactor,
            threads,
            build=_job_environ(settings),
            call=partial(
                call_application, application, now=clock.now, body_limit=RESULT_BODY_LIMIT
            ),
            deliver=recorder.ended,
            spare=threads.size,
        )
        self._watchdog = Watchdog(
            reactor=reactor, clock=clock, host=host, recorder=recorder, bell=bell
        )
        self._dispatcher = Dispatcher(
            reactor=reactor,
            clock=clock,
            store=store,
            triggers=Triggers(),
            host=host,
            recorder=recorder,
            window=window,
            bell=bell,
            owner=owner,
            drain_timeout=settings.drain_timeout,
        )
        self.look = self._dispatcher.look
        self.hurry = self._dispatcher.hurry

    def start(self) -> None:
        """Begin to dispatch."""
        self._watchdog.startService()
        self._dispatcher.startService()

    def stop(self) -> Deferred[None]:
        """Drain; the watchdog looks on until the end."""
        return self._dispatcher.stopService().addBoth(self._stop_watchdog)

    def _stop_watchdog(self, result: None) -> None:
        self._watchdog.stopService()
        return result


def _http_service(
    settings: Settings,
    world: Surroundings,
    application: WSGIApplication,
    threads: ApplicationThreads,
) -> HttpService:
    site = HostedSite(
        WSGIResource(world.reactor, threads, application),
        reactor=world.reactor,
        clock=world.clock,
        access_log=AccessLog(world.reactor, world.clock) if settings.access_log else None,
        max_body=settings.max_body,
    )
    return HttpService(
        reactor=world.reactor,
        site=site,
        endpoints=[_endpoint(world.reactor, text) for text in settings.http if text != OFF],
        drain_timeout=settings.drain_timeout,
    )


def _endpoint(reactor: Any, text: str) -> IStreamServerEndpoint:
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, text)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ConfigurationError(
            f"--http: {text!r} is not an endpoint ({error});"
            " expected something like tcp:8080:interface=127.0.0.1"
        ) from None
    return endpoint


def _shown(address: IAddress) -> str:
    if isinstance(address, IPv4Address):
        return f"http://{address.host}:{address.port}/"
    if isinstance(address, IPv6Address):
        return f"http://[{address.host}]:{address.port}/"
    return str(address)


def _crontabs(
    settings: Settings, world: Surroundings, store: IStore, new_id: IdFactory
) -> Crontabs:
    return Crontabs(
        settings.crontab,
        read=lambda name: Path(settings.path(name)).read_bytes(),
        defaults=_job_defaults(settings),
        triggers=Triggers(),
        store=store,
        clock=world.clock,
        new_id=new_id,
    )


def _job_defaults(settings: Settings) -> OptionValues:
    return {
        "tz": settings.timezone,
        "attempts": settings.attempts,
        "backoff": settings.backoff,
        "timeout": settings.timeout,
        "remove-on": settings.remove_on,
        "sink": () if settings.sink == (OFF,) else settings.sink,
    }


def _job_environ(settings: Settings) -> JobEnviron:
    base = settings.base_url
    return JobEnviron(
        scheme=base.scheme,
        host=base.host,
        port=base.port,
        script_name=base.script_name,
        errors=ErrorStream(),
    )


@implementer(IPublications)
class NoPublications:
    """Nothing is served in the application's place."""

    def publish(self, path: str, parcel: Parcel) -> Deferred[None]:
        """Refuse."""
        return fail(DeliveryFailed("publish: is not served yet", permanent=True))


def _sink_tools(settings: Settings, world: Surroundings) -> SinkTools:
    reactor = world.reactor
    return SinkTools(
        reactor=reactor,
        clock=world.clock,
        in_thread=lambda function: deferToThreadPool(reactor, reactor.getThreadPool(), function),
        stdout=sys.stdout.buffer,
        directory=settings.directory,
        state_dir=settings.state_dir,
        environ={},
        hostname=socket.getfqdn(),
        smtp=SMTPServer(),
        publications=NoPublications(),
    )
