"""A simulation: nodes on one store, clients, people who edit, and what goes wrong.

All is thrown by the dice of one seed, in simulated time, in one thread.  After
some minutes everything is mended and left to come to rest; then the ledger is
checked.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from random import Random
from typing import Any

from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from jqengine.identity import IdFactory
from jqengine.job import Owner
from jqengine.sinktools import Parcel
from jqengine.testing import PlayedClock, PlayedReactor
from tests.simulation.asking import ask
from tests.simulation.clients import GROUPS, Client, unlimited
from tests.simulation.crontabs import STARTS, Crontab
from tests.simulation.faults import some_theme
from tests.simulation.final import Final, at_rest, read
from tests.simulation.history import (
    HEALED,
    LOGGED,
    STEPPED,
    THAWED,
    WORLD,
    Acknowledged,
    Began,
    Delivered,
    Effect,
    Ended,
    Event,
    Happened,
    Moment,
)
from tests.simulation.node import Boot
from tests.simulation.nodes import Nodes
from tests.simulation.playedthread import QUICK
from tests.simulation.seen import Seen
from tests.simulation.stores import MemoryShelf, Shelf, new_file

LONGEST_REST = 2400.0
"""Simulated seconds after which everything must have come to rest."""

FIRST_LOOK, LOOK = 20.0, 15.0
"""Simulated seconds before the first look whether it has, and between two of them."""

LAST_STOP = 60.0
"""Simulated seconds that all nodes have to stop in the end."""


class World:
    """One simulation.

    :param store: ``memory`` or ``sqlite``.
    """

    def __init__(self, seed: int, store: str = "memory") -> None:
        self.random = random = Random(seed)
        self.now = 0.0
        self.clock = PlayedClock(lambda: self.now, random.choice(STARTS))
        self._timers = PlayedReactor(random.random)
        self.history: list[Event] = []
        self.calm = False
        self._latest = self.clock.now()
        self._executions = 0
        self._exit = ExitStack()
        self.shelf = self._shelf(store)
        self._theme = some_theme(random)
        self.nodes = Nodes(self, random.choice(self._theme.nodes))
        self._crontab = Crontab(random, self.clock.now, self._theme.paths)
        self._broken = False
        say = partial(self.note, WORLD)
        self._client = Client(random, self._theme.paths, self._acknowledged, say)

    def run(self) -> Seen:
        """Play it to its end."""
        with self._exit:
            self._exit.callback(self._unwind)
            self._exit.callback(globalLogPublisher.removeObserver, self._notice)
            globalLogPublisher.addObserver(self._notice)
            self._play()
            horizon = self._heal()
            return Seen(self.history, self._come_to_rest(horizon), horizon)

    def _shelf(self, store: str) -> Shelf:
        if store == "memory":
            return MemoryShelf(IdFactory(self.random.getrandbits))
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        folder = self._exit.enter_context(tempfile.TemporaryDirectory(dir=base))
        return new_file(folder)

    def _unwind(self) -> None:
        for boot in self.nodes.all:
            boot.vanish()
            boot.unwind()

    # The course of events.

    def _play(self) -> None:
        random = self.random
        for name in self.nodes.names:
            self.later(random.choice((0.0, 0.0, 5.0)), partial(self.nodes.start, name))
        length = random.choice(self._theme.lengths)
        faults = self._theme.faults
        for _ in range(random.randint(1, self._theme.most) if faults else 0):
            self.later(random.uniform(0, length), partial(random.choice(faults), self))
        self._pass(length)

    def _heal(self) -> float:
        """Mend everything; the horizon."""
        self._timers = PlayedReactor(self.random.random)  # no fault is still to come
        self.calm = True
        self._broken = False
        for disk in self.nodes.disks.values():
            disk.takes, disk.away, disk.full = QUICK, False, 0
        for boot in self.nodes.running:
            boot.reactor.callFromThread(boot.calm_down)
            if boot.frozen:
                boot.frozen = False
                self.note(boot.owner, THAWED)
        for name in self.nodes.names:
            self.nodes.start(name)
        # What was put off before the clock was set back comes due in the end.
        self.step(max(0.0, self._latest - self.clock.now()))
        self._let_all_go()
        self.note(WORLD, HEALED)
        return self.clock.now()

    def _let_all_go(self) -> None:
        for group in (None, *GROUPS):
            self._let_go(group)

    def _let_go(self, group: str | None) -> None:
        """Somebody ends a pause."""
        changed = ask(self.shelf, lambda store: store.set_paused(group, False))
        self.note_effect(WORLD, "set_paused", {"group": group, "paused": False}, changed)
        if group is not None:
            # More may have been asked for than its limits let through in any time.
            jobs = [unlimited(group, IdFactory(self.random.getrandbits), self.clock.now())]
            accepted = ask(self.shelf, lambda store: store.add(jobs))
            self.note_effect(WORLD, "add", {"jobs": jobs}, accepted)

    def _come_to_rest(self, horizon: float) -> Final:
        end = self.now + LONGEST_REST
        self._pass(FIRST_LOOK)
        # What clients had asked of an engine that was frozen is done only now.
        self._let_all_go()
        while self.now < end and not ask(self.shelf, lambda store: at_rest(store, horizon)):
            self._pass(LOOK)
            for name in self.nodes.names:
                self.nodes.start(name)
        for boot in self.nodes.running:
            boot.reactor.callFromThread(boot.stop)
        end = self.now + LAST_STOP
        while self.nodes.running and self.now < end:
            self._pass(1.0)
        return ask(self.shelf, read)

    def _pass(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        while True:
            first, turns = end, []
            for reactor in (self._timers, *self.nodes.reactors()):
                due = reactor.next_due()
                if due is None or due > first:
                    continue
                due = max(due, self.now)
                if due < first:
                    first, turns = due, [reactor]
                elif due == first:
                    turns.append(reactor)
            self.now = first
            if not turns:
                break
            self._turn(turns[0] if len(turns) == 1 else self.random.choice(turns))

    def _turn(self, reactor: PlayedReactor) -> None:
        try:
            reactor.run_next(self.now)
        except Exception:
            self.note(WORLD, LOGGED, Failure().getTraceback())

    # What faults can reach.

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Have a call made in the world's own time."""
        self._timers.callLater(self.now - self._timers.seconds() + seconds, function)

    def step(self, seconds: float) -> None:
        """Set the wall clock."""
        self.clock.step(seconds)
        self._latest = max(self._latest, self.clock.now())
        self.note(WORLD, STEPPED, f"{seconds:+g}")

    def edit_crontab(self) -> None:
        """Somebody changes the file."""
        self.note(WORLD, "the crontab:", self._crontab.edit())

    def break_crontab(self, broken: bool) -> None:
        """Somebody saves a file that is no crontab, or mends it."""
        self._broken = broken
        self.note(WORLD, "the crontab is", "broken" if broken else "mended")

    def ask(self) -> None:
        """A client asks for something."""
        boot = self.nodes.some_up(self.random)
        if boot is not None:
            verbs = boot.remote.verbs
            boot.reactor.callFromThread(lambda: self._client.ask(verbs, self.clock.now()))

    # What nodes touch.

    def crontab(self) -> bytes:
        """The file as it is now."""
        return b"* * * * * *\n" if self._broken else self._crontab.data

    def die_soon(self, boot: Boot) -> None:
        """The application killed its process; somebody starts it again."""
        self.later(0.0, partial(self.nodes.crash, boot))
        self.start_again(boot)

    def start_again(self, boot: Boot) -> None:
        """A process ended that should run."""
        self.later(self.random.uniform(1.0, 10.0), partial(self.nodes.start, boot.owner.node))

    def note_effect(self, owner: Owner, call: str, said: Mapping[str, Any], answer: Any) -> None:
        """A change of the store was committed."""
        self.history.append(Effect(self._moment(owner), call, said, answer))

    def note_began(self, owner: Owner, run_id: str, attempt: int) -> int:
        """The application was called; a number for this call."""
        self._executions += 1
        self.history.append(Began(self._moment(owner), run_id, attempt, self._executions))
        return self._executions

    def note_ended(
        self, owner: Owner, run_id: str, attempt: int, execution: int, status: int, body: bytes
    ) -> None:
        """It answers."""
        self.history.append(Ended(self._moment(owner), run_id, attempt, execution, status, body))

    def note_delivered(self, owner: Owner, parcel: Parcel, sink: str) -> None:
        """A sink took a result."""
        self.history.append(
            Delivered(self._moment(owner), parcel.id, sink, parcel.run, parcel.result)
        )

    def note(self, owner: Owner, what: str, about: str = "") -> None:
        """Something happened."""
        self.history.append(Happened(self._moment(owner), what, about))

    def _acknowledged(self, job_id: str) -> None:
        self.history.append(Acknowledged(self._moment(WORLD), job_id))

    def _moment(self, who: Owner) -> Moment:
        wall = self.clock.now()
        self._latest = max(self._latest, wall)
        return Moment(self.now, wall, who)

    def _notice(self, event: LogEvent) -> None:
        """Keep what was logged that should never be."""
        failure, said = event.get("log_failure"), formatEvent(event)
        if failure is not None and not said.startswith("The application raised"):
            self.note(WORLD, LOGGED, f"{said}\n{failure.getTraceback()}")
