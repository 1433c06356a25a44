"""Telling other processes of changes, once these are on disk."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from jqengine.interfaces import IChannel, IWakeups
from jqengine.news import Topic

Heard = Callable[[frozenset[Topic]], None]

_KEY = "jqengine news"


def tell(connection: Connection, topic: Topic) -> None:
    """Note that the transaction of *connection* changes something of *topic*.

    For the store's writer thread.
    """
    connection.info.setdefault(_KEY, set()).add(topic)


def told(connection: Connection) -> frozenset[Topic]:
    """What was noted since the last question.  For the store's writer thread."""
    return frozenset(connection.info.pop(_KEY, ()))


@implementer(IChannel)
class NoChannel:
    """That of a store which one process has to itself."""

    def open(self, _heard: Heard) -> Deferred[None]:
        """There is nobody to hear."""
        return succeed(None)

    def announce(self, _topics: frozenset[Topic]) -> None:
        """There is nobody to tell."""

    def close(self) -> Deferred[None]:
        """There is nothing to close."""
        return succeed(None)


@implementer(IWakeups)
class Wakeups:
    """Those who listen; a part of a store.  For the reactor thread."""

    _listeners: tuple[Heard, ...] = ()

    def listen(self, heard: Heard) -> Callable[[], None]:
        """See :meth:`IWakeups.listen`."""
        self._listeners = (*self._listeners, heard)

        def unlisten() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not heard)

        return unlisten

    def heard(self, topics: frozenset[Topic]) -> None:
        """Pass on what a channel brings."""
        for listener in self._listeners:
            listener(topics)
