"""News between the workers of one parent."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFDSet
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from jqengine.interfaces import IChannel
from jqengine.news import Topic

LONGEST = 256 * 1024
"""Bytes of one message."""

MESSAGE = b"{"
"""How a message begins that is no news: it is JSON."""

Heard = Callable[[frozenset[Topic]], None]


@implementer(IChannel)
class WorkersChannel:
    """Datagrams on sockets that the parent has made.

    They are sent without waiting.  When a worker does not come round to read,
    its queue fills up and what more there is to tell is dropped: it will look
    at the store anyway when it reads what is there.

    :param inbox: where this worker hears of changes; this takes it over.
    :param others: where each of the others does, by its number, the same.
    """

    def __init__(
        self, reactor: IReactorFDSet, inbox: socket.socket, others: Mapping[int, socket.socket]
    ) -> None:
        self._inbox = _Inbox(reactor, inbox)
        self._others = others
        for one in others.values():
            one.setblocking(False)

    def open(self, heard: Heard) -> Deferred[None]:
        """See :meth:`IChannel.open`."""
        self._inbox.heard = heard
        self._inbox.startReading()
        return succeed(None)

    def attend(self, received: Callable[[bytes], object]) -> None:
        """Take messages that are no news, whether or not a store has opened this for its own."""
        self._inbox.received = received
        self._inbox.startReading()

    def announce(self, topics: frozenset[Topic]) -> None:
        """See :meth:`IChannel.announce`."""
        data = " ".join(topics).encode()
        for other in self._others:
            self.send(other, data)

    def send(self, other: int, message: bytes) -> bool:
        """Send *message* to another worker; whether there was room for it.  For any thread."""
        try:
            self._others[other].send(message)
        except OSError:
            return False
        return True

    def close(self) -> Deferred[None]:
        """See :meth:`IChannel.close`."""
        self._inbox.stopReading()
        return succeed(None)


class _Inbox(FileDescriptor):
    """Reads all news that has come, and tells it as one."""

    _log = Logger()

    def __init__(self, reactor: IReactorFDSet, inbox: socket.socket) -> None:
        super().__init__(reactor)
        self.heard: Heard = lambda topics: None
        self.received: Callable[[bytes], object] = lambda message: None
        inbox.setblocking(False)
        self._socket = inbox
        self._message = memoryview(bytearray(LONGEST))

    def fileno(self) -> int:
        """The socket's."""
        return self._socket.fileno()

    def doRead(self) -> None:
        """Take what is there."""
        words: set[str] = set()
        with suppress(BlockingIOError):
            while size := self._socket.recv_into(self._message):
                message = bytes(self._message[:size])
                if message.startswith(MESSAGE):
                    self._receive(message)
                else:
                    words.update(message.decode().split())
        # A word that is not known is of a newer worker, while versions change.
        topics = frozenset(topic for topic in Topic if topic in words)
        if topics:
            self.heard(topics)

    def _receive(self, message: bytes) -> None:
        try:
            self.received(message)
        except Exception:
            # The next one may be better; news, above all, must go on.
            self._log.failure("A message of another worker is not understood")

    def connectionLost(self, reason: Failure) -> None:
        """Not to be: the parent has both ends of it, too."""


def socket_of(descriptor: int) -> socket.socket:
    """The inherited datagram socket with that *descriptor*."""
    os.set_inheritable(descriptor, False)
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, descriptor)
