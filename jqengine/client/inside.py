"""The client for pages that the engine serves itself."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from itertools import count

from jqengine.client.connection import Carrier, Connection
from jqengine.client.ids import NewIds
from jqengine.client.link import Link
from jqengine.client.queue import TIMEOUT, JobQueue
from jqengine.client.stream import PlainStream
from jqengine.wire.address import Address

PATIENCE = 1.0
"""Seconds in which a connection that was lost is made again."""


class InsideQueue(JobQueue):
    """A :class:`JobQueue` whose engine is this very process, whatever ``--amp`` says.

    Safe to use from many threads, but not from the reactor's, which would wait
    for itself.

    :param connect: makes a connected socket.
    """

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        # Nothing of the base, which is about addresses and forks.
        self.address = "inside"
        self._timeout = TIMEOUT
        self._uploads = count(1)
        self._inside = _InsideConnection(connect)
        self._new_ids = NewIds()

    def close(self) -> None:
        """End the connection.  A later call would make a new one."""
        self._inside.close()

    @property
    def _connection(self) -> Carrier:
        return self._inside

    @property
    def _ids(self) -> Iterator[str]:
        return self._new_ids


class _InsideConnection(Connection):
    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        super().__init__(Address(text="inside", path="inside"), {}, "operate", PATIENCE)
        self._connect = connect

    def new_link(self) -> Link:
        """A link of its own for the caller."""
        return Link(PlainStream(self._connect()))
