"""Nodes: the processes that share a store."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jqengine.job import Owner

MISSING_AFTER = 120.0
"""Seconds without a beat after which a node is missing: two leases."""

FORGOTTEN_AFTER = 86_400.0
"""Seconds without a beat after which a node is forgotten."""


class NodeState(StrEnum):
    """How a node is."""

    UP = "up"  # it claims runs
    DRAINING = "draining"  # it claims nothing more, and finishes what it has begun
    DRAINED = "drained"  # it claims nothing, and has nothing in hand
    STOPPED = "stopped"  # it has signed off
    MISSING = "missing"  # it was not heard of for a while, and has not signed off


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a node says of itself, again and again.

    :ivar owner: its name, and this start of it.
    :ivar started: when it started.
    :ivar threads: how many runs it can work on at once.
    :ivar running: how many runs it has in hand.
    """

    owner: Owner
    host: str
    pid: int
    version: str
    started: float
    threads: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node as the store knows it.

    :ivar said: what it has said last.
    :ivar beat: when that was.
    :ivar drained: since when it was asked to claim nothing; ``None`` if it was not.
    :ivar stopped: whether it has signed off since.
    """

    said: Beat
    beat: float
    drained: float | None
    stopped: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.said.owner.node

    def state(self, now: float) -> NodeState:
        """How it is at the instant *now*."""
        if self.stopped:
            return NodeState.STOPPED
        if now - self.beat > MISSING_AFTER:
            return NodeState.MISSING
        if self.drained is None:
            return NodeState.UP
        return NodeState.DRAINING if self.said.running else NodeState.DRAINED

    def since(self, now: float) -> float:
        """From when on it has been as it is, as far as that is known."""
        state = self.state(now)
        if state in (NodeState.STOPPED, NodeState.MISSING):
            return self.beat
        return self.said.started if self.drained is None else self.drained
