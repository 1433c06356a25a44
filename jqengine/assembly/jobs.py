"""The parts that move jobs, put together."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from wsgiref.types import WSGIApplication

from twisted.internet.defer import Deferred

from jqengine.app.environ import ErrorStream
from jqengine.app.jobs import JobHost
from jqengine.app.threads import ApplicationThreads
from jqengine.assembly.surroundings import Surroundings
from jqengine.client import JobQueue
from jqengine.client.request import held_in, with_queue
from jqengine.condition import Condition
from jqengine.config import Settings
from jqengine.dispatch.dispatcher import LONGEST_PAUSE, Dispatcher
from jqengine.dispatch.janitor import Janitor
from jqengine.dispatch.leases import Leases
from jqengine.dispatch.outputkeeper import OutputKeeper
from jqengine.dispatch.presence import Presence
from jqengine.dispatch.recorder import Recorder
from jqengine.dispatch.wake import Bell
from jqengine.dispatch.watchdog import Watchdog
from jqengine.dispatch.window import ClaimWindow
from jqengine.interfaces import IDelivery
from jqengine.job import Owner
from jqengine.news import Topic
from jqengine.node import Beat
from jqengine.remote.assembly import Remote
from jqengine.remote.followups import FollowUps
from jqengine.remote.sweeping import ContinuationSweep
from jqengine.request.capture import call_application
from jqengine.request.environ import EnvironBuilder, JobEnviron
from jqengine.request.outputs import Outputs
from jqengine.store.sql import SqlStore
from jqengine.triggers.triggers import Triggers
from jqengine.version import VERSION

RESULT_BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a result's body that are kept."""

LONGEST_TICK = 3 * LONGEST_PAUSE
"""Seconds without a turn of the dispatcher after which it is dead, though the process lives."""


class JobSide:
    """From the store through the application to the sinks.  For the reactor thread."""

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        store: SqlStore,
        application: WSGIApplication,
        threads: ApplicationThreads,
        delivery: IDelivery,
        owner: Owner,
        remote: Remote,
        queue: JobQueue | None,
        outputs: Outputs,
    ) -> None:
        reactor, clock = world.reactor, world.clock
        bell = Bell(reactor)
        window = ClaimWindow(threads.size)
        follow_ups = FollowUps(delivery, held_in=held_in, intake=remote.verbs.intake)
        recorder = Recorder(
            reactor=reactor,
            clock=clock,
            store=store,
            delivery=follow_ups,
            observer=remote.hub,
            owner=owner,
            random=world.random.random,
            window=window,
            bell=bell,
        )
        host = JobHost(
            reactor,
            threads,
            build=_job_environ(settings, queue),
            call=follow_ups.noting(
                partial(
                    call_application,
                    application,
                    now=clock.now,
                    body_limit=RESULT_BODY_LIMIT,
                    wrote=remote.live.wrote,
                    outputs=outputs,
                )
            ),
            deliver=recorder.ended,
            spare=threads.size,
            # A process that was stopped wakes in its threads first.
            may_begin=lambda: not self._leases.lapsed,
        )
        self._recorder = recorder
        self._host = host
        self._watchdog = Watchdog(
            reactor=reactor, clock=clock, host=host, recorder=recorder, bell=bell
        )
        self._leases = Leases(
            reactor=reactor,
            clock=clock,
            store=store,
            owner=owner,
            bell=bell,
            lost=recorder.lost,
        )
        self._presence = Presence(
            reactor=reactor,
            clock=clock,
            store=store,
            beat=_beat_of(owner, clock.now(), threads.size, recorder),
            bell=bell,
            idle=recorder.idle,
        )
        self._dispatcher = Dispatcher(
            reactor=reactor,
            clock=clock,
            store=store,
            triggers=Triggers(),
            host=host,
            recorder=recorder,
            window=window,
            leases=self._leases,
            bell=bell,
            owner=owner,
            drain_timeout=settings.drain_timeout,
            may_claim=lambda: self._presence.may_claim,
        )
        self._sweep = ContinuationSweep(reactor=reactor, clock=clock, store=store)
        self._outputs = OutputKeeper(reactor=reactor, store=store, outputs=outputs)
        self._janitor = Janitor(reactor=reactor, clock=clock, store=store, retention=settings.keep)
        self._host, self._recorder, self._store = host, recorder, store
        self.look = self._dispatcher.look
        self.nodes_changed = self._presence.look
        self.hurry = self._dispatcher.hurry

    @property
    def refused(self) -> int:
        """How many results came so far when their claim was lost."""
        return self._recorder.refused

    @property
    def turns(self) -> bool:
        """Whether the dispatcher has looked for jobs lately."""
        return self._dispatcher.tick_age < LONGEST_TICK

    def condition(self) -> Condition:
        """How all this is now."""
        return Condition(
            tick_age=self._dispatcher.tick_age,
            lease_age=self._leases.age,
            in_hand=self._recorder.in_hand,
            threads=self._host.threads,
            stuck=self._host.stuck,
            able=self._host.able,
            store=self._store.complaint,
            dispatching=self._dispatcher.complaint,
        )

    def start(self) -> None:
        """Begin to dispatch."""
        self._watchdog.startService()
        self._janitor.startService()
        self._sweep.startService()
        self._outputs.startService()
        self._leases.startService()
        self._presence.startService()
        self._dispatcher.startService()

    def heard(self, topics: frozenset[Topic]) -> None:
        """Take news of what others have changed in the store."""
        self._presence.heard(topics)
        if Topic.READY in topics:
            self.look()

    def stop(self) -> Deferred[None]:
        """Drain; leases are renewed until the end."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        try:
            await self._dispatcher.stopService()
        finally:
            self._leases.stopService()
            self._janitor.stopService()
            self._sweep.stopService()
            self._outputs.stopService()
            self._watchdog.stopService()
            await self._presence.stopService()


def _beat_of(owner: Owner, started: float, threads: int, recorder: Recorder) -> Callable[[], Beat]:
    """Makes what this node says of itself."""
    host, pid = socket.gethostname(), os.getpid()

    def beat() -> Beat:
        return Beat(
            owner=owner,
            host=host,
            pid=pid,
            version=VERSION,
            started=started,
            threads=threads,
            running=recorder.in_hand,
        )

    return beat


def _job_environ(settings: Settings, queue: JobQueue | None) -> EnvironBuilder:
    base = settings.base_url
    build = JobEnviron(
        scheme=base.scheme,
        host=base.host,
        port=base.port,
        script_name=base.script_name,
        errors=ErrorStream(),
    )
    return build if queue is None else with_queue(build, queue)
