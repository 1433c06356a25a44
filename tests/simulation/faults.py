"""What goes wrong in a simulation, and when: throws of seeded dice.

Each fault is a function of the world; it sets something right again by a timer
of the world's own.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

from jqengine.job import Owner
from tests.simulation.application import PATHS
from tests.simulation.history import FROZE, THAWED, WORLD
from tests.simulation.node import Boot, Stage
from tests.simulation.nodes import Nodes

SLOW = (0.3, 6.0)
"""Seconds that a commit takes on a slow disk."""

Fault = Callable[["World"], None]


class World(Protocol):
    """What faults can reach."""

    random: Random
    nodes: Nodes

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Have a call made in the world's own time."""

    def note(self, owner: Owner, what: str, about: str = "") -> None:
        """Something happened."""

    def step(self, seconds: float) -> None:
        """Set the wall clock."""

    def edit_crontab(self) -> None:
        """Somebody changes the file."""

    def break_crontab(self, broken: bool) -> None:
        """Somebody saves a file that is no crontab, or mends it."""

    def ask(self) -> None:
        """A client asks for something."""


def crash(world: World) -> None:
    """A process is killed, and started again after a while."""
    boot = world.nodes.some_running(world.random)
    if boot is not None:
        world.nodes.crash(boot)
        _restart(world, boot.owner.node)


def stop(world: World) -> None:
    """A node is stopped, perhaps in a hurry, and started again after a while."""
    boot = world.nodes.some_up(world.random)
    if boot is not None:
        world.note(boot.owner, "is asked to stop")
        boot.reactor.callFromThread(boot.stop)
        if world.random.random() < 0.3:
            world.later(world.random.uniform(0.1, 5.0), lambda: _hurry(boot))
        _restart(world, boot.owner.node)


def _hurry(boot: Boot) -> None:
    if boot.stage is Stage.STOPPING:
        boot.reactor.callFromThread(boot.stop)


def _restart(world: World, name: str) -> None:
    world.later(world.random.choice((0.1, 3.0, 20.0, 120.0)), lambda: world.nodes.start(name))


def freeze(world: World) -> None:
    """A process gets no processor for a while, shorter or longer than a lease."""
    boot = world.nodes.some_running(world.random)
    if boot is not None:
        boot.frozen = True
        world.note(boot.owner, FROZE)
        world.later(world.random.choice((2.0, 20.0, 80.0, 80.0, 150.0)), lambda: _thaw(world, boot))


def freeze_with_the_lock(world: World) -> None:
    """A process gets no processor in the middle of a transaction, and nobody else can write."""
    boot = world.nodes.some_running(world.random)
    if boot is None or world.nodes.disks[boot.owner.node].away:
        return
    boot.frozen = True
    world.note(boot.owner, FROZE, "and holds the lock")
    others = [disk for name, disk in world.nodes.disks.items() if name != boot.owner.node]
    for disk in others:
        disk.away = True

    def thaw() -> None:
        _thaw(world, boot)
        for disk in others:
            disk.away = False

    world.later(world.random.choice((2.0, 20.0, 80.0)), thaw)


def _thaw(world: World, boot: Boot) -> None:
    if boot.frozen:
        boot.frozen = False
        world.note(boot.owner, THAWED)


def cut_off(world: World) -> None:
    """One node cannot reach the store, shorter or longer than a lease."""
    name = world.random.choice(world.nodes.names)
    disk = world.nodes.disks[name]
    disk.away = True
    world.note(WORLD, "cut off", name)
    world.later(world.random.choice((1.0, 20.0, 80.0, 80.0, 140.0)), lambda: _connect(world, name))


def _connect(world: World, name: str) -> None:
    world.nodes.disks[name].away = False
    world.note(WORLD, "reaches the store again", name)


def store_away(world: World) -> None:
    """Nobody can reach the store."""
    _set_all(world, "away", True, False)


def slow_disk(world: World) -> None:
    """Each commit takes seconds."""
    _set_all(world, "takes", SLOW, world.nodes.disks[world.nodes.names[0]].takes)


def full_disk(world: World) -> None:
    """Most changes find no room."""
    _set_all(world, "full", world.random.choice((3, 7, 10)), 0)


def _set_all(world: World, what: str, value: object, normal: object) -> None:
    def set_to(one: object) -> None:
        for disk in world.nodes.disks.values():
            setattr(disk, what, one)
        world.note(WORLD, f"the disk: {what}", str(one))

    set_to(value)
    world.later(world.random.choice((1.0, 15.0, 70.0)), lambda: set_to(normal))


def step_clock(world: World) -> None:
    """Somebody sets the clock."""
    step = world.random.choice((0.3, 2.0, 30.0, 100.0, 3600.0))
    world.step(step * world.random.choice((1, -1)))


def edit(world: World) -> None:
    """The crontab is edited, and some or all nodes read it again."""
    world.edit_crontab()
    some = [boot for boot in world.nodes.up if world.random.random() < 0.7]
    for boot in some:
        world.note(boot.owner, "is asked to reload")
        boot.reactor.callFromThread(boot.reload)


def bad_edit(world: World) -> None:
    """A file that is no crontab is saved, read again, and mended."""
    world.break_crontab(True)
    for boot in world.nodes.up:
        boot.reactor.callFromThread(boot.reload)
    world.later(5.0, lambda: world.break_crontab(False))


def ask(world: World) -> None:
    """A client asks for something or other."""
    for _ in range(world.random.randint(1, 6)):
        world.later(world.random.uniform(0, 20), world.ask)


FAULTS = (
    crash,
    stop,
    freeze,
    freeze_with_the_lock,
    cut_off,
    store_away,
    slow_disk,
    full_disk,
    step_clock,
    edit,
    bad_edit,
    ask,
)


class Theme(NamedTuple):
    """Faults and requests that make each other's lives hard.

    :ivar most: faults, at most.
    :ivar nodes: how many there may be.
    :ivar lengths: simulated seconds that it may take.
    """

    faults: tuple[Fault, ...]
    paths: tuple[str, ...]
    most: int = 9
    nodes: tuple[int, ...] = (1, 2, 2, 3)
    lengths: tuple[float, ...] = (60.0, 120.0, 300.0)


THEMES = (
    Theme((freeze, freeze_with_the_lock, cut_off), ("/long", "/moody"), 6, (2, 3), (500.0,)),
    Theme((crash, stop, freeze), ("/slow", "/deadly", "/busy")),
    Theme((step_clock, freeze, crash), ("/slow", "/long")),
    Theme((edit, edit, bad_edit, crash, stop), ("/quick", "/flaky", "/gone")),
    Theme((slow_disk, full_disk, store_away, crash), ("/quick", "/change", "/raises")),
    Theme((ask, ask, crash, step_clock), ("/quick", "/slow", "/flaky")),
    Theme((ask, ask, ask, ask, ask, crash, stop), ("/quick", "/slow", "/busy"), 15),
)


def some_theme(random: Random) -> Theme:
    """A theme, or in half of the cases whatever comes together."""
    if random.random() < 0.5:
        return random.choice(THEMES)
    faults = tuple(fault for fault in FAULTS if random.random() < 0.4)
    return Theme(faults, tuple(random.sample(list(PATHS), random.choice((1, 2, 4, len(PATHS))))))
