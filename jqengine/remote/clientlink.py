"""A client's end of a connection, for the reactor thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from jqengine.errors import JobQueueError, LimitReached, NotConnected, NotInTime
from jqengine.wire.asks import WINDOW, Answer, Ask, Backlog, answer_of
from jqengine.wire.boxes import BadBox, Box, BoxReader, pack_box


class LinkLost(NotConnected):
    """The connection ended; what was asked on it may have been done or not."""


class ClientLink(Protocol):
    """Makes calls and gives their answers.

    :param pushed: called with each box that the engine sends unasked.
    """

    def __init__(
        self, reactor: IReactorTime, pushed: Callable[[Box], object] = lambda box: None
    ) -> None:
        self.lost: LinkLost | None = None
        self._reactor = reactor
        self._pushed = pushed
        self._reader = BoxReader()
        self._tags = count(1)
        self._pending: dict[bytes, Deferred[Answer | JobQueueError]] = {}
        self._ended: list[Deferred[None]] = []

    async def exchange(
        self, backlog: Backlog, answers: list[Answer | JobQueueError], seconds: float
    ) -> None:
        """Make the calls of *backlog*, several at once, and add their answers in order.

        A call without an answer is back in *backlog* when this raises.

        :param seconds: in which each answer must come; may be infinite.
        :raises LinkLost: the connection ended.
        :raises NotInTime: an answer has not come.
        """
        under_way: deque[tuple[Ask, Deferred[Answer | JobQueueError]]] = deque()
        try:
            while True:
                ask = backlog.take() if len(under_way) < WINDOW else None
                if ask is not None:
                    under_way.append((ask, self._send(ask, seconds)))
                elif under_way:
                    answers.append(await under_way[0][1])
                    under_way.popleft()
                else:
                    return
        except TimedOut:
            raise NotInTime("the engine has not answered in time") from None
        finally:
            for _, reply in under_way:
                reply.addErrback(lambda _: None)
                reply.cancel()
            backlog.give_back(ask for ask, _ in under_way)

    def close(self) -> Deferred[None]:
        """End the connection; fires once it has ended."""
        ended: Deferred[None] = Deferred()
        if self.lost is not None:
            ended.callback(None)
        else:
            self._ended.append(ended)
            if self.transport is not None:
                self.transport.loseConnection()
        return ended

    def dataReceived(self, data: bytes) -> None:
        """Take what the engine sends."""
        try:
            boxes = self._reader.feed(data)
        except BadBox as error:
            self._lose(f"the engine sent {error}")
            if self.transport is not None:
                self.transport.loseConnection()
            return
        for box in boxes:
            reply = self._pending.pop(box.get(b"_answer") or box.get(b"_error") or b"", None)
            if reply is not None:
                reply.callback(answer_of(box))
            elif b"_command" in box:
                self._pushed(box)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what waits for an answer."""
        self._lose(reason.getErrorMessage())
        ended, self._ended = self._ended, []
        for one in ended:
            one.callback(None)

    def _send(self, ask: Ask, seconds: float) -> Deferred[Answer | JobQueueError]:
        tag = b"%x" % next(self._tags)
        try:
            data = pack_box(ask.box(tag))
        except BadBox as error:
            raise LimitReached(f"{ask.command}: {error}") from None
        if self.lost is not None:
            raise self.lost
        reply: Deferred[Any] = Deferred(lambda _: self._forget(tag))
        self._pending[tag] = reply
        if seconds != float("inf"):
            reply.addTimeout(seconds, self._reactor)
        assert self.transport is not None
        self.transport.write(data)
        return reply

    def _forget(self, tag: bytes) -> None:
        self._pending.pop(tag, None)

    def _lose(self, why: str) -> None:
        self.lost = self.lost or LinkLost(f"the connection to the engine was lost: {why}")
        pending, self._pending = self._pending, {}
        for reply in pending.values():
            reply.errback(self.lost)
