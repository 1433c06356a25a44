"""The nodes of a simulation: which of them live, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from jqengine.testing import PlayedReactor
from tests.simulation.history import CRASHED
from tests.simulation.node import Boot, Stage, Surface
from tests.simulation.playedthread import Disk


class Nodes:
    """Every node with its disk and the boot that it is in.

    :param count: how many there are.
    """

    def __init__(self, world: Surface, count: int) -> None:
        self._world = world
        self.names = [f"node-{number}" for number in range(count)]
        self.disks = {name: Disk(world.random) for name in self.names}
        self._boots: dict[str, Boot] = {}
        self.all: list[Boot] = []

    def start(self, name: str) -> None:
        """Start a node, unless it runs."""
        boot = self._boots.get(name)
        if boot is None or boot.stage is Stage.GONE:
            boot = self._boots[name] = Boot(self._world, name, self.disks[name])
            self.all.append(boot)
            boot.reactor.callFromThread(boot.start)

    def crash(self, boot: Boot) -> None:
        """Kill a process."""
        if boot.stage is not Stage.GONE:
            self._world.note(boot.owner, CRASHED)
            boot.vanish()

    def reactors(self) -> list[PlayedReactor]:
        """Those of the nodes that can do something."""
        return [
            boot.reactor
            for boot in self._boots.values()
            if boot.stage is not Stage.GONE and not boot.frozen
        ]

    @property
    def running(self) -> Sequence[Boot]:
        """Every boot that is not gone."""
        return [boot for boot in self._boots.values() if boot.stage is not Stage.GONE]

    @property
    def up(self) -> Sequence[Boot]:
        """Every boot that is up and not about to stop."""
        return [boot for boot in self._boots.values() if boot.stage is Stage.UP]

    def some_running(self, random: Random) -> Boot | None:
        """One of them, if there is one."""
        return random.choice(self.running) if self.running else None

    def some_up(self, random: Random) -> Boot | None:
        """One of them, if there is one."""
        return random.choice(self.up) if self.up else None
