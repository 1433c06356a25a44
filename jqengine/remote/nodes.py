"""The nodes of a store, as clients see them: the verbs, and the answers to the commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jqengine.errors import BadValue
from jqengine.interfaces import IClock, INodeStore
from jqengine.node import Node
from jqengine.remote.pages import bounded, fitting
from jqengine.request.environ import rfc3339

DEFAULT_PAGE = 100
MOST_ON_A_PAGE = 1000

Response = dict[str, Any]


class NodeVerbs:
    """What can be asked about nodes, whatever it is asked through.  For the reactor thread.

    :param changed: called when a node was asked to claim nothing, or again.
    """

    def __init__(self, store: INodeStore, clock: IClock, changed: Callable[[], object]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def nodes(self) -> Sequence[Node]:
        """All there are, by name."""
        return await self._store.nodes()

    async def drain(self, name: str) -> Node:
        """Ask a node to claim nothing more; what it has begun it finishes.

        :raises NoSuchNode: there is none of that name.
        """
        return await self._set(name, self._clock.now())

    async def undrain(self, name: str) -> Node:
        """Let a node claim again.

        :raises NoSuchNode: there is none of that name.
        """
        return await self._set(name, None)

    def describe(self, node: Node) -> Response:
        """*node* in the words of the wire."""
        now, said = self._clock.now(), node.said
        return {
            "name": node.name,
            "state": node.state(now).value,
            "since": rfc3339(node.since(now)),
            "beat": rfc3339(node.beat),
            "started": rfc3339(said.started),
            "running": said.running,
            "threads": said.threads,
            "version": said.version,
            "host": said.host,
            "pid": said.pid,
        }

    async def _set(self, name: str, since: float | None) -> Node:
        node = await self._store.drain(name, since)
        self._changed()
        return node


class NodeDesk:
    """Answers one client.  For the reactor thread."""

    def __init__(self, verbs: NodeVerbs) -> None:
        self._verbs = verbs

    async def page(self, after: str | None, limit: int | None) -> Response:
        """A page of nodes."""
        size = DEFAULT_PAGE if limit is None else limit
        if not 1 <= size <= MOST_ON_A_PAGE:
            raise BadValue(f"limit: expected 1 to {MOST_ON_A_PAGE}")
        left = [node for node in await self._verbs.nodes() if node.name > (after or "")]
        described, _ = fitting(left[:size], self._verbs.describe)
        more = len(described) < len(left)
        return {"nodes": described, "next": described[-1]["name"] if more else None}

    async def drain(self, node: str) -> Response:
        """Let a node claim nothing more."""
        return {"node": bounded(self._verbs.describe(await self._verbs.drain(node)))}

    async def undrain(self, node: str) -> Response:
        """Let a node claim again."""
        return {"node": bounded(self._verbs.describe(await self._verbs.undrain(node)))}
