"""One node of a simulation: the parts of an engine, started and stopped as it does.

Everything that moves jobs is the real thing: the crontab's reader and its
reconciliation, the dispatcher with its recorder, watchdog and leases, the host
of the job threads, the environ, the capture of responses, the deliverer, and
the verbs that clients speak.  Played are the timers, the wall clock, the
threads, the disk beneath the store, the application and the sinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from random import Random
from typing import Any, Protocol

from twisted.internet.defer import Deferred, gatherResults

from jqengine.assembly.jobs import JobSide
from jqengine.assembly.schedules import job_defaults
from jqengine.assembly.surroundings import Surroundings
from jqengine.config import resolve
from jqengine.errors import JobQueueError
from jqengine.identity import IdFactory
from jqengine.job import Owner
from jqengine.redaction import Redactor
from jqengine.remote.assembly import Remote
from jqengine.request.outputs import Outputs
from jqengine.sinks.catalogue import Catalogue
from jqengine.sinks.deliverer import Deliverer
from jqengine.sinktools import Parcel
from jqengine.testing import PlayedClock, PlayedReactor
from jqengine.triggers.reload import Crontabs
from jqengine.triggers.triggers import Triggers
from tests.simulation.application import Application
from tests.simulation.greenthreads import GreenThreads
from tests.simulation.history import BOOTED, CANNOT_START, READ, STOPPED
from tests.simulation.playedthread import Disk
from tests.simulation.sinks import NotingSinks
from tests.simulation.stores import Shelf

SETTINGS = resolve(
    {"app": ["none"], "http": ["off"], "amp": ["off"], "sink": ["off"], "job-threads": ["4"]},
    {},
    directory="/",
    system_zone=lambda: "UTC",
)


class Surface(Protocol):
    """What a node touches of the world."""

    now: float
    random: Random
    clock: PlayedClock
    shelf: Shelf
    calm: bool

    def crontab(self) -> bytes:
        """The file as it is now."""

    def note_effect(self, owner: Owner, call: str, said: Mapping[str, Any], answer: Any) -> None:
        """A change of the store was committed."""

    def note_began(self, owner: Owner, run_id: str, attempt: int) -> int:
        """The application was called; a number for this call."""

    def note_ended(
        self, owner: Owner, run_id: str, attempt: int, execution: int, status: int, body: bytes
    ) -> None:
        """It answers."""

    def note_delivered(self, owner: Owner, parcel: Parcel, sink: str) -> None:
        """A sink took a result."""

    def note(self, owner: Owner, what: str, about: str = "") -> None:
        """Something happened."""

    def die_soon(self, boot: Boot) -> None:
        """The application killed its process."""

    def start_again(self, boot: Boot) -> None:
        """A process ended that should run."""


class Stage(Enum):
    """Where a boot stands."""

    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    GONE = "gone"


class Boot:
    """One life of a node, from its start to its end, clean or not."""

    def __init__(self, world: Surface, name: str, disk: Disk) -> None:
        random = world.random
        self._world = world
        self.random = random
        self.owner = Owner(name, f"{random.getrandbits(64):016x}")
        self.reactor = PlayedReactor(random.random)
        self.reactor.advance(world.now)
        self.stage = Stage.STARTING
        self.frozen = False
        new_id = IdFactory(random.getrandbits)
        self._settings = replace(SETTINGS, drain_timeout=random.choice((0.5, 5.0, 30.0)))
        self._surroundings = Surroundings(reactor=self.reactor, clock=world.clock, random=random)
        self.store: Any
        self.store, self._vanish = world.shelf.store(self.reactor, disk, new_id, self._note_effect)
        self._threads = GreenThreads(self.reactor, self._settings.job_threads)
        self._deliverer = self._make_deliverer(new_id)
        self._crontabs = self._make_crontabs(new_id)
        self.remote = self._make_remote(new_id)
        self._jobs: JobSide | None = None
        self._start: Deferred[None] | None = None

    @property
    def calm(self) -> bool:
        """Whether the application and the sinks behave."""
        return self._world.calm

    def start(self) -> None:
        """Begin to start, as the engine does."""
        self._world.note(self.owner, BOOTED)
        self._start = Deferred.fromCoroutine(self._starting())
        self._start.addErrback(self._cannot_start)

    async def _starting(self) -> None:
        crontab = self._crontabs.parse()
        await self.store.open()
        await self._crontabs.start(crontab)
        self._deliverer.startService()
        self._jobs = JobSide(
            self._settings,
            self._surroundings,
            self.store,
            Application(self),
            self._threads,
            self._deliverer,
            self.owner,
            self.remote,
            None,
            Outputs(),
        )
        self._jobs.start()
        if self.stage is Stage.STARTING:
            self.stage = Stage.UP

    def _cannot_start(self, failure: Any) -> None:
        failure.trap(JobQueueError)
        self._world.note(self.owner, CANNOT_START, failure.getErrorMessage())
        self.vanish()
        self._world.start_again(self)

    def stop(self) -> None:
        """Begin to stop, as the engine does; a second time in a hurry."""
        if self.stage is Stage.STOPPING and self._jobs is not None:
            self._jobs.hurry()
            self._deliverer.hurry()
        elif self.stage is Stage.UP:
            self.stage = Stage.STOPPING
            Deferred.fromCoroutine(self._stopping())

    async def _stopping(self) -> None:
        assert self._jobs is not None
        await gatherResults([self._jobs.stop(), self._deliverer.stopService()])
        await self.remote.stop()
        await self._deliverer.told()
        await self.store.close()
        self._world.note(self.owner, STOPPED)
        self.vanish()

    def vanish(self) -> None:
        """Be gone from one instant to the next."""
        if self.stage is not Stage.GONE:
            self.stage = Stage.GONE
            self._vanish()

    def calm_down(self) -> None:
        """Let go of everything that hangs in the application."""
        self._threads.release()

    def unwind(self) -> None:
        """Let go of what a process that is gone would not have any more."""
        self._threads.abandon()

    def reload(self) -> None:
        """Read the crontab again, as SIGHUP does."""
        reloading = Deferred.fromCoroutine(self._crontabs.reload())
        reloading.addCallback(lambda _: self._look())

    def _read(self, name: str) -> bytes:
        self._world.note(self.owner, READ)
        return self._world.crontab()

    def _look(self) -> None:
        if self._jobs is not None:
            self._jobs.look()

    # What the application and the sinks need of their process.

    def pause(self, seconds: float | None) -> None:
        """Wait in a job thread."""
        self._threads.pause(seconds)

    def die(self) -> None:
        """End the process, from a job thread of it."""
        self._world.die_soon(self)
        self.pause(None)

    def began(self, run_id: str, attempt: int) -> int:
        """Note that the application was called."""
        # A thread that is being unwound must not seem to run anything.
        self._threads.check()
        return self._world.note_began(self.owner, run_id, attempt)

    def ended(self, run_id: str, attempt: int, execution: int, status: int, body: bytes) -> None:
        """Note what it answers."""
        self._world.note_ended(self.owner, run_id, attempt, execution, status, body)

    def delivered(self, parcel: Parcel, sink: str) -> None:
        """Note that a sink took a result."""
        self._world.note_delivered(self.owner, parcel, sink)

    # The parts.

    def _note_effect(self, call: str, said: Mapping[str, Any], answer: Any) -> None:
        self._world.note_effect(self.owner, call, said, answer)

    def _make_deliverer(self, new_id: Callable[[float], str]) -> Deliverer:
        factory = NotingSinks(self.reactor, self)
        tools: Any = None
        return Deliverer(
            reactor=self.reactor,
            clock=self._world.clock,
            store=self.store,
            catalogue=Catalogue(dict.fromkeys(factory.schemes, factory), tools),
            redactor=Redactor(b"key"),
            owner=self.owner,
            new_id=new_id,
            random=self.random.random,
            drain_timeout=self._settings.drain_timeout,
        )

    def _make_crontabs(self, new_id: Callable[[float], str]) -> Crontabs:
        return Crontabs(
            ["jobs.tab"],
            read=self._read,
            defaults=job_defaults(self._settings),
            triggers=Triggers(),
            store=self.store,
            clock=self._world.clock,
            check_sink=lambda _: None,
            new_id=new_id,
        )

    def _make_remote(self, new_id: IdFactory) -> Remote:
        return Remote(
            [],
            reactor=self.reactor,
            clock=self._world.clock,
            store=self.store,
            triggers=Triggers(),
            defaults=job_defaults(self._settings),
            check_sink=lambda _: None,
            new_id=new_id,
            redactor=Redactor(b"key"),
            secrets={},
            random_bytes=self.random.randbytes,
            wake=self._look,
            reload=self._crontabs.read_again,
        )
