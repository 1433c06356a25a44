"""Nodes in memory: their rules, and the side of the store that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.errors import NoSuchNode
from jqengine.interfaces import INodeStore
from jqengine.job import Owner
from jqengine.node import FORGOTTEN_AFTER, Beat, Node

T = TypeVar("T")


class MemoryNodes:
    """All nodes; see :class:`INodeStore`."""

    def __init__(self) -> None:
        self._known: dict[str, Node] = {}

    def beat(self, said: Beat, now: float) -> Node:
        old = self._known.get(said.owner.node)
        drained = None if old is None else old.drained
        self._known[said.owner.node] = Node(said=said, beat=now, drained=drained, stopped=False)
        self._known = {
            name: node for name, node in self._known.items() if node.beat >= now - FORGOTTEN_AFTER
        }
        return self._one(said.owner.node)

    def sign_off(self, owner: Owner, now: float) -> None:
        node = self._known.get(owner.node)
        if node is not None and node.said.owner == owner:
            said = replace(node.said, running=0)
            self._known[owner.node] = replace(node, said=said, beat=now, stopped=True)

    def drain(self, name: str, since: float | None) -> Node:
        node = self._one(name)
        if (node.drained is None) != (since is None):
            node = self._known[name] = replace(node, drained=since)
        return node

    def nodes(self) -> Sequence[Node]:
        return [self._known[name] for name in sorted(self._known)]

    def _one(self, name: str) -> Node:
        if name not in self._known:
            raise NoSuchNode(f"there is no node {name!r}")
        return self._known[name]


class _Queue(Protocol):
    nodes: MemoryNodes


class _Store(Protocol):
    """What this side needs of the store it is a part of."""

    @property
    def queue(self) -> _Queue: ...

    def _answer(self, step: Callable[[], T]) -> Deferred[T]: ...


@implementer(INodeStore)
class MemoryNodeSide:
    """Nodes; a part of a store in memory."""

    def beat(self: _Store, said: Beat, now: float) -> Deferred[Node]:
        """See :meth:`INodeStore.beat`."""
        return self._answer(lambda: self.queue.nodes.beat(said, now))

    def sign_off(self: _Store, owner: Owner, now: float) -> Deferred[None]:
        """See :meth:`INodeStore.sign_off`."""
        return self._answer(lambda: self.queue.nodes.sign_off(owner, now))

    def drain(self: _Store, name: str, since: float | None) -> Deferred[Node]:
        """See :meth:`INodeStore.drain`."""
        return self._answer(lambda: self.queue.nodes.drain(name, since))

    def nodes(self: _Store) -> Deferred[Sequence[Node]]:
        """See :meth:`INodeStore.nodes`."""
        return self._answer(lambda: self.queue.nodes.nodes())
