"""Lets the other nodes know of this one, and hears whether it is to claim.

A node that is drained claims nothing more: what it has begun it finishes, what
it has claimed and not begun it gives back.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from jqengine.dispatch.wake import Bell
from jqengine.errors import StoreUnavailable
from jqengine.interfaces import IClock, INodeStore
from jqengine.news import Topic
from jqengine.node import Beat, Node

INTERVAL = 15.0
"""Seconds between two beats."""


class Presence(Service):
    """One node among those of its store.  For the reactor thread.

    :param beat: what this node says of itself at the moment.
    :param bell: rung when it may claim again, or no more.
    :param idle: fires when it has nothing in hand.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        clock: IClock,
        store: INodeStore,
        beat: Callable[[], Beat],
        bell: Bell,
        idle: Callable[[], Deferred[None]],
    ) -> None:
        self._clock = clock
        self._store = store
        self._beat = beat
        self._bell = bell
        self._idle = idle
        self._known: Node | None = None
        self._beating = False
        self._again = False
        self._loop = LoopingCall(self.look)
        self._loop.clock = reactor

    @property
    def may_claim(self) -> bool:
        """Whether this node is known to the store, and not drained."""
        return self._known is not None and self._known.drained is None

    def startService(self) -> None:
        """Begin to beat."""
        super().startService()
        self._loop.start(INTERVAL)

    def stopService(self) -> Deferred[None]:
        """Beat no more, and sign off."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        return Deferred.fromCoroutine(self._sign_off())

    def heard(self, topics: frozenset[Topic]) -> None:
        """Take news of the store."""
        if Topic.NODES in topics:
            self.look()

    def look(self) -> None:
        """Beat now, and see what this node is asked to do."""
        if self._beating:
            self._again = True
        elif self.running:
            self._beating = True
            Deferred.fromCoroutine(self._look())

    async def _look(self) -> None:
        try:
            self._learn(await self._store.beat(self._beat(), self._clock.now()))
        except StoreUnavailable as error:
            self._log.debug("This node is not heard of: {error}", error=error)
        except Exception:
            self._log.failure("This node is not heard of")
        finally:
            self._beating = False
        if self._again:
            self._again = False
            self.look()

    def _learn(self, node: Node) -> None:
        before, self._known = self._known, node
        was_drained = before is not None and before.drained is not None
        if node.drained is not None and not was_drained:
            self._log.warn(
                "{node} is drained: it claims no job until `jobqueue undrain {node}`",
                node=node.name,
            )
            self._idle().addCallback(lambda _: self.look())
        if node.drained is None and was_drained:
            self._log.info("{node} claims jobs again", node=node.name)
        if before is None or was_drained != (node.drained is not None):
            self._bell.ring()

    async def _sign_off(self) -> None:
        try:
            await self._store.sign_off(self._beat().owner, self._clock.now())
        except StoreUnavailable:
            self._log.debug("This node has not signed off: the store cannot be reached")
