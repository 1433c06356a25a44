"""AMP with bounds: what a hostile peer sends costs little and harms nobody.

Twisted's own AMP has no limit on an unfinished box, ends the connection over a
missing argument, raises out of ``dataReceived`` at a stray ``_answer``, and
answers ``StartTLS``; none of that happens here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.errors import EngineError
from jqengine.remote.limits import Limits
from jqengine.remote.timer import Countdown
from jqengine.wire.boxes import BadBox, Box, BoxReader
from jqengine.wire.codes import code_of

Responder = Callable[[amp.AmpBox], Deferred[amp.AmpBox]]


@implementer(IPushProducer)
class BoundedAMP(amp.AMP):
    """One connection.  For the reactor thread.

    It is a producer to its own transport: a peer that does not read its
    answers is not read either.

    :param locate: gives what answers a command, or ``None``.
    :param complain: told why a connection is broken off.
    :ivar asked: number of boxes that have come whole.
    """

    log = Logger()
    transport: Any

    def __init__(
        self,
        *,
        reactor: IReactorTime,
        limits: Limits,
        locate: Callable[[bytes], Responder | None],
        complain: Callable[[str], object],
    ) -> None:
        super().__init__()
        self.asked = 0
        self._limits = limits
        self._locate = locate
        self._complain = complain
        self._reader = BoxReader()
        self._boxes: deque[Box] = deque()
        self._calls = 0
        self._waits = 0
        self._pumping = False
        self._full = False
        self._ended = False
        self._box_timer = Countdown(reactor, limits.box, self._took_too_long)
        self._idle_timer = Countdown(reactor, limits.idle, self._is_idle)
        self._stalled_timer = Countdown(reactor, limits.stalled, self._took_too_long)
        self._timers = (self._box_timer, self._idle_timer, self._stalled_timer)

    @property
    def busy(self) -> bool:
        """Whether a call of the peer is under way."""
        return self._calls > 0 or self._waits > 0

    @property
    def full(self) -> bool:
        """Whether the peer is behind with reading."""
        return self._full

    def makeConnection(self, transport: Any) -> None:
        """Begin.  Twisted's would log each connection, and applications make many."""
        amp.BinaryBoxProtocol.makeConnection(self, transport)
        transport.registerProducer(self, True)
        self._idle_timer.start()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End, with everything that was held for the peer."""
        self._ended = True
        for timer in self._timers:
            timer.stop()
        # A protocol and its parts refer to each other: it may stay a while,
        # but not with what a peer has filled it with.
        self._reader = BoxReader()
        self._boxes.clear()
        amp.BinaryBoxProtocol.connectionLost(self, reason)
        self.transport = None

    def dataReceived(self, data: bytes) -> None:
        """Take bytes; whatever they are, this does not raise."""
        if self._ended:
            return
        try:
            boxes = self._reader.feed(data)
        except BadBox as error:
            self.end(f"sent {error}")
            return
        if boxes:
            self._box_timer.pause()
        if self._reader.unfinished:
            self._box_timer.start()
        self._boxes += boxes
        self._pump()

    def end(self, why: str) -> None:
        """Break the connection off; nothing more of it is read."""
        self._ended = True
        self._complain(f"A client is disconnected: it {why}")
        if self.transport is not None:
            self.transport.abortConnection()

    def close(self) -> None:
        """End the connection once what was answered is sent."""
        self._ended = True
        if self.transport is not None:
            # A producer that stays registered would keep a TLS connection open.
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def locateResponder(self, name: bytes) -> Responder | None:
        """What answers command *name*; nothing that Twisted registers itself."""
        return self._locate(name)

    def waiting(self, change: int) -> None:
        """Note that *change* more of the calls under way wait for a run."""
        self._waits += change
        self._calls -= change
        self._pump()

    def pauseProducing(self) -> None:
        """The peer does not read fast enough."""
        self._full = True
        self._stalled_timer.start()
        self._pump()

    def resumeProducing(self) -> None:
        """The peer has read what there was."""
        self._full = False
        self._stalled_timer.pause()
        self._pump()

    def stopProducing(self) -> None:
        """The connection is over."""

    def unhandledError(self, failure: Failure) -> None:
        """A call without ``_ask`` failed, or an answer could not be sent."""
        if failure.check(amp.RemoteAmpError, ConnectionLost):
            return
        self.log.failure("An AMP answer failed", failure)
        self.end("cannot be answered")

    @property
    def _has_room(self) -> bool:
        return not (self._full or self._ended) and self._calls < self._limits.calls

    def _pump(self) -> None:
        """Take the boxes there is room for, and read more if there still is."""
        if self._pumping or self.transport is None:
            return
        self._pumping = True
        try:
            while self._boxes and self._has_room:
                self._take(self._boxes.popleft())
        finally:
            self._pumping = False
        self._read_or_not()

    def _read_or_not(self) -> None:
        if self.transport is None or self._ended:
            return
        if self._has_room:
            self.transport.resumeProducing()
            if self._reader.unfinished:
                self._box_timer.start()
        else:
            self.transport.pauseProducing()
            self._box_timer.pause()

    def _take(self, box: Box) -> None:
        self.asked += 1
        self._idle_timer.restart()
        if amp.COMMAND in box:
            self._calls += 1
            self._commandReceived(amp.AmpBox(box))
        else:
            # An answer to a question that was never asked.
            self.end("sent a box that is no command")

    def dispatchCommand(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        """The answer to one call; its errors are all such that a peer may see."""
        answer: Deferred[amp.AmpBox] = super().dispatchCommand(box)
        answer.addErrback(self._as_remote_error, box[amp.COMMAND])
        answer.addBoth(self._called)
        return answer

    def _as_remote_error(self, failure: Failure, command: bytes) -> None:
        if failure.check(amp.RemoteAmpError):
            failure.raiseException()
        error: BaseException = failure.value or EngineError()
        code = code_of(error)
        if code is None and not (self._ended and failure.check(CancelledError)):
            self.log.failure("{command} failed", failure, command=command.decode("latin-1"))
        if code is None:
            error = EngineError("the engine failed at this; its log says how")
            code = code_of(error) or ""
        raise amp.RemoteAmpError(code.encode(), _bounded(str(error))) from None

    def _called(self, result: object) -> object:
        self._calls -= 1
        self._pump()
        return result

    def _took_too_long(self) -> None:
        self.end("took too long to send a box or to read its answers")

    def _is_idle(self) -> None:
        if self.busy:
            self._idle_timer.restart()
        else:
            self.close()


def _bounded(sentence: str) -> str:
    """A sentence that fits into a value, however long the text it quotes."""
    return sentence if len(sentence) <= 4000 else sentence[:3997] + "..."
