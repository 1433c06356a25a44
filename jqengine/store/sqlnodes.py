"""The side of a SQL store that knows its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from jqengine.interfaces import INodeStore
from jqengine.job import Owner
from jqengine.node import Beat, Node
from jqengine.store import nodes
from jqengine.store.thread import StoreThread
from jqengine.store.transacting import Operation

T = TypeVar("T")


class _Threads(Protocol):
    """What this side needs of the store it is a part of."""

    _writer: StoreThread

    def _ask(self, question: Operation[T]) -> Deferred[T]: ...


@implementer(INodeStore)
class SqlNodes:
    """Nodes; a part of a store."""

    def beat(self: _Threads, said: Beat, now: float) -> Deferred[Node]:
        """See :meth:`INodeStore.beat`."""
        return self._writer.submit(partial(nodes.beat, said=said, now=now))

    def sign_off(self: _Threads, owner: Owner, now: float) -> Deferred[None]:
        """See :meth:`INodeStore.sign_off`."""
        return self._writer.submit(partial(nodes.sign_off, owner=owner, now=now))

    def drain(self: _Threads, name: str, since: float | None) -> Deferred[Node]:
        """See :meth:`INodeStore.drain`."""
        return self._writer.submit(partial(nodes.drain, name=name, since=since))

    def nodes(self: _Threads) -> Deferred[Sequence[Node]]:
        """See :meth:`INodeStore.nodes`."""
        return self._ask(nodes.all_nodes)
