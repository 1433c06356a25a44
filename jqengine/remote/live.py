"""What the application writes while a job runs, for those who follow it live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twisted.internet.interfaces import IReactorFromThreads

from jqengine.remote.far import FarEvents

MOST_PENDING = 1024 * 1024
"""Bytes on their way from the threads to the reactor; what exceeds them is left out."""


class Piece(NamedTuple):
    """A part of a response's body.

    :ivar facts: what the application finds as ``jobqueue.job``.
    :ivar label: the job's name, or its request line.
    """

    facts: Mapping[str, Any]
    label: str
    data: bytes


Follower = Callable[[Piece], object]


class LiveOutput:
    """Carries pieces from job threads to followers on the reactor thread.

    Costs a look at an empty tuple while nobody follows.

    :ivar far: where what other processes tell of their runs comes in.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self.far = FarEvents()
        self._followers: tuple[Follower, ...] = ()
        self._lock = threading.Lock()
        self._pending: list[Piece] = []
        self._size = 0

    def subscribe(self, follower: Follower) -> Callable[[], None]:
        """Tell *follower* from now on, until the function that is given is called."""
        self._followers = (*self._followers, follower)

        def unsubscribe() -> None:
            self._followers = tuple(one for one in self._followers if one is not follower)

        return unsubscribe

    def wrote(self, environ: Mapping[str, Any], data: bytes) -> None:
        """Note that the application wrote *data*.  For any thread."""
        if not self._followers:
            return
        facts = environ["jobqueue.job"]
        label = facts["name"] or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        with self._lock:
            if self._size + len(data) > MOST_PENDING:
                return
            first = not self._pending
            self._pending.append(Piece(facts, label, data))
            self._size += len(data)
        if first:
            self._reactor.callFromThread(self._tell)

    def _tell(self) -> None:
        with self._lock:
            pieces, self._pending, self._size = self._pending, [], 0
        for piece in pieces:
            for follower in self._followers:
                follower(piece)
